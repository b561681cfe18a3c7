"""What happens to a picture between the one who made it and the one who checks it, as pure functions of its pixels.

A ``Corruption`` has a name, and gives the same pixels for the same picture and seed. Strengths cover what is met in
circulation; the chains follow what services are seen to do with uploads (shorter side to 1080 or 720, JPEG quality
70 to 80) and are not any one company's, or take a picture of the picture. "q60@768" means: longer side at most 768,
then JPEG of quality 60.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image

from ..images import as_pixels, read
from ..types import Pixels
from . import recapture

Change = Callable[[Pixels, np.random.Generator], Pixels]


def saved(pixels: Pixels, file_format: str, **options: int) -> Pixels:
    """Through a file of Pillow's ``file_format`` and back; options: as its encoder takes them."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return read(buffer.getvalue(), max_pixels=pixels.size).pixels


def recompressed(pixels: Pixels, quality: int, webp: bool = False, subsampling: int = 2) -> Pixels:
    """Through JPEG (or WebP) and back. quality: 1-100; subsampling: 0 = 4:4:4, 2 = 4:2:0 (JPEG only)."""
    if webp:
        return saved(pixels, "WEBP", quality=quality)
    return saved(pixels, "JPEG", quality=quality, subsampling=subsampling)


def scaled(pixels: Pixels, factor: float, kernel: Image.Resampling) -> Pixels:
    """Resized by ``factor`` with one of Pillow's kernels; no side falls below 24 pixels."""
    height, width = pixels.shape[:2]
    size = (max(24, round(width * factor)), max(24, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, kernel))


def at_most(pixels: Pixels, side: int, shorter: bool = False) -> Pixels:
    """Shrunk (bicubic) until the longer side, or the shorter, is at most ``side`` pixels; never enlarged."""
    found = min(pixels.shape[:2]) if shorter else max(pixels.shape[:2])
    return pixels if found <= side else scaled(pixels, side / found, Image.Resampling.BICUBIC)


