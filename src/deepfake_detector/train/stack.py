"""Learns how members become one calibrated score, on pictures that the members had not been fitted on.

Few numbers are learned, on purpose: a relative weight for each kind of network, and the slope and offset of a
calibration. Thirty free weights fitted the known sources better and the left-out ones worse (docs/experiments.md): they
believe whichever member knows the known sources best.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product

import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ..ensemble.aggregate import Linear, evidence, stretches

VAL = "val"
"""Fold name of new pictures of known sources; every other fold was held out with its sources."""
GRID = (0.0, 0.1, 0.2, 0.3, 0.5, 1.0)
VERDICT = np.array([0.15, 0.0, 0.0, 0.0, 1.0])
"""A member's say: some of its pooled logit, and the log-sum-exp of its families. How much was chosen by hand on sources
left out and on ``val``, as ``SCENE`` was; `fast` is from when it was a quarter."""
FEW_APPLYING = 100
"""With fewer new views of a class that would be judged as the situation says, all views are calibrated on."""
SCENE = 0.85
"""The say of the whole picture's members where there is a face, whose members have 1. Not learned: chosen by hand on
sources left out and on ``val``, with the heads that ship (docs/experiments.md); `fast` is from when it was 0.75."""


@dataclass(frozen=True)
class Table:
    """Logits of several members for the same pictures.

    members: names; logits: float64 (n, members, 4). fake: bool (n,); family, source: str (n,); weights: (n,), how much
    each picture counts; fold: str (n,), the fold in which it was held out, or ``VAL``; plain: bool (n,), whether it is
    as it was found, not handled; view: int (n,), the number of its view, of its face's where it has one; applies: bool
    (n,), whether the detector would judge it as the situation says: by the whole picture alone only without a face.
    """

    members: tuple[str, ...]
    logits: np.ndarray
    fake: np.ndarray
    family: np.ndarray
    source: np.ndarray
    weights: np.ndarray
    fold: np.ndarray
    plain: np.ndarray
    view: np.ndarray
    applies: np.ndarray

    def where(self, chosen: np.ndarray) -> Table:
        """The chosen rows."""
        rows = {field.name: getattr(self, field.name)[chosen] for field in fields(self) if field.name != "members"}
        return Table(self.members, **rows)

    def applying(self) -> Table:
        """The rows that apply; all rows where, of those that apply, new ones of a class are too few."""
        new = self.fake[self.applies & (self.fold == VAL)]
        enough = min(int(new.sum()), int((~new).sum())) >= FEW_APPLYING
        return self.where(self.applies) if enough else self

    def mixed(self, relative: Mapping[str, float]) -> np.ndarray:
        """Evidence of the members added up with relative weights, float64 (n, 5)."""
        weights = np.array([relative.get(name, 0.0) for name in self.members])
        return np.asarray(np.einsum("nme,m->ne", evidence(self.logits), weights))


def choose(table: Table, kinds: Sequence[str]) -> dict[str, float]:
    """Relative weights of the table's members: 1 for the first of ``kinds``, the best of ``GRID`` for the others.

    Best is the highest ``quality``. kinds: name prefixes ("clip", "conv", ...). Ties go to the smaller weights.
    """
    best, found = -1.0, {}
    said = evidence(table.logits) @ VERDICT  # (n, members): computed once for the whole grid
    for weights in product(*([(1.0,)] + [GRID] * (len(kinds) - 1))):
        by_kind = dict(zip(kinds, weights, strict=True))
        relative = {name: by_kind[name.split("-")[0]] * say(name, table.members) for name in table.members}
        reached = quality(table, said @ np.array([relative[name] for name in table.members]))
        if reached > best + 1e-6:
            best, found = reached, relative
    return found


def quality(table: Table, scores: np.ndarray) -> float:
    """Mean of two AUCs: over the left-out folds (their mean), and on new pictures of known sources.

    The other one where there are no pictures for one of them, 0.5 where there are none for either.
    """
    by_fold = fold_aucs(table, scores)
    known = [auc for fold, auc in by_fold.items() if fold == VAL]
    left_out = [auc for fold, auc in by_fold.items() if fold != VAL]
    means = [float(np.mean(aucs)) for aucs in (left_out, known) if aucs]
    return sum(means) / len(means) if means else 0.5


def say(name: str, members: Sequence[str]) -> float:
    """How much a member's verdict counts among these: 1, and ``SCENE`` for the whole picture's beside a face's."""
    beside_a_face = name.endswith("-scene") and any(other.endswith("-face") for other in members)
    return SCENE if beside_a_face else 1.0


