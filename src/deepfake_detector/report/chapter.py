"""What a report says of one picture. What is said of scores follows the README's section "What the scores mean"."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..provenance.base import shown
from ..types import Failure, Family, Prediction, Verdict
from .blocks import Block, Cell, Chapter, Facts, Figure, Points, Ruling, Section, Table, Tone, Words
from .case import Case, Evidence
from .findings import provenance
from .pictures import reads_as
from .reasons import quality, speaking

_NAME = 200
"""Characters of a file name that are shown."""
_HEADLINES: Mapping[Verdict, str] = {
    "fake": "The detector takes this picture for a forgery: altered, swapped or generated.",
    "real": "The detector takes this picture for authentic: too little speaks for a forgery of the kinds it knows.",
    "inconclusive": "The evidence is not enough for a verdict. Do not read this as real.",
}
_FAMILIES: Mapping[Family, str] = {
    "swap": "a swapped, re-enacted or retouched face",
    "gan": "a face made by a GAN",
    "generated": "made by a diffusion model or a later generator",
}
_NOTES = {"small_face": "small", "cut_face": "cut by the border", "many_faces": "beyond the number that is scored"}


def named(case: Case) -> str:
    """The picture's name as it can be printed."""
    return shown(case.name, _NAME) or "picture"


def percent(score: float) -> str:
    """A score, with the two decimals it has everywhere."""
    return f"{100 * score:.2f}\N{NO-BREAK SPACE}%"


def verdict(result: Prediction) -> Cell:
    """The verdict in its colour."""
    return Cell(result.verdict, "strong" if result.verdict == "inconclusive" else result.verdict)


def reason(failure: Failure) -> str:
    """Why there is no result, as it can be printed."""
    return shown(failure.reason)


def chapter(case: Case, number: int) -> Chapter:
    """All sections of one picture."""
    return Chapter(number, named(case), tuple(_sections(case)))


def _sections(case: Case) -> Iterator[Section]:
    if isinstance(case.found, Failure):
        words = "There is no score for this picture: a failure is neither real nor fake."
        yield Section("Could not be judged", (Words(reason(case.found), "warning"), Words(words)))
    else:
        yield Section("", (_ruling(case.found), *_faces(case.found)))
        yield Section("What the score means", (Points(tuple(_meaning(case.found))),))
        yield Section("Members of the ensemble, and whether they agree", tuple(_members(case.found)))
        yield Section("What kind of forgery it would be", _kinds(case.found.prediction))
        yield Section("What speaks for fake, and what for real", tuple(speaking(case.why)))
        yield Section("Quality of the picture, and reasons for caution", tuple(quality(case.found)))
    if case.provenance:
        yield provenance(case.provenance, case.prediction)
    yield Section("File and examination", (_file(case),))


def _ruling(found: Evidence) -> Ruling:
    result, (low, high) = found.prediction, found.band
    return Ruling(
        verdict=result.verdict,
        headline=_HEADLINES[result.verdict],
        text=f"Fake score {percent(result.score)}, real score {percent(result.real_score / 100)}. From "
        f"{_plain(result.threshold)} on a picture is called fake; between {_plain(low)} and "
        f"{_plain(high)} this one is inconclusive.",
        score=result.score,
        threshold=result.threshold,
        band=(low, high),
    )


def _faces(found: Evidence) -> Iterator[Block]:
    result = found.prediction
    if not result.faces:
        yield Figure(found.shown, "No face was found; the picture was judged as a whole.")
        return
    one = len(result.faces) == 1
    yield Figure(
        found.shown,
        f"{'The face that was found' if one else f'The {len(result.faces)} faces that were found, largest first'}. "
        "Boxes have the colour and number of the table; numbers begin at 0, as in the command line and in JSON.",
        (("fake", "reads as fake"), ("real", "reads as real"), ("soft", "undecided, or not scored")),
    )
    rows = []
    for number, face in enumerate(result.faces):
        word = reads_as(face.score, found.band)
        tone: Tone = "fake" if word == "fake" else "real" if word == "real" else "soft"
        kind = max(face.kinds, key=lambda family: face.kinds[family]) if word == "fake" and face.kinds else ""
        notes = ", ".join(filter(None, [f"most like {kind}" if kind else "", *(_NOTES[one] for one in face.reasons)]))
        score = Cell("-") if face.score is None else Cell(percent(face.score), tone, face.score)
        rows.append((Cell(str(number)), Cell(word, tone), Cell(notes), score, Cell(f"{face.face.size:.0f} px")))
    yield Table(("face", "reads as", "notes", "its own fake score", "size"), tuple(rows), 3, (14, 28, 70, 46, 22))


