"""What the project set out to reach on the test split and on sources left out, beside what was measured."""

from __future__ import annotations

from typing import Any

from pages import table

AUC = {
    "140k-real-and-fake-faces": 0.995,
    "deepfake-and-real-images": 0.985,
    "dfdc-faces": 0.88,
    "unseen-stylegan2": 0.93,
    "sd21-faces against hires-faces": 0.99,
    "sfhq-t2i-faces against hires-faces": 0.99,
    "genai-scenes": 0.93,
    "modern-fakes against camera-reals and press-reals": 0.92,
}
ALARMS, CALIBRATION, WRONG, CALLED, STEADY, LEFT_OUT = 0.03, 0.03, 0.05, 0.75, 0.95, 0.75
LOST = {"q60@768": 0.02, "q40@512": 0.05}


def bars(figures: dict[str, Any], left_out: dict[str, float], lead: dict[str, dict[str, float]]) -> str:
    """A table of every bar, what was reached (95 % interval), and whether that is enough.

    figures: as scripts/measure.py wrote them with --handled and --re-encoded. left_out: mean AUC by way of scoring.
    lead: of the learned weights over the others.
    """
    rows = [
        row(f"AUC, {name}", figures["auc"][name]["auc"], bar, True, figures["auc"][name]["interval"])
        for name, bar in AUC.items()
    ]
    rows += beliefs("", figures)
    for way, bar in LOST.items():
        read = figures["handled"][way]
        name, worst = max(read["auc_lost"].items(), key=lambda item: item[1]["loss"])
        rows.append(row(f"`{way}`: largest AUC lost ({name})", worst["loss"], bar, False, worst["interval"]))
        rows += beliefs(f"`{way}`: ", read)
    same = figures["stability"]["same"]
    rows.append(row("verdict the same after a re-encoding", same["share"], STEADY, True, same["interval"]))
    rows.append(row("mean AUC on sources left out", left_out["stacked"], LEFT_OUT, True))
    best = max((way for way in left_out if way not in ("stacked", "mean")), key=lambda way: left_out[way])
    for way, what in ((best, "the best member"), ("mean", "the plain mean")):
        found, ends = lead[way], [lead[way]["at least"], lead[way]["at most"]]
        rows.append(line(f"lead there over {what}", "all of its interval above 0", found["lead"], ends[0] > 0, ends))
    return table(["", "asked", "reached", ""], rows)


def beliefs(prefix: str, read: dict[str, Any]) -> list[list[str]]:
    """Calibration, verdicts and false alarms of one way of handling the pictures."""
    source, alarms = max(read["false_alarms"].items(), key=lambda item: item[1]["share"])
    wrong, called = read["error_where_conclusive"], read["coverage"]
    return [
        row(f"{prefix}most false alarms ({source})", alarms["share"], ALARMS, False, alarms["interval"]),
        row(f"{prefix}expected calibration error", read["ece"], CALIBRATION, False),
        row(f"{prefix}wrong verdicts", wrong["share"], WRONG, False, wrong["interval"]),
        row(f"{prefix}pictures with a verdict", called["share"], CALLED, True, called["interval"]),
    ]


def row(what: str, value: float, bar: float, least: bool, interval: list[float] | None = None) -> list[str]:
    """One line. least: whether ``bar`` is the least that is asked, or the most."""
    met = value >= bar if least else value <= bar
    return line(what, f"at {'least' if least else 'most'} {bar:g}", value, met, interval)


def line(what: str, asked: str, value: float, met: bool, interval: list[float] | None = None) -> list[str]:
    """As the table has it."""
    span = f" ({interval[0]:.3f} to {interval[1]:.3f})" if interval else ""
    return [what, asked, f"{value:.3f}{span}", "" if met else "missed"]
