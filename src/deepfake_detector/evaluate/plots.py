"""Plots of the reports, as SVG text. Colours by Okabe and Ito (2008), told apart with every kind of colour vision.

Figures are made without pyplot: nothing global is touched, and no display is needed.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..extras import require
from .benchmark import Report
from .metrics import Figure, reliability, roc_points

if TYPE_CHECKING:
    from .robustness import Point

REAL, FAKE = "#0072B2", "#D55E00"
_CYCLE = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999900")
_STYLES = ("-", "--", "-.", ":")
_MARKERS = "osD^vP*X"


def roc(reports: Mapping[str, Report]) -> str:
    """ROC curves, one for each model by its label."""
    figure, axes = _axes("Share of reals called fake", "Share of fakes found")
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle=":", label="guessing")
    for at, (label, report) in enumerate(reports.items()):
        if 0 < report.fake.sum() < len(report.fake):
            fpr, tpr = roc_points(report.fake, report.score)
            axes.plot(fpr, tpr, label=f"{_plain(label)}: AUC {_value(report.overall['auc'])}", **_line(at))
            at_threshold = report.overall["false_positive_rate"], report.overall["true_positive_rate"]
            if at_threshold[0] and at_threshold[1]:
                axes.plot(*(f.value for f in at_threshold if f), _MARKERS[at % 8], color=_CYCLE[at % 8], markersize=8)
    _square(axes)
    axes.legend(loc="lower right", fontsize=9, frameon=False)
    return _svg(figure)


def calibration(reports: Mapping[str, Report]) -> str:
    """Reliability diagram: share of fakes against mean P(fake), by the bins of the calibration error."""
    figure, axes = _axes("Mean score of the bin, P(fake)", "Share of fakes in the bin")
    axes.plot([0, 1], [0, 1], color="#888888", linewidth=1, linestyle=":", label="perfectly calibrated")
    for at, (label, report) in enumerate(reports.items()):
        bins = reliability(report.fake, report.score)
        scores, shares, counts = zip(*bins, strict=True)
        style = _line(at)
        axes.plot(scores, shares, label=f"{_plain(label)}: ECE {_value(report.overall['ece'])}", **style)
        sizes = [12 + 160 * math.sqrt(count / len(report.fake)) for count in counts]
        axes.scatter(scores, shares, s=sizes, color=style["color"], alpha=0.6, linewidths=0)
    _square(axes)
    axes.legend(loc="upper left", fontsize=9, frameon=False)
    return _svg(figure)


def histogram(report: Report) -> str:
    """How many reals and fakes got which score; the threshold as a line."""
    figure, axes = _axes("Score, P(fake)", "Pictures", width=7.0, height=3.0)
    edges = np.linspace(0, 1, 26)
    for name, fake, colour, hatch in (("real", False, REAL, ""), ("fake", True, FAKE, "////")):
        scores = report.score[report.fake == fake]
        axes.hist(scores, edges, color=colour, alpha=0.3)
        axes.hist(
            scores, edges, histtype="step", color=colour, hatch=hatch, linewidth=1.4, label=f"{name} ({len(scores)})"
        )
    axes.axvline(report.threshold, color="#000000", linewidth=1, linestyle="--")
    axes.annotate(
        f"threshold {report.threshold:g}",
        (report.threshold, 1),
        xycoords=("data", "axes fraction"),
        xytext=(4, -4),
        textcoords="offset points",
        va="top",
        fontsize=9,
    )
    axes.set_xlim(0, 1)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 1.18), ncols=2, fontsize=9, frameon=False)
    return _svg(figure)


def curve(points: Sequence[Point], as_given: Point, unit: str) -> str:
    """AUC of the ensemble (with its interval as a band) and of each member, against the strength of one change."""
    family = points[0].family
    figure, axes = _axes(f"{family}: {unit}", "AUC", width=5.2, height=3.9)
    axes.axhline(0.5, color="#888888", linewidth=1, linestyle=":")
    if as_given.auc:
        axes.axhline(as_given.auc.value, color="#000000", linewidth=1, linestyle=(0, (6, 4)), alpha=0.6)
    for at, name in enumerate(sorted({name for point in points for name in point.members}), start=1):
        known = [(point.strength, value.value) for point in points if (value := point.members.get(name))]
        if known:
            axes.plot(
                *zip(*known, strict=True),
                label=_plain(name),
                marker=_MARKERS[at % 8],
                markersize=4,
                **{**_line(at), "linewidth": 1.1},
            )
    known_points = [(point.strength, point.auc) for point in points if point.auc]
    if known_points:
        strengths = [strength for strength, _ in known_points]
        axes.plot(strengths, [auc.value for _, auc in known_points], color="#000000", linewidth=2.6, label="ensemble")
        bounds = [auc.interval or (auc.value, auc.value) for _, auc in known_points]
        axes.fill_between(strengths, *zip(*bounds, strict=True), color="#000000", alpha=0.12, linewidth=0)
    axes.set_ylim(min(0.4, axes.get_ylim()[0]), 1.01)
    return _svg(figure)


def legend(names: Sequence[str]) -> str:
    """The lines of ``curve``, once for all of them."""
    from matplotlib.lines import Line2D

    figure, axes = _axes("", "", width=7.0, height=0.35 + 0.22 * math.ceil((len(names) + 3) / 3))
    axes.set_axis_off()
    lines: list[Any] = [
        Line2D([], [], color="#000000", linewidth=2.6, label="ensemble (band: 95 % interval)"),
        Line2D([], [], color="#000000", linewidth=1, linestyle=(0, (6, 4)), alpha=0.6, label="ensemble, as given"),
        Line2D([], [], color="#888888", linewidth=1, linestyle=":", label="guessing"),
    ]
    lines += [
        Line2D([], [], label=_plain(name), marker=_MARKERS[at % 8], markersize=4, **{**_line(at), "linewidth": 1.1})
        for at, name in enumerate(sorted(names), start=1)
    ]
    axes.legend(handles=lines, loc="center", ncols=3, fontsize=9, frameon=False)
    return _svg(figure)


def _line(at: int) -> dict[str, Any]:
    """Colour and dash together, so that eight lines differ in black and white too."""
    return {"color": _CYCLE[at % len(_CYCLE)], "linestyle": _STYLES[at % len(_STYLES)], "linewidth": 1.8}


def _plain(label: str) -> str:
    """A label as it stands: matplotlib takes what is between dollars for mathematics, and drops what begins with _."""
    return (" " * label.startswith("_") + label).replace("$", r"\$")


def _value(figure: Figure | None) -> str:
    return "not given" if figure is None else f"{figure.value:.3f}"


def _axes(x: str, y: str, width: float = 5.2, height: float = 4.8) -> tuple[Any, Any]:
    require("evaluate", "matplotlib")
    from matplotlib.figure import Figure as Canvas

    figure = Canvas(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _square(axes: Any) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")


def _svg(figure: Any) -> str:
    text = io.StringIO()
    with warnings.catch_warnings():  # letters that its fonts lack are drawn as boxes; the page around it has the names
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
