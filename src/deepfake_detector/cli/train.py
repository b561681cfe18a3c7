"""``deepfake-detector train``."""

from __future__ import annotations

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..types import FAMILIES, Family
from .outputs import printable, printable_lines, wrong_usage

if TYPE_CHECKING:
    from ..train.recipe import Outcome, Settings


@click.command()
@click.argument("data", metavar="DATA...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The .h5 file to write.")
@click.option("--base", help="Train the heads of this bundle further: default, or a saved file.  [default: train anew]")
@click.option(
    "--members",
    help="What is trained, parted by commas: clip-face, clip-scene, conv, residual.  "
    "[default: the heads of --base; without it, all four]",
)
@click.option(
    "--seed",
    default=0,
    type=click.IntRange(0, 2**32 - 1),
    help="Of everything drawn at random: the same seed gives the same model.",
)
@click.option(
    "--work", type=click.Path(file_okay=False, path_type=Path), help="Where a stopped run goes on.  [default: OUT.work]"
)
@click.option("--processes", type=click.IntRange(1), help="How many at a time.  [default: one a core]")
@click.option("--limit", type=click.IntRange(1), help="Train on about so many pictures, drawn from all parts alike.")
@click.option("--family", type=click.Choice(FAMILIES), help="Family of fakes of which the data do not tell it.")
@click.option(
    "--imagenet", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="ImageNet weights for conv."
)
@click.option("--ignore-checks", is_flag=True, help="Print what the checks find, but leave nothing out for it.")
def train(
    data: tuple[Path, ...],
    out: Path,
    base: str | None,
    members: str | None,
    seed: int,
    work: Path | None,
    processes: int | None,
    limit: int | None,
    family: Family | None,
    imagenet: Path | None,
    ignore_checks: bool,
) -> None:
    """Train on labelled pictures of your own and write one model file.

    DATA is a folder with class folders named real and fake (perhaps inside train, val and test), a folder with a
    manifest.csv, or a CSV file with the columns path and label. With --base default no torch is needed.
    """
    names = tuple(name.strip() for name in members.split(",") if name.strip()) if members else ()
    if members is not None and not names:
        raise click.BadParameter("no member is named.", param_hint="--members")
    with wrong_usage():
        from ..extras import require

        require("heads")
        from ..train.recipe import Settings

        settings = Settings(
            data, out, base, names, seed, work, processes or os.cpu_count() or 1, limit, ignore_checks, family, imagenet
        )
        outcome = _run(settings)

    result = outcome.result
    click.echo(f"\nWritten: {out} ({len(result.bundle.cards)} members)")
    click.echo(f"AUC on the held-out pictures: {result.now or '-'}  (it was calibrated on them; measure it on others)")
    if base is not None:
        click.echo(f"The same pictures with {base}: {result.before or '-'}")
    if outcome.unreadable:
        click.echo(
            f"Pictures that could not be read: {len(outcome.unreadable)} (also in {printable(str(outcome.listed))})",
            err=True,
        )
        for one in outcome.unreadable:
            click.echo(f"  {printable(one.message)}", err=True)
        raise click.exceptions.Exit(1)


def _run(settings: Settings) -> Outcome:
    """What is to be read goes to standard output, progress to standard error."""
    from ..train import recipe

    output = sys.stdout

    def say(text: str) -> None:
        click.echo(printable_lines(text), file=output)
        output.flush()

    with redirect_stdout(sys.stderr):
        return recipe.train(settings, say)
