"""A linear discriminant: a second way to a linear voice, beside logistic regression.

Fisher's discriminant (1936, doi 10.1111/j.1469-1809.1936.tb02137.x), regularised (Friedman 1989, doi
10.1080/01621459.1989.10478752). Logistic regression is drawn by the views near its boundary, and so by what tells the
sources it has heard from one another; a discriminant hears of every view alike, through the classes' means and the
spread. Departures: views spread inside their source, not inside their class, so what sources differ in is not taken
for noise unless asked for; what authentic sources differ in may be added to it (as within-class covariance
normalisation does for channels of a speaker, Hatch, Kajarekar and Stolcke 2006, doi 10.21437/Interspeech.2006-183);
and the spread may be that of real pictures alone, which a fake of a new kind is to stand out of.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from ..types import Floats
from .views import View

FEW_OF_SOURCE = 30
"""Of a source with fewer real views the mean is too uncertain to say what sources differ in."""
PIECE = 4096
"""Views whose products are summed at a time."""


@dataclass(frozen=True)
class Discriminant:
    """A discriminant's part in a voice.

    share: of the voice, 0 to 1. apart: how far apart the means of real and fake pictures come to lie, as logits, before
    the voice's slope. ridge: what is added to the variance of each standardised feature. sources: how often the spread
    of the authentic sources' means is added. of_reals: whether real pictures alone say how views spread. Raises
    ValueError for a share beyond 0 or 1.
    """

    share: float
    apart: float
    ridge: float
    sources: float = 0.0
    of_reals: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is a share, 0 to 1, not {self.share}")


def spread(
    read: Floats, views: Sequence[View], weights: np.ndarray, sources: float = 0.0, of_reals: bool = False
) -> Floats:
    """How views spread around the mean of their source and class, float32 (D, D).

    read: float32 (n, D), standardised. weights: how much each view counts, (n,). sources, of_reals: as
    ``Discriminant`` has them. Forged pictures and their twins are no authentic source.
    """
    counted = weights * np.array([not (of_reals and view.fake) for view in views])
    counted = (counted / counted.sum()).astype(np.float32)
    total = np.zeros((read.shape[1],) * 2, np.float32)
    for start in range(0, len(read), PIECE):
        piece = slice(start, start + PIECE)
        rows = read[piece] * np.sqrt(counted[piece, None])
        total += rows.T @ rows
    groups: dict[tuple[str, bool, bool], list[int]] = {}
    authentic: dict[str, list[int]] = {}
    for place, view in enumerate(views):
        if counted[place]:
            groups.setdefault((view.source, view.fake, view.forged), []).append(place)
        if not (view.fake or view.counterpart):
            authentic.setdefault(view.source, []).append(place)
    sums = np.stack([counted[rows] @ read[rows] / np.sqrt(counted[rows].sum()) for rows in groups.values()])
    total -= sums.T @ sums
    means = [read[rows].mean(0) for rows in authentic.values() if len(rows) >= FEW_OF_SOURCE]
    if sources and len(means) > 1:
        apart = np.stack(means) - np.mean(means, axis=0)
        total += np.float32(sources / len(means)) * (apart.T @ apart)
    return total


def direction(
    around: Floats, ridge: float, read: Floats, labels: np.ndarray, importance: np.ndarray
) -> tuple[np.ndarray, float]:
    """Coefficients (D,) and bias of the discriminant: the mean of reals lies at -0.5, that of fakes at 0.5.

    around: as ``spread`` gives it. labels: 0 or 1, (n,). importance: (n,), some of it on either class.
    """
    real, fake = (
        np.average(read, axis=0, weights=importance * (labels == label)).astype(np.float64) for label in (0, 1)
    )
    matrix = around.astype(np.float64)  # float32 would lose a thousandth of what comes out
    matrix[np.diag_indices(len(matrix))] += ridge
    found = cho_solve(cho_factor(matrix, overwrite_a=True), fake - real)
    found /= found @ (fake - real)
    return found, float(-found @ (fake + real) / 2)
