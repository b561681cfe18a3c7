"""What happens to a picture on its way to a user: resized, cropped, blurred, recoloured, compressed again.

``degraded`` is what handling takes away; ``processed`` what phones, editors and the codecs of recent phones and videos
make of it.

Pre-processing and augmentation outweigh the network for pictures in circulation ("Navigating the challenges of
AI-generated image detection in the wild", arXiv 2507.10236). Reals and fakes pass the same operations.
"""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image

from ..evaluate.corruptions import recompressed, saved, scaled
from ..types import Pixels

_KERNELS = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.LANCZOS, Image.Resampling.BOX)
_MOTION = 7
"""Pixels that a shaken picture is smeared over, at most."""


def degraded(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A random history of handling; one picture in four keeps its own pixels (but for a mirror image)."""
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    if rng.random() < 0.25:
        return pixels
    pixels = _framed(pixels, rng, crop=(0.25, 0.75), scale=(0.45, 0.4, 1.5))
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


def processed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A random history of processing: sizes, white balance, colour, denoising, sharpening, shake, grain, codec.

    AVIF stands for the intra-coded frames of video too, whose block transforms and loop filters are of its kind.
    """
    if rng.random() < 0.5:
        pixels = np.ascontiguousarray(pixels[:, ::-1])
    pixels = _framed(pixels, rng, crop=(0.3, 0.65), scale=(0.6, 0.35, 2))
    if rng.random() < 0.25:
        pixels = cv2.bilateralFilter(pixels, 5, float(rng.uniform(8, 40)), float(rng.uniform(1, 4)))
    if rng.random() < 0.1:
        pixels = _shaken(pixels, int(rng.integers(2, _MOTION + 1)), float(rng.uniform(0, np.pi)))
    if rng.random() < 0.4:
        pixels = _recoloured(pixels, rng.uniform(0.88, 1.12, 3), float(rng.uniform(0.4, 1.5)))
    if rng.random() < 0.3:
        gain, gamma = rng.uniform(0.75, 1.25), rng.uniform(0.7, 1.4)
        curve = np.clip((((np.arange(256) / 255) ** gamma - 0.5) * gain + 0.5) * 255, 0, 255).astype(np.uint8)
        pixels = curve[pixels]
    if rng.random() < 0.35:
        amount, soft = float(rng.uniform(0.3, 1.5)), cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.6, 2)))
        pixels = cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0)
    if rng.random() < 0.2:  # grain: the same in all channels, and not finer than a sensor's after demosaicing
        grain = cv2.GaussianBlur(
            rng.normal(0, rng.uniform(2, 14), pixels.shape[:2]), (0, 0), float(rng.uniform(0.4, 1))
        )
        pixels = np.clip(pixels + grain[:, :, None], 0, 255).astype(np.uint8)
    if rng.random() < 0.5:
        pixels = saved(pixels, "AVIF", quality=int(rng.integers(25, 86)), speed=9, max_threads=1)
    elif rng.random() < 0.8:
        pixels = recompressed(pixels, int(rng.integers(30, 96)), subsampling=int(rng.choice([0, 2])))
    if rng.random() < 0.35:  # and shared
        pixels = recompressed(pixels, int(rng.integers(50, 96)))
    return pixels


def _framed(
    pixels: Pixels, rng: np.random.Generator, crop: tuple[float, float], scale: tuple[float, float, float]
) -> Pixels:
    """Perhaps cropped, perhaps resized. crop: how often, least share of a side kept; scale: how often, from, to."""
    if rng.random() < crop[0]:
        height, width = pixels.shape[:2]
        h, w = (max(24, round(n * rng.uniform(crop[1], 1))) for n in (height, width))
        y, x = rng.integers(0, max(1, height - h + 1)), rng.integers(0, max(1, width - w + 1))
        pixels = np.ascontiguousarray(pixels[y : y + h, x : x + w])
    if rng.random() < scale[0]:
        shrink = min(pixels.shape[:2]) > 110
        factor = np.exp(rng.uniform(np.log(scale[1] if shrink else 0.8), np.log(scale[2])))
        pixels = scaled(pixels, float(factor), _KERNELS[rng.integers(len(_KERNELS))])
    return pixels


def _shaken(pixels: Pixels, length: int, angle: float) -> Pixels:
    """Smeared along a line of ``length`` pixels at ``angle`` (radians)."""
    kernel = np.zeros((_MOTION * 2 + 1, _MOTION * 2 + 1), np.float32)
    for step in np.linspace(-length / 2, length / 2, 4 * length):
        kernel[round(_MOTION + step * np.sin(angle)), round(_MOTION + step * np.cos(angle))] = 1
    return np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8)


def _recoloured(pixels: Pixels, gains: np.ndarray, saturation: float) -> Pixels:
    """White balance by ``gains`` (3,), and colours so far from grey."""
    balanced = pixels * gains.astype(np.float32)
    grey = balanced @ np.array([0.299, 0.587, 0.114], np.float32)
    changed = grey[:, :, None] + saturation * (balanced - grey[:, :, None])
    return np.clip(changed, 0, 255).astype(np.uint8)
