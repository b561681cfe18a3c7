"""Sets blocks on a sheet: paragraphs, tables, pictures, the verdict on its scale. Lengths are in mm."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import singledispatch

from ..explain.overlay import FAKE, REAL
from .blocks import Block, Cell, Facts, Figure, Points, Ruling, Table, Tone, Words
from .pictures import UNDECIDED, Shown
from .sheet import BODY, GROUND, INK, SMALL, TEXT, Sheet

_FILL: dict[Tone, str] = {"fake": FAKE, "real": REAL}
_FIGURE = (120.0, 78.0)
"""Width and height of a picture, at most."""
_TOGETHER = 150.0
"""Tables that are not higher begin on the page of their heading."""
_NAMES = 36.0
"""Width of the names in a list of facts."""
_PAD, _BAR, _THUMBNAIL = 1.0, 16.0, 9.0


def heading(sheet: Sheet, text: str, size: float, blocks: Sequence[Block] = ()) -> None:
    """Kept together with the first of the blocks that follow; large ones have a line below."""
    first = sheet.y <= sheet.document.t_margin + 1
    above = 0 if first else 0.45 * size
    if not sheet.room(above + sheet.height(text, sheet.width, size, bold=True) + 4 + _together(sheet, blocks)):
        sheet.gap(above)
    sheet.text(text, 0, sheet.width, size, bold=True)
    if size > 12:
        sheet.rule()
    sheet.gap(1.2)


def _together(sheet: Sheet, blocks: Sequence[Block]) -> float:
    """The height of what should stand on one page: up to the first picture or table, if that fits."""
    high = 0.0
    for block in blocks:
        if isinstance(block, Words):
            high += sheet.height(block.text, sheet.width) + 2
        elif isinstance(block, Figure):
            return high + _figure_height(sheet, block)
        elif isinstance(block, Table):
            high += 8 + sum(_row_height(sheet, row, _widths(sheet, block)) for row in block.rows)
            return high if high < _TOGETHER else 30
        else:
            break
    return high + 18


@singledispatch
def set_block(block: object, _: Sheet) -> None:
    """One block, below what is there."""
    raise TypeError(f"no layout for {type(block).__name__}")


@set_block.register
def _(block: Words, sheet: Sheet) -> None:
    if block.tone != "warning":
        size = SMALL if block.tone == "soft" else BODY
        sheet.room(sheet.height("Two\nlines", sheet.width, size))
        sheet.text(block.text, 0, sheet.width, size, block.tone, bold=block.tone == "strong")
    else:
        high = sheet.height(block.text, sheet.width - 7) + 3
        sheet.room(high)
        y = sheet.y
        sheet.box(sheet.left, y, sheet.width, high, "#fff8e5")
        sheet.box(sheet.left, y, 1.2, high, "#9a6700")
        sheet.y = y + 1.5
        sheet.text(block.text, 4, sheet.width - 7)
        sheet.y = y + high
    sheet.gap(1.5)


@set_block.register
def _(block: Points, sheet: Sheet) -> None:
    for text in block.texts:
        sheet.room(sheet.height(text, sheet.width - 4))
        y = sheet.y
        sheet.text("•", 0, 4)
        sheet.y = y
        sheet.text(text, 4, sheet.width - 4)
        sheet.gap(0.7)
    sheet.gap(1)


@set_block.register
def _(block: Facts, sheet: Sheet) -> None:
    beside = sheet.width - _NAMES
    for name, value in block.pairs:
        high = max(sheet.height(name, _NAMES - 2), sheet.height(value, beside)) + 2 * _PAD
        sheet.room(high)
        y = sheet.y
        sheet.y = y + _PAD
        sheet.text(name, 0, _NAMES - 2, tone="soft")
        sheet.y = y + _PAD
        sheet.text(value, _NAMES, beside)
        sheet.y = y + high
        sheet.rule()
    sheet.gap(2)


@set_block.register
def _(block: Figure, sheet: Sheet) -> None:
    sheet.room(_figure_height(sheet, block))
    scale = _figure_scale(block.shown)
    _picture(sheet, block.shown, sheet.left, sheet.y, scale, block.caption)
    sheet.y += block.shown.height * scale + 1.5
    if block.keys:
        _keys(sheet, block.keys)
    sheet.text(block.caption, 0, sheet.width, SMALL, "soft")
    sheet.gap(2.5)


def _figure_scale(shown: Shown) -> float:
    """Millimetres for a pixel."""
    return min(_FIGURE[0] / shown.width, _FIGURE[1] / shown.height)


def _figure_height(sheet: Sheet, figure: Figure) -> float:
    caption = sheet.height(figure.caption, sheet.width, SMALL) + (6 if figure.keys else 2)
    return figure.shown.height * _figure_scale(figure.shown) + caption


def _picture(sheet: Sheet, shown: Shown, x: float, y: float, scale: float, words: str | None = None) -> None:
    file = io.BytesIO(shown.data)
    sheet.document.image(file, x, y, shown.width * scale, shown.height * scale, alt_text=words)


def _keys(sheet: Sheet, keys: Sequence[tuple[Tone, str]]) -> None:
    """What the colours of a picture mean, on one line."""
    x, y = sheet.left, sheet.y
    for tone, text in keys:
        sheet.box(x, y + 0.4, 3, 3, _FILL.get(tone, UNDECIDED))
        if tone == "real":
            for at in (1.5, 3, 4.5):
                sheet.line(
                    x + max(0, at - 3), y + 0.4 + min(at, 3), x + min(at, 3), y + 0.4 + max(0, at - 3), "#fff", 0.45
                )
        sheet.style(SMALL)
        wide = float(sheet.document.get_string_width(text)) + 4
        sheet.label(text, x + 4, y, wide, SMALL, tone="soft")
        x += 4 + wide
    sheet.y = y + 4.3


@set_block.register
def _(block: Table, sheet: Sheet) -> None:
    widths = _widths(sheet, block)
    head = tuple(Cell(text, "strong") for text in block.head)
    _row(sheet, head, widths, block.words, GROUND)
    for row in block.rows:
        if sheet.room(_row_height(sheet, row, widths)):
            _row(sheet, head, widths, block.words, GROUND)
        _row(sheet, row, widths, block.words)
    sheet.gap(2.5)


def _widths(sheet: Sheet, table: Table) -> list[float]:
    return [width * sheet.width / sum(table.widths) for width in table.widths]


def _row(sheet: Sheet, row: Sequence[Cell], widths: Sequence[float], words: int, ground: str = "") -> None:
    high = _row_height(sheet, row, widths)
    sheet.room(high)
    x, y = 0.0, sheet.y
    if ground:
        sheet.box(sheet.left, y, sheet.width, high, ground)
    for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
        if cell.picture:
            scale = _THUMBNAIL / max(cell.picture.width, cell.picture.height)
            _picture(sheet, cell.picture, sheet.left + x + 5, y + _PAD, scale)
        sheet.y = y + _PAD
        align = "L" if at < words else "R"
        sheet.text(cell.text, x + _PAD, _inner(cell, width), SMALL, cell.tone, _bold(cell), align)
        if cell.share is not None:
            bar = sheet.left + x + width - _BAR - _PAD
            sheet.box(bar, y + _PAD + 0.6, _BAR, 2.4, "#e6eaee")
            sheet.box(bar, y + _PAD + 0.6, _BAR * cell.share, 2.4, _FILL.get(cell.tone, UNDECIDED))
        if cell.target is not None:
            sheet.document.link(sheet.left + x, y, width, high, sheet.links[cell.target - 1])
        x += width
    sheet.y = y + high
    sheet.rule()


def _row_height(sheet: Sheet, row: Sequence[Cell], widths: Sequence[float]) -> float:
    heights = [
        max(sheet.height(cell.text, _inner(cell, width), SMALL, _bold(cell)), _THUMBNAIL if cell.picture else 0)
        for cell, width in zip(row, widths, strict=True)
    ]
    return max(heights) + 2 * _PAD


def _inner(cell: Cell, width: float) -> float:
    """What of a cell's width is left for its text."""
    return width - 2 * _PAD - (_BAR + 1 if cell.share is not None else 0)


