"""Which views are made of a user's pictures (the image pack has a plan of its own in ``views``)."""

from __future__ import annotations

from collections import Counter

import numpy as np

from .data import Row
from .folds import drawn
from .views import Job, forged

HANDLED = 2
"""Handled copies of each training picture, beside the picture as it is; a validation picture has one."""
FORGED_SHARE = 0.25
"""Forged pictures for each real training picture. Where no face is found in one, nothing is made of it."""


def plan(rows: list[Row], seed: int) -> list[Job]:
    """The jobs for ``rows`` in a random order, so that the time left can be told from the beginning."""
    rng = np.random.default_rng(seed)
    jobs: list[Job] = []
    for index, row in enumerate(rows):
        copies = {"train": HANDLED, "val": 1}.get(row.split)
        if copies is not None:
            jobs.append(Job(index, "plain", 0, True))
            jobs += [Job(index, "handled", _seed(row, copy, seed), True) for copy in range(copies)]
    reals = Counter(row.source for row in rows if row.split == "train" and not row.fake)
    jobs += forged(rows, rng, {source: round(reals[source] * FORGED_SHARE) for source in sorted(reals)})
    return [jobs[i] for i in rng.permutation(len(jobs))]


def _seed(row: Row, copy: int, seed: int) -> int:
    """Of the picture's content: it is handled the same way whatever else is in the set, so its features are known."""
    return int(drawn(f"{row.sha256}/{copy}", seed)[:8], 16) % 2**31
