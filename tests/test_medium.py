"""What a picture was taken of: measured on pictures that code recaptured."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from deepfake_detector.evaluate.corruptions import RE_ENCODINGS, named
from deepfake_detector.faces.crop import centre
from deepfake_detector.medium import SIDE, Medium, measure
from deepfake_detector.models.preprocess import resized
from deepfake_detector.types import Pixels


def seen(pixels: Pixels) -> Medium:
    return measure(resized(pixels, centre((pixels.shape[1], pixels.shape[0])), SIDE))


@pytest.fixture(scope="module")
def small(hopper: Pixels) -> Pixels:
    """Of the size at which a view sees single dots."""
    return np.asarray(Image.fromarray(hopper).resize((300, 350), Image.Resampling.LANCZOS))


@pytest.mark.parametrize("name", ["halftone scan", "photo of a screen"])
def test_prints_and_screens_show_a_pattern(small: Pixels, name: str) -> None:
    assert seen(named(name)(small)).pattern > 1.5 * seen(small).pattern


def test_a_print_from_film_shows_grain_and_little_colour(small: Pixels) -> None:
    before, after = seen(small), seen(named("old print")(small))
    assert after.grain > 2 * before.grain
    assert after.colour < 0.5 * before.colour


def test_without_colours(small: Pixels) -> None:
    assert seen(named("black and white")(small)).colour == 0
    assert seen(small).colour > 5


@pytest.mark.parametrize("change", RE_ENCODINGS, ids=repr)
def test_a_re_encoding_makes_no_pattern(small: Pixels, change: object) -> None:
    assert callable(change)
    assert seen(change(small)).pattern < 1.3 * seen(small).pattern


def test_waves_by_hand() -> None:
    """One wave along x has its energy in three columns of the spectrum (Hann window): far above what noise has."""
    rng = np.random.default_rng(0)
    noise = rng.normal(128, 4, (SIDE, SIDE))
    wave = 30 * np.sin(2 * np.pi * 0.3 * np.arange(SIDE))
    flat, waving = (np.repeat(np.uint8(np.clip(grey, 0, 255))[:, :, None], 3, 2) for grey in (noise, noise + wave))
    assert measure(flat).pattern < 1.5
    assert measure(waving).pattern > measure(flat).pattern + 0.3


def test_grain_is_that_of_the_smoothest_part_neither_black_nor_white() -> None:
    rng = np.random.default_rng(0)
    grey = np.full((SIDE, SIDE), 250.0)
    grey[:, : SIDE // 2] = 100 + rng.normal(0, 8, (SIDE, SIDE // 2))
    half = np.repeat(np.uint8(np.clip(grey, 0, 255))[:, :, None], 3, 2)
    assert measure(half).grain > 1  # the white half is as smooth as can be
    half[:, SIDE // 2 :] = 180
    assert measure(half).grain == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_colour(level: int) -> None:
    medium = measure(np.full((SIDE, SIDE, 3), level, np.uint8))
    assert (medium.pattern, medium.grain, medium.colour) == pytest.approx((0, 0, 0), abs=1e-3)
