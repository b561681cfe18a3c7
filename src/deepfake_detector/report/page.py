"""A report as one HTML file: no scripts, nothing fetched, to be read on a screen or a phone, printed or sent."""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch

from .. import pages
from ..explain.overlay import FAKE, REAL
from ..pages import escaped
from .blocks import Cell, Chapter, Facts, Figure, Points, Ruling, Section, Table, Words
from .case import Case
from .content import content
from .pictures import UNDECIDED

_STYLE = """
body { max-width: 54rem; }
h2.picture { overflow-wrap: anywhere; }
.ruling { border: 1px solid var(--line); border-left: .5rem solid var(--soft); border-radius: .4rem;
  padding: .7rem 1rem; margin: .8rem 0; background: var(--ground); }
.ruling.real { border-left-color: var(--real); font-weight: 400; color: inherit; }
.ruling.fake { border-left-color: var(--fake); font-weight: 400; color: inherit; }
.ruling b { font-size: 1.5rem; line-height: 1.2; text-transform: capitalize; }
.ruling.real b { color: var(--real); } .ruling.fake b { color: var(--fake); }
.scale { display: block; width: 100%; max-width: 40rem; height: auto; margin-top: .6rem; }
.strong { font-weight: 600; }
p.warning { border-left: .25rem solid #9a6700; background: #fff8e5; padding: .4rem .7rem; }
figure { margin: .8rem 0; }
figure img { display: block; width: auto; max-width: min(44rem, 100%); max-height: 40rem; }
figcaption { margin-top: .3rem; max-width: 46rem; }
.key { white-space: nowrap; margin-right: 1rem; } .key svg { vertical-align: -.12em; margin-right: .35rem; }
.bar { display: inline-block; width: 5.5rem; height: .6rem; margin-left: .5rem; background: #e6eaee; }
.bar i { display: block; height: 100%; background: var(--soft); }
.bar.fake i { background: #D55E00; } .bar.real i { background: var(--real); }
td a, .facts td { overflow-wrap: anywhere; } td a { display: inline-block; min-width: 7rem; }
td { white-space: nowrap; } td.text { white-space: normal; min-width: 0; } .facts td { white-space: normal; }
td img { max-width: 3.2rem; max-height: 3.2rem; margin-right: .4rem; vertical-align: middle; }
.facts th, .facts td { text-align: left; }
.facts th { background: none; color: var(--soft); white-space: nowrap; vertical-align: top; }
li { max-width: 46rem; margin: .25rem 0; } ul { padding-left: 1.2rem; }
@page { size: A4; margin: 16mm 15mm; }
@media (max-width: 40rem) { .facts tr { display: block; padding: .3rem 0; border-bottom: 1px solid var(--line); }
  .facts th, .facts td { display: block; border: 0; padding: 0 .2rem; } .bar { width: 3rem; } }
@media print { section.chapter { break-before: page; } section.part { break-inside: avoid-page; } a { color: inherit; }
  html { font-size: 9.5pt; } body { font-size: 9.5pt; } h2.picture { margin-top: 0; }
  figure img { max-height: 82mm; } .ruling { break-inside: avoid; } }
"""


def html(cases: Sequence[Case], asked: str) -> str:
    """The page for one picture or many. asked: the command or the question, to be shown.

    Raises OptionError without a case.
    """
    found = content(cases, asked)
    body = [f"<h1>{escaped(found.title)}</h1>"]
    body += [_section(section) for section in found.opening]
    body += [_chapter(chapter) for chapter in found.chapters]
    body += [_section(section) for section in found.closing]
    title = f"{found.title}: {found.chapters[0].title}" if len(cases) == 1 else f"{found.title}: {len(cases)} pictures"
    return pages.document(title, body, _STYLE)


def _chapter(chapter: Chapter) -> str:
    body = "\n".join(_section(section, "h3") for section in chapter.sections)
    heading = f'<h2 class="picture">{chapter.number}. <bdi>{escaped(chapter.title)}</bdi></h2>'
    return f'<section class="chapter" id="picture-{chapter.number}">\n{heading}\n{body}\n</section>'


def _section(section: Section, level: str = "h2") -> str:
    title = f"<{level}>{escaped(section.title)}</{level}>\n" if section.title else ""
    return f'<section class="part">\n{title}' + "\n".join(map(_block, section.blocks)) + "\n</section>"


