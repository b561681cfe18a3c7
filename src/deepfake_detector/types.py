"""The conventions, and the frozen results that keep them.

Said once, here:

* Images are RGB, uint8, (H, W, 3), upright (EXIF rotation applied).
* Boxes are (x0, y0, x1, y1) in pixels of that upright picture; x1 and y1 are exclusive.
* A score is the probability of FAKE in [0, 1]. In two-column arrays column 0 is real, column 1 is fake.
* Percentages appear only at the edge: ``real_score`` and ``fake_score``, two decimals, adding up to 100.
* In users' label lists 1 = real and 0 = fake, as ``Prediction.label`` has it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from .errors import DeepfakeDetectorError, ImageError

Pixels: TypeAlias = npt.NDArray[np.uint8]
Floats: TypeAlias = npt.NDArray[np.float32]
Box: TypeAlias = tuple[float, float, float, float]
Family: TypeAlias = Literal["swap", "gan", "generated"]
Verdict: TypeAlias = Literal["real", "fake", "inconclusive"]
Aggregation: TypeAlias = Literal["stacked", "mean", "vote"]

FAMILIES: tuple[Family, ...] = ("swap", "gan", "generated")
"""Families of forgery: a swapped, re-enacted or retouched face; a GAN's face; diffusion and later generators."""

REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no_face": "No face was found; only the members that read the whole picture had a say.",
        "small_face": "The largest face is small; little detail is left to judge it by.",
        "cut_face": "A face is cut by the border of the picture.",
        "many_faces": "There are more faces than are scored; the largest were.",
        "small_picture": "The picture has very few pixels.",
        "no_detail": "The picture has one colour all over, or is wholly transparent: there is nothing to judge.",
        "blurred": "The picture is blurred or enlarged; fine traces are gone.",
        "heavy_compression": "Strong compression has removed fine traces.",
        "pattern": "A fine regular pattern lies over what was judged, as over scanned prints or photographed screens.",
        "no_colour": "What was judged is grey or of one tone; what colours tell of forgeries is missing.",
        "members_disagree": "The members of the ensemble contradict each other.",
        "low_confidence": "The calibrated score is too near to the threshold.",
        "first_frame": "An animation: only its first frame was looked at.",
    }
)
"""Every reason a result can carry, with the words for a reader."""


