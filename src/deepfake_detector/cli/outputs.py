"""What the measuring commands share: where files go, how the run is told, and the bar that shows it goes on."""

from __future__ import annotations

import json
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from ..errors import DataError, MissingExtra, ModelError, OptionError


@contextmanager
def wrong_usage() -> Iterator[None]:
    """What the user has to put right is told on standard error, and ends the command with exit code 2."""
    try:
        yield
    except (DataError, MissingExtra, ModelError, OptionError) as error:
        click.echo(f"Error: {printable_lines(str(error))}", err=True)
        raise click.exceptions.Exit(2) from None


def printable_lines(text: str) -> str:
    """A text of one or more lines, none of which commands the terminal."""
    return "\n".join(map(printable, text.split("\n")))


def printable(text: str) -> str:
    """A text that neither breaks the line nor commands the terminal, as file names can."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def check_folders(*files: Path | None) -> None:
    """Raise OptionError where a file cannot be written: told before a long run, not after it."""
    named = [file for file in files if file is not None]
    for file in named:
        if not file.parent.is_dir():
            raise OptionError(f"{file}: there is no folder {file.parent}. Make it first, or name another.")
        if file.is_dir() or not os.access(file if file.exists() else file.parent, os.W_OK):
            raise OptionError(f"{file}: cannot be written. Name another file.")
    if len({file.resolve() for file in named}) < len(named):
        raise OptionError(f"{named[0]} is named twice: the second would be written over the first.")


@contextmanager
def writing(file: Path) -> Iterator[None]:
    """A file that turns out not to be writable after all is told as wrong usage, not as a picture that failed."""
    try:
        yield
    except OSError as error:
        click.echo(f"Error: {file}: cannot be written ({error.strerror}).", err=True)
        raise click.exceptions.Exit(2) from None


def as_typed() -> str:
    """The command line, to stand in reports."""
    return shlex.join(["deepfake-detector", *sys.argv[1:]])


@contextmanager
def progress(length: int, label: str) -> Iterator[Callable[[int], object]]:
    """A bar on standard error; gives the function that moves it on."""
    with click.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield bar.update


def write_json(path: Path, content: Any) -> None:
    """UTF-8; file names keep their letters."""
    write_text(path, json.dumps(content, ensure_ascii=False, indent=2, allow_nan=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """UTF-8; names of files that are no text are written escaped."""
    with writing(path):
        path.write_text(text, encoding="utf-8", errors="backslashreplace")
