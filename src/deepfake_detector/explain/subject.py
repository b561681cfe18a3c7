"""What of a picture is explained, as a callable: the one place where explanations meet the detector."""

from __future__ import annotations

import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ..detector import DeepfakeDetector, Look
from ..ensemble.aggregate import Logits, Situation
from ..errors import ExplanationError, OptionError
from ..faces.crop import MIN_FACE, Crop
from ..files import ImageSource
from ..models.card import Region
from ..types import Box, Face, Floats, Pixels, Prediction
from .base import Floats64
from .tokens import Encoded

_WORKERS = min(4, os.cpu_count() or 1)  # as in predict_batch


@dataclass(frozen=True, eq=False)
class Subject:
    """One reported score, and the part of the picture whose say in it is asked for.

    of: "verdict" (the picture's score; its area is the deciding face's crop, or the whole picture's square where no
    face was scored), "face 0", ... (that face's own score) or "scene" (the score of the whole-picture members alone).
    Faces are found once, in the untouched picture, and only members that can move the score are asked again.
    """

    detector: DeepfakeDetector
    look: Look
    prediction: Prediction
    of: str
    situation: Situation
    area: Crop
    score: float
    face: Face | None
    at: int | None
    """Which of ``look.scored`` the area belongs to."""

    @property
    def picture(self) -> Pixels:
        """RGB uint8 (H, W, 3), upright."""
        return self.look.located.picture.pixels

    @property
    def image(self) -> Pixels:
        """The area: RGB uint8 (side, side, 3)."""
        a = self.area
        return np.ascontiguousarray(self.picture[a.y : a.y + a.side, a.x : a.x + a.side])

    def classify(self, batch: Pixels) -> Floats64:
        """The score with the area's pixels replaced: RGB uint8 (n, side, side, 3) -> P(fake) float64 (n,).

        The untouched area gets the reported score to the bit.
        """
        with ThreadPoolExecutor(max_workers=_WORKERS) as pool:
            return np.array(list(pool.map(self._score, batch)), np.float64)

    def leave_out(self, boxes: list[Box]) -> Floats64:
        """The score without the encoder's patches below each box of the picture: P(fake) float64 (n,).

        Raises ExplanationError where no member that has a say gives its encoder's patch tokens.
        """
        if not self._encoded:
            raise ExplanationError(
                f"method 'attention' needs a member whose encoder gives patch tokens, and none has a say in this score "
                f"of {self.detector.model}. Take method='occlusion' or 'lime'."
            )
        said: dict[tuple[str, int | None], Floats] = {}
        for (name, at), encoded in self._encoded.items():
            card = next(card for card in self.detector.members.cards if card.name == name)
            said[name, at] = self.detector.members.head(card, encoded.without(encoded.coverage(boxes)))
        scores = []
        for i in range(len(boxes)):
            new = {key: rows[i] for key, rows in said.items()}
            faces = tuple(_updated(face, new, at) for at, face in enumerate(self.look.faces))
            scores.append(self._read(replace(self.look, faces=faces, scene=_updated(self.look.scene, new, None))))
        return np.array(scores, np.float64)

    @cached_property
    def _asked(self) -> frozenset[str]:
        return self.detector.aggregator.asked(self.situation, self.detector.aggregation)

    @cached_property
    def _views(self) -> list[tuple[Region, int | None, Crop]]:
        """What can change with the area: (region, which scored face, crop)."""
        found: list[tuple[Region, int | None, Crop]] = []
        crops = [self.look.located.crops[i] for i in self.look.scored]
        for at, crop in enumerate(crops):
            if self.situation == "both" or (self.situation == "face" and at == self.at):
                found.append(("face", at, crop))
        if self.situation != "face":
            found.append(("scene", None, self.look.located.whole))
        return [view for view in found if _meets(self._seen(view[0], view[2]), self.area)]

    def _seen(self, region: Region, crop: Crop) -> Box:
        """A crop with the window around its middle that members at native resolution see, even beyond the crop."""
        cards = [card for card in self.detector.members.cards if card.region == region and card.name in self._asked]
        reach = max([0.0, *((card.side - crop.side) / 2 + 1 for card in cards if card.sampling == "native")])
        x0, y0, x1, y1 = crop.box
        if reach:
            # Near a border the window is moved inwards instead of cut, by at most what would hang over.
            reach *= 2
        return (x0 - reach, y0 - reach, x1 + reach, y1 + reach)

    @cached_property
    def _encoded(self) -> Mapping[tuple[str, int | None], Encoded]:
        """By member and face, what its encoder said of the untouched picture; asked again where it was not kept."""
        found: dict[tuple[str, int | None], Encoded] = {}
        kept = self.look.encoded
        for region, at, crop in self._views:
            cards = [
                c for c in self.detector.members.cards if c.region == region and c.name in self._asked and c.encoder
            ]
            if any((card.name, at) not in kept for card in cards):
                _, again = self.detector.members.logits_and_encoded(self.picture, crop, region, self._asked)
                kept = {**kept, **{(name, at): outputs for name, outputs in again.items()}}
            for card in cards:
                encoded = Encoded.read(crop, kept[card.name, at], card.encoder_output or "")
                if encoded:
                    found[card.name, at] = encoded
        return found

    def _score(self, sample: Pixels) -> float:
        pixels = self.picture.copy()
        a = self.area
        pixels[a.y : a.y + a.side, a.x : a.x + a.side] = sample
        faces, scene = list(self.look.faces), self.look.scene
        for region, at, crop in self._views:
            new = self.detector.members.logits(pixels, crop, region, self._asked)
            if at is None:
                scene = {**scene, **new}
            else:
                faces[at] = {**faces[at], **new}
        return self._read(replace(self.look, faces=tuple(faces), scene=scene))

    def _read(self, look: Look) -> float:
        """The score explained, out of everything the detector says."""
        combined = self.detector.combine(look)
        if self.situation == "face":
            assert self.at is not None
            return combined.face_scores[self.at]
        return combined.scene_score if self.of == "scene" else combined.score


