"""``DeepfakeDetector``: a picture in, an honest verdict out. The main path of the package."""

from __future__ import annotations

import logging
import os
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from io import IOBase
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from . import images, medium, quality
from .ensemble.aggregate import Aggregator, Combined, Logits, Situation
from .ensemble.policy import Policy
from .errors import DeepfakeDetectorError, ImageError, ImageTooSmall, OptionError, whole_number
from .faces.base import FaceDetector
from .faces.crop import MIN_FACE
from .files import ImageSource
from .images import Picture
from .medium import Medium
from .models.bundle import Bundle
from .models.preprocess import resized
from .models.session import Members
from .preprocessor import ImagePreprocessor, Located
from .quality import Quality
from .types import Aggregation, Face, FaceResult, Failure, Floats, Prediction

MIN_SIDE = 32
"""Pictures with a shorter side than this, in pixels, raise ImageTooSmall."""

_AGGREGATIONS = ("stacked", "mean", "vote")
_Result = TypeVar("_Result")
_log = logging.getLogger(__name__)
logging.getLogger("deepfake_detector").addHandler(logging.NullHandler())  # silent until the user asks


class UnreadableWarning(UserWarning):
    """Some pictures of a batch could not be judged."""


@dataclass(frozen=True, eq=False)
class Look:
    """What the members said of one picture, before it became a score.

    scored: which of ``located.faces`` have a score. faces: logits by member for each of those. scene: for the whole.
    encoded: where asked for, all outputs of the members' encoders, by member and place in ``scored`` (None: the whole).
    """

    located: Located
    scored: tuple[int, ...]
    faces: tuple[Logits, ...]
    scene: Logits
    encoded: Mapping[tuple[str, int | None], Mapping[str, Floats]] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[float, ...]:
        """The scored faces' sides, in pixels."""
        return tuple(self.located.faces[i].size for i in self.scored)

    @property
    def situation(self) -> Situation:
        """What the picture's score is made of: faces in their picture, or the whole picture alone."""
        return "both" if self.scored else "scene"

    @property
    def quality(self) -> Quality:
        """Of the largest face with its surroundings, or of the whole picture where there is none."""
        return quality.measure(self.located.picture.pixels, self.located.main)

    @cached_property
    def medium(self) -> Medium:
        """Of the largest scored face with its surroundings, or of the whole where there is none, as members see it."""
        part = self.located.crops[self.scored[0]] if self.scored else self.located.whole
        return medium.measure(resized(self.located.picture.pixels, part, medium.SIDE))


