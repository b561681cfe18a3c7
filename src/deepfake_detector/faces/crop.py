"""Geometry of crops: which part of the picture a view shows, and the way back to the picture's pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..types import Box, Face

CONTEXT = 1.4
"""Side of a face crop in units of the longer side of the detector's box."""

MIN_FACE = 24
"""Faces smaller than this, in pixels, are reported without a score."""


@dataclass(frozen=True)
class Crop:
    """A square part of a picture: whole pixels, ``side`` each way from (``x``, ``y``)."""

    x: int
    y: int
    side: int

    @property
    def box(self) -> Box:
        """(x0, y0, x1, y1) in the picture."""
        return (self.x, self.y, self.x + self.side, self.y + self.side)


def around(face: Face, size: tuple[int, int], context: float = CONTEXT) -> Crop:
    """A square around a face, ``context`` times its longer side, moved and then shrunk to stay in the picture.

    size: (width, height). Nothing is padded: an invented border would itself look like a forgery.
    """
    width, height = size
    x0, y0, x1, y1 = face.box
    side = max(1, min(math.ceil(face.size * context), width, height))
    x = min(max(round((x0 + x1 - side) / 2), 0), width - side)
    y = min(max(round((y0 + y1 - side) / 2), 0), height - side)
    return Crop(x, y, side)


def centre(size: tuple[int, int]) -> Crop:
    """The largest central square of a picture of size (width, height)."""
    width, height = size
    side = min(width, height)
    return Crop((width - side) // 2, (height - side) // 2, side)