def fold_aucs(table: Table, scores: np.ndarray) -> dict[str, float]:
    """AUC within every fold that has both classes."""
    result = {}
    for fold in sorted(set(table.fold)):
        rows = table.fold == fold
        if len(set(table.fake[rows])) == 2:
            result[fold] = float(roc_auc_score(table.fake[rows], scores[rows]))
    return result


def calibrated(x: np.ndarray, target: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, float]:
    """Platt scaling (Platt 1999) of the columns of x (n, k), both classes counting alike: (coefficients (k,), bias)."""
    balanced = weights.astype(np.float64).copy()
    for label in (False, True):
        balanced[target == label] /= balanced[target == label].sum()
    model = LogisticRegression(C=1e4, max_iter=1000).fit(x, target, sample_weight=balanced * len(target) / 2)
    coefficients = model.coef_[0].astype(np.float64)
    if x.shape[1] == 1 and coefficients[0] <= 0:
        return np.zeros(1), 0.0  # never believed in reverse: a member that only misleads says one half
    return coefficients, float(model.intercept_[0])


def linear(relative: Mapping[str, float], coefficients: np.ndarray, bias: float) -> Linear:
    """The score whose log-odds are ``coefficients . mixed + bias``, as the detector computes it."""
    weights = {name: tuple(float(c * weight) for c in coefficients) for name, weight in relative.items()}
    return Linear(weights, float(bias))


def verdict_score(table: Table, relative: Mapping[str, float]) -> Linear:
    """The calibrated score of "fake at all"."""
    slope, bias = calibrated((table.mixed(relative) @ VERDICT)[:, None], table.fake, table.weights)
    return linear(relative, slope[0] * VERDICT, bias)


def anchored(score: Linear, table: Table, alarms: float) -> Linear:
    """The score moved so that its 0 (one half) is the operating point, and calibrated around that.

    alarms: the share of new real pictures of known sources that may reach 0 (one of n pictures of a source counts as
    the root of n), as under a smaller prior probability of fakes. Slopes are the likeliest for all new pictures, each
    counting alike, so that a score says how often such pictures are fakes; but they never lead a real picture across
    the operating point. They stay near 1 where pictures are few (log-normal prior of spread 1).
    """
    said = scores(score, table)
    point = excess(said, table, alarms)
    new = table.fold == VAL
    sign = np.where(table.fake[new], 1.0, -1.0)
    parts = stretches(said[new] - point)

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        slopes = np.exp(logs)
        margin = sign * (parts @ slopes)
        gradient = (-sign / (1 + np.exp(np.clip(margin, -50, 50)))) @ parts * slopes + logs
        return float(np.logaddexp(0, -margin).sum() + logs @ logs / 2), gradient

    slopes = np.exp(minimize(loss, np.zeros(4), jac=True, method="L-BFGS-B", bounds=[(-5, 5)] * 4).x)
    return replace(score, bias=score.bias - point, slopes=tuple(map(float, slopes)))


def excess(scores: np.ndarray, table: Table, alarms: float) -> float:
    """The log-odds that less than ``alarms`` of the new real pictures reach; a source of n counts as the root of n."""
    rows = (table.fold == VAL) & ~table.fake
    sources = table.source[rows]
    weights = np.array([np.sum(sources == source) ** -0.5 for source in sources])
    order = np.argsort(-scores[rows])
    reached = np.cumsum(weights[order]) / weights.sum()
    return float(scores[rows][order][np.searchsorted(reached, alarms)]) + 1e-6  # that picture itself stays below


def family_score(table: Table, relative: Mapping[str, float], family: str) -> Linear:
    """The calibrated score of "a fake of this family", against real pictures and the other families' fakes.

    From new pictures of known sources: where a family's only source was left out, its head could not say anything.
    """
    known = table.where(table.fold == VAL)
    coefficients, bias = calibrated(known.mixed(relative)[:, :4], known.family == family, known.weights)
    return linear(relative, np.append(coefficients, 0.0), bias)


def scores(linear: Linear, table: Table) -> np.ndarray:
    """The log-odds of every row, float64 (n,)."""
    weights = np.array([linear.weights.get(name, (0.0,) * 5) for name in table.members])
    said = np.einsum("nme,me->n", evidence(table.logits), weights) + linear.bias
    return np.asarray(stretches(said) @ np.array(linear.slopes))
