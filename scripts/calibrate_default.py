"""Learn anew what validation pictures teach the default bundle: calibration and policy. Heads, networks, weights stay.

    python scripts/calibrate_default.py --data ../shared/data --faces ~/deepfake-work/faces --work ~/deepfake-work
    python scripts/calibrate_default.py --data ../shared/data --recaptured --work ~/deepfake-work

For a change of how a bundle is calibrated (``train.bundles``, ``train.stack``): an hour or two on two cores, where
``make_default_bundle.py --keep-networks`` takes hours to the same end, since the final heads never heard these
pictures. With --recaptured only the policy's conditions are (pictures of pictures, ``train.recaptures``), in under an
hour. Only the split ``val`` is read. Views and features are kept in WORK.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from make_default_bundle import SEED, VARIED, WEIGHTS, moved

from deepfake_detector.train import restack, shelf, views
from deepfake_detector.train.data import read_manifest


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    taught = parser.add_mutually_exclusive_group(required=True)
    taught.add_argument("--faces", type=Path, help="folder that make_faces.py wrote")
    taught.add_argument("--recaptured", action="store_true", help="learn the policy's conditions alone")
    parser.add_argument("--work", type=Path, required=True, help="folder for views and features (7 GB)")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    rows = read_manifest(args.data)
    if args.faces:
        made = read_manifest(args.faces)
        planned = views.plan(rows, SEED, VARIED) + moved(views.plan(made, SEED, VARIED), len(rows))
        every, store = rows + made, args.work / "views-of-val"
        views.make_store(store, every, [job for job in planned if every[job.row].split == "val"], args.processes)
        table, pixels, native = views.read_store(store)
        features = shelf.encoded(store, WEIGHTS / "clip-vit-b16.onnx", args.work, args.processes)
        restack.recalibrate(WEIGHTS, table, native, restack.of_folder(WEIGHTS, table, pixels, native, features))
    restack.recaptured(WEIGHTS, rows, args.work, args.processes)


if __name__ == "__main__":
    main()
