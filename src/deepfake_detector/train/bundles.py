"""Writes the shipped bundles: ONNX files, and for each bundle a JSON with cards, ensemble, data, figures and limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .. import __version__, quality
from ..ensemble.aggregate import Linear
from ..ensemble.policy import Policy
from ..faces.crop import Crop
from ..models.card import Card
from . import assemble, stack
from .assemble import Evidence
from .encoder import SIDE
from .features import CLIP_MEAN, CLIP_STD
from .views import NATIVE, View

OUTSIDE = 0.02
"""Quality is called poor where it is worse than this share of the training views."""
ERROR = 0.04
"""Share of wrong ones among the pictures called real, and among those called fake, outside the inconclusive band.

A point below the 5 % that are promised: of pictures that nothing was chosen by a little more is wrong, and more yet
once they are compressed.
"""
ALARMS = {"face": 0.06, "scene": 0.03, "both": 0.06}
"""The operating points: share of a situation's new real pictures of known sources with a score of 0.5 or more.

Without a face there is less to judge by, and the pictures are of all the world.
"""
RATES = (0.003, 0.005, 0.01, 0.02, 0.03, 0.05, ALARMS["both"], 0.1, 0.2)
"""False-positive rates that a user may ask for, where at least ``COUNTED`` real pictures stand for the rate."""
COUNTED = 3
DOUBTFUL = 100
"""New pictures that are doubtful; with fewer their band is not learned from them."""
BESIDE = 300
"""As so many doubtful pictures count all others together when the band of the doubtful ones is learned."""
DISAGREEMENT = 0.02
"""Members contradict each other where their probabilities lie further apart than in all but this share of pictures."""
BOUNDS = ("blurred", "heavy_compression", "small_face", "small_picture")
"""What ``quality_bounds`` measures, as the policy names it."""
LEFT_OUT = "AUC on left-out sources, face and whole picture together"
LEAD = "Lead of the learned weights in that mean (95 % interval)"
KINDS = ("clip", "conv", "residual")
"""Kinds of networks, the leading one first."""

_TRAINED = "the project's image pack: train split of 13 public sources, and forgeries made from its real pictures"
_CLIP: dict[str, Any] = {
    "architecture": "CLIP ViT-B/16 image tower, frozen; heads on token statistics of blocks 4, 6, 8, 10, 12",
    "pretraining": "CLIP (OpenAI, 2021) on 400 million image-text pairs",
    "training_data": f"heads: {_TRAINED}; faces and pictures that generators made (docs/data.md)",
    "licence": "encoder MIT (OpenAI); heads MIT",
}
_CONV: dict[str, Any] = {
    "architecture": "EfficientNet-Lite0, fine-tuned whole",
    "pretraining": "ImageNet-1k",
    "training_data": _TRAINED,
    "licence": "Apache-2.0 (ImageNet weights); fine-tuning MIT",
}
_RESIDUAL: dict[str, Any] = {
    "architecture": "rich-model and neighbouring-pixel residues, separable convolutions, 0.1 million weights",
    "pretraining": "none",
    "training_data": _TRAINED,
    "licence": "MIT",
}
LIMITS = [
    "A score is evidence, not proof. Never let it be the only ground for a decision about a person.",
    "Trained on about 16,000 small pictures; forgeries of kinds that are not among them are missed more often.",
    "Tiny, blurred or strongly compressed faces carry little trace; the verdict is then often inconclusive.",
    "Says nothing about what is true of an authentic picture: captions, staging, and honest edits are not judged.",
    "Drawings, renders and screenshots of text were not measured.",
]


def cards(region: str) -> tuple[Card, Card, Card]:
    """The three members of a region."""
    half = (0.5, 0.5, 0.5)
    shared: dict[str, Any] = {"region": region, "sampling": "resized", "side": SIDE}
    return (
        Card(
            name=f"clip-{region}",
            mean=CLIP_MEAN,
            std=CLIP_STD,
            graph=f"heads-{region}",
            encoder="clip-vit-b16",
            encoder_output="statistics",
            **shared,
            **_CLIP,
        ),
        Card(name=f"conv-{region}", mean=half, std=half, graph="conv", **shared, **_CONV),
        Card(
            name=f"residual-{region}",
            region=region,  # type: ignore[arg-type]
            sampling="native",
            side=NATIVE,
            mean=(0.0, 0.0, 0.0),
            std=(1.0, 1.0, 1.0),
            graph="residual",
            **_RESIDUAL,
        ),
    )


def band(fake: np.ndarray, weights: np.ndarray, scores: np.ndarray, error: float) -> tuple[float, float]:
    """(low, high): of the pictures that score at most low, and of those at least high, ``error`` are called wrongly.

    fake: bool (n,); weights: how much each counts, (n,); scores: log-odds, (n,). Real and fake count alike. Shares are
    taken from the far ends inwards, to 0.5 at most.
    """
    probability = 1 / (1 + np.exp(-scores))
    high = _innermost(probability, ~fake, weights, error)
    return round(1 - _innermost(1 - probability, fake, weights, error), 3), round(high, 3)


def _innermost(probability: np.ndarray, wrong: np.ndarray, weights: np.ndarray, error: float) -> float:
    """The smallest probability from 0.5 on beyond which the weighted share of wrong ones is within ``error``."""
    for bound in np.arange(0.5, 0.995, 0.005):
        beyond = probability >= bound
        if beyond.sum() >= 30 and np.average(wrong[beyond], weights=weights[beyond]) <= error:
            return float(bound)
    return 0.995


def quality_bounds(views: Sequence[View], native: np.ndarray) -> dict[str, float]:
    """Where quality is worse than all but ``OUTSIDE`` of the training views, but for ``View.of_networks``."""
    train = [i for i, view in enumerate(views) if view.split == "train" and not view.of_networks]
    sample = np.sort(np.random.default_rng(0).permutation(train)[:4000])
    whole = Crop(0, 0, native.shape[1])
    measured = [quality.measure(native[i], whole) for i in sample]
    faces = [views[i].face_size for i in train if views[i].view == "face"]
    sides = [min(views[i].width, views[i].height) for i in train]
    return {
        "blurred": round(float(np.quantile([m.sharpness for m in measured], OUTSIDE)), 4),
        "heavy_compression": round(float(np.quantile([m.blockiness for m in measured], 1 - OUTSIDE)), 4),
        "small_face": round(float(np.quantile(faces, OUTSIDE)), 1),
        "small_picture": round(float(np.quantile(sides, OUTSIDE)), 1),
    }


def poor_views(views: Sequence[View], native: np.ndarray, bounds: Mapping[str, float]) -> np.ndarray:
    """Of which validation views the policy will say that quality is poor, bool (n,); False for the others.

    bounds: as ``quality_bounds`` gives them.
    """
    no_bands = {"band": (0.5, 0.5), "poor_band": (0.5, 0.5), "disagreement": 1}  # they are not learned yet, nor asked
    judge = Policy.from_dict({**no_bands, **bounds})
    whole = Crop(0, 0, native.shape[1])
    result = np.zeros(len(views), bool)
    for number, view in enumerate(views):
        if view.split == "val":
            measured = quality.measure(native[number], whole)
            face_size = view.face_size if view.view == "face" else None
            side = min(view.width, view.height)
            reasons = judge.quality_reasons(face_size, side, measured.sharpness, measured.blockiness)
            result[number] = judge.doubtful(reasons)
    return result


def write(
    folder: Path,
    graphs: Mapping[str, bytes],
    views: Sequence[View],
    native: np.ndarray,
    regions: Mapping[str, Evidence],
) -> None:
    """Write the graphs, ``default.json`` (all members) and ``fast.json`` (those that need no encoder)."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in graphs.items():
        (folder / f"{name}.onnx").write_bytes(data)
    bounds = quality_bounds(views, native)
    poor = poor_views(views, native, bounds)
    every = {region: cards(region) for region in ("face", "scene")}
    for name in ("default", "fast"):
        kept = [card for region in every.values() for card in region if name == "default" or card.encoder is None]
        chosen = {
            region: _only(evidence, [card.name for card in every[region] if card in kept])
            for region, evidence in regions.items()
        }
        tables = assemble.tables(views, chosen["face"], chosen["scene"])
        kinds = [kind for kind in KINDS if any(card.name.startswith(kind) for card in kept)]
        ensemble, picture = assemble.ensemble(tables, kinds, ALARMS)
        ensemble["policy"] = policy(ensemble, picture["both"], tables["both"], bounds, poor)
        write_manifest(folder, name, kept, graphs, views, ensemble, tables, kinds)