def _meaning(found: Evidence) -> Iterator[str]:
    result, (low, high) = found.prediction, found.band
    what = "calibrated probability, in percent, that the picture is fake"
    if found.aggregation == "vote":
        what = "share, in percent, of the members by whose own score the picture is fake"
    yield (
        f"The fake score is the {what}; the real score is the rest to 100. It is neither a share of the picture nor a "
        "measure of how much was altered."
    )
    rate = found.policy.false_alarms(result.threshold)
    if rate is not None and found.aggregation == "stacked":
        yield (
            "Of the authentic pictures that it was set on (half of them resized, blurred or compressed again), at most "
            f"{_plain(rate)} reach the threshold, {_plain(result.threshold)}. Of other pictures expect another share."
        )
    yield (
        f"Between {_plain(low)} and {_plain(high)} the verdict is inconclusive, on either side of the threshold. Many "
        "pictures that are about as likely fake as real get a score there, often below the threshold: do not read them "
        "as real."
    )
    if found.band != found.policy.bounds((), result.threshold):
        yield (
            "That band is wider than usual: the quality is poor, the members contradict each other, or this seems to "
            "be a picture of a print or a screen, or one without colours."
        )
    if result.faces:
        yield (
            "The score of a face is of that face alone. The picture's score weighs every face together with the whole "
            "picture, so it need not equal any of them."
        )
    yield (
        "A verdict says nothing of who made a picture or why, and real does not mean true: captions, staging and "
        "context are not judged."
    )


def _members(found: Evidence) -> Iterator[Block]:
    scores = found.prediction.members
    fakes = sum(score >= 0.5 for score in scores.values())
    leaning = f"Members that lean to fake: {fakes} of {len(scores)}; to real: {len(scores) - fakes}."
    weighty = [member.name for member in found.members if member.asked]
    if len(weighty) < 2:
        yield Words(f"{leaning} {'One alone has weight' if weighty else 'None has weight'}, so none can contradict.")
    else:
        low, high = min(weighty, key=lambda name: scores[name]), max(weighty, key=lambda name: scores[name])
        contradict = "contradict" if "members_disagree" in found.prediction.reasons else "do not contradict"
        yield Words(
            f"{leaning} Those with weight lie {100 * (scores[high] - scores[low]):.0f} points apart ({low} "
            f"{percent(scores[low])}, {high} {percent(scores[high])}); more than "
            f"{100 * found.policy.disagreement:.0f} count as a contradiction, so they {contradict} each other."
        )
    rows = []
    for member in found.members:
        score = scores[member.name]
        tone: Tone = "fake" if score >= 0.5 else "real"
        looks = "faces" if member.region == "face" else "whole picture"
        say = "yes" if member.asked else "no"
        rows.append((Cell(member.name), Cell(looks), Cell(tone, tone), Cell(say), Cell(percent(score), tone, score)))
    head = ("member", "looks at", "leans to", "has weight", "its own fake score")
    yield Table(head, tuple(rows), 4, (42, 36, 26, 28, 48))
    if not all(member.asked for member in found.members):
        yield Words(
            "The members' weights were learned. One without weight is a second opinion: it moves neither the score of "
            "this picture nor its verdict.",
            "soft",
        )


def _kinds(result: Prediction) -> tuple[Block, ...]:
    families = sorted(_FAMILIES, key=lambda family: -result.kinds[family])
    rows = tuple(
        (Cell(family), Cell(_FAMILIES[family]), Cell(percent(result.kinds[family]), "", result.kinds[family]))
        for family in families
    )
    note = Words(
        "Each is the calibrated probability of that kind by itself; they need not add up to 100, and the verdict does "
        "not come from them.",
        "soft",
    )
    return (Table(("kind", "meaning", "score"), rows, 2, (30, 102, 48)), note)


def _file(case: Case) -> Facts:
    rows = [("name", named(case))]
    if case.sha256 is None:
        rows.append(("file", "none was read, so there is no hash of it"))
    else:
        rows += [("sha256", case.sha256), ("size", f"{case.file_size:,} bytes")]
    if not isinstance(case.found, Failure):
        result = case.found.prediction
        rows += [
            ("format", case.found.container or "pixels, not a file"),
            ("picture", f"{result.size[0]} x {result.size[1]} pixels, upright"),
            ("members joined by", case.found.aggregation),
            ("threshold", _plain(result.threshold)),
        ]
    return Facts((*rows, ("model", case.model), ("examined", case.time)))


def _plain(score: float) -> str:
    """A bound, in percent, without decimals it does not need."""
    return f"{100 * score:.4g}\N{NO-BREAK SPACE}%"
