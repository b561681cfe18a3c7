"""What a report says, as blocks: of all its pictures together. ``chapter`` says what it does of each."""

from __future__ import annotations

from collections.abc import Sequence

from .. import __version__
from ..errors import OptionError
from ..provenance.base import shown
from ..types import Failure
from .blocks import Cell, Content, Facts, Points, Section, Table, Words
from .case import Case
from .chapter import chapter, named, percent, reason, verdict
from .findings import origins

PROOF = "A score is evidence, not proof. Never let it be the only ground for a decision about a person."
_LIMITS = (
    "It misses forgeries unlike those it was trained on, and it can call an authentic picture fake.",
    "How often that happens, with intervals, stands in the model's card: deepfake-detector info.",
)
_COMMAND = 1500
"""Characters of a command that are shown."""


def content(cases: Sequence[Case], asked: str) -> Content:
    """The whole report. asked: the command or the question, to be shown. Raises OptionError without a case."""
    if not cases:
        raise OptionError("a report needs at least one picture")
    opening = [Section("", (Words(_said(cases)), Words(PROOF, "warning")))]
    if len(cases) > 1:
        opening.append(Section("All pictures", (_summary(cases),)))
    return Content(
        title="Deepfake detection report",
        time=cases[0].time,
        opening=(*opening, Section("What was asked", (_asked(cases, asked),))),
        chapters=tuple(chapter(case, number) for number, case in enumerate(cases, 1)),
        closing=(_limits(cases),),
    )


def _said(cases: Sequence[Case]) -> str:
    found = [case.prediction.verdict if case.prediction else "not judged" for case in cases]
    words = {"fake": "fake", "real": "real", "inconclusive": "inconclusive", "not judged": "could not be judged"}
    counts = [f"{found.count(one)} {word}" for one, word in words.items() if one in found]
    return f"{'One picture was' if len(cases) == 1 else f'{len(cases)} pictures were'} examined: {', '.join(counts)}."


def _summary(cases: Sequence[Case]) -> Table:
    rows = [_row(case, number) for number, case in enumerate(cases, 1)]
    head = ("", "picture", "verdict", "fake score", "faces", "notes")
    return Table(head, tuple(rows), len(head), (14, 52, 26, 22, 14, 52))


def _row(case: Case, number: int) -> tuple[Cell, ...]:
    name = Cell(named(case), target=number)
    if isinstance(case.found, Failure):
        return (Cell(str(number)), name, Cell("not judged", "strong"), Cell(""), Cell(""), Cell(reason(case.found)))
    result, origin = case.found.prediction, origins(case.provenance)
    notes = [*result.reasons, *([f"the file points to {origin}"] if origin else [])]
    return (
        Cell(str(number), picture=case.found.thumbnail),
        name,
        verdict(result),
        Cell(percent(result.score)),
        Cell(str(len(result.faces))),
        Cell(", ".join(notes)),
    )


def _asked(cases: Sequence[Case], asked: str) -> Facts:
    times = sorted(case.time for case in cases)
    return Facts(
        (
            ("question", "Is the picture real or fake, and why does the detector say so?"),
            *((("asked as", shown(asked, _COMMAND)),) if asked else ()),
            ("examined", " to ".join(dict.fromkeys((times[0], times[-1])))),
            ("model", ", ".join(dict.fromkeys(case.model for case in cases))),
            ("program", f"deepfake-detection {__version__}"),
        )
    )


def _limits(cases: Sequence[Case]) -> Section:
    texts = dict.fromkeys([PROOF, *(text for case in cases for text in case.limits), *_LIMITS])
    return Section("Limits of the method", (Points(tuple(texts)),))
