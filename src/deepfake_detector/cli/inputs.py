"""What the user named on the command line -> pictures, in order; what cannot be opened stays in its place."""

from __future__ import annotations

import glob
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

from ..errors import ImageError, ImageNotFound, OptionError
from ..images import SUFFIXES
from ..types import Failure

STDIN = "-"
LISTS = (".txt", ".lst")
"""File name endings by which ``scan`` tells a list of pictures from a picture."""
_LONGEST = 2**14


class _Stdin(io.RawIOBase):
    """Standard input under the name the user gave it, read when its turn comes: it may have no end."""

    name = STDIN

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = sys.stdin.buffer.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def pictures(names: Iterable[str]) -> Iterator[str | BinaryIO | Failure]:
    """Paths of pictures (or standard input as a file), with a Failure for each name that leads to none.

    A folder gives the pictures below it, sorted; a file named outright is given whatever its name; a pattern is
    expanded where the shell has not done so.
    """
    for name in names:
        if name == STDIN:
            yield cast(BinaryIO, _Stdin())
        else:
            yield from _found(name)


def listed(names: Iterable[str], lists: Iterable[str], null: bool) -> Iterator[str | Failure]:
    """Paths of pictures as ``pictures`` gives them, but standard input and names that end in ``LISTS`` are lists.

    A list has the path of one picture on each line, taken as it stands: no patterns, no folders, relative to where the
    command runs. Empty lines are passed over. Names are bytes, as the system has them; a carriage return before the
    line break and a byte-order mark at the start are not part of them. lists: files that are lists whatever their
    names. null: names end in a NUL byte instead, and may hold line breaks. Raises OptionError, at the call, where a
    list is no file that can be read.
    """
    named = [(name, name == STDIN or (name.lower().endswith(LISTS) and not os.path.isdir(name))) for name in names]
    named += [(name, True) for name in lists]
    for name, is_list in named:  # asked, not tried: opening and closing a pipe would cut its writer off
        if is_list and name != STDIN and (os.path.isdir(name) or not os.access(name, os.R_OK)):
            raise OptionError(f"{name}: this list cannot be read. Check the path; a folder is named without --list.")
    return (path for name, is_list in named for path in (_lines(name, null) if is_list else _found(name)))


def _lines(name: str, null: bool) -> Iterator[str]:
    """The names in a list, without holding it whole."""
    end, before = (b"\0", b"") if null else (b"\n", b"\r")
    with nullcontext(sys.stdin.buffer) if name == STDIN else open(name, "rb") as file:
        rest = file.read(3).removeprefix(b"\xef\xbb\xbf")
        more = True
        while more:
            chunk = file.read(2**16)
            more = bool(chunk)
            *lines, rest = (rest + (chunk or end)).split(end)  # the end of the file ends the last name, too
            if max(map(len, [*lines, rest])) > _LONGEST:
                raise OptionError(f"{name}: a line in it is longer than any path can be; is this a list?")
            yield from (os.fsdecode(line) for line in (line.removesuffix(before) for line in lines) if line)


def _found(name: str) -> Iterator[str | Failure]:
    if os.path.isdir(name):
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
    """Pictures below a folder; folders that may not be read are told, never passed over.

    Files of other endings, what is no file (a pipe would never end), and folders that are links are passed over.
    """
    denied: list[OSError] = []
    found = 0
    for parent, folders, files in os.walk(folder, onerror=denied.append):
        folders.sort()
        for file in sorted(files):
            path = Path(parent, file)
            if path.suffix.lower() in SUFFIXES and (path.is_file() or not path.exists()):
                found += 1
                yield os.path.join(parent, file)
    for error in denied:
        yield _failure(str(error.filename), f"the folder cannot be read ({error.strerror}).")
    if not found and not denied:
        yield _failure(folder, f"no pictures in this folder (looked for {', '.join(sorted(SUFFIXES))}).")


def _failure(name: str, reason: str) -> Failure:
    error: ImageError = ImageNotFound(name, reason)
    return Failure(name, error)
