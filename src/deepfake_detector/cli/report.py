"""``deepfake-detector report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import OptionError
from ..types import Aggregation
from .inputs import pictures
from .options import operating_point, which_detector
from .outputs import as_typed, check_folders, progress, writing, wrong_usage

if TYPE_CHECKING:
    from ..explain.base import Method

_PAGE, _PAPER = (".html", ".htm"), (".pdf",)


@click.command()
@click.argument("paths", metavar="PATH...", nargs=-1, required=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The report, .html or .pdf."
)
@click.option(
    "--method",
    type=click.Choice(["lime", "occlusion", "attention"]),
    help="Of the explanation; unless given, attention, or occlusion for models without an encoder.",
)
@which_detector
@operating_point
def report(
    paths: tuple[str, ...],
    out: Path,
    method: Method | None,
    model: str,
    face_detector: str,
    aggregation: Aggregation,
    threshold: float | None,
    max_fpr: float | None,
) -> None:
    """Write all that is found about pictures into one file to read, print or send.

    PATH is a picture, a folder or a pattern; - reads a picture from standard input. In the report: the picture with
    its faces, the verdict and what it means, what every member says, a map of what speaks for fake and for real, the
    picture's quality, what its file says of its origin, its hash, and the limits of all that.
    """
    from ..detector import DeepfakeDetector
    from ..report import examine_case, html, pdf

    with wrong_usage():
        _check(out, method)
        detector = DeepfakeDetector(
            model, face_detector=face_detector, aggregation=aggregation, threshold=threshold, max_fpr=max_fpr
        )

    cases = []
    named = list(pictures(paths))
    with progress(len(named), "pictures") as step:
        for source in named:
            cases.append(examine_case(detector, source, method=method))
            step(1)
    on_paper = out.suffix.lower() in _PAPER
    written = pdf(cases, as_typed()) if on_paper else html(cases, as_typed()).encode("utf-8", "backslashreplace")
    with writing(out):
        out.write_bytes(written)
    failed = sum(case.failure is not None for case in cases)
    click.echo(f"{out}: {len(cases) - failed} judged, {failed} could not be judged")
    if failed:
        raise click.exceptions.Exit(1)


def _check(out: Path, method: Method | None) -> None:
    """Raise for what would fail only after the pictures were examined."""
    from ..extras import require

    ending = out.suffix.lower()
    if ending not in (*_PAGE, *_PAPER):
        raise OptionError(f"{out}: a report is .html or .pdf; its ending says which")
    check_folders(out)
    if ending in _PAPER:
        require("report", "fpdf")
        require("explain", "matplotlib")
    if method == "lime":
        require("explain", "skimage")
