"""Sets blocks on the pages of an fpdf2 document, from top to bottom. Lengths are in millimetres, type in points."""

from __future__ import annotations

import io
from functools import singledispatchmethod
from typing import Any

from ..explain.overlay import FAKE, REAL
from .blocks import Block, Cell, Facts, Figure, Points, Ruling, Table, Tone, Words
from .pictures import UNDECIDED

_INK = "#1b1f24"
_LINE = "#d8dde3"
_GROUND = "#f5f7f9"
_TEXT: dict[Tone, str] = {"fake": "#B34700", "real": REAL, "soft": "#5a6470"}
_FILL: dict[Tone, str] = {"fake": FAKE, "real": REAL}
_BODY, _SMALL = 9.0, 7.8
_LEADING = 1.35
_MM = 25.4 / 72
_FIGURE = (120.0, 78.0)
"""Width and height of a picture, at most."""
_TOGETHER = 150.0
"""Tables that are not higher begin on the page of their heading."""
_PAD = 1.0
_BAR, _THUMBNAIL = 16.0, 9.0


class Sheet:
    """document: an ``fpdf.FPDF`` with a font called ``font``, plain and bold. links: to the chapters, in order."""

    def __init__(self, document: Any, font: str, links: list[int]) -> None:
        self.document, self.font, self.links = document, font, links
        self._known = document.fonts[font.lower()].cmap

    @property
    def width(self) -> float:
        """Between the margins."""
        return float(self.document.epw)

    def room(self, height: float) -> None:
        """Begin a new page unless this much is left on this one."""
        if self.document.will_page_break(height):
            self.document.add_page()

    def text(
        self,
        text: str,
        x: float,
        width: float,
        size: float = _BODY,
        tone: Tone = "",
        bold: bool = False,
        align: str = "L",
    ) -> None:
        """A paragraph from ``x`` (of the left margin) on, and the next line below it."""
        d = self.document
        self._style(size, tone, bold)
        d.set_x(d.l_margin + x)
        d.multi_cell(width, size * _MM * _LEADING, self.printable(text), align=align, new_x="LMARGIN", new_y="NEXT")

    def height(self, text: str, width: float, size: float = _BODY, bold: bool = False) -> float:
        """What ``text`` would take."""
        self._style(size, "", bold)
        line = size * _MM * _LEADING
        return float(self.document.multi_cell(width, line, self.printable(text), dry_run=True, output="HEIGHT"))

    def printable(self, text: str) -> str:
        """Characters that the font does not have are written as escapes, so that names stay told apart."""
        known = "".join(c if c == "\n" or ord(c) in self._known else c.encode("unicode_escape").decode() for c in text)
        return known or " "

    def heading(self, text: str, size: float, blocks: tuple[Block, ...] = ()) -> None:
        """Kept together with the first of the blocks that follow; large ones have a line below."""
        above = 0.45 * size if self.document.get_y() > self.document.t_margin + 1 else 0
        self.room(above + self.height(text, self.width, size, bold=True) + 4 + self._together(blocks))
        if self.document.get_y() > self.document.t_margin + 1:
            self.document.ln(above)
        self.text(text, 0, self.width, size, bold=True)
        if size > 12:
            self._rule()
        self.document.ln(1.2)

    def _together(self, blocks: tuple[Block, ...]) -> float:
        """The height of what should stand on one page: up to the first picture or table, if that fits."""
        high = 0.0
        for block in blocks:
            if isinstance(block, Words):
                high += self.height(block.text, self.width) + 2
            elif isinstance(block, Figure):
                return high + self._figure_height(block)
            elif isinstance(block, Table):
                rows = high + 8 + sum(self._row_height(row, self._widths(block)) for row in block.rows)
                return rows if rows < _TOGETHER else 30
            else:
                break
        return high + 18

    @singledispatchmethod
    def set(self, block: object) -> None:
        """One block, below what is there."""
        raise TypeError(f"no layout for {type(block).__name__}")

    @set.register
    def _(self, block: Words) -> None:
        if block.tone != "warning":
            self.room(2 * _BODY * _MM * _LEADING)
            size = _SMALL if block.tone == "soft" else _BODY
            self.text(block.text, 0, self.width, size, block.tone, bold=block.tone == "strong")
        else:
            d, high = self.document, self.height(block.text, self.width - 7) + 3
            self.room(high)
            x, y = d.l_margin, d.get_y()
            self._box(x, y, self.width, high, "#fff8e5")
            self._box(x, y, 1.2, high, "#9a6700")
            d.set_y(y + 1.5)
            self.text(block.text, 4, self.width - 7)
            d.set_y(y + high)
        self.document.ln(1.5)

    @set.register
    def _(self, block: Points) -> None:
        for text in block.texts:
            self.room(self.height(text, self.width - 4))
            y = self.document.get_y()
            self.text("•", 0, 4)
            self.document.set_y(y)
            self.text(text, 4, self.width - 4)
            self.document.ln(0.7)
        self.document.ln(1)

    @set.register
    def _(self, block: Facts) -> None:
        first = 36.0
        for name, value in block.pairs:
            high = max(self.height(name, first - 2), self.height(value, self.width - first)) + 2 * _PAD
            self.room(high)
            y = self.document.get_y() + _PAD
            self.document.set_y(y)
            self.text(name, 0, first - 2, tone="soft")
            self.document.set_y(y)
            self.text(value, first, self.width - first)
            self.document.set_y(y + high - _PAD)
            self._rule()
        self.document.ln(2)

    @set.register
    def _(self, block: Figure) -> None:
        d, shown = self.document, block.shown
        self.room(self._figure_height(block))
        scale = _figure_scale(block)
        d.image(
            io.BytesIO(shown.data),
            d.l_margin,
            d.get_y(),
            shown.width * scale,
            shown.height * scale,
            alt_text=block.caption,
        )
        d.set_y(d.get_y() + shown.height * scale + 1.5)
        if block.keys:
            self._keys(block.keys)
        self.text(block.caption, 0, self.width, _SMALL, "soft")
        d.ln(2.5)

    @set.register
    def _(self, block: Table) -> None:
        widths = self._widths(block)
        head = tuple(Cell(text, "strong") for text in block.head)
        self._row(head, widths, block.words, _GROUND)
        for row in block.rows:
            if self.document.will_page_break(self._row_height(row, widths)):
                self.document.add_page()
                self._row(head, widths, block.words, _GROUND)
            self._row(row, widths, block.words)
        self.document.ln(2.5)

    @set.register
    def _(self, block: Ruling) -> None:
        d, inner = self.document, self.width - 10
        high = 12 + self.height(block.headline, inner) + self.height(block.text, inner) + 17
        self.room(high)
        y = d.get_y()
        tone: Tone = "soft" if block.verdict == "inconclusive" else block.verdict
        self._box(d.l_margin, y, self.width, high, _GROUND)
        self._box(d.l_margin, y, 2, high, _TEXT[tone])
        d.set_y(y + 2)
        self.text(block.verdict.capitalize(), 6, inner, 17, "" if tone == "soft" else tone, bold=True)
        self.text(block.headline, 6, inner)
        d.ln(0.8)
        self.text(block.text, 6, inner)
        self._scale(block, d.l_margin + 12, d.get_y() + 3, inner - 24)
        d.set_y(y + high)
        d.ln(3)

    def _figure_height(self, figure: Figure) -> float:
        caption = self.height(figure.caption, self.width, _SMALL) + (6 if figure.keys else 2)
        return figure.shown.height * _figure_scale(figure) + caption

    def _widths(self, table: Table) -> list[float]:
        return [width * self.width / sum(table.widths) for width in table.widths]

    def _scale(self, ruling: Ruling, x: float, y: float, width: float) -> None:
        """The score on a line from 0 to 100 %, with the inconclusive band and the threshold."""
        d = self.document
        low, high, threshold, score = (x + width * v for v in (*ruling.band, ruling.threshold, ruling.score))
        for start, end, colour in ((x, low, REAL), (low, high, "#c3cad2"), (high, x + width, FAKE)):
            self._box(start, y + 3, end - start, 3.2, colour)
        d.set_draw_color(_INK)
        d.set_line_width(0.3)
        d.set_dash_pattern(0.8, 0.6)
        d.line(threshold, y + 2.4, threshold, y + 6.8)
        d.set_dash_pattern()
        d.set_fill_color(_INK)
        d.polygon([(score, y + 2.6), (score - 1.5, y), (score + 1.5, y)], style="F")
        for text, at, align in (
            ("0 % real", x, "L"),
            ("fake 100 %", x + width - 40, "R"),
            ("inconclusive", (low + high) / 2 - 20, "C"),
        ):
            self._style(7.5, "", False)
            d.set_xy(at, y + 7)
            d.cell(40, 3.5, text, align=align)

    def _keys(self, keys: tuple[tuple[Tone, str], ...]) -> None:
        d = self.document
        y, x = d.get_y(), d.l_margin
        for tone, text in keys:
            self._box(x, y + 0.4, 3, 3, _FILL.get(tone, UNDECIDED))
            if tone == "real":
                d.set_draw_color("#ffffff")
                d.set_line_width(0.45)
                d.line(x, y + 1.9, x + 1.5, y + 0.4)
                d.line(x, y + 3.4, x + 3, y + 0.4)
                d.line(x + 1.5, y + 3.4, x + 3, y + 1.9)
            self._style(_SMALL, "soft", False)
            d.set_xy(x + 3.5, y)
            wide = d.get_string_width(text) + 3
            d.cell(wide, 3.8, text)
            x += 3.5 + wide + 2
        d.set_xy(d.l_margin, y + 4.3)

    def _row(self, row: tuple[Cell, ...], widths: list[float], words: int, ground: str = "") -> None:
        d, high = self.document, self._row_height(row, widths)
        self.room(high)
        x, y = 0.0, d.get_y()
        if ground:
            self._box(d.l_margin, y, self.width, high, ground)
        for at, (cell, width) in enumerate(zip(row, widths, strict=True)):
            left, inner = x + _PAD, self._inner(cell, width)
            if cell.picture:
                scale = _THUMBNAIL / max(cell.picture.width, cell.picture.height)
                d.image(io.BytesIO(cell.picture.data), d.l_margin + x + 5, y + _PAD, cell.picture.width * scale)
            d.set_y(y + _PAD)
            bold = cell.tone not in ("", "soft")
            self.text(cell.text, left, inner, _SMALL, cell.tone, bold, "L" if at < words else "R")
            if cell.share is not None:
                bar = d.l_margin + x + width - _BAR - _PAD
                self._box(bar, y + _PAD + 0.6, _BAR, 2.4, "#e6eaee")
                self._box(bar, y + _PAD + 0.6, _BAR * cell.share, 2.4, _FILL.get(cell.tone, UNDECIDED))
            if cell.target is not None:
                d.link(d.l_margin + x, y, width, high, self.links[cell.target - 1])
            x += width
        d.set_y(y + high)
        self._rule()

    def _row_height(self, row: tuple[Cell, ...], widths: list[float]) -> float:
        heights = [
            max(
                self.height(cell.text, self._inner(cell, width), _SMALL, bool(cell.tone)),
                _THUMBNAIL if cell.picture else 0,
            )
            for cell, width in zip(row, widths, strict=True)
        ]
        return max(heights) + 2 * _PAD

    @staticmethod
    def _inner(cell: Cell, width: float) -> float:
        return width - 2 * _PAD - (_BAR + 1 if cell.share is not None else 0)

    def _style(self, size: float, tone: Tone, bold: bool) -> None:
        self.document.set_font(self.font, "B" if bold else "", size)
        self.document.set_text_color(_TEXT.get(tone, _INK))

    def _box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        self.document.set_fill_color(colour)
        self.document.rect(x, y, width, height, style="F")

    def _rule(self) -> None:
        d = self.document
        d.set_draw_color(_LINE)
        d.set_line_width(0.2)
        d.line(d.l_margin, d.get_y(), d.l_margin + self.width, d.get_y())


def _figure_scale(figure: Figure) -> float:
    """Millimetres for a pixel."""
    return min(_FIGURE[0] / figure.shown.width, _FIGURE[1] / figure.shown.height)
