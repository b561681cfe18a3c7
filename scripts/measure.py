"""Read a split of the image pack with a bundle, once, and write the figures of the model card.

    python scripts/measure.py --data ../shared/data --split test --handled 1 --re-encoded 10 --recaptured 8 \\
        --out docs/figures-default.json
    python scripts/measure.py --data ../shared/data --split test --model fast --out docs/figures-fast.json

AUC with 95 % intervals (percentile bootstrap over pictures, 2,000 draws, seed 0), false alarms on real sources, and how
far the probabilities can be believed. With --handled N every Nth picture is also read after each of
``corruptions.CONDITIONS``, with --recaptured N every Nth after each of ``corruptions.RECAPTURED``, with --re-encoded N
every Nth after each of ``corruptions.RE_ENCODINGS``. A picture that cannot be read is an error here: the pack is known
to be whole.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from deepfake_detector import DeepfakeDetector, Failure, Prediction, images
from deepfake_detector.evaluate import Figure, LabelledPicture, Pairing, metrics, read_pictures
from deepfake_detector.evaluate.bootstrap import rows_drawn
from deepfake_detector.evaluate.corruptions import CONDITIONS, RE_ENCODINGS, RECAPTURED, Corruption
from deepfake_detector.evaluate.groups import members_auc
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.train.sources import REALS

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


def ensemble_of(bundle: Bundle) -> str:
    """The sha256 of a bundle's weights, calibrations and policy: two bundles of the same graphs may differ in them."""
    return hashlib.sha256(json.dumps(bundle.ensemble, sort_keys=True).encode()).hexdigest()


def with_interval(name: str, figure: Figure | None, **more: int) -> dict[str, Any]:
    if figure is None or figure.interval is None:
        raise SystemExit(f"{name}: no figure can be given; is the pack whole?")
    return {name: round(figure.value, 4), "interval": [round(bound, 4) for bound in figure.interval], **more}


def share(hits: np.ndarray) -> dict[str, Any]:
    return with_interval("share", metrics.share(hits), pictures=len(hits))


def share_of_cases(hits: np.ndarray) -> dict[str, Any]:
    """Of several cases of each picture, bool (pictures, cases): drawn by picture, since its cases go together."""
    each = hits.mean(axis=1)
    draws = np.concatenate([each[rows].mean(axis=1) for rows in rows_drawn(len(each))])
    low, high = np.percentile(draws, [2.5, 97.5])
    return with_interval("share", Figure(float(each.mean()), (float(low), float(high)), len(each)), pictures=len(each))


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


def handled(pictures: list[LabelledPicture], given: list[Prediction], after: list[Prediction]) -> dict[str, Any]:
    """How much AUC each reading loses by handling, with intervals of the difference (same pictures in both)."""
    fake = np.array([picture.fake for picture in pictures])
    lost = {}
    for reading in READINGS:
        chosen = reading.rows(pictures)
        if len(set(fake[chosen])) < 2:
            continue
        before, now = (np.array([result.score for result in results])[chosen] for results in (given, after))
        losses = [
            roc_auc_score(fake[chosen][rows], before[rows]) - roc_auc_score(fake[chosen][rows], now[rows])
            for block in rows_drawn(int(chosen.sum()))
            for rows in block
            if 0 < fake[chosen][rows].sum() < len(rows)
        ]
        lost[reading.name] = {
            "loss": round(float(roc_auc_score(fake[chosen], before) - roc_auc_score(fake[chosen], now)), 4),
            "interval": [round(float(bound), 4) for bound in np.percentile(losses, [2.5, 97.5])],
            "fakes": int(fake[chosen].sum()),
            "reals": int((~fake[chosen]).sum()),
        }
    rest = figures(pictures, after)
    kept = ("false_alarms", "false_alarm_verdicts", "ece", "coverage", "error_where_conclusive", "accuracy")
    return {"auc_lost": lost, **{name: rest[name] for name in kept}}


