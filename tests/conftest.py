"""Pictures that packages ship freely: Eileen Collins (NASA, public domain), Grace Hopper (US Navy, public domain)."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
import pytest
import skimage.data
from fakes import bundle
from PIL import Image

from deepfake_detector import DeepfakeDetector
from deepfake_detector.types import Pixels


@pytest.fixture(scope="session")
def astronaut() -> Pixels:
    """512 x 512, one face."""
    return np.asarray(skimage.data.astronaut(), np.uint8)


@pytest.fixture(scope="session")
def hopper() -> Pixels:
    """512 x 600, one face."""
    path = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    return np.asarray(Image.open(path).convert("RGB"))


@pytest.fixture(scope="session")
def coffee() -> Pixels:
    """600 x 400, no face."""
    return np.asarray(skimage.data.coffee(), np.uint8)


@pytest.fixture(scope="session")
def detector() -> DeepfakeDetector:
    """The shipped default bundle, loaded once."""
    return DeepfakeDetector()


@pytest.fixture()
def photo(tmp_path: Path, astronaut: Pixels) -> Path:
    """A JPEG file with a face."""
    path = tmp_path / "photo.jpg"
    Image.fromarray(astronaut).save(path, quality=90)
    return path


@pytest.fixture(scope="session")
def toy_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy bundle of ``fakes``, saved."""
    path = tmp_path_factory.mktemp("model") / "toy.h5"
    bundle().save(path)
    return path


@pytest.fixture(scope="session")
def toy(toy_file: Path) -> str:
    """As the command line takes it."""
    return str(toy_file)