def cropped(pixels: Pixels, keep: float) -> Pixels:
    """The middle: a share ``keep`` of each side."""
    height, width = pixels.shape[:2]
    h, w = max(1, round(height * keep)), max(1, round(width * keep))
    y, x = (height - h) // 2, (width - w) // 2
    return np.ascontiguousarray(pixels[y : y + h, x : x + w])


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    """Gaussian, standard deviation in pixels."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def noisy(pixels: Pixels, sigma: float, rng: np.random.Generator) -> Pixels:
    """Gaussian noise, independent for each value; standard deviation in grey levels of 255."""
    return as_pixels(pixels + rng.normal(0, sigma, pixels.shape))


def brightened(pixels: Pixels, offset: float) -> Pixels:
    """``offset`` grey levels added, clipped to 0-255."""
    return np.asarray(np.clip(pixels.astype(np.float32) + offset, 0, 255), np.uint8)


@dataclass(frozen=True)
class Corruption:
    """One way a picture is changed. family: the curve it is a point of; strength: where on it (the family's unit).

    Calling it gives RGB uint8 (H', W', 3) from RGB uint8 (H, W, 3). Chance (noise, grain) depends on ``seed`` and on
    the picture's own pixels, so neither the order of the pictures nor their number matters.
    """

    name: str
    family: str
    strength: float
    change: Change

    def __call__(self, pixels: Pixels, seed: int = 0) -> Pixels:
        """The changed pixels."""
        rng = np.random.default_rng((seed, zlib.crc32(np.ascontiguousarray(pixels).data)))
        return self.change(pixels, rng)

    def __repr__(self) -> str:
        return f"Corruption({self.name!r})"


UNITS = {
    "JPEG": "quality",
    "double JPEG": "quality of the first, the second has 75",
    "WebP": "quality",
    "resize": "% of each side",
    "centre crop": "% of each side kept",
    "blur": "standard deviation in pixels",
    "noise": "standard deviation in grey levels",
    "brightness": "grey levels added",
}
"""Family -> what its strength counts. Chains have none: they are told one by one."""

CHAINS = "chain"


def _family(family: str, strengths: tuple[float, ...], change: Callable[[Pixels, float], Pixels]) -> list[Corruption]:
    def at(strength: float) -> Change:
        return lambda pixels, rng: change(pixels, strength)  # noqa: ARG005  most changes leave nothing to chance

    return [Corruption(f"{family} {strength:g}", family, strength, at(strength)) for strength in strengths]


def _noise(sigma: float) -> Corruption:
    return Corruption(f"noise {sigma:g}", "noise", sigma, lambda pixels, rng: noisy(pixels, sigma, rng))


def _chain(name: str, change: Callable[[Pixels], Pixels]) -> Corruption:
    return Corruption(name, CHAINS, 0.0, lambda pixels, rng: change(pixels))  # noqa: ARG005


def _recaptured(name: str, change: Change) -> Corruption:
    return Corruption(name, CHAINS, 0.0, lambda p, rng: recompressed(change(at_most(p, 1024), rng), 88))


def _screenshot(pixels: Pixels) -> Pixels:
    """Shown smaller on a screen, captured without loss (PNG changes no pixel), sent on as JPEG."""
    return recompressed(scaled(pixels, 0.8, Image.Resampling.BILINEAR), 85)


CURVES: tuple[Corruption, ...] = (
    *_family("JPEG", (30, 40, 50, 60, 70, 80, 90, 95), lambda p, q: recompressed(p, int(q))),
    *_family("double JPEG", (30, 50, 70, 90, 95), lambda p, q: recompressed(recompressed(p, int(q)), 75)),
    *_family("WebP", (30, 50, 70, 90), lambda p, q: recompressed(p, int(q), webp=True)),
    *_family("resize", (25, 50, 75, 150, 200), lambda p, s: scaled(p, s / 100, Image.Resampling.BICUBIC)),
    *_family("centre crop", (50, 70, 90), lambda p, s: cropped(p, s / 100)),
    *_family("blur", (0.5, 1, 2, 4), blurred),
    *(_noise(sigma) for sigma in (2, 5, 10, 20)),
    *_family("brightness", (-60, -30, 30, 60), brightened),
)
"""Single changes, weakest and strongest as far as pictures in circulation go."""

CONDITIONS: tuple[Corruption, ...] = (
    _chain("q60@768", lambda p: recompressed(at_most(p, 768), 60)),
    _chain("q40@512", lambda p: recompressed(at_most(p, 512), 40)),
)
"""Two conditions with short names, to quote figures by."""

_CHAIN_OF_HANDLING: tuple[Corruption, ...] = (
    _chain("network 1080", lambda p: recompressed(at_most(p, 1080, shorter=True), 80)),
    _chain("network 720", lambda p: recompressed(at_most(p, 720, shorter=True), 70)),
    _chain("messenger", lambda p: recompressed(at_most(p, 1600), 70)),
    _chain("messenger twice", lambda p: recompressed(recompressed(at_most(p, 1600), 70), 70)),
    _chain("screenshot", _screenshot),
)

RECAPTURED: tuple[Corruption, ...] = (
    _chain("black and white", lambda p: recompressed(recapture.black_and_white(p), 88)),
    _recaptured("old print", recapture.on_film),
    _recaptured("halftone scan", recapture.printed),
    _recaptured("photo of a screen", recapture.on_screen),
)
"""Without colours, and pictures of pictures (``recapture``), longer side at most 1,024; saved as JPEG of 88."""

ALL: tuple[Corruption, ...] = (*CURVES, *_CHAIN_OF_HANDLING, *RECAPTURED, *CONDITIONS)


def named(name: str) -> Corruption:
    """The corruption of that name. Raises KeyError."""
    return {corruption.name: corruption for corruption in ALL}[name]


RE_ENCODINGS: tuple[Corruption, ...] = tuple(
    named(name)
    for name in (
        "JPEG 95",
        "JPEG 80",
        "JPEG 60",
        "WebP 70",
        "double JPEG 90",
        "network 1080",
        "network 720",
        "messenger",
        "screenshot",
        "q60@768",
    )
)
"""Ten harmless histories: none should turn a verdict round."""
