"""``evaluate``: labelled pictures through the detector, and what came of it as one frozen ``Report``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from .. import __version__
from ..errors import DataError, OptionError
from ..extras import require
from ..files import ImageSource
from ..types import Failure, Prediction
from . import groups, metrics
from .bootstrap import Array, Bools
from .groups import Pairing
from .manifest import LabelledPicture, Manifest, as_manifest
from .metrics import Figure, Metrics, OperatingPoint

_CHUNK = 16


class Detector(Protocol):
    """What is asked of a detector here; ``DeepfakeDetector`` has it."""

    threshold: float

    @property
    def model(self) -> str:
        """Name and version."""

    def predict_batch(self, sources: Iterable[ImageSource], workers: int | None = None) -> list[Prediction | Failure]:
        """One result for each picture, in order; a Failure, never an exception, for one that cannot be judged."""


@dataclass(frozen=True)
class Outcome:
    """A labelled picture, what the detector said, and the strength of its compression grid (``groups.grid_tier``)."""

    picture: LabelledPicture
    result: Prediction
    grid: str

    @property
    def wrong(self) -> bool:
        """Whether the prediction is not the label."""
        return (self.result.prediction == "Fake") != self.picture.fake

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "path": str(self.picture.path),
            "label": "fake" if self.picture.fake else "real",
            "source": self.picture.source,
            "score": round(self.result.score, 4),
            "prediction": self.result.prediction,
            "verdict": self.result.verdict,
            "reasons": list(self.result.reasons),
        }


@dataclass(frozen=True)
class Unread:
    """A labelled picture that could not be judged. It is in no figure."""

    picture: LabelledPicture
    reason: str

    @classmethod
    def of(cls, picture: LabelledPicture, failure: Failure) -> Unread:
        """From the detector's answer; the reason without the name."""
        return cls(picture, failure.reason)

    def to_dict(self) -> dict[str, str]:
        """As plain JSON types."""
        label = "fake" if self.picture.fake else "real"
        return {"path": str(self.picture.path), "label": label, "reason": self.reason}


@dataclass(frozen=True)
class Report:
    """What a detector did on labelled pictures.

    overall: the figures of all pictures that were judged. groups: heading ("source", "face size", ...) -> part ->
    figures. pairs: the same for each pairing asked for. members: each member's own AUC, where it had a say.
    operating_point: for the false-positive rate asked for. outcomes, failures: every picture, in the order given.
    created: ISO 8601, UTC. seconds: how long it took.
    """

    model: str
    threshold: float
    data: str
    notes: tuple[str, ...]
    overall: Metrics
    groups: Mapping[str, Mapping[str, Metrics]]
    pairs: Mapping[str, Metrics]
    members: Mapping[str, Figure | None]
    max_fpr: float | None
    operating_point: OperatingPoint | None
    outcomes: tuple[Outcome, ...]
    failures: tuple[Unread, ...]
    created: str
    seconds: float
    version: str = field(default=__version__)

    @property
    def fake(self) -> Bools:
        """(n,) the truth of ``outcomes``."""
        return np.array([outcome.picture.fake for outcome in self.outcomes], bool)

    @property
    def score(self) -> Array:
        """(n,) P(fake) of ``outcomes``."""
        return np.array([outcome.result.score for outcome in self.outcomes], np.float64)

    def confusion(self) -> dict[str, dict[str, int]]:
        """Label -> verdict -> pictures."""
        table = {label: dict.fromkeys(("real", "inconclusive", "fake"), 0) for label in ("real", "fake")}
        for outcome in self.outcomes:
            table["fake" if outcome.picture.fake else "real"][outcome.result.verdict] += 1
        return table

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "model": self.model,
            "threshold": self.threshold,
            "data": self.data,
            "notes": list(self.notes),
            "pictures": len(self.outcomes),
            "failed": len(self.failures),
            "overall": self.overall.to_dict(),
            "confusion": self.confusion(),
            "max_fpr": self.max_fpr,
            "operating_point": self.operating_point and self.operating_point.to_dict(),
            "groups": {
                heading: {name: part.to_dict() for name, part in parts.items()}
                for heading, parts in self.groups.items()
            },
            "pairs": {name: part.to_dict() for name, part in self.pairs.items()},
            "members": {name: figure and figure.to_dict() for name, figure in self.members.items()},
            "failures": [failure.to_dict() for failure in self.failures],
            "outcomes": [outcome.to_dict() for outcome in self.outcomes],
            "created": self.created,
            "seconds": round(self.seconds, 1),
            "version": self.version,
        }


