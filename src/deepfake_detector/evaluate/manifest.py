"""Labelled pictures as users hold them: a manifest, or folders named after the classes.

* A CSV file, or a folder with a ``manifest.csv``: columns ``path`` (relative to the CSV) and ``label``; ``source``,
  ``generator``, ``split`` and ``group`` are read where they are there, any other column is left alone.
* A folder with class folders ``real`` and ``fake`` (any case, at any depth), perhaps inside split folders, as in
  Kaggle's ``real_vs_fake/real-vs-fake/{train,valid,test}/{real,fake}``. What else stands in a path names the source.

A label is never guessed: a picture outside the class folders, or inside both, is an error and not a class.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ..images import SUFFIXES

SPLITS: Mapping[str, str] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""Names of splits as they are found -> as they are called here. Other names in a manifest are kept as they are."""

_CONVENTION = "Labels are numbers in this manifest: 1 was read as real and 0 as fake."
_EXPECTED = (
    "Expected a CSV with the columns path and label (real or fake), a folder with such a manifest.csv, "
    "or a folder with class folders named real and fake"
)


@dataclass(frozen=True)
class LabelledPicture:
    """One picture and what is known of it. fake: polarity as everywhere inside (True = fake).

    source: the collection it comes from. generator: what made it ("camera" for photographs). split: "train", "val",
    "test" or a name of the user's. group: pictures of one group show the same thing and belong in one split.
    Empty where unknown.
    """

    path: Path
    fake: bool
    source: str = ""
    generator: str = ""
    split: str = ""
    group: str = ""


@dataclass(frozen=True)
class Manifest:
    """Labelled pictures in file order. name: what the user called them. notes: what a reader must be told of them."""

    pictures: tuple[LabelledPicture, ...]
    name: str
    notes: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[LabelledPicture]:
        return iter(self.pictures)

    def __len__(self) -> int:
        return len(self.pictures)


def read_pictures(data: str | os.PathLike[str], split: str | None = None) -> Manifest:
    """The labelled pictures of a CSV file or a folder. split: only those of this split ("valid" is "val").

    Raises DataError where labels are missing or ambiguous, or nothing is left. Pictures are not opened.
    """
    path = Path(data)
    if path.is_dir():
        inside = path / "manifest.csv"
        manifest = _from_csv(inside, str(path)) if inside.is_file() else _from_folders(path)
    elif path.is_file():
        manifest = _from_csv(path, str(path))
    else:
        raise DataError(f"{path}: no such file or folder. {_EXPECTED}.")
    if not manifest.pictures:
        raise DataError(f"{path}: no pictures in it. {_EXPECTED}.")
    return manifest if split is None else _only(manifest, split)


def _only(manifest: Manifest, split: str) -> Manifest:
    wanted = _split_name(split)
    found = tuple(picture for picture in manifest if picture.split == wanted)
    if not found:
        splits = sorted({picture.split for picture in manifest} - {""})
        known = f"It has {', '.join(splits)}." if splits else "It is not divided into splits: leave the split out."
        raise DataError(f"{manifest.name}: no picture belongs to the split {split!r}. {known}")
    return Manifest(found, manifest.name, (*manifest.notes, f"Only the split {wanted!r} was read."))


def _split_name(name: str) -> str:
    return SPLITS.get(name.strip().lower(), name.strip())


def _from_csv(path: Path, name: str) -> Manifest:
    pictures: list[LabelledPicture] = []
    labels: dict[Path, bool] = {}
    numbers: bool | None = None
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:  # -sig: spreadsheets begin with a byte order mark
            reader = csv.DictReader(file)
            columns = {(column or "").strip().lower(): column for column in reader.fieldnames or ()}
            if not {"path", "label"} <= set(columns):
                raise DataError(
                    f"{path}: expected the columns path and label in the first line, found "
                    f"{', '.join(columns) or 'none'}."
                )
            for row in reader:
                where = f"{path} line {reader.line_num}"
                entry = {key: (row.get(column) or "").strip() for key, column in columns.items()}
                if not any(entry.values()):
                    continue
                if not entry["path"]:
                    raise DataError(f"{where}: the path is empty.")
                fake, number = _label(entry["label"], where)
                if numbers not in (None, number):
                    raise DataError(f"{where}: labels are words in some lines and numbers in others. Use one of them.")
                numbers = number
                picture = path.parent / entry["path"]
                if labels.setdefault(picture, fake) != fake:
                    raise DataError(f"{where}: {entry['path']} is real in one line and fake in another.")
                known = {key: entry.get(key, "") for key in ("source", "generator", "group")}
                pictures.append(LabelledPicture(picture, fake, split=_split_name(entry.get("split", "")), **known))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file in UTF-8 ({error}). {_EXPECTED}.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    return Manifest(tuple(pictures), name, (_CONVENTION,) if numbers else ())


def _label(text: str, where: str) -> tuple[bool, bool]:
    """(fake, whether the label was a number)."""
    word = text.lower()
    if word in ("real", "fake"):
        return word == "fake", False
    if word in ("1", "0"):
        return word == "0", True
    raise DataError(f"{where}: the label must be real or fake (or 1 for real and 0 for fake), got {text!r}.")


def _from_folders(folder: Path) -> Manifest:
    pictures: list[LabelledPicture] = []
    unlabelled: list[Path] = []
    both: list[Path] = []
    for path in _pictures_below(folder):
        parts = path.relative_to(folder).parts[:-1]
        names = [part.lower() for part in parts]
        classes = {name for name in names if name in ("real", "fake")}
        splits = {SPLITS[name] for name in names if name in SPLITS}
        if len(classes) != 1 or len(splits) > 1:
            (both if classes else unlabelled).append(path)
            continue
        rest = [part for part, name in zip(parts, names, strict=True) if name not in classes and name not in SPLITS]
        source = "/".join(rest) or folder.resolve().name
        pictures.append(LabelledPicture(path, "fake" in classes, source, split=next(iter(splits), "")))
    if both:
        raise DataError(f"{_several(both)} below folders of both classes or of two splits. {_EXPECTED}.")
    if unlabelled:
        raise DataError(f"{_several(unlabelled)} in no class folder, so the label is unknown. {_EXPECTED}.")
    return Manifest(tuple(pictures), str(folder))


def _pictures_below(folder: Path) -> Iterator[Path]:
    """Picture files below a folder, sorted; hidden files and what archives of macOS leave behind are passed over."""
    for parent, folders, files in os.walk(folder, onerror=_denied):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "__MACOSX")
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in SUFFIXES:
                yield Path(parent, name)


def _denied(error: OSError) -> None:
    raise DataError(f"{error.filename}: the folder cannot be read ({error.strerror}).")


def _several(paths: list[Path]) -> str:
    names = ", ".join(str(path) for path in paths[:3])
    return f"{names} is" if len(paths) == 1 else f"{names}{' ...' * (len(paths) > 3)} ({len(paths)} pictures) are"
