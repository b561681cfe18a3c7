"""The default bundle with new heads and its networks as they are: minutes, where to train everything takes an hour.

The networks are not cross-fitted anew, so nothing can be learned of their worth on sources left out, and they have no
part in the stacked score. (When that was searched for, in the build that they are from, ``stack.choose`` gave both of
them a weight of 0.) They are calibrated on ``val`` for ``mean`` and ``vote``, and may contradict.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort

from ..models.card import Card
from ..models.preprocess import normalised
from ..types import Floats
from . import assemble, bundles, stack
from .assemble import Evidence
from .views import View

LEADING = bundles.KINDS[0]


def on_val(card: Card, graph: bytes, views: Sequence[View], array: np.ndarray) -> Floats:
    """float32 (n, 4): a network's logits of the validation views of its region, NaN for all others.

    array: uint8 (n, side, side, 3), the views as the card's sampling gives them.
    """
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    logits = np.full((len(views), 4), np.nan, np.float32)
    for number, view in enumerate(views):
        if view.split == "val" and view.view == card.region:
            logits[number] = session.run(None, {"pixels": normalised(array[number], card.mean, card.std)})[0][0]
    return logits


def write(
    folder: Path,
    graphs: Mapping[str, bytes],
    views: Sequence[View],
    native: np.ndarray,
    leading: Mapping[str, Evidence],
    everyone: Mapping[str, Evidence],
) -> None:
    """Write the heads' graphs and ``default.json`` into ``folder``, where the other graphs are already.

    leading: by region, the cross-fitted logits of the encoder's member alone. everyone: those of all members of
    ``bundles.cards``, of validation views at least.
    """
    learned = assemble.tables(views, leading["face"], leading["scene"])
    calibrated = assemble.tables(views, everyone["face"], everyone["scene"])
    ensemble, picture = assemble.ensemble(learned, (LEADING,), bundles.ALARMS)
    ensemble["members"], ensemble["mean"] = assemble.alone(calibrated, bundles.ALARMS)
    known = calibrated["both"].where(calibrated["both"].fold == stack.VAL)
    bounds = bundles.quality_bounds(views, native)
    ensemble["policy"] = {
        **bundles.policy(ensemble, picture["both"], learned["both"], bounds),
        "disagreement": bundles.disagreement(ensemble, known),
    }
    cards = [card for region in ("face", "scene") for card in bundles.cards(region)]
    manifest = bundles.manifest_of("default", cards, graphs, views, ensemble, learned, (LEADING,))
    for name in ("heads-face", "heads-scene"):
        (folder / f"{name}.onnx").write_bytes(graphs[name])
    (folder / "default.json").write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(json.dumps([ensemble["policy"], manifest["about"]["figures"]], indent=1))
