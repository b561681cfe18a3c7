import numpy as np

from deepfake_detector.faces.crop import Crop
from deepfake_detector.models.preprocess import native, normalised, resized


def test_normalised_by_hand() -> None:
    view = np.zeros((2, 3, 3), np.uint8)
    view[..., 1] = 255
    values = normalised(view, (0.5, 0.5, 0.25), (0.5, 0.25, 0.5))
    assert values.shape == (1, 3, 2, 3)
    assert values.dtype == np.float32
    assert values[0, :, 0, 0].tolist() == [-1, 2, -0.5]


def test_resized_takes_the_crop_only() -> None:
    pixels = np.zeros((50, 80, 3), np.uint8)
    pixels[10:30, 20:40] = 200
    assert (resized(pixels, Crop(20, 10, 20), 8) == 200).all()


def test_native_never_resizes() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (100, 120, 3), dtype=np.uint8)
    np.testing.assert_array_equal(native(pixels, Crop(10, 10, 60), 40), pixels[20:60, 20:60])
    np.testing.assert_array_equal(native(pixels, Crop(0, 0, 20), 40), pixels[:40, :40])  # moved to stay inside


def test_native_reflects_where_the_picture_is_too_small() -> None:
    pixels = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    view = native(pixels, Crop(0, 0, 5), 8)
    assert view.shape == (8, 8, 3)
    np.testing.assert_array_equal(view[:5, :6], pixels)
    np.testing.assert_array_equal(view[5:, :6], pixels[:1:-1])
    assert native(pixels[:1, :1], Crop(0, 0, 1), 8).shape == (8, 8, 3)
