"""Make the pictures in examples/: photographs that packages ship freely, and fakes made of them by this project's code.

python scripts/make_examples.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import matplotlib
import numpy as np
import skimage.data
from PIL import Image

from deepfake_detector.faces.yunet import YuNet
from deepfake_detector.train.forge import composite

FOLDER = Path(__file__).parents[1] / "examples"


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    astronaut = np.asarray(skimage.data.astronaut())
    hopper_file = Path(matplotlib.get_data_path()) / "sample_data" / "grace_hopper.jpg"
    hopper = np.asarray(Image.open(hopper_file).convert("RGB"))
    detector = YuNet()
    of_astronaut, of_hopper = detector.detect(astronaut)[0], detector.detect(hopper)[0]
    pictures = {
        "real-collins.jpg": astronaut,
        "real-hopper.jpg": hopper,
        "real-coffee.jpg": np.asarray(skimage.data.coffee()),
        "fake-hopper-as-collins.jpg": composite(
            astronaut, of_astronaut, hopper, of_hopper, np.random.default_rng(4), region="inner"
        ),
        "fake-collins-as-hopper.jpg": composite(
            hopper, of_hopper, astronaut, of_astronaut, np.random.default_rng(7), region="inner"
        ),
    }
    FOLDER.mkdir(exist_ok=True)
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(FOLDER / name, quality=92)
        print(FOLDER / name)


if __name__ == "__main__":
    main()
