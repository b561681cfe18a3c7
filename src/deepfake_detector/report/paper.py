"""A report as PDF: A4, of the same blocks as the page, by fpdf2 and the DejaVu fonts that matplotlib brings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from ..extras import require
from .blocks import Chapter, Content, Section
from .case import Case
from .content import content
from .sheet import Sheet

_FONT = "DejaVu"
_FOOT = "A score is evidence, not proof."


def pdf(cases: Sequence[Case], asked: str) -> bytes:
    """The report of one picture or many as a PDF file; the same cases give the same bytes.

    asked: the command or the question, to be shown. Raises MissingExtra without fpdf2 or matplotlib, OptionError
    without a case.
    """
    found = content(cases, asked)
    document = _document(found)
    document.add_page()
    sheet = Sheet(document, _FONT, [document.add_link() for _ in found.chapters])
    sheet.heading(found.title, 17)
    for section in found.opening:
        _section(sheet, section, 13)
    for chapter in found.chapters:
        _chapter(sheet, chapter)
    for section in found.closing:
        _section(sheet, section, 13)
    return bytes(document.output())


def _document(found: Content) -> Any:
    require("report", "fpdf")
    require("explain", "matplotlib")
    import matplotlib
    from fpdf import FPDF

    class Document(FPDF):
        def footer(self) -> None:
            self.set_y(-12)
            self.set_font(_FONT, "", 7.5)
            self.set_text_color("#5a6470")
            self.cell(0, 5, f"{found.title}, {found.time}. {_FOOT}")
            self.set_x(-40)
            self.cell(24, 5, f"{self.page_no()} / {{nb}}", align="R")

    document = Document(format="A4")
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    document.add_font(_FONT, "", fonts / "DejaVuSans.ttf")
    document.add_font(_FONT, "B", fonts / "DejaVuSans-Bold.ttf")
    document.set_margins(16, 15)
    document.c_margin = 0  # paragraphs begin where boxes and lines do
    document.set_auto_page_break(True, 18)
    document.set_title(found.title)
    document.set_lang("en")
    document.set_creation_date(datetime.fromisoformat(found.time))
    return document


def _chapter(sheet: Sheet, chapter: Chapter) -> None:
    sheet.document.add_page()
    sheet.document.set_link(sheet.links[chapter.number - 1])
    sheet.document.start_section(sheet.printable(chapter.title))
    sheet.heading(f"{chapter.number}. {chapter.title}", 13)
    for section in chapter.sections:
        _section(sheet, section, 10.5)


def _section(sheet: Sheet, section: Section, size: float) -> None:
    if section.title:
        sheet.heading(section.title, size, section.blocks)
    for block in section.blocks:
        sheet.set(block)
