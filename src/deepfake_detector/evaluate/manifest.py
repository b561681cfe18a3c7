"""Labelled pictures as users hold them: a manifest, or folders named after the classes.

* A CSV file, or a folder with a ``manifest.csv``: columns ``path`` (relative to the CSV) and ``label``; ``source``,
  ``generator``, ``split``, ``group`` and ``family`` are read where they are there, any other column is left alone.
* A folder with class folders ``real`` and ``fake`` (any case, at any depth), perhaps inside split folders, as in
  Kaggle's "140k Real and Fake Faces" (``real_vs_fake/real-vs-fake/{train,valid,test}/{real,fake}``) and "Deepfake and
  Real Images" (``Dataset/{Train,Validation,Test}/{Real,Fake}``). What else stands in a path names the source.
* The ``train.csv``, ``valid.csv`` and ``test.csv`` of the former, each by itself: the name is the split, and paths
  count from ``real_vs_fake/real-vs-fake``. In a folder they are held against the class folders.

A label is never guessed: a picture outside the class folders, or inside both, is an error and not a class. Nor may two
statements differ: a number against its word (``label_str``) or its class folder, a CSV against the folders.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError, OptionError
from ..images import SUFFIXES

SPLITS: Mapping[str, str] = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
}
"""Names of splits as they are found -> as they are called here. Other names in a manifest are kept as they are."""

_TELLING = {"real", "fake", *SPLITS}
_KAGGLE_140K = Path("real_vs_fake", "real-vs-fake")
_CONVENTION = "Labels are numbers in this manifest: 1 was read as real and 0 as fake."
_EXPECTED = (
    "Expected a CSV with the columns path and label (real or fake), a folder with such a manifest.csv, "
    "or a folder with class folders named real and fake"
)


@dataclass(frozen=True)
class LabelledPicture:
    """One picture and what is known of it. fake: polarity as everywhere inside (True = fake).

    source: the collection it comes from. generator: what made it ("camera" for photographs). split: "train", "val",
    "test" or a name of the user's. group: pictures of one group show the same thing and belong in one split. family: of
    the forgery, as the manifest says it. Empty where unknown.
    """

    path: Path
    fake: bool
    source: str = ""
    generator: str = ""
    split: str = ""
    group: str = ""
    family: str = ""


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


def as_manifest(pictures: Manifest | Iterable[LabelledPicture]) -> Manifest:
    """The pictures as a manifest. Raises OptionError for what is none: paths carry no label."""
    if isinstance(pictures, Manifest):
        return pictures
    path = isinstance(pictures, (str, os.PathLike))
    listed = () if path else tuple(pictures)
    if path or not all(isinstance(one, LabelledPicture) for one in listed):
        raise OptionError("expected labelled pictures, as read_pictures(folder or CSV) gives them")
    return Manifest(listed, "list of pictures")


def read_pictures(data: str | os.PathLike[str], split: str | None = None) -> Manifest:
    """The labelled pictures of a CSV file or a folder. split: only those of this split ("valid" is "val").

    Raises DataError where labels are missing or ambiguous, or nothing is left; OptionError for what is no path.
    Pictures are not opened.
    """
    if not isinstance(data, (str, os.PathLike)):
        raise OptionError(f"expected the path of a folder or a CSV file, got {type(data).__name__}")
    path = Path(data)
    if path.is_dir():
        inside = path / "manifest.csv"
        manifest = _from_csv(inside, str(path)) if inside.is_file() else _from_folder(path)
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
    entries: list[tuple[str, dict[str, str], bool]] = []
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
                _agrees(entry, fake, number, where)
                entries.append((where, entry, fake))
    except (UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: not a CSV file in UTF-8 ({error}). {_EXPECTED}.") from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror}).") from None
    base = _base(path, [entry["path"] for _, entry, _ in entries])
    of_file = SPLITS.get(path.stem.lower(), "")
    pictures: list[LabelledPicture] = []
    places = _Places()
    repeated = 0
    for where, entry, fake in entries:
        known = {key: entry.get(key, "") for key in ("source", "generator", "group", "family")}
        split = _split_name(entry.get("split", "")) or of_file
        picture = LabelledPicture(base / entry["path"], fake, split=split, **known)
        before, again = places.add(picture)
        if before.fake != fake:
            raise DataError(f"{where}: {entry['path']} is real in one line and fake in another.")
        if again:
            repeated += 1
        else:
            pictures.append(picture)
    notes = [_CONVENTION] if numbers else []
    if repeated:
        notes.append(f"{path.name}: {repeated} lines name a picture that an earlier line has named; each counts once.")
    return Manifest(tuple(pictures), name, tuple(notes))


def _label(text: str, where: str) -> tuple[bool, bool]:
    """(fake, whether the label was a number)."""
    word = text.lower()
    if word in ("real", "fake"):
        return word == "fake", False
    if word in ("1", "0"):
        return word == "0", True
    raise DataError(f"{where}: the label must be real or fake (or 1 for real and 0 for fake), got {text!r}.")


def _agrees(entry: Mapping[str, str], fake: bool, number: bool, where: str) -> None:
    """Hold a label that is a number against what else the line says: many collections use 1 for fake."""
    if not number:
        return
    words = {part.lower() for part in Path(entry["path"]).parts[:-1]} & {"real", "fake"}
    words |= {entry.get("label_str", "").lower()} & {"real", "fake"}
    if words - {"fake" if fake else "real"}:
        raise DataError(
            f"{where}: the label {entry['label']} is read as {'fake' if fake else 'real'}, but the line also says "
            f"{'real' if fake else 'fake'} (in its path or label_str). Write the labels as the words real and fake."
        )


class _Places:
    """Where pictures lie, which is the same for all links to one."""

    def __init__(self) -> None:
        self._first: dict[str, LabelledPicture] = {}
        self._named: set[tuple[str, str]] = set()

    def add(self, picture: LabelledPicture) -> tuple[LabelledPicture, bool]:
        """The first picture of that place, itself for one, and whether one of its split was there already."""
        try:
            place = os.path.realpath(picture.path)
        except (OSError, ValueError):  # no path can be like this; that is told when it is opened
            place = os.path.normpath(picture.path)
        again = (place, picture.split) in self._named
        self._named.add((place, picture.split))
        return self._first.setdefault(place, picture), again


def _base(table: Path, paths: list[str]) -> Path:
    """The folder that the paths of a CSV count from, where one of its pictures is; its own where none is anywhere."""
    places = (table.parent, table.parent / _KAGGLE_140K)
    return next((place for place in places if any(map(os.path.isfile, map(place.joinpath, paths)))), table.parent)


def _from_folder(folder: Path) -> Manifest:
    """Class folders, held against the CSV files of the splits where there are some; or those alone."""
    named = [table for table in sorted(folder.glob("*.csv")) if table.stem.lower() in SPLITS]
    tables = [table for table in named if table.is_file() and _has_labels(table)]
    if not tables:
        return _from_folders(folder)
    read = [_from_csv(table, str(folder)) for table in tables]
    listed = [picture for manifest in read for picture in manifest]
    said_before = list(dict.fromkeys(note for manifest in read for note in manifest.notes))
    names = ", ".join(table.name for table in tables)
    labels = {picture.path: picture for picture in listed}
    try:
        found = _from_folders(folder)
    except DataError as error:
        notes = [f"Labels and splits are those of {names}; those of the folders are not clear. {error}"]
        with suppress(DataError):  # a folder that cannot be read: the tables do without
            below = {path for path in _files_below(folder) if path.suffix.lower() in SUFFIXES}
            if passed := len(below - labels.keys()):
                notes.append(f"{passed} pictures below the folder that {names} do not name were passed over.")
        return Manifest(tuple(listed), str(folder), (*said_before, *notes))
    lacking = len(labels.keys() - {picture.path for picture in found})
    for picture in found:
        said = labels.get(picture.path, picture)
        if (said.fake, said.split) != (picture.fake, picture.split):
            raise DataError(
                f"{picture.path}: its folders say {'fake' if picture.fake else 'real'}, {picture.split or 'no split'}; "
                f"{names} say {'fake' if said.fake else 'real'}, {said.split or 'no split'}. Correct one of them."
            )
    notes = [*said_before, f"Labels and splits of the folders agree with {names}."]
    if lacking:
        notes.append(f"{lacking} of {len(labels)} pictures that {names} name are not there, and not counted.")
    return Manifest(found.pictures, found.name, (*notes, *found.notes))


def _has_labels(table: Path) -> bool:
    """Whether the first line names the columns path and label."""
    with open(table, encoding="utf-8-sig", errors="replace") as file:
        return {"path", "label"} <= {column.strip().lower() for column in file.readline().split(",")}


def _from_folders(folder: Path) -> Manifest:
    pictures: list[LabelledPicture] = []
    unlabelled: list[Path] = []
    both: list[Path] = []
    other: list[Path] = []
    named = folder.resolve()
    of_folder = SPLITS.get(named.name.lower(), "")  # somebody names Dataset/Train, and then Dataset/Test
    places = _Places()
    repeated: list[Path] = []
    for path in _files_below(folder, repeated):
        parts = path.relative_to(folder).parts[:-1]
        if path.suffix.lower() not in SUFFIXES:
            other += [path] * any(part.lower() in ("real", "fake") for part in parts)
            continue
        names = [part.lower() for part in parts]
        classes = {name for name in names if name in ("real", "fake")}
        splits = {SPLITS[name] for name in names if name in SPLITS}
        if len(classes) != 1 or len(splits) > 1:
            (both if classes else unlabelled).append(path)
            continue
        rest = [part for part, name in zip(parts, names, strict=True) if name not in classes and name not in SPLITS]
        source = "/".join(rest) or (named.parent if of_folder else named).name
        picture = LabelledPicture(path, "fake" in classes, source, split=next(iter(splits), of_folder))
        before, again = places.add(picture)
        if before.fake != picture.fake:
            raise DataError(f"{path} and {before.path} are one file, real in one place and fake in the other.")
        if again:
            repeated.append(path)
        else:
            pictures.append(picture)
    if both:
        raise DataError(f"{_several(both)} below folders of both classes or of two splits. {_EXPECTED}.")
    if unlabelled:
        raise DataError(f"{_several(unlabelled)} in no class folder, so the label is unknown. {_EXPECTED}.")
    notes = []
    if of_folder and {picture.split for picture in pictures} == {of_folder}:
        notes.append(f"All pictures are of the split {of_folder!r}: the folder is called {named.name!r}.")
    if repeated:
        notes.append(f"{len(repeated)} links lead to what is there already, and each counts once: {repeated[0]} ...")
    if other:
        notes.append(f"{len(other)} files in class folders are not named as pictures, and passed over: {other[0]} ...")
    return Manifest(tuple(pictures), str(folder), tuple(notes))


def _files_below(folder: Path, again: list[Path] | None = None) -> Iterator[Path]:
    """Files below a folder, sorted; hidden ones and what archives of macOS leave behind are passed over.

    Folders that are links are entered, but for those that lead back to where they are, and those whose files were
    there already with the same class and split in their paths; these are put into ``again``.
    """
    entered: set[tuple[str, frozenset[str]]] = set()
    above: dict[str, frozenset[str]] = {os.fspath(folder): frozenset()}  # where each folder still to come lies, really
    for parent, folders, files in os.walk(folder, onerror=_denied, followlinks=True):
        real = os.path.realpath(parent)
        around = above.pop(parent) | {real, *map(str, Path(real).parents)}
        telling = {part.lower() for part in Path(parent).relative_to(folder).parts} & _TELLING
        if (real, frozenset(telling)) in entered:
            folders.clear()
            if again is not None:
                again.append(Path(parent))
            continue
        entered.add((real, frozenset(telling)))
        folders[:] = sorted(
            name
            for name in folders
            if not (name.startswith(".") or name == "__MACOSX" or os.path.realpath(Path(parent, name)) in around)
        )
        above |= {os.path.join(parent, name): around for name in folders}
        yield from (Path(parent, name) for name in sorted(files) if not name.startswith("."))


def _denied(error: OSError) -> None:
    raise DataError(f"{error.filename}: the folder cannot be read ({error.strerror}).")


def _several(paths: list[Path]) -> str:
    names = ", ".join(str(path) for path in paths[:3])
    return f"{names} is" if len(paths) == 1 else f"{names}{' ...' * (len(paths) > 3)} ({len(paths)} pictures) are"
