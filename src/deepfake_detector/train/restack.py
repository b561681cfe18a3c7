"""The default bundle with new heads and its networks as they are: minutes, where to train everything takes an hour.

The networks are not cross-fitted anew, so nothing can be learned of their worth on sources left out, and they have no
part in the stacked score. (When that was searched for, in the build that they are from, ``stack.choose`` gave both of
them a weight of 0.) They are calibrated on ``val`` for ``mean`` and ``vote``, and may contradict.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from ..models.card import Card
from ..types import Floats
from . import ask, assemble, bundles
from .assemble import Evidence
from .views import View

LEADING = bundles.KINDS[0]


def on_val(card: Card, graph: bytes, views: Sequence[View], array: np.ndarray) -> Floats:
    """float32 (n, 4): a network's logits of the validation views of its region, NaN for all others.

    array: uint8 (n, side, side, 3), the views as the card's sampling gives them.
    """
    ours = [number for number, view in enumerate(views) if view.split == "val" and view.view == card.region]
    logits = np.full((len(views), 4), np.nan, np.float32)
    logits[ours] = ask.said(graph, array, ours, card.mean, card.std)
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
    ensemble, picture = assemble.ensemble(learned, (LEADING,), bundles.ALARMS, everyone=calibrated)
    bounds = bundles.quality_bounds(views, native)
    poor = bundles.poor_views(views, native, bounds)
    ensemble["policy"] = bundles.policy(ensemble, picture["both"], learned["both"], bounds, poor, calibrated["both"])
    for name in ("heads-face", "heads-scene"):
        (folder / f"{name}.onnx").write_bytes(graphs[name])
    cards = [card for region in ("face", "scene") for card in bundles.cards(region)]
    bundles.write_manifest(folder, "default", cards, graphs, views, ensemble, learned, (LEADING,))
