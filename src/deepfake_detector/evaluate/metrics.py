"""Figures of a detector on labelled pictures, each with a bootstrap 95 % interval, and none where none can be given.

scikit-learn (the ``evaluate`` extra) computes the values it has; intervals come from ``bootstrap``. Fake is the
positive class everywhere but in ``f1_real``. ``DESCRIPTIONS`` names every figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..extras import require
from . import bootstrap
from .bootstrap import Array, Bools, Ranked

BINS = 15

DESCRIPTIONS: Mapping[str, str] = MappingProxyType(
    {
        "auc": "Area under the ROC curve: the chance that a fake scores above a real. 0.5 is guessing.",
        "average_precision": "Area under the precision-recall curve, fake positive. Guessing gives the share of fakes.",
        "eer": "Equal error rate: where as many reals are called fake as fakes are missed (lower is better).",
        "tpr_at_1_fpr": "Share of fakes found at a threshold that calls at most 1 % of these reals fake.",
        "tpr_at_5_fpr": "Share of fakes found at a threshold that calls at most 5 % of these reals fake.",
        "accuracy": "Share of pictures whose prediction is right.",
        "balanced_accuracy": "Mean of the shares of reals and of fakes that are predicted right.",
        "f1_fake": "F1 of the class fake.",
        "f1_real": "F1 of the class real, as in label lists where 1 = real.",
        "false_positive_rate": "Share of reals predicted fake at the detector's threshold: false alarms.",
        "true_positive_rate": "Share of fakes predicted fake at the detector's threshold.",
        "false_alarm_verdicts": "Share of reals with the verdict fake.",
        "coverage": "Share of pictures with a verdict other than inconclusive.",
        "error_where_conclusive": "Share of wrong verdicts among those.",
        "ece": f"Expected calibration error, {BINS} equal-width bins of P(fake) (Guo et al. 2017, arXiv 1706.04599).",
        "brier": "Brier score: mean squared distance of P(fake) from the truth (lower is better).",
    }
)
"""Every figure of ``Metrics``, in the order of the reports."""


@dataclass(frozen=True)
class Figure:
    """A value with its bootstrap 95 % interval (None where no draw gave a value), out of ``pictures`` pictures."""

    value: float
    interval: tuple[float, float] | None
    pictures: int

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ValueError(f"Figure.value: expected a value in [0, 1], got {self.value!r}")

    def __str__(self) -> str:
        if self.interval is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} ({self.interval[0]:.3f}-{self.interval[1]:.3f})"

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types, four decimals."""
        interval = None if self.interval is None else [round(bound, 4) for bound in self.interval]
        return {"value": round(self.value, 4), "interval": interval, "pictures": self.pictures}


@dataclass(frozen=True)
class Metrics:
    """The figures of one set of pictures, by the names of ``DESCRIPTIONS``; None where one cannot be given."""

    fakes: int
    reals: int
    figures: Mapping[str, Figure | None]

    def __getitem__(self, name: str) -> Figure | None:
        return self.figures[name]

    @property
    def pictures(self) -> int:
        """Fakes and reals together."""
        return self.fakes + self.reals

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        figures = {name: figure and figure.to_dict() for name, figure in self.figures.items()}
        return {"fakes": self.fakes, "reals": self.reals, **figures}


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold (a picture is fake at or above it) and the rates it gives on the pictures it was chosen on."""

    max_fpr: float
    threshold: float
    false_positive_rate: float
    true_positive_rate: float

    def to_dict(self) -> dict[str, float]:
        """As plain JSON types."""
        rates = {name: round(getattr(self, name), 4) for name in ("false_positive_rate", "true_positive_rate")}
        return {"max_fpr": self.max_fpr, "threshold": self.threshold, **rates}


def share(hits: Bools) -> Figure | None:
    """The share of true values in ``hits`` (n,); None where there are none to count."""
    hits = np.asarray(hits, bool)
    return Figure(float(hits.mean()), bootstrap.of_shares(hits), len(hits)) if len(hits) else None


def auc(fake: Bools, score: Array) -> Figure | None:
    """Area under the ROC curve of P(fake) (n,); None unless both classes are there."""
    require("evaluate", "sklearn")
    from sklearn.metrics import roc_auc_score

    if not _both(fake):
        return None
    ranked = Ranked(fake, score)
    interval = bootstrap.of_statistics(lambda w: {"auc": ranked.statistics(w)["auc"]}, len(fake))["auc"]
    return Figure(float(roc_auc_score(fake, score)), interval, len(fake))


def calibration_error(fake: Bools, score: Array) -> float:
    """Expected calibration error of P(fake) (n,): 15 equal-width bins (Guo et al. 2017, arXiv 1706.04599)."""
    return float(_calibration_errors(fake, score, np.ones((1, len(fake))))[0])


def reliability(fake: Bools, score: Array) -> list[tuple[float, float, int]]:
    """(mean P(fake), share of fakes, pictures) of each bin of ``calibration_error`` that has pictures."""
    numbers = _bin_numbers(score)
    inside = [numbers == number for number in range(BINS) if (numbers == number).any()]
    return [(float(score[rows].mean()), float(fake[rows].mean()), int(rows.sum())) for rows in inside]


def roc_points(fake: Bools, score: Array) -> tuple[Array, Array]:
    """(false-positive rates, true-positive rates) of the ROC curve's corners; P(fake) (n,), both classes there."""
    require("evaluate", "sklearn")
    from sklearn.metrics import roc_curve

    fpr, tpr, _ = roc_curve(fake, score)
    return np.asarray(fpr), np.asarray(tpr)