def _only(evidence: Evidence, members: list[str]) -> Evidence:
    places = [evidence.members.index(name) for name in members]
    return Evidence(tuple(members), evidence.logits[:, places])


def write_manifest(
    folder: Path,
    name: str,
    kept: Sequence[Card],
    graphs: Mapping[str, bytes],
    views: Sequence[View],
    ensemble: Mapping[str, Any],
    tables: Mapping[str, stack.Table],
    kinds: Sequence[str],
) -> None:
    """Write the JSON of a bundle of the members ``kept``; ``tables``, of the members of ``kinds``, give its figures."""
    both, scene = (assemble.left_out(tables[situation], kinds) for situation in ("both", "scene"))
    found = [fold.only(plain=True) for fold in both]
    used = sorted({graph for card in kept for graph in (card.graph, card.encoder) if graph})
    manifest = {
        "name": name,
        "version": __version__,
        "members": [card.to_dict() for card in kept],
        "graphs": {graph: hashlib.sha256(graphs[graph]).hexdigest() for graph in used},
        "ensemble": ensemble,
        "about": {
            "data": _data(views),
            "figures": {
                LEFT_OUT: assemble.comparison(found),
                LEAD: assemble.margins(found),
                f"{LEFT_OUT}; handled": assemble.comparison([fold.only(plain=False) for fold in both]),
                "AUC on left-out sources, whole picture alone": assemble.comparison(
                    [f.only(plain=True) for f in scene]
                ),
                "test split": "docs/model-card.md",
            },
            "limits": LIMITS,
        },
    }
    save(folder / f"{name}.json", manifest)
    for what in (ensemble["policy"], manifest["about"]["figures"]):  # type: ignore[index]
        print(f"{name}: {json.dumps(what, indent=1)}")


