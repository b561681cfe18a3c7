"""EXIF as text by the names of its tags."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from PIL import ExifTags, Image

_USER_COMMENT = ExifTags.Base.UserComment
_XP = {ExifTags.Base.XPTitle, ExifTags.Base.XPComment, ExifTags.Base.XPAuthor, ExifTags.Base.XPKeywords}
_SKIPPED = {ExifTags.Base.MakerNote, ExifTags.Base.XMLPacket, ExifTags.Base.JPEGTables, ExifTags.Base.InterColorProfile}


def tags(block: bytes) -> Mapping[str, str]:
    """Name to text, of the main and the EXIF directory, and "GPS" where a position is given.

    block: as in a JPEG's APP1, with or without "Exif"; a TIFF file is one, too. Damaged tags are left out; raises
    ValueError where nothing can be read.
    """
    exif = Image.Exif()
    try:
        exif.load(block)
    except Exception as error:  # struct.error, SyntaxError, KeyError ... by what is damaged
        raise ValueError(f"damaged ({type(error).__name__}: {error})") from None
    found = dict(_readable(exif))
    gps = False
    for pointer in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
        try:
            directory = exif.get_ifd(pointer)
        except Exception:  # the main directory is whole, and worth showing without this one
            continue
        if pointer == ExifTags.IFD.Exif:
            found.update(_readable(directory))
        else:
            gps = ExifTags.GPS.GPSLatitude in directory
    result = {
        ExifTags.TAGS.get(tag, f"0x{tag:04X}"): text
        for tag, value in found.items()
        if tag not in _SKIPPED and (text := _text(tag, value))
    }
    return {**result, "GPS": "yes"} if gps else result


def _readable(directory: MutableMapping[int, Any]) -> Iterator[tuple[int, Any]]:
    for tag in directory:
        try:
            yield tag, directory[tag]
        except Exception:  # decoded when asked for; one damaged value must not cost the others
            continue


def _text(tag: int, value: Any) -> str:
    if isinstance(value, bytes):
        if tag == _USER_COMMENT:
            return _user_comment(value)
        return (_utf16(value) if tag in _XP else value.decode("utf-8", "replace")).strip("\0 ")
    if isinstance(value, str):
        return _as_utf8(value).strip("\0 ")
    return str(value) if isinstance(value, (int, float)) or hasattr(value, "numerator") else ""


def _as_utf8(text: str) -> str:
    """Pillow reads ASCII tags as Latin-1; most writers mean UTF-8 where they go beyond ASCII."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _user_comment(value: bytes) -> str:
    """Without its eight bytes of character code; some writers leave those out."""
    code, text = value[:8], value[8:]
    if code == b"UNICODE\0":
        return _utf16(text).strip("\0 ")
    if code in (b"ASCII\0\0\0", b"\0" * 8, b"JIS\0\0\0\0\0"):
        return text.decode("utf-8", "replace").strip("\0 ")
    return value.decode("utf-8", "replace").strip("\0 ")


def _utf16(value: bytes) -> str:
    """Writers do not agree on the order of the bytes; in Western text every other one is 0, which tells."""
    big = value[0::2].count(0) > value[1::2].count(0)
    return value.decode("utf-16-be" if big else "utf-16-le", "replace")
