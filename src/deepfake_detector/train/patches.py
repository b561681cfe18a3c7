"""The encoder's patch tokens of a store of views, kept in 8 bits: what the token network learns from.

In full they would take 1.8 MB a view. Each channel of each view has a step of its own, so that rounding moves a token
by at most 1/510 of what the channel spans in that view.
"""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..types import Floats
from .encoder import TOKEN_BLOCKS

OUTPUTS = tuple(f"tokens_{block:02d}" for block in TOKEN_BLOCKS)
"""Names of the encoder's outputs that are kept, in order."""
_TOKENS, _SCALES = "tokens-{:06d}.npy", "scales-{:06d}.npy"


def in_eight_bits(tokens: Floats) -> tuple[np.ndarray, np.ndarray]:
    """float32 (..., 196, 768) -> int8 of that shape, and float16 (..., 2, 768): each channel's step and middle."""
    low, high = tokens.min(-2, keepdims=True), tokens.max(-2, keepdims=True)
    scales = np.concatenate([(high - low) / 254, (high + low) / 2], axis=-2).astype(np.float16)
    step, middle = (scales[..., i : i + 1, :].astype(np.float32) for i in (0, 1))
    steps = np.rint((tokens - middle) / np.maximum(step, np.float32(1e-7)))
    return np.clip(steps, -127, 127).astype(np.int8), scales


def write(folder: Path, first: int, tokens: Floats) -> None:
    """Keep the tokens of a piece of views that begins with number ``first``: float32 (n, blocks, 196, 768)."""
    eighths, scales = in_eight_bits(tokens)
    for name, array in ((_TOKENS, eighths), (_SCALES, scales)):
        partial = folder / f"{name.format(first)}.partial"
        with open(partial, "wb") as file:
            np.save(file, array)
        os.replace(partial, folder / name.format(first))


class Kept:
    """The tokens that ``write`` kept in ``folder``, mapped from disk."""

    def __init__(self, folder: Path) -> None:
        self._firsts = sorted(int(path.stem.removeprefix("tokens-")) for path in folder.glob("tokens-*.npy"))
        self._tokens = [np.load(folder / _TOKENS.format(first), mmap_mode="r") for first in self._firsts]
        self._scales = [np.load(folder / _SCALES.format(first), mmap_mode="r") for first in self._firsts]

    def take(self, numbers: Sequence[int] | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of these views: int8 (n, blocks, 196, 768) and float16 (n, blocks, 2, 768), as ``in_eight_bits`` gives."""
        places = [bisect_right(self._firsts, int(number)) - 1 for number in numbers]
        rows = [(place, int(number) - self._firsts[place]) for place, number in zip(places, numbers, strict=True)]
        return (
            np.stack([self._tokens[place][row] for place, row in rows]),
            np.stack([self._scales[place][row] for place, row in rows]),
        )


def in_full(eighths: np.ndarray, scales: np.ndarray) -> Floats:
    """The inverse of ``in_eight_bits``, but for rounding."""
    step, middle = (scales[..., i : i + 1, :].astype(np.float32) for i in (0, 1))
    return np.asarray(eighths * step + middle, np.float32)