def subject(detector: DeepfakeDetector, source: ImageSource | Look, of: str | int = "verdict") -> Subject:
    """What is asked about: "verdict", "scene", or a face by its number in ``Prediction.faces`` (0, or "face 0").

    source: a picture, or what ``detector.look`` gave for it. Raises ImageError as ``predict`` does, OptionError for
    another word, and ExplanationError for a face that is not there or has no score.
    """
    look = source if isinstance(source, Look) else detector.look(source)
    prediction = detector.judge(look)
    located = look.located
    number = _face_number(of)
    if number is not None:
        if not 0 <= number < len(located.faces):
            raise ExplanationError(
                f"{located.picture.name}: there is no face {number}; {len(located.faces)} were found, numbered from 0, "
                "largest first. Ask for 'verdict' or 'scene'."
            )
        score = prediction.faces[number].score
        if score is None:
            raise ExplanationError(
                f"{located.picture.name}: face {number} has no score (smaller than {MIN_FACE} pixels, or beyond "
                "max_faces), so there is none to explain. Ask for 'verdict' or 'scene'."
            )
        face = located.faces[number]
        at = look.scored.index(number)
        return Subject(detector, look, prediction, f"face {number}", "face", located.crops[number], score, face, at)
    if of == "scene":
        largest = located.faces[look.scored[0]] if look.scored else None
        score = prediction.scene_score
        return Subject(detector, look, prediction, "scene", "scene", located.whole, score, largest, None)
    if not look.scored:
        return Subject(detector, look, prediction, "verdict", "scene", located.whole, prediction.score, None, None)
    at = detector.aggregator.deciding(look.faces, look.sizes, look.scene, detector.aggregation)
    number = look.scored[at]
    return Subject(
        detector,
        look,
        prediction,
        "verdict",
        "both",
        located.crops[number],
        prediction.score,
        located.faces[number],
        at,
    )


def _face_number(of: str | int) -> int | None:
    """0 or "face 0" -> 0; None for "verdict" and "scene"."""
    if of in ("verdict", "scene"):
        return None
    text = str(of).removeprefix("face").strip()
    if not text.isdecimal():
        raise OptionError(f"cannot explain {of!r}; known are verdict, scene, and a face by its number (0, 1, ...)")
    return int(text)


def _updated(known: Logits, new: Mapping[tuple[str, int | None], Floats], at: int | None) -> Logits:
    return {name: new.get((name, at), value) for name, value in known.items()}


def _meets(box: Box, crop: Crop) -> bool:
    x0, y0, x1, y1 = crop.box
    return box[0] < x1 and x0 < box[2] and box[1] < y1 and y0 < box[3]
