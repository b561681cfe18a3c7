"""Fits the networks, and gives their logits twice: cross-fitted (sources held out) and final.

As ``crossfit`` does for the heads: a view of the training split is scored by a network that saw nothing of its fold, a
view of the validation split by the final one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from sklearn.metrics import roc_auc_score
from torch import nn

from ..types import Floats
from . import ask, export, loop
from .folds import PACK, PACK_HALVES, Folds, apart
from .networks.efficientnet_lite import EfficientNetLite0
from .networks.residual import ResidualNet
from .views import View
from .whole import written


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


def recipe(name: str, imagenet: Path | None, seed: int) -> Recipe:
    """One of ``recipes``, by name; ``imagenet`` is read for "conv" alone."""
    return next(one for one in recipes(imagenet or Path(), seed) if one.name == name)


def network_logits(
    recipe: Recipe,
    views: list[View],
    pixels: np.ndarray,
    folder: Path,
    jobs: int,
    folds: Folds = PACK,
    halves: tuple[frozenset[str], ...] = PACK_HALVES,
    early: bool = False,
    only_scored: Collection[str] = (),
) -> tuple[bytes, Floats]:
    """Train the final and the cross-fitted networks; (final ONNX graph, float32 (n, 4) logits).

    jobs: they learn from the views of the first so many jobs of the plan, the varied ones; more views of the same
    pictures as they are would only cost time. These views carry cross-fitted logits, all validation views those of the
    final network, the others NaN. only_scored: sources whose training views, of whatever job, are scored as well (by
    the network that did not hear of their fold), though no network learns from them. early: training stops where the
    loss on validation views no longer falls (those of held-out sources are not looked at). Resumable: everything is
    kept in ``folder``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key = json.dumps(
        [asdict(recipe.plan), recipe.fold_steps, [sorted(half) for half in halves], jobs, *["early"] * early]
    )
    prefix = f"{recipe.name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"  # another plan never meets these files
    split = np.array([view.split for view in views])
    of_view = np.array([folds.of(view) if view.split == "train" else "" for view in views])
    train = (split == "train") & np.array([view.job < jobs for view in views])
    scored = train | (split == "train") & np.array([view.source in only_scored for view in views])
    logits = np.full((len(views), 4), np.nan, np.float32)
    check = np.flatnonzero(split == "val")
    check = np.sort(check[np.random.default_rng(0).permutation(len(check))[:400]])

    def report(network: nn.Module, _: int) -> str:
        fake = [views[i].fake for i in check]
        return f"val AUC {roc_auc_score(fake, loop.logits_of(network, pixels, check, recipe.plan)[:, 0]):.4f}"

    stages = []
    for number, half in enumerate(halves):
        held = np.isin(of_view, list(half))
        stages.append((f"without-{number}", train & apart(views, held), scored & held))
    stages.append(("final", train, split == "val"))
    graph = b""
    for name, learn, score in stages:
        plan = recipe.plan if name == "final" else replace(recipe.plan, steps=recipe.fold_steps)
        print(f"{recipe.name} {name}: {learn.sum()} views", flush=True)
        torch.manual_seed(plan.seed)
        known = {views[i].source for i in np.flatnonzero(learn)}
        watched = np.array([i for i in check if views[i].source in known], int)
        network = loop.train(
            recipe.build(),
            pixels,
            views,
            np.flatnonzero(learn),
            plan,
            folder / f"{prefix}-{name}.pt",
            report,
            watch=_watch(views, pixels, watched, plan) if early else None,
        )
        kept = folder / f"{prefix}-{name}.npy"
        if not kept.exists() or name == "final":
            graph = export.export(network, recipe.side)
        if not kept.exists():
            with written(kept) as partial, open(partial, "wb") as file:
                np.save(file, ask.said(graph, pixels, np.flatnonzero(score), recipe.plan.mean, recipe.plan.std))
        logits[score] = np.load(kept)
    return graph, logits


def _watch(views: list[View], pixels: np.ndarray, chosen: np.ndarray, plan: loop.Plan) -> loop.Watch | None:
    """The log-loss of "any fake" on these validation views, both classes counting alike; None where one is missing."""
    fake = np.array([views[i].fake for i in chosen], bool)
    if not fake.any() or fake.all():
        return None

    def loss(network: nn.Module) -> float:
        margin = np.where(fake, 1, -1) * loop.logits_of(network, pixels, chosen, plan)[:, 0]
        each = np.logaddexp(0, -margin.astype(np.float64))
        return float(each[fake].mean() + each[~fake].mean()) / 2

    return loop.Watch(loss)
