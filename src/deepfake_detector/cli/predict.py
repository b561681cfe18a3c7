"""``deepfake-detector predict``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

import typer

from ..errors import ModelError, OptionError
from ..types import REASONS, Failure, Prediction
from .inputs import pictures

if TYPE_CHECKING:
    from ..detector import DeepfakeDetector

_CHUNK = 16


class FaceDetectorName(StrEnum):
    """Choices of ``--face-detector``."""

    yunet = "yunet"
    haar = "haar"


class AggregationName(StrEnum):
    """Choices of ``--aggregation``."""

    stacked = "stacked"
    mean = "mean"
    vote = "vote"


def predict(
    paths: list[str] = typer.Argument(
        ..., metavar="PATH...", help="Pictures, folders, patterns; - reads a picture from stdin."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object for one picture, JSON Lines for many."),
    model: str = typer.Option("default", help="default, fast, or a file written by save_model."),
    face_detector: FaceDetectorName = typer.Option(FaceDetectorName.yunet, help="How faces are found."),
    aggregation: AggregationName = typer.Option(AggregationName.stacked, help="How members become one score."),
    threshold: float = typer.Option(None, help="Probability of fake, 0 to 1, from which a picture is called fake."),
) -> None:
    """Say for each picture whether it is real or fake."""
    from ..detector import DeepfakeDetector

    try:
        detector = DeepfakeDetector(
            model, face_detector=face_detector.value, aggregation=aggregation.value, threshold=threshold
        )
    except (OptionError, ModelError) as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(2) from None

    failed = False
    results: list[Prediction | Failure] = []
    for result in _judged(detector, pictures(paths)):
        failed |= isinstance(result, Failure)
        if as_json:
            typer.echo(result.to_json())
            sys.stdout.flush()
        else:
            results.append(result)
    if not as_json:
        _print_table(results)
    if failed:
        raise typer.Exit(1)


def _judged(detector: DeepfakeDetector, sources: Iterable[str | BinaryIO | Failure]) -> Iterator[Prediction | Failure]:
    """Results in the order of ``sources``, a chunk at a time so that memory stays flat."""
    iterator = iter(sources)
    while chunk := list(islice(iterator, _CHUNK)):
        judged = iter(detector.predict_batch(source for source in chunk if not isinstance(source, Failure)))
        for source in chunk:
            yield source if isinstance(source, Failure) else next(judged)


def _print_table(results: list[Prediction | Failure]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=200, no_color=True)  # nothing is cut short in a file or a pipe
    table = Table(box=None, pad_edge=False, header_style="bold", show_edge=False)
    table.add_column("picture", overflow="fold", min_width=12)
    table.add_column("verdict", no_wrap=True)
    table.add_column("fake", justify="right", no_wrap=True)
    table.add_column("real", justify="right", no_wrap=True)
    table.add_column("faces", justify="right", no_wrap=True)
    table.add_column("most like", no_wrap=True)
    table.add_column("reasons", overflow="fold")
    seen: set[str] = set()
    for result in results:
        table.add_row(*_row(result, Text))
        if isinstance(result, Prediction):
            seen.update(result.reasons)
    console.print(table)
    if seen:
        console.print()
        for reason in sorted(seen):
            console.print(Text.assemble((reason, "bold"), f"  {REASONS[reason]}"))


def _row(result: Prediction | Failure, text: Any) -> list[Any]:
    if isinstance(result, Failure):
        message = str(result.error).removeprefix(f"{result.source}: ")
        return [text(result.source), text("not read", style="magenta"), "", "", "", "", text(message)]
    style = {"real": "green", "fake": "red", "inconclusive": "yellow"}[result.verdict]
    kind = max(result.kinds, key=lambda family: result.kinds[family]) if result.prediction == "Fake" else ""
    return [
        text(result.source),
        text(result.verdict, style=style),
        f"{result.fake_score:.2f} %",
        f"{result.real_score:.2f} %",
        str(len(result.faces)),
        kind,
        text(", ".join(result.reasons)),
    ]
