"""From what the user named to the rows that are trained on: labels, sources, splits, groups, families.

Label polarity is settled here, once: ``fake`` is True for the class to be found, whatever the files call it.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from tabulate import tabulate

from ..errors import DataError
from ..evaluate.manifest import LabelledPicture, read_pictures
from ..types import FAMILIES, Family
from .data import Row
from .examine import Facts
from .folds import drawn
from .sources import family_of

READ = ("train", "val", "test")
"""Splits that mean something here. ``test`` is only held against the others, never learned from."""
HELD_OUT = 0.1
"""Share of the groups of a source that is held out where the source has no validation pictures."""
FEW_GROUPS = 10
"""Sources with fewer groups than this are held out from as one."""
FAMILY_OF_FOLDER: Mapping[str, Family] = {
    "140k-real-and-fake-faces": "gan",
    "real_vs_fake": "gan",
    "deepfake-and-real-images": "swap",
}
"""Folders in which Kaggle's two sets lie, and their fakes: faces by StyleGAN; faces swapped into photographs."""
LEAST: Mapping[str, int] = {"train": 20, "val": 4}
"""Fewest pictures of each class that anything can be learned from."""


def gather(data: Sequence[str | os.PathLike[str]]) -> tuple[list[LabelledPicture], list[str]]:
    """All pictures of several folders or manifests, and what a reader must be told of them.

    A picture without a split is for training, one without a source is of the folder it was named by. Raises DataError
    where labels are missing or contradict each other.
    """
    found: dict[Path, LabelledPicture] = {}
    notes: list[str] = []
    for name in data:
        manifest = read_pictures(name)
        notes += [f"{name}: {note}" for note in manifest.notes]
        folder = Path(name).resolve()
        origin = folder.name if folder.is_dir() else folder.parent.name
        other: Counter[str] = Counter()
        for picture in manifest:
            split = picture.split or "train"
            if split not in READ:
                other[split] += 1
                continue
            path = picture.path.absolute()
            source, generator, group = map(_text, (picture.source or origin, picture.generator, picture.group))
            picture = replace(picture, path=path, source=source, generator=generator, group=group, split=split)
            before = found.setdefault(path, picture)
            if (before.fake, before.split) != (picture.fake, picture.split):
                raise DataError(
                    f"{picture.path} is named twice, as {_said(before)} and as {_said(picture)}. Correct one of them."
                )
        notes += [f"{name}: {count} pictures of the split {split!r} are not read." for split, count in other.items()]
    return list(found.values()), notes


