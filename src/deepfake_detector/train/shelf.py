"""The encoder's features kept by what was encoded: the sha256 of a view's pixels, in a folder of the encoder's own.

So another run on overlapping pictures, another plan, another base or other labels compute nothing twice.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from . import features
from .pool import in_processes
from .whole import written

_PIECE = 200
_SHAPE = (12, 4, 768)


def of_encoder(folder: Path, what: str, encoder: Path) -> Path:
    """Where in ``folder`` things of this encoder alone lie, by the hash of its file."""
    return folder / f"{what}-{hashlib.sha256(encoder.read_bytes()).hexdigest()[:16]}"


def encoded(store: Path, encoder: Path, shelf: Path, processes: int) -> np.ndarray:
    """float16 (n, 12, 4, 768): the encoder's ``statistics`` of every view of ``store``, computing what ``shelf`` lacks.

    Views run one at a time, as in service. A stop costs the pieces that were being worked on.
    """
    folder = of_encoder(shelf, "features", encoder)
    folder.mkdir(parents=True, exist_ok=True)
    pixels = np.load(store / "pixels.npy", mmap_mode="r")
    names = [hashlib.sha256(view.tobytes()).hexdigest() for view in pixels]
    first: dict[str, int] = {}
    for number, name in enumerate(names):
        first.setdefault(name, number)
    known = _index(folder)
    todo = [name for name in first if name not in known]
    tasks = []
    for at in range(0, len(todo), _PIECE):
        part = todo[at : at + _PIECE]
        path = folder / f"{hashlib.sha256(''.join(part).encode()).hexdigest()[:16]}.npz"
        tasks.append((store, encoder, path, part, [first[name] for name in part]))
    for _ in in_processes(_piece, tasks, processes, "features"):
        pass
    return _read(_index(folder), names)


def _piece(store: Path, encoder: Path, path: Path, names: list[str], numbers: list[int]) -> None:
    with written(path) as partial, open(partial, "wb") as file:
        np.savez(file, names=np.array(names), features=features.encode(store, encoder, numbers))


def _index(folder: Path) -> dict[str, tuple[Path, int]]:
    """Where the features of each view lie: file and row."""
    found = {}
    for path in sorted(folder.glob("*.npz")):
        with np.load(path) as piece:
            found.update({str(name): (path, row) for row, name in enumerate(piece["names"])})
    return found


def _read(known: dict[str, tuple[Path, int]], names: list[str]) -> np.ndarray:
    result = np.empty((len(names), *_SHAPE), np.float16)
    wanted: dict[Path, list[tuple[int, int]]] = {}
    for number, name in enumerate(names):
        path, row = known[name]
        wanted.setdefault(path, []).append((number, row))
    for path, places in wanted.items():
        with np.load(path) as piece:
            numbers, rows = zip(*places, strict=True)
            result[list(numbers)] = piece["features"][list(rows)]
    return result
