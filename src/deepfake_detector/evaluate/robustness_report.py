"""The page of a robustness run: curves of AUC against strength, chains of handling, and how verdicts hold."""

from __future__ import annotations

from itertools import groupby

from .. import pages
from ..extras import require
from ..pages import escaped
from . import page, plots
from .corruptions import CHAINS, UNITS
from .report import failures
from .robustness import Point, RobustnessReport


def html(report: RobustnessReport, command: str = "") -> str:
    """The page, one self-contained file. command: how it was made, to be shown. Raises MissingExtra."""
    require("evaluate", "matplotlib")
    chains = [point for point in report.points if point.family == CHAINS]
    body = [
        "<h1>Deepfake detection: robustness</h1>",
        f'<p class="soft">{escaped(report.model)} on {escaped(report.data)}</p>',
        _cards(report, chains),
        "<h2>What was measured</h2>",
        pages.facts(_facts(report, command)),
        *_curves(report),
        "<h2>Chains of handling</h2>",
        "<p>What services do to uploads, imitated: shrunk and compressed again; and pictures of pictures, simulated: "
        "an old print, a halftone scan, a photo of a screen. q60@768 means: longer side at most 768 pixels, then JPEG "
        "of quality 60.</p>",
        _points([report.as_given, *chains], "chain"),
        *_stability(report),
        "<h2>All points</h2>",
        _points([point for point in report.points if point.family != CHAINS], "change"),
        *failures(report.failures),
        '<p class="soft">Every change is a fixed function of the pixels and the seed. Intervals hold 95 % of 2,000 '
        "bootstrap draws over the pictures. The pictures as given have a history of their own: most were compressed "
        "before, so JPEG 90 here is rarely a first compression.</p>",
    ]
    return pages.document(f"Robustness of {report.model}", body)


def _cards(report: RobustnessReport, chains: list[Point]) -> str:
    cards = [page.card("AUC as given", report.as_given.auc)]
    cards += [page.card(f"AUC, {point.name}", point.auc) for point in chains if "@" in point.name]
    cards += [
        page.card("Verdicts that stay the same", report.stability.same, percent=True),
        page.card("Verdicts turned round at least once", report.stability.turned, percent=True),
    ]
    return f'<div class="cards">{"".join(cards)}</div>'


def _facts(report: RobustnessReport, command: str) -> list[tuple[str, str]]:
    return [
        ("data", report.data),
        (
            "pictures",
            f"{report.fakes + report.reals} judged: {report.fakes} fake, {report.reals} real; "
            f"{len(report.failures)} could not be judged",
        ),
        *(("note", note) for note in report.notes),
        ("model", report.model),
        ("seed", str(report.seed)),
        ("begun", f"{report.created}, {report.seconds:.0f} s"),
        ("version", f"deepfake-detection {report.version}"),
        *((("command", command),) if command else ()),
    ]


def _curves(report: RobustnessReport) -> list[str]:
    parts = ["<h2>AUC against strength</h2>"]
    if not report.as_given.auc:
        return [*parts, "<p>An AUC needs real and fake pictures; here is one class only.</p>"]
    families = [
        (family, list(points)) for family, points in groupby(report.points, lambda p: p.family) if family != CHAINS
    ]
    members = sorted(report.as_given.members)
    parts += [
        page.plot(plots.legend(members), "The lines of all the curves below.", broad=True),
        '<div class="plots small">',
    ]
    parts += [
        page.plot(plots.curve(points, report.as_given, UNITS.get(family, "strength")), family)
        for family, points in families
    ]
    return [*parts, "</div>"]


def _points(points: list[Point], heading: str) -> str:
    rows = [
        [
            escaped(point.name),
            page.figure_cell(point.auc),
            page.figure_cell(point.true_positive_rate),
            page.figure_cell(point.false_positive_rate),
            str(point.judged),
            str(point.failed),
        ]
        for point in points
    ]
    return pages.table([heading, "AUC", "fakes found", "false alarms", "judged", "not judged"], rows)


def _stability(report: RobustnessReport) -> list[str]:
    stability = report.stability
    rows = [
        [escaped(name), *(str(count) for count in counts.values())] for name, counts in stability.by_re_encoding.items()
    ]
    return [
        "<h2>Do verdicts hold?</h2>",
        f"<p>{stability.pictures} pictures have the verdict real or fake as given. Of those, "
        f"{page.percent(stability.same)} keep it through every one of these {len(rows)} re-encodings, and "
        f"{page.percent(stability.turned)} get the opposite verdict after at least one.</p>",
        pages.table(["re-encoding", "same", "became inconclusive", "turned round", "could not be judged"], rows),
    ]
