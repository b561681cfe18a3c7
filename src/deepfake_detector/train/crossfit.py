"""The heads' logits twice: cross-fitted (folds held out) and final. Needs torch for bent voices alone.

A view of the training split is scored by heads that saw no picture of its fold (a face of it may have been a donor of
another fold's forged pictures, and so part of a fake; the networks that repainted faces have learned those of every
fold); a view of the validation split by the final heads. Aggregation and calibration learn from these two alone.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np

from ..types import Floats
from . import heads, tuning
from .adapt import FIRMNESS, adapted, strength_for
from .folds import PACK, Folds, apart
from .targets import weights
from .views import View
from .whole import written

SOURCE_POWER = 0.65
"""A source with n views weighs n ** SOURCE_POWER in the heads."""


def fit_key(
    selection: heads.Selection, strength: float, heard: tuning.Voices, power: float, forged: float, *more: object
) -> str:
    """12 hexadecimal digits that tell fits of other heads, or of other plain JSON values in ``more``, apart."""
    parts = [asdict(selection), strength, *heads.recipe(heard), power, forged, *more]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]


def head_logits(
    region: str,
    views: list[View],
    features: np.ndarray,
    selection: heads.Selection,
    strength: float,
    folder: Path,
    folds: Folds = PACK,
    base: heads.Heads | None = None,
    forged: float = 1.0,
    power: float = SOURCE_POWER,
    heard: tuning.Voices = tuning.CARE,
) -> tuple[heads.Heads, Floats]:
    """Fit the heads of one region, final and once without each fold; (final heads, float32 (n, 4) logits).

    Training views carry cross-fitted logits, validation views those of the final heads, views of the other region NaN,
    and so ``View.of_networks``: the same networks repainted faces of every fold, so none is by a forger left out.
    strength: of heads fitted anew. base: heads to start from (``adapt.adapted``, as firmly as it says). forged: how
    much a picture forged by this project counts. power: a source with n views weighs n ** power. heard: the voices of
    heads fitted anew. Kept in ``folder``, which belongs to this store and encoder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    begun = [] if base is None else [FIRMNESS, hashlib.sha256(heads.graph(base)).hexdigest()]
    key = fit_key(selection, strength, heard, power, forged, folds.key(), len(views), *begun)
    kept = folder / f"clip-{region}-{key}.npz"
    if kept.exists():
        stored = np.load(kept)
        return heads.from_graph(kept.name, stored["graph"].tobytes()), stored["logits"]
    ours = np.array([view.view == region for view in views])
    split = np.array([view.split for view in views])
    of_view = np.array([folds.of(view) if view.split == "train" else "" for view in views])
    taken = selection.take(features[ours])
    where = np.full(len(views), -1)
    where[ours] = np.arange(ours.sum())
    logits = np.full((len(views), 4), np.nan, np.float32)

    def fitted(learn: np.ndarray) -> heads.Heads:
        chosen = [views[i] for i in np.flatnonzero(learn)]
        if base is not None:
            count = weights(chosen, power, forged)
            return adapted(taken[where[learn]], chosen, count, base, strength_for(len(chosen)))
        weigh = partial(weights, power=power, forged=forged)
        return heads.taught(taken[where[learn]], chosen, weigh, selection, strength, heard)

    train, val = ours & (split == "train"), ours & (split == "val")
    for name in folds.names:
        held = train & (of_view == name)
        without = fitted(train & apart(views, held))
        logits[held] = without.of_taken(taken[where[held]])
        print(f"clip-{region}: fold {name} done", flush=True)
    final = fitted(train)
    logits[val] = final.of_taken(taken[where[val]])
    logits[[view.of_networks for view in views]] = np.nan
    with written(kept) as unfinished, open(unfinished, "wb") as file:
        np.savez(file, graph=np.frombuffer(heads.graph(final), np.uint8), logits=logits)
    return final, logits
