"""What a face detector is."""

from __future__ import annotations

from typing import Protocol

from ..types import Face, Pixels


class FaceDetector(Protocol):
    """Finds all faces of an upright RGB picture, largest first. Safe to share between threads."""

    name: str

    def detect(self, pixels: Pixels) -> list[Face]:
        """pixels: RGB uint8 (H, W, 3). An empty list where there is no face; never an exception for that."""
        ...


def overlap(a: Face, b: Face) -> float:
    """Intersection over union of two boxes."""
    width = min(a.box[2], b.box[2]) - max(a.box[0], b.box[0])
    height = min(a.box[3], b.box[3]) - max(a.box[1], b.box[1])
    if width <= 0 or height <= 0:
        return 0.0
    area = [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in (a, b)]
    return width * height / (area[0] + area[1] - width * height)


def clipped(
    x0: float, y0: float, x1: float, y1: float, width: int, height: int
) -> tuple[float, float, float, float] | None:
    """The box inside the picture, or None where nothing of it (at least a pixel each way) is."""
    x0, y0 = max(0.0, float(x0)), max(0.0, float(y0))
    x1, y1 = min(float(width), float(x1)), min(float(height), float(y1))
    return (x0, y0, x1, y1) if x1 - x0 >= 1 and y1 - y0 >= 1 else None
