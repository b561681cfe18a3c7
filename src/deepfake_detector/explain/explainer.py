"""``LimeExplainer`` and ``explain``: from a picture to why it got its score."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..detector import DeepfakeDetector, Look
from ..errors import OptionError, whole_number
from ..extras import require
from ..files import ImageSource
from .base import FAKE, METHODS, REAL, Explanation, Floats64, Ints, LimeExplanation, Method
from .lime import lime
from .occlusion import CALLS, occlusion
from .regions import effects
from .subject import Subject, subject
from .superpixels import MOST_SEGMENTS, superpixels
from .tokens import attention

Progress = Callable[[int], object]
DEFAULT_SAMPLES = 300


class LimeExplainer:
    """Explains scores by LIME: the very score that was reported, of the whole ensemble, calibrated.

    detector: a ``DeepfakeDetector``; None loads the default one. num_samples: pictures scored for one explanation; each
    costs about as much as a prediction. segments: how many superpixels the area is cut into, 2 to 1000.
    hide: how a superpixel is hidden, "grey" or "mean" (its own mean colour, what the ``lime`` package does).
    seed: the same seed gives the same explanation. progress: show a bar where there is a terminal or a notebook.

    Raises MissingExtra without scikit-image, OptionError for values outside what is allowed.
    """

    def __init__(
        self,
        detector: DeepfakeDetector | None = None,
        *,
        num_samples: int = DEFAULT_SAMPLES,
        segments: int = 50,
        seed: int = 0,
        hide: str = "grey",
        progress: bool = True,
    ) -> None:
        require("explain", "skimage")
        if hide not in ("grey", "mean"):
            raise OptionError(f"unknown way to hide {hide!r}; known are grey, mean")
        self.detector = DeepfakeDetector() if detector is None else detector
        if not hasattr(self.detector, "look"):
            raise OptionError(f"detector must be a DeepfakeDetector, got {detector!r}")
        self.num_samples = whole_number("num_samples", num_samples, 10)
        self.segments = whole_number("segments", segments, 2, MOST_SEGMENTS)
        self.seed = whole_number("seed", seed, 0, 2**32 - 1)
        self.hide, self.progress = hide, progress

    def explain(
        self, source: ImageSource, of: str | int = "verdict", progress: Progress | None = None
    ) -> LimeExplanation:
        """Explain one picture: a path, bytes, binary file object, PIL image or uint8 RGB array.

        of: "verdict" (the picture's score, over the face that decided it, or over the whole picture where there is
        none), a face by its number in ``Prediction.faces``, or "scene" (the score of the whole-picture members).
        progress: called with the number of samples done since last time, in place of the bar.
        Raises ImageError as ``predict`` does, and ExplanationError where there is no such face or score, or where the
        picture falls into a single superpixel.
        """
        return self._explained(subject(self.detector, source, of), progress)

    def _explained(self, asked: Subject, progress: Progress | None) -> LimeExplanation:
        image = asked.image
        parts = superpixels(image, self.segments)
        with _bar(self.num_samples, self.progress and progress is None) as step:
            found = lime(
                image,
                asked.classify,
                parts,
                num_samples=self.num_samples,
                seed=self.seed,
                hide=self.hide,
                progress=progress or step,
            )
        fit = found.fit
        warnings = _saturated(found.scores) or _doubts(fit.r2, found.stability, len(fit.weights), self.num_samples)
        return LimeExplanation(
            **_common("lime", asked, found.segments, fit.weights, warnings, fit.errors),
            score=fit.r2,
            stability=found.stability,
            errors=fit.errors,
            intercept={FAKE: fit.intercept, REAL: 1 - fit.intercept},
            local_pred={FAKE: fit.local, REAL: 1 - fit.local},
            num_samples=self.num_samples,
            seed=self.seed,
        )


def calls(method: Method, num_samples: int | None = None) -> int:
    """How many pictures a method has scored, at most; for a progress bar."""
    if method == "lime":
        return DEFAULT_SAMPLES if num_samples is None else num_samples
    return CALLS if method == "occlusion" else 1


def default_method(detector: DeepfakeDetector) -> Method:
    """The fast method that this detector's members allow: "attention", or "occlusion" where there is no encoder."""
    return "attention" if any(card.encoder for card in detector.members.cards) else "occlusion"


