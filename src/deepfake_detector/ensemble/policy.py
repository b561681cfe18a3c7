"""From a calibrated score to a verdict: real, fake, or inconclusive, with reasons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import ModelInvalid, OptionError
from ..medium import Medium
from ..types import Verdict
from .aggregate import logit, sigmoid

POOR_QUALITY = frozenset({"small_face", "small_picture", "blurred", "heavy_compression"})
"""Reasons that call for ``poor_band``: outside this quality less was measured."""

Condition = Literal["pattern", "no_colour"]
"""Reasons that each call for a band of their own."""
SHOWS: Mapping[Condition, tuple[str, int]] = {"pattern": ("pattern", 1), "no_colour": ("colour", -1)}
"""Which measure of ``Medium`` shows a condition, and whether it lies above its bound then (1) or below (-1)."""


@dataclass(frozen=True)
class Rule:
    """When a condition holds (``SHOWS``), and the band that it calls for."""

    bound: float
    band: tuple[float, float]


@dataclass(frozen=True)
class Policy:
    """The bounds; all but ``threshold`` are probabilities or measures chosen on validation data by the recipe.

    A score inside ``band`` = (low, high) is inconclusive; ``poor_band`` counts where quality is poor. ``disagreement``:
    two members whose own probabilities are further apart contradict each other, which also calls for ``poor_band``.
    small_face, small_picture: pixels. blurred: sharpness below it. heavy_compression: blockiness above it.
    conditions: those that the bundle knows; the shipped ``fast`` and what is trained from nothing know none.
    operating_points: (false-positive rate, threshold), each a share of real validation pictures and the score that no
    more of them reach; rates rising.
    """

    band: tuple[float, float]
    poor_band: tuple[float, float]
    disagreement: float
    small_face: float
    small_picture: float
    blurred: float
    heavy_compression: float
    threshold: float = 0.5
    operating_points: tuple[tuple[float, float], ...] = ()
    conditions: Mapping[Condition, Rule] = field(default_factory=dict)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Policy:
        """The inverse of ``dataclasses.asdict``. Raises ModelInvalid where something is missing."""
        try:
            bands = {name: (float(values[name][0]), float(values[name][1])) for name in ("band", "poor_band")}
            points = tuple((float(rate), float(score)) for rate, score in values.get("operating_points", ()))
            rules: dict[Condition, Rule] = {}
            for condition, rule in values.get("conditions", {}).items():
                if condition not in SHOWS:
                    raise ValueError(f"unknown condition {condition!r}; known are {', '.join(SHOWS)}")
                rules[condition] = Rule(float(rule["bound"]), (float(rule["band"][0]), float(rule["band"][1])))
            several = {*bands, "operating_points", "conditions"}
            other = {name: float(value) for name, value in values.items() if name not in several}
            policy = cls(bands["band"], bands["poor_band"], **other, operating_points=points, conditions=rules)
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelInvalid(f"the bundle's policy is incomplete: {error}") from None
        for low, high in (*bands.values(), *(rule.band for rule in rules.values())):
            if not 0 < low <= policy.threshold <= high < 1:
                raise ModelInvalid(f"the policy's band ({low}, {high}) must enclose its threshold {policy.threshold}")
        if not all(0 < rate < 1 and 0 < score < 1 for rate, score in policy.operating_points):
            raise ModelInvalid(f"the policy's operating points must lie between 0 and 1: {policy.operating_points}")
        return policy

    def threshold_for(self, max_fpr: float) -> float:
        """The lowest threshold whose measured false-positive rate is at most ``max_fpr``.

        Raises OptionError where there is none: so low a rate cannot be told from as many pictures as were measured.
        """
        if not 0 < max_fpr < 1:
            raise OptionError(f"max_fpr is a share between 0 and 1 (0.05 for 5 %), got {max_fpr}")
        held = [threshold for rate, threshold in self.operating_points if rate <= max_fpr]
        if held:
            return min(held)
        if not self.operating_points:
            raise OptionError("this bundle has no operating points; choose a threshold instead of max_fpr")
        least = min(rate for rate, _ in self.operating_points)
        raise OptionError(f"max_fpr must be at least {least:g}: this bundle was measured on too few pictures for less")

    def false_alarms(self, threshold: float) -> float | None:
        """At most this share of the real validation pictures reach a threshold; None where that was not measured."""
        return min((rate for rate, score in self.operating_points if score <= threshold), default=None)

    def quality_reasons(
        self, face_size: float | None, shorter_side: int, sharpness: float, blockiness: float
    ) -> tuple[str, ...]:
        """What is poor about the picture. face_size: the largest face's longer side in pixels, None without faces."""
        reasons = []
        if face_size is None:
            reasons.append("no_face")
        elif face_size < self.small_face:
            reasons.append("small_face")
        if shorter_side < self.small_picture:
            reasons.append("small_picture")
        if sharpness < self.blurred:
            reasons.append("blurred")
        if blockiness > self.heavy_compression:
            reasons.append("heavy_compression")
        return tuple(reasons)

    def shown(self, medium: Medium) -> tuple[Condition, ...]:
        """The conditions that hold, of those that are known."""
        return tuple(
            condition
            for condition, (measure, way) in SHOWS.items()  # a saved bundle has them in another order
            if condition in self.conditions and way * (getattr(medium, measure) - self.conditions[condition].bound) > 0
        )

    @staticmethod
    def doubtful(reasons: Collection[str]) -> bool:
        """Whether the reasons call for ``poor_band``: poor quality, or members that contradict each other."""
        return "members_disagree" in reasons or not POOR_QUALITY.isdisjoint(reasons)

    def _called_for(self, reasons: Collection[str]) -> list[tuple[float, float]]:
        """The bands that reasons call for, beside ``band``."""
        bands = [rule.band for condition, rule in self.conditions.items() if condition in reasons]
        return [self.poor_band, *bands] if self.doubtful(reasons) else bands

    def bounds(self, reasons: Collection[str], threshold: float) -> tuple[float, float]:
        """The scores between which a picture with these reasons is inconclusive.

        Another threshold than the bundle's moves them with it, in log-odds; but the lower one never rises: who wants
        fewer false alarms has not learned that more pictures are real.
        """
        lows, highs = zip(self.band, *self._called_for(reasons), strict=True)
        low, high = min(lows), max(highs)
        shift = logit(threshold) - logit(self.threshold)
        return min(low, sigmoid(logit(low) + shift)), sigmoid(logit(high) + shift)

    def decide(
        self, score: float, members: Mapping[str, float], reasons: Collection[str], threshold: float
    ) -> tuple[Verdict, tuple[str, ...]]:
        """The verdict and all reasons."""
        found = list(reasons)
        if members and max(members.values()) - min(members.values()) > self.disagreement:
            found.append("members_disagree")
        if "no_detail" in found:
            return "inconclusive", tuple(found)
        low, high = self.bounds(found, threshold)
        if low < score < high:
            if not self._called_for(found):
                found.append("low_confidence")
            return "inconclusive", tuple(found)
        return ("fake" if score >= threshold else "real"), tuple(found)
