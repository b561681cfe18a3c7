"""What a picture's file is: content, look, and the metadata that may give its label away. Kept on disk, resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import imagehash
import numpy as np
from PIL import Image

from .. import images
from ..errors import ImageError, ImageNotFound, ImageTooSmall
from .pool import in_processes

MIN_SIDE = 32
"""As the detector's: pictures with a shorter side than this, in pixels, cannot be judged, nor learned from."""
_PIECE = 200


@dataclass(frozen=True)
class Facts:
    """sha256: of the file. look: 64-bit perceptual hash (DCT, ``imagehash.phash``) of the upright picture.

    bytes, width, height, format: of the file and the picture in it. table: mean of its JPEG quantisation tables, 0
    where it has none.
    """

    sha256: str
    look: int
    bytes: int
    width: int
    height: int
    format: str
    table: float


@dataclass(frozen=True)
class Unreadable:
    """A picture that was not learned from. error: name of the error's type."""

    source: str
    error: str
    message: str


def facts_of(path: Path) -> Facts:
    """Decode one picture whole. Raises ImageError."""
    picture = images.read(path)
    if min(picture.size) < MIN_SIDE:
        raise ImageTooSmall(str(path), f"{picture.size[0]} x {picture.size[1]} pixels; at least {MIN_SIDE} each way.")
    try:
        data = path.read_bytes()
        with Image.open(path) as header:
            tables = getattr(header, "quantization", None) or {}
    except OSError as error:  # it was read a moment ago: somebody is changing the files
        raise ImageNotFound(str(path), f"changed while it was read ({error}).") from None
    table = float(np.mean([value for values in tables.values() for value in values])) if tables else 0.0
    look = int(str(imagehash.phash(Image.fromarray(picture.pixels))), 16)
    return Facts(hashlib.sha256(data).hexdigest(), look, len(data), *picture.size, picture.format or "", table)


def _piece(paths: list[Path]) -> list[Facts | Unreadable]:
    found: list[Facts | Unreadable] = []
    for path in paths:
        try:
            found.append(facts_of(path))
        except ImageError as error:
            found.append(Unreadable(str(path), type(error).__name__, str(error)))
    return found


def examine(paths: Sequence[Path], folder: Path, processes: int) -> tuple[dict[Path, Facts], list[Unreadable]]:
    """Facts of every picture that can be read, and the others. ``folder`` keeps those of unchanged files.

    What could not be read is tried again every time: the cause may lie outside the file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kept = folder / "examined-2.jsonl"  # 2: files that end too soon are none that can be read
    known: dict[str, Facts | Unreadable] = {}  # by key, then also what cannot be read now
    if kept.exists():
        for line in kept.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:  # the last line, where a run was stopped while it wrote
                continue
            if "facts" in entry:
                known[entry["key"]] = Facts(**entry["facts"])
    keys = {path: _key(path) for path in paths}
    todo = [path for path in paths if keys[path] not in known]
    pieces = [todo[at : at + _PIECE] for at in range(0, len(todo), _PIECE)]
    with open(kept, "a", encoding="utf-8") as file:
        for piece, found in zip(pieces, in_processes(_piece, [(p,) for p in pieces], processes, "files"), strict=True):
            for path, one in zip(piece, found, strict=True):
                known[keys[path]] = one
                if isinstance(one, Facts):
                    file.write(json.dumps({"key": keys[path], "facts": asdict(one)}) + "\n")
            file.flush()
    every = [(path, known[keys[path]]) for path in paths]
    facts = {path: one for path, one in every if isinstance(one, Facts)}
    return facts, [one for _, one in every if isinstance(one, Unreadable)]


def _key(path: Path) -> str:
    """Another key as soon as the file is another one."""
    try:
        state = path.stat()
    except OSError:
        return f"{path}|missing"
    return f"{path}|{state.st_size}|{state.st_mtime_ns}"
