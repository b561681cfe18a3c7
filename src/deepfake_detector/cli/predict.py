"""``deepfake-detector predict``."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

import click

from ..types import REASONS, Aggregation, Failure, Prediction
from .inputs import pictures
from .options import operating_point, which_detector
from .outputs import printable, wrong_usage


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for one picture, JSON Lines for many.")
@which_detector
@operating_point
def predict(
    paths: tuple[str, ...],
    as_json: bool,
    model: str,
    face_detector: str,
    aggregation: Aggregation,
    threshold: float | None,
    max_fpr: float | None,
) -> None:
    """Say for each picture whether it is real or fake.

    PATH is a picture, a folder or a pattern; - reads a picture from standard input.
    """
    from ..detector import DeepfakeDetector

    with wrong_usage():
        detector = DeepfakeDetector(
            model, face_detector=face_detector, aggregation=aggregation, threshold=threshold, max_fpr=max_fpr
        )

    failed = False
    results: list[Prediction | Failure] = []
    for result in detector.predict_iter(pictures(paths)):
        failed |= isinstance(result, Failure)
        if as_json:
            click.echo(result.to_json())
            sys.stdout.flush()
        else:
            results.append(result)
    if not as_json:
        _print_table(results)
    if failed:
        raise click.exceptions.Exit(1)


_HEADINGS = ("picture", "verdict", "fake", "real", "faces", "most like", "reasons")
_COLOURS = {"real": "green", "fake": "red", "inconclusive": "yellow"}
_NARROW = 58
"""Columns that all but the first and the last need together."""


def _print_table(results: list[Prediction | Failure]) -> None:
    from tabulate import tabulate

    terminal = sys.stdout.isatty()
    # Colour and folding are for a terminal; nothing is cut up in a file or a pipe. https://no-color.org
    colour = terminal and not os.environ.get("NO_COLOR")
    room = max(32, shutil.get_terminal_size().columns - _NARROW) if terminal else None
    lines = tabulate(
        [_row(result, colour) for result in results],
        _HEADINGS,
        tablefmt="plain",
        disable_numparse=True,
        colalign=("left", "left", "right", "right", "right", "left", "left"),
        maxcolwidths=[room // 2, None, None, None, None, None, room // 2] if room else None,
    )
    click.echo("\n".join(line.rstrip() for line in lines.splitlines()))
    seen = {reason for result in results if isinstance(result, Prediction) for reason in result.reasons}
    if seen:
        click.echo()
        for reason in sorted(seen):
            click.echo(f"{_styled(reason, colour, bold=True)}  {REASONS[reason]}")


def _row(result: Prediction | Failure, colour: bool) -> list[str]:
    if isinstance(result, Failure):
        said = printable(result.source), _styled("not read", colour, fg="magenta")
        return [*said, "", "", "", "", printable(result.reason)]
    return [
        printable(result.source),
        _styled(result.verdict, colour, fg=_COLOURS[result.verdict]),
        f"{result.fake_score:.2f} %",
        f"{result.real_score:.2f} %",
        str(len(result.faces)),
        result.kind or "",
        ", ".join(result.reasons),
    ]


def _styled(text: str, colour: bool, **style: Any) -> str:
    return click.style(text, **style) if colour else text
