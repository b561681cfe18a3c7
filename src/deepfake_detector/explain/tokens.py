"""What an encoder's patches add to the score: leave patch tokens out and ask the heads again.

A head reads means and spreads over the encoder's 196 patch tokens. The encoder's graph also gives those tokens (of
blocks 4, 8 and 12; the last two are used), so the statistics without some patches can be computed and shown to the
shipped heads, aggregation and calibration. No pixel is changed, so no fill can pass for a forgery, and one run of the
encoder serves every patch.
Nearest relative: class-activation maps, where a linear head reads a mean over positions (Zhou et al. 2016, arXiv
1512.04150). Departures: spreads and centre means are recomputed too, and the heads' and the ensemble's curves are kept.

Known limits, which only measurement can weigh (docs/explanations.md): a deep token knows of its whole picture; the CLS
token and the statistics of blocks whose tokens are not outputs stay as they were; so do members without an encoder.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ..faces.crop import Crop
from ..types import Box, Floats
from .base import Floats64, Ints
from .superpixels import grid

GRID = 14
"""Patches a side."""
MEAN, SPREAD, CENTRE_MEAN = 1, 2, 3
"""Rows of the statistics that depend on patch tokens; row 0 is the CLS token."""
_CENTRE = slice(3, 11)
_SHALLOW = 1 / 3
"""Tokens of this first share of the blocks are not left out: with block 4 of 12 less of twelve altered regions was
found (share of the positive weights .29 against .31, mean rank of its cells .84 against .86)."""
_WINDOW = 3

LeaveOut = Callable[[list[Box]], Floats64]
"""Boxes in the picture -> P(fake) float64 (n,) with the patches below each box left out, one box at a time."""


@dataclass(frozen=True, eq=False)
class Encoded:
    """What the encoder said of one view. statistics: float32 (blocks, 4, width). tokens: (196, width) by block - 1."""

    crop: Crop
    statistics: Floats
    tokens: Mapping[int, Floats]

    @classmethod
    def read(cls, crop: Crop, outputs: Mapping[str, Floats], statistics: str) -> Encoded | None:
        """From an encoder's outputs by name; None where it gives no patch tokens of this layout."""
        rows = outputs.get(statistics)
        if rows is None or rows.ndim != 4:
            return None
        tokens = {}
        for name, value in outputs.items():
            found = re.fullmatch(r"tokens_(\d+)", name)
            if found and value.shape[1] == GRID * GRID and int(found[1]) / rows.shape[1] > _SHALLOW:
                tokens[int(found[1]) - 1] = value[0]
        return cls(crop, rows[0], tokens) if tokens else None

    def coverage(self, boxes: list[Box]) -> Floats:
        """How much of each patch each box of the picture covers: float32 (n, 196) in [0, 1]."""
        edges = np.arange(GRID + 1) * self.crop.side / GRID
        rows = [_covered(self.crop.y + edges, y0, y1) for _, y0, _, y1 in boxes]
        columns = [_covered(self.crop.x + edges, x0, x1) for x0, _, x1, _ in boxes]
        patches = np.einsum("ny,nx->nyx", rows, columns)
        return np.asarray(patches.reshape(len(boxes), -1), np.float32)

    def without(self, covered: Floats) -> Floats:
        """Statistics float32 (n, blocks, 4, width) over the patches that are left; covered: (n, 196) in [0, 1]."""
        result: Floats = np.repeat(self.statistics[None], len(covered), 0)
        left = 1 - covered
        centre = np.zeros((GRID, GRID), np.float32)
        centre[_CENTRE, _CENTRE] = 1
        in_centre = left * centre.ravel()
        for block, tokens in self.tokens.items():
            mean = _weighted(left, tokens)
            square = _weighted(left, tokens * tokens)
            result[:, block, MEAN] = mean
            result[:, block, SPREAD] = np.sqrt(np.maximum(square - mean * mean, 0))
            some = in_centre.sum(1) > 1e-3
            result[some, block, CENTRE_MEAN] = _weighted(in_centre[some], tokens)
        untouched = covered.max(1) == 0  # to the bit, not only but for rounding
        result[untouched] = self.statistics
        return result


def attention(area: Crop, p_fake: float, leave_out: LeaveOut) -> tuple[Ints, Floats64]:
    """Parts int32 (side, side) of the area, a grid of 14 x 14, and their weights float64 (196,).

    Windows of 3 x 3 cells are left out, one around every cell; a cell's weight is a ninth of the mean effect of the
    windows that hold it, so that weights add up to about what a whole region does.
    """
    cell = area.side / GRID
    reach = _WINDOW // 2
    windows = [
        (max(0, x - reach), max(0, y - reach), min(GRID, x + reach + 1), min(GRID, y + reach + 1))
        for y in range(GRID)
        for x in range(GRID)
    ]
    boxes = [
        (area.x + x0 * cell, area.y + y0 * cell, area.x + x1 * cell, area.y + y1 * cell) for x0, y0, x1, y1 in windows
    ]
    effects = p_fake - leave_out(boxes)
    weights, held = np.zeros((GRID, GRID)), np.zeros((GRID, GRID))
    for (x0, y0, x1, y1), effect in zip(windows, effects, strict=True):
        weights[y0:y1, x0:x1] += effect / ((x1 - x0) * (y1 - y0))
        held[y0:y1, x0:x1] += 1
    return grid(area.side, area.side, GRID, GRID), np.asarray((weights / held).ravel(), np.float64)


def _covered(edges: np.ndarray, low: float, high: float) -> np.ndarray:
    """Share of each interval between edges that lies between low and high."""
    inside = np.minimum(edges[1:], high) - np.maximum(edges[:-1], low)
    return np.asarray(np.clip(inside / np.maximum(np.diff(edges), 1e-9), 0, 1))


def _weighted(weights: Floats, tokens: Floats) -> Floats:
    """Weighted means: (n, 196), (196, width) -> (n, width). Where no patch is left, all zero."""
    means: Floats = weights @ tokens / np.maximum(weights.sum(1, keepdims=True), np.float32(1e-6))
    return means
