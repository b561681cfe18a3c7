"""Which training pictures are held out together, so that every score the stack learns from is of a picture not learned.

By source wherever it can be: a member judged on new pictures of a source it knows tells little of what it will say of a
source it does not know. With few sources, by group (pictures that show the same thing stay together).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import DataError
from .data import Row
from .sources import FOLDS, SOURCES
from .views import View

LEAST_SOURCES = 3
"""Fewer folds of sources than this, and folds are made of groups."""
GROUP_FOLDS = 5


@dataclass(frozen=True)
class Folds:
    """Sources by the name of their fold; or, where ``of_group`` is given, the fold's name by group (sources empty)."""

    sources: Mapping[str, frozenset[str]]
    of_group: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """The folds, in order."""
        return tuple(self.sources)

    def of(self, view: View) -> str:
        """The fold a view of the training split belongs to."""
        if self.of_group:
            return self.of_group[view.group]
        return next(name for name, sources in self.sources.items() if view.source in sources)

    def key(self) -> object:
        """What tells one division from another, as plain JSON types."""
        sources = {name: sorted(held) for name, held in self.sources.items()}
        if not self.of_group:
            return sources
        return [sources, hashlib.sha256(json.dumps(sorted(self.of_group.items())).encode()).hexdigest()]

    def halves(self) -> tuple[frozenset[str], ...]:
        """The folds in two parts, for what costs too much to train once a fold."""
        return frozenset(self.names[::2]), frozenset(self.names[1::2])

    def describe(self) -> str:
        """For people."""
        if self.of_group:
            return f"{len(self.names)} folds of groups (too few sources to hold out by source)"
        return f"{len(self.names)} folds of sources: {'; '.join(' + '.join(sorted(s)) for s in self.sources.values())}"


PACK = Folds({fold: frozenset(name for name, source in SOURCES.items() if source.fold == fold) for fold in FOLDS})
"""Of the sources that the recipe of the shipped bundles knows."""

PACK_HALVES: tuple[frozenset[str], ...] = (
    frozenset({"dfdc", "stylegan", "scenes"}),
    frozenset({"openforensics", "modern", "portraits"}),
)
"""Networks cost too much to train once a fold: they are cross-fitted on two halves of the folds."""


def apart(views: Sequence[View], held: np.ndarray) -> np.ndarray:
    """Which views show nothing of what those of ``held``, bool (n,), show: those of other groups, bool (n,).

    Folds of sources may share a group: pictures that are nearly the same (``checks.Neighbours.regrouped``).
    """
    group = np.array([view.group for view in views])
    return ~held & ~np.isin(group, group[held & (group != "")])


def divide(rows: Sequence[Row], seed: int) -> Folds:
    """Folds for the training pictures among ``rows``: of sources where at least three can be made, else of groups.

    A fold of sources has both classes, and so have the others together: a source with both is one by itself, sources
    of fakes alone are paired with sources of reals alone. Raises DataError where a class has a single group.
    """
    training = [row for row in rows if row.split == "train"]
    return _by_source(training) or _by_group(training, seed)


def _by_source(rows: Sequence[Row]) -> Folds | None:
    fakes, reals = ({row.source for row in rows if row.fake == fake} for fake in (True, False))
    folds = [{source} for source in sorted(fakes & reals)]
    only_fakes, only_reals = sorted(fakes - reals), sorted(reals - fakes)
    pairs = min(len(only_fakes), len(only_reals))
    folds += [{fake, real} for fake, real in zip(only_fakes[:pairs], only_reals[:pairs], strict=True)]
    if len(folds) < LEAST_SOURCES:
        return None
    count = {source: sum(row.source == source for row in rows) for source in fakes | reals}
    for source in (*only_fakes[pairs:], *only_reals[pairs:]):
        min(folds, key=lambda fold: sum(count[s] for s in fold)).add(source)
    return Folds({" + ".join(sorted(fold)): frozenset(fold) for fold in folds})


def _by_group(rows: Sequence[Row], seed: int) -> Folds:
    """Groups in the order of a hash, dealt out by turns, class by class."""
    classes: dict[str, set[bool]] = {}
    for row in rows:
        classes.setdefault(row.group, set()).add(row.fake)
    have = {word: sum(fake in found for found in classes.values()) for word, fake in (("fake", True), ("real", False))}
    scarce = min(have, key=lambda word: have[word])
    if have[scarce] < 2:
        raise DataError(
            f"The {scarce} training pictures are all of one group, so none can be held out. Give more {scarce} "
            "pictures that show something else, or correct the column group."
        )
    count = min(GROUP_FOLDS, have[scarce])
    names = [f"{number + 1} of {count}" for number in range(count)]
    of_group: dict[str, str] = {}
    for kind in sorted({tuple(sorted(found)) for found in classes.values()}):
        groups = [group for group, found in classes.items() if tuple(sorted(found)) == kind]
        for place, group in enumerate(sorted(groups, key=lambda g: drawn(g, seed))):
            of_group[group] = names[place % count]
    return Folds({name: frozenset() for name in names}, of_group)


def drawn(name: str, seed: int) -> str:
    """A random order that depends on the name (which need not be text) and the seed, not on what else is in the set."""
    return hashlib.sha256(f"{seed}/{name}".encode(errors="surrogateescape")).hexdigest()
