"""Pictures of pictures: from film, from print, from a screen. Simulated, coarsely, and always as strongly.

What scanning and photographing add is neither a camera's nor a generator's: grain, the dots of a halftone (Ulichney,
Digital Halftoning, 1987), the beat of a screen's stripes with the camera's pixels (Patel, Han and Jain 2016, doi
10.1109/TIFS.2016.2578288). The picture is shrunk to 1,024 pixels first, since no medium shows more of it.
"""

from __future__ import annotations

import cv2
import numpy as np

from ..types import Floats, Pixels

LARGEST = 1024
"""Pixels of the longer side that a medium shows."""
_FINER = 3
"""Points of a medium along a pixel."""
_SCREENS = np.deg2rad([15.0, 75.0, 0.0, 45.0])
"""Angles of the halftones of cyan, magenta, yellow and black."""
_PERIOD = 6.5
"""Points from dot to dot of a halftone."""
_PITCH = 4.6
"""Points from pixel to pixel of a screen, each of a red, a green and a blue stripe."""


def black_and_white(pixels: Pixels) -> Pixels:
    """Grey, in three equal channels."""
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def on_film(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """An old print from film: grey, faded, brownish and grained."""
    grey = 30 + 0.8 * cv2.cvtColor(_shown(pixels), cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey += _grain(grey.shape, 16, 0.8, rng)
    return _as_pixels(grey[:, :, None] * np.array([1.05, 0.98, 0.85], np.float32))


def printed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Printed in four inks on paper a little brown and rough, and scanned slightly turned."""
    shown = _shown(pixels)
    height, width = shown.shape[:2]
    fine = _enlarged(shown, cv2.INTER_CUBIC) / 255
    black = 0.6 * (1 - fine.max(axis=2))
    y, x = np.mgrid[: fine.shape[0], : fine.shape[1]].astype(np.float32) * np.float32(2 * np.pi / _PERIOD)
    page = np.ones_like(fine)
    for ink, angle in enumerate(_SCREENS.astype(np.float32)):
        cover = black if ink == 3 else 1 - fine[:, :, ink] - black
        dots = np.cos(x * np.cos(angle) + y * np.sin(angle)) * np.cos(y * np.cos(angle) - x * np.sin(angle))
        inked = np.clip((cover - 0.5 - 0.41 * dots) * 6 + 0.5, 0, 1)
        if ink == 3:
            page *= 1 - 0.9 * inked[:, :, None]
        else:
            page[:, :, ink] *= 1 - inked
    page = cv2.resize(cv2.GaussianBlur(page, (0, 0), 0.45 * _FINER), (width, height), interpolation=cv2.INTER_AREA)
    paper = page * np.array([0.97, 0.95, 0.9], np.float32) * 255 + _grain((height, width), 2, 1, rng)[:, :, None]
    return _turned(_as_pixels(paper), 0.8)


def on_screen(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Photographed from a screen, slightly turned and a little smaller, as bright in the mean as the picture."""
    shown = _shown(pixels)
    height, width = shown.shape[:2]
    fine = _enlarged(shown, cv2.INTER_NEAREST)
    along, across = (np.arange(side, dtype=np.float32) / _PITCH for side in (fine.shape[1], fine.shape[0]))
    stripes = 0.7 + 0.3 * np.cos(2 * np.pi * (along[:, None] + np.arange(3, dtype=np.float32) / 3))
    lines = 0.95 + 0.05 * np.cos(2 * np.pi * across)
    seen = cv2.GaussianBlur(_turned(_as_pixels(fine * stripes * lines[:, None, None]), 2.5), (0, 0), 0.7)
    size = round(width * 0.93), round(height * 0.93)
    photo = cv2.resize(seen, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    photo *= shown.mean() / max(1.0, photo.mean())
    return _as_pixels(photo + rng.normal(0, 3, photo.shape))


def _shown(pixels: Pixels) -> Pixels:
    scale = LARGEST / max(pixels.shape[:2])
    return (
        pixels if scale >= 1 else np.asarray(cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    )


def _enlarged(pixels: Pixels, kernel: int) -> Floats:
    return np.asarray(cv2.resize(pixels, None, fx=_FINER, fy=_FINER, interpolation=kernel), np.float32)


def _grain(shape: tuple[int, ...], strength: float, size: float, rng: np.random.Generator) -> Floats:
    """Noise of this standard deviation before it is blurred by ``size`` pixels, float32."""
    return np.asarray(cv2.GaussianBlur(rng.normal(0, strength, shape), (0, 0), size), np.float32)


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    """Around the middle, enlarged as far as a picture turned so little needs to fill its frame; edges mirrored."""
    height, width = pixels.shape[:2]
    onto = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.04)
    return np.asarray(
        cv2.warpAffine(pixels, onto, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    )


def _as_pixels(values: np.ndarray) -> Pixels:
    clipped: Pixels = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return clipped
