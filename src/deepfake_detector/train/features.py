"""Features of the frozen encoder over a store of views, through ONNX Runtime. ``shelf`` keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..models.preprocess import normalised

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
