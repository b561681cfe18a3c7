"""What a network's graph says of views, as it ships: one view at a time, as in service. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import onnxruntime as ort

from ..models.preprocess import normalised
from ..types import Floats


def said(
    graph: bytes, array: np.ndarray, chosen: Iterable[int], mean: tuple[float, ...], std: tuple[float, ...]
) -> Floats:
    """float32 (n, 4) logits of the views of ``array``, uint8 (all, side, side, 3), numbered by ``chosen``."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    return np.concatenate([session.run(None, {"pixels": normalised(array[i], mean, std)})[0] for i in chosen])
