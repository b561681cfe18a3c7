"""Parts of a picture, and what the picture looks like with some of them hidden."""

from __future__ import annotations

import cv2
import numpy as np

from ..errors import ExplanationError, OptionError, whole_number
from ..extras import require
from ..types import Pixels
from .base import Bools, Ints

GREY = (123, 117, 104)
"""What hides a part: the mean colour of the networks' pre-training pictures, so that they read about zero there.

A detector of forgeries takes many fills for forgery: over parts of forged faces, blurring and in-painting raised the
log-odds of fake by 0.7 to 1.7 even where they removed what was forged; this grey lowered them by 1.0 there and raised
them by 0.5 elsewhere, the best of ten fills tried (docs/explanations.md).
"""
_LONGEST = 512
MOST_SEGMENTS = 1000
"""A surrogate of more would have memory and time for little else, and far more parts than samples."""


def superpixels(image: Pixels, count: int) -> Ints:
    """About ``count`` superpixels of an RGB uint8 (H, W, 3) picture: int32 (H, W), 0 to n - 1, none left out.

    SLIC (Achanta et al. 2012, doi 10.1109/TPAMI.2012.120), by scikit-image, on the picture scaled down to 512 pixels
    at most: superpixels have a hundred pixels a side or so, and finer outlines would only take time.
    Raises MissingExtra without scikit-image and OptionError for a count below 2 (there must be something to compare
    with) or above ``MOST_SEGMENTS``.
    """
    whole_number("segments", count, 2, MOST_SEGMENTS)
    require("explain", "skimage")
    from skimage.segmentation import slic

    height, width = image.shape[:2]
    scale = min(1.0, _LONGEST / max(height, width))
    small = image
    if scale < 1:
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    # By default pieces below half the mean size are merged away; on plain backgrounds that is half of what was asked.
    found = slic(small, n_segments=count, compactness=10, sigma=1, start_label=0, min_size_factor=0.2)
    return checked(cv2.resize(found.astype(np.int32), (width, height), interpolation=cv2.INTER_NEAREST), image)


def checked(segments: Ints, image: Pixels) -> Ints:
    """Renumber segments 0 to n - 1. Raises ExplanationError where there is only one, OptionError for a wrong shape."""
    if segments.shape != image.shape[:2]:
        raise OptionError(f"segments: expected shape {image.shape[:2]} like the area explained, got {segments.shape}")
    names, numbers = np.unique(segments, return_inverse=True)
    if len(names) < 2:
        raise ExplanationError(
            "the picture fell into a single superpixel, and one part cannot be compared with any other. "
            "Ask for more segments, or take method='occlusion', which uses a grid."
        )
    return np.asarray(numbers.reshape(segments.shape), np.int32)


def grid(height: int, width: int, rows: int, columns: int) -> Ints:
    """Cells of a grid, row by row: int32 (H, W). Cells differ by a pixel where the sides do not divide."""
    y = np.arange(height) * rows // max(height, 1)
    x = np.arange(width) * columns // max(width, 1)
    return np.asarray(y[:, None] * columns + x[None], np.int32)


def filled(image: Pixels, segments: Ints, hide: str) -> Pixels:
    """The picture with everything hidden, uint8 (H, W, 3). hide: "grey", or "mean": each segment's own, as ``lime``."""
    if hide == "grey":
        return np.broadcast_to(np.array(GREY, np.uint8), image.shape).copy()
    if hide == "mean":
        flat = segments.ravel()
        sizes = np.maximum(np.bincount(flat), 1)
        means = np.stack([np.bincount(flat, image[:, :, c].ravel().astype(np.float64)) / sizes for c in range(3)], 1)
        return np.asarray(means.astype(np.uint8)[segments], np.uint8)
    raise OptionError(f"unknown way to hide {hide!r}; known are grey, mean")


def hidden(image: Pixels, fill: Pixels, segments: Ints, keep: Bools) -> Pixels:
    """Pictures with parts hidden: keep bool (n, segments) -> uint8 (n, H, W, 3)."""
    result = np.empty((len(keep), *image.shape), np.uint8)
    for row, out in zip(keep, result, strict=True):
        np.copyto(out, fill)
        cv2.copyTo(image, row.astype(np.uint8)[segments], out)
    return result
