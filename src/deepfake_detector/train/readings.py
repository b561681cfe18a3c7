"""What a network reads of a view: pixels, or the encoder's patch tokens; while it learns, and as a graph in service."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..models.session import LEFT
from . import ask, export
from .patches import OUTPUTS, Kept, in_full


class Reading(Protocol):
    """One way of reading the views of a store."""

    def batch(self, numbers: np.ndarray, rng: np.random.Generator | None = None) -> tuple[Tensor, ...]:
        """A network's arguments for the views of these numbers; varied at random where a generator is given."""
        ...

    def export(self, network: nn.Module) -> bytes:
        """The network as an ONNX graph."""
        ...

    def feeds(self, numbers: Iterable[int]) -> Iterator[ask.Feed]:
        """What that graph reads of these views, one at a time."""
        ...

    def key(self) -> object:
        """What tells one way of reading from another, as plain JSON types."""
        ...


class Pictures:
    """float32 (n, 3, side, side) of a store's uint8 (all, side, side, 3), normalised by mean and std.

    Varied: mirrored, and cropped a little. zoom: smallest side of a random crop, 1 for none.
    """

    def __init__(
        self, pixels: np.ndarray, mean: tuple[float, float, float], std: tuple[float, float, float], zoom: float = 1.0
    ) -> None:
        self.pixels, self.mean, self.std, self.zoom = pixels, mean, std, zoom

    def batch(self, numbers: np.ndarray, rng: np.random.Generator | None = None) -> tuple[Tensor, ...]:
        """See ``Reading``."""
        x = torch.from_numpy(np.stack([self.pixels[i] for i in numbers])).permute(0, 3, 1, 2).float().div_(255)
        x = ((x - torch.tensor(self.mean)[:, None, None]) / torch.tensor(self.std)[:, None, None]).contiguous()
        return (x if rng is None else self._varied(x, rng),)

    def _varied(self, x: Tensor, rng: np.random.Generator) -> Tensor:
        flips = torch.from_numpy(rng.random(len(x)) < 0.5)
        x[flips] = x[flips].flip(3)
        if self.zoom < 1:
            side = x.shape[-1]
            for i in range(len(x)):
                if rng.random() < 0.5:
                    size = int(side * rng.uniform(self.zoom, 1))
                    top, left = rng.integers(0, side - size + 1, 2)
                    part = x[i : i + 1, :, top : top + size, left : left + size]
                    x[i] = functional.interpolate(part, size=(side, side), mode="bilinear", align_corners=False)[0]
        return x

    def export(self, network: nn.Module) -> bytes:
        """See ``Reading``."""
        return export.export(network, export.pictures(self.pixels.shape[1]))

    def feeds(self, numbers: Iterable[int]) -> Iterator[ask.Feed]:
        """See ``Reading``."""
        return ask.pictures(self.pixels, numbers, self.mean, self.std)

    def key(self) -> object:
        """See ``Reading``."""
        return [*self.mean, *self.std, self.zoom]


class Patches:
    """float32 (n, 196, 768) for each of ``patches.OUTPUTS``, and float32 (n, 196): how much of each patch counts.

    Varied: in half of the views, up to half of the patches are left out, as explanations do.
    """

    def __init__(self, kept: Kept) -> None:
        self.kept = kept

    def batch(self, numbers: np.ndarray, rng: np.random.Generator | None = None) -> tuple[Tensor, ...]:
        """See ``Reading``."""
        eighths, scales = (torch.from_numpy(array) for array in self.kept.take(numbers))
        tokens = eighths.float().mul_(scales[..., :1, :].float()).add_(scales[..., 1:, :].float())
        left = np.ones((len(tokens), tokens.shape[2]), np.float32)
        if rng is not None:
            share = rng.uniform(0, 0.5, len(left)) * (rng.random(len(left)) < 0.5)
            left[rng.random(left.shape) < share[:, None]] = 0
        return (*tokens.unbind(1), torch.from_numpy(left))

    def export(self, network: nn.Module) -> bytes:
        """See ``Reading``. The graph need not be told how much of each patch counts: all of each is the default."""
        *tokens, left = self.batch(np.zeros(1, int))
        left[:, ::3] = 0.5
        return export.export(network, {**dict(zip(OUTPUTS, tokens, strict=True)), LEFT: left}, optional=LEFT)

    def feeds(self, numbers: Iterable[int]) -> Iterator[ask.Feed]:
        """See ``Reading``."""
        for number in numbers:
            tokens = in_full(*self.kept.take([number]))
            yield [tokens[:, block] for block in range(tokens.shape[1])]

    def key(self) -> object:
        """See ``Reading``."""
        return list(OUTPUTS)
