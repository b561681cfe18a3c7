"""Fits the members, and gives their logits twice: cross-fitted (sources held out) and final.

A view of the training split is scored by members that saw nothing of its source (``crossed``); a view of the
validation split by the final members (``final``). Aggregation and calibration learn from these two alone.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from ..models.preprocess import normalised
from ..types import Floats
from . import export, heads, loop
from .networks.efficientnet_lite import EfficientNetLite0
from .networks.residual import ResidualNet
from .views import View

FOLDS: dict[str, frozenset[str]] = {
    "dfdc": frozenset({"dfdc-faces"}),
    "openforensics": frozenset({"deepfake-and-real-images"}),
    "stylegan": frozenset({"140k-real-and-fake-faces"}),
    "modern": frozenset({"modern-fakes", "modern-swaps", "camera-reals", "press-reals", "small-real-faces"}),
    "portraits": frozenset({"sd21-faces", "sfhq-t2i-faces", "hires-faces"}),
    "scenes": frozenset({"genai-scenes", "real-scenes"}),
}
"""Sources that are held out together: the fakes of one kind and the reals they are judged against."""

HALVES: tuple[frozenset[str], ...] = (
    frozenset({"dfdc", "stylegan", "scenes"}),
    frozenset({"openforensics", "modern", "portraits"}),
)
"""Networks cost too much to train once a fold: they are cross-fitted on two halves of the folds."""

SOURCE_POWER = 0.65
"""A source with n views weighs n ** SOURCE_POWER in the heads."""


def fold_of(view: View) -> str:
    """The fold a view's source belongs to."""
    return next(name for name, sources in FOLDS.items() if view.source in sources)


@dataclass(frozen=True)
class Recipe:
    """One trained network: how to build it, what it reads, and how long it trains."""

    name: str
    build: Callable[[], nn.Module]
    array: str
    side: int
    plan: loop.Plan
    fold_steps: int


def recipes(imagenet: Path, seed: int) -> tuple[Recipe, Recipe]:
    """The convolutional and the residual network. imagenet: EfficientNet-Lite0's published weights."""

    def conv() -> nn.Module:
        network = EfficientNetLite0()
        network.load_imagenet(imagenet)
        return network

    half = (0.5, 0.5, 0.5)
    return (
        Recipe(
            "conv", conv, "pixels", 224, loop.Plan(320, rate=1.2e-3, mean=half, std=half, zoom=0.85, seed=seed), 110
        ),
        Recipe(
            "residual",
            ResidualNet,
            "native",
            192,
            loop.Plan(600, rate=3e-3, mean=(0.0,) * 3, std=(1.0,) * 3, seed=seed),
            200,
        ),
    )


def network_logits(
    recipe: Recipe, views: list[View], pixels: np.ndarray, folder: Path, jobs: int
) -> tuple[bytes, Floats]:
    """Train the final and the cross-fitted networks; (final ONNX graph, float32 (n, 4) logits).

    jobs: they learn from the views of the first so many jobs of the plan, the varied ones; more views of the same
    pictures as they are would only cost time. These views carry cross-fitted logits, all validation views those of the
    final network, the others NaN. Resumable: everything is kept in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = json.dumps([asdict(recipe.plan), recipe.fold_steps, [sorted(half) for half in HALVES], jobs])
    prefix = f"{recipe.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"  # another plan never meets these files
    split = np.array([view.split for view in views])
    folds = np.array([fold_of(view) for view in views])
    train = (split == "train") & np.array([view.job < jobs for view in views])
    logits = np.full((len(views), 4), np.nan, np.float32)
    check = np.flatnonzero(split == "val")
    check = np.sort(check[np.random.default_rng(0).permutation(len(check))[:400]])

    def report(network: nn.Module, _: int) -> str:
        fake = [views[i].fake for i in check]
        return f"val AUC {roc_auc_score(fake, loop.logits_of(network, pixels, check, recipe.plan)[:, 0]):.4f}"

    stages = []
    for number, half in enumerate(HALVES):
        held = np.isin(folds, list(half))
        stages.append((f"without-{number}", train & ~held, train & held))
    stages.append(("final", train, split == "val"))
    graph = b""
    for name, learn, score in stages:
        plan = recipe.plan if name == "final" else replace(recipe.plan, steps=recipe.fold_steps)
        print(f"{recipe.name} {name}: {learn.sum()} views", flush=True)
        torch.manual_seed(plan.seed)
        network = loop.train(
            recipe.build(), pixels, views, np.flatnonzero(learn), plan, folder / f"{prefix}-{name}.pt", report
        )
        kept = folder / f"{prefix}-{name}.npy"
        if not kept.exists() or name == "final":
            graph = export.export(network, recipe.side)
        if not kept.exists():
            np.save(kept, _through(graph, pixels, np.flatnonzero(score), recipe.plan))
        logits[score] = np.load(kept)
    return graph, logits


def _through(graph: bytes, pixels: np.ndarray, chosen: np.ndarray, plan: loop.Plan) -> Floats:
    """Logits of the graph as it ships, float32 (n, 4), one view at a time."""
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    parts = [session.run(None, {"pixels": normalised(pixels[i], plan.mean, plan.std)})[0] for i in chosen]
    return np.concatenate(parts)


def head_logits(
    region: str, views: list[View], features: np.ndarray, selection: heads.Selection, strength: float, folder: Path
) -> tuple[heads.Heads, Floats]:
    """Fit the heads of one region, final and once without each fold; (final heads, float32 (n, 4) logits).

    Training views carry cross-fitted logits, validation views those of the final heads, views of the other region NaN.
    Kept in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    care = {name: [asdict(voice) for voice in voices] for name, voices in heads.CARE.items()}
    left_out = {name: sorted(sources) for name, sources in FOLDS.items()}
    key = json.dumps([asdict(selection), strength, care, SOURCE_POWER, left_out, len(views)])
    kept = folder / f"clip-{region}-{hashlib.sha256(key.encode()).hexdigest()[:12]}.npz"
    if kept.exists():
        stored = np.load(kept)
        voices = tuple(map(int, stored["voices"]))
        return heads.Heads(selection, stored["weights"], stored["bias"], voices), stored["logits"]
    ours = np.array([view.view == region for view in views])
    split = np.array([view.split for view in views])
    folds = np.array([fold_of(view) for view in views])
    taken = selection.take(features[ours])
    where = np.full(len(views), -1)
    where[ours] = np.arange(ours.sum())
    logits = np.full((len(views), 4), np.nan, np.float32)

    def fitted(learn: np.ndarray) -> heads.Heads:
        chosen = [views[i] for i in np.flatnonzero(learn)]
        return heads.fit(taken[where[learn]], chosen, loop.weights(chosen, SOURCE_POWER), selection, strength)

    train, val = ours & (split == "train"), ours & (split == "val")
    for name in FOLDS:
        held = train & (folds == name)
        without = fitted(train & (folds != name))
        logits[held] = without.of_taken(taken[where[held]])
        print(f"clip-{region}: fold {name} done", flush=True)
    final = fitted(train)
    logits[val] = final.of_taken(taken[where[val]])
    np.savez(kept, weights=final.weights, bias=final.bias, voices=final.voices, logits=logits)
    return final, logits
