"""PNG chunks, walked without decoding: text after the pixels is found too, which Pillow reads only with them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 10_000
"""Chunks read, other than those of pixels."""
MOST_TEXT = 16_000_000
"""Bytes of text read from a file, all together: a few kilobytes can unpack to gigabytes."""
_RATIO = 1032
"""What deflate packs at most into a byte."""


class Texts(NamedTuple):
    """texts: (keyword, text) of tEXt, zTXt and iTXt, in order. exif: that of eXIf. whole: whether IEND was reached."""

    texts: tuple[tuple[str, str], ...]
    exif: bytes | None
    whole: bool


def texts(data: bytes, longest: int) -> Texts:
    """A PNG's texts, each cut at ``longest`` bytes. Damaged chunks are passed over, and those beyond MOST_TEXT."""
    found: list[tuple[str, str]] = []
    exif: bytes | None = None
    whole = False
    room = MOST_TEXT
    for number, (kind, body) in enumerate(_chunks(data)):
        if number >= MOST_CHUNKS:
            break
        if kind == b"IEND":
            whole = True
        elif kind == b"eXIf":
            exif = exif or body
        elif room > 0:
            text = _text(kind, body, min(longest, room))
            if text is not None:
                found.append(text)
                room -= len(text[1])
            elif kind in (b"zTXt", b"iTXt"):  # a damaged one may have been unfolded a long way
                room -= min(longest, room, _RATIO * len(body))
    return Texts(tuple(found), exif, whole)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    position = len(SIGNATURE)
    while position + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        kind = data[position + 4 : position + 8]
        if kind != b"IDAT":
            yield kind, data[position + 8 : position + 8 + length]
        position += 12 + length


def _text(kind: bytes, body: bytes, longest: int) -> tuple[str, str] | None:
    """(keyword, text) of a text chunk, or None for another or a damaged one."""
    keyword, separator, rest = body.partition(b"\0")
    if not separator:
        return None
    if kind == b"tEXt":
        text: bytes | None = rest[:longest]
    elif kind == b"zTXt":
        text = _inflated(rest[1:], longest)
    elif kind == b"iTXt":
        packed = rest[:1] == b"\1"
        parts = rest[2:].split(b"\0", 2)  # language, translated keyword, text
        text = None if len(parts) < 3 else _inflated(parts[2], longest) if packed else parts[2][:longest]
    else:
        return None
    return None if text is None else (keyword.decode("latin-1"), _decoded(text))


def _inflated(packed: bytes, longest: int) -> bytes | None:
    try:
        return zlib.decompressobj().decompress(packed, longest)
    except zlib.error:
        return None


def _decoded(text: bytes) -> str:
    """tEXt is Latin-1 by the standard, and UTF-8 by the habit of many writers."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
