"""A bundle out of what was trained, what was kept, and held-out pictures that say how far each is to be believed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .. import __version__
from ..ensemble.aggregate import Linear
from ..errors import DataError
from ..evaluate.metrics import Figure, auc
from ..models.bundle import Bundle
from ..models.card import OUTPUTS, Card
from ..types import FAMILIES
from . import assemble, bundles, heads, incumbent, stack
from .assemble import Evidence
from .data import Row
from .folds import Folds
from .start import Start
from .targets import targets
from .views import View

FEW_HELD_OUT = 100
"""With fewer held-out pictures of a class than this, the calibration is said to be rough."""
_NEVER: dict[str, Any] = {"weights": {}, "bias": -10.0}


@dataclass(frozen=True)
class Result:
    """The bundle, and its AUC on held-out pictures as they are: now, and with the bundle it started from (or None)."""

    bundle: Bundle
    now: Figure | None
    before: Figure | None


def rebuilt(
    name: str,
    start: Start,
    graphs: Mapping[str, bytes],
    rows: Sequence[Row],
    views: Sequence[View],
    native: np.ndarray,
    evidence: Mapping[str, Evidence],
    before: Mapping[str, Evidence],
    folds: Folds,
) -> Result:
    """Aggregation, calibration and policy from the held-out logits, and cards that say what was learned from.

    Situations without enough pictures keep the calibration of the bundle that was started from. Raises DataError where
    there is none to keep.
    """
    tables = assemble.tables(views, evidence["face"], evidence["scene"], folds)
    usable = {situation: table for situation, table in tables.items() if _usable(table)}
    lacking = [situation for situation in assemble.SITUATIONS if situation not in usable]
    if "scene" in lacking or (lacking and start.ensemble is None):
        raise DataError(
            f"Too few held-out pictures of both classes to calibrate the score of {' and '.join(lacking)}. "
            + (
                "Name data with more pictures of both classes."
                if "scene" in lacking
                else "Name more pictures with a face."
            )
        )
    present = {member.split("-")[0] for e in evidence.values() for member in e.members}
    kinds = sorted(present, key=lambda kind: (*bundles.KINDS, kind).index(kind))
    base = start.ensemble or {"kinds": {f: dict.fromkeys(assemble.SITUATIONS, _NEVER) for f in FAMILIES}, "members": {}}
    ensemble, picture = assemble.ensemble(usable, kinds, bundles.ALARMS, base)
    widest = "both" if "both" in usable else "scene"
    bounds = _bounds(views, native, base.get("policy"))
    poor = bundles.poor_views(views, native, bounds)
    lone = base.get("policy", {}).get("disagreement", 1.0)
    ensemble["policy"] = bundles.policy(ensemble, picture[widest], usable[widest], bounds, poor, lone)
    if conditions := base.get("policy", {}).get("conditions"):  # no picture of the user's is recaptured to learn more
        ensemble["policy"]["conditions"] = conditions
    if widest == "scene" and "policy" in base:
        points = ensemble["policy"]["operating_points"]
        ensemble["policy"]["operating_points"] = _no_lower(points, base["policy"]["operating_points"])
        for name in ("band", "poor_band"):  # they hold for the scores kept from the base too
            (low, high), (base_low, base_high) = ensemble["policy"][name], base["policy"][name]
            ensemble["policy"][name] = min(low, base_low), max(high, base_high)

    now = _auc(views, evidence, picture)
    earlier = None
    if start.ensemble is not None:
        scores = start.ensemble["picture"].items()
        earlier = _auc(views, before, {situation: Linear.from_dict(score) for situation, score in scores})
    used = {graph for card in start.cards for graph in (card.graph, card.encoder) if graph}
    bundle = Bundle(
        name,
        __version__,
        tuple(
            replace(card, training_data=_trained_on(start, rows, card), figures={})
            if card.name in start.trained
            else card
            for card in start.cards
        ),
        ensemble,
        {
            "data": _data(start, rows, views),
            "figures": {
                "AUC on the held-out pictures as they are (95 % interval)": {
                    "this bundle, which was calibrated on them": str(now) if now else "-",
                    **({start.name: str(earlier) if earlier else "-"} if start.name else {}),
                },
                "held out for training": folds.describe(),
                **_left_out(start, usable[widest], widest, kinds, folds),
            },
            "limits": _limits(start, rows, views, lacking, bool(ensemble["policy"]["operating_points"])),
        },
        {graph: data for graph, data in graphs.items() if graph in used},
    )
    return Result(bundle, now, earlier)


def _left_out(
    start: Start, table: stack.Table, situation: str, kinds: Sequence[str], folds: Folds
) -> dict[str, dict[str, dict[str, float]]]:
    """What is known of pictures that no member was fitted on, under its heading; nothing where there are too few."""
    known = incumbent.of(start.ensemble, situation, table.members)
    found = assemble.comparison(assemble.left_out(table, kinds, folds, known))
    what = "groups left out (their sources were learned from)" if folds.of_group else "left-out sources"
    return {f"AUC on {what}, {situation}": found} if found else {}


def _usable(table: stack.Table) -> bool:
    """Whether members, both classes among the validation pictures, and a left-out fold with both classes are there."""
    by_fold = set(stack.fold_aucs(table, np.zeros(len(table.fake))))
    return bool(table.members) and stack.VAL in by_fold and len(by_fold) > 1


def _no_lower(points: Sequence[Sequence[float]], base: Sequence[Sequence[float]]) -> list[list[float]]:
    """Operating points that hold for the scores kept from the base too: of each rate the higher threshold."""
    earlier = {point[0]: point[1] for point in base}
    return [[rate, max(score, earlier[rate])] for rate, score in points if rate in earlier]


def _bounds(views: Sequence[View], native: np.ndarray, base: Mapping[str, Any] | None) -> dict[str, float]:
    """Bounds of quality, the wider of the new ones and the base's: its members have learned from its pictures too."""
    faces = any(view.view == "face" and view.split == "train" for view in views)
    bounds = bundles.quality_bounds(views, native) if faces or base is None else dict(base)
    if base is None:
        return bounds
    lower = {name: min(bounds[name], base[name]) for name in ("blurred", "small_face", "small_picture")}
    return {**lower, "heavy_compression": max(bounds["heavy_compression"], base["heavy_compression"])}