class DeepfakeDetector:
    """Says whether pictures are real or fake. Safe to share between threads.

    model: "default" (all members), "fast" (light members only), or the path of a saved ``.h5``.
    face_detector: "yunet", "haar", or an object with the same ``detect``.
    aggregation: "stacked" (learned, the one that was measured), "mean" or "vote".
    threshold: score from which a picture is called fake; None takes the bundle's. The inconclusive band moves with it.
    max_fpr: instead of a threshold, the share of real pictures that may be called fake (as measured on the bundle's
    validation pictures, half of them handled; yours may differ). For the stacked score alone.
    max_faces: how many faces are scored, the largest first; the others are reported without a score.

    Raises ModelNotFound, ModelInvalid or OptionError.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] = "default",
        *,
        face_detector: str | FaceDetector = "yunet",
        aggregation: Aggregation = "stacked",
        threshold: float | None = None,
        max_fpr: float | None = None,
        max_faces: int = 16,
        max_pixels: int = images.MAX_PIXELS,
    ) -> None:
        if aggregation not in _AGGREGATIONS:
            raise OptionError(f"unknown aggregation {aggregation!r}; known are {', '.join(_AGGREGATIONS)}")
        for name, value in (("threshold", threshold), ("max_fpr", max_fpr)):
            if value is not None and not (isinstance(value, (int, float, np.number)) and 0 < value < 1):
                raise OptionError(f"{name} must be a number between 0 and 1 (0.05 for 5 %), got {value!r}")
        if threshold is not None and max_fpr is not None:
            raise OptionError("threshold and max_fpr both choose the operating point; give one of them")
        if max_fpr is not None and aggregation != "stacked":
            raise OptionError(
                f"max_fpr was measured for the stacked score; choose a threshold for aggregation {aggregation!r}"
            )
        self.preprocessor = ImagePreprocessor(face_detector, max_pixels=max_pixels)
        self.aggregation: Aggregation = aggregation
        self.max_faces = whole_number("max_faces", max_faces, 1)
        self.bundle = Bundle.load(model)
        self.members = Members(self.bundle.cards, self.bundle.graphs)
        self.aggregator = Aggregator.from_dict(self.bundle.ensemble)
        self.aggregator.check({card.name: card.region for card in self.bundle.cards})
        self.policy = Policy.from_dict(self.bundle.ensemble.get("policy", {}))
        if max_fpr is not None:
            threshold = self.policy.threshold_for(max_fpr)
        self.threshold = self.policy.threshold if threshold is None else float(threshold)

    @classmethod
    def load_model(cls, path: str | os.PathLike[str], **options: object) -> DeepfakeDetector:
        """A detector from a file that ``save_model`` wrote; ``options`` as for the constructor."""
        return cls(path, **options)  # type: ignore[arg-type]

    def save_model(self, path: str | os.PathLike[str]) -> None:
        """Write the whole bundle into one ``.h5`` file; loading it gives identical scores."""
        self.bundle.save(path)

    @property
    def model(self) -> str:
        """Name and version of the bundle, as results carry it."""
        return f"{self.bundle.name} {self.bundle.version}"

    def predict(self, source: ImageSource | Picture) -> Prediction:
        """Judge one picture: a path, bytes, a binary file object, a PIL image or a uint8 RGB array (H, W, 3).

        What ``images.read`` gave is taken too.

        Raises ImageNotFound, ImageUnreadable, ImageTooLarge or ImageTooSmall (all ImageError).
        """
        return self.judge(self.look(source))

    def look(self, source: ImageSource | Picture, *, keep_encoded: bool = False) -> Look:
        """Find the faces and ask every member: all of ``predict`` but the verdict. Raises as ``predict`` does.

        keep_encoded: keep what the encoders gave, for explanations (some megabytes a face).
        """
        located = self.preprocessor.locate(source)
        width, height = located.picture.size
        if min(width, height) < MIN_SIDE:
            raise ImageTooSmall(
                located.picture.name,
                f"{width} x {height} pixels are too few to judge; at least {MIN_SIDE} x {MIN_SIDE} are needed.",
            )
        scored = [i for i, face in enumerate(located.faces) if face.size >= MIN_FACE][: self.max_faces]
        pixels, members = located.picture.pixels, self.members
        faces = [members.logits_and_encoded(pixels, located.crops[i], "face", everything=keep_encoded) for i in scored]
        scene, of_scene = members.logits_and_encoded(pixels, located.whole, "scene", everything=keep_encoded)
        encoded: dict[tuple[str, int | None], Mapping[str, Floats]] = {}
        if keep_encoded:
            encoded = {(name, at): found for at, (_, kept) in enumerate(faces) for name, found in kept.items()}
            encoded |= {(name, None): found for name, found in of_scene.items()}
        return Look(located, tuple(scored), tuple(logits for logits, _ in faces), scene, encoded)

    def combine(self, look: Look) -> Combined:
        """The scores that the members' logits make together."""
        return self.aggregator.combine(look.faces, look.sizes, look.scene, self.aggregation)

    def judge(self, look: Look) -> Prediction:
        """The verdict on what was seen."""
        return self._result(look, self.combine(look))

    def predict_batch(
        self, sources: Iterable[ImageSource | Failure], workers: int | None = None
    ) -> list[Prediction | Failure]:
        """Judge many pictures, in order; the same numbers as ``predict``, sooner. ``predict_iter`` as a list.

        A picture that cannot be judged becomes a ``Failure`` in its place and the rest goes on. workers: pictures
        worked on at once; None chooses by the number of processors. Raises OptionError.
        """
        return list(self.predict_iter(sources, workers))

    def predict_iter(
        self, sources: Iterable[ImageSource | Failure], workers: int | None = None, ahead: int | None = None
    ) -> Generator[Prediction | Failure, None, None]:
        """Judge any number of pictures as a stream, in order; memory does not grow with how many there are.

        Each of the ``workers`` threads takes a picture all the way, from the file to the verdict; reading and decoding
        leave Python's lock, as the models do, so some pictures are decoded while others are in the models. ``sources``
        is drawn from lazily, in the thread that asks for results, never more than ``ahead`` pictures (None: four for
        each worker) before the one given last. What cannot be judged becomes a ``Failure`` in its place, and a
        ``Failure`` among the sources is handed through. Images and arrays are read when they are drawn, so ``sources``
        may give the same one again with the next frame in it. Closing the iterator early begins no further picture, and
        waits for those begun. Raises OptionError, at the call.
        """
        single = (str, bytes, bytearray, memoryview, os.PathLike, IOBase, np.ndarray, Image)
        several = isinstance(sources, np.ndarray) and (sources.ndim == 4 or sources.dtype.kind in "OU")  # or paths
        if isinstance(sources, single) and not several:
            raise OptionError("expected a list of pictures; for a single one call predict, or put it in a list")
        try:
            iter(sources)
        except TypeError:
            raise OptionError(
                f"expected a list of pictures, or another iterable, not {type(sources).__name__}"
            ) from None
        workers = min(4, os.cpu_count() or 1) if workers is None else whole_number("workers", workers, 1)
        ahead = 4 * workers if ahead is None else whole_number("ahead", ahead, 1)
        return self._stream(sources, workers, ahead)

    def _stream(
        self, sources: Iterable[ImageSource | Failure], workers: int, ahead: int
    ) -> Generator[Prediction | Failure, None, None]:
        pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="deepfake-detector")
        waiting: deque[Future[Prediction | Failure]] = deque()
        try:
            for source in sources:
                waiting.append(pool.submit(self._attempt, self._held(source)))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)

    def predict_proba(self, sources: Iterable[ImageSource]) -> npt.NDArray[np.float64]:
        """Probabilities, float64 (n, 2), columns real and fake.

        The row of a picture that cannot be judged is NaN, and an ``UnreadableWarning`` names it.
        """
        results = self.predict_batch(sources)
        failures = [result for result in results if isinstance(result, Failure)]
        if failures:
            names = "; ".join(str(failure.error) for failure in failures[:5])
            warnings.warn(f"{len(failures)} of {len(results)} not judged: {names}", UnreadableWarning, stacklevel=2)
        fake = np.array([np.nan if isinstance(r, Failure) else r.score for r in results], np.float64)
        return np.stack([1 - fake, fake], axis=1)

    def _held(self, source: ImageSource | Failure) -> ImageSource | Picture | Failure:
        """``images.held``, or a Failure."""
        return self._tried(lambda given: images.held(given, self.preprocessor.max_pixels), source)

    def _attempt(self, source: ImageSource | Picture | Failure) -> Prediction | Failure:
        return self._tried(self.predict, source)

    @staticmethod
    def _tried(
        step: Callable[[ImageSource | Picture], _Result], source: ImageSource | Picture | Failure
    ) -> _Result | Failure:
        if isinstance(source, Failure):
            return source
        try:
            return step(source)
        except ImageError as error:
            _log.info("%s", error)
            error.__traceback__ = error.__context__ = None  # its frames would hold the file and the picture
            return Failure(error.source, error)
        except Exception as error:  # a batch never stops for one picture, whatever a codec or a library throws
            named = source.name if isinstance(source, Picture) else source
            name = os.fspath(named) if isinstance(named, (str, os.PathLike)) else type(source).__name__
            _log.exception("%s: unexpected error", name)
            return Failure(
                name, DeepfakeDetectorError(f"{name}: could not be judged ({type(error).__name__}: {error}).")
            )

    def _result(self, look: Look, combined: Combined) -> Prediction:
        located, scored = look.located, look.scored
        picture, policy, measured = located.picture, self.policy, look.quality
        reasons = list(picture.reasons)
        if quality.blank(picture.pixels):
            reasons.append("no_detail")
        elif policy.conditions:
            reasons += policy.shown(look.medium)
        largest = located.faces[0].size if located.faces else None
        reasons += policy.quality_reasons(largest, min(picture.size), measured.sharpness, measured.blockiness)
        if len([face for face in located.faces if face.size >= MIN_FACE]) > self.max_faces:
            reasons.append("many_faces")
        faces = []
        for index, face in enumerate(located.faces):
            notes = _notes(face, picture.size, policy.small_face)
            if index in scored:
                at = scored.index(index)
                faces.append(
                    FaceResult(
                        face, combined.face_scores[at], combined.face_members[at], combined.face_kinds[at], notes
                    )
                )
            else:
                faces.append(FaceResult(face, None, reasons=notes if face.size < MIN_FACE else (*notes, "many_faces")))
        if faces and "cut_face" in faces[0].reasons:
            reasons.append("cut_face")
        with_say = self.aggregator.asked(look.situation, self.aggregation)
        telling = {name: score for name, score in combined.members.items() if name in with_say}
        verdict, why = policy.decide(combined.score, telling, reasons, self.threshold)
        return Prediction(
            score=combined.score,
            threshold=self.threshold,
            verdict=verdict,
            reasons=why,
            faces=tuple(faces),
            scene_score=combined.scene_score,
            members=combined.members,
            kinds=combined.kinds,
            size=picture.size,
            model=self.model,
            source=picture.name,
        )


def _notes(face: Face, size: tuple[int, int], small: float) -> tuple[str, ...]:
    """Reasons that belong to one face."""
    x0, y0, x1, y1 = face.box
    cut = x0 <= 0 or y0 <= 0 or x1 >= size[0] or y1 >= size[1]
    return ("small_face",) * (face.size < small) + ("cut_face",) * cut
