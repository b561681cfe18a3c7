"""What calls for a wider band in pictures of pictures, and in pictures without colours (``medium``).

Heads hear hardly any of them. (Where they did, such pictures were known a little better and others a little worse,
docs/experiments.md.) So the score is as it is, and learned is how far it must lie from the middle to be believed: on
new pictures of known sources, recaptured (``evaluate.recapture``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import get_args

import numpy as np

from ..ensemble.aggregate import Linear
from ..ensemble.policy import Condition, Policy
from ..evaluate.corruptions import RECAPTURED
from ..medium import Medium
from . import bundles, stack
from .data import Row
from .views import Job, View

SHOWS: Mapping[Condition, tuple[str, ...]] = {
    "pattern": ("halftone scan", "photo of a screen"),
    "grain": ("old print",),
}
"""Which recaptures a condition, as the policy names it, is to be known by."""
COLOURLESS = 0.75
"""Colour below which a picture has none: JPEG leaves grey pictures grey."""
MOST = 120
"""Pictures of a source and class that are recaptured: these count alike, and two sources have many more."""
COST = 10
"""One picture as it is that seems recaptured weighs as much as so many recaptured ones that do not."""


def plan(rows: Sequence[Row]) -> list[Job]:
    """Validation pictures as they are and after each of ``corruptions.RECAPTURED``; those of the smallest hashes."""
    taken: dict[tuple[str, bool], int] = {}
    chosen = []
    for _, number in sorted((row.sha256, number) for number, row in enumerate(rows) if row.split == "val"):
        kind = rows[number].source, rows[number].fake
        taken[kind] = taken.get(kind, 0) + 1
        if taken[kind] <= MOST:
            chosen.append(number)
    return [Job(n, how, 0, True) for n in sorted(chosen) for how in ("plain", *(change.name for change in RECAPTURED))]


def bounds(views: Sequence[View], media: Sequence[Medium]) -> dict[Condition, float]:
    """Where a view counts as recaptured, by condition; ``COST`` weighs one kind of mistake against the other."""
    how = np.array([view.how for view in views])
    result: dict[Condition, float] = {"no_colour": COLOURLESS}
    for name, kinds in SHOWS.items():
        values = np.array([getattr(medium, name) for medium in media])
        plain, recaptured = np.sort(values[how == "plain"]), np.sort(values[np.isin(how, kinds)])
        candidates = np.unique(np.concatenate([plain, recaptured]))
        found, mistaken = (1 - np.searchsorted(each, candidates, "right") / len(each) for each in (recaptured, plain))
        result[name] = round(float(candidates[np.argmax(found - COST * mistaken)]), 2)
    return result


def bands(
    policy: Policy,
    picture: Mapping[str, Linear],
    tables: Mapping[str, stack.Table],
    views: Sequence[View],
    media: Sequence[Medium],
) -> dict[Condition, tuple[float, float]]:
    """The band of each condition: beyond it ``bundles.ERROR`` are wrong of the pictures that show the condition.

    policy: which knows the conditions by their bounds. picture: the stacked scores by situation; tables: of ``views``,
    likewise. Pictures with a face are judged with it, all others as a whole. Never narrower than the policy's own band.
    """
    recaptured = np.array([view.how != "plain" for view in views])
    shown = np.array([policy.condition(medium) or "" for medium in media])
    judged = {"both": tables["both"], "scene": tables["scene"].where(tables["scene"].applies)}
    said = np.concatenate([stack.scores(picture[situation], table) for situation, table in judged.items()])
    fake, weights, view = (
        np.concatenate([getattr(table, name) for table in judged.values()]) for name in ("fake", "weights", "view")
    )
    result: dict[Condition, tuple[float, float]] = {}
    for condition in get_args(Condition):
        rows = recaptured[view] & (shown[view] == condition)
        low, high = bundles.band(fake[rows], weights[rows], said[rows], bundles.ERROR)
        result[condition] = min(low, policy.band[0]), max(high, policy.band[1])
    return result
