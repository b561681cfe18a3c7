"""Heads of a bundle taught further: each keeps its voices, and gets one linear correction learned from new pictures.

What is added to all voices of a head is added to their log-sum-exp, so a head corrected is again a head of the same
form. The penalty falls on the correction, that is on the distance from the base (L2-SP, Li et al. 2018, arXiv
1802.01483; departure: the distance is one vector a head, whatever its voices): what the new pictures say nothing about
stays as it was, and few pictures move a head little.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..models.card import OUTPUTS
from ..types import Floats
from . import heads, tuning
from .targets import targets
from .views import View

FIRMNESS = 0.0005


def strength_for(count: int) -> float:
    """The strength for ``count`` views: falls with their root, so that more pictures move a head further, but slowly.

    Chosen with scripts/measure_adaptation.py (docs/experiments.md): with 60 to 600 pictures of a source that the base
    does not know, this costs 0.009 of AUC on the sources it knows; a fixed strength of 0.001 costs four times as much.
    """
    return FIRMNESS / math.sqrt(count)


def adapted(
    taken: Floats,
    views: Sequence[View],
    weights: np.ndarray,
    base: heads.Heads,
    strength: float,
) -> heads.Heads:
    """The base's heads corrected by what ``views`` teach.

    taken: float32 (n, D), as ``base.selection.take`` gives them. weights: how much each view counts, (n,). strength:
    inverse of the penalty, for the summed loss of views whose mean weight is 1. Each correction is fitted with the care
    of the head's first voice in ``tuning.CARE``. A head with fewer than ``heads.FEW`` fakes among ``views`` stays as it
    is, to the bit.
    """
    labels, mask = targets(views)
    plain = np.array([view.how == "plain" for view in views])
    before = base.of_taken(taken)
    coefficients, bias = base.weights.copy(), base.bias.copy()
    ends = np.cumsum(base.voices)
    for head, name in enumerate(OUTPUTS):
        care = tuning.CARE[name][0]
        if (labels[:, head] * mask[:, head]).sum() < heads.FEW:
            continue
        importance = care.trust * heads.balanced(
            weights * mask[:, head] * np.where(plain, care.plain, 1.0), labels[:, head]
        )
        rows = base.selection.places(care.statistics)
        read = taken[:, rows]
        centre, spread = read.mean(0), read.std(0) + 1e-3
        correction, offset = heads.logistic(
            (read - centre) / spread, labels[:, head], importance, strength, before[:, head]
        )
        added = correction / spread
        columns = slice(ends[head] - base.voices[head], ends[head])
        coefficients[rows, columns] += added[:, None].astype(np.float32)
        bias[columns] += np.float32(offset - centre @ added)
    return replace(base, weights=coefficients, bias=bias)
