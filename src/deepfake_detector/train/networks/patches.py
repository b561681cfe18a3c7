"""A small network on the frozen encoder's patch tokens: what each patch says, and which patches are believed.

Means over all patches (the linear heads) drown a small forged part; here every output weighs the patches by itself, as
attention-based multiple-instance learning does (Ilse et al. 2018, arXiv 1802.04712). Departures: several blocks of the
encoder are read at once; how much the believed patches differ is read beside their mean; a patch's weight can be taken
away from outside, so that an explanation may leave it out.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from ...types import Floats

LEAST = 1e-6
"""A patch that is left out keeps this much of its weight, so that a picture without any patch still has a score."""


class PatchNet(nn.Module):
    """Tokens float (N, 196, 768) of each block, and ``left`` (N, 196) in [0, 1] -> logits (N, 4).

    middle, spread: of the tokens' channels, float32 (blocks, 768). width: numbers a patch is described by.
    Where N is 1 for the tokens and more for ``left``, or the other way round, the one is held against all others.
    """

    middle: Tensor
    spread: Tensor

    def __init__(self, middle: Floats, spread: Floats, width: int = 128, outputs: int = 4, dropout: float = 0.3):
        super().__init__()
        blocks, channels = middle.shape
        self.register_buffer("middle", torch.from_numpy(np.asarray(middle, np.float32)))
        self.register_buffer("spread", torch.from_numpy(np.asarray(spread, np.float32)))
        self.project = nn.ModuleList(nn.Linear(channels, width) for _ in range(blocks))
        self.norm = nn.LayerNorm(blocks * width)
        self.mix = nn.Linear(blocks * width, width)
        self.trust = nn.Linear(width, outputs)
        self.of_mean = nn.Parameter(torch.randn(outputs, width) / width**0.5)
        self.of_spread = nn.Parameter(torch.zeros(outputs, width))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.dropout = dropout

    def forward(self, *inputs: Tensor) -> Tensor:
        """Tokens of each block, then ``left``."""
        *tokens, left = inputs
        parts = [
            project((values - self.middle[block]) / self.spread[block])
            for block, (project, values) in enumerate(zip(self.project, tokens, strict=True))
        ]
        described = self.norm(torch.cat(parts, dim=-1))
        if self.training:  # a channel goes for all patches alike, or the others would tell it
            kept = torch.rand(len(described), 1, described.shape[-1], device=described.device) > self.dropout
            described = described * kept / (1 - self.dropout)
        patches = nn.functional.gelu(self.mix(described)).float()
        believed = self.trust(patches) + torch.log(left.clamp(min=LEAST))[..., None]
        weights = torch.softmax(believed.float(), dim=1).transpose(1, 2)  # (N, outputs, 196)
        mean = weights @ patches
        spread = torch.sqrt((weights @ (patches * patches) - mean * mean).clamp(min=0) + 1e-4)
        return (mean * self.of_mean + spread * self.of_spread).sum(-1) + self.bias
