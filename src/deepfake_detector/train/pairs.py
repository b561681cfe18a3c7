"""Which views show the same picture, once as it is and once handled: between them a score should move little."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .views import View

MOST = 6000
"""Pairs, drawn at random where there are more: they are learned from as often as the views."""
COPIES = 2
"""Handled copies of one picture that are held against it, at most."""


def same_picture(views: Sequence[View], most: int = MOST) -> np.ndarray:
    """int (k, 2): places in ``views`` of a handled (or processed) view and of one of the same picture as it is; seed 0.

    Forged pictures and their twins are not among them: they do not show what the picture shows.
    """
    found: dict[int, dict[str, list[int]]] = {}
    for place, view in enumerate(views):
        if view.how in ("plain", "handled", "processed"):
            how = "plain" if view.how == "plain" else "handled"
            found.setdefault(view.row, {}).setdefault(how, []).append(place)
    pairs = [
        (handled, shown["plain"][0])
        for shown in found.values()
        if len(shown) == 2
        for handled in shown["handled"][:COPIES]
    ]
    every = np.array(pairs, int).reshape(-1, 2)
    return every[np.random.default_rng(0).permutation(len(every))[:most]] if len(every) > most else every
