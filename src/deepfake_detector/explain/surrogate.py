"""The weighted ridge regression that LIME reads a classifier with. numpy only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Bools, Floats64

KERNEL_WIDTH = 0.25
_ALPHA = 1.0
_SPLITS = 10


@dataclass(frozen=True, eq=False)
class Fit:
    """weights, errors: float64 (n,), a coefficient and its standard error for each part. intercept: the prediction
    with every part hidden. r2: share of the scores' weighted variance explained. local: prediction for the whole.
    """

    weights: Floats64
    errors: Floats64
    intercept: float
    r2: float
    local: float


def draw(samples: int, parts: int, seed: int) -> Bools:
    """Which parts are kept in each sample, bool (samples, parts). The first keeps all; the draws are ``lime``'s own."""
    data = np.random.RandomState(seed).randint(0, 2, samples * parts).reshape(samples, parts)
    data[0] = 1
    return np.asarray(data, bool)


def proximity(keep: Bools) -> Floats64:
    """exp(-d^2 / width^2) under a square root, d the cosine distance to the whole picture; float64 (n,)."""
    kept = keep.sum(1)
    distance = 1 - np.sqrt(kept / keep.shape[1])  # the cosine of a 0/1 vector and a vector of ones; all hidden: 1
    return np.asarray(np.sqrt(np.exp(-(distance**2) / KERNEL_WIDTH**2)), np.float64)


def fit(keep: Bools, scores: Floats64) -> Fit:
    """Ridge regression (penalty 1, intercept free) of scores (n,) on what was kept, weighted by proximity."""
    weights = proximity(keep)
    total = weights.sum()
    x, y = keep.astype(np.float64), np.asarray(scores, np.float64)
    x_mean, y_mean = weights @ x / total, float(weights @ y / total)
    xc, yc = x - x_mean, y - y_mean
    inverse = np.linalg.inv((xc * weights[:, None]).T @ xc + _ALPHA * np.eye(x.shape[1]))
    spread = float(weights @ yc**2)
    moved = spread > 1e-18  # else there is nothing but rounding, and a map of rounding would look like any other
    coefficients = inverse @ ((xc * weights[:, None]).T @ yc) if moved else np.zeros(x.shape[1])
    residual = yc - xc @ coefficients
    r2 = 1 - float(weights @ residual**2) / spread if moved else 0.0
    # The sandwich: samples differ in weight, and need not differ in noise.
    middle = (xc * (weights * residual)[:, None]).T @ (xc * (weights * residual)[:, None])
    errors = np.sqrt(np.maximum(np.diag(inverse @ middle @ inverse), 0))
    intercept = y_mean - float(x_mean @ coefficients)
    return Fit(coefficients, errors, intercept, r2, intercept + float(coefficients.sum()))


def stability(keep: Bools, scores: Floats64, seed: int) -> float:
    """How alike the maps of two seeds would be: the expected correlation of their coefficients, at most 1.

    The samples are split into halves at random, ten times; a half is a run with a seed of its own and half the samples.
    The mean correlation r of the two halves' coefficients becomes that of whole runs by the formula of Spearman and
    Brown (1910), 2r / (1 + r). It costs no call of the classifier.
    """
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_SPLITS):
        order = rng.permutation(len(keep))
        first, second = (fit(keep[half], scores[half]).weights for half in np.array_split(order, 2))
        if min(first.std(), second.std()) > 1e-12:
            found.append(float(np.corrcoef(first, second)[0, 1]))
    if not found:
        return 0.0
    r = max(float(np.mean(found)), 0.0)
    return 2 * r / (1 + r)
