"""How far the detector's answer survives what happens to pictures: AUC against strength, and verdicts that stay.

The labels say what a picture was when it was made; none of the changes makes a real picture fake or a fake one real.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import numpy as np

from .. import __version__
from ..errors import DataError, DeepfakeDetectorError, ImageError, OptionError
from ..extras import require
from ..images import MAX_PIXELS, read
from ..types import Failure, Pixels, Prediction, Verdict
from . import groups, metrics
from .benchmark import Detector, Unread
from .corruptions import ALL, RE_ENCODINGS, Corruption
from .manifest import LabelledPicture, Manifest, as_manifest
from .metrics import Figure

AS_GIVEN = "as given"
_AT_ONCE = 4
"""Changed copies of one picture held in memory together."""

Answer = Prediction | Failure


@dataclass(frozen=True)
class Point:
    """The detector on all pictures changed in one way.

    auc: of the ensemble. members: of each member. false_positive_rate, true_positive_rate: at the detector's
    threshold. judged: pictures in the figures; failed: those that could not be judged after the change (too small).
    """

    name: str
    family: str
    strength: float
    auc: Figure | None
    members: Mapping[str, Figure | None]
    false_positive_rate: Figure | None
    true_positive_rate: Figure | None
    judged: int
    failed: int

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "name": self.name,
            "family": self.family,
            "strength": self.strength,
            "auc": self.auc and self.auc.to_dict(),
            "members": {name: figure and figure.to_dict() for name, figure in self.members.items()},
            "false_positive_rate": self.false_positive_rate and self.false_positive_rate.to_dict(),
            "true_positive_rate": self.true_positive_rate and self.true_positive_rate.to_dict(),
            "judged": self.judged,
            "failed": self.failed,
        }


@dataclass(frozen=True)
class Stability:
    """What re-encodings do to verdicts, among the pictures whose verdict is "real" or "fake" as given.

    same: share whose verdict is the same after every one of them. turned: share whose verdict is the opposite after
    at least one. by_re_encoding: name -> pictures that stay the same, become inconclusive, turn round, or fail.
    """

    pictures: int
    same: Figure | None
    turned: Figure | None
    by_re_encoding: Mapping[str, Mapping[str, int]]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "pictures": self.pictures,
            "same": self.same and self.same.to_dict(),
            "turned": self.turned and self.turned.to_dict(),
            "by_re_encoding": {name: dict(counts) for name, counts in self.by_re_encoding.items()},
        }


@dataclass(frozen=True)
class RobustnessReport:
    """AUC of one model under every change, and how stable its verdicts are. as_given: the pictures unchanged."""

    model: str
    data: str
    notes: tuple[str, ...]
    fakes: int
    reals: int
    seed: int
    as_given: Point
    points: tuple[Point, ...]
    stability: Stability
    failures: tuple[Unread, ...]
    created: str
    seconds: float
    version: str = field(default=__version__)

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON types."""
        return {
            "model": self.model,
            "data": self.data,
            "notes": list(self.notes),
            "fakes": self.fakes,
            "reals": self.reals,
            "seed": self.seed,
            "as_given": self.as_given.to_dict(),
            "points": [point.to_dict() for point in self.points],
            "stability": self.stability.to_dict(),
            "failures": [failure.to_dict() for failure in self.failures],
            "created": self.created,
            "seconds": round(self.seconds, 1),
            "version": self.version,
        }


