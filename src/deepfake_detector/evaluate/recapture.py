"""Pictures of pictures: from film, from print, from a screen. Simulated, coarsely, and always as strongly.

What scanning and photographing again adds has nothing to do with how a picture was made: grain, the dots of a halftone
(Ulichney, Digital Halftoning, 1987) and what they and a screen's stripes beat to with the pixels that see them (moire;
Patel, Han and Jain 2016, doi 10.1109/TIFS.2016.2578288). Media are drawn with three points along a pixel: a picture
of 1,024 x 1,024 pixels takes some 500 MB for a moment.
"""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np

from ..images import as_pixels
from ..types import Floats, Pixels

_FINER = 3
"""Points of a medium along a pixel."""
_ANGLES = np.deg2rad([15.0, 75.0, 0.0, 45.0]).astype(np.float32)
"""Of the screens of cyan, magenta, yellow and black."""
_PERIOD = 7.0
"""Points from dot to dot of a halftone."""
_CRISP = 12.0
"""How steeply ink ends: over a twelfth of all tones."""
_LEVELS = 1024
"""Heights of a halftone's screen that are told apart."""
_PITCH = 4.6
"""Points from pixel to pixel of a screen, each of a red, a green and a blue stripe."""


def black_and_white(pixels: Pixels) -> Pixels:
    """Grey, in three equal channels."""
    return np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2)


def on_film(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """An old print from film: grey, faded, brownish and grained."""
    grey = 30 + 0.8 * cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey += _grain(grey.shape, 16, 0.8, rng)
    return as_pixels(grey[:, :, None] * np.array([1.05, 0.98, 0.85], np.float32))


def printed(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Printed in four inks, with a little more contrast, on paper a little brown and rough; scanned slightly turned."""
    height, width = pixels.shape[:2]
    fine = _enlarged(pixels, cv2.INTER_LINEAR) / 255
    black = 0.6 * (1 - fine.max(axis=2))  # the rest of what is dark stays with the other inks
    page = np.ones_like(fine)
    for ink, angle in enumerate(_ANGLES):
        if ink == 3:
            page *= 1 - _inked(black, angle)[:, :, None]
        else:
            page[:, :, ink] *= 1 - _inked((1 - fine[:, :, ink] - black) / (1 - black), angle)
    page = cv2.resize(cv2.GaussianBlur(page, (0, 0), 0.45 * _FINER), (width, height), interpolation=cv2.INTER_AREA)
    paper = page * np.array([0.97, 0.95, 0.9], np.float32) * 255 + _grain((height, width), 2, 1, rng)[:, :, None]
    return _turned(as_pixels(paper), 0.8)


def on_screen(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Photographed from a screen, slightly turned and a little smaller; as bright in the mean, but for what clips."""
    height, width = pixels.shape[:2]
    fine = _enlarged(pixels, cv2.INTER_NEAREST)
    along, across = (np.arange(side, dtype=np.float32) / _PITCH for side in (fine.shape[1], fine.shape[0]))
    stripes = 0.7 + 0.3 * np.cos(2 * np.pi * (along[:, None] + np.arange(3, dtype=np.float32) / 3))
    lines = 0.95 + 0.05 * np.cos(2 * np.pi * across)
    seen = cv2.GaussianBlur(_turned(as_pixels(fine * stripes * lines[:, None, None]), 2.5), (0, 0), 0.7)
    size = max(1, round(width * 0.93)), max(1, round(height * 0.93))
    photo = cv2.resize(seen, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    photo *= pixels.mean() / max(1.0, photo.mean())
    return as_pixels(photo + rng.normal(0, 3, photo.shape))


def _inked(cover: Floats, angle: np.float32) -> Floats:
    """Where the dots of one ink lie, 0 to 1, (H, W), so that a share ``cover`` of the paper has ink."""
    y, x = (np.arange(side, dtype=np.float32) * np.float32(2 * np.pi / _PERIOD) for side in cover.shape)
    along = x * np.cos(angle) + y[:, None] * np.sin(angle)
    across = y[:, None] * np.cos(angle) - x * np.sin(angle)
    screen = (np.cos(along) + np.cos(across) + 2) * np.float32((_LEVELS - 1) / 4)
    threshold = _thresholds()[screen.astype(np.int16)]
    return np.asarray(np.clip(cover * (_CRISP + 1) - threshold * _CRISP, 0, 1), np.float32)


@cache
def _thresholds() -> Floats:
    """The share of the paper on which a screen lies below each of its levels, so that all tones are as many dots."""
    half = np.cos(np.linspace(0, np.pi, 1000))
    counts, _ = np.histogram(half[:, None] + half, bins=_LEVELS, range=(-2, 2))
    return np.asarray((np.cumsum(counts) - counts / 2) / counts.sum(), np.float32)


def _enlarged(pixels: Pixels, kernel: int) -> Floats:
    return np.asarray(cv2.resize(pixels, None, fx=_FINER, fy=_FINER, interpolation=kernel), np.float32)


def _grain(shape: tuple[int, ...], strength: float, size: float, rng: np.random.Generator) -> Floats:
    """Noise of this standard deviation before it is blurred by ``size`` pixels, float32."""
    return np.asarray(cv2.GaussianBlur(rng.normal(0, strength, shape), (0, 0), size), np.float32)


def _turned(pixels: Pixels, degrees: float) -> Pixels:
    """Around the middle, and enlarged by 4 %; what stays open at the corners is mirrored."""
    height, width = pixels.shape[:2]
    onto = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1.04)
    return np.asarray(
        cv2.warpAffine(pixels, onto, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)
    )
