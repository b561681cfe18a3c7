"""Read a split of the image pack with a bundle, once, and write the figures of the model card.

    python scripts/measure.py --data ../shared/data --split test --out docs/figures-default.json
    python scripts/measure.py --data ../shared/data --split test --model fast --out docs/figures-fast.json

AUC with 95 % intervals (percentile bootstrap over pictures, 2,000 draws, seed 0), false alarms on real sources, and how
far the probabilities can be believed. A picture that cannot be read is an error here: the pack is known to be whole.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np

from deepfake_detector import DeepfakeDetector, Failure, Prediction
from deepfake_detector.evaluate import Figure, LabelledPicture, Pairing, metrics, read_pictures
from deepfake_detector.evaluate.groups import members_auc

READINGS = (
    Pairing(("140k-real-and-fake-faces",), ("140k-real-and-fake-faces",)),
    Pairing(("deepfake-and-real-images",), ("deepfake-and-real-images",)),
    Pairing(("dfdc-faces",), ("dfdc-faces",)),
    Pairing(("unseen-stylegan2",), ("unseen-stylegan2",)),
    Pairing(("sd21-faces",), ("hires-faces",)),
    Pairing(("sfhq-t2i-faces",), ("hires-faces",)),
    Pairing(("genai-scenes",), ("genai-scenes",)),
    Pairing(("modern-fakes",), ("camera-reals", "press-reals")),
)
REALS = ("real-scenes", "small-real-faces", "hires-faces", "camera-reals", "press-reals")


def with_interval(name: str, figure: Figure | None, **more: int) -> dict[str, Any]:
    if figure is None or figure.interval is None:
        raise SystemExit(f"{name}: no figure can be given; is the pack whole?")
    return {name: round(figure.value, 4), "interval": [round(bound, 4) for bound in figure.interval], **more}


def share(hits: np.ndarray) -> dict[str, Any]:
    return with_interval("share", metrics.share(hits), pictures=len(hits))


def figures(pictures: list[LabelledPicture], results: list[Prediction]) -> dict[str, Any]:
    fake = np.array([picture.fake for picture in pictures])
    source = np.array([picture.source for picture in pictures])
    score = np.array([result.score for result in results])
    verdict = np.array([result.verdict for result in results])
    said_fake = np.array([result.prediction == "Fake" for result in results])
    out: dict[str, Any] = {"auc": {}, "false_alarms": {}, "false_alarm_verdicts": {}, "members": {}}
    for reading in READINGS:
        chosen = reading.rows(pictures)
        found = metrics.auc(fake[chosen], score[chosen])
        if found:
            fakes = int(fake[chosen].sum())
            out["auc"][reading.name] = with_interval("auc", found, fakes=fakes, reals=int(chosen.sum()) - fakes)
            members = members_auc(fake[chosen], [results[row] for row in np.flatnonzero(chosen)])
            out["members"][reading.name] = {name: round(f.value, 4) for name, f in members.items() if f}
    for name in REALS:
        chosen = source == name
        out["false_alarms"][name] = share(said_fake[chosen])
        out["false_alarm_verdicts"][name] = share(verdict[chosen] == "fake")
    seen = ~np.char.startswith(source, "unseen-")
    decided = seen & (verdict != "inconclusive")
    out["ece"] = round(metrics.calibration_error(fake[seen], score[seen]), 4)
    out["coverage"] = share(verdict[seen] != "inconclusive")
    out["error_where_conclusive"] = share((verdict == "fake")[decided] != fake[decided])
    out["accuracy"] = share(said_fake[seen] == fake[seen])
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    pictures = list(read_pictures(args.data, args.split))
    detector = DeepfakeDetector(args.model)
    results: list[Prediction] = []
    begun = time.monotonic()
    for at in range(0, len(pictures), 100):
        for result in detector.predict_batch([picture.path for picture in pictures[at : at + 100]], workers=2):
            if isinstance(result, Failure):
                raise result.error
            results.append(result)
        left = (time.monotonic() - begun) / len(results) * (len(pictures) - len(results)) / 60
        print(f"{len(results)} of {len(pictures)}, {left:.1f} min left", flush=True)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    report = {
        "model": detector.model,
        "split": args.split,
        "pictures": len(pictures),
        "commit": commit.stdout.strip(),
        "graphs": detector.bundle.manifest()["graphs"],
        "command": f"python scripts/measure.py --data PACK --split {args.split} --model {args.model} --out {args.out}",
        **figures(pictures, results),
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report["auc"], indent=2))


if __name__ == "__main__":
    main()
