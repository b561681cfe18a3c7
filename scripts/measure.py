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
from collections.abc import Callable
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from deepfake_detector import DeepfakeDetector, Failure, Prediction
from deepfake_detector.train.data import Row, read_manifest

READINGS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # name: (sources whose fakes count, sources whose reals count)
    "140k-real-and-fake-faces": (("140k-real-and-fake-faces",),) * 2,
    "deepfake-and-real-images": (("deepfake-and-real-images",),) * 2,
    "dfdc-faces": (("dfdc-faces",),) * 2,
    "unseen-stylegan2": (("unseen-stylegan2",),) * 2,
    "sd21-faces against hires-faces": (("sd21-faces",), ("hires-faces",)),
    "sfhq-t2i-faces against hires-faces": (("sfhq-t2i-faces",), ("hires-faces",)),
    "genai-scenes": (("genai-scenes",),) * 2,
    "modern-fakes against camera-reals and press-reals": (("modern-fakes",), ("camera-reals", "press-reals")),
}
REALS = ("real-scenes", "small-real-faces", "hires-faces", "camera-reals", "press-reals")


def interval(statistic: Callable[[np.ndarray], float], count: int, draws: int = 2000) -> list[float]:
    """95 % percentile bootstrap interval of a statistic of row numbers."""
    rng = np.random.default_rng(0)
    values = [statistic(rng.integers(0, count, count)) for _ in range(draws)]
    return [round(float(v), 4) for v in np.nanpercentile(values, [2.5, 97.5])]


def auc(fake: np.ndarray, score: np.ndarray) -> dict[str, object]:
    def of(rows: np.ndarray) -> float:
        return float(roc_auc_score(fake[rows], score[rows])) if 0 < fake[rows].sum() < len(rows) else float("nan")

    everything = np.arange(len(fake))
    return {
        "auc": round(of(everything), 4),
        "interval": interval(of, len(fake)),
        "fakes": int(fake.sum()),
        "reals": int((~fake).sum()),
    }


def share(hits: np.ndarray) -> dict[str, object]:
    return {
        "share": round(float(hits.mean()), 4),
        "interval": interval(lambda rows: float(hits[rows].mean()), len(hits)),
        "pictures": len(hits),
    }


def calibration_error(fake: np.ndarray, score: np.ndarray, bins: int = 15) -> float:
    """Expected calibration error (Guo et al. 2017, arXiv 1706.04599), equal-width bins of P(fake)."""
    number = np.minimum((score * bins).astype(int), bins - 1)
    gaps = [abs(fake[number == b].mean() - score[number == b].mean()) * (number == b).mean() for b in set(number)]
    return round(float(sum(gaps)), 4)


def figures(rows: list[Row], results: list[Prediction]) -> dict[str, object]:
    fake = np.array([row.fake for row in rows])
    source = np.array([row.source for row in rows])
    score = np.array([result.score for result in results])
    verdict = np.array([result.verdict for result in results])
    said_fake = np.array([result.prediction == "Fake" for result in results])
    out: dict[str, object] = {"auc": {}, "false_alarms": {}, "false_alarm_verdicts": {}, "members": {}}
    for name, (fakes, reals) in READINGS.items():
        chosen = (fake & np.isin(source, fakes)) | (~fake & np.isin(source, reals))
        if 0 < fake[chosen].sum() < chosen.sum():
            out["auc"][name] = auc(fake[chosen], score[chosen])  # type: ignore[index]
            members = {}
            for member in sorted({m for r in results for m in r.members}):
                has = chosen & np.array([member in r.members for r in results])
                values = np.array([r.members.get(member, np.nan) for r in results])
                if 0 < fake[has].sum() < has.sum():
                    members[member] = round(float(roc_auc_score(fake[has], values[has])), 4)
            out["members"][name] = members  # type: ignore[index]
    for name in REALS:
        chosen = source == name
        out["false_alarms"][name] = share(said_fake[chosen])  # type: ignore[index]
        out["false_alarm_verdicts"][name] = share(verdict[chosen] == "fake")  # type: ignore[index]
    seen = ~np.char.startswith(source, "unseen-")
    decided = seen & (verdict != "inconclusive")
    out["ece"] = calibration_error(fake[seen], score[seen])
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

    rows = [row for row in read_manifest(Path(args.data)) if row.split == args.split]
    detector = DeepfakeDetector(args.model)
    results: list[Prediction] = []
    begun = time.monotonic()
    for at in range(0, len(rows), 100):
        for result in detector.predict_batch([row.path for row in rows[at : at + 100]], workers=2):
            if isinstance(result, Failure):
                raise result.error
            results.append(result)
        left = (time.monotonic() - begun) / len(results) * (len(rows) - len(results)) / 60
        print(f"{len(results)} of {len(rows)}, {left:.1f} min left", flush=True)
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    report = {
        "model": detector.model,
        "split": args.split,
        "pictures": len(rows),
        "commit": commit.stdout.strip(),
        "graphs": detector.bundle.manifest()["graphs"],
        "command": f"python scripts/measure.py --data PACK --split {args.split} --model {args.model} --out {args.out}",
        **figures(rows, results),
    }
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(report["auc"], indent=2))


if __name__ == "__main__":
    main()