def explain(
    detector: DeepfakeDetector,
    source: ImageSource | Look,
    method: Method | None = None,
    of: str | int = "verdict",
    progress: Progress | None = None,
    **options: Any,
) -> Explanation:
    """Explain one picture's score.

    source: a picture, or what ``detector.look`` gave for it (``keep_encoded`` then spares ``attention`` a second look).
    method: "attention" (one look at the picture), "occlusion" (65 looks), "lime" (300), or None for the fast one that
    the detector's members allow. of, progress: as for ``LimeExplainer.explain``. options: of ``LimeExplainer``.
    Raises OptionError for another method, and otherwise as ``LimeExplainer.explain`` does; ExplanationError too where
    ``attention`` is asked for and no encoder has a say.
    """
    method = method or default_method(detector)
    look = source if isinstance(source, Look) else detector.look(source, keep_encoded=method == "attention")
    return _explain(subject(detector, look, of), method, progress, options)


def explain_each(
    detector: DeepfakeDetector,
    source: ImageSource,
    method: Method | None = None,
    progress: Progress | None = None,
    **options: Any,
) -> dict[str, Explanation]:
    """One explanation for each face with a score ("face 0", largest first), and one for the whole picture ("scene").

    Each is of its own score, over its own part of the picture. Parameters and errors as for ``explain``.
    """
    method = method or default_method(detector)
    look = detector.look(source, keep_encoded=method == "attention")
    names: list[str | int] = [*look.scored, "scene"]
    wanted = [subject(detector, look, of) for of in names]
    return {asked.of: _explain(asked, method, progress, options) for asked in wanted}


def _explain(asked: Subject, method: Method, progress: Progress | None, options: dict[str, Any]) -> Explanation:
    if method not in METHODS:
        raise OptionError(f"unknown method {method!r}; known are {', '.join(METHODS)}")
    if method == "lime":
        return LimeExplainer(asked.detector, **{"progress": False, **options})._explained(asked, progress)
    if options:
        raise OptionError(f"method {method!r} has no options; got {', '.join(options)}")
    if method == "occlusion":
        found = occlusion(asked.image, asked.classify, progress=progress)
        return Explanation(**_common("occlusion", asked, found.segments, found.weights))
    parts, weights = attention(asked.area, asked.score, asked.leave_out)
    return Explanation(**_common("attention", asked, parts, weights))


def _common(
    method: Method,
    asked: Subject,
    parts: Ints,
    weights: Floats64,
    warnings: tuple[str, ...] = (),
    errors: Floats64 | None = None,
) -> dict[str, Any]:
    together = float(np.abs(weights).sum())
    if method != "lime" and together < 1e-6:
        warnings = (_UNMOVED,)
    elif _UNMOVED not in warnings and together < _LITTLE:
        warnings += (
            f"No part by itself moves this score much (all of them together: {100 * together:.2g} points of P(fake)). "
            "Read the map for where, not for how much.",
        )
    return {
        "method": method,
        "of": asked.of,
        "p_fake": asked.score,
        "prediction": asked.prediction,
        "picture": asked.picture,
        "area": asked.area,
        "parts": parts,
        "weights": weights,
        "effects": effects(parts, weights, asked.face, asked.area, errors),
        "warnings": warnings,
    }


_LITTLE = 0.05
_UNMOVED = "The score does not move whatever is hidden, so nothing in this area can be named as the reason."


def _saturated(scores: Floats64) -> tuple[str, ...]:
    """Words for a score that no sample moves."""
    return (_UNMOVED,) if float(np.ptp(scores)) < 1e-6 else ()


def _doubts(r2: float, stability: float, parts: int, samples: int) -> tuple[str, ...]:
    """Words for a surrogate that fits badly."""
    found = []
    if r2 < 0.5:
        found.append(
            f"The linear surrogate explains only {100 * max(r2, 0):.0f} % of how the score moves (R2): parts work "
            "together in ways that single weights cannot show. Read the map with care."
        )
    if stability < 0.7:
        found.append(
            f"Another seed would give a rather different map (expected correlation {stability:.2f}). "
            "Take more samples (num_samples) or fewer segments."
        )
    if samples < 2 * parts:
        found.append(f"{samples} samples are few for {parts} superpixels; take at least {4 * parts}.")
    return tuple(found)


@contextmanager
def _bar(total: int, wanted: bool) -> Iterator[Progress | None]:
    """A progress bar where somebody can see it: a terminal or a notebook."""
    if not wanted or not (sys.stderr.isatty() or "ipykernel" in sys.modules):
        yield None
        return
    require("explain", "tqdm")
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="samples", leave=False) as bar:
        yield bar.update
