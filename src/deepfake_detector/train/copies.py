"""Further copies of training pictures: processed ones, and pictures as they are that no other job shows so."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from .data import Row
from .sources import SOURCES
from .views import Job

SCENE = 0.5
"""Of the share of a source's pictures that are also seen whole, so much."""


def further(rows: Sequence[Row], plain: Collection[int], seed: int) -> list[Job]:
    """Jobs in a random order. rows: all that the store is made of; plain: which of them are seen as they are already.

    Only pictures of the training split.
    """
    rng = np.random.default_rng(seed)
    jobs = []
    for index, row in enumerate(rows):
        if row.split != "train":
            continue
        source = SOURCES[row.source]
        share = source.scene * SCENE if source.scene < 1 else 1.0
        copies = int(source.processed) + int(rng.random() < source.processed % 1)
        jobs += [Job(index, "processed", int(rng.integers(2**31)), bool(rng.random() < share)) for _ in range(copies)]
        if index not in plain and rng.random() < source.also_plain:
            jobs.append(Job(index, "plain", 0, bool(rng.random() < share)))
    return [jobs[i] for i in rng.permutation(len(jobs))]