def save(path: Path, manifest: Mapping[str, Any]) -> None:
    """Write the JSON of a bundle, as it lies in the repository."""
    path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def policy(
    ensemble: Mapping[str, Any],
    picture: Linear,
    table: stack.Table,
    bounds: Mapping[str, float],
    poor: np.ndarray,
    lone: float = 1.0,
) -> dict[str, Any]:
    """The ``policy`` part of a manifest: bands and disagreement from the held-out pictures, and bounds of quality.

    picture: the stacked score of the table's situation; members without a weight in it cannot contradict. poor: of
    which views the quality is, bool by number. lone: the disagreement where fewer than two members have a weight; 1 is
    never reached. The wider band is that of new pictures, those that call for it beside the others, which count as
    ``BESIDE``: few pictures by themselves would give a band that swings with single ones. With too few of them it is
    that of all held-out pictures, half of which (by weight) are of sources that no member had seen.
    """
    scores, known = stack.scores(picture, table), table.fold == stack.VAL
    spread = _spread(ensemble, table, [name for name, weights in picture.weights.items() if any(weights)])
    disagreement = round(float(np.quantile(spread[known], 1 - DISAGREEMENT)), 3) if spread.any() else lone
    doubtful = known & (poor[table.view] | (spread > disagreement))
    narrow = band(table.fake[known], table.weights[known], scores[known], ERROR)
    if doubtful.sum() >= DOUBTFUL:
        weights, others = table.weights.copy(), known & ~doubtful
        weights[others] *= BESIDE * weights[doubtful].mean() / max(weights[others].sum(), 1e-9)
        wide = band(table.fake[known], weights[known], scores[known], ERROR)
    else:
        wide = band(table.fake, table.weights, scores, ERROR)
    return {
        "band": narrow,
        "poor_band": (min(narrow[0], wide[0]), max(narrow[1], wide[1])),
        "disagreement": disagreement,
        "threshold": 0.5,
        "operating_points": operating_points(scores, table),
        **bounds,
    }


def operating_points(scores: np.ndarray, table: stack.Table) -> list[list[float]]:
    """[rate, threshold] for each of ``RATES``: as in ``ALARMS``, of the new real pictures of known sources."""
    reals = int(((table.fold == stack.VAL) & ~table.fake).sum())
    rates = [rate for rate in RATES if rate * reals >= COUNTED]
    return [[rate, round(float(1 / (1 + np.exp(-stack.excess(scores, table, rate)))), 6)] for rate in rates]


def _spread(ensemble: Mapping[str, Any], table: stack.Table, members: Sequence[str]) -> np.ndarray:
    """How far apart the own probabilities of these members lie, for every row; 0 where there are fewer than two."""
    if len(members) < 2:
        return np.zeros(len(table.fake))
    alone = [stack.scores(Linear.from_dict(ensemble["members"][name]), table) for name in members]
    probabilities = 1 / (1 + np.exp(-np.array(alone)))
    return np.asarray(probabilities.max(0) - probabilities.min(0))


def _data(views: Sequence[View]) -> dict[str, Any]:
    """How many views of which source were learned from."""
    counts: dict[str, int] = {}
    for view in views:
        if view.split == "train":
            made = " (forged by this project)" if view.forged else ""
            key = f"{view.source} {'fake' if view.fake else 'real'}{made}"
            counts[key] = counts.get(key, 0) + 1
    return {"training views by source": dict(sorted(counts.items()))}
