"""Whether a picture seems to be one of another picture: a print, a screen, film; or has lost its colours.

Measured on a view, as the members see it: what a scan keeps of paper and is too fine for the view changes no score.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from .types import Floats, Pixels

SIDE = 224
"""Of the view, in pixels."""
_BLOCK = 16
_BORDER = 8
_FINE = 0.12
"""Cycles a pixel from which peaks of the spectrum are looked for; below it they are what the picture shows."""
_AROUND = 11
"""Width of the part of the spectrum whose median a peak stands out of."""
_PEAKS = 12
_STEPS = 20
"""A median of bytes is quick; so many of their steps are one in the logarithm of the spectrum."""
_CLIPPED = 8
"""Grey levels from black and from white where nothing is left of grain."""


@dataclass(frozen=True)
class Medium:
    """pattern: how far the highest peaks of the fine spectrum stand out of what is around them, natural logarithm.

    grain: standard deviation of fine detail in the smoothest part that is neither black nor white, in grey levels.
    colour: standard deviation of the two chromaticities of CIELAB (OpenCV's scale), added as squares.
    """

    pattern: float
    grain: float
    colour: float


def measure(view: Pixels) -> Medium:
    """The medium of a view, RGB uint8 (224, 224, 3).

    Peaks: the ratio to the median around, of the spectrum's amplitude (Aizenberg and Butakoff, Frequency domain
    median-like filter, SPIE 4667, 2002; departure: the twelve largest count, in the mean). Grain: the least of small
    blocks, where the picture itself has the least to show (Meer, Jolion and Rosenfeld 1990, A fast parallel algorithm
    for blind estimation of noise variance; departure: detail between two blurs, so that JPEG's flat blocks keep some).
    """
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)
    chromaticity = cv2.cvtColor(view, cv2.COLOR_RGB2LAB)[:, :, 1:].astype(np.float32).reshape(-1, 2)
    return Medium(_pattern(grey), _grain(grey), float(np.hypot(*chromaticity.std(0))))


def _pattern(grey: Floats) -> float:
    window, fine = _spectral()
    amplitude = np.log1p(np.abs(np.fft.rfft2((grey - grey.mean()) * window))).astype(np.float32)
    stepped = np.clip(amplitude * _STEPS, 0, 255).astype(np.uint8)
    above = amplitude - cv2.medianBlur(stepped, _AROUND).astype(np.float32) / _STEPS
    return float(np.sort(above[fine])[-_PEAKS:].mean())


@cache
def _spectral() -> tuple[Floats, np.ndarray]:
    """The window, and where the spectrum is fine."""
    hann = np.hanning(SIDE).astype(np.float32)
    radius = np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE))
    return np.outer(hann, hann), radius > _FINE


def _grain(grey: Floats) -> float:
    detail = cv2.GaussianBlur(grey, (0, 0), 0.7) - cv2.GaussianBlur(grey, (0, 0), 1.6)
    strength, light = np.sqrt(_means(detail * detail)), _means(grey)
    seen = (light > _CLIPPED) & (light < 255 - _CLIPPED)
    return float(strength[seen].min()) if seen.any() else 0.0


def _means(values: Floats) -> Floats:
    """Of every block, but for the border."""
    inner = values[_BORDER:-_BORDER, _BORDER:-_BORDER]
    count = (SIDE - 2 * _BORDER) // _BLOCK
    return np.asarray(inner.reshape(count, _BLOCK, count, _BLOCK).mean((1, 3)))
