"""What calls for a wider band in pictures of pictures, and in pictures without colours (``medium``).

Heads hear hardly any of them. (Where they did, such pictures were known a little better and others a little worse,
docs/experiments.md.) So the score is as it is, and learned is how far it must lie from the middle to be believed: on
new pictures of known sources, recaptured (``evaluate.recapture``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..ensemble.aggregate import Linear
from ..ensemble.policy import SHOWS, Condition, Policy
from ..evaluate.corruptions import RECAPTURED
from ..medium import Medium
from . import bundles, stack
from .data import Row
from .heads import balanced
from .views import Job, View

SHOWN_BY: Mapping[Condition, tuple[str, ...]] = {
    "pattern": ("halftone scan", "photo of a screen"),
    "no_colour": ("black and white", "old print"),
}
"""Which recaptures a condition is to be known by."""
MOST = 120
"""Pictures of a source and class that are recaptured, at most: two sources have many more than the others."""
COST = 10
"""So many times a share of the pictures as they are that seem recaptured weighs as much as one of those that are."""


def plan(rows: Sequence[Row]) -> list[Job]:
    """Validation pictures as they are and after each of ``corruptions.RECAPTURED``.

    At most ``MOST`` of a source and class, those of the smallest hashes.
    """
    taken: dict[tuple[str, bool], int] = {}
    chosen = []
    for _, number in sorted((row.sha256, number) for number, row in enumerate(rows) if row.split == "val"):
        kind = rows[number].source, rows[number].fake
        taken[kind] = taken.get(kind, 0) + 1
        if taken[kind] <= MOST:
            chosen.append(number)
    return [Job(n, how, 0, True) for n in sorted(chosen) for how in ("plain", *(change.name for change in RECAPTURED))]


def bounds(views: Sequence[View], media: Sequence[Medium]) -> dict[Condition, float]:
    """Where each condition begins; ``COST`` weighs one kind of mistake against the other.

    Of the views that the detector measures: of faces, and of whole pictures without one. Sources count alike in what
    is mistaken. Raises ValueError where there are no such views as they are, or none that show a condition.
    """
    with_face = {view.job for view in views if view.view == "face"}
    measured = np.array([view.view == "face" or view.job not in with_face for view in views])
    how, source = (np.array([getattr(view, name) for view in views]) for name in ("how", "source"))
    plain = measured & (how == "plain")
    result: dict[Condition, float] = {}
    for condition, kinds in SHOWN_BY.items():
        measure, way = SHOWS[condition]
        values = way * np.array([getattr(medium, measure) for medium in media])
        recaptured = values[measured & np.isin(how, kinds)]
        if not (plain.any() and len(recaptured)):
            raise ValueError(f"too few pictures to learn where {condition} begins")
        candidates = np.unique(values[measured])
        mistaken = np.mean(
            [_above(values[plain & (source == name)], candidates) for name in set(source[plain])], axis=0
        )
        best = candidates[np.argmax(_above(recaptured, candidates) - COST * mistaken)]
        result[condition] = round(float(way * best), 2)
    return result


def _above(values: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Which share of the values lies above each candidate."""
    return 1 - np.searchsorted(np.sort(values), candidates, "right") / len(values)


def bands(
    policy: Policy,
    picture: Mapping[str, Linear],
    tables: Mapping[str, stack.Table],
    views: Sequence[View],
    media: Sequence[Medium],
) -> dict[Condition, tuple[float, float]]:
    """The band of each condition: beyond it ``bundles.ERROR`` are wrong of recaptured pictures that show it.

    policy: which knows the conditions by their bounds. picture: the stacked scores by situation; tables: of ``views``,
    likewise. Pictures with a face are judged with it, all others as a whole. Never narrower than the policy's own band.
    Raises ValueError where all that show a condition are of one class.
    """
    recaptured = np.array([view.how != "plain" for view in views])
    shown = [policy.shown(medium) for medium in media]
    judged = {"both": tables["both"], "scene": tables["scene"].where(tables["scene"].applies)}
    said = np.concatenate([stack.scores(picture[situation], table) for situation, table in judged.items()])
    fake, weights, view = (
        np.concatenate([getattr(table, name) for table in judged.values()]) for name in ("fake", "weights", "view")
    )
    result: dict[Condition, tuple[float, float]] = {}
    for condition in SHOWS:
        rows = (recaptured & np.array([condition in each for each in shown]))[view]
        if len(set(fake[rows])) < 2:
            raise ValueError(f"too few pictures to learn a band for {condition}")
        counts = balanced(weights[rows], fake[rows])
        low, high = bundles.band(fake[rows], counts, said[rows], bundles.ERROR)
        result[condition] = min(low, policy.band[0]), max(high, policy.band[1])
    return result
