"""``deepfake-detector provenance``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import ImageError
from ..types import Failure
from .inputs import pictures
from .outputs import printable, wrong_usage

if TYPE_CHECKING:
    from ..provenance import Provenance


@click.command()
@click.argument("paths", metavar="IMAGE...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for one picture, JSON Lines for many.")
@click.option(
    "--anchors",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Certificates (PEM) of authorities trusted to name signers of C2PA manifests; none come with this program.",
)
def provenance(paths: tuple[str, ...], as_json: bool, anchors: Path | None) -> None:
    """Say where a picture's file says it comes from: signed manifests, camera data, generators' parameters, editors.

    Evidence beside the score: it changes none, and each finding says what it proves and what it does not. Metadata can
    be removed and forged, so finding nothing proves nothing. Nothing is decoded or fetched.

    IMAGE is a picture, a folder or a pattern; - reads a picture from standard input.
    """
    from ..extras import require
    from ..provenance.base import CAUTION

    failed = False
    with wrong_usage():
        if anchors:
            require("provenance")
        for result in _examined(paths, anchors.read_text(encoding="utf-8", errors="replace") if anchors else None):
            failed |= isinstance(result, Failure)
            if as_json:
                click.echo(result.to_json())
            elif isinstance(result, Failure):
                click.echo(f"{printable(str(result.error))}\n")
            else:
                click.echo(_told(result))
            sys.stdout.flush()
    if not as_json:
        click.echo(CAUTION)
    if failed:
        raise click.exceptions.Exit(1)


def _examined(paths: tuple[str, ...], anchors: str | None) -> Iterator[Provenance | Failure]:
    from ..provenance import examine

    for source in pictures(paths):
        if isinstance(source, Failure):
            yield source
            continue
        try:
            yield examine(source, anchors)
        except ImageError as error:
            yield Failure(error.source, error)


def _told(result: Provenance) -> str:
    lines = [f"{printable(result.source)}: {result.format}, sha256 {result.sha256}"]
    for finding in result.findings:
        lines += [f"  {finding.kind} [{finding.origin}]", f"    {finding.says}"]
        lines += [f"    Proves: {finding.proves}", f"    Limits: {finding.limits}"]
        lines += [f"      {name}: {value}" for name, value in finding.details.items()]
    if not result.findings:
        lines.append("  Nothing found.")
    lines += [f"  Note: {note}" for note in result.notes]
    return "\n".join(lines) + "\n"