def stability(given: list[Prediction], after: dict[str, list[Prediction]]) -> dict[str, Any]:
    """Of the verdicts that are not inconclusive, the share that is the same after every re-encoding; never opposite."""
    rows = [row for row, result in enumerate(given) if result.verdict != "inconclusive"]
    verdicts = {row: [results[row].verdict for results in after.values()] for row in rows}
    same = np.array([all(verdict == given[row].verdict for verdict in verdicts[row]) for row in rows])
    cases = np.array([[verdict == given[row].verdict for verdict in verdicts[row]] for row in rows])
    opposite = {"real": "fake", "fake": "real"}
    turned = np.array([opposite[given[row].verdict] in verdicts[row] for row in rows])
    return {
        "re_encodings": list(after),
        "same_after_all": share(same),
        "same": share_of_cases(cases),
        "opposite_after_any": share(turned),
    }


class Reader:
    """Reads pictures a hundred at a time, and says how long it will take. total: pictures to come, of all passes."""

    def __init__(self, detector: DeepfakeDetector, total: int) -> None:
        self.detector, self.total, self.done, self.begun = detector, total, 0, time.monotonic()

    def read(self, pictures: list[LabelledPicture], way: Corruption | None = None) -> list[Prediction]:
        """Judge the pictures, changed by ``way``."""
        results: list[Prediction] = []
        for at in range(0, len(pictures), 100):
            paths = [picture.path for picture in pictures[at : at + 100]]
            inputs = [way(images.read(path).pixels) for path in paths] if way else paths
            for result in self.detector.predict_batch(inputs, workers=2):
                if isinstance(result, Failure):
                    raise result.error
                results.append(result)
            self.done += len(inputs)
            left = (time.monotonic() - self.begun) / self.done * (self.total - self.done) / 60
            print(f"{self.done} of {self.total}, {left:.1f} min left", flush=True)
        return results


def write(path: Path, report: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DEEPFAKE_DATA"), help="the image pack")
    parser.add_argument("--split", default="test", choices=("val", "test"))
    parser.add_argument("--model", default="default")
    parser.add_argument("--handled", type=int, metavar="N", help="also read every Nth picture handled")
    parser.add_argument("--recaptured", type=int, metavar="N", help="also read every Nth picture printed and so on")
    parser.add_argument("--re-encoded", type=int, metavar="N", help="also read every Nth picture in ten re-encodings")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    if args.data is None:
        parser.error("name the image pack with --data or DEEPFAKE_DATA")

    pictures = list(read_pictures(args.data, args.split))
    changes = {"handled": CONDITIONS, "recaptured": RECAPTURED, "re_encoded": RE_ENCODINGS}
    rows = {name: range(0, len(pictures), step) for name in changes if (step := vars(args)[name])}
    detector = DeepfakeDetector(args.model)
    reader = Reader(detector, len(pictures) + sum(len(chosen) * len(changes[name]) for name, chosen in rows.items()))
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    given = reader.read(pictures)
    report = {
        "model": detector.model,
        "split": args.split,
        "pictures": len(pictures),
        "commit": commit.stdout.strip(),
        "graphs": detector.bundle.manifest()["graphs"],
        "ensemble": ensemble_of(detector.bundle),
        "command": f"python scripts/measure.py --data PACK --split {args.split} --model {args.model}"
        + "".join(f" --{name.replace('_', '-')} {chosen.step}" for name, chosen in rows.items())
        + f" --out {args.out}",
        **figures(pictures, given),
    }
    write(args.out, report)
    print(json.dumps(report["auc"], indent=2))
    for name, chosen in rows.items():
        sampled, before = [pictures[row] for row in chosen], [given[row] for row in chosen]
        after = {way.name: reader.read(sampled, way) for way in changes[name]}
        if name == "re_encoded":
            report["stability"] = stability(before, after)
        else:
            report[name] = {label: handled(sampled, before, results) for label, results in after.items()}
        write(args.out, report)


if __name__ == "__main__":
    main()
