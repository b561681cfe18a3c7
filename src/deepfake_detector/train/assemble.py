"""From the members' logits to what a bundle needs beside its graphs: aggregation, calibration, policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..ensemble.aggregate import Linear
from ..types import FAMILIES
from . import incumbent, stack
from .folds import PACK, Folds
from .targets import weights as sampling_weights
from .views import View

SITUATIONS = ("face", "scene", "both")
FEW_OF_SOURCE = 20
"""A source with fewer fakes than this is not read by itself."""
FEW_OF_FAMILY = 20
"""A family with fewer fakes than this among the held-out pictures keeps the score of the bundle it started from."""


@dataclass(frozen=True)
class Evidence:
    """Logits of one region's members for every view: float32 (n, members, 4); rows of other regions are not read."""

    members: tuple[str, ...]
    logits: np.ndarray


def tables(views: Sequence[View], face: Evidence, scene: Evidence, folds: Folds = PACK) -> dict[str, stack.Table]:
    """A table for each situation; a row of "both" is a job with a face view and a scene view.

    Views of which a member of their region has no logits (NaN: it was not cross-fitted on them) are left out.
    """
    known = {"face": np.isfinite(face.logits).all((1, 2)), "scene": np.isfinite(scene.logits).all((1, 2))}
    with_face = {view.job for view in views if view.view == "face"}
    rows: dict[int, dict[str, int]] = {}
    for number, view in enumerate(views):
        if known[view.view][number]:
            rows.setdefault(view.job, {})[view.view] = number
    faces = [r["face"] for r in rows.values() if "face" in r]
    scenes = [r["scene"] for r in rows.values() if "scene" in r]
    pairs = [(r["face"], r["scene"]) for r in rows.values() if len(r) == 2]
    both = np.concatenate([face.logits[[f for f, _ in pairs]], scene.logits[[s for _, s in pairs]]], axis=1)
    return {
        "face": _table(face.members, face.logits[faces], views, faces, folds),
        "scene": _table(scene.members, scene.logits[scenes], views, scenes, folds, otherwise=with_face),
        "both": _table(face.members + scene.members, both, views, [f for f, _ in pairs], folds),
    }


def _table(
    members: tuple[str, ...],
    logits: np.ndarray,
    every: Sequence[View],
    numbers: list[int],
    folds: Folds,
    otherwise: Set[int] = frozenset(),
) -> stack.Table:
    """Half the weight lies on pictures held out with their source, half on new pictures of known sources.

    otherwise: jobs of which the detector would judge the picture in another situation.
    """
    views = [every[number] for number in numbers]
    split = np.array([v.split for v in views])
    weights = np.zeros(len(views))
    for name in ("train", "val"):
        rows = np.flatnonzero(split == name)
        weights[rows] = sampling_weights([views[i] for i in rows])
    return stack.Table(
        members,
        logits.astype(np.float64),
        np.array([v.fake for v in views], bool),
        np.array([v.family for v in views]),
        np.array([v.source for v in views]),
        weights * len(views) / 2,
        np.array([folds.of(v) if v.split == "train" else stack.VAL for v in views]),
        np.array([v.how == "plain" for v in views], bool),
        np.array(numbers, int),
        np.array([v.job not in otherwise for v in views], bool),
    )


@dataclass(frozen=True)
class LeftOut:
    """One fold, read by what was learned without it.

    fake, plain: bool (n,), plain as in ``stack.Table``; source: str (n,). ways: log-odds of each way of scoring, (n,),
    by name: "stacked" (weights chosen without the fold), "mean" (of the members' own calibrated probabilities, also
    fitted without it), and each member.
    """

    fake: np.ndarray
    plain: np.ndarray
    source: np.ndarray
    ways: Mapping[str, np.ndarray]

    def only(self, plain: bool) -> LeftOut:
        """The pictures as they were found, or the handled ones."""
        rows = self.plain == plain
        return LeftOut(
            self.fake[rows], self.plain[rows], self.source[rows], {way: score[rows] for way, score in self.ways.items()}
        )

    def pairs(self) -> list[tuple[str, np.ndarray, np.ndarray]]:
        """For each source of fakes: its name, its rows, and those of all reals of the fold."""
        reals = np.flatnonzero(~self.fake)
        fakes = {str(name): np.flatnonzero(self.fake & (self.source == name)) for name in np.unique(self.source)}
        return [(name, rows, reals) for name, rows in fakes.items() if len(rows) >= FEW_OF_SOURCE and len(reals)]


