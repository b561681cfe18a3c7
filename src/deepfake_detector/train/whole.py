"""Files that a later run goes on from: there whole, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def own(path: Path) -> Path:
    """Where this process writes what becomes ``path`` when it is whole; no other process of this machine does."""
    return path.with_suffix(f".{os.getpid()}.partial")


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Gives ``own(path)``, for the caller to write, and puts that in the path's place when it is done."""
    partial = own(path)
    yield partial
    os.replace(partial, path)