def _check_probability(owner: str, name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{owner}.{name}: expected a probability in [0, 1], got {value!r}")


@dataclass(frozen=True)
class Face:
    """A face as a detector found it.

    box: in the upright picture, clipped to it. confidence: the detector's own, in [0, 1] (Haar has none: None).
    landmarks: eyes (its right, its left), nose tip, mouth corners (right, left) as five (x, y), or None.
    """

    box: Box
    confidence: float | None = None
    landmarks: tuple[tuple[float, float], ...] | None = None

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.box
        if not (x1 > x0 and y1 > y0):
            raise ValueError(f"Face.box: expected x0 < x1 and y0 < y1, got {self.box}")
        if self.confidence is not None:
            _check_probability("Face", "confidence", self.confidence)

    @property
    def size(self) -> float:
        """The longer side of the box, in pixels."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


@dataclass(frozen=True)
class FaceResult:
    """One face with its own score.

    score: calibrated P(fake) of this face from the face members alone, or None where it was not scored
    (``many_faces``, or fewer than 24 pixels). members: each member's own P(fake). kinds: P(fake of that family).
    """

    face: Face
    score: float | None
    members: Mapping[str, float] = field(default_factory=dict)
    kinds: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.score is not None:
            _check_probability("FaceResult", "score", self.score)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "box": [round(value, 1) for value in self.face.box],
            "size": round(self.face.size, 1),
            "confidence": _rounded(self.face.confidence),
            "score": _rounded(self.score),
            "members": _rounded_all(self.members),
            "kinds": _rounded_all(self.kinds),
            "reasons": list(self.reasons),
        }


@dataclass(frozen=True)
class Prediction:
    """What the detector says of one picture. Unpacks to ``(prediction, real_score, fake_score)``.

    score: calibrated P(fake) of the picture. threshold: at or above it the prediction is "Fake".
    verdict: "real", "fake" or "inconclusive"; reasons: why, and what limits the answer (keys of ``REASONS``).
    faces: every face, largest first. scene_score: P(fake) from the whole-picture members alone, calibrated for
    pictures without a face; beside one it runs higher, and is no verdict. members: each member's P(fake) for the
    picture, as aggregated. kinds: calibrated P(fake) by family of forgery (not exclusive; they need not add up to 1).
    size: (width, height). model: name and version.
    """

    score: float
    threshold: float
    verdict: Verdict
    reasons: tuple[str, ...]
    faces: tuple[FaceResult, ...]
    scene_score: float
    members: Mapping[str, float]
    kinds: Mapping[str, float]
    size: tuple[int, int]
    model: str
    source: str = ""

    def __post_init__(self) -> None:
        for name in ("score", "threshold", "scene_score"):
            _check_probability("Prediction", name, getattr(self, name))
        unknown = set(self.reasons) - set(REASONS)
        if unknown:
            raise ValueError(f"Prediction.reasons: unknown {sorted(unknown)}; known are {sorted(REASONS)}")
        if self.verdict != "inconclusive" and self.verdict != self.prediction.lower():
            raise ValueError(f"Prediction.verdict: {self.verdict!r} contradicts prediction {self.prediction!r}")

    @property
    def prediction(self) -> Literal["Real", "Fake"]:
        """ "Fake" where ``score`` reaches ``threshold``, else "Real"."""
        return "Fake" if self.score >= self.threshold else "Real"

    @property
    def label(self) -> int:
        """The users' label convention: 1 = real, 0 = fake."""
        return int(self.prediction == "Real")

    @property
    def kind(self) -> str | None:
        """The family of forgery it is most like; None where the prediction is "Real", or several are most alike.

        Of a model that was taught no family all are equally unlikely.
        """
        most = max(self.kinds.values(), default=None)
        found = [family for family, score in self.kinds.items() if score == most]
        return found[0] if self.prediction == "Fake" and len(found) == 1 else None

    @property
    def fake_score(self) -> float:
        """P(fake) in percent, two decimals."""
        return round(self.score * 100, 2)

    @property
    def real_score(self) -> float:
        """100 - ``fake_score``."""
        return round(100 - self.fake_score, 2)

    def __iter__(self) -> Iterator[Any]:
        return iter((self.prediction, self.real_score, self.fake_score))

    def __len__(self) -> int:
        return 3

    def __getitem__(self, index: int | slice) -> Any:
        return (self.prediction, self.real_score, self.fake_score)[index]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types; starts with prediction, real_score, fake_score."""
        return {
            "prediction": self.prediction,
            "real_score": self.real_score,
            "fake_score": self.fake_score,
            "verdict": self.verdict,
            "reasons": list(self.reasons),
            "source": self.source,
            "threshold": self.threshold,  # as it was compared with, so that the same can be asked for again
            "kinds": _rounded_all(self.kinds),
            "faces": [face.to_dict() for face in self.faces],
            "scene_score": _rounded(self.scene_score),
            "members": _rounded_all(self.members),
            "width": self.size[0],
            "height": self.size[1],
            "model": self.model,
        }

    def to_json(self, indent: int | None = None) -> str:
        """``to_dict`` as JSON text; file names keep their letters."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


@dataclass(frozen=True)
class Failure:
    """A picture of a batch that could not be judged. It has no score; unpacking it raises ``error``."""

    source: str
    error: DeepfakeDetectorError

    @property
    def reason(self) -> str:
        """Why, without the name of the picture before it."""
        if isinstance(self.error, ImageError):  # it may know the picture by another name, as "bytes"
            return self.error.reason
        return str(self.error).removeprefix(f"{self.source}: ")

    def __iter__(self) -> Iterator[Any]:
        raise self.error

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {"error": type(self.error).__name__, "message": str(self.error), "source": self.source}

    def to_json(self, indent: int | None = None) -> str:
        """``to_dict`` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _rounded_all(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(float(value), 4) for name, value in values.items()}
