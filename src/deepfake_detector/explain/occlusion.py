"""Hide one cell after the other and see what the score does; look closer where it matters.

Occlusion sensitivity (Zeiler and Fergus 2014, arXiv 1311.2901). Departures: coarse cells first, then only the most
telling are divided, level by level, so that 16 + 24 + 24 pictures stand for a grid of 16 x 16; and an effect counts
against the median effect of the coarse cells (in proportion to its area). Any fill is itself a small forgery and raises
P(fake) a little wherever it lies: the median takes that common part away. A positive weight says that
hiding this lowers P(fake) more (or raises it less) than hiding the median cell does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..types import Pixels
from .base import Classifier, Floats64, Ints, asked, batch_size
from .superpixels import GREY, grid

SIDES = (4, 8, 16)
"""Cells a side, by level."""
_DIVIDED = 6
"""Cells of a level that are divided into four for the next."""
CALLS = SIDES[0] ** 2 + 4 * _DIVIDED * (len(SIDES) - 1)
"""Pictures scored, besides the untouched one."""


@dataclass(frozen=True, eq=False)
class Occlusion:
    """segments: int32 (H, W), cells of the finest level each looked at. weights: float64 (n,)."""

    segments: Ints
    weights: Floats64


def occlusion(image: Pixels, classifier: Classifier, *, progress: Callable[[int], object] | None = None) -> Occlusion:
    """Explain ``classifier`` (uint8 (n, H, W, 3) -> P(fake) (n,)) on one RGB uint8 (H, W, 3) picture. No randomness."""
    height, width = image.shape[:2]
    sides = [side for side in SIDES if side <= min(height, width)] or [1]
    base = float(asked(classifier, image[None])[0])
    centre = 0.0
    finest = sides[-1]
    values = np.zeros((sides[0], sides[0]))
    leaves = np.zeros((finest, finest), np.int32)
    cells = [(row, column) for row in range(sides[0]) for column in range(sides[0])]
    for level, side in enumerate(sides):
        if level:
            values = np.repeat(np.repeat(values, 2, 0), 2, 1) / 4  # until looked at, a quarter of the parent's
        areas = grid(height, width, side, side)
        effects = np.array(_effects(image, classifier, base, areas, [r * side + c for r, c in cells], progress))
        # Below the first level the cells are the strongest ones; their median says nothing of the picture.
        centre = centre / 4 if level else float(np.median(effects))
        for (row, column), effect in zip(cells, effects, strict=True):
            values[row, column] = effect - centre
        scale = finest // side
        for number, (row, column) in enumerate(cells):
            leaves[row * scale : (row + 1) * scale, column * scale : (column + 1) * scale] = level * 10_000 + number
        strongest = sorted(cells, key=lambda cell: -abs(values[cell]))[:_DIVIDED]
        cells = [(2 * r + i, 2 * c + j) for r, c in strongest for i in (0, 1) for j in (0, 1)]
    names, leaf = np.unique(leaves, return_inverse=True)
    leaf = leaf.reshape(leaves.shape)
    weights = np.asarray(np.bincount(leaf.ravel(), values.ravel(), minlength=len(names)), np.float64)
    segments = leaf.ravel()[grid(height, width, finest, finest)]
    return Occlusion(np.asarray(segments, np.int32), weights)


def _effects(
    image: Pixels,
    classifier: Classifier,
    base: float,
    areas: Ints,
    numbers: list[int],
    progress: Callable[[int], object] | None,
) -> list[float]:
    """How much P(fake) falls when each of these areas is hidden."""
    found: list[float] = []
    step = batch_size(image)
    for start in range(0, len(numbers), step):
        chosen = numbers[start : start + step]
        batch = np.repeat(image[None], len(chosen), 0)
        for picture, number in zip(batch, chosen, strict=True):
            picture[areas == number] = GREY
        found += [base - score for score in asked(classifier, batch)]
        if progress:
            progress(len(batch))
    return found
