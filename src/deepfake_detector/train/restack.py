"""The default bundle with new heads and its networks as they are: minutes, where to train everything takes an hour.

The networks are not cross-fitted anew, so nothing can be learned of their worth on sources left out, and they have no
part in the stacked score. (When that was searched for, in the build that they are from, ``stack.choose`` gave both of
them a weight of 0.) They are calibrated on ``val`` for ``mean`` and ``vote``. ``recalibrate`` leaves the heads too,
``recaptured`` all but the policy's conditions.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import onnxruntime as ort

from .. import medium
from ..ensemble.aggregate import Linear
from ..ensemble.policy import Policy
from ..models.card import Card
from ..types import Floats
from . import ask, assemble, bundles, recaptures, shelf, stack
from .assemble import Evidence
from .data import Row
from .views import View, make_store, read_store

LEADING = bundles.KINDS[0]


def on_val(card: Card, graph: bytes, views: Sequence[View], array: np.ndarray) -> Floats:
    """float32 (n, 4): a network's logits of the validation views of its region, NaN for all others.

    array: uint8 (n, side, side, 3), the views as the card's sampling gives them.
    """
    ours = [number for number, view in enumerate(views) if view.split == "val" and view.view == card.region]
    logits = np.full((len(views), 4), np.nan, np.float32)
    logits[ours] = ask.said(graph, array, ours, card.mean, card.std)
    return logits


def of_members(
    region: str,
    of_heads: np.ndarray,
    graphs: Mapping[str, bytes],
    views: Sequence[View],
    pixels: np.ndarray,
    native: np.ndarray,
) -> Evidence:
    """The region's members on validation views: the heads as given, float32 (n, 4), and the networks of ``graphs``.

    pixels, native: as ``read_store`` gives them.
    """
    cards = bundles.cards(region)
    said = [
        on_val(card, graphs[card.graph], views, native if card.sampling == "native" else pixels) for card in cards[1:]
    ]
    return Evidence(tuple(card.name for card in cards), np.stack([of_heads, *said], axis=1))


def of_folder(
    folder: Path, views: Sequence[View], pixels: np.ndarray, native: np.ndarray, features: np.ndarray
) -> dict[str, Evidence]:
    """By region, what all members whose graphs lie in ``folder`` say of validation views.

    pixels, native: as for ``of_members``. features: as ``shelf.encoded`` gives them.
    """
    graphs = {name: (folder / f"{name}.onnx").read_bytes() for name in bundles.KINDS[1:]}
    return {
        region: of_members(
            region, _of_heads(folder / f"heads-{region}.onnx", region, views, features), graphs, views, pixels, native
        )
        for region in ("face", "scene")
    }


def _of_heads(path: Path, region: str, views: Sequence[View], features: np.ndarray) -> Floats:
    """float32 (n, 4): what heads say of the validation views of a region, NaN for all others."""
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    logits = np.full((len(views), 4), np.nan, np.float32)
    for number, view in enumerate(views):
        if view.split == "val" and view.view == region:
            statistics = features[number : number + 1].astype(np.float32)
            logits[number] = session.run(None, {"statistics": statistics})[0][0]
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
    ensemble["policy"] = bundles.policy(ensemble, picture["both"], learned["both"], bounds, poor)
    for name in ("heads-face", "heads-scene"):
        (folder / f"{name}.onnx").write_bytes(graphs[name])
    cards = [card for region in ("face", "scene") for card in bundles.cards(region)]
    bundles.write_manifest(folder, "default", cards, graphs, views, ensemble, learned, (LEADING,))


def recalibrate(folder: Path, views: Sequence[View], native: np.ndarray, everyone: Mapping[str, Evidence]) -> None:
    """Write what new pictures teach into the ``default.json`` of ``folder``; no graph changes.

    Members' own scores, their mean, the calibration of the stacked score and the policy are learned anew; the weights,
    kinds of forgery, bounds of quality and figures stay. The policy's conditions are gone, to be learned again
    (``recaptured``). everyone: as for ``write``, of validation views.
    """
    path = folder / "default.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    tables = assemble.tables(views, everyone["face"], everyone["scene"])
    ensemble = manifest["ensemble"]
    ensemble["members"], ensemble["mean"] = assemble.alone(tables, bundles.ALARMS)
    picture = {}
    for situation, table in tables.items():
        straight = replace(Linear.from_dict(ensemble["picture"][situation]), slopes=Linear.slopes)
        picture[situation] = stack.anchored(straight, table.applying(), bundles.ALARMS[situation])
    ensemble["picture"] = {situation: asdict(score) for situation, score in picture.items()}
    bounds = {name: float(ensemble["policy"][name]) for name in bundles.BOUNDS}
    poor = bundles.poor_views(views, native, bounds)
    ensemble["policy"] = bundles.policy(ensemble, picture["both"], tables["both"], bounds, poor)
    bundles.save(path, manifest)


def recaptured(folder: Path, rows: Sequence[Row], work: Path, processes: int) -> None:
    """Write the policy's conditions into the ``default.json`` of ``folder``: how each is known, and its band.

    rows: of the pack; its validation pictures are recaptured. Views and features are kept in ``work``. Raises
    ValueError where they are too few to learn from.
    """
    store = work / "recaptured"
    make_store(store, list(rows), recaptures.plan(rows), processes)
    views, pixels, native = read_store(store)
    features = shelf.encoded(store, folder / "clip-vit-b16.onnx", work, processes)
    everyone = of_folder(folder, views, pixels, native, features)
    media = [medium.measure(view) for view in pixels]

    path = folder / "default.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    bounds = recaptures.bounds(views, media)
    narrow = manifest["ensemble"]["policy"]["band"]
    conditions = {name: {"bound": bound, "band": narrow} for name, bound in bounds.items()}
    manifest["ensemble"]["policy"]["conditions"] = conditions
    bands = recaptures.bands(
        Policy.from_dict(manifest["ensemble"]["policy"]),
        {situation: Linear.from_dict(score) for situation, score in manifest["ensemble"]["picture"].items()},
        assemble.tables(views, everyone["face"], everyone["scene"]),
        views,
        media,
    )
    for name, band in bands.items():
        conditions[name]["band"] = band
    print(f"default: {json.dumps(conditions)}")
    bundles.save(path, manifest)
