"""Is a map true? Four measures, each held against maps that know nothing of the classifier.

* Deletion and insertion (Petsiuk, Das and Saenko 2018, "RISE", arXiv 1806.07421): cells are hidden, or shown on a
  hidden picture, in the order of the map; the area under P(fake) should be small for deletion and large for insertion.
  Departures: what hides is either the usual grey, or the picture's untouched twin where there is one. Grey is itself
  out of the ordinary for a detector of forgeries; the twin is what the picture would be without the forgery.
* Localisation: the share of the positive weights inside the area that was altered (as in the energy-based pointing game
  of Wang et al. 2020, "Score-CAM", arXiv 1910.01279).
* Parameter randomisation (Adebayo et al. 2018, "Sanity Checks for Saliency Maps", arXiv 1810.03292): rank correlation
  of the map with the one made after the model's weights were shuffled. A map that stays the same explains the picture
  and not the model.

Maps are compared as 14 x 14 cells, float64, positive towards fake, whatever a method's own parts are.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ..types import Pixels
from .base import Bools, Classifier, Explanation, Floats64, asked
from .superpixels import grid

CELLS = 14
FRACTIONS = (0.0, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0)
"""Shares of the cells hidden or shown, where curves are read; most of them where good maps differ from bad ones."""
SANE = 0.5
"""A map passes the randomisation check where its mean absolute rank correlation stays below this."""


def cells(explanation: Explanation) -> Floats64:
    """An explanation's weights, by area, on the grid of cells of its area: float64 (14, 14)."""
    a = explanation.area
    heat = explanation.heatmap[a.y : a.y + a.side, a.x : a.x + a.side]
    return np.asarray(cv2.resize(heat, (CELLS, CELLS), interpolation=cv2.INTER_AREA), np.float64)


def centre_blob() -> Floats64:
    """A bell in the middle, a quarter of the side wide: what a map of a centred face is if it only knows that."""
    at = np.arange(CELLS) - (CELLS - 1) / 2
    squared = (at[:, None] ** 2 + at[None] ** 2) / (CELLS / 4) ** 2
    return np.asarray(np.exp(-squared / 2), np.float64)


def random_map(seed: int) -> Floats64:
    """Cells in random order."""
    return np.random.default_rng(seed).random((CELLS, CELLS))


@dataclass(frozen=True)
class Curves:
    """Areas under P(fake) against the share of cells hidden (deletion) or shown (insertion), each in [0, 1]."""

    deletion: float
    insertion: float


def curves(image: Pixels, classifier: Classifier, reference: Pixels, weights: Floats64) -> Curves:
    """Deletion and insertion of one map. image, reference: RGB uint8 (H, W, 3); weights: float64 (14, 14).

    reference: what stands where the picture is hidden.
    """
    areas = grid(image.shape[0], image.shape[1], CELLS, CELLS)
    # Superpixels give many cells the same weight; in which order those go is drawn, and not by row.
    order = np.lexsort((np.random.default_rng(0).random(CELLS**2), -weights.ravel()))
    rank = np.empty(CELLS**2, int)
    rank[order] = np.arange(CELLS**2)
    first = [rank[areas] < round(fraction * CELLS**2) for fraction in FRACTIONS]
    # Hiding all is showing nothing and the other way round: the ends of both curves are the same two pictures.
    batch = [np.where(mask[:, :, None], reference, image) for mask in first]
    batch += [np.where(mask[:, :, None], image, reference) for mask in first[1:-1]]
    scores = asked(classifier, np.stack(batch))
    deletion = scores[: len(first)]
    insertion = np.concatenate([deletion[-1:], scores[len(first) :], deletion[:1]])
    return Curves(_area(deletion), _area(insertion))


def localisation(weights: Floats64, altered: Bools) -> float:
    """Share of the positive weights inside the altered area, bool (H, W) over the area explained. None positive: 0."""
    inside = cv2.resize(altered.astype(np.float32), (CELLS, CELLS), interpolation=cv2.INTER_AREA)
    positive = np.maximum(weights, 0)
    total = float(positive.sum())
    return float((positive * inside).sum() / total) if total > 0 else 0.0


def rank_correlation(a: Floats64, b: Floats64) -> float:
    """Spearman's, ties sharing their mean rank; 0 where a map is flat."""
    x, y = _ranks(a), _ranks(b)
    return float(np.corrcoef(x, y)[0, 1]) if x.std() > 0 and y.std() > 0 else 0.0


@dataclass(frozen=True)
class Row:
    """Means over pictures for one way of making maps; None for what was not measured.

    deletion, insertion: with grey. deletion_twin, insertion_twin: with the untouched twin. randomised: mean absolute
    rank correlation with the map of the shuffled model.
    """

    localisation: float
    deletion: float
    insertion: float
    deletion_twin: float
    insertion_twin: float
    randomised: float | None = None


def faithful(row: Row, baselines: Iterable[Row]) -> bool:
    """Whether a way beats every baseline on all three: finds the altered area, orders the cells, heeds the weights.

    Order is judged against the twin (insertion less deletion). No map that ignores the model can pass the last.
    """
    beaten = all(
        row.localisation > other.localisation
        and row.insertion_twin - row.deletion_twin > other.insertion_twin - other.deletion_twin
        for other in baselines
    )
    return beaten and row.randomised is not None and row.randomised < SANE


def table(rows: Mapping[str, Row], baselines: Iterable[str]) -> str:
    """The rows as a Markdown table."""
    names = list(baselines)
    lines = [
        "| map | altered area found | deletion, twin | insertion, twin | deletion, grey | insertion, grey "
        "| same after shuffling weights | beats both baselines on all |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, row in rows.items():
        verdict = "baseline" if name in names else ("yes" if faithful(row, [rows[n] for n in names]) else "no")
        numbers = [row.localisation, row.deletion_twin, row.insertion_twin, row.deletion, row.insertion]
        cells = [f"{value:.3f}" for value in numbers]
        cells += ["-" if row.randomised is None else f"{row.randomised:.2f}", verdict]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _area(scores: Floats64) -> float:
    """Under the straight lines between the points."""
    return float(np.diff(FRACTIONS) @ (scores[1:] + scores[:-1]) / 2)


def _ranks(values: Floats64) -> Floats64:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts + 1) / 2)[inverse.ravel()], np.float64)
