"""From the members' logits to what a bundle needs beside its graphs: aggregation, calibration, policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from ..ensemble.aggregate import Linear
from ..types import FAMILIES
from . import loop, stack
from .members import FOLDS, fold_of
from .views import View

PENALTY = 30.0
SITUATIONS = ("face", "scene", "both")


@dataclass(frozen=True)
class Evidence:
    """Logits of one region's members for every view: float32 (n, members, 4); rows of other regions are not read."""

    members: tuple[str, ...]
    logits: np.ndarray


def tables(views: Sequence[View], face: Evidence, scene: Evidence) -> dict[str, stack.Table]:
    """A table for each situation; a row of "both" is a job with a face view and a scene view."""
    rows: dict[int, dict[str, int]] = {}
    for number, view in enumerate(views):
        rows.setdefault(view.job, {})[view.view] = number
    faces = [r["face"] for r in rows.values() if "face" in r]
    scenes = [r["scene"] for r in rows.values() if "scene" in r]
    pairs = [(r["face"], r["scene"]) for r in rows.values() if len(r) == 2]
    both = np.concatenate([face.logits[[f for f, _ in pairs]], scene.logits[[s for _, s in pairs]]], axis=1)
    return {
        "face": _table(face.members, face.logits[faces], [views[i] for i in faces]),
        "scene": _table(scene.members, scene.logits[scenes], [views[i] for i in scenes]),
        "both": _table(face.members + scene.members, both, [views[f] for f, _ in pairs]),
    }


def _table(members: tuple[str, ...], logits: np.ndarray, views: list[View]) -> stack.Table:
    """Half the weight lies on pictures held out with their source, half on new pictures of known sources."""
    split = np.array([v.split for v in views])
    weights = np.zeros(len(views))
    for name in ("train", "val"):
        rows = np.flatnonzero(split == name)
        weights[rows] = loop.weights([views[i] for i in rows])
    return stack.Table(
        members,
        logits.astype(np.float64),
        np.array([v.fake for v in views]),
        np.array([v.family for v in views]),
        weights * len(views) / 2,
        np.array([fold_of(v) if v.split == "train" else "val" for v in views]),
    )


def comparison(table: stack.Table, penalty: float = PENALTY) -> dict[str, dict[str, float]]:
    """AUC on each left-out fold of: the stack (fitted without that fold), each member alone, and the plain mean.

    A member alone is its own calibrated score, fitted without that fold too.
    """
    result: dict[str, dict[str, float]] = {}
    for name in FOLDS:
        held = table.fold == name
        test, rest = table.where(held), table.where(~held)
        if len(set(test.fake)) < 2:
            continue
        alone = {m: stack.scores(stack.fit(rest, penalty, columns_of(table, m)), test) for m in table.members}
        probabilities = np.mean([1 / (1 + np.exp(-s)) for s in alone.values()], axis=0)
        ways = {"stacked": stack.scores(stack.fit(rest, penalty), test), "mean": probabilities, **alone}
        result[name] = {way: round(float(roc_auc_score(test.fake, s)), 4) for way, s in ways.items()}
    ways_of = next(iter(result.values()))
    result["mean over folds"] = {way: round(float(np.mean([r[way] for r in result.values()])), 4) for way in ways_of}
    return result


def columns_of(table: stack.Table, member: str) -> list[int]:
    """The evidence columns of one member."""
    at = table.members.index(member) * 5
    return list(range(at, at + 5))


def family_columns(table: stack.Table, family: str) -> list[int]:
    """The evidence columns that speak of one family: its own logit and the pooled one of every member."""
    own = 1 + FAMILIES.index(family)
    return sorted([5 * i for i in range(len(table.members))] + [5 * i + own for i in range(len(table.members))])


def ensemble(by_situation: Mapping[str, stack.Table], policy: Callable[[Linear], Mapping[str, Any]]) -> dict[str, Any]:
    """The ``ensemble`` part of a manifest. policy: makes the policy from the stacked score of "both"."""
    members: dict[str, Any] = {}
    for situation in ("face", "scene"):
        table = by_situation[situation]
        for name in table.members:
            fitted = stack.fit(table, PENALTY, columns_of(table, name))
            members[name] = asdict(Linear({name: fitted.weights[name]}, fitted.bias))
    picture = {s: stack.fit(by_situation[s], PENALTY) for s in SITUATIONS}
    kinds = {
        family: {
            s: asdict(stack.fit(by_situation[s], PENALTY, family_columns(by_situation[s], family), family))
            for s in SITUATIONS
        }
        for family in FAMILIES
    }
    return {
        "members": members,
        "picture": {s: asdict(linear) for s, linear in picture.items()},
        "kinds": kinds,
        "mean": {s: _platt(by_situation[s], members) for s in SITUATIONS},
        "policy": dict(policy(picture["both"])),
    }


def _platt(table: stack.Table, members: Mapping[str, Any]) -> tuple[float, float]:
    """Platt scaling (Platt 1999) of the members' mean probability: (slope, offset) of its logit."""
    alone = [stack.scores(Linear.from_dict(members[name]), table) for name in table.members]
    mean = np.clip(np.mean([1 / (1 + np.exp(-s)) for s in alone], axis=0), 1e-9, 1 - 1e-9)
    logit = np.log(mean / (1 - mean))
    # One column of evidence that is not limited: a table of a single pretended member would distort it.
    from sklearn.linear_model import LogisticRegression

    weights = table.weights.copy()
    for label in (False, True):
        weights[table.fake == label] /= weights[table.fake == label].sum()
    model = LogisticRegression(C=1e6).fit(logit[:, None], table.fake, sample_weight=weights * len(weights) / 2)
    return float(model.coef_[0, 0]), float(model.intercept_[0])
