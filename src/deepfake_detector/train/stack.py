"""Learns how members become one calibrated score, on logits of sources that the members had not been fitted on.

Stacked generalisation with folds that are sources. Non-negative weights: a member may be ignored, never believed in
reverse, which is what an in-domain fit likes to do and what breaks on the next generator.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from ..ensemble.aggregate import Linear, evidence


@dataclass(frozen=True)
class Table:
    """Logits of several members for the same pictures.

    members: names; logits: float64 (n, members, 4). fake: bool (n,); family: str (n,); weights: (n,), how much each
    picture counts; fold: str (n,), the fold in which it was held out.
    """

    members: tuple[str, ...]
    logits: np.ndarray
    fake: np.ndarray
    family: np.ndarray
    weights: np.ndarray
    fold: np.ndarray

    def where(self, chosen: np.ndarray) -> Table:
        """The chosen rows."""
        return Table(
            self.members,
            self.logits[chosen],
            self.fake[chosen],
            self.family[chosen],
            self.weights[chosen],
            self.fold[chosen],
        )

    def design(self) -> np.ndarray:
        """float64 (n, members * 5): what ``aggregate.evidence`` makes of the logits."""
        return evidence(self.logits).reshape(len(self.logits), -1)


def fit(table: Table, penalty: float, columns: Sequence[int] | None = None, family: str | None = None) -> Linear:
    """A calibrated linear score with non-negative weights.

    penalty: L2, in units of one picture of mean weight. columns: which evidence may count (all where None).
    family: the target is a fake of this family, other fakes are left out (any fake where None).
    """
    if family is not None:
        table = table.where(~table.fake | (table.family == family))
    x, y = table.design(), table.fake
    if columns is not None:
        x = x[:, list(columns)]
    weights = table.weights.astype(np.float64).copy()
    for label in (False, True):
        weights[y == label] /= weights[y == label].sum()
    weights *= len(y) / 2
    scale = np.sqrt((weights[:, None] * x**2).sum(0) / weights.sum()) + 1e-6
    x = x / scale
    sign = np.where(y, 1.0, -1.0)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        w, bias = parameters[:-1], parameters[-1]
        margin = sign * (x @ w + bias)
        slope = -sign * weights / (1 + np.exp(np.clip(margin, -40, 40)))
        value = float((weights * np.logaddexp(0, -margin)).sum()) + penalty * float(w @ w) / 2
        return value, np.append(x.T @ slope + penalty * w, slope.sum())

    count = x.shape[1]
    start = np.append(np.full(count, 0.1), 0.0)
    bounds = [(0, None)] * count + [(None, None)]
    best = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    full = np.zeros(len(table.members) * 5)
    full[list(columns) if columns is not None else slice(None)] = best.x[:-1] / scale
    by_member = full.reshape(len(table.members), 5)
    weights_of = {name: tuple(map(float, row)) for name, row in zip(table.members, by_member, strict=True)}
    return Linear(weights_of, float(best.x[-1]))


def scores(linear: Linear, table: Table) -> np.ndarray:
    """The log-odds of every row, float64 (n,)."""
    weights = np.concatenate([linear.weights.get(name, (0.0,) * 5) for name in table.members])
    return np.asarray(table.design() @ weights + linear.bias)
