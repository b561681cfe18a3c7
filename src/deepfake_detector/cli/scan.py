"""``deepfake-detector scan``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import MissingExtra
from ..extras import require
from ..types import Aggregation
from .inputs import listed
from .options import operating_point, which_detector
from .outputs import printable, wrong_usage

if TYPE_CHECKING:
    from ..scan import Summary


@click.command(
    epilog="Exit codes: 0 all was read; 1 something could not be read, or a fake not copied; 2 wrong usage, or the "
    "output cannot be written; 3 what --fail-on names was found, also where 1 would hold; 130 stopped by Ctrl-C. "
    "0, 1 and 3 come after everything was written, and speak of the whole output, rows of earlier runs included."
)
@click.argument("paths", metavar="PATH...", nargs=-1)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file to write: .parquet, .csv or .jsonl.",
)
@click.option(
    "--list", "lists", multiple=True, metavar="FILE", help="A list of pictures, whatever its name; - is standard input."
)
@click.option("--null", is_flag=True, help="Names in lists end in a NUL byte (find -print0), not in a line break.")
@click.option("--resume/--no-resume", default=True, help="Go on with --out where it exists, or start it anew.")
@click.option(
    "--copy-fakes",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="Copy what is judged fake into this folder. Pictures right in it are not scanned.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["fake", "inconclusive"]),
    help="Exit with 3 where a picture is fake (or, for inconclusive, either).",
)
@click.option("--quiet", is_flag=True, help="Neither bar nor summary.")
@which_detector
@operating_point
def scan(
    paths: tuple[str, ...],
    out: Path,
    lists: tuple[str, ...],
    null: bool,
    resume: bool,
    copy_fakes: Path | None,
    fail_on: str | None,
    quiet: bool,
    model: str,
    face_detector: str,
    aggregation: Aggregation,
    threshold: float | None,
    max_fpr: float | None,
) -> None:
    """Judge very many pictures into one file, and go on there after a stop.

    PATH is a picture, a folder, a pattern, or a list: a file ending in .txt or .lst with the path of one picture on
    each line; - reads a list from standard input.
    """
    from ..detector import DeepfakeDetector
    from ..scan import scan as scanned

    if not paths and not lists:
        raise click.UsageError("name at least one PATH, or a --list.")
    try:
        with wrong_usage():
            detector = DeepfakeDetector(
                model, face_detector=face_detector, aggregation=aggregation, threshold=threshold, max_fpr=max_fpr
            )
            found = listed(paths, lists, null)
            with _bar(quiet) as watch:
                summary = scanned(detector, found, out, resume=resume, copy_fakes=copy_fakes, watch=watch)
    except OSError as error:
        click.echo(f"Error: the scan cannot go on ({error}). What was written stays for the next run.", err=True)
        raise click.exceptions.Exit(2) from None
    except KeyboardInterrupt:
        click.echo("Stopped. The same command goes on from here.", err=True)
        raise click.exceptions.Exit(130) from None

    if not quiet:
        _print_summary(summary, out)
    if fail_on and (summary.verdicts["fake"] or summary.verdicts[fail_on]):
        raise click.exceptions.Exit(3)
    if summary.failures or summary.uncopied:
        raise click.exceptions.Exit(1)


def _bar(quiet: bool) -> AbstractContextManager[Callable[[int, int], object] | None]:
    """A bar is for somebody who watches; the scan itself does not need what draws it."""
    from ..scan.progress import bar

    if quiet or not sys.stderr.isatty():
        return nullcontext()
    try:
        require("scan", "rich")
    except MissingExtra as error:
        click.echo(f"No bar: {error}", err=True)
        return nullcontext()
    return bar()


def _print_summary(summary: Summary, out: Path) -> None:
    from tabulate import tabulate

    before = f" ({summary.resumed:,} of them from earlier runs)" if summary.resumed else ""
    click.echo(f"{out}: {summary.rows:,} pictures{before}")
    if summary.inside:
        click.echo(f"{summary.inside:,} pictures in the folder of copies were left out")
    counts = [(name, summary.verdicts[name]) for name in ("fake", "inconclusive", "real")]
    counts += [(f"not read: {name}", count) for name, count in sorted(summary.failures.items())]
    counts += [(f"fakes not copied: {reason}", count) for reason, count in sorted(summary.uncopied.items())]
    click.echo(tabulate([(name, f"{count:,}") for name, count in counts], tablefmt="plain", colalign=("left", "right")))
    if not summary.suspicious:
        return
    click.echo("\nMost suspicious:")
    rows = [(f"{row.fake_score:.2f} %", row.verdict, row.kind or "", printable(row.path)) for row in summary.suspicious]
    click.echo(tabulate(rows, tablefmt="plain", colalign=("right", "left", "left", "left"), disable_numparse=True))
