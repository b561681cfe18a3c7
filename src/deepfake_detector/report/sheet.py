"""The pages of an fpdf2 document, filled from top to bottom: text, boxes, lines. Lengths are in mm, type in points."""

from __future__ import annotations

from typing import Any

from ..explain.overlay import REAL
from .blocks import Tone

INK, GROUND, LINE = "#1b1f24", "#f5f7f9", "#d8dde3"
TEXT: dict[Tone, str] = {"fake": "#B34700", "real": REAL, "soft": "#5a6470"}
BODY, SMALL = 9.0, 7.8
_LEADING = 1.35 * 25.4 / 72


class Sheet:
    """document: an ``fpdf.FPDF`` with a font called ``font``, plain and bold. links: to the chapters, in order."""

    def __init__(self, document: Any, font: str, links: list[int]) -> None:
        self.document, self.font, self.links = document, font, links
        plain, bold = (document.fonts[font.lower() + style].cmap for style in ("", "B"))
        self._known = plain.keys() & bold.keys()

    @property
    def left(self) -> float:
        """Where text begins, from the edge of the page."""
        return float(self.document.l_margin)

    @property
    def width(self) -> float:
        """Between the margins."""
        return float(self.document.epw)

    @property
    def y(self) -> float:
        """Where the next thing goes, from the top of the page."""
        return float(self.document.get_y())

    @y.setter
    def y(self, value: float) -> None:
        self.document.set_y(value)

    def room(self, height: float) -> bool:
        """Begin a new page unless this much is left on this one; whether one was begun."""
        if not self.document.will_page_break(height):
            return False
        self.document.add_page()
        return True

    def gap(self, height: float) -> None:
        """Empty space."""
        self.document.ln(height)

    def text(
        self,
        text: str,
        x: float,
        width: float,
        size: float = BODY,
        tone: Tone = "",
        bold: bool = False,
        align: str = "L",
    ) -> None:
        """A paragraph, ``x`` to the right of where text begins; the next thing goes below it."""
        self.style(size, tone, bold)
        self.document.set_x(self.left + x)
        line = size * _LEADING
        self.document.multi_cell(width, line, self.printable(text), align=align, new_x="LMARGIN", new_y="NEXT")

    def label(
        self, text: str, x: float, y: float, width: float, size: float, align: str = "L", tone: Tone = ""
    ) -> None:
        """One line anywhere on the page."""
        self.style(size, tone)
        self.document.set_xy(x, y)
        self.document.cell(width, size * _LEADING, self.printable(text), align=align)

    def height(self, text: str, width: float, size: float = BODY, bold: bool = False) -> float:
        """What a paragraph would take."""
        self.style(size, bold=bold)
        line = size * _LEADING
        return float(self.document.multi_cell(width, line, self.printable(text), dry_run=True, output="HEIGHT"))

    def printable(self, text: str) -> str:
        """Characters that the font does not have are written as escapes, so that names stay told apart."""
        known = "".join(c if c == "\n" or ord(c) in self._known else c.encode("unicode_escape").decode() for c in text)
        return known or " "

    def style(self, size: float, tone: Tone = "", bold: bool = False) -> None:
        """How the text that follows is set."""
        self.document.set_font(self.font, "B" if bold else "", size)
        self.document.set_text_color(TEXT.get(tone, INK))

    def box(self, x: float, y: float, width: float, height: float, colour: str) -> None:
        """A filled rectangle, from the corner of the page."""
        self.document.set_fill_color(colour)
        self.document.rect(x, y, width, height, style="F")

    def line(self, x0: float, y0: float, x1: float, y1: float, colour: str, thick: float, dashed: bool = False) -> None:
        """A straight line, from the corner of the page."""
        self.document.set_draw_color(colour)
        self.document.set_line_width(thick)
        if dashed:
            self.document.set_dash_pattern(0.8, 0.6)
        self.document.line(x0, y0, x1, y1)
        self.document.set_dash_pattern()

    def rule(self) -> None:
        """A thin line across the page."""
        self.line(self.left, self.y, self.left + self.width, self.y, LINE, 0.2)