def measure(fake: Bools, score: Array, said_fake: Bools, verdict: npt.NDArray[np.str_] | None = None) -> Metrics:
    """All figures of n pictures.

    fake: (n,) the truth. score: (n,) P(fake). said_fake: (n,) whether the prediction was "Fake". verdict: (n,)
    "real", "fake" or "inconclusive"; without it the figures of verdicts are None.
    Raises MissingExtra without scikit-learn.
    """
    require("evaluate", "sklearn")
    fake, said_fake, score = np.asarray(fake, bool), np.asarray(said_fake, bool), np.asarray(score, np.float64)
    figures: dict[str, Figure | None] = dict.fromkeys(DESCRIPTIONS)
    figures["accuracy"] = share(said_fake == fake)
    figures["false_positive_rate"] = share(said_fake[~fake])
    figures["true_positive_rate"] = share(said_fake[fake])
    if verdict is not None:
        decided = verdict != "inconclusive"
        figures["coverage"] = share(decided)
        figures["error_where_conclusive"] = share((verdict == "fake")[decided] != fake[decided])
        figures["false_alarm_verdicts"] = share(verdict[~fake] == "fake")
    if _both(fake):
        figures.update(_of_both_classes(fake, score, said_fake))
    return Metrics(int(fake.sum()), int((~fake).sum()), figures)


_VERDICTS = ("real", "fake", "inconclusive")


def from_labels(
    labels: Sequence[int], scores: Sequence[float], threshold: float = 0.5, verdicts: Sequence[str] | None = None
) -> Metrics:
    """The figures of lists as users keep them: 1 = real, 0 = fake.

    scores: probability of REAL, the class that 1 names, in [0, 1]: ``predict_proba(paths)[:, 0]``, or
    ``real_score / 100``. threshold: P(fake) from which a picture is called fake. verdicts: ``Prediction.verdict``.
    Raises OptionError where the lists do not fit, MissingExtra without scikit-learn.
    """
    try:
        truth, real = np.asarray(labels), np.asarray(scores, np.float64)
    except (TypeError, ValueError):
        raise OptionError("expected numbers as scores: probabilities of real in [0, 1]") from None
    if truth.ndim != 1 or truth.shape != real.shape or not len(truth):
        raise OptionError(f"expected as many scores as labels, at least one; got {real.shape} and {truth.shape}")
    if not np.isin(truth, (0, 1)).all():
        raise OptionError("expected labels of 1 (real) and 0 (fake)")
    if not np.isfinite(real).all():
        raise OptionError("some scores are not numbers: leave out the pictures that could not be judged, with labels")
    if real.min() < 0 or real.max() > 1:
        raise OptionError("expected probabilities of real in [0, 1]; divide percentages by 100")
    verdicts = None if verdicts is None else list(verdicts)
    if verdicts is not None and len(verdicts) != len(truth):
        raise OptionError(f"expected as many verdicts as labels, got {len(verdicts)} for {len(truth)}")
    if verdicts is not None and (other := sorted({repr(v) for v in verdicts if v not in _VERDICTS})):
        raise OptionError(
            f"expected verdicts of {', '.join(_VERDICTS)}, as Prediction.verdict has them; got {other[0]}"
        )
    if not (isinstance(threshold, (int, float, np.number)) and 0 < threshold < 1):
        raise OptionError(f"threshold must be a number between 0 and 1, got {threshold!r}")
    fake = 1 - real
    return measure(truth == 0, fake, fake >= threshold, None if verdicts is None else np.asarray(verdicts))


