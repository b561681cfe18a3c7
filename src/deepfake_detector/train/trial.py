"""How heads under trial read each source: left out with its fold, and known. Needs no torch.

The mean over all pictures has misled (docs/experiments.md): what one source gains can hide what another loses. So every
source is a line of its own, and a choice is made by all lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from ..ensemble.aggregate import evidence
from . import stack
from .assemble import FEW_OF_SOURCE
from .folds import PACK, Folds
from .sources import REALS
from .views import View


@dataclass(frozen=True)
class Line:
    """name: which fakes, against which reals. fakes: how many untouched ones.

    untouched, handled: AUC of the verdict's evidence, NaN with fewer than ``FEW_OF_SOURCE`` fakes or reals.
    """

    name: str
    fakes: int
    untouched: float
    handled: float


def said(table: stack.Table) -> np.ndarray:
    """What the heads say together as in a bundle's verdict, before calibration, float64 (n,)."""
    says = np.array([stack.say(name, table.members) for name in table.members])
    return np.asarray(evidence(table.logits) @ stack.VERDICT @ says)


def read(table: stack.Table, views: Sequence[View], folds: Folds = PACK) -> list[Line]:
    """A line for each source of fakes left out, and their mean; then for those known, and all of ``val`` together.

    views: those that ``table.view`` counts. A source left out stands against the reals of its fold. A known one stands
    against new reals of its fold, and against those of all other sources: known GAN faces on new reals told before any
    other line whether unseen GANs would be known. Pictures forged by this project are not read as fakes.
    """
    score = said(table)
    forged = np.array([views[i].forged for i in table.view])
    fold = np.array([folds.of(views[i]) for i in table.view])
    new = table.fold == stack.VAL
    fakes, reals = table.fake & ~forged, ~table.fake

    def line(name: str, positive: np.ndarray, negative: np.ndarray) -> Line:
        plain, handled = (_auc(score, positive & kind, negative & kind) for kind in (table.plain, ~table.plain))
        return Line(name, int((positive & table.plain).sum()), plain, handled)

    lines = []
    for source in _sources(table, fakes & ~new):
        rows = ~new & (fold == fold[table.source == source][0])
        lines.append(line(f"left out: {source}", rows & fakes & (table.source == source), rows & reals))
    lines.append(_mean("left out: mean over sources", lines))
    for source in _sources(table, fakes & new):
        ours = table.source == source
        lines.append(line(f"val: {source}", new & fakes & ours, new & reals & (fold == fold[ours][0])))
        lines.append(line(f"val: {source}, other sources' reals", new & fakes & ours, new & reals & ~ours))
    lines.append(line("val: all", new & fakes, new & reals))
    lines.append(line("val: all, hard reals", new & fakes, new & reals & np.isin(table.source, REALS)))
    return lines


def _sources(table: stack.Table, rows: np.ndarray) -> list[str]:
    return sorted({str(name) for name in table.source[rows]})


def _auc(score: np.ndarray, fakes: np.ndarray, reals: np.ndarray) -> float:
    if min(fakes.sum(), reals.sum()) < FEW_OF_SOURCE:
        return float("nan")
    rows = fakes | reals
    return float(roc_auc_score(fakes[rows], score[rows]))


def _mean(name: str, lines: Sequence[Line]) -> Line:
    """Of the lines that have both figures."""
    given = [(line.untouched, line.handled) for line in lines if not np.isnan([line.untouched, line.handled]).any()]
    untouched, handled = np.mean(given, axis=0) if given else (float("nan"), float("nan"))
    return Line(name, sum(line.fakes for line in lines), float(untouched), float(handled))
