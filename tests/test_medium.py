"""What a picture was taken of: measured on pictures that code recaptured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepfake_detector import DeepfakeDetector
from deepfake_detector.evaluate.corruptions import RE_ENCODINGS, RECAPTURED, Corruption, named
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


@pytest.mark.parametrize("name", ["black and white", "old print"])
def test_what_is_grey_or_toned_has_no_colour(
    small: Pixels, hopper: Pixels, detector: DeepfakeDetector, name: str
) -> None:
    bound = detector.policy.conditions["no_colour"].bound
    for picture in (small, hopper):
        assert seen(named(name)(picture)).colour < bound < 5 < seen(picture).colour


@pytest.mark.parametrize("change", RE_ENCODINGS, ids=repr)
def test_a_re_encoding_makes_no_pattern_and_leaves_colours(small: Pixels, change: Corruption) -> None:
    assert seen(change(small)).pattern < 1.3 * seen(small).pattern
    assert seen(change(small)).colour > 0.8 * seen(small).colour


def shades(grey: np.ndarray) -> Pixels:
    return np.repeat(np.uint8(np.clip(grey, 0, 255))[:, :, None], 3, 2)


def test_waves_by_hand() -> None:
    """A wave has its energy in nine points of the spectrum and their opposites (Hann window); 30 against 4 of noise."""
    noise = np.random.default_rng(0).normal(128, 4, (SIDE, SIDE))
    x = np.arange(SIDE)
    slanting = 30 * np.sin(2 * np.pi * (0.3 * x[:, None] + 0.12 * x))
    assert measure(shades(noise)).pattern < 1.5
    assert measure(shades(noise + slanting)).pattern > 3.5
    upright = 30 * np.sin(2 * np.pi * 0.3 * x)
    assert measure(shades(noise + upright)).pattern < 1.5  # so are the blocks of JPEG


@pytest.mark.parametrize("name", ["halftone scan", "photo of a screen"])
def test_a_turned_picture_shows_as_much(small: Pixels, name: str) -> None:
    pixels = named(name)(small)[:300, :300]
    upright, turned = seen(pixels), seen(np.ascontiguousarray(pixels.transpose(1, 0, 2)))
    assert turned.pattern == pytest.approx(upright.pattern, abs=0.05)  # resized first down, then across
    assert turned.colour == pytest.approx(upright.colour, abs=0.05)


def test_a_print_whose_dots_are_too_fine_for_the_view_is_not_known(hopper: Pixels, detector: DeepfakeDetector) -> None:
    """Told in docs/limits.md."""
    assert detector.policy.shown(seen(named("photo of a screen")(hopper))) == ()


def test_colour_is_what_lightness_does_not_tell() -> None:
    """Sepia by hand, grey to brown; the same lightness in two colours, half of the view each; and blue on yellow."""
    grey = np.linspace(20, 230, SIDE)[:, None].repeat(SIDE, 1)
    sepia = np.uint8(np.clip(grey[:, :, None] * np.array([1.05, 0.98, 0.85]), 0, 255))
    assert measure(sepia).colour < 0.6
    half = sepia.copy()
    half[:, : SIDE // 2] = shades(grey)[:, : SIDE // 2]
    assert measure(half).colour > 4
    two = np.full((SIDE, SIDE, 3), (20, 20, 120), np.uint8)
    two[50:150, 50:150] = (250, 220, 0)
    assert measure(two).colour > 4


@pytest.mark.parametrize("level", [0, 128, 255])
def test_one_colour(level: int) -> None:
    medium = measure(np.full((SIDE, SIDE, 3), level, np.uint8))
    assert medium.pattern == pytest.approx(0, abs=1e-3)
    assert medium.colour == np.inf


@pytest.mark.parametrize("change", RECAPTURED, ids=repr)
def test_the_shipped_bundle_knows_what_is_recaptured(
    detector: DeepfakeDetector, coffee: Pixels, change: Corruption
) -> None:
    """Of old prints not all: one of strong contrast has colours that lightness does not tell (docs/limits.md)."""
    picture = np.asarray(Image.fromarray(coffee).resize((300, 200), Image.Resampling.LANCZOS))
    expected = "no_colour" if change.name in ("black and white", "old print") else "pattern"
    assert detector.policy.shown(detector.look(picture).medium) == ()
    recaptured = detector.predict(change(picture))
    assert {"pattern", "no_colour"} & set(recaptured.reasons) == {expected}
    low, high = detector.policy.conditions[expected].band
    found = detector.policy.bounds(recaptured.reasons, 0.5)
    assert found[0] < low + 1e-9 < high - 1e-9 < found[1]


@pytest.mark.parametrize("path", sorted((Path(__file__).parents[1] / "examples").glob("*.jpg")), ids=lambda p: p.name)
def test_the_examples_are_no_pictures_of_pictures(detector: DeepfakeDetector, path: Path) -> None:
    assert detector.policy.shown(detector.look(path).medium) == ()
