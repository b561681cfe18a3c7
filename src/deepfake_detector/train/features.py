"""Features of the frozen encoder over a store of views, through ONNX Runtime; kept on disk, resumable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..models.preprocess import normalised
from ..types import Floats
from . import ask, patches
from .pool import in_processes
from .views import read_store

_PIECE = 200

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class Reader:
    """A member that reads the encoder beside the heads. outputs: of the encoder, in the order of the graph's inputs."""

    graph: bytes
    outputs: tuple[str, ...]


def encode(
    store: Path, encoder: Path, numbers: Iterable[int], readers: Sequence[Reader] = ()
) -> tuple[np.ndarray, Floats]:
    """The encoder's ``statistics`` of the views of these numbers, one at a time: float16 (n, 12, 4, 768).

    And what each of ``readers`` says of them: float32 (n, readers, 4).
    """
    graphs = [ask.session(reader.graph, threads=1) for reader in readers]
    wanted = list(dict.fromkeys(["statistics", *(name for reader in readers for name in reader.outputs)]))
    rows, logits = [], []
    for outputs in _said(store, encoder, numbers, wanted):
        found = dict(zip(wanted, outputs, strict=True))
        rows.append(found["statistics"])
        said = []
        for reader, graph in zip(readers, graphs, strict=True):
            names = [given.name for given in graph.get_inputs()]
            feed = {name: found[output] for name, output in zip(names, reader.outputs, strict=True)}
            said.append(graph.run(None, feed)[0][0])
        logits.append(said)
    return np.concatenate(rows).astype(np.float16), np.array(logits, np.float32).reshape(len(rows), len(readers), 4)


def _said(store: Path, encoder: Path, numbers: Iterable[int], outputs: Sequence[str]) -> Iterator[list[Floats]]:
    """The encoder's outputs of each view by itself."""
    session = ask.session(encoder.read_bytes(), threads=1)
    pixels = np.load(store / "pixels.npy", mmap_mode="r")
    for number in numbers:
        yield session.run(list(outputs), {"pixels": normalised(pixels[number], CLIP_MEAN, CLIP_STD)})


def _piece(store: Path, encoder: Path, path: Path, start: int, stop: int) -> None:
    said = list(_said(store, encoder, range(start, stop), ("statistics", *patches.OUTPUTS)))
    patches.write(path.parent, start, np.stack([np.concatenate(row[1:]) for row in said]))
    partial = path.with_suffix(".partial")  # after the tokens: its file says that the piece is done
    with open(partial, "wb") as file:
        np.save(file, np.concatenate([row[0] for row in said]).astype(np.float16))
    os.replace(partial, path)


def feature_folder(store: Path, encoder: Path) -> Path:
    """Where the features of this store by this encoder lie (keyed by the encoder's hash)."""
    return store / f"features-{hashlib.sha256(encoder.read_bytes()).hexdigest()[:16]}"


def compute(store: Path, encoder: Path, processes: int) -> None:
    """Compute what is missing, patch tokens too (``patches``). Views run one at a time, as in service."""
    views, _, _ = read_store(store)
    folder = feature_folder(store, encoder)
    folder.mkdir(exist_ok=True)
    starts = [s for s in range(0, len(views), _PIECE) if not (folder / f"{s:06d}.npy").exists()]
    tasks = [(store, encoder, folder / f"{s:06d}.npy", s, min(s + _PIECE, len(views))) for s in starts]
    for _ in in_processes(_piece, tasks, processes, "features"):
        pass


def load(store: Path, encoder: Path) -> np.ndarray:
    """float16 (n, 12, 4, 768): the encoder's ``statistics`` of every view (of the pieces computed so far)."""
    return np.concatenate([np.load(path) for path in sorted(feature_folder(store, encoder).glob("[0-9]*.npy"))])
