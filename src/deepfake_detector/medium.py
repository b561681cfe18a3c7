"""Whether a picture seems to be one of a print or a screen, or has no colours of its own.

Measured on a view, as the encoder's members see it: dots that are too fine for the view are not seen here either.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from .types import Floats, Pixels

SIDE = 224
"""Of the view, in pixels."""
_FINE = 0.12
"""Cycles a pixel from which peaks of the spectrum are looked for; below it they are what the picture shows."""
_AXES = 2.5
"""Cycles a view within which a frequency counts as along an axis."""
_AROUND = 11
"""Width of the part of the spectrum whose median a peak stands out of."""
_PEAKS = 24
"""The spectrum shows each of twelve waves twice."""
_STEPS = 20
"""A median of bytes is quick; so many of their steps are one in the logarithm of the spectrum."""
_TONES = 64
"""Parts of the range of lightness."""
_SPOT = 7
"""Pixels over which colours are averaged: grain, and what JPEG leaves of it, is no colour."""
_OF_ALL = 8
"""How many times as much colours may differ with lightness as they may at the same."""
_FLAT = 1.0
"""Standard deviation of lightness below which there is nothing to have a colour."""


@dataclass(frozen=True)
class Medium:
    """pattern: how far the highest peaks of the fine spectrum stand out of what is around them, natural logarithm.

    colour: standard deviation of CIELAB's two chromaticities (OpenCV's scale) among spots as light as each other, added
    as squares, or an eighth of that among all spots if that is more; infinite where a view is flat. What is toned all
    over, as sepia is, has hardly more than what is grey; what is dark blue and bright yellow has.
    """

    pattern: float
    colour: float


def measure(view: Pixels) -> Medium:
    """The medium of a view, RGB uint8 (224, 224, 3).

    Peaks: the ratio to the median around, of the spectrum's amplitude (Aizenberg and Butakoff, Frequency domain
    median-like filter, SPIE 4667, 2002). Departures: the twelve largest count, in the mean; and none along the axes,
    where the blocks of JPEG and the grids of generators have theirs, so upright stripes are not seen either.
    """
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY).astype(np.float32)
    lab = cv2.cvtColor(view, cv2.COLOR_RGB2LAB).astype(np.float32)
    return Medium(_pattern(grey), _colour(cv2.blur(lab, (_SPOT, _SPOT))))


def _pattern(grey: Floats) -> float:
    window, seen = _spectral()
    amplitude = np.log1p(np.abs(np.fft.fft2((grey - grey.mean()) * window))).astype(np.float32)
    stepped = np.pad(np.clip(amplitude * _STEPS, 0, 255).astype(np.uint8), _AROUND // 2, mode="wrap")
    inner = slice(_AROUND // 2, -(_AROUND // 2))
    around = cv2.medianBlur(stepped, _AROUND)[inner, inner].astype(np.float32) / _STEPS
    return float(np.partition((amplitude - around)[seen], -_PEAKS)[-_PEAKS:].mean())


@cache
def _spectral() -> tuple[Floats, np.ndarray]:
    """The window, and where in the spectrum peaks are looked for."""
    hann = np.hanning(SIDE).astype(np.float32)
    frequency = np.abs(np.fft.fftfreq(SIDE))
    apart = frequency > _AXES / SIDE
    return np.outer(hann, hann), (np.hypot(frequency[:, None], frequency) > _FINE) & np.outer(apart, apart)


def _colour(lab: Floats) -> float:
    lightness, chromaticities = lab[:, :, 0].ravel(), lab[:, :, 1:].reshape(-1, 2)
    if lightness.std() < _FLAT:
        return math.inf
    tone = lightness.astype(np.int64) * _TONES // 256
    count = np.maximum(np.bincount(tone, minlength=_TONES), 1)
    means = np.stack([np.bincount(tone, values, minlength=_TONES) / count for values in chromaticities.T], axis=1)
    beside, among_all = ((chromaticities - of).std(0) for of in (means[tone], 0))
    return float(max(np.hypot(*beside), np.hypot(*among_all) / _OF_ALL))
