"""``deepfake-detector evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .outputs import as_typed, check_folders, printable, progress, write_json, write_text, wrong_usage

if TYPE_CHECKING:
    from ..evaluate import Report


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--model", "models", default=["default"], multiple=True, help="default, fast, or a saved file; repeatable."
)
@click.option("--split", help="Only the pictures of this split (train, val, test).")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a self-contained HTML page.")
@click.option("--json", "as_json", type=click.Path(dir_okay=False, path_type=Path), help="Write everything as JSON.")
@click.option(
    "--pair",
    "pairs",
    nargs=2,
    multiple=True,
    metavar="FAKES REALS",
    help="Also the fakes of one source against the reals of another (names parted by commas); repeatable.",
)
@click.option("--max-fpr", type=float, help="Also the threshold that keeps false alarms at most this share, 0 to 1.")
def evaluate(
    data: Path,
    models: tuple[str, ...],
    split: str | None,
    report: Path | None,
    as_json: Path | None,
    pairs: tuple[tuple[str, str], ...],
    max_fpr: float | None,
) -> None:
    """Measure the detector on labelled pictures of your own.

    DATA is a folder with class folders named real and fake, a folder with a manifest.csv, or a CSV file with the
    columns path and label (real or fake; or 1 for real and 0 for fake).
    """
    with wrong_usage():
        check_folders(report, as_json)
        reports = _reports(data, models, split, pairs, max_fpr, need_plots=report is not None)

    _print_summary(reports)
    if as_json:
        write_json(as_json, {"command": as_typed(), "models": [one.to_dict() for one in reports]})
    if report:
        from ..evaluate.report import html

        write_text(report, html(reports, as_typed()))
    if any(one.failures for one in reports):
        raise click.exceptions.Exit(1)


def _reports(
    data: Path,
    models: tuple[str, ...],
    split: str | None,
    pairs: tuple[tuple[str, str], ...],
    max_fpr: float | None,
    need_plots: bool,
) -> list[Report]:
    from .. import evaluate as evaluation
    from ..detector import DeepfakeDetector
    from ..extras import require

    require("evaluate", "sklearn", *(("matplotlib",) if need_plots else ()))
    pictures = evaluation.read_pictures(data, split)
    pairings = [evaluation.Pairing(*(tuple(map(str.strip, names.split(","))) for names in pair)) for pair in pairs]
    detectors = [DeepfakeDetector(model) for model in models]  # a wrong name is told before the first long run
    reports = []
    for detector in detectors:
        with progress(len(pictures), printable(detector.model)) as step:
            reports.append(evaluation.evaluate(detector, pictures, pairs=pairings, max_fpr=max_fpr, progress=step))
    return reports


def _print_summary(reports: list[Report]) -> None:
    from tabulate import tabulate

    from ..evaluate.metrics import DESCRIPTIONS
    from ..evaluate.report import labels

    first = reports[0]
    click.echo(
        f"{printable(first.data)}: {first.overall.pictures} pictures judged ({first.overall.fakes} fake, "
        f"{first.overall.reals} real), {len(first.failures)} could not be"
    )
    for note in first.notes:
        click.echo(printable(note))
    by_label = {printable(label): one for label, one in labels(reports).items()}
    rows = [[name, *(one.overall[name] or "-" for one in by_label.values())] for name in DESCRIPTIONS]
    click.echo()
    click.echo(tabulate(rows, ["figure (95 % interval)", *by_label], tablefmt="plain", disable_numparse=True))
    for label, one in by_label.items():
        for name, pair in one.pairs.items():
            click.echo(f"{label}: {name}: AUC {pair['auc'] or '-'}")
        if one.operating_point:
            point = one.operating_point
            click.echo(
                f"{label}: threshold {point.threshold:g} calls {100 * point.false_positive_rate:.2f} % of these reals "
                f"fake and finds {100 * point.true_positive_rate:.1f} % of the fakes (chosen on these pictures)"
            )
        elif one.max_fpr is not None:
            click.echo(f"{label}: no threshold can be given for false alarms of at most {100 * one.max_fpr:g} %")
    for failure in first.failures:
        click.echo(printable(f"not judged: {failure.picture.path}: {failure.reason}"), err=True)
