"""Where the compressed data of a JPEG end. libjpeg fills what is missing with grey, and tells nobody.

Markers as in ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

import numpy as np

_END = 0xD9
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length: TEM, RST0 to RST7, and SOI."""
_WITHIN = np.isin(np.arange(256), [0x00, *range(0xD0, 0xD8), 0xFF])
"""What follows FF within compressed data: 00, restart markers, and FF before another marker."""
_BITS = b"\x55" * 64
"""Read as compressed data these are hardly ever what missing ones are taken for, a row of zero bits."""


def end(data: bytes) -> int | None:
    """Where the marker stands that ends the first picture of a file; None where none does.

    Previews inside its segments, and what follows the picture (a phone's further pictures), are not looked at.
    """
    values = np.frombuffer(data, np.uint8)
    places = np.flatnonzero(values[:-1] == 0xFF)
    places = places[~_WITHIN[values[places + 1]]]
    at = 2
    while (number := int(np.searchsorted(places, at))) < len(places):
        found = int(places[number])
        marker = data[found + 1]
        if marker == _END:
            return found
        at = found + 2
        if marker not in _ALONE:
            at += int.from_bytes(data[at : at + 2], "big")
    return None


def lengthened(data: bytes, at: int) -> bytes:
    """The file with some more compressed data before its end, which ``at`` is.

    Decoders pass over them where the picture was complete, and take them for what it lacks where it was not.
    """
    return data[:at] + _BITS + data[at:]
