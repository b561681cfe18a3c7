"""A hook of mkdocs.yml: files outside docs/ that a page links to come along into the site.

Pages of docs/ are read on code hosts too, where ``../examples/NOTICE.md`` is right as it stands. In the site the file
lies under ``repository/``, and the link is written anew. A link to a file that is not there stays as it is, and a
strict build fails on it; so does a Markdown file that links on, as the README: link to the page it would lead to.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

FOLDER = "repository"
LINK = re.compile(r"(?<=\]\()\.\./([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what the pages link to."""
    root = Path(config.docs_dir).parent
    named = {name for page in files.documentation_pages() for name in LINK.findall(page.content_string)}
    for name in sorted(named):
        if (root / name).is_file():
            files.append(File.generated(config, f"{FOLDER}/{name}", abs_src_path=str(root / name)))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: object) -> str:
    """Lead links to where those files lie now. Pages stand side by side in docs/, none deeper."""

    def link(found: re.Match[str]) -> str:
        inside = f"{FOLDER}/{found[1]}"
        return inside if files.get_file_from_path(inside) else found[0]

    return LINK.sub(link, markdown) if page.file.generated_by is None else markdown
