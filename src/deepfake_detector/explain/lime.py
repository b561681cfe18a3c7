"""LIME on any classifier (Ribeiro, Singh and Guestrin 2016, "Why Should I Trust You?", arXiv 1602.04938).

Superpixels are hidden at random, the classifier scores the results, and a ridge regression, weighted by nearness to the
untouched picture, says what each superpixel adds to the score. Kernel, penalty and random draws are those of the
``lime`` package (0.2.0.1), so that the same segments, seed and fill give the same coefficients.

Departures: superpixels by SLIC in place of quickshift; one fill for all parts (``superpixels.GREY``); standard errors,
and a figure for how much another seed would change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import OptionError
from ..types import Pixels
from . import surrogate
from .base import Classifier, Ints, asked, batch_size
from .superpixels import checked, filled, hidden


@dataclass(frozen=True, eq=False)
class Lime:
    """What LIME found. segments: int32 (H, W). fit: the surrogate, its weights towards fake. scores: float64 (n,)."""

    segments: Ints
    fit: surrogate.Fit
    stability: float
    scores: np.ndarray


def lime(
    image: Pixels,
    classifier: Classifier,
    segments: Ints,
    *,
    num_samples: int = 300,
    seed: int = 0,
    hide: str = "grey",
    progress: Callable[[int], object] | None = None,
) -> Lime:
    """Explain ``classifier`` on one RGB uint8 (H, W, 3) picture.

    classifier: uint8 (n, H, W, 3) -> P(fake) (n,), called with batches. segments: int (H, W), parts of the picture.
    seed: the same seed gives the same result. progress: called with the number of samples done since last time.
    Raises OptionError for fewer than 10 samples and ExplanationError for a single segment.
    """
    if num_samples < 10:
        raise OptionError(f"num_samples must be at least 10, got {num_samples}")
    segments = checked(segments, image)
    keep = surrogate.draw(num_samples, int(segments.max()) + 1, seed)
    fill = filled(image, segments, hide)
    batch = batch_size(image)
    scores = []
    for start in range(0, num_samples, batch):
        scores.append(asked(classifier, hidden(image, fill, segments, keep[start : start + batch])))
        if progress:
            progress(len(scores[-1]))
    found = np.concatenate(scores)
    return Lime(segments, surrogate.fit(keep, found), surrogate.stability(keep, found, seed), found)