def sample(pictures: Sequence[LabelledPicture], limit: int, seed: int = 0) -> list[LabelledPicture]:
    """At most ``limit`` pictures, as many fakes as reals where there are enough, spread over the sources of each.

    The same ones for the same seed, in the order given. Raises OptionError for a limit below 1.
    """
    if limit < 1:
        raise OptionError(f"the limit must be at least 1, got {limit}")
    rng = np.random.default_rng(seed)
    queues: dict[bool, list[int]] = {}
    for fake in (True, False):
        by_source: dict[str, list[int]] = defaultdict(list)
        for at in rng.permutation([at for at, picture in enumerate(pictures) if picture.fake == fake]):
            by_source[pictures[int(at)].source].append(int(at))
        turns = sorted((turn, source, at) for source, rows in by_source.items() for turn, at in enumerate(rows))
        queues[fake] = [at for _, _, at in turns]
    fakes = min(len(queues[True]), max(limit // 2, limit - len(queues[False])))
    chosen = queues[True][:fakes] + queues[False][: limit - fakes]
    return [pictures[at] for at in sorted(chosen)]


def measure_robustness(
    detector: Detector,
    pictures: Manifest | Iterable[LabelledPicture],
    *,
    limit: int | None = None,
    seed: int = 0,
    corruptions: Sequence[Corruption] = ALL,
    re_encodings: Sequence[Corruption] = RE_ENCODINGS,
    progress: Callable[[int], object] | None = None,
) -> RobustnessReport:
    """Judge every picture as it is and changed in every way. limit: only so many pictures, chosen by ``sample``.

    progress: called with 1 after each picture. Raises DataError where no picture can be judged, OptionError,
    MissingExtra.
    """
    require("evaluate", "sklearn")
    manifest = as_manifest(pictures)
    begun, created = time.monotonic(), datetime.now(UTC).isoformat(timespec="seconds")
    notes = manifest.notes
    chosen = list(manifest) if limit is None else sample(manifest.pictures, limit, seed)
    if len(chosen) < len(manifest):
        notes = (*notes, f"{len(chosen)} of {len(manifest)} pictures, drawn with seed {seed}.")
    ways = list(dict.fromkeys([*corruptions, *re_encodings]))
    if len({way.name for way in ways}) < len(ways):
        raise OptionError("two of the corruptions have the same name")
    judged: list[LabelledPicture] = []
    given: list[Answer] = []
    changed: dict[str, list[Answer]] = {way.name: [] for way in ways}
    failures: list[Unread] = []
    for picture in chosen:
        answer = detector.predict_batch([picture.path])[0]
        after = answer if isinstance(answer, Failure) else _after(detector, picture, answer.size, ways, seed)
        if isinstance(after, Failure):
            failures.append(Unread.of(picture, after))
        else:
            judged.append(picture)
            given.append(answer)
            for way, result in zip(ways, after, strict=True):
                changed[way.name].append(result)
        if progress:
            progress(1)
    if not judged:
        reason = failures[0].reason if failures else "there are none."
        raise DataError(f"{manifest.name}: none of the pictures could be judged. The first: {reason}")
    return RobustnessReport(
        model=detector.model,
        data=manifest.name,
        notes=notes,
        fakes=sum(picture.fake for picture in judged),
        reals=sum(not picture.fake for picture in judged),
        seed=seed,
        as_given=_point(Corruption(AS_GIVEN, AS_GIVEN, 0.0, lambda pixels, _: pixels), judged, given),
        points=tuple(_point(way, judged, changed[way.name]) for way in corruptions),
        stability=_stability(given, {way.name: changed[way.name] for way in re_encodings}),
        failures=tuple(failures),
        created=created,
        seconds=time.monotonic() - begun,
    )


def _after(
    detector: Detector, picture: LabelledPicture, size: tuple[int, int], ways: Sequence[Corruption], seed: int
) -> list[Answer] | Failure:
    """What the detector says after each change of a picture of size (width, height), in the order of ``ways``."""
    try:
        pixels = read(picture.path, max_pixels=max(MAX_PIXELS, size[0] * size[1])).pixels
    except ImageError as error:  # it was read a moment ago: somebody is changing the files
        return Failure(error.source, error)
    answers: list[Answer] = []
    waiting = iter(ways)
    while batch := list(islice(waiting, _AT_ONCE)):
        copies = [_changed(way, pixels, seed) for way in batch]
        results = iter(detector.predict_batch([copy for copy in copies if not isinstance(copy, Failure)]))
        answers += [copy if isinstance(copy, Failure) else next(results) for copy in copies]
    return answers


def _changed(way: Corruption, pixels: Pixels, seed: int) -> Pixels | Failure:
    try:
        return way(pixels, seed)
    except (OSError, ValueError, ImageError) as error:  # formats have a longest side: 16,383 pixels for WebP
        return Failure(way.name, DeepfakeDetectorError(f"{way.name}: {error}"))


def _point(way: Corruption, pictures: Sequence[LabelledPicture], answers: Sequence[Answer]) -> Point:
    read = [(p.fake, r) for p, r in zip(pictures, answers, strict=True) if isinstance(r, Prediction)]
    fake = np.array([is_fake for is_fake, _ in read], bool)
    results = [result for _, result in read]
    said_fake = np.array([result.prediction == "Fake" for result in results], bool)
    return Point(
        name=way.name,
        family=way.family,
        strength=way.strength,
        auc=metrics.auc(fake, np.array([result.score for result in results], np.float64)),
        members=groups.members_auc(fake, results),
        false_positive_rate=metrics.share(said_fake[~fake]),
        true_positive_rate=metrics.share(said_fake[fake]),
        judged=len(results),
        failed=len(answers) - len(results),
    )


def _stability(given: Sequence[Answer], changed: Mapping[str, Sequence[Answer]]) -> Stability:
    before = [_verdict(answer) for answer in given]
    decided = [at for at, verdict in enumerate(before) if verdict in ("real", "fake")]
    counts = {name: dict.fromkeys(("same", "inconclusive", "turned", "failed"), 0) for name in changed}
    same, turned = np.ones(len(decided), bool), np.zeros(len(decided), bool)
    for name, answers in changed.items():
        for row, at in enumerate(decided):
            after = _verdict(answers[at])
            if after == before[at]:
                outcome = "same"
            elif after is None:
                outcome = "failed"
            else:
                outcome = "inconclusive" if after == "inconclusive" else "turned"
            counts[name][outcome] += 1
            same[row] &= outcome == "same"
            turned[row] |= outcome == "turned"
    return Stability(len(decided), metrics.share(same), metrics.share(turned), counts)


def _verdict(answer: Answer) -> Verdict | None:
    return None if isinstance(answer, Failure) else answer.verdict