def _bold(cell: Cell) -> bool:
    return cell.tone not in ("", "soft")


@set_block.register
def _(block: Ruling, sheet: Sheet) -> None:
    inner = sheet.width - 10
    high = 29 + sheet.height(block.headline, inner) + sheet.height(block.text, inner)
    sheet.room(high)
    y, tone = sheet.y, "soft" if block.verdict == "inconclusive" else block.verdict
    sheet.box(sheet.left, y, sheet.width, high, GROUND)
    sheet.box(sheet.left, y, 2, high, TEXT[tone])
    sheet.y = y + 2
    sheet.text(block.verdict.capitalize(), 6, inner, 17, "" if tone == "soft" else tone, bold=True)
    sheet.text(block.headline, 6, inner)
    sheet.gap(0.8)
    sheet.text(block.text, 6, inner)
    _scale(sheet, block, sheet.left + 12, sheet.y + 3, inner - 24)
    sheet.y = y + high + 3


def _scale(sheet: Sheet, ruling: Ruling, x: float, y: float, width: float) -> None:
    """The score on a line from 0 to 100 %, with the inconclusive band and the threshold."""
    low, high, threshold, score = (x + width * v for v in (*ruling.band, ruling.threshold, ruling.score))
    for start, end, colour in ((x, low, REAL), (low, high, "#c3cad2"), (high, x + width, FAKE)):
        sheet.box(start, y + 3, end - start, 3.2, colour)
    sheet.line(threshold, y + 2.4, threshold, y + 6.8, INK, 0.3, dashed=True)
    sheet.document.set_fill_color(INK)
    sheet.document.polygon([(score, y + 2.6), (score - 1.5, y), (score + 1.5, y)], style="F")
    sheet.label("0 % real", x, y + 7, 40, 7.5)
    middle = min(max((low + high) / 2, x + 40), x + width - 40)  # clear of the words at the ends
    sheet.label("inconclusive", middle - 20, y + 7, 40, 7.5, "C")
    sheet.label("fake 100 %", x + width - 40, y + 7, 40, 7.5, "R")
