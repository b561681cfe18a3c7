"""How members become one score.

Every score is linear in the members' evidence and made a probability by the logistic function:

* ``stacked`` (default): weights chosen on pictures, half of them of sources, that the members had not been fitted on
  (stacked generalisation, Wolpert 1992, doi 10.1016/S0893-6080(05)80023-1; departures: folds are sources, and only a
  relative weight for each kind of network is learned, never below zero);
* ``mean``: the mean of the members' own calibrated probabilities, calibrated again (Platt scaling);
* ``vote``: the share of members whose own probability reaches one half.

A picture with faces is judged face by face, each together with the whole picture. Where exactly one of n faces is
forged, and a face is the forged one with a chance in proportion to its side, the picture's likelihood ratio is the
weighted mean of the faces' ratios; that is the rule used, so a crowd of faces does not add false alarms.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ..errors import ModelInvalid
from ..types import FAMILIES, Aggregation, Floats

LIMIT = 8.0
"""Logits are softly limited to +-LIMIT: beyond it a member is only more sure of itself, not more often right."""

Situation = Literal["face", "scene", "both"]
Logits = Mapping[str, Floats]
"""Raw logits float32 (4,) by member: pooled, swap, gan, generated."""


def evidence(logits: Floats) -> np.ndarray:
    """(..., 4) logits -> (..., 5): each softly limited, then the log-sum-exp of the three families ("any of them")."""
    limited = LIMIT * np.tanh(np.asarray(logits, np.float64) / LIMIT)
    return np.concatenate([limited, np.log(np.exp(limited[..., 1:]).sum(-1, keepdims=True))], axis=-1)


BEND = (-1.0, 0.5)
"""Where the calibration bends, beside 0, in log-odds."""


def stretches(values: np.ndarray) -> np.ndarray:
    """(...) -> (..., 4): the way from 0 to a value in four parts, which add up to it.

    In order: below the lower bend, between it and 0, between 0 and the upper bend, above that.
    """
    low, high = BEND
    parts = (
        np.minimum(values - low, 0),
        np.clip(values, low, 0),
        np.clip(values, 0, high),
        np.maximum(values - high, 0),
    )
    return np.stack(parts, axis=-1)


def sigmoid(logit: float) -> float:
    """The logistic function, without overflow."""
    return 1 / (1 + math.exp(-logit)) if logit >= 0 else math.exp(logit) / (1 + math.exp(logit))


@dataclass(frozen=True)
class Linear:
    """bias + sum over members of weights . evidence, calibrated by a broken line through 0.

    weights: five numbers by member. slopes: of the line over each of the four ``stretches``. 0 is the operating point
    and stays 0; scores on either side of it, and near it, are not equally telling.
    """

    weights: Mapping[str, tuple[float, ...]]
    bias: float
    slopes: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Linear:
        """The inverse of ``dataclasses.asdict``. A score without slopes, as bundles once had, has slopes of 1."""
        weights = {name: tuple(map(float, w)) for name, w in values["weights"].items()}
        return cls(weights, float(values["bias"]), tuple(map(float, values.get("slopes", cls.slopes))))

    def logit(self, logits: Logits) -> float:
        """The log-odds of fake; the same to the bit in whatever order the members stand (a saved bundle sorts them)."""
        said = math.fsum([self.bias, *(float(np.dot(w, evidence(logits[name]))) for name, w in self.weights.items())])
        return float(stretches(np.asarray(said)) @ np.array(self.slopes))


@dataclass(frozen=True)
class Scores:
    """One way of scoring for each situation: a face alone, the whole picture alone, a face in its picture."""

    face: Linear
    scene: Linear
    both: Linear

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Scores:
        """The inverse of ``dataclasses.asdict``."""
        return cls(*(Linear.from_dict(values[name]) for name in ("face", "scene", "both")))


@dataclass(frozen=True)
class Combined:
    """Calibrated probabilities of fake: of the picture, of its whole view, of each face; members and kinds for each."""

    score: float
    scene_score: float
    members: dict[str, float]
    kinds: dict[str, float]
    face_scores: tuple[float, ...]
    face_members: tuple[dict[str, float], ...]
    face_kinds: tuple[dict[str, float], ...]


class Aggregator:
    """Combines the logits of the face members (for each face) and of the whole-picture members.

    members: each member's own calibrated score. picture: the stacked score. kinds: one for each family.
    mean: Platt scaling (slope, offset) of the logit of the members' mean, by situation.
    """

    def __init__(
        self,
        members: Mapping[str, Linear],
        picture: Scores,
        kinds: Mapping[str, Scores],
        mean: Mapping[str, tuple[float, float]],
    ) -> None:
        self.members, self.picture, self.kinds, self.mean = members, picture, kinds, mean

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Aggregator:
        """Read the ``ensemble`` part of a manifest. Raises ModelInvalid where something is missing."""
        try:
            return cls(
                {name: Linear.from_dict(v) for name, v in values["members"].items()},
                Scores.from_dict(values["picture"]),
                {family: Scores.from_dict(values["kinds"][family]) for family in FAMILIES},
                {
                    name: (float(values["mean"][name][0]), float(values["mean"][name][1]))
                    for name in ("face", "scene", "both")
                },
            )
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise ModelInvalid(f"the bundle's ensemble is incomplete: {error}") from None

    def check(self, regions: Mapping[str, str]) -> None:
        """Hold the scores against the members, given as region ("face" or "scene") by name. Raises ModelInvalid."""
        if set(self.members) != set(regions):
            raise ModelInvalid(f"the ensemble scores {sorted(self.members)}, the bundle has members {sorted(regions)}")
        scenes = {name for name, region in regions.items() if region == "scene"}
        if not scenes:
            raise ModelInvalid("the bundle has no member that looks at the whole picture")
        allowed = {"face": set(regions) - scenes, "scene": scenes, "both": set(regions)}
        for scores in (self.picture, *self.kinds.values()):
            for situation, names in allowed.items():
                score: Linear = getattr(scores, situation)
                if not set(score.weights) <= names:
                    raise ModelInvalid(
                        f"the score for {situation!r} asks members it does not have: {sorted(score.weights)}"
                    )
        for score in self._linears():
            numbers = [score.bias, *(w for row in score.weights.values() for w in row)]
            if not np.isfinite(numbers).all() or any(len(row) != 5 for row in score.weights.values()):
                raise ModelInvalid("a score's weights must be five finite numbers for each member")
            if len(score.slopes) != 4 or not all(0 < slope < math.inf for slope in score.slopes):
                raise ModelInvalid(f"a score's slopes must be four numbers above 0, not {score.slopes}")

    def _linears(self) -> list[Linear]:
        every = [self.picture, *self.kinds.values()]
        return [*self.members.values(), *(s for scores in every for s in (scores.face, scores.scene, scores.both))]

    def combine(self, faces: Sequence[Logits], sizes: Sequence[float], scene: Logits, how: Aggregation) -> Combined:
        """faces: logits of the face members by face; sizes: the faces' sides; scene: of the whole-picture members."""
        weights = np.asarray(sizes, np.float64) / max(1e-9, float(np.sum(sizes)))
        scene_members = self._member_scores(scene)
        face_members = [self._member_scores(face) for face in faces]

        def situation(score: Scores, of_faces: bool) -> float:
            """Log-odds of the picture by one score, over its faces where there are any."""
            if not of_faces:
                return score.scene.logit(scene)
            return pooled([score.both.logit({**face, **scene}) for face in faces], weights)

        members = dict(scene_members)
        for name in face_members[0] if face_members else ():
            members[name] = sigmoid(pooled([logit(m[name]) for m in face_members], weights))
        if how == "stacked":
            score = sigmoid(situation(self.picture, bool(faces)))
            scene_score = sigmoid(self.picture.scene.logit(scene))
            face_scores = [sigmoid(self.picture.face.logit(face)) for face in faces]
        else:
            score = self._plain(members, "both" if faces else "scene", how)
            scene_score = self._plain(scene_members, "scene", how)
            face_scores = [self._plain(m, "face", how) for m in face_members]
        return Combined(
            score,
            scene_score,
            members,
            {family: sigmoid(situation(scores, bool(faces))) for family, scores in self.kinds.items()},
            tuple(face_scores),
            tuple(face_members),
            tuple({f: sigmoid(s.face.logit(face)) for f, s in self.kinds.items()} for face in faces),
        )

    def asked(self, situation: Situation, how: Aggregation) -> frozenset[str]:
        """Members that can move the score of a situation; the learned weights of the others are zero."""
        if how == "stacked":
            score: Linear = getattr(self.picture, situation)
            return frozenset(name for name, weights in score.weights.items() if any(weights))
        return frozenset(self.members)

    def deciding(self, faces: Sequence[Logits], sizes: Sequence[float], scene: Logits, how: Aggregation) -> int:
        """Which face has the largest part in the picture's likelihood ratio (see the rule above)."""
        if how == "stacked":
            logits = [self.picture.both.logit({**face, **scene}) for face in faces]
        else:
            logits = [logit(self._plain(self._member_scores(face), "face", how)) for face in faces]
        return int(np.argmax(np.asarray(logits) + np.log(np.asarray(sizes, np.float64))))

    def _member_scores(self, logits: Logits) -> dict[str, float]:
        return {name: sigmoid(self.members[name].logit({name: value})) for name, value in logits.items()}

    def _plain(self, members: Mapping[str, float], situation: str, how: Aggregation) -> float:
        values = list(members.values())
        if how == "vote":
            return sum(value >= 0.5 for value in values) / len(values)
        slope, offset = self.mean[situation]
        return sigmoid(slope * logit(sum(values) / len(values)) + offset)


def logit(probability: float) -> float:
    """Log-odds, with probabilities kept 1e-9 away from 0 and 1."""
    p = min(max(probability, 1e-9), 1 - 1e-9)
    return math.log(p / (1 - p))


def pooled(logits: Sequence[float], weights: np.ndarray) -> float:
    """log of the weighted mean of exp(logits)."""
    values = np.asarray(logits, np.float64)
    top = float(values.max())
    return top + math.log(float(np.dot(weights, np.exp(values - top))))
