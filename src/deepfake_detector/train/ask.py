"""What a member's graph says, as it ships: one view at a time, as in service. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import onnxruntime as ort

from ..models.preprocess import normalised
from ..types import Floats

Feed = Sequence[Floats]
"""A graph's inputs in order, each float32 (1, ...)."""


def session(graph: bytes, threads: int = 0) -> ort.InferenceSession:
    """The graph on the CPU; threads: 0 for as many as there are cores."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def said(graph: bytes, feeds: Iterable[Feed]) -> Floats:
    """float32 (n, 4) logits, one row for each of the feeds."""
    opened = session(graph)
    names = [given.name for given in opened.get_inputs()]
    return np.concatenate([opened.run(None, dict(zip(names, feed, strict=True)))[0] for feed in feeds])


def pictures(
    array: np.ndarray, chosen: Iterable[int], mean: tuple[float, ...], std: tuple[float, ...]
) -> Iterator[Feed]:
    """Feeds for a network on pixels: the views of ``array``, uint8 (all, side, side, 3), numbered by ``chosen``."""
    return ([normalised(array[number], mean, std)] for number in chosen)
