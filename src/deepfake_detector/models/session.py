"""Runs the members of a bundle on a part of a picture, through ONNX Runtime on the CPU.

Every view runs by itself (batch of one). On a CPU a larger batch is no faster per view (benchmarks/), and so a
score is the same to the bit whatever pictures stand beside it.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Mapping

import numpy as np
import onnxruntime as ort

from ..errors import ModelInvalid
from ..faces.crop import Crop
from ..types import Floats, Pixels
from .card import OUTPUTS, Card, Region
from .preprocess import native, normalised, resized

_THREADS = max(1, min(8, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1))


class Members:
    """The ONNX sessions of a bundle's members. Safe to share between threads.

    graphs: ONNX bytes by name. Raises ModelInvalid where a graph does not load or does not fit its card.
    """

    def __init__(self, cards: Iterable[Card], graphs: Mapping[str, bytes]) -> None:
        self.cards = tuple(cards)
        needed = {name for card in self.cards for name in (card.graph, card.encoder) if name}
        self._sessions = {name: _session(name, graphs) for name in sorted(needed)}
        for card in self.cards:
            self._check(card)

    def logits(
        self, pixels: Pixels, crop: Crop, region: Region, only: Container[str] | None = None
    ) -> dict[str, Floats]:
        """Logits float32 (4,) of every member of ``region``, by name, for one part of an RGB uint8 picture.

        only: names of the members that are asked; None asks all.
        """
        return self.logits_and_encoded(pixels, crop, region, only, everything=False)[0]

    def logits_and_encoded(
        self,
        pixels: Pixels,
        crop: Crop,
        region: Region,
        only: Container[str] | None = None,
        *,
        everything: bool = True,
    ) -> tuple[dict[str, Floats], dict[str, dict[str, Floats]]]:
        """The logits, and what each member's encoder gave, by member and output: for explanations, in the same run.

        everything: every output of the encoder, its patch tokens too; else only what the heads read.
        """
        views: dict[tuple[object, ...], Floats] = {}
        runs: dict[tuple[object, ...], dict[str, Floats]] = {}
        logits: dict[str, Floats] = {}
        encoded: dict[str, dict[str, Floats]] = {}
        for card in self.cards:
            if card.region != region or (only is not None and card.name not in only):
                continue
            key = (card.sampling, card.side, card.mean, card.std)
            if key not in views:
                views[key] = _view(card, pixels, crop)
            values = views[key]
            if card.encoder and card.encoder_output:
                session = self._sessions[card.encoder]
                names = [o.name for o in session.get_outputs()] if everything else [card.encoder_output]
                run = (*key, card.encoder, *names)
                if run not in runs:
                    outputs = session.run(names, {session.get_inputs()[0].name: values})
                    runs[run] = dict(zip(names, outputs, strict=True))
                encoded[card.name] = runs[run]
                values = runs[run][card.encoder_output]
            logits[card.name] = self.head(card, values)[0]
        return logits, encoded

    def head(self, card: Card, values: Floats) -> Floats:
        """Logits float32 (n, 4) of one member, from n views or (where it has an encoder) n of its encoder's outputs."""
        session = self._sessions[card.graph]
        logits = _run(session, values, session.get_outputs()[0].name)
        if not np.isfinite(logits).all():
            raise ModelInvalid(f"member {card.name!r} gave a score that is not a number")
        return logits

    def _check(self, card: Card) -> None:
        """Hold the graphs' own shapes against the card."""
        first = self._sessions[card.encoder or card.graph].get_inputs()[0].shape
        if list(first[1:]) != [3, card.side, card.side]:
            raise ModelInvalid(f"member {card.name!r}: the card says side {card.side}, the graph takes {first}")
        outputs = self._sessions[card.graph].get_outputs()[0].shape
        if not outputs or outputs[-1] != len(OUTPUTS):
            raise ModelInvalid(
                f"member {card.name!r}: expected {len(OUTPUTS)} logits {OUTPUTS}, the graph gives {outputs}"
            )
        if card.encoder and card.encoder_output not in [o.name for o in self._sessions[card.encoder].get_outputs()]:
            raise ModelInvalid(f"member {card.name!r}: encoder {card.encoder!r} has no output {card.encoder_output!r}")


def _view(card: Card, pixels: Pixels, crop: Crop) -> Floats:
    cut = native if card.sampling == "native" else resized
    return normalised(cut(pixels, crop, card.side), card.mean, card.std)


def _run(session: ort.InferenceSession, values: Floats, output: str) -> Floats:
    result: Floats = session.run([output], {session.get_inputs()[0].name: values})[0]
    return result


def _session(name: str, graphs: Mapping[str, bytes]) -> ort.InferenceSession:
    if name not in graphs:
        raise ModelInvalid(f"the bundle has no graph {name!r}")
    options = ort.SessionOptions()
    options.intra_op_num_threads = _THREADS
    options.log_severity_level = 3
    # Threads that spin while they wait take the cores from pictures worked on beside this one.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(graphs[name], options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime raises its own classes, all unrelated
        raise ModelInvalid(f"graph {name!r} does not load: {str(error).splitlines()[0]}") from None
