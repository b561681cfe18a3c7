"""A linear discriminant: a second way to a linear voice, beside logistic regression.

Fisher's discriminant (1936, doi 10.1111/j.1469-1809.1936.tb02137.x), regularised (Friedman 1989, doi
10.1080/01621459.1989.10478752). Logistic regression is drawn by the views near its boundary, and so by what tells the
sources it has heard from one another; a discriminant hears of every view alike, through the classes' means and the
scatter. Departures: a constant is added to the variances, and nothing is shrunk between the classes' scatters; views
scatter inside their source and class, not inside their class alone, so what sources differ in is no noise unless asked
for; what authentic sources differ in may be added to it (as within-class covariance normalisation does for recordings
of a speaker, Hatch, Kajarekar and Stolcke, Interspeech 2006); and the scatter may be that of real pictures alone, which
a fake of a new kind is to stand out of. All views of a region say how views scatter, also those a head does not hear.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial

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
    the voice's slope. ridge: above 0, what is added to the variance of each standardised feature. sources: how often
    the scatter of the authentic sources' means is added. of_reals: whether real pictures alone say how views scatter.
    Raises ValueError for a share beyond 0 or 1, or no ridge.
    """

    share: float
    apart: float
    ridge: float
    sources: float = 0.0
    of_reals: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.share <= 1:
            raise ValueError(f"share is a share, 0 to 1, not {self.share}")
        if self.ridge <= 0:
            raise ValueError(f"ridge must be above 0, not {self.ridge}: there may be more features than views")


def scatter(
    read: Floats, views: Sequence[View], weights: np.ndarray, sources: float = 0.0, of_reals: bool = False
) -> Floats:
    """How views scatter around the mean of their source, class and origin (forged here or not), float32 (D, D).

    read: float32 (n, D), standardised. weights: how much each view counts, (n,). sources, of_reals: as
    ``Discriminant`` has them. Each authentic source counts alike in what sources differ in, and so does each of its
    views; the twins of forged pictures are none of them.
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
            groups.setdefault(view.stratum, []).append(place)
        if not (view.fake or view.counterpart):
            authentic.setdefault(view.source, []).append(place)
    sums = np.stack([counted[rows] @ read[rows] / np.sqrt(counted[rows].sum()) for rows in groups.values()])
    total -= sums.T @ sums
    means = [read[rows].mean(0) for rows in authentic.values() if len(rows) >= FEW_OF_SOURCE]
    if sources and len(means) > 1:
        differences = np.stack(means) - np.mean(means, axis=0)
        total += np.float32(sources / len(means)) * (differences.T @ differences)
    return total


Factor = tuple[np.ndarray, bool]
"""A scatter and its ridge, as ``scipy.linalg.cho_factor`` has them."""


def factor(around: Floats, ridge: float) -> Factor:
    """What ``scatter`` gave, with the ridge, made ready to be solved for any number of voices."""
    matrix = around.astype(np.float64)  # float32 would lose a thousandth of what comes out
    matrix[np.diag_indices(len(matrix))] += ridge
    made: Factor = cho_factor(matrix.T, overwrite_a=True)  # symmetric; LAPACK takes columns as they lie
    return made


def factors(read: Floats, views: Sequence[View], weights: np.ndarray) -> Callable[[float, bool, float], Factor]:
    """``factor`` of these views' scatter by sources, of_reals and ridge: each, and each scatter, is made once."""
    around = cache(partial(scatter, read, views, weights))
    return cache(lambda sources, of_reals, ridge: factor(around(sources, of_reals), ridge))


def direction(made: Factor, read: Floats, labels: np.ndarray, importance: np.ndarray) -> tuple[np.ndarray, float]:
    """Coefficients (D,) and bias of the discriminant: the mean of reals lies at -0.5, that of fakes at 0.5.

    made: as ``factor`` gives it. labels: 0 or 1, (n,). importance: (n,), some of it on either class.
    """
    of_class = [importance * (labels == label) for label in (0, 1)]
    real, fake = ((each / each.sum()).astype(np.float32) @ read for each in of_class)
    difference = (fake - real).astype(np.float64)
    found = cho_solve(made, difference)
    found /= found @ difference
    return found, float(-found @ (fake + real) / 2)
