"""Where the compressed data of a JPEG end. libjpeg fills what is missing with grey, and tells nobody.

Markers as in ITU-T T.81 (1992), annex B.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_END, _SCAN = 0xD9, 0xDA
_ALONE = frozenset(range(0xD0, 0xD9))
"""Markers without a length: RST0 to RST7, and SOI."""
_WITHIN = np.isin(np.arange(256), [0x00, 0x01, *range(0xD0, 0xD8), 0xFF])
"""What follows FF and ends no compressed data: 00, TEM, restart markers, and FF before another marker."""
_FEW, _MANY = 1 << 12, 1 << 20
"""Bytes that are searched for a marker at first, for most segments are short, and at a time in the end."""
_MOST = 10_000
"""A file with more markers than this before its end is nobody's picture."""
_BITS = b"\x55" * 64
"""Read as compressed data these are hardly ever what missing ones are taken for, a row of zero bits."""
_MORE = _BITS + b"".join(bytes([0xFF, restart]) + _BITS for restart in range(0xD0, 0xD8))
"""A decoder that waits for a restart marker passes over all else."""


@dataclass(frozen=True)
class Ending:
    """at: where the marker stands that ends the first picture of a file. scans: how many scans that picture has."""

    at: int
    scans: int


def ending(data: bytes) -> Ending | None:
    """How the first picture of a file ends; None where it does not.

    Previews inside its segments, and what follows the picture (a phone's further pictures), are not looked at.
    """
    at, scans = 2, 0
    for _ in range(_MOST):
        found = _marker(data, at)
        if found is None:
            return None
        marker, at = data[found + 1], found + 2
        if marker == _END:
            while data[found - 1] == 0xFF:  # any number of them may stand before a marker
                found -= 1
            return Ending(found, scans)
        if marker not in _ALONE:
            at += int.from_bytes(data[at : at + 2], "big")
        scans += marker == _SCAN
    return None


def _marker(data: bytes, at: int) -> int | None:
    """Where the next marker stands that is none of ``_WITHIN``."""
    size = _FEW
    while len(values := np.frombuffer(data[at : at + size + 1], np.uint8)) > 1:
        found = np.flatnonzero((values[:-1] == 0xFF) & ~_WITHIN[values[1:]])
        if len(found):
            return at + int(found[0])
        at, size = at + size, min(16 * size, _MANY)
    return None


def lengthened(data: bytes, ending: Ending) -> bytes:
    """The file with some more compressed data before its end.

    Decoders pass over them where the picture was complete, and take them for what it lacks where it was not.
    """
    return data[: ending.at] + _MORE + data[ending.at :]
