"""A face autoencoder as classical deepfakes have it: an encoder, a code, and a decoder that paints the face anew.

The shape is that of the first public face swaps (described by Rössler et al. 2019, "FaceForensics++", arXiv 1901.08971,
and Perov et al. 2020, "DeepFaceLab", arXiv 2005.05535): strided convolutions down, a dense code, upsampling back.
Departure: one decoder for all people, so that codes of two faces can be mixed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Literal

from torch import Tensor, nn

Upsampling = Literal["shuffle", "transposed", "nearest"]
CODE = 256


class FaceAutoencoder(nn.Module):
    """RGB float (N, 3, side, side) in [0, 1] -> the same again. side: a multiple of 16; width: channels at full size.

    upsampling: "shuffle" (sub-pixel, arXiv 1609.05158), "transposed" (convolution of 4 by stride 2) or "nearest"
    (enlarged, then a convolution): each leaves traces of its own (arXiv 1907.06515).
    """

    def __init__(self, side: int, upsampling: Upsampling, width: int) -> None:
        super().__init__()
        down = (3, width, 2 * width, 4 * width, 8 * width)
        up = (8 * width, 4 * width, 2 * width, width, width)
        small = side // 16
        self.encoder = nn.Sequential(
            *(nn.Sequential(nn.Conv2d(a, b, 5, 2, 2), nn.LeakyReLU(0.1)) for a, b in pairwise(down)),
            nn.Flatten(),
            nn.Linear(down[-1] * small**2, CODE),
        )
        self.decoder = nn.Sequential(
            nn.Linear(CODE, up[0] * small**2),
            nn.Unflatten(1, (up[0], small, small)),
            *(nn.Sequential(_twice(upsampling, a, b), nn.LeakyReLU(0.1)) for a, b in pairwise(up)),
            nn.Conv2d(width, 3, 3, 1, 1),
            nn.Sigmoid(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        painted: Tensor = self.decoder(self.encoder(x))
        return painted


def _twice(upsampling: Upsampling, inputs: int, outputs: int) -> nn.Module:
    """A layer that doubles height and width."""
    if upsampling == "shuffle":
        return nn.Sequential(nn.Conv2d(inputs, 4 * outputs, 3, 1, 1), nn.PixelShuffle(2))
    if upsampling == "transposed":
        return nn.ConvTranspose2d(inputs, outputs, 4, 2, 1)
    return nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1))