def left_out(
    table: stack.Table,
    kinds: Sequence[str],
    folds: Folds = PACK,
    known_weights: Mapping[str, float] | None = None,
) -> list[LeftOut]:
    """Every fold that has both classes, and leaves both to the others. known_weights: as for ``incumbent.choose``."""
    result = []
    for name, sources in folds.sources.items():
        held = table.fold == name
        known = (table.fold == stack.VAL) & np.isin(table.source, list(sources))
        test, rest = table.where(held), table.where(~held & ~known)
        if len(set(test.fake)) < 2 or len(set(rest.fake)) < 2:
            continue
        alone = {m: stack.scores(stack.verdict_score(rest, {m: 1.0}), test) for m in table.members}
        stacked = stack.scores(stack.verdict_score(rest, incumbent.choose(rest, kinds, known_weights)), test)
        result.append(
            LeftOut(
                test.fake, test.plain, test.source, {"stacked": stacked, "mean": _mean(list(alone.values())), **alone}
            )
        )
    return result


def comparison(read: Sequence[LeftOut]) -> dict[str, dict[str, float]]:
    """AUC of each source's fakes against the reals of their fold, by way of scoring; then the mean over the sources.

    Of a source in several folds the mean over these.
    """
    found: dict[str, list[dict[str, float]]] = {}
    for fold in read:
        for name, fakes, reals in fold.pairs():
            found.setdefault(name, []).append(
                {way: _auc(score[fakes], score[reals]) for way, score in fold.ways.items()}
            )
    result = {
        name: {way: round(float(np.mean([one[way] for one in folds])), 4) for way in folds[0]}
        for name, folds in found.items()
    }
    if result:
        ways = list(next(iter(result.values())))
        means = {way: round(float(np.mean([by_way[way] for by_way in result.values()])), 4) for way in ways}
        result["mean over sources"] = means
    return result


def margins(read: Sequence[LeftOut], draws: int = 300) -> dict[str, dict[str, float]]:
    """How much higher the mean AUC over sources is stacked than in each other way, with the ends of a 95 % interval.

    Percentile bootstrap over the pictures of each source (Efron 1979), seed 0.
    """
    rng = np.random.default_rng(0)
    every = [(fold, fakes, reals) for fold in read for _, fakes, reals in fold.pairs()]
    if not every:
        return {}
    ways = list(every[0][0].ways)
    means = np.zeros((draws + 1, len(ways)))
    for draw in range(draws + 1):  # the first is the pictures as they are
        for fold, fakes, reals in every:
            if draw:
                fakes, reals = (rng.choice(rows, len(rows)) for rows in (fakes, reals))
            means[draw] += [_auc(fold.ways[way][fakes], fold.ways[way][reals]) / len(every) for way in ways]
    found = {way: means[:, 0] - means[:, k] for k, way in enumerate(ways) if k}
    result = {}
    for way, lead in found.items():
        values = (lead[0], *np.percentile(lead[1:], [2.5, 97.5]))
        result[way] = {key: round(float(v), 4) for key, v in zip(("lead", "at least", "at most"), values, strict=True)}
    return result


def _auc(fakes: np.ndarray, reals: np.ndarray) -> float:
    """The chance that a fake scores above a real, ties counting half."""
    ordered = np.sort(reals)
    below = np.searchsorted(ordered, fakes, "left") + np.searchsorted(ordered, fakes, "right")
    return float(below.mean() / 2 / len(reals))


