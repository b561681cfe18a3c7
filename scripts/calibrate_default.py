"""Learn anew what validation pictures teach the default bundle: calibration and policy. Heads, networks, weights stay.

    python scripts/calibrate_default.py --data ../shared/data --faces ~/deepfake-work/faces --work ~/deepfake-work

For a change of how a bundle is calibrated (``train.bundles``, ``train.stack``): under an hour on two cores, where
``make_default_bundle.py --keep-networks`` takes hours to the same end, since the final heads never heard these
pictures. Only the split ``val`` is read. Views and features are kept in WORK.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
import onnxruntime as ort
from make_default_bundle import SEED, VARIED, WEIGHTS, kept, moved

from deepfake_detector.train import restack, shelf, views
from deepfake_detector.train.data import read_manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--faces", type=Path, required=True, help="folder that make_faces.py wrote")
    parser.add_argument("--work", type=Path, required=True, help="folder for views and features (3 GB)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    rows, made = map(read_manifest, (args.data, args.faces))
    every = rows + made
    planned = views.plan(rows, SEED, VARIED) + moved(views.plan(made, SEED, VARIED), len(rows))
    store = args.work / "views-of-val"
    views.make_store(store, every, [job for job in planned if every[job.row].split == "val"], args.processes)
    table, pixels, native = views.read_store(store)
    features = shelf.encoded(store, WEIGHTS / "clip-vit-b16.onnx", args.work, args.processes)
    graphs = {name: (WEIGHTS / f"{name}.onnx").read_bytes() for name in ("conv", "residual")}
    everyone = {
        region: kept(region, of_heads(region, table, features), graphs, table, pixels, native)
        for region in ("face", "scene")
    }
    restack.recalibrate(WEIGHTS, table, native, everyone)


def of_heads(region: str, table: list[views.View], features: np.ndarray) -> np.ndarray:
    """float32 (n, 4): what the heads that ship say of the views of a region, NaN for those of the other."""
    session = ort.InferenceSession(str(WEIGHTS / f"heads-{region}.onnx"), providers=["CPUExecutionProvider"])
    logits = np.full((len(table), 4), np.nan, np.float32)
    for number, view in enumerate(table):
        if view.view == region:
            statistics = features[number : number + 1].astype(np.float32)
            logits[number] = session.run(None, {"statistics": statistics})[0][0]
    return logits


if __name__ == "__main__":
    main()
