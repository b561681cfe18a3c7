"""What stands in the documents that are written: the words of a page and what it would fetch; the words of a PDF."""

from __future__ import annotations

import re
import zlib
from html.parser import HTMLParser


class Page(HTMLParser):
    """What a page would fetch or run, and its words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("p", "li", "td", "th", "tr", "figcaption", "h1", "h2", "h3"):
            self.words += " "
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "poster")]
        self.ids += [value or "" for name, value in attrs if name == "id"]

    def handle_data(self, data: str) -> None:
        self.words += data


def pdf_pages(data: bytes) -> list[str]:
    """The words of each page of a PDF that fpdf2 wrote with TrueType fonts, runs of space made one."""
    objects = {int(number): body for number, body in re.findall(rb"(?s)(\d+) 0 obj\n(.*?)\nendobj", data)}
    fonts = {}
    for name, number in set(re.findall(rb"/(F\d+) (\d+) 0 R", data)):
        (unicode,) = re.findall(rb"/ToUnicode (\d+) 0 R", objects[int(number)])
        pairs = re.findall(rb"<(\w{4})> <(\w+)>", _stream(objects[int(unicode)]))
        fonts[name] = {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in pairs}
    pages = [body for body in objects.values() if re.search(rb"/Type /Page\b", body)]
    found = []
    for page in pages:
        (number,) = re.findall(rb"/Contents (\d+) 0 R", page)
        font: dict[int, str] = {}
        said = []
        for name, shown in re.findall(
            rb"(?s)/(F\d+) [\d.]+ Tf|\(((?:\\.|[^\\)])*)\) Tj", _stream(objects[int(number)])
        ):
            if name:
                font = fonts[name]
                continue
            codes = re.sub(rb"(?s)\\(.)", lambda m: {b"r": b"\r", b"n": b"\n"}.get(m[1], m[1]), shown)
            said.append("".join(font[int.from_bytes(codes[at : at + 2], "big")] for at in range(0, len(codes), 2)))
        found.append(" ".join(" ".join(said).split()))
    return found


def _stream(body: bytes) -> bytes:
    (stream,) = re.findall(rb"(?s)stream\r?\n(.*)\r?\nendstream", body)
    return zlib.decompress(stream) if b"/FlateDecode" in body else stream
