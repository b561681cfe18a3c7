"""The bytes of what a user calls a picture: a path, a pipe, bytes, or a file object. Nothing is decoded here."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import numpy as np
from PIL import Image

from .errors import ImageError, ImageNotFound, ImageTooLarge, ImageUnreadable

if TYPE_CHECKING:
    ImageSource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | np.ndarray
else:
    ImageSource = Any

MAX_BYTES = 1 << 29
"""Largest file that is read, in bytes (512 MiB; 120 million pixels of 8-bit RGB, uncompressed, fit in)."""

_PIECE = 1 << 20
_PATIENCE = 2.0
"""Seconds that a named pipe may have nobody who writes to it. A batch must not wait for ever."""


def whole_file(source: ImageSource) -> tuple[io.BytesIO, str]:
    """The bytes of a path, bytes or a binary file object, and what to call them; nothing is decoded.

    Raises ImageNotFound, ImageUnreadable (also for pixels handed over) or ImageTooLarge.
    """
    if isinstance(source, (bytes, bytearray, memoryview)):
        return io.BytesIO(bytes(source)), "bytes"
    if isinstance(source, (str, os.PathLike)):
        name = os.fsdecode(os.fspath(source))
        return _open(name), name
    if hasattr(source, "read"):
        name = str(getattr(source, "name", "stream"))
        try:
            file = cast(IO[bytes], source)
            data = limited(file, name)
            if not data and getattr(file, "seekable", bool)():  # it was read before, or written to
                file.seek(0)
                data = limited(file, name)
        except ImageError:
            raise
        except Exception as error:  # whatever the object's own code raises, of a zip or a network for one
            raise ImageUnreadable(name, f"the file object cannot be read ({type(error).__name__}: {error}).") from None
        return io.BytesIO(data), name
    raise ImageUnreadable(
        type(source).__name__,
        "expected a path, bytes, a binary file object, a PIL image or a uint8 array of shape (H, W, 3).",
    )


def _open(name: str) -> io.BytesIO:
    try:
        if Path(name).is_fifo():
            return io.BytesIO(_piped(name))
        with open(name, "rb") as file:
            return io.BytesIO(limited(file, name))
    except FileNotFoundError:
        fetched = " Addresses are not fetched: save the picture first." if "://" in name else " Check the path."
        raise ImageNotFound(name, f"no such file.{fetched}") from None
    except IsADirectoryError:
        raise ImageNotFound(name, "this is a folder. Name a picture; the command line also takes folders.") from None
    except PermissionError:
        raise ImageNotFound(name, "no permission to read this file.") from None
    except (OSError, ValueError) as error:  # name too long, embedded NUL, device errors
        raise ImageNotFound(name, f"could not be opened ({error}).") from None


def _piped(name: str) -> bytes:
    """All that comes through a named pipe, once somebody has opened it for writing."""
    with open(os.open(name, os.O_RDONLY | os.O_NONBLOCK), "rb", buffering=0) as pipe:
        until = time.monotonic() + _PATIENCE
        while (first := pipe.read(_PIECE)) == b"":  # nobody writes; None: somebody does, and has nothing yet
            if time.monotonic() > until:
                raise ImageNotFound(name, "this is a named pipe that nobody writes to.")
            time.sleep(0.02)
        os.set_blocking(pipe.fileno(), True)
        return (first or b"") + limited(pipe, name)


def limited(file: IO[bytes], name: str) -> bytes:
    """All of a file, in pieces: a device or a pipe may never end."""
    data = bytearray()
    while piece := file.read(_PIECE):
        if not isinstance(piece, (bytes, bytearray)):
            raise ImageUnreadable(name, "the file object gives text; open it with mode 'rb'.")
        data += piece
        if len(data) > MAX_BYTES:
            raise ImageTooLarge(
                name, f"the file has more than {MAX_BYTES:,} bytes. Save it compressed, or scale it down."
            )
    return bytes(data)
