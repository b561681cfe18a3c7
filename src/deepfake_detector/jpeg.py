"""Where the compressed data of a JPEG end. libjpeg fills what is missing with grey, and tells nobody.

Markers as in ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import re

_END, _SCAN = 0xD9, 0xDA
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length: TEM, RST0 to RST7, and SOI."""
_MARKER = re.compile(rb"\xff+([^\x00\xff])")
_AFTER_SCAN = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""What ends compressed data; in them a byte FF is followed by 00, and restart markers belong to them."""
_BITS = b"\x55" * 64
"""Read as compressed data these are hardly ever what missing ones are taken for, a row of zero bits."""


def end(data: bytes) -> int | None:
    """Where the marker stands that ends the first picture of a file; None where none does.

    Previews inside its segments, and what follows the picture (a phone's further pictures), are not looked at.
    """
    at = 2
    while found := _MARKER.search(data, at):
        marker, at = found[1][0], found.end()
        if marker == _END:
            return found.start()
        if marker in _ALONE:
            continue
        at += int.from_bytes(data[at : at + 2], "big")
        if marker == _SCAN:
            after = _AFTER_SCAN.search(data, at)
            if after is None:
                return None
            at = after.start()
    return None


def lengthened(data: bytes, at: int) -> bytes:
    """The file with some more compressed data before its end, which ``at`` is.

    Decoders pass over them where the picture was complete, and take them for what it lacks where it was not.
    """
    return data[:at] + _BITS + data[at:]
