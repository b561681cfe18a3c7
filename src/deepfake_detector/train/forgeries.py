"""Further forgeries of the image pack's real faces, with donors of any source and faces that show nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .data import Row
from .sources import SOURCES
from .views import Job, forged, reals_of, with_twin

COUNTS = {name: source.further for name, source in SOURCES.items() if source.further}
"""Of each source's real faces so many with a donor of the same source, and so many with one of any."""
GENERATED_DONOR = 0.3
"""Share of the latter that get a face made by a generator (as in OpenForensics, arXiv 2107.14480)."""
WEIGHT = {"face": 0.25, "scene": 0.15}
"""How much a forged picture counts where these are among them: they are cheap, and must not outweigh what was found.
More among faces, of which there are further copies (``copies``)."""


def further(rows: Sequence[Row], made: Sequence[Row], seed: int, counts: Mapping[str, int] = COUNTS) -> list[Job]:
    """Forgeries and twins, in a random order. rows: the pack; made: faces that show nobody, numbered on after ``rows``.

    Donors of any source are drawn source by source, so that each has as many.
    """
    rng = np.random.default_rng(seed)
    jobs = forged(rows, rng, counts)
    reals = {source: reals_of(rows, source) for source in counts}
    nobodies = [len(rows) + i for i, row in enumerate(made) if row.split == "train"]
    for source, count in counts.items():
        for _ in range(count):
            index, drawn = int(rng.choice(reals[source])), int(rng.integers(2**31))
            donors = nobodies if rng.random() < GENERATED_DONOR else reals[str(rng.choice(sorted(counts)))]
            donor, scene = int(rng.choice(donors)), bool(rng.random() < 0.3)
            jobs += with_twin(Job(index, "composite", drawn, scene, donor), rng)
    return [jobs[i] for i in rng.permutation(len(jobs))]