def evaluate(
    detector: Detector,
    pictures: Manifest | Iterable[LabelledPicture],
    *,
    pairs: Sequence[Pairing] = (),
    max_fpr: float | None = None,
    workers: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Report:
    """Judge labelled pictures and say how well it went. A picture that cannot be judged is listed, never counted.

    max_fpr: also find the threshold that keeps the false-positive rate at most that, in [0, 1). workers: as for
    ``predict_batch``. progress: called with the number of pictures done since its last call.
    Raises DataError where no picture can be judged, OptionError for pairs without pictures, MissingExtra.
    """
    require("evaluate", "sklearn")
    manifest = as_manifest(pictures)
    if isinstance(pairs, Pairing) or not all(isinstance(pair, Pairing) for pair in pairs):
        raise OptionError("pairs is a list of Pairing(fakes, reals)")
    for pair in pairs:
        pair.check(manifest.pictures)
    if max_fpr is not None:
        metrics.operating_point(np.zeros(0, bool), np.zeros(0), max_fpr)  # a wrong rate is told before the long run
    begun, created = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    outcomes, failures = _judged(detector, manifest.pictures, workers, progress)
    if not outcomes:
        reason = failures[0].reason if failures else "there are none."
        raise DataError(f"{manifest.name}: none of the pictures could be judged. The first: {reason}")

    judged, results = [o.picture for o in outcomes], [o.result for o in outcomes]
    fake = np.array([picture.fake for picture in judged], bool)
    score = np.array([result.score for result in results], np.float64)
    said_fake = np.array([result.prediction == "Fake" for result in results], bool)
    verdict: npt.NDArray[np.str_] = np.array([result.verdict for result in results], dtype=str)

    def of(rows: Bools) -> Metrics:
        return metrics.measure(fake[rows], score[rows], said_fake[rows], verdict[rows])

    divided = groups.divisions(judged, results, [outcome.grid for outcome in outcomes])
    return Report(
        model=detector.model,
        threshold=detector.threshold,
        data=manifest.name,
        notes=manifest.notes,
        overall=of(np.ones(len(fake), bool)),
        groups={heading: {name: of(rows) for name, rows in parts.items()} for heading, parts in divided.items()},
        pairs={pair.name: of(pair.rows(judged)) for pair in pairs},
        members=groups.members_auc(fake, results),
        max_fpr=max_fpr,
        operating_point=None if max_fpr is None else metrics.operating_point(fake, score, max_fpr),
        outcomes=tuple(outcomes),
        failures=tuple(failures),
        created=created,
        seconds=time.monotonic() - begun,
    )


def _judged(
    detector: Detector,
    pictures: Sequence[LabelledPicture],
    workers: int | None,
    progress: Callable[[int], object] | None,
) -> tuple[list[Outcome], list[Unread]]:
    """In order, a chunk at a time so that memory stays flat."""
    outcomes: list[Outcome] = []
    failures: list[Unread] = []
    with ThreadPoolExecutor(max_workers=2) as pool:
        for begin in range(0, len(pictures), _CHUNK):
            chunk = pictures[begin : begin + _CHUNK]
            results = detector.predict_batch([picture.path for picture in chunk], workers=workers)
            read = [(p, r) for p, r in zip(chunk, results, strict=True) if isinstance(r, Prediction)]
            grids = pool.map(lambda pair: groups.grid_tier(pair[0], pair[1].size), read)
            outcomes += [Outcome(*pair, grid) for pair, grid in zip(read, grids, strict=True)]
            failures += [Unread.of(p, r) for p, r in zip(chunk, results, strict=True) if isinstance(r, Failure)]
            if progress:
                progress(len(chunk))
    return outcomes, failures
