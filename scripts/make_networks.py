"""Train the two networks of the shipped bundles anew. The encoder's heads and their weights in the score stay.

    python scripts/make_networks.py --data ../shared/data --faces ~/deepfake-work/faces --wheels wheels \\
        --work ~/deepfake-work

``make_default_bundle.py --keep-networks`` the other way round: it writes the networks' files and ``fast.json``, and
into ``default.json`` what validation pictures teach (each member's own score, their mean, calibration, policy). The
networks learn from the same views as there; of FACES only validation pictures are shown. Hours on two cores. Every
stage is kept in WORK and survives a stop.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from make_default_bundle import SEED, VARIED, WEIGHTS, moved, trained

from deepfake_detector.train import assemble, bundles, restack, shelf, views
from deepfake_detector.train.data import read_manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--faces", type=Path, required=True, help="folder that make_faces.py wrote")
    parser.add_argument("--wheels", type=Path, required=True, help="folder of the downloaded wheels")
    parser.add_argument("--work", type=Path, required=True, help="folder for views, features and checkpoints (8 GB)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    store = args.work / "views-of-networks"
    rows, made = map(read_manifest, (args.data, args.faces))
    every = rows + made
    planned = views.plan(rows, SEED, VARIED)
    later = planned[VARIED:] + moved(views.plan(made, SEED, VARIED), len(rows))
    jobs = planned[:VARIED] + [job for job in later if every[job.row].split == "val"]
    views.make_store(store, every, jobs, args.processes)
    table, pixels, native = views.read_store(store)

    val = [number for number, view in enumerate(table) if view.split == "val"]
    features = shelf.encoded(store, WEIGHTS / "clip-vit-b16.onnx", args.work, args.processes, val)
    networks = trained(args.wheels, store, {"pixels": pixels, "native": native}, table)
    graphs = {name: graph for name, (graph, _) in networks.items()}
    of_networks = {
        region: assemble.Evidence(
            (f"conv-{region}", f"residual-{region}"),
            np.stack([networks["conv"][1], networks["residual"][1]], axis=1),
        )
        for region in ("face", "scene")
    }
    bounds = restack.bounds_of(WEIGHTS)
    bundles.write_bundle(WEIGHTS, "fast", bundles.without_encoder(), graphs, table, native, of_networks, bounds)
    everyone = {}
    for region, of_region in of_networks.items():
        said = of_heads(region, table, val, features)
        everyone[region] = assemble.Evidence(
            (f"clip-{region}", *of_region.members), np.concatenate([said[:, None], of_region.logits], axis=1)
        )
    restack.write_networks(WEIGHTS, graphs, table, native, everyone)


def of_heads(region: str, table: list[views.View], val: list[int], features: np.ndarray) -> np.ndarray:
    """float32 (n, 4): what the heads that ship say of the region's validation views, NaN for all others.

    features: of the views numbered by ``val``.
    """
    session = ort.InferenceSession(str(WEIGHTS / f"heads-{region}.onnx"), providers=["CPUExecutionProvider"])
    logits = np.full((len(table), 4), np.nan, np.float32)
    for number, statistics in zip(val, features, strict=True):
        if table[number].view == region:
            logits[number] = session.run(None, {"statistics": statistics[None].astype(np.float32)})[0][0]
    return logits


if __name__ == "__main__":
    main()
