"""A small network that never sees the picture, only its high-frequency residue at native resolution.

Fixed filters first: three of the spatial rich model's (Fridrich and Kodovsky 2012, as three 5 x 5 kernels in
arXiv 1805.04953), and the neighbouring-pixel relations of Tan et al. 2024 (NPR, arXiv 2312.10461: the picture minus its
half-size nearest-neighbour copy). Departure: both feed one network, and residues are clipped as in the rich model.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SIDE = 192


def _filters() -> Tensor:
    """Three high-pass kernels (3, 1, 5, 5), each with zero sum."""
    kernels = torch.zeros(3, 1, 5, 5)
    kernels[0, 0, 1:4, 1:4] = torch.tensor([[-1.0, 2, -1], [2, -4, 2], [-1, 2, -1]]) / 4
    kernels[1, 0] = (
        torch.tensor(
            [[-1.0, 2, -2, 2, -1], [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], [-1, 2, -2, 2, -1]]
        )
        / 12
    )
    kernels[2, 0, 2, 1:4] = torch.tensor([1.0, -2, 1]) / 2
    return kernels


class _Separable(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.depth = nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False)
        self.point = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.norm(self.point(self.depth(x))))
        return x + y if self.skip else y


class ResidualNet(nn.Module):
    """RGB float (N, 3, 192, 192) in [0, 1] -> logits (N, 4): pooled, swap, gan, generated."""

    limit = 12.0 / 255

    def __init__(self, outputs: int = 4) -> None:
        super().__init__()
        self.register_buffer("filters", _filters().repeat(3, 1, 1, 1))  # 9 1 5 5: three for each channel
        self.stem = nn.Sequential(nn.Conv2d(12, 32, 3, 2, 1, bias=False), nn.BatchNorm2d(32), nn.ReLU())
        widths = (32, 48, 48, 96, 96, 96, 160, 160, 160)
        strides = (1, 1, 2, 1, 1, 2, 1, 1)
        self.body = nn.Sequential(
            *(_Separable(a, b, s) for a, b, s in zip(widths[:-1], widths[1:], strides, strict=True))
        )
        self.head = nn.Linear(2 * widths[-1], outputs)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        filters = self.get_buffer("filters")
        rich = functional.conv2d(x, filters, padding=2, groups=3)  # N 9 192 192
        half = x.reshape(-1, 3, SIDE // 2, 2, SIDE // 2, 2)[:, :, :, 0, :, 0]  # every second pixel each way
        near = torch.stack([half, half], -1).flatten(-2)  # nearest-neighbour, in operations every exporter knows
        near = torch.stack([near, near], -2).flatten(2, 3)
        residue = torch.cat([rich, (x - near) / 2], 1).clamp(-self.limit, self.limit) / self.limit
        x = self.body(self.stem(residue))  # N 160 24 24
        mean = x.mean((2, 3))
        spread = (x - mean[:, :, None, None]).square().mean((2, 3)).add(1e-6).sqrt()
        logits: Tensor = self.head(functional.dropout(torch.cat([mean, spread], 1), 0.2, self.training))
        return logits
