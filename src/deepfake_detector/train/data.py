"""Labelled pictures: the rows of the pack's manifest, and which family of forgery each fake belongs to."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ..types import Family
from .sources import SOURCES, family_of

UNSEEN = "unseen-"
"""Sources whose name begins so are for reading only."""
COLUMNS = ("path", "label", "source", "generator", "split", "group", "sha256")
"""Of a manifest like the pack's."""


@dataclass(frozen=True)
class Row:
    """One picture of a manifest. fake: polarity as everywhere inside (True = fake).

    family: of the forgery; None for a real picture, and for a fake of which it is not known.
    """

    path: Path
    fake: bool
    source: str
    generator: str
    split: str
    group: str
    sha256: str
    family: Family | None = None


def read_manifest(folder: Path) -> list[Row]:
    """Rows of the pack's ``folder/manifest.csv`` in file order. Raises ValueError on an unknown label or source."""
    rows = []
    with open(folder / "manifest.csv", newline="", encoding="utf-8") as file:
        for line, entry in enumerate(csv.DictReader(file), start=2):
            if entry["label"] not in ("real", "fake"):
                raise ValueError(f"manifest.csv line {line}: label must be 'real' or 'fake', got {entry['label']!r}")
            fake = entry["label"] == "fake"
            if entry["source"] not in SOURCES:
                raise ValueError(f"manifest.csv line {line}: unknown source {entry['source']!r}")
            family = family_of(entry["source"]) if fake else None
            if fake and family is None:
                raise ValueError(
                    f"manifest.csv line {line}: no family of forgery is known for source {entry['source']!r}"
                )
            if entry["source"].startswith(UNSEEN) and entry["split"] != "test":
                raise ValueError(f"manifest.csv line {line}: {entry['source']} may only be read as test")
            rows.append(
                Row(
                    folder / entry["path"],
                    fake,
                    entry["source"],
                    entry["generator"],
                    entry["split"],
                    f"{entry['source']}/{entry['group']}",
                    entry["sha256"],
                    family,
                )
            )
    return rows


def write_manifest(folder: Path, lines: Iterable[tuple[str, ...]]) -> None:
    """Write ``folder/manifest.csv`` as ``read_manifest`` takes it; lines: values of ``COLUMNS``, paths in there."""
    with open(folder / "manifest.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(lines)
