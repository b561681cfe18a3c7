"""What a report says of why: the map of what speaks for fake and for real, and what limits the verdict."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from ..ensemble.policy import SHOWS, Condition
from ..explain.base import Method
from ..types import REASONS
from .blocks import Block, Facts, Figure, Points, Words
from .case import Evidence, Why

_METHODS: Mapping[Method, str] = {
    "attention": "what the score loses when the trace of a part inside the encoder is left out; no pixel is changed",
    "occlusion": "parts are hidden with grey one after the other, and the detector is asked again each time",
    "lime": "parts are hidden with grey at random, many times, and a regression says what each adds",
}
_CONDITIONS: Mapping[Condition, tuple[str, str]] = {
    "pattern": ("fine pattern", "peaks at {:.2f} (a pattern above {:g})"),
    "no_colour": ("colour", "{:.2f} among spots as light as each other (none below {:g})"),
}
_FAITHFUL = (
    "A map can look right and be made up. How well the maps of each method point at regions that are known to be "
    "altered was measured, beside maps that know nothing of the detector; read the figures in docs/explanations.md, "
    '"Are they true?". They judge where a map points, not the words beside it.'
)


def speaking(why: Why | str) -> Iterator[Block]:
    """The map with its words, or why there is none."""
    if isinstance(why, str):
        yield Words(f"There is no map: {why}")
        return
    area = "the middle of the picture" if why.face is None else f"face {why.face}, which weighed most in the verdict"
    yield Figure(
        why.shown,
        f"Explained, inside the frame: {area}. Of what lies outside nothing is said. Strong colour: strong effect.",
        (("fake", "plain vermilion speaks for fake"), ("real", "striped blue speaks for real")),
    )
    yield Words(why.words)
    for warning in why.warnings:
        yield Words(warning, "warning")
    yield Facts((("method", f"{why.method}: {_METHODS[why.method]}"), ("how far to believe it", _FAITHFUL)))


def quality(found: Evidence) -> Iterator[Block]:
    """The reasons a result carries, and what was measured of the picture beside the bounds."""
    result, policy, measured, medium = found.prediction, found.policy, found.quality, found.medium
    if result.reasons:
        yield Points(tuple(f"{REASONS[reason]} ({reason})" for reason in result.reasons))
    else:
        yield Words("Nothing that was measured limits the verdict.")
    width, height = result.size
    face = f"{result.faces[0].face.size:.0f} pixels (small below {policy.small_face:g})" if result.faces else "none"
    facts = [
        ("shorter side", f"{min(width, height)} pixels (small below {policy.small_picture:g})"),
        ("largest face", face),
        ("sharpness", f"{measured.sharpness:.2f} (blurred below {policy.blurred:.2f})"),
        ("compression", f"blocks at {measured.blockiness:.2f} (heavy above {policy.heavy_compression:.2f}; none: 1)"),
    ]
    for condition, rule in policy.conditions.items():
        (label, words), value = _CONDITIONS[condition], getattr(medium, SHOWS[condition][0])
        if math.isfinite(value):
            facts.append((label, words.format(value, rule.bound)))
    yield Facts(tuple(facts))
