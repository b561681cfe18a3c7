"""Intervals: the percentile bootstrap (Efron 1979) over pictures, all draws at once.

A draw is how often each picture was taken, so a statistic of a draw is a weighted statistic, and a block of draws is a
matrix. Two thousand draws of 3,000 pictures take seconds where as many calls to scikit-learn take minutes; the tests
hold the weighted statistics, all weights one, to scikit-learn's values.

Pictures are drawn as if they were independent. Where many show the same thing (frames of one video) the intervals are
too narrow.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

DRAWS, SEED = 2000, 0
_BLOCK = 300_000
"""Cells of a block of draws: bounds the memory, and small blocks stay in the cache."""

Array: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]


def rows_drawn(count: int, draws: int = DRAWS) -> Iterator[npt.NDArray[np.int64]]:
    """Row numbers (a block of draws, ``count``), with replacement; the same ones at every call."""
    rng = np.random.default_rng(SEED)
    step = max(1, _BLOCK // max(count, 1))
    for begin in range(0, draws, step):
        yield rng.integers(0, count, (min(step, draws - begin), count))


def weights_drawn(count: int, draws: int = DRAWS) -> Iterator[Array]:
    """How often each of ``count`` rows was taken, (a block of draws, ``count``), of the draws of ``rows_drawn``."""
    for rows in rows_drawn(count, draws):
        cells = rows + np.arange(len(rows))[:, None] * count
        yield np.bincount(cells.ravel(), minlength=rows.size).reshape(rows.shape).astype(np.float64)


def percentiles(values: Array) -> tuple[float, float] | None:
    """2.5 and 97.5 % of the draws that have a value (not NaN); None where no draw has one."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


def of_shares(hits: Bools) -> tuple[float, float] | None:
    """Interval of the share of true values in ``hits`` (n,)."""
    return percentiles(np.concatenate([hits[rows].mean(axis=1) for rows in rows_drawn(len(hits))]))


def of_statistics(
    statistics: Callable[[Array], Mapping[str, Array]], count: int
) -> dict[str, tuple[float, float] | None]:
    """Intervals by name of statistics that take weights (d, ``count``) and give an array (d,) for each name."""
    blocks = [statistics(weights) for weights in weights_drawn(count)]
    return {name: percentiles(np.concatenate([block[name] for block in blocks])) for name in blocks[0]}


class Ranked:
    """Scores in order, once, so that whatever a ROC curve gives is a few sums for each draw.

    fake: (n,) bool. score: (n,) P(fake). A threshold stands at each distinct score, from the highest down.
    """

    def __init__(self, fake: Bools, score: Array) -> None:
        values, place = np.unique(-score, return_inverse=True)  # ascending in -score: descending in score
        self.order = np.argsort(place, kind="stable")
        self.starts = np.searchsorted(place[self.order], np.arange(len(values)))
        self.fake = fake[self.order].astype(np.float64)

    def counts(self, weights: Array) -> tuple[Array, Array]:
        """Fakes and reals at or above each threshold, both (d, thresholds), for weights (d, n)."""
        ordered = weights[:, self.order]
        fakes = np.add.reduceat(ordered * self.fake, self.starts, axis=1)
        reals = np.add.reduceat(ordered * (1 - self.fake), self.starts, axis=1)
        return np.cumsum(fakes, axis=1), np.cumsum(reals, axis=1)

    def statistics(self, weights: Array) -> dict[str, Array]:
        """``auc``, ``average_precision``, ``eer``, ``tpr_at_1_fpr``, ``tpr_at_5_fpr``, each (d,), for weights (d, n).

        NaN for a draw without one of the classes.
        """
        fakes, reals = self.counts(weights)
        with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
            start = np.zeros((len(weights), 1))
            tpr = np.hstack([start, fakes / fakes[:, -1:]])
            fpr = np.hstack([start, reals / reals[:, -1:]])
            precision = fakes / (fakes + reals)
            gained = np.diff(tpr, axis=1)
            # A threshold above all scores of a draw has taken nothing: 0 / 0, and nothing gained.
            average_precision = np.where(gained > 0, gained * precision, 0).sum(axis=1)
            found = {
                "auc": (np.diff(fpr, axis=1) * (tpr[:, 1:] + tpr[:, :-1]) / 2).sum(axis=1),
                "average_precision": average_precision,
                "eer": _equal_error(fpr, tpr),
                "tpr_at_1_fpr": np.where(fpr <= 0.01, tpr, 0).max(axis=1),
                "tpr_at_5_fpr": np.where(fpr <= 0.05, tpr, 0).max(axis=1),
            }
        one_class = (fakes[:, -1] == 0) | (reals[:, -1] == 0)
        return {name: np.where(one_class, np.nan, values) for name, values in found.items()}


def _equal_error(fpr: Array, tpr: Array) -> Array:
    """Where a ROC curve (d, points) crosses FPR = 1 - TPR, straight lines between its points; (d,)."""
    gap = fpr + tpr - 1  # from -1 to 1, never falling
    after = np.maximum(1, np.argmax(gap >= 0, axis=1))[:, None]
    low, high = np.take_along_axis(gap, after - 1, axis=1), np.take_along_axis(gap, after, axis=1)
    f0, f1 = np.take_along_axis(fpr, after - 1, axis=1), np.take_along_axis(fpr, after, axis=1)
    return np.asarray((f0 + (f1 - f0) * (-low / (high - low)))[:, 0])
