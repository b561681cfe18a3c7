"""Face swaps as networks paint them, from real pictures alone: a face autoencoder learns them and paints others over.

What deepfakes have in common, whoever made them: a face out of a decoder, blended into a picture that is not of it.
Training as in Perov et al. 2020, "DeepFaceLab" (arXiv 2005.05535): the input is warped at random, the target is the
face as it is; the loss is DSSIM (Wang et al. 2004, doi 10.1109/TIP.2003.819861) and the absolute difference. Departure:
no decoder for each person; a face is painted from its own code, or from one mixed with that of a similar face.
"""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from ..types import Pixels
from .networks.autoencoder import FaceAutoencoder
from .whole import written

BATCH = 16
RATE = 5e-4
SIMILAR = 24
"""A face is mixed with the most similar of so many drawn at random."""
OWN = 1 / 3
"""Share of faces that are painted from their own code."""
MIXED = (0.4, 1.0)
"""How much of the code is the other face's, from least to most, where it is mixed."""
_CHUNK = 256


def teach(
    network: FaceAutoencoder, faces: Pixels, steps: int, seed: int, checkpoint: Path, every: int = 250
) -> FaceAutoencoder:
    """Train on aligned faces, uint8 (n, side, side, 3); returns the network in eval mode.

    Goes on from ``checkpoint`` where there is one. The same seed gives the same batches, stopped or not.
    """
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE, betas=(0.5, 0.999))
    first = 0
    if checkpoint.exists():
        state = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(state["network"])
        optimizer.load_state_dict(state["optimizer"])
        first = state["step"]
    network.train()
    begun, losses = time.monotonic(), []
    for step in range(first, steps):
        rng = np.random.default_rng([seed, step])
        batch = faces[rng.choice(len(faces), BATCH)]
        batch = np.stack([face[:, ::-1] if rng.random() < 0.5 else face for face in batch])
        target, given = _tensor(batch), _tensor(np.stack([warped(face, rng) for face in batch]))
        with torch.autocast("cpu", torch.bfloat16):
            painted = network(given).float()
        loss = functional.l1_loss(painted, target) + _dssim(painted, target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        losses.append(loss.item())
        if (step + 1) % every == 0 or step + 1 == steps:
            state = {"network": network.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
            with written(checkpoint) as partial:
                torch.save(state, partial)
            left = (time.monotonic() - begun) / (step + 1 - first) * (steps - step - 1) / 60
            print(f"step {step + 1}/{steps} loss {np.mean(losses[-every:]):.4f} {left:.1f} min left", flush=True)
    return network.eval()


def warped(face: Pixels, rng: np.random.Generator) -> Pixels:
    """The face, uint8 (side, side, 3), its points moved by a smooth field of 5 by 5 random shifts."""
    side = len(face)
    shifts = rng.normal(0, 0.02 * side, (5, 5, 2)).astype(np.float32)
    field = cv2.resize(shifts, (side, side), interpolation=cv2.INTER_CUBIC)
    grid = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).astype(np.float32) + field
    moved: Pixels = cv2.remap(face, grid[..., 0], grid[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return moved


@torch.inference_mode()
def codes(network: FaceAutoencoder, faces: Pixels) -> np.ndarray:
    """float32 (n, CODE): the codes of aligned faces, uint8 (n, side, side, 3)."""
    parts = [network.encoder(_tensor(faces[at : at + _CHUNK])).numpy() for at in range(0, len(faces), _CHUNK)]
    return np.concatenate(parts)


@torch.inference_mode()
def painted(network: FaceAutoencoder, number: int, known: np.ndarray, rng: np.random.Generator) -> Pixels:
    """Face ``number`` painted anew, uint8 (side, side, 3): from its own code, or from one mixed with a similar face's.

    known: float32 (n, CODE), the codes of all faces. Most similar is the nearest of ``SIMILAR`` others drawn at random,
    so that pose and light fit more or less, as with the frames that a swap is made of.
    """
    code = known[number]
    if rng.random() >= OWN and len(known) > 1:
        others = rng.choice(np.delete(np.arange(len(known)), number), min(SIMILAR, len(known) - 1), replace=False)
        other = known[others[np.argmin(((known[others] - code) ** 2).sum(1))]]
        code = code + np.float32(rng.uniform(*MIXED)) * (other - code)
    values = network.decoder(torch.from_numpy(code[None]))[0].permute(1, 2, 0).numpy()
    return np.asarray(np.rint(values * 255), np.uint8)


def _tensor(faces: Pixels) -> Tensor:
    """uint8 (n, side, side, 3) -> float32 (n, 3, side, side) in [0, 1]."""
    x = torch.from_numpy(np.ascontiguousarray(faces)).permute(0, 3, 1, 2).float().div_(255)
    return x.contiguous(memory_format=torch.channels_last)


def _dssim(a: Tensor, b: Tensor) -> Tensor:
    """(1 - SSIM) / 2 in the mean, with windows of 7 by 7 that count alike."""

    def mean(x: Tensor) -> Tensor:
        return functional.avg_pool2d(x, 7, 1)

    of_a, of_b = mean(a), mean(b)
    spread_a, spread_b, both = mean(a * a) - of_a**2, mean(b * b) - of_b**2, mean(a * b) - of_a * of_b
    structure = (2 * both + 0.0009) / (spread_a + spread_b + 0.0009)
    light = (2 * of_a * of_b + 0.0001) / (of_a**2 + of_b**2 + 0.0001)
    return (1 - (structure * light)).mean() / 2