def ensemble(
    by_situation: Mapping[str, stack.Table],
    kinds: Sequence[str],
    alarms: Mapping[str, float],
    base: Mapping[str, Any] | None = None,
    everyone: Mapping[str, stack.Table] | None = None,
) -> tuple[dict[str, Any], dict[str, Linear]]:
    """The ``ensemble`` part of a manifest but for the policy, and the stacked scores by situation.

    Scores of a situation are calibrated on the rows that apply (``stack.Table.applying``); its weights and kinds are
    learned from all. kinds: the kinds of networks, the leading one first. alarms: by situation, the share of new real
    pictures of known sources (one of n pictures counts as the root of n) that may score 0.5 or more. It moves the
    offset of every verdict score, as a smaller prior probability of fakes would. base: the same part of another bundle
    with the same members, for what the tables cannot teach: situations they lack, and families with too few fakes.
    (Without it all are learned.) everyone: tables that members' own scores and their mean are learned from, where more
    members than the stacked ones are asked; None: the same tables.
    """
    members, mean = alone(by_situation if everyone is None else everyone, alarms)
    picture: dict[str, Linear] = {}
    families: dict[str, dict[str, Any]] = {family: {} for family in FAMILIES}
    for situation in SITUATIONS:
        if base is not None and situation not in by_situation:
            picture[situation] = Linear.from_dict(base["picture"][situation])
            mean[situation] = base["mean"][situation]
            for family in FAMILIES:
                families[family][situation] = base["kinds"][family][situation]
            continue
        table = by_situation[situation]
        relative = incumbent.choose(table, kinds, incumbent.of(base, situation, table.members))
        print(f"{situation}: relative weights {relative}")
        picture[situation] = stack.anchored(stack.verdict_score(table, relative), table.applying(), alarms[situation])
        for family in FAMILIES:
            if base is not None and not incumbent.has_family(table, family, FEW_OF_FAMILY):
                families[family][situation] = base["kinds"][family][situation]
            else:
                families[family][situation] = asdict(stack.family_score(incumbent.telling(table), relative, family))
    if base is not None:
        members = {**base["members"], **members}
    values = {
        "members": members,
        "picture": {situation: asdict(score) for situation, score in picture.items()},
        "kinds": families,
        "mean": mean,
    }
    return values, picture


def alone(
    by_situation: Mapping[str, stack.Table], alarms: Mapping[str, float]
) -> tuple[dict[str, Any], dict[str, tuple[float, float]]]:
    """Each member's own calibrated score, and the calibration of their mean by situation; ``alarms`` as above.

    Where a whole picture's member alone has a weight, its own score is the verdict's. So it is calibrated as that is,
    on pictures without a face, and runs higher beside a face.
    """
    own: dict[str, Linear] = {}
    mean: dict[str, tuple[float, float]] = {}
    for situation in SITUATIONS:
        if situation not in by_situation:
            continue
        table = by_situation[situation]
        allowed, here = alarms[situation], table.applying()
        for name in table.members:
            if name not in own:
                own[name] = stack.anchored(stack.verdict_score(table, {name: 1.0}), here, allowed)
        slope, offset = stack.calibrated(_averaged(own, table)[:, None], table.fake, table.weights)
        point = stack.excess(slope[0] * _averaged(own, here) + offset, here, allowed)
        mean[situation] = (float(slope[0]), offset - point)
    return {name: asdict(score) for name, score in own.items()}, mean


def _averaged(own: Mapping[str, Linear], table: stack.Table) -> np.ndarray:
    """The log-odds of the mean of the probabilities that the table's members give by themselves, (n,)."""
    return _logit(_mean([stack.scores(own[name], table) for name in table.members]))


def _mean(logits: Sequence[np.ndarray]) -> np.ndarray:
    return np.asarray(np.mean([1 / (1 + np.exp(-values)) for values in logits], axis=0))


def _logit(probability: np.ndarray) -> np.ndarray:
    clipped = np.clip(probability, 1e-9, 1 - 1e-9)
    return np.asarray(np.log(clipped / (1 - clipped)))
