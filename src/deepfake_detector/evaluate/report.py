"""The page of an evaluation: one HTML file to read, print or send. Several models stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from .. import pages
from ..extras import require
from ..pages import escaped
from ..types import REASONS
from . import page, plots
from .benchmark import Outcome, Report, Unread
from .metrics import DESCRIPTIONS, Metrics

WORST = 12
"""Mistakes shown of each class, at most."""

_HEADLINES = (
    ("AUC", "auc", False),
    ("Fakes found", "true_positive_rate", True),
    ("Reals called fake", "false_positive_rate", True),
    ("Accuracy", "accuracy", True),
    ("Pictures with a verdict", "coverage", True),
    ("Wrong among verdicts", "error_where_conclusive", True),
)
_COLUMNS = (
    ("AUC", "auc"),
    ("fakes found", "true_positive_rate"),
    ("false alarms", "false_positive_rate"),
    ("accuracy", "accuracy"),
    ("with a verdict", "coverage"),
    ("wrong verdicts", "error_where_conclusive"),
)


def html(reports: Sequence[Report], command: str = "") -> str:
    """The page for one model or several on the same pictures. command: how it was made, to be shown.

    Raises MissingExtra without matplotlib.
    """
    require("evaluate", "matplotlib")
    by_label = labels(reports)
    first = reports[0]
    body = [
        "<h1>Deepfake detection: evaluation</h1>",
        f'<p class="soft">{escaped(", ".join(by_label))} on {escaped(first.data)}</p>',
        *(part for label, report in by_label.items() for part in _headline(label, report, len(by_label) > 1)),
        _operating_points(by_label),
        "<h2>What was measured</h2>",
        pages.facts(_facts(reports, command)),
        "<h2>Curves</h2>",
        '<div class="plots">',
        page.plot(
            plots.roc(by_label), "ROC: fakes found against false alarms. The mark is the detector's own threshold."
        ),
        page.plot(
            plots.calibration(by_label),
            "Reliability: above the line there are more fakes than the scores say. Larger dots hold more pictures.",
        ),
        "</div>",
        "<h2>Scores and verdicts</h2>",
        *(part for label, report in by_label.items() for part in _scores(label, report)),
        "<h2>All figures</h2>",
        _all_figures(by_label),
        *_groups(by_label),
        *_members(by_label),
        *(part for label, report in by_label.items() for part in _mistakes(label, report)),
        *failures([unread for report in reports for unread in report.failures]),
        '<p class="soft">Intervals hold 95 % of 2,000 bootstrap draws over the pictures (percentiles, fixed seed), as '
        "if the pictures were independent of each other; a share of none or all has no width then, however few the "
        "pictures. A dash stands where a figure cannot be given, mostly because "
        "only one class is there. Figures depend on the pictures: the share of fakes, their generators, and what was "
        "done to the files. A detector that never saw such a source does worse on it.</p>",
    ]
    return pages.document(f"Evaluation of {', '.join(by_label)}", body)


def labels(reports: Sequence[Report]) -> dict[str, Report]:
    """Reports by the name of their model; models of the same name are numbered in the order given."""
    names = [report.model for report in reports]
    return {
        f"{name} ({names[: at + 1].count(name)})" if names.count(name) > 1 else name: report
        for at, (name, report) in enumerate(zip(names, reports, strict=True))
    }


def _headline(label: str, report: Report, several: bool) -> list[str]:
    cards = "".join(page.card(name, report.overall[key], percent) for name, key, percent in _HEADLINES)
    return [f"<h3>{escaped(label)}</h3>" if several else "", f'<div class="cards">{cards}</div>']


def _operating_points(reports: Mapping[str, Report]) -> str:
    lines = []
    for label, report in reports.items():
        point, rate = report.operating_point, report.max_fpr
        if rate is None:
            continue
        if point is None:
            words = f"no threshold can be given for at most {100 * rate:g} % false alarms on these pictures."
        else:
            words = (
                f"a threshold of {point.threshold:g} keeps false alarms at {100 * point.false_positive_rate:.2f} % "
                f"(at most {100 * rate:g} % were asked for) and finds {100 * point.true_positive_rate:.1f} % of the "
                "fakes. It was chosen on these very pictures; on others expect somewhat more false alarms."
            )
        lines.append(f"<p>{escaped(label)}: {escaped(words)}</p>")
    return "\n".join(lines)


def _facts(reports: Sequence[Report], command: str) -> list[tuple[str, str]]:
    first = reports[0]
    judged, failed = first.overall, len(first.failures)
    return [
        ("data", first.data),
        (
            "pictures",
            f"{judged.pictures} judged: {judged.fakes} fake, {judged.reals} real; {failed} could not be judged",
        ),
        *(("note", note) for note in first.notes),
        *(
            (f"model {name}", f"threshold {report.threshold:g}, {report.seconds:.0f} s")
            for name, report in labels(reports).items()
        ),
        ("scores", "P(fake), 0 to 1; fake is the positive class. In label lists 1 = real and 0 = fake."),
        ("begun", first.created),
        ("version", f"deepfake-detection {first.version}"),
        *((("command", command),) if command else ()),
    ]


def _scores(label: str, report: Report) -> list[str]:
    table = report.confusion()
    rows = [
        [f'<span class="{truth}">{truth}</span>', *(str(count) for count in row.values()), str(sum(row.values()))]
        for truth, row in table.items()
    ]
    return [
        f"<h3>{escaped(label)}</h3>",
        page.plot(plots.histogram(report), "Scores of the reals and of the fakes.", broad=True),
        pages.table(["label", "verdict real", "inconclusive", "verdict fake", "pictures"], rows),
    ]


def _all_figures(reports: Mapping[str, Report]) -> str:
    rows = [
        [
            f"<code>{name}</code>",
            escaped(words),
            *(page.figure_cell(report.overall[name]) for report in reports.values()),
        ]
        for name, words in DESCRIPTIONS.items()
    ]
    return pages.table(["figure (95 % interval)", "meaning", *map(escaped, reports)], rows, text=2)


def _groups(reports: Mapping[str, Report]) -> list[str]:
    headings = list(next(iter(reports.values())).groups)
    parts = []
    for heading in headings:
        by_model = {label: report.groups.get(heading, {}) for label, report in reports.items()}
        parts += [f"<h2>By {escaped(heading)}</h2>", _group_table(heading, by_model)]
        if heading == "compression":
            parts.append(
                '<p class="soft">The strength of the 8 x 8 grid that block compression leaves, measured on the '
                "pixels of the picture's middle: the step across the grid's lines over the step elsewhere.</p>"
            )
    pairs = {label: report.pairs for label, report in reports.items()}
    if any(pairs.values()):
        parts += [
            "<h2>Fakes of one source against reals of another</h2>",
            _group_table("pair", pairs),
            '<p class="soft">Such a comparison also rewards telling the collections apart, by size or compression.</p>',
        ]
    return parts


def _group_table(heading: str, by_model: Mapping[str, Mapping[str, Metrics]]) -> str:
    several = len(by_model) > 1
    names = list(dict.fromkeys(name for groups in by_model.values() for name in groups))
    rows = []
    for name in names:
        for label, groups in by_model.items():
            if name in groups:
                of = groups[name]
                cells = [page.figure_cell(of[key]) for _, key in _COLUMNS]
                rows.append([escaped(name), *([escaped(label)] * several), str(of.fakes), str(of.reals), *cells])
    head = [escaped(heading), *(["model"] * several), "fakes", "reals", *(column for column, _ in _COLUMNS)]
    return pages.table(head, rows, text=1 + several)


def _members(reports: Mapping[str, Report]) -> list[str]:
    rows = [
        [
            escaped(name),
            *([escaped(label)] * (len(reports) > 1)),
            page.figure_cell(figure),
            str(figure.pictures if figure else 0),
        ]
        for label, report in reports.items()
        for name, figure in report.members.items()
    ]
    head = ["member", *(["model"] * (len(reports) > 1)), "AUC", "pictures"]
    return ["<h2>Each member by itself</h2>", pages.table(head, rows, text=len(head) - 2)] if rows else []


def _mistakes(label: str, report: Report) -> list[str]:
    parts = [f"<h2>Worst mistakes of {escaped(label)}</h2>"]
    for title, fake in (("Reals called fake", False), ("Fakes called real", True)):
        wrong = [outcome for outcome in report.outcomes if outcome.wrong and outcome.picture.fake == fake]
        wrong.sort(key=lambda outcome: outcome.result.score, reverse=not fake)
        shown = f" (the {WORST} surest)" if len(wrong) > WORST else ""
        parts.append(f"<h3>{title}: {len(wrong)}{shown}</h3>")
        parts.append(f'<div class="thumbs">{"".join(map(_thumb, wrong[:WORST]))}</div>' if wrong else "<p>None.</p>")
    return parts


def _thumb(outcome: Outcome) -> str:
    picture, result = outcome.picture, outcome.result
    verdict = result.verdict if result.verdict in ("real", "fake") else ""
    reasons = " ".join(
        f'<span title="{escaped(REASONS[reason])}">{escaped(reason)}</span>' for reason in result.reasons
    )
    origin = ", ".join(filter(None, (picture.source, picture.generator)))
    return (
        f'<div class="thumb">{page.thumbnail(picture.path)}'
        f'{result.fake_score:.1f} % fake, verdict <span class="{verdict}">{result.verdict}</span><br>'
        f"{reasons}{'<br>' if reasons else ''}{escaped(origin)}{'<br>' if origin else ''}"
        f'<span class="soft">{escaped(picture.path.name)}</span></div>'
    )


def failures(unread: Sequence[Unread]) -> list[str]:
    """The section that lists what could not be judged; nothing where everything could. Each picture once."""
    found = {one.picture.path: one for one in unread}.values()
    if not found:
        return []
    rows = [[escaped(one.picture.path), "fake" if one.picture.fake else "real", escaped(one.reason)] for one in found]
    return [
        f"<h2>Could not be judged: {len(found)}</h2>",
        "<p>These pictures are in no figure.</p>",
        pages.table(["picture", "label", "reason"], rows, text=3),
    ]
