"""Puts the subcommands together."""

from __future__ import annotations

import sys

import typer

from .. import __version__
from .info import info
from .predict import predict

app = typer.Typer(
    name="deepfake-detector",
    help="Says whether pictures are real or fake, how sure it is, and why. Works offline.",
    epilog="Exit codes: 0 all was read, 1 something could not be read (the rest is still printed), 2 wrong usage.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(predict)
app.command()(info)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"deepfake-detector {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(
        False, "--version", help="Print the version and stop.", callback=_version, is_eager=True
    ),
) -> None:
    pass


def main() -> None:
    """Run the command line; the only place that ends the process."""
    for stream in (sys.stdout, sys.stderr):
        # JSON is UTF-8 whatever the terminal, and a file name that is not valid Unicode must not stop its result.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()
