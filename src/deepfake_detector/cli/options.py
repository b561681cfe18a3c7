"""Options that more than one command has."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

Command = TypeVar("Command", bound=Callable[..., Any])


def which_detector(command: Command) -> Command:
    """--model, --face-detector and --aggregation, as ``DeepfakeDetector`` takes them."""
    for option in (
        click.option(
            "--aggregation",
            type=click.Choice(["stacked", "mean", "vote"]),
            default="stacked",
            help="How members become one score.",
        ),
        click.option(
            "--face-detector", type=click.Choice(["yunet", "haar"]), default="yunet", help="How faces are found."
        ),
        click.option("--model", default="default", help="default, fast, or a file written by save_model."),
    ):
        command = option(command)
    return command


def operating_point(command: Command) -> Command:
    """--threshold and --max-fpr, as ``DeepfakeDetector`` takes them."""
    for option in (
        click.option(
            "--max-fpr", type=float, help="Instead of a threshold: the share of real pictures that may be called fake."
        ),
        click.option(
            "--threshold",
            type=float,
            help="Probability of fake, 0 to 1, from which a picture is called fake.  [default: 0.5]",
        ),
    ):
        command = option(command)
    return command
