"""The logits of every member for every view: of trained ones cross-fitted, of the others as they are."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..errors import DataError
from ..models.card import Card
from ..models.preprocess import normalised
from ..types import Floats
from . import crossfit, heads, shelf
from .assemble import Evidence
from .folds import Folds
from .start import Start
from .views import View
from .whole import written

SELECTION = heads.Selection((4, 6, 8, 10, 12), ("cls", "patch_mean", "patch_std", "centre_mean"))
"""What heads read where there is no base to say it, and the shipped ones."""
STRENGTH = 0.001
"""Of heads fitted anew, the shipped ones among them (``heads.fit``)."""
TOLERANCE = 0.02
"""Largest difference in any logit between a graph and the heads it was made of."""

Networks = Callable[[str], tuple[bytes, Floats]]
"""Trains a network by name: (graph, float32 (n, 4) logits of all views)."""


class Members:
    """Fits the heads and asks every member. store: the folder of ``views``, which also keeps what is computed here.

    start: as given, without the heads of a region that has too few views; those stay as they are. Raises DataError
    where nothing is left to train.
    """

    def __init__(
        self, start: Start, views: list[View], arrays: Mapping[str, np.ndarray], store: Path, work: Path, folds: Folds
    ) -> None:
        start = _trainable(start, views)
        self.start, self.views, self.arrays, self.store, self.folds = start, views, arrays, store, folds
        self.graphs = dict(start.graphs)
        self.encoder: Path | None = None
        self._features: np.ndarray | None = None
        if start.encoder is not None:
            self.encoder = work / f"encoder-{hashlib.sha256(start.encoder).hexdigest()[:16]}.onnx"
            if not self.encoder.exists():
                with written(self.encoder) as partial:
                    partial.write_bytes(start.encoder)

    def encode(self, processes: int) -> None:
        """Compute the encoder's features of all views that have none yet."""
        if self.encoder is not None:
            self._features = shelf.encoded(self.store, self.encoder, self.encoder.parent, processes)

    def evidence(self, networks: Networks) -> tuple[dict[str, Evidence], dict[str, Evidence]]:
        """By region: logits of the result's members, and of those of the bundle it starts from (itself without one)."""
        trained = {name: networks(name) for name in self.start.networks}
        after: dict[str, list[Floats]] = {"face": [], "scene": []}
        before: dict[str, list[Floats]] = {"face": [], "scene": []}
        names: dict[str, list[str]] = {"face": [], "scene": []}
        for card in self.start.cards:
            names[card.region].append(card.name)
            network = card.name.rsplit("-", 1)[0]
            if card.name in self.start.heads:
                fitted, logits = self._heads(card)
                base = self.start.heads[card.name]
                now = logits if base is None else base.logits(self._encoded()).astype(np.float32)
                self.graphs[card.graph] = self._checked(fitted)
            elif network in trained:
                graph, logits = trained[network]
                now = self.kept(card) if card.graph in self.start.graphs else logits
                self.graphs[card.graph] = graph
            else:
                now = logits = self.kept(card)
            after[card.region].append(logits)
            before[card.region].append(now)
        return tuple(  # type: ignore[return-value]
            {r: Evidence(tuple(names[r]), _stacked(columns[r], len(self.views))) for r in names}
            for columns in (after, before)
        )

    def _encoded(self) -> np.ndarray:
        assert self._features is not None, "encode() comes first"
        return self._features

    def _heads(self, card: Card) -> tuple[heads.Heads, Floats]:
        base = self.start.heads[card.name]
        assert self.encoder is not None
        folder = shelf.of_encoder(self.store, "heads", self.encoder)
        selection = base.selection if base else SELECTION
        return crossfit.head_logits(
            card.region, self.views, self._encoded(), selection, STRENGTH, folder, self.folds, base
        )

    def _checked(self, fitted: heads.Heads) -> bytes:
        """The graph of the heads, held against them on a few views. Raises ValueError where they differ."""
        graph = heads.graph(fitted)
        sample = self._encoded()[:8].astype(np.float32)
        said = ort.InferenceSession(graph, providers=["CPUExecutionProvider"]).run(None, {"statistics": sample})[0]
        worst = float(np.abs(said - fitted.logits(sample)).max())
        if worst > TOLERANCE:
            raise ValueError(f"the exported heads differ by {worst:.2g} in a logit (allowed: {TOLERANCE})")
        return graph

    def kept(self, card: Card) -> Floats:
        """float32 (n, 4): what a member that is not trained says of the views of its region; NaN for the others."""
        graphs = [self.start.graphs[name] for name in (card.encoder, card.graph) if name]
        key = hashlib.sha256(b"".join(hashlib.sha256(graph).digest() for graph in graphs)).hexdigest()[:12]
        path = self.store / f"kept-{card.name}-{key}.npy"
        if path.exists():
            result: Floats = np.load(path)
            return result
        known = self._features is not None and card.encoder is not None and graphs[0] == self.start.encoder
        if known:  # what it would read is there already
            graphs = graphs[1:]
        sessions = [ort.InferenceSession(graph, providers=["CPUExecutionProvider"]) for graph in graphs]
        array = self.arrays[card.sampling]
        ours = [number for number, view in enumerate(self.views) if view.view == card.region]
        logits = np.full((len(self.views), 4), np.nan, np.float32)
        begun = time.monotonic()
        for done, number in enumerate(ours, start=1):
            if known:
                values = self._encoded()[number : number + 1].astype(np.float32)
            else:
                values = normalised(array[number], card.mean, card.std)
            for session in sessions:
                output = session.get_outputs()[0].name if session is sessions[-1] else str(card.encoder_output)
                values = session.run([output], {session.get_inputs()[0].name: values})[0]
            logits[number] = values[0]
            if done % 1000 == 0:
                left = (time.monotonic() - begun) / done * (len(ours) - done)
                print(f"{card.name}: {done} of {len(ours)} views, {left / 60:.1f} min left", flush=True)
        with written(path) as partial, open(partial, "wb") as file:
            np.save(file, logits)
        return logits


def _trainable(start: Start, views: list[View]) -> Start:
    """Without the heads of regions that have fewer than ``heads.FEW`` training views of a class."""
    kept = {}
    for card in start.cards:
        if card.name in start.heads:
            seen = Counter(view.fake for view in views if view.view == card.region and view.split == "train")
            if min(seen[True], seen[False]) >= heads.FEW:
                kept[card.name] = start.heads[card.name]
            elif start.heads[card.name] is None:
                raise DataError(
                    f"{card.name} cannot be trained anew: too few training pictures of its kind. Use --base."
                )
            else:
                print(f"{card.name} stays as it is: too few training pictures of its kind", flush=True)
    if not kept and not start.networks:
        raise DataError("Nothing can be trained: too few of the training pictures show what the named members look at.")
    return replace(start, heads=kept)


def _stacked(columns: list[Floats], count: int) -> np.ndarray:
    return np.stack(columns, axis=1) if columns else np.zeros((count, 0, 4), np.float32)
