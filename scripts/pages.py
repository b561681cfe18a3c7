"""What the scripts that write pages of docs/ share: tables, words from docstrings, the check that a page is fresh."""

from __future__ import annotations

import argparse
import inspect
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"


def table(head: Sequence[object], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table. Code in a cell must hold no bar: renderers do not agree on how to escape it."""
    lines = ["| " + " | ".join(map(str, cells)) + " |" for cells in (head, *rows)]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]])


def prose(text: str) -> str:
    """A docstring or a help text as Markdown: ``names`` as code, drawings kept, nothing taken for HTML or emphasis."""
    paragraphs = [p for p in re.split(r"\n\s*\n", inspect.cleandoc(text).replace("\b", "")) if not p.startswith(">>>")]
    return "\n\n".join(p if p.startswith("    ") else _marked(p) for p in paragraphs)


def _marked(paragraph: str) -> str:
    lines = re.split(r"\n(?=\* )", paragraph)  # a list keeps its lines; else a line is as long as it is
    text = "\n".join(" ".join(line.split()) for line in lines)
    text = re.sub(r"``(.+?)``", r"`\1`", text)
    text = re.sub(r"docs/([a-z-]+\.md)", r"[\1](\1)", text)
    pieces = re.split(r"(`[^`]*`)", text)  # every second one is code
    return "".join(p if i % 2 else _plain(p) for i, p in enumerate(pieces))


def _plain(text: str) -> str:
    return re.sub(r"\*(?! )", r"\\*", text.replace("<", "&lt;").replace("|", "&#124;"))


def keep(page: Path, content: Callable[[], str], about: str | None) -> None:
    """Write a page; with --check only say, by the exit status, whether it is up to date."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is out of date")
    if parser.parse_args().check:
        fresh = page.is_file() and page.read_text(encoding="utf-8") == content()
        sys.exit(0 if fresh else f"{page} is out of date: run python {Path(sys.argv[0])}")
    page.write_text(content(), encoding="utf-8")
