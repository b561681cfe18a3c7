"""Further forgeries of the image pack's real faces: with donors of any source and faces that show nobody, repainted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

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
HASH = 16
"""So many figures of its original's SHA-256 begin the name of a repainted picture."""


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


def originals(rows: Sequence[Row], repainted: Sequence[Row]) -> dict[int, int]:
    """Which of ``rows`` each fake of ``repainted`` was made of, by their numbers: its file's name begins with the hash.

    Raises ValueError where the pack lacks one.
    """
    known = {row.sha256[:HASH]: number for number, row in enumerate(rows)}
    fakes = {number: row.path.name[:HASH] for number, row in enumerate(repainted) if row.fake}
    lacking = [name for name in fakes.values() if name not in known]
    if lacking:
        raise ValueError(f"{len(lacking)} swaps were made of pictures that this pack lacks, the first of {lacking[0]}")
    return {number: known[name] for number, name in fakes.items()}


def as_of_originals(rows: Sequence[Row], repainted: Sequence[Row]) -> list[Row]:
    """The rows of ``repainted``, the fakes as of the source and group of what they show: they are held out with it.

    The networks that painted them have learned faces of all sources.
    """
    result = list(repainted)
    for number, original in originals(rows, repainted).items():
        of = rows[original]
        result[number] = replace(repainted[number], source=of.source, group=of.group)
    return result


def of_networks(rows: Sequence[Row], repainted: Sequence[Row], start: int, seed: int) -> list[Job]:
    """Jobs of the fakes that ``scripts/make_swaps.py`` made, and of originals in the pack, in a random order.

    Of faces alone: heads of whole pictures do not hear them. rows: the pack; repainted: rows of that folder, numbered
    on from ``start``.
    """
    rng = np.random.default_rng(seed)
    jobs = []
    for number, original in originals(rows, repainted).items():
        painted = Job(start + number, "repainted", int(rng.integers(2**31)), False, face_alone=True)
        forgery, *twin = with_twin(painted, rng)
        jobs += [forgery, *(replace(job, row=original, how="original") for job in twin)]
    return [jobs[i] for i in rng.permutation(len(jobs))]
