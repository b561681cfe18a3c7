"""The pieces of a self-contained HTML page: one file, no scripts, nothing fetched. Every text passes ``escaped``."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

from .types import Pixels

_STYLE = """
:root { color-scheme: light; --ink: #1b1f24; --soft: #5a6470; --line: #d8dde3; --ground: #f5f7f9; --real: #0072B2;
  --fake: #B34700; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 1.2rem; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; border-bottom: 2px solid var(--line); padding-bottom: .2rem; }
h3 { font-size: 1rem; margin: 1.3rem 0 .4rem; }
p { max-width: 46rem; margin: .5rem 0; } .soft { color: var(--soft); font-size: .88rem; }
code { font-size: .85em; overflow-wrap: anywhere; }
.cards, .plots, .thumbs { display: flex; flex-wrap: wrap; gap: .8rem; margin: .6rem 0; }
.card { flex: 1 1 9rem; max-width: 16rem; background: var(--ground);
  border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .8rem; }
.card b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
.card span { display: block; font-size: .82rem; color: var(--soft); }
.wide { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .65rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: top; }
th { background: var(--ground); font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child, td.text, th.text { text-align: left; } td.text { min-width: 6.5rem; }
td small { display: block; color: var(--soft); white-space: nowrap; }
.plots figure { flex: 1 1 17rem; max-width: 34rem; }
.plots.small figure { flex: 0 1 20rem; }
figure { margin: 0; } figure img { width: 100%; height: auto; max-width: 34rem; } figure.broad img { max-width: 44rem; }
figcaption { font-size: .85rem; color: var(--soft); }
.thumb { flex: 0 1 10rem; border: 1px solid var(--line); border-radius: .4rem; padding: .45rem;
  font-size: .78rem; line-height: 1.35; overflow-wrap: anywhere; }
.thumb .soft { font-size: .72rem; }
.thumb img, .thumb .none { width: 100%; height: 9rem; object-fit: contain; background: var(--ground); display: block;
  margin-bottom: .35rem; }
.real { color: var(--real); font-weight: 600; } .fake { color: var(--fake); font-weight: 600; }
@media (max-width: 40rem) { body { padding: .8rem; } th, td { padding: .25rem .4rem; } h1 { font-size: 1.3rem; } }
@media print { body { max-width: none; padding: 0; font-size: 10.5pt; } .wide { overflow: visible; }
  h2, h3 { break-after: avoid; } figure, .thumb, .card, tr { break-inside: avoid; } table { font-size: 8.5pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
"""


def escaped(text: object) -> str:
    """As it may stand in HTML, attributes included; a file name that is no valid Unicode is shown by its bytes."""
    return html.escape(str(text).encode("utf-8", "backslashreplace").decode("utf-8"), quote=True)


def document(title: str, body: Sequence[str], style: str = "") -> str:
    """The whole page around parts that are HTML already. style: CSS of the page's own, after what all pages share."""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def table(head: Sequence[str], rows: Sequence[Sequence[str]], text: int = 1) -> str:
    """A table of cells that are HTML already; the first ``text`` columns are words, the others numbers.

    head: may be empty, for none.
    """

    def line(cells: Sequence[str], tag: str) -> str:
        kinds = [' class="text"' if at < text else "" for at in range(len(cells))]
        return f"<tr>{''.join(f'<{tag}{k}>{c}</{tag}>' for k, c in zip(kinds, cells, strict=True))}</tr>"

    lines = "\n".join(line(row, "td") for row in rows)
    top = f"<thead>{line(head, 'th')}</thead>\n" if head else ""
    return f'<div class="wide"><table>{top}<tbody>{lines}</tbody></table></div>'


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """What was measured, on what, when and how: plain texts, two columns."""
    return table([], [[escaped(name), escaped(value)] for name, value in pairs], text=2)


def data_uri(data: bytes, kind: str) -> str:
    """A picture inside the page. kind: "jpeg", "png" or "svg+xml"."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def jpeg(pixels: Pixels, longest: int, quality: int = 80) -> tuple[bytes, tuple[int, int]]:
    """RGB uint8 (H, W, 3) -> a JPEG file of at most ``longest`` pixels a side, and its (width, height)."""
    from PIL import Image

    small = Image.fromarray(pixels)
    small.thumbnail((longest, longest))
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue(), small.size