def _text(name: str) -> str:
    """A name that can be written down: those of folders need not be text."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def _said(picture: LabelledPicture) -> str:
    return f"{'fake' if picture.fake else 'real'} in {picture.split}"


def sampled(pictures: Sequence[LabelledPicture], limit: int, seed: int) -> list[LabelledPicture]:
    """``limit`` pictures for training and validation together, in proportion to source, class and split.

    More only where a class would have none in a split. The test split stays whole: what of it reappears in the others
    has to be found. Order of the files is kept.
    """
    parts: dict[tuple[str, str, bool], list[LabelledPicture]] = {}
    for picture in pictures:
        if picture.split != "test":
            parts.setdefault((picture.split, picture.source, picture.fake), []).append(picture)
    total = sum(map(len, parts.values()))
    if total <= limit:
        return list(pictures)
    counts = {key: len(part) * limit // total for key, part in parts.items()}
    by_rest = sorted(parts, key=lambda key: (-(len(parts[key]) * limit % total), drawn("/".join(map(str, key)), seed)))
    for key in by_rest[: limit - sum(counts.values())]:  # largest remainders
        counts[key] += 1
    alike: dict[tuple[str, bool], list[tuple[str, str, bool]]] = {}
    for key in by_rest:
        alike.setdefault((key[0], key[2]), []).append(key)
    for keys in alike.values():
        if not any(counts[key] for key in keys):
            counts[keys[0]] = 1
    kept: set[Path] = set()
    for key, part in parts.items():
        # By the end of the path, so that the same pictures are drawn wherever the folder lies.
        order = sorted(part, key=lambda picture: drawn("/".join(picture.path.parts[-3:]), seed))
        kept |= {picture.path for picture in order[: counts[key]]}
    return [picture for picture in pictures if picture.split == "test" or picture.path in kept]


def rows_of(pictures: Sequence[LabelledPicture], facts: Mapping[Path, Facts], family: Family | None) -> list[Row]:
    """A row for each picture that ``facts`` has. family: of fakes of which neither manifest nor source tells it.

    A picture without a group is a group of its own, by its content. Raises DataError on an unknown family.
    """
    rows = []
    for picture in pictures:
        if picture.path not in facts:
            continue
        if picture.family and picture.family not in FAMILIES:
            raise DataError(
                f"{picture.path}: unknown family {picture.family!r}; known are {', '.join(FAMILIES)}, or none."
            )
        if picture.family and not picture.fake:
            raise DataError(f"{picture.path}: a real picture has no family of forgery, got {picture.family!r}.")
        sha256 = facts[picture.path].sha256
        rows.append(
            Row(
                picture.path,
                picture.fake,
                picture.source,
                picture.generator,
                picture.split,
                f"{picture.source}/{picture.group}" if picture.group else sha256,
                sha256,
                _family(picture, family) if picture.fake else None,
            )
        )
    return rows


def _family(picture: LabelledPicture, otherwise: Family | None) -> Family | None:
    for known in FAMILIES:
        if picture.family == known:
            return known
    if of_source := family_of(picture.source):
        return of_source
    parts = [part.lower() for part in reversed(picture.path.parts[:-1])]
    return next((FAMILY_OF_FOLDER[part] for part in parts if part in FAMILY_OF_FOLDER), otherwise)


def held_out(rows: Sequence[Row], seed: int) -> tuple[list[Row], list[str]]:
    """Rows with a tenth of the groups of every source without validation pictures moved to "val", and those sources.

    The same groups for the same seed, wherever the files lie. Groups of both classes are drawn apart from those of one.
    Sources of few groups (a folder for each video, for one) are drawn from together. Where a tenth has fewer than
    ``LEAST`` pictures, it is more of them, up to half.
    """
    has = {row.source for row in rows if row.split == "val"}
    lacking = sorted({row.source for row in rows if row.split == "train"} - has)
    groups: dict[str, set[tuple[str, bool]]] = {}
    for row in rows:
        if row.split == "train":
            groups.setdefault(row.group, set()).add((row.source, row.fake))
    kinds: dict[tuple[tuple[str, bool], ...], list[str]] = {}
    for group, of in groups.items():
        if all(source in lacking for source, _ in of):
            kinds.setdefault(tuple(sorted(of)), []).append(group)
    pools: dict[object, list[str]] = {}
    for kind, names in kinds.items():
        pools.setdefault(kind if len(names) >= FEW_GROUPS else frozenset(fake for _, fake in kind), []).extend(names)
    pictures = Counter(row.group for row in rows if row.split == "train")
    moved: set[str] = set()
    for names in pools.values():
        order = sorted(names, key=lambda name: drawn(name, seed))
        count = max(1, round(len(names) * HELD_OUT)) if len(names) > 1 else 0
        while count < len(names) // 2 and sum(pictures[name] for name in order[:count]) < LEAST["val"]:
            count += 1
        moved |= set(order[:count])
    return [replace(row, split="val") if row.split == "train" and row.group in moved else row for row in rows], lacking


def families(rows: Sequence[Row]) -> str:
    """For people: how many fakes of each family."""
    number: Counter[str] = Counter(row.family or "unknown" for row in rows if row.fake)
    return ", ".join(f"{number[family]} {family}" for family in (*FAMILIES, "unknown") if number[family])


def counts(rows: Sequence[Row]) -> str:
    """A table for people: reals and fakes by split and source."""
    number = Counter((row.split, row.source, row.fake) for row in rows)
    lines = [
        (split, source, number[split, source, False], number[split, source, True])
        for split in READ
        for source in sorted({row.source for row in rows if row.split == split})
    ]
    return str(tabulate(lines, ("split", "source", "real", "fake"), tablefmt="plain", disable_numparse=[0, 1]))


def assert_classes(rows: Sequence[Row]) -> None:
    """Raise DataError unless both classes are there to learn from and to calibrate on."""
    for split, least in LEAST.items():
        for word, fake in (("real", False), ("fake", True)):
            number = sum(row.split == split and row.fake == fake for row in rows)
            if number < least:
                place = "for training" if split == "train" else "held out for validation"
                raise DataError(
                    f"{number or 'No'} {word} pictures {place}; at least {least} are needed. Name data with more "
                    f"{word} pictures (several DATA are read together)."
                )
