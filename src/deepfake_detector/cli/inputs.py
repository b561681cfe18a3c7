"""What the user named on the command line -> pictures, in order; what cannot be opened stays in its place."""

from __future__ import annotations

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from ..errors import ImageError, ImageNotFound
from ..images import SUFFIXES
from ..types import Failure

STDIN = "-"


class _Stdin(io.BytesIO):
    """What came in on standard input, under the name the user gave it."""

    name = STDIN


def pictures(names: Iterable[str]) -> Iterator[str | BinaryIO | Failure]:
    """Paths of pictures (or standard input as a file), with a Failure for each name that leads to none.

    A folder gives the pictures below it, sorted; a file named outright is given whatever its name; a pattern is
    expanded where the shell has not done so.
    """
    for name in names:
        if name == STDIN:
            yield _Stdin(sys.stdin.buffer.read())
        elif os.path.isdir(name):
            yield from _below(name)
        elif os.path.lexists(name) or not glob.has_magic(name):
            yield name
        else:
            matches = sorted(glob.glob(name, recursive=True))
            if not matches:
                yield _failure(name, "nothing matches this pattern.")
            deep = "**" in name  # then what lies below a folder matches by itself
            for match in matches:
                if not os.path.isdir(match):
                    yield match
                elif not deep:
                    yield from _below(match)


def _below(folder: str) -> Iterator[str | Failure]:
    """Pictures below a folder; folders that may not be read are told, never passed over."""
    denied: list[OSError] = []
    found = 0
    for parent, folders, files in os.walk(folder, onerror=denied.append):
        folders.sort()
        for file in sorted(files):
            if Path(file).suffix.lower() in SUFFIXES:
                found += 1
                yield os.path.join(parent, file)
    for error in denied:
        yield _failure(str(error.filename), f"the folder cannot be read ({error.strerror}).")
    if not found and not denied:
        yield _failure(folder, f"no pictures in this folder (looked for {', '.join(sorted(SUFFIXES))}).")


def _failure(name: str, reason: str) -> Failure:
    error: ImageError = ImageNotFound(name, reason)
    return Failure(name, error)
