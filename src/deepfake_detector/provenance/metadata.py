"""A file's metadata as text, gathered from wherever its format keeps it. Nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .. import images
from . import exif, png, xmp
from .base import shown

LONGEST = 4_000_000
"""Bytes read of one text; generators' workflows have up to some hundred thousand."""


@dataclass(frozen=True)
class Metadata:
    """texts: (keyword, text) of PNG's chunks; a JPEG's or GIF's comment is "Comment". exif: by name of tag.
    xmp: (name, value), see ``xmp.properties``. notes: what could not be read, and why.
    """

    texts: tuple[tuple[str, str], ...] = ()
    exif: Mapping[str, str] = field(default_factory=dict)
    xmp: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()

    def text(self, keyword: str) -> str:
        """The first PNG text or comment of that keyword, "" without one."""
        return next((text for name, text in self.texts if name == keyword), "")

    def values(self, name: str) -> Iterator[str]:
        """Every value of an XMP property."""
        return (value for key, value in self.xmp if key == name)

    def first(self, name: str) -> str:
        """The first value of an XMP property, "" without one."""
        return next(self.values(name), "")


def gather(header: images.Header) -> Metadata:
    """The metadata of an opened file; damage is noted, never raised."""
    data, info = header.data or b"", header.info
    notes: list[str] = []
    texts: tuple[tuple[str, str], ...] = ()
    block, packet = info.get("exif"), info.get("xmp")
    if header.format == "PNG":
        texts, chunk, whole = png.texts(data, LONGEST)
        block = block or chunk
        packet = next((text.encode("utf-8", "replace") for name, text in texts if name == "XML:com.adobe.xmp"), packet)
        texts = tuple((name, text) for name, text in texts if name != "XML:com.adobe.xmp")
        if not whole:
            notes.append("The file ends before its last chunk: it is cut off or damaged, and metadata may be missing.")
    elif comment := info.get("comment"):
        texts = (("Comment", _plain(comment)),)
    if header.format == "TIFF":
        block = data
    return Metadata(texts, _exif(block, notes), _xmp(packet, notes), tuple(notes))


def _plain(value: Any) -> str:
    return value[:LONGEST].decode("utf-8", "replace") if isinstance(value, bytes) else str(value)[:LONGEST]


def _exif(block: Any, notes: list[str]) -> Mapping[str, str]:
    if not isinstance(block, bytes):
        return {}
    try:
        return exif.tags(block)
    except ValueError as error:
        notes.append(f"EXIF could not be read: {shown(error)}.")
        return {}


def _xmp(packet: Any, notes: list[str]) -> tuple[tuple[str, str], ...]:
    packet = packet.encode("utf-8", "replace") if isinstance(packet, str) else packet
    if not isinstance(packet, bytes) or not packet.strip(b"\0 "):
        return ()
    try:
        return xmp.properties(packet)
    except xmp.XmpRefused as error:
        notes.append(f"XMP was not read: {shown(error)}.")
        return ()
