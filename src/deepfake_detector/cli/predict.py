"""``deepfake-detector predict``."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from ..errors import ModelError, OptionError
from ..types import REASONS, Aggregation, Failure, Prediction
from .inputs import pictures
from .options import which_detector

if TYPE_CHECKING:
    from ..detector import DeepfakeDetector

_CHUNK = 16


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for one picture, JSON Lines for many.")
@which_detector
@click.option(
    "--threshold", type=float, help="Probability of fake, 0 to 1, from which a picture is called fake.  [default: 0.5]"
)
@click.option(
    "--max-fpr", type=float, help="Instead of a threshold: the share of real pictures that may be called fake."
)
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

    try:
        detector = DeepfakeDetector(
            model, face_detector=face_detector, aggregation=aggregation, threshold=threshold, max_fpr=max_fpr
        )
    except (OptionError, ModelError) as error:
        click.echo(f"Error: {error}", err=True)
        raise click.exceptions.Exit(2) from None

    failed = False
    results: list[Prediction | Failure] = []
    for result in _judged(detector, pictures(paths)):
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


def _judged(detector: DeepfakeDetector, sources: Iterable[str | BinaryIO | Failure]) -> Iterator[Prediction | Failure]:
    """Results in the order of ``sources``, a chunk at a time so that memory stays flat."""
    iterator = iter(sources)
    while chunk := list(islice(iterator, _CHUNK)):
        judged = iter(detector.predict_batch(source for source in chunk if not isinstance(source, Failure)))
        for source in chunk:
            yield source if isinstance(source, Failure) else next(judged)


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
        message = str(result.error).removeprefix(f"{result.source}: ")
        return [result.source, _styled("not read", colour, fg="magenta"), "", "", "", "", message]
    kind = max(result.kinds, key=lambda family: result.kinds[family]) if result.prediction == "Fake" else ""
    return [
        result.source,
        _styled(result.verdict, colour, fg=_COLOURS[result.verdict]),
        f"{result.fake_score:.2f} %",
        f"{result.real_score:.2f} %",
        str(len(result.faces)),
        kind,
        ", ".join(result.reasons),
    ]


def _styled(text: str, colour: bool, **style: Any) -> str:
    return click.style(text, **style) if colour else text
