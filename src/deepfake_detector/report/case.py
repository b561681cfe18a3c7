"""``Case``: all that a report says of one picture, gathered in one pass and kept small."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import numpy as np
from PIL.Image import Image

from ..detector import DeepfakeDetector, Look
from ..ensemble.policy import Policy
from ..errors import DeepfakeDetectorError, OptionError
from ..explain import explain
from ..explain.base import Explanation, Method
from ..explain.explainer import Progress, default_method
from ..files import ImageSource, whole_file
from ..medium import Medium
from ..models.card import Region
from ..provenance import Provenance, examine
from ..quality import Quality
from ..types import Aggregation, Failure, Prediction
from . import pictures
from .pictures import Shown

Found = TypeVar("Found")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Member:
    """A member of the ensemble. asked: whether it can move this picture's score; some have no weight in it."""

    name: str
    region: Region
    asked: bool


@dataclass(frozen=True)
class Evidence:
    """What stands behind a prediction.

    shown: the picture with its faces numbered. policy: what the verdict was held against. container: "JPEG", ... or
    None for pixels without a file.
    """

    prediction: Prediction
    shown: Shown
    thumbnail: Shown
    quality: Quality
    medium: Medium
    policy: Policy
    aggregation: Aggregation
    members: tuple[Member, ...]
    container: str | None

    @property
    def band(self) -> tuple[float, float]:
        """The scores between which this picture is inconclusive."""
        return self.policy.bounds(self.prediction.reasons, self.prediction.threshold)


@dataclass(frozen=True)
class Why:
    """What a report keeps of the verdict's explanation, which itself holds several arrays of the picture's size.

    shown: the map laid over the part explained. face: the number of the face that this part surrounds, if any.
    """

    method: Method
    shown: Shown
    words: str
    warnings: tuple[str, ...]
    face: int | None


@dataclass(frozen=True)
class Case:
    """One picture, or why it could not be judged.

    name: what it is called in the report. time: ISO 8601, UTC. model: name and version. limits: the model's own, in
    words. found: what was found, or the failure. why: the explanation, or the reason why there is none.
    provenance: None where the file is no picture. file_size: in bytes; None, as sha256 is, where there was no file.
    """

    name: str
    time: str
    model: str
    limits: tuple[str, ...]
    found: Evidence | Failure
    why: Why | str
    provenance: Provenance | None = None
    sha256: str | None = None
    file_size: int | None = None

    @property
    def prediction(self) -> Prediction | None:
        """The result, or None for a failure."""
        return None if isinstance(self.found, Failure) else self.found.prediction

    @property
    def failure(self) -> Failure | None:
        """Why the picture could not be judged, or None."""
        return self.found if isinstance(self.found, Failure) else None


def examine_case(
    detector: DeepfakeDetector,
    source: ImageSource | Failure,
    name: str | None = None,
    method: Method | None = None,
    progress: Progress | None = None,
) -> Case:
    """Judge one picture, explain its score and examine its file.

    source: as for ``predict``, or a Failure to be reported as it is. name: how the report calls the picture; None takes
    the file's. method, progress: of the explanation, as for ``explain``. A picture that cannot be judged gives a Case
    with its Failure. Raises OptionError for an unknown method, and what ``progress`` raises, which ends the work.
    """
    if isinstance(source, Failure):
        return _case(detector, name or source.source, source)
    given: ImageSource = source
    name, data = name or _name(given), None
    if not isinstance(given, (np.ndarray, Image)):
        file = _tried(lambda: whole_file(given)[0].getvalue(), name)
        if isinstance(file, Failure):
            return _case(detector, name, file)
        data = file  # read once: it may be a pipe, and the hash must be of what was judged
    picture = given if data is None else data
    examined = _tried(lambda: examine(picture, max_pixels=detector.preprocessor.max_pixels), name)
    provenance = None if isinstance(examined, Failure) else examined
    method = method or default_method(detector)
    look = _tried(lambda: detector.look(picture, keep_encoded=method == "attention"), name)
    found = look if isinstance(look, Failure) else _tried(lambda: _evidence(detector, look), name)
    if isinstance(look, Failure) or isinstance(found, Failure):
        return _case(detector, name, found, "", provenance, data)
    ending = _Ending(progress) if progress else None
    try:
        explained = _tried(lambda: _why(explain(detector, look, method, progress=ending), look), name)
    except OptionError:
        if ending and ending.raised:
            raise ending.raised from None
        raise
    why = str(explained.error) if isinstance(explained, Failure) else explained
    return _case(detector, name, found, why, provenance, data)


class _Ending:
    """A progress that keeps what it raised, so that it is told from what a picture may cause."""

    def __init__(self, progress: Progress) -> None:
        self.progress = progress
        self.raised: Exception | None = None

    def __call__(self, done: int) -> None:
        try:
            self.progress(done)
        except Exception as error:
            self.raised = error
            raise OptionError("ended by its progress") from error  # passes through ``_tried``


def _case(
    detector: DeepfakeDetector,
    name: str,
    found: Evidence | Failure,
    why: Why | str = "",
    provenance: Provenance | None = None,
    data: bytes | None = None,
) -> Case:
    return Case(
        name=name,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        model=detector.model,
        limits=tuple(map(str, detector.bundle.about.get("limits", ()))),
        found=found,
        why=why,
        provenance=provenance,
        sha256=None if data is None else hashlib.sha256(data).hexdigest(),
        file_size=None if data is None else len(data),
    )


def _evidence(detector: DeepfakeDetector, look: Look) -> Evidence:
    prediction, picture = detector.judge(look), look.located.picture
    asked = detector.aggregator.asked(look.situation, detector.aggregation)
    regions = {card.name: card.region for card in detector.bundle.cards}
    policy = detector.policy
    band = policy.bounds(prediction.reasons, prediction.threshold)
    return Evidence(
        prediction=prediction,
        shown=pictures.numbered(picture.pixels, prediction.faces, band),
        thumbnail=Shown.of(picture.pixels, 120),
        quality=look.quality,
        medium=look.medium,
        policy=policy,
        aggregation=detector.aggregation,
        members=tuple(Member(name, regions[name], name in asked) for name in prediction.members),
        container=picture.format,
    )


def _why(found: Explanation, look: Look) -> Why:
    faces = [number for number, crop in enumerate(look.located.crops) if crop == found.area and number in look.scored]
    shown = pictures.explained(found)
    return Why(found.method, shown, found.words, found.warnings, faces[0] if faces else None)


def _name(source: ImageSource) -> str:
    if isinstance(source, (str, os.PathLike)):
        return os.fsdecode(source)
    return str(getattr(source, "name", "") or getattr(source, "filename", "") or "picture")


def _tried(call: Callable[[], Found], name: str) -> Found | Failure:
    """A report of many pictures never stops for one, whatever a codec or a library throws. Wrong usage is raised."""
    try:
        return call()
    except OptionError:
        raise
    except DeepfakeDetectorError as error:
        error.__traceback__ = error.__context__ = None  # its frames would hold the file and the picture
        return Failure(name, error)
    except Exception as error:
        _log.exception("%s: unexpected error", name)
        return Failure(name, DeepfakeDetectorError(f"could not be examined ({type(error).__name__}: {error})."))
