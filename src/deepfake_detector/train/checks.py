"""What is looked at before anything is trained: repeated pictures, and labels that the file itself gives away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from ..errors import DataError
from ..evaluate.metrics import Figure, auc
from .data import Row
from .examine import Facts
from .folds import drawn
from .views import View

NEAR = 4
"""Perceptual hashes that differ in at most so many of 64 bits are of the same picture."""
GATE = 0.6
"""AUC of metadata alone above which the file is said to give the label away."""
_BANDS = ((0, 13), (13, 13), (26, 13), (39, 13), (52, 12))  # NEAR + 1: two near hashes agree on one of them at least
_GATE_SAMPLE = 6000
_ORDER = {"train": 0, "val": 1, "test": 2}


@dataclass(frozen=True)
class Repeat:
    """A picture that stands again in a later split (train, val, test in this order). distance: None: the same file."""

    row: Row
    again: Row
    distance: int | None

    def __str__(self) -> str:
        how = "the same file as" if self.distance is None else f"nearly the same ({self.distance} of 64 bits) as"
        return f"{self.row.split} {self.row.path}: {how} {self.again.split} {self.again.path}"


def parted(rows: Sequence[Row]) -> list[Row]:
    """Rows of which the group stands again in a later split: what they show would be learned and judged."""
    last: dict[str, int] = {}
    for row in rows:
        last[row.group] = max(last.get(row.group, 0), _ORDER[row.split])
    return [row for row in rows if _ORDER[row.split] < last[row.group]]


class Neighbours:
    """Which rows look alike. Exact: two 64-bit hashes within ``NEAR`` bits agree on one of five bands."""

    def __init__(self, rows: Sequence[Row], facts: Mapping[Path, Facts]) -> None:
        self.rows = rows
        self.looks = [facts[row.path].look for row in rows]
        self.of_look: dict[int, list[int]] = defaultdict(list)
        for index, look in enumerate(self.looks):
            self.of_look[look].append(index)
        self.near: dict[int, set[int]] = {look: {look} for look in self.of_look}
        for start, width in _BANDS:
            bands: dict[int, list[int]] = defaultdict(list)
            for look in self.of_look:
                bands[look >> start & (1 << width) - 1].append(look)
            for alike in bands.values():
                for place, look in enumerate(alike):
                    for other in alike[place + 1 :]:
                        if (look ^ other).bit_count() <= NEAR:
                            self.near[look].add(other)
                            self.near[other].add(look)

    def repeats(self) -> list[Repeat]:
        """Every row that stands again in a later split, with the nearest such row of the latest split."""
        found = []
        for index, row in enumerate(self.rows):
            again = [
                (-_ORDER[self.rows[i].split], (look ^ self.looks[index]).bit_count(), i)
                for look in self.near[self.looks[index]]
                for i in self.of_look[look]
                if _ORDER[self.rows[i].split] > _ORDER[row.split]
            ]
            if again:
                _, distance, other = min(again)
                same = self.rows[other].sha256 == row.sha256
                found.append(Repeat(row, self.rows[other], None if same else distance))
        return found

    def regrouped(self) -> list[Row]:
        """The rows, with groups that share a picture made one: what is held out must not stand in what is learned."""
        parent: dict[str, str] = {}

        def root(name: str) -> str:
            while parent.setdefault(name, name) != name:
                parent[name] = name = parent[parent[name]]
            return name

        for look, near in self.near.items():
            first = self.rows[self.of_look[look][0]].group
            for other in near:
                for index in self.of_look[other]:
                    a, b = root(first), root(self.rows[index].group)
                    parent[max(a, b)] = min(a, b)
        return [replace(row, group=root(row.group)) for row in self.rows]


def contradictions(rows: Sequence[Row]) -> list[str]:
    """Files of the same content that are called real in one place and fake in another."""
    first: dict[str, Row] = {}
    found = []
    for row in rows:
        before = first.setdefault(row.sha256, row)
        if before.fake != row.fake:
            words = ["fake" if one.fake else "real" for one in (before, row)]
            found.append(f"{before.path} ({words[0]}) is the same file as {row.path} ({words[1]})")
    return found


def gate(rows: Sequence[Row], facts: Mapping[Path, Facts], seed: int) -> Figure | None:
    """How well the label can be told without looking at the picture: AUC, cross-validated with groups kept together.

    From bytes per pixel, width, height, format and mean of the JPEG quantisation tables of the training and validation
    files (a sample of at most 6,000). None where a class has too few groups for two folds.
    """
    chosen = [row for row in rows if row.split in ("train", "val")]
    chosen = sorted(chosen, key=lambda row: drawn(row.sha256, seed))[:_GATE_SAMPLE]
    fake = np.array([row.fake for row in chosen])
    groups = np.array([row.group for row in chosen])
    folds = min(5, *(len(set(groups[fake == label])) for label in (True, False)))
    if folds < 2:
        return None
    formats = sorted({facts[row.path].format for row in chosen})
    x = np.array([_metadata(facts[row.path], formats) for row in chosen])
    forest = RandomForestClassifier(100, min_samples_leaf=5, random_state=seed)
    parts = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    score = cross_val_predict(forest, x, fake, groups=groups, cv=parts, method="predict_proba")[:, 1]
    return auc(fake, score)


def _metadata(facts: Facts, formats: Sequence[str]) -> list[float]:
    pixels = facts.width * facts.height
    return [facts.bytes / pixels, facts.width, facts.height, facts.table, *(float(facts.format == f) for f in formats)]


def warning(figure: Figure) -> str | None:
    """What to say where the gate is passed; None where it is not."""
    if figure.value <= GATE:
        return None
    return (
        "The file gives the answer away: size, format and compression alone tell fake from real with an AUC of "
        f"{figure}. A detector trained on these files may learn that and not the forgery. Bring both classes to one "
        "format, size and quality (decode, resize, encode all of them alike) before you believe any figure."
    )


def assert_polarity(views: Sequence[View], rows: Sequence[Row]) -> None:
    """Raise DataError unless every view carries the label of the picture it was made of (a forged one is fake)."""
    for view in views:
        row, forged = rows[view.row], view.forged
        if view.fake != (row.fake or forged) or (forged and row.fake) or view.split != row.split:
            raise DataError(
                f"{row.path}: is {'fake' if row.fake else 'real'} in {row.split}, but a stored view of it is "
                f"{'fake' if view.fake else 'real'} in {view.split}. Remove the --work folder and start again."
            )
