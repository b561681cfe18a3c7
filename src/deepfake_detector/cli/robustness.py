"""``deepfake-detector robustness``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .outputs import as_typed, check_folders, printable, progress, write_json, write_text, wrong_usage

if TYPE_CHECKING:
    from ..evaluate import RobustnessReport


@click.command()
@click.argument("data", type=click.Path(exists=True, path_type=Path))
@click.option("--model", default="default", help="default, fast, or a file written by save_model.")
@click.option("--split", help="Only the pictures of this split (train, val, test).")
@click.option("--report", type=click.Path(dir_okay=False, path_type=Path), help="Write a self-contained HTML page.")
@click.option("--json", "as_json", type=click.Path(dir_okay=False, path_type=Path), help="Write everything as JSON.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=200, help="Pictures at most, drawn from both classes; 0 takes all."
)
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the draw of the pictures, and of the noise.")
def robustness(
    data: Path,
    model: str,
    split: str | None,
    report: Path | None,
    as_json: Path | None,
    limit: int,
    seed: int,
) -> None:
    """Measure what compression, resizing, printing, scanning and the like do to the detector.

    DATA is as for evaluate. Every picture is judged some fifty times, so this takes as many times as long.
    """
    from ..detector import DeepfakeDetector
    from ..evaluate import measure_robustness, read_pictures
    from ..extras import require

    with wrong_usage():
        check_folders(report, as_json)
        require("evaluate", "sklearn", *(("matplotlib",) if report else ()))
        pictures = read_pictures(data, split)
        detector = DeepfakeDetector(model)
        with progress(min(limit or len(pictures), len(pictures)), printable(detector.model)) as step:
            result = measure_robustness(detector, pictures, limit=limit or None, seed=seed, progress=step)

    _print_summary(result)
    if as_json:
        write_json(as_json, {"command": as_typed(), **result.to_dict()})
    if report:
        from ..evaluate.robustness_report import html

        write_text(report, html(result, as_typed()))
    if result.failures:
        raise click.exceptions.Exit(1)


def _print_summary(result: RobustnessReport) -> None:
    from tabulate import tabulate

    click.echo(
        f"{printable(result.data)}: {result.fakes} fake and {result.reals} real pictures, "
        f"{len(result.failures)} could not be judged"
    )
    for note in result.notes:
        click.echo(printable(note))
    rows = [
        [point.name, point.auc or "-", point.true_positive_rate or "-", point.false_positive_rate or "-", point.failed]
        for point in (result.as_given, *result.points)
    ]
    click.echo()
    head = ["change", "AUC (95 % interval)", "fakes found", "false alarms", "not judged"]
    click.echo(tabulate(rows, head, tablefmt="plain", disable_numparse=True))
    stability = result.stability
    click.echo(
        f"\nOf {stability.pictures} verdicts real or fake, share that stays the same through all "
        f"{len(stability.by_re_encoding)} re-encodings: {stability.same or '-'}; turned round by one or more: "
        f"{stability.turned or '-'}"
    )
    for failure in result.failures:
        click.echo(printable(f"not judged: {failure.picture.path}: {failure.reason}"), err=True)