def operating_point(fake: Bools, score: Array, max_fpr: float) -> OperatingPoint | None:
    """The threshold that finds most fakes while it calls at most a share ``max_fpr`` of these reals fake.

    None unless both classes are there, and where a threshold that keeps the rate finds nothing. Chosen and read on
    the same pictures, the rates flatter: on others expect more false alarms. Raises OptionError for a rate outside
    0 to 1.
    """
    if not (isinstance(max_fpr, (int, float, np.number)) and 0 <= max_fpr < 1):
        raise OptionError(f"the false-positive rate must be at least 0 and below 1, got {max_fpr!r}")
    require("evaluate", "sklearn")
    from sklearn.metrics import roc_curve

    if not _both(fake):
        return None
    fpr, tpr, thresholds = roc_curve(fake, score, drop_intermediate=False)  # thresholds fall, from infinity
    best = int(np.argmax(np.where(fpr <= max_fpr, tpr, -1)))  # the first: no false alarms that gain nothing
    if tpr[best] <= 0:
        return None
    # Between the last score that counts and the next below it, with no more digits than it takes to lie there: the
    # number as printed then keeps the promise. Some real is below, because the rate asked for is.
    upper, lower = float(thresholds[best]), float(score[score < thresholds[best]].max())
    middles = (round((upper + lower) / 2, digits) for digits in range(3, 18))
    threshold = next((middle for middle in middles if lower < middle <= upper), upper)
    return OperatingPoint(max_fpr, threshold, float(fpr[best]), float(tpr[best]))


def _of_both_classes(fake: Bools, score: Array, said_fake: Bools) -> dict[str, Figure | None]:
    from sklearn import metrics as sk

    ranked = Ranked(fake, score)
    everything = ranked.statistics(np.ones((1, len(fake))))
    values = {
        **{name: float(everything[name][0]) for name in ("eer", "tpr_at_1_fpr", "tpr_at_5_fpr")},
        "auc": float(sk.roc_auc_score(fake, score)),
        "average_precision": min(1.0, float(sk.average_precision_score(fake, score))),  # sums may end beyond it
        "balanced_accuracy": float(sk.balanced_accuracy_score(fake, said_fake)),
        "f1_fake": float(sk.f1_score(fake, said_fake, zero_division=0)),
        "f1_real": float(sk.f1_score(~fake, ~said_fake, zero_division=0)),
        "brier": float(sk.brier_score_loss(fake, score)),
        "ece": calibration_error(fake, score),
    }
    intervals = bootstrap.of_statistics(
        lambda weights: {**ranked.statistics(weights), **weighted(fake, score, said_fake, weights)}, len(fake)
    )
    return {name: Figure(value, intervals[name], len(fake)) for name, value in values.items()}


def weighted(fake: Bools, score: Array, said_fake: Bools, weights: Array) -> dict[str, Array]:
    """``balanced_accuracy``, ``f1_fake``, ``f1_real``, ``brier`` and ``ece``, each (d,), for weights (d, n)."""
    cells = {truth: {said: weights @ ((fake == truth) & (said_fake == said)) for said in (0, 1)} for truth in (0, 1)}
    wrong = cells[0][1] + cells[1][0]
    total = weights.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        recalls = [cells[truth][truth] / (cells[truth][0] + cells[truth][1]) for truth in (0, 1)]
        return {
            "balanced_accuracy": np.asarray((recalls[0] + recalls[1]) / 2),
            "f1_fake": np.asarray(2 * cells[1][1] / (2 * cells[1][1] + wrong)),
            "f1_real": np.asarray(2 * cells[0][0] / (2 * cells[0][0] + wrong)),
            "brier": np.asarray(weights @ (score - fake) ** 2 / total),
            "ece": _calibration_errors(fake, score, weights),
        }


def _bin_numbers(score: Array) -> npt.NDArray[np.int64]:
    return np.minimum((score * BINS).astype(np.int64), BINS - 1)


def _calibration_errors(fake: Bools, score: Array, weights: Array) -> Array:
    """(d,) for weights (d, n): in each bin |share of fakes - mean score| times the bin's share of the pictures."""
    gaps = np.zeros((len(fake), BINS))
    gaps[np.arange(len(fake)), _bin_numbers(score)] = fake - score
    return np.asarray(np.abs(weights @ gaps).sum(axis=1) / weights.sum(axis=1))


def _both(fake: Bools) -> bool:
    return bool(0 < fake.sum() < len(fake))
