"""Features of the frozen encoder over a store of views, through ONNX Runtime; kept on disk, resumable."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..models.preprocess import normalised
from .pool import in_processes
from .views import read_store

_PIECE = 200

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


def encode(store: Path, encoder: Path, numbers: Iterable[int]) -> np.ndarray:
    """float16 (n, 12, 4, 768): the encoder's ``statistics`` of the views of these numbers, one at a time."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(encoder), options, providers=["CPUExecutionProvider"])
    pixels = np.load(store / "pixels.npy", mmap_mode="r")
    rows = [session.run(["statistics"], {"pixels": normalised(pixels[i], CLIP_MEAN, CLIP_STD)})[0] for i in numbers]
    return np.concatenate(rows).astype(np.float16)


def _piece(store: Path, encoder: Path, path: Path, start: int, stop: int) -> None:
    partial = path.with_suffix(".partial")
    with open(partial, "wb") as file:
        np.save(file, encode(store, encoder, range(start, stop)))
    os.replace(partial, path)


def feature_folder(store: Path, encoder: Path) -> Path:
    """Where the features of this store by this encoder lie (keyed by the encoder's hash)."""
    return store / f"features-{hashlib.sha256(encoder.read_bytes()).hexdigest()[:16]}"


def compute(store: Path, encoder: Path, processes: int) -> None:
    """Compute what is missing. Views run one at a time, as in service."""
    views, _, _ = read_store(store)
    folder = feature_folder(store, encoder)
    folder.mkdir(exist_ok=True)
    starts = [s for s in range(0, len(views), _PIECE) if not (folder / f"{s:06d}.npy").exists()]
    tasks = [(store, encoder, folder / f"{s:06d}.npy", s, min(s + _PIECE, len(views))) for s in starts]
    for _ in in_processes(_piece, tasks, processes, "features"):
        pass


def load(store: Path, encoder: Path) -> np.ndarray:
    """float16 (n, 12, 4, 768): the encoder's ``statistics`` of every view (of the pieces computed so far)."""
    return np.concatenate([np.load(path) for path in sorted(feature_folder(store, encoder).glob("*.npy"))])
