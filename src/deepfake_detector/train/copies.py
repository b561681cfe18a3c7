"""Further copies of training faces: processed ones, and faces as they are that no other job shows so.

Faces alone: heads for the whole picture that heard copies too knew sources left out worse (docs/experiments.md).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from .data import Row
from .sources import SOURCES
from .views import Job


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
        for _ in range(int(source.processed) + int(rng.random() < source.processed % 1)):
            drawn, _ = int(rng.integers(2**31)), rng.random()  # the second once chose the region: the next seeds follow
            jobs.append(Job(index, "processed", drawn, scene=False, face_alone=True))
        if index not in plain and rng.random() < source.also_plain:
            rng.random()  # as above
            jobs.append(Job(index, "plain", 0, scene=False, face_alone=True))
    return [jobs[i] for i in rng.permutation(len(jobs))]
