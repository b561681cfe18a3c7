"""What happens to a picture on its way to a user: resized, cropped, blurred, recoloured, compressed again.

Pre-processing and augmentation outweigh the network for pictures in circulation ("Navigating the challenges of
AI-generated image detection in the wild", arXiv 2507.10236). Reals and fakes pass the same operations.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from ..evaluate.corruptions import recompressed, scaled
from ..types import Pixels

_KERNELS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)


def degraded(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A random history of handling; one picture in four keeps its own pixels (but for a mirror image)."""
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    if rng.random() < 0.25:
        return pixels
    if rng.random() < 0.25:
        height, width = pixels.shape[:2]
        h, w = (max(24, round(n * rng.uniform(0.75, 1))) for n in (height, width))
        y, x = rng.integers(0, max(1, height - h + 1)), rng.integers(0, max(1, width - w + 1))
        pixels = np.ascontiguousarray(pixels[y : y + h, x : x + w])
    if rng.random() < 0.45:
        shrink = min(pixels.shape[:2]) > 110
        factor = np.exp(rng.uniform(np.log(0.4 if shrink else 0.8), np.log(1.5)))
        pixels = scaled(pixels, float(factor), _KERNELS[rng.integers(len(_KERNELS))])
    if rng.random() < 0.2:
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.3, 1.4)))
    if rng.random() < 0.25:
        gain, offset, gamma = rng.uniform(0.8, 1.2), rng.uniform(-18, 18), rng.uniform(0.8, 1.25)
        curve = np.clip(((np.arange(256) / 255) ** gamma) * 255 * gain + offset, 0, 255).astype(np.uint8)
        pixels = curve[pixels]
    if rng.random() < 0.1:
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None]
        pixels = cv2.addWeighted(pixels, 0.0, np.repeat(grey, 3, axis=2), 1.0, 0)
    if rng.random() < 0.15:
        noise = rng.normal(0, rng.uniform(1, 7), pixels.shape)
        pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    for chance in (0.7, 0.2):  # once compressed, sometimes twice
        if rng.random() < chance:
            webp, subsampling = rng.random() < 0.2, int(rng.choice([0, 2]))
            pixels = recompressed(pixels, int(rng.integers(30, 96)), webp, subsampling)
    return pixels
