"""What the heads and networks are taught, and how much each view counts. Needs no torch.

Targets (N, 4) as ``card.OUTPUTS``: any fake, then each family against all real pictures; a fake says nothing about the
heads of the other families, so those are masked. A fake of an unknown family teaches the first output alone. The real
counterpart of a forged picture teaches what its forgery teaches, no more: many forgeries must not make the other heads
hear one source's real pictures above all others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..types import FAMILIES, Family
from .views import FORGED_FAMILY, View


def targets(views: Sequence[View]) -> tuple[np.ndarray, np.ndarray]:
    """(labels, mask), float32 (n, 4) each."""
    labels = np.zeros((len(views), 1 + len(FAMILIES)), np.float32)
    mask = np.ones_like(labels)
    for i, view in enumerate(views):
        if view.fake:
            mask[i, 1:] = 0
            labels[i, 0] = 1
            if view.family:
                head = 1 + FAMILIES.index(view.family)
                labels[i, head] = mask[i, head] = 1
        elif view.counterpart:
            mask[i, 1:] = 0
            mask[i, 1 + FAMILIES.index(FORGED_FAMILY)] = 1
    return labels, mask


def of_head(
    labels: np.ndarray, mask: np.ndarray, head: int, also: Sequence[Family] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """Of what ``targets`` gave one head's part, (n,) each; with what the heads of other families hear, as they do.

    head: its place in ``card.OUTPUTS``. also: those families. Raises ValueError for one that is none.
    """
    heard = [head, *(1 + FAMILIES.index(family) for family in also)]
    return labels[:, heard].max(axis=1), mask[:, heard].max(axis=1)


def weights(views: Sequence[View], power: float = 0.5, forged: float = 1.0) -> np.ndarray:
    """Sampling weights, float64 (n,), summing to 1: half real, half fake; inside, a source counts n ** power.

    forged: what the weights of pictures forged by this project are multiplied by in the end; the sum changes with it.
    """
    keys = [view.stratum for view in views]
    counts = Counter(keys)  # in order of appearance: sums of floats come out the same in every run
    totals = {fake: sum(n**power for key, n in counts.items() if key[1] == fake) for fake in (True, False)}
    return np.array(
        [counts[key] ** (power - 1) / totals[key[1]] / 2 * (forged if key[2] else 1.0) for key in keys], float
    )
