import numpy as np
import pytest

from deepfake_detector.evaluate.corruptions import recompressed, scaled
from deepfake_detector.faces.crop import Crop, centre
from deepfake_detector.quality import measure
from deepfake_detector.types import Pixels


def test_a_flat_picture_has_neither_sharpness_nor_blocks() -> None:
    quality = measure(np.full((64, 64, 3), 9, np.uint8), centre((64, 64)))
    assert (quality.sharpness, quality.blockiness) == (0, 1)


def test_blocks_by_hand() -> None:
    """Steps of 8 every 8 pixels and of 1 between: 8 to 1 across, nothing down; the mean is 4."""
    line = np.cumsum([8 if i % 8 == 0 else 1 for i in range(128)]).astype(np.uint8)
    picture = np.repeat(np.repeat(line[None, :, None], 128, 0), 3, 2)
    assert measure(picture, Crop(0, 0, 128)).blockiness == pytest.approx(4)


def test_compression_raises_blockiness_and_enlarging_lowers_sharpness(astronaut: Pixels) -> None:
    from PIL import Image

    whole = centre((512, 512))
    original = measure(astronaut, whole)
    assert measure(recompressed(astronaut, 10), whole).blockiness > 1.3 * original.blockiness
    small = scaled(astronaut, 0.2, Image.Resampling.BICUBIC)
    enlarged = scaled(small, 5.0, Image.Resampling.BICUBIC)
    assert measure(enlarged, centre(enlarged.shape[:2])).sharpness < 0.6 * original.sharpness


@pytest.mark.parametrize("size", [(32, 32), (33, 40), (700, 90)])
def test_any_size(size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)
    quality = measure(picture, centre(size))
    assert np.isfinite([quality.sharpness, quality.blockiness]).all()


def test_a_small_part_is_measured_with_what_surrounds_it(astronaut: Pixels) -> None:
    """As the policy's bounds were learned: from windows of 192 pixels, however small the face."""
    picture = recompressed(astronaut, 10)
    small, window = Crop(210, 100, 60), Crop(144, 34, 192)
    assert measure(picture, small) == measure(picture, window)
    assert measure(picture, small).blockiness > 1.3


def test_a_part_at_the_border_is_measured_inside_the_picture(astronaut: Pixels) -> None:
    assert measure(astronaut, Crop(0, 480, 32)) == measure(astronaut, Crop(0, 320, 192))
