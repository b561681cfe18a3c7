"""Puts the subcommands together."""

from __future__ import annotations

import sys

import click

from .. import __version__
from .completion import completion
from .evaluate import evaluate
from .explain import explain
from .info import info
from .predict import predict
from .provenance import provenance
from .report import report
from .robustness import robustness
from .serve import serve
from .train import train


@click.group(
    name="deepfake-detector",
    epilog="Exit codes: 0 all was read, 1 something could not be read (the rest is still printed), 2 wrong usage.",
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.version_option(__version__, message="deepfake-detector %(version)s", help="Print the version and stop.")
def app() -> None:
    """Says whether pictures are real or fake, how sure it is, and why. Works offline."""


app.add_command(predict)
app.add_command(explain)
app.add_command(report)
app.add_command(provenance)
app.add_command(evaluate)
app.add_command(robustness)
app.add_command(train)
app.add_command(serve)
app.add_command(info)
app.add_command(completion)


def main() -> None:
    """Run the command line; the only place that ends the process."""
    for stream in (sys.stdout, sys.stderr):
        # JSON is UTF-8 whatever the terminal, and a file name that is not valid Unicode must not stop its result.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app(prog_name="deepfake-detector")
