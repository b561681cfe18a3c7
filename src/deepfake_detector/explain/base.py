"""What an explanation is: parts of a picture, and what each adds to P(fake).

A ``Classifier`` is a callable: RGB uint8 (n, H, W, 3) -> P(fake) float (n,). Methods are given one and a picture, never
the detector. A weight is in P(fake): positive speaks for fake, negative for real, and the weights of the parts of a
region add up to what the region does. Columns are those of ``predict_proba``: 0 real, 1 fake.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import OptionError
from ..faces.crop import Crop
from ..types import Floats, Pixels, Prediction

Bools: TypeAlias = npt.NDArray[np.bool_]
Ints: TypeAlias = npt.NDArray[np.int32]
Floats64: TypeAlias = npt.NDArray[np.float64]
Classifier: TypeAlias = Callable[[Pixels], npt.ArrayLike]
Method: TypeAlias = Literal["lime", "occlusion", "attention"]

METHODS: tuple[Method, ...] = ("lime", "occlusion", "attention")
REAL, FAKE = 0, 1
_TINT = {REAL: (0, 114, 178), FAKE: (213, 94, 0)}  # Okabe and Ito (2008), as everywhere in this package


def batch_size(picture: Pixels) -> int:
    """How many copies of a picture go to a classifier at once: about 48 MiB of them, but 2 to 32."""
    return int(max(2, min(32, 48 * 2**20 // picture.nbytes)))


def asked(classifier: Classifier, batch: Pixels) -> Floats64:
    """P(fake) of a batch, float64 (n,). Raises OptionError where the callable gives something else."""
    scores = np.asarray(classifier(batch), np.float64)
    if scores.shape != (len(batch),) or not np.isfinite(scores).all() or scores.min() < 0 or scores.max() > 1:
        raise OptionError(
            f"the classifier must give {len(batch)} probabilities of fake in [0, 1] for {len(batch)} pictures, "
            f"got {scores.dtype} of shape {scores.shape}"
        )
    return scores


@dataclass(frozen=True)
class Effect:
    """What one named region does to the score. change: in P(fake), positive towards fake. area: its share of the area
    explained. told: whether the map is fine and steady enough to say so.
    """

    region: str
    change: float
    area: float
    told: bool

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "region": self.region,
            "change": round(self.change, 4),
            "area": round(self.area, 4),
            "told": self.told,
        }


@dataclass(frozen=True, eq=False)
class Explanation:
    """Why a score came out as it did.

    method: one of ``METHODS``. of: "verdict", "face 0", "face 1", ... or "scene". p_fake: the reported score explained.
    prediction: the whole result. picture: RGB uint8 (H, W, 3), upright, as boxes are meant. area: the part of it
    explained; outside, nothing was changed and nothing is said. parts: int32 (side, side), the parts of the area.
    weights: float64 (n,), what each adds to P(fake). effects: by named region, strongest first. warnings: in words.
    """

    method: Method
    of: str
    p_fake: float
    prediction: Prediction
    picture: Pixels
    area: Crop
    parts: Ints
    weights: Floats64
    effects: tuple[Effect, ...] = ()
    warnings: tuple[str, ...] = ()

    @cached_property
    def segments(self) -> Ints:
        """The parts in the pixels of the picture: int32 (H, W), 0 to n - 1, and -1 outside the area explained."""
        result = np.full(self.picture.shape[:2], -1, np.int32)
        a = self.area
        result[a.y : a.y + a.side, a.x : a.x + a.side] = self.parts
        return result

    @cached_property
    def heatmap(self) -> Floats:
        """float32 (H, W): at each pixel the weight of its part by area, scaled so that the strongest is 1 or -1."""
        density = self.weights / np.maximum(np.bincount(self.parts.ravel(), minlength=len(self.weights)), 1)
        top = float(np.abs(density).max(initial=0))
        padded = np.append(density / top if top > 0 else density, 0.0)  # -1, outside, finds the last
        return np.asarray(padded[self.segments], np.float32)

    @cached_property
    def local_exp(self) -> dict[int, list[tuple[int, float]]]:
        """By label (column: 0 real, 1 fake), (segment, weight towards that label), strongest first, as in ``lime``."""
        order = np.argsort(-np.abs(self.weights), kind="stable")
        fake = [(int(i), float(self.weights[i])) for i in order]
        return {FAKE: fake, REAL: [(i, -weight) for i, weight in fake]}

    @property
    def top_labels(self) -> list[int]:
        """The label predicted, then the other."""
        first = FAKE if self.p_fake >= self.prediction.threshold else REAL
        return [first, 1 - first]

    @property
    def words(self) -> str:
        """What the map says, by named regions, in sentences."""
        from .regions import sentences

        return sentences(self.effects, self.p_fake)

    def get_image_and_mask(
        self,
        label: int | None = None,
        positive_only: bool = True,
        negative_only: bool = False,
        hide_rest: bool = False,
        num_features: int = 5,
        min_weight: float = 0.0,
    ) -> tuple[Pixels, Ints]:
        """The picture and where its strongest parts are, as users of ``lime`` know it.

        label: column, 0 real or 1 fake; None takes the one predicted. positive_only: parts that speak for the label;
        negative_only: parts that speak against it; neither: both, tinted. hide_rest: everything else black.
        Gives RGB uint8 (H, W, 3) and int32 (H, W): 1 for the label, -1 against it, 0 elsewhere; with ``negative_only``
        1 against it, as in ``lime``.
        Departures from ``lime``: tints are vermilion for fake and blue for real, whatever the label.
        Raises OptionError for another label, or both ``positive_only`` and ``negative_only``.
        """
        if positive_only and negative_only:
            raise OptionError("positive_only and negative_only exclude each other; set one of them to False")
        label = self.top_labels[0] if label is None else label
        if label not in self.local_exp:
            raise OptionError(f"label must be 0 (real) or 1 (fake), got {label!r}")
        wanted = [(i, w) for i, w in self.local_exp[label] if abs(w) > 0 and abs(w) >= min_weight]
        if positive_only or negative_only:
            wanted = [(i, w) for i, w in wanted if (w > 0) == positive_only]
        image = np.zeros_like(self.picture) if hide_rest else self.picture.copy()
        mask = np.zeros(self.segments.shape, np.int32)
        for number, weight in wanted[:num_features]:
            inside = self.segments == number
            pixels = self.picture[inside]
            if not positive_only and not negative_only:
                tint = np.array(_TINT[label if weight > 0 else 1 - label])
                pixels = ((pixels.astype(np.uint16) + tint) // 2).astype(np.uint8)
            image[inside] = pixels
            mask[inside] = -1 if weight < 0 and not negative_only else 1
        return image, mask

    def show_image(self) -> None:
        """Show the picture, what speaks for fake and what speaks for real, with matplotlib.

        In a notebook below the cell, on a desktop in a window. Without a display the figure becomes pyplot's current
        one, for ``plt.savefig``; nothing waits. Raises MissingExtra without matplotlib.
        """
        from .overlay import show

        show(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the figure of ``show_image`` to a file; the ending says the format (.png, .jpg, .svg, .pdf)."""
        from .overlay import figure, write

        write(figure(self), path)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types. Parts are given by box (x0, y0, x1, y1 in the picture) and weight, strongest first."""
        boxes = _boxes(self.parts, self.area, len(self.weights))
        return {
            "method": self.method,
            "of": self.of,
            "p_fake": round(self.p_fake, 4),
            "area": list(self.area.box),
            "words": self.words,
            "regions": [effect.to_dict() for effect in self.effects],
            "warnings": list(self.warnings),
            "segments": [
                {"segment": i, "weight": round(weight, 5), "box": boxes[i]} for i, weight in self.local_exp[FAKE]
            ],
            "prediction": self.prediction.to_dict(),
        }


@dataclass(frozen=True, eq=False)
class LimeExplanation(Explanation):
    """An explanation by LIME, with what tells how far it can be believed.

    score: R2 of the surrogate, the same for both labels. stability: expected correlation with the map of another seed.
    errors: float64 (n,), standard errors of ``weights``. intercept, local_pred: by label, the surrogate's prediction
    with every part hidden, and with none.
    """

    score: float = 0.0
    stability: float = 0.0
    errors: Floats64 | None = None
    intercept: dict[int, float] | None = None
    local_pred: dict[int, float] | None = None
    num_samples: int = 0
    seed: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        values = super().to_dict()
        prediction = values.pop("prediction")
        lime = {
            "score": round(self.score, 4),
            "stability": round(self.stability, 4),
            "intercept": round((self.intercept or {})[FAKE], 4),
            "local_pred": round((self.local_pred or {})[FAKE], 4),
            "num_samples": self.num_samples,
            "seed": self.seed,
        }
        return {**values, **lime, "prediction": prediction}


def _boxes(parts: Ints, area: Crop, count: int) -> list[list[int]]:
    """Bounding boxes of the parts in the picture."""
    result = [[0, 0, 0, 0]] * count
    order = np.argsort(parts, axis=None, kind="stable")
    bounds = np.searchsorted(parts.ravel()[order], np.arange(count + 1))
    for i in range(count):
        y, x = np.divmod(order[bounds[i] : bounds[i + 1]], parts.shape[1])
        if len(y):
            x0, y0 = int(x.min()) + area.x, int(y.min()) + area.y
            result[i] = [x0, y0, int(x.max()) + area.x + 1, int(y.max()) + area.y + 1]
    return result
