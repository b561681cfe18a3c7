"""The pieces that pages of measurements have besides those of every page: figures, cards, plots, thumbnails."""

from __future__ import annotations

from pathlib import Path

from ..errors import ImageError
from ..images import read
from ..pages import data_uri, escaped, jpeg
from .metrics import Figure


def figure_cell(figure: Figure | None) -> str:
    """A value with its interval below it; a dash where none can be given."""
    if figure is None:
        return "&ndash;"
    low_high = (
        "" if figure.interval is None else f"<small>{figure.interval[0]:.3f}&ndash;{figure.interval[1]:.3f}</small>"
    )
    return f"{figure.value:.3f}{low_high}"


def card(name: str, figure: Figure | None, percent: bool = False) -> str:
    """A headline figure."""
    if figure is None:
        return f'<div class="card"><span>{escaped(name)}</span><b>&ndash;</b><span>cannot be given</span></div>'
    factor, digits, unit = (100, 1, " %") if percent else (1, 3, "")
    value = f"{figure.value * factor:.{digits}f}{unit}"
    span = (
        ""
        if figure.interval is None
        else "95 %: " + "&ndash;".join(f"{b * factor:.{digits}f}" for b in figure.interval)
    )
    return f'<div class="card"><span>{escaped(name)}</span><b>{value}</b><span>{span}</span></div>'


def percent(figure: Figure | None) -> str:
    """A share in words: "93.1 %", or that there is none."""
    return "none (there are no such pictures)" if figure is None else f"{100 * figure.value:.1f} %"


def plot(svg: str, words: str, broad: bool = False) -> str:
    """A plot inside the page, with a caption that also stands in for it."""
    kind = ' class="broad"' if broad else ""
    source = data_uri(svg.encode(), "svg+xml")
    return (
        f'<figure{kind}><img src="{source}" alt="{escaped(words)}"><figcaption>{escaped(words)}</figcaption></figure>'
    )


def thumbnail(path: Path, side: int = 240) -> str:
    """A small JPEG of a picture inside the page, or words where it cannot be read any more."""
    try:
        small, _ = jpeg(read(path).pixels, side)
    except ImageError:
        return '<div class="none">cannot be shown</div>'
    return f'<img src="{data_uri(small, "jpeg")}" alt="">'