def _auc(views: Sequence[View], evidence: Mapping[str, Evidence], picture: Mapping[str, Linear]) -> Figure | None:
    """Of the validation pictures as they are, each scored as the detector would by its largest face and its whole."""
    jobs: dict[int, dict[str, int]] = {}
    for number, view in enumerate(views):
        if view.split == "val" and view.how == "plain":
            jobs.setdefault(view.job, {})[view.view] = number
    fake, score = [], []
    for parts in jobs.values():
        situation = "both" if len(parts) == 2 else next(iter(parts))
        logits = {
            member: evidence[region].logits[number, place]
            for region, number in parts.items()
            for place, member in enumerate(evidence[region].members)
        }
        fake.append(views[next(iter(parts.values()))].fake)
        score.append(picture[situation].logit(logits))
    return auc(np.array(fake), np.array(score))


def _sources(rows: Sequence[Row], split: str) -> dict[str, int]:
    number = Counter(f"{row.source} {'fake' if row.fake else 'real'}" for row in rows if row.split == split)
    return dict(sorted(number.items()))


def _trained_on(start: Start, rows: Sequence[Row], card: Card) -> str:
    """Heads go on from those of the base; networks begin anew."""
    new = ", ".join(f"{count} {what}" for what, count in _sources(rows, "train").items())
    text = f"pictures of the user who trained it: {new}; and forgeries made from the real ones"
    further = start.name and card.name in start.heads
    return f"{card.training_data.rstrip('. ')} (as in {start.name}); then {text}" if further else text


def _taught(views: Sequence[View], region: str) -> list[str]:
    """The heads of a region that had enough fakes to be trained."""
    labels, mask = targets([view for view in views if view.split == "train" and view.view == region])
    return [name for name, fakes in zip(OUTPUTS, (labels * mask).sum(0), strict=True) if fakes >= heads.FEW]


def _data(start: Start, rows: Sequence[Row], views: Sequence[View]) -> dict[str, Any]:
    taught = {card.name: _taught(views, card.region) for card in start.cards if card.name in start.trained}
    forged = sum(view.forged for view in views)
    return {
        "started from": start.name or "nothing",
        "members trained": ", ".join(start.trained),
        "members as they were": ", ".join(c.name for c in start.cards if c.name not in start.trained) or "none",
        "training pictures": _sources(rows, "train"),
        "held-out pictures": _sources(rows, "val"),
        "forged views made from real training pictures": forged,
        "outputs taught, by member": {name: ", ".join(outputs) or "none" for name, outputs in taught.items()},
    }


def _limits(
    start: Start, rows: Sequence[Row], views: Sequence[View], lacking: Sequence[str], has_points: bool
) -> list[str]:
    held = Counter(row.fake for row in rows if row.split == "val")
    taught = {output for region in ("face", "scene") for output in _taught(views, region)}
    untaught = [family for family in FAMILIES if family not in taught]
    found = [
        *bundles.LIMITS[:1],
        "Forgeries of kinds that are not among the training pictures are missed more often.",
        f"Calibrated on {held[False]} real and {held[True]} fake held-out pictures of the training pictures' sources: "
        "on pictures of other sources its probabilities are less to be believed.",
    ]
    if min(held[False], held[True]) < FEW_HELD_OUT:
        found.append(f"So few held-out pictures (under {FEW_HELD_OUT} of a class) make a rough calibration.")
    if lacking:
        found.append(f"The score of {' and '.join(lacking)} is calibrated as in {start.name}: too few new pictures.")
    if not has_points:
        found.append("No threshold can be given for a false-positive rate: too few real pictures were held out.")
    if untaught:
        states = []
        if start.heads:
            states.append(f"those heads are {f'those of {start.name}' if start.name else 'empty'}")
        if start.networks:
            states.append(f"{' and '.join(start.networks)} say nothing of them")
        found.append(f"Too few fakes of known family to teach {', '.join(untaught)}: {'; '.join(states)}.")
    return found