@singledispatch
def _block(block: object) -> str:
    raise TypeError(f"no layout for {type(block).__name__}")


@_block.register
def _(block: Words) -> str:
    tone = f' class="{block.tone}"' if block.tone else ""
    return f"<p{tone}>{escaped(block.text)}</p>"


@_block.register
def _(block: Points) -> str:
    return f"<ul>{''.join(f'<li>{escaped(text)}</li>' for text in block.texts)}</ul>"


@_block.register
def _(block: Facts) -> str:
    rows = "".join(f"<tr><th>{escaped(name)}</th><td>{escaped(value)}</td></tr>" for name, value in block.pairs)
    return f'<div class="wide"><table class="facts"><tbody>{rows}</tbody></table></div>'


@_block.register
def _(block: Table) -> str:
    return pages.table(
        [escaped(name) for name in block.head], [[_cell(c) for c in row] for row in block.rows], block.words
    )


def _cell(cell: Cell) -> str:
    text = escaped(cell.text)
    if cell.tone:
        text = f'<span class="{cell.tone}">{text}</span>'
    if cell.target is not None:
        text = f'<a href="#picture-{cell.target}"><bdi>{text}</bdi></a>'
    if cell.picture:
        text = f'<img src="{pages.data_uri(cell.picture.data, "jpeg")}" alt="">{text}'
    if cell.share is not None:
        text = f'{text}<span class="bar {cell.tone}"><i style="width:{100 * cell.share:.1f}%"></i></span>'
    return text


@_block.register
def _(block: Figure) -> str:
    keys = "".join(f'<span class="key">{_SWATCHES[tone]}{escaped(text)}</span>' for tone, text in block.keys)
    source, caption = pages.data_uri(block.shown.data, "jpeg"), escaped(block.caption)
    size = f'width="{block.shown.width}" height="{block.shown.height}"'
    return (
        f'<figure><img src="{source}" {size} alt="{caption}">'
        f"<figcaption>{keys}{'<br>' if keys else ''}{caption}</figcaption></figure>"
    )


def _swatch(fill: str, striped: bool = False) -> str:
    lines = '<path d="M-1 5L5 -1M1 15L15 1" stroke="#fff" stroke-width="2"/>' if striped else ""
    return (
        '<svg width="14" height="14" viewBox="0 0 14 14" aria-hidden="true">'
        f'<rect width="14" height="14" fill="{fill}"/>{lines}</svg>'
    )


_SWATCHES = {"fake": _swatch(FAKE), "real": _swatch(REAL, striped=True), "soft": _swatch(UNDECIDED)}


@_block.register
def _(block: Ruling) -> str:
    return (
        f'<div class="ruling {block.verdict}"><b>{block.verdict}</b>'
        f"<p>{escaped(block.headline)}</p><p>{escaped(block.text)}</p>{_scale(block)}</div>"
    )


def _scale(ruling: Ruling) -> str:
    """The score on a line from 0 to 100, with the inconclusive band and the threshold, as a drawing in the page."""
    low, high, at, mark = (6 * 100 * value for value in (*ruling.band, ruling.threshold, ruling.score))
    return (
        f'<svg class="scale" viewBox="-20 0 640 62" role="img" aria-label="{escaped(ruling.text)}" font-size="13">'
        f'<rect x="0" y="24" width="{low:.1f}" height="14" fill="{REAL}"/>'
        f'<rect x="{low:.1f}" y="24" width="{high - low:.1f}" height="14" fill="#c3cad2"/>'
        f'<rect x="{high:.1f}" y="24" width="{600 - high:.1f}" height="14" fill="{FAKE}"/>'
        f'<path d="M{at:.1f} 21V41" stroke="#1b1f24" stroke-width="1.5" stroke-dasharray="3 2"/>'
        f'<path d="M{mark:.1f} 22l-7 -12h14z" fill="#1b1f24"/>'
        '<g fill="#1b1f24"><text x="0" y="56">0 % real</text><text x="600" y="56" text-anchor="end">fake 100 %</text>'
        f'<text x="{(low + high) / 2:.1f}" y="56" text-anchor="middle">inconclusive</text></g></svg>'
    )
