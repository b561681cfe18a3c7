import numpy as np
import pytest
from fakes import grey

from deepfake_detector.evaluate import corruptions, recapture
from deepfake_detector.evaluate.corruptions import ALL, RE_ENCODINGS, RECAPTURED, UNITS, Corruption, named
from deepfake_detector.types import Pixels


@pytest.fixture(scope="module")
def small(astronaut: Pixels) -> Pixels:
    return np.ascontiguousarray(astronaut[:200, 100:260])


@pytest.mark.parametrize("corruption", ALL, ids=repr)
def test_the_same_pixels_for_the_same_picture_and_seed(corruption: Corruption, small: Pixels) -> None:
    before = small.copy()
    first = corruption(small, seed=1)
    assert (first.dtype, first.ndim, first.shape[2]) == (np.uint8, 3, 3)
    assert np.array_equal(first, corruption(small, seed=1))
    assert np.array_equal(small, before)
    assert not np.array_equal(first, small)
    by_chance = corruption.family == "noise" or corruption.name in ("old print", "halftone scan", "photo of a screen")
    assert np.array_equal(first, corruption(small, seed=2)) != by_chance


def test_names_are_unique_and_every_curve_has_a_unit() -> None:
    assert len({corruption.name for corruption in ALL}) == len(ALL)
    assert {corruption.family for corruption in ALL} == {*UNITS, corruptions.CHAINS}
    assert len({corruption.name for corruption in RE_ENCODINGS}) == 10
    with pytest.raises(KeyError):
        named("sepia")


@pytest.mark.parametrize(
    ("name", "size", "expected"),
    [
        ("resize 25", (400, 300), (100, 75)),
        ("resize 200", (40, 30), (80, 60)),
        ("centre crop 50", (400, 300), (200, 150)),
        ("JPEG 30", (401, 299), (401, 299)),
        ("q60@768", (1536, 1024), (768, 512)),
        ("q60@768", (700, 500), (700, 500)),
        ("q40@512", (512, 1024), (256, 512)),
        ("network 720", (1600, 1440), (800, 720)),
        ("messenger", (3200, 1600), (1600, 800)),
        ("screenshot", (500, 400), (400, 320)),
        ("halftone scan", (2048, 1500), (1024, 750)),
        ("photo of a screen", (300, 400), (279, 372)),
    ],
)
def test_sizes(name: str, size: tuple[int, int], expected: tuple[int, int]) -> None:
    height, width = named(name)(grey(90, *size)).shape[:2]
    assert (width, height) == expected


def test_flat_pictures_by_hand() -> None:
    """Brightness adds; blur and resizing leave a flat picture flat; noise has the deviation that was asked for."""

    def flat(level: int, width: int = 120, height: int = 100) -> Pixels:
        return np.full((height, width, 3), level, np.uint8)

    assert (named("brightness 30")(flat(100)) == 130).all()
    assert (named("brightness 60")(flat(220)) == 255).all()
    assert (named("brightness -60")(flat(40)) == 0).all()
    for name in ("blur 2", "resize 50", "centre crop 70"):
        assert (named(name)(flat(77)) == 77).all()
    assert named("noise 10")(flat(128, 300, 300)).std() == pytest.approx(10, rel=0.02)


def test_the_lower_the_quality_the_further_from_the_original(small: Pixels) -> None:
    for family in ("JPEG", "WebP"):
        points = sorted((c.strength, c) for c in ALL if c.family == family)
        errors = [np.abs(c(small).astype(float) - small).mean() for _, c in points]
        assert errors == sorted(errors, reverse=True)


def test_black_and_white_weighs_the_channels_as_eyes_do() -> None:
    for colour, level in (((255, 0, 0), 76), ((0, 255, 0), 150), ((0, 0, 255), 29)):
        flat = np.full((40, 40, 3), colour, np.uint8)
        assert (recapture.black_and_white(flat) == level).all()


@pytest.mark.parametrize("colour", [(0, 0, 0), (128, 128, 128), (255, 255, 255), (200, 150, 120), (64, 255, 255)])
def test_a_print_has_the_tones_of_the_picture_on_brownish_paper(colour: tuple[int, int, int]) -> None:
    flat = np.full((240, 240, 3), colour, np.uint8)
    page = recapture.printed(flat, np.random.default_rng(0)).mean(axis=(0, 1)) / (0.97, 0.95, 0.9)
    assert page == pytest.approx(np.array(colour, float), abs=18)


def test_a_print_is_dotted_where_there_is_ink() -> None:
    cyan = np.full((240, 240, 3), (128, 255, 255), np.uint8)
    red, green, blue = recapture.printed(cyan, np.random.default_rng(0)).astype(float).transpose(2, 0, 1)
    assert max(green.std(), blue.std()) < 2
    assert red.std() > 15


def test_a_screen_keeps_brightness_and_shows_stripes() -> None:
    flat = np.full((200, 200, 3), 120, np.uint8)
    photo = recapture.on_screen(flat, np.random.default_rng(0)).astype(float)
    assert photo.mean() == pytest.approx(120, abs=3)
    red, green, blue = (photo[:, :, channel].ravel() for channel in range(3))
    assert np.corrcoef(red, green)[0, 1] < -0.3  # where it is bright in one colour it is dark in the next
    assert np.corrcoef(green, blue)[0, 1] < -0.3


def test_an_old_print_is_faded_and_brown() -> None:
    ramp = np.repeat(np.linspace(0, 255, 200).astype(np.uint8)[None, :, None], 100, axis=0).repeat(3, axis=2)
    old = recapture.on_film(ramp, np.random.default_rng(0)).astype(float).mean(0)
    assert old[:5].mean() == pytest.approx(30, abs=6)
    assert old[-5:].mean() == pytest.approx(223, abs=4)
    assert (old[50:150, 0] > old[50:150, 2]).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (24, 1100), (32, 70_000)])
def test_pictures_of_any_shape_can_be_recaptured(size: tuple[int, int]) -> None:
    for way in RECAPTURED[1:]:  # what is only without colours is not shrunk, and no JPEG is 70,000 wide
        height, width = way(np.full((*size, 3), 90, np.uint8)).shape[:2]
        assert 1 <= height <= 32
        assert 1 <= width <= 1024
