"""Make face swaps from the image pack's real pictures, as networks paint them, each beside its original.

    pip install -e '.[train]'
    python scripts/make_swaps.py --data ../shared/data --work ~/deepfake-work/swapping --out ~/deepfake-work/swaps

Small face autoencoders (``train.repaint``) learn the real faces of the split ``train``; then they repaint COUNT of
them, blended in by ``train.forge``. OUT becomes a folder like the image pack, with a manifest of its own: for every
fake its original, untouched, both as PNG under the same name (the original's SHA-256 begins it) and in one group.
Faces and networks are kept in WORK and survive a stop. Deterministic: the same seed gives the same pictures (on one
kind of processor).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
from pathlib import Path

import cv2
import numpy as np
import torch
from PIL import Image

from deepfake_detector import images
from deepfake_detector.train import forge, repaint
from deepfake_detector.train.data import Row, read_manifest, write_manifest
from deepfake_detector.train.forgeries import HASH
from deepfake_detector.train.networks.autoencoder import FaceAutoencoder, Upsampling
from deepfake_detector.train.pool import in_processes
from deepfake_detector.train.views import faces_of
from deepfake_detector.types import Pixels

SOURCE = "repainted-faces"
NETWORKS: dict[str, tuple[int, Upsampling, int]] = {
    "shuffle-64": (64, "shuffle", 32),
    "transposed-64": (64, "transposed", 32),
    "nearest-96": (96, "nearest", 24),
}
"""Side, upsampling, width."""
SIDE = 128
"""Faces are kept at this size."""
LEAST = 40
"""Smaller faces, in pixels, are left alone, as in other forgeries."""
_PIECE = 200


def faces(rows: list[Row], processes: int) -> tuple[np.ndarray, np.ndarray]:
    """Which rows have a face that can be repainted, int (n,), and these faces, uint8 (n, SIDE, SIDE, 3)."""
    starts = range(0, len(rows), _PIECE)
    pieces = [([row.path for row in rows[at : at + _PIECE]], at) for at in starts]
    found = [face for piece in in_processes(_aligned, pieces, processes, "faces") for face in piece]
    return np.array([number for number, _ in found]), np.array([face for _, face in found], np.uint8)


def _aligned(paths: list[Path], start: int) -> list[tuple[int, Pixels]]:
    cv2.setNumThreads(1)
    result = []
    for number, path in enumerate(paths, start=start):
        pixels = images.read(path).pixels
        found = faces_of(pixels)
        if found and found[0].size >= LEAST:
            result.append((number, forge.aligned(pixels, found[0], SIDE)))
    return result


def keyed(values: object) -> str:
    """A name for what depends on these values alone, so that nothing of another run is taken for it."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]


def saved(pixels: Pixels, path: Path) -> str:
    """Write a PNG; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--work", type=Path, required=True, help="folder for aligned faces and checkpoints")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--count", type=int, default=3000, help="pictures to make")
    parser.add_argument("--steps", type=int, default=4000, help="of training, for each network")
    parser.add_argument("--seed", type=int, default=20261130)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    rows = [row for row in read_manifest(args.data) if row.split == "train" and not row.fake]
    args.work.mkdir(parents=True, exist_ok=True)
    shown = keyed([[row.sha256 for row in rows], SIDE, LEAST])
    kept = args.work / f"faces-{shown}.npz"
    if not kept.exists():
        numbers, square = faces(rows, args.processes)
        np.savez(kept.with_name("partial.npz"), numbers=numbers, faces=square)
        os.replace(kept.with_name("partial.npz"), kept)
    stored = np.load(kept)
    numbers, square = stored["numbers"], stored["faces"]
    networks = {}
    for place, (name, (side, upsampling, width)) in enumerate(NETWORKS.items()):
        print(f"{name}: {len(square)} faces", flush=True)
        small = np.stack([cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) for face in square])
        torch.manual_seed(args.seed + place)
        taught = keyed([shown, side, upsampling, width, args.steps, args.seed + place])
        network = repaint.teach(
            FaceAutoencoder(side, upsampling, width),
            small,
            args.steps,
            args.seed + place,
            args.work / f"{name}-{taught}.pt",
        )
        networks[name] = network, repaint.codes(network, small)

    lines = []
    rng = np.random.default_rng(args.seed)
    for count in range(args.count):
        chosen, name = int(rng.integers(len(numbers))), list(NETWORKS)[rng.integers(len(NETWORKS))]
        drawn = np.random.default_rng([args.seed, count])
        row, (network, known) = rows[numbers[chosen]], networks[name]
        original = images.read(row.path).pixels
        try:
            painted = repaint.painted(network, chosen, known, drawn)
            forged = forge.repainted(original, faces_of(original)[0], painted, drawn)
        except (ValueError, cv2.error) as error:
            print(f"left out: {row.path} ({error})")
            continue
        for label, picture, generator in (("fake", forged, f"autoencoder {name}"), ("real", original, "")):
            where = f"{SOURCE}/train/{label}/{row.sha256[:HASH]}-{count:05d}.png"
            lines.append((where, label, SOURCE, generator, "train", row.group, saved(picture, args.out / where)))
        if count % 100 == 99:
            print(f"{count + 1} of {args.count}", flush=True)
    write_manifest(args.out, lines)


if __name__ == "__main__":
    main()
