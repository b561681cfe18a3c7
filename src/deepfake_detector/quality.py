"""How much a picture still has to be judged by, measured on its pixels alone.

From pixels and not from the file, so that a path, its bytes and its array get the same verdict, and so that a strongly
compressed picture saved again as PNG is still known for what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from .faces.crop import Crop
from .types import Pixels

_WINDOW = (192, 512)
"""Sides of the part that is measured, in pixels: at least (as the policy's bounds were learned from), at most."""


@dataclass(frozen=True)
class Quality:
    """sharpness: mean absolute Laplacian over mean absolute gradient, about 0 (smooth) to 2 (noise).

    blockiness: mean step across the borders of an 8 x 8 grid over the mean step elsewhere; 1 = no grid.
    """

    sharpness: float
    blockiness: float


def blank(pixels: Pixels) -> bool:
    """Whether every pixel has the same colour."""
    first = pixels[0, 0]
    return bool((pixels[::16, ::16] == first).all() and (pixels == first).all())


def measure(pixels: Pixels, crop: Crop) -> Quality:
    """Quality of the middle of a part of an RGB uint8 picture, at its own resolution.

    A square of 192 to 512 pixels: what lies around a small part counts too, as far as the picture goes, since a few
    dozen pixels tell neither.
    """
    height, width = pixels.shape[:2]
    least, most = _WINDOW
    side = min(max(crop.side, least), most, width, height)
    x = min(max(crop.x + (crop.side - side) // 2, 0), width - side)
    y = min(max(crop.y + (crop.side - side) // 2, 0), height - side)
    # The grid starts at the picture's corner: keep its phase in case the picture was never cropped after compression.
    grey = cv2.cvtColor(pixels[y : y + side, x : x + side], cv2.COLOR_RGB2GRAY).astype(np.float32)
    across = np.abs(np.diff(grey, axis=1))
    down = np.abs(np.diff(grey, axis=0))
    gradient = float(across.mean() + down.mean()) / 2
    if gradient < 1e-3:
        return Quality(0.0, 1.0)
    laplacian = float(np.abs(cv2.Laplacian(grey, cv2.CV_32F, ksize=1)).mean())
    steps = [_grid(across.mean(0)), _grid(down.mean(1))]
    return Quality(laplacian / gradient / 2, float(np.mean(steps)))


def _grid(profile: np.ndarray) -> float:
    """Mean step at the strongest of the eight phases of the grid over the mean of the other seven."""
    length = len(profile) // 8 * 8
    if length < 96:
        return 1.0  # the largest of eight means over few steps is noise
    phases = profile[:length].reshape(-1, 8).mean(0)
    top = float(phases.max())
    rest = (float(phases.sum()) - top) / 7
    return top / max(rest, 1e-3)
