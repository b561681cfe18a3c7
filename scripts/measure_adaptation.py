"""How firmly heads of a base should be held while few new pictures teach them: gain on the new source, loss on others.

    python scripts/measure_adaptation.py --work ~/deepfake-work

WORK is that of make_default_bundle.py, with its views and features. A source of the pack, with those that share its
fold, plays the user's: the base is fitted without the fold, then taught further by some of its training pictures. Read
are the AUC of the region's verdict (as the stack weighs a head's outputs) on the fold's own ``val`` and on that of
every other fold. Beside it: heads fitted anew on those pictures alone. ``test`` and ``unseen-`` are not read. Ten
minutes a region.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
from make_default_bundle import WEIGHTS
from sklearn.metrics import roc_auc_score

from deepfake_detector.ensemble.aggregate import evidence
from deepfake_detector.train import adapt, forgeries, heads, shelf, stack, tuning, views
from deepfake_detector.train.crossfit import SOURCE_POWER, fit_key
from deepfake_detector.train.evidence import SELECTION, STRENGTH
from deepfake_detector.train.folds import PACK, drawn
from deepfake_detector.train.targets import weights

NEW = {
    "stylegan": "140k-real-and-fake-faces",
    "openforensics": "deepfake-and-real-images",
    "scenes": "genai-scenes",
}
"""The fold that the base lacks, and the source that gives it its name in what is printed."""
PICTURES = (60, 200, 600)
STRENGTHS = (1e-5, 1e-4, 1e-3)


class Region:
    """The views of one region, their features, and AUCs on ``val``."""

    def __init__(self, work: Path, region: str) -> None:
        self.region = region
        every, _, _ = views.read_store(work / "views")
        self.kept = work / "views" / "adaptation"  # of these views: a new store has heads of its own
        ours = np.flatnonzero([view.view == region for view in every])
        self.views = [every[i] for i in ours]
        self.taken = SELECTION.take(shelf.encoded(work / "views", WEIGHTS / "clip-vit-b16.onnx", work, 1)[ours])
        self.split = np.array([view.split for view in self.views])
        self.fold = np.array([PACK.of(view) for view in self.views])
        self.fake = np.array([view.fake for view in self.views])

    def without(self, fold: str) -> heads.Heads:
        """Heads fitted on all other folds, kept on disk."""
        heard, forged = tuning.SHIPPED[self.region], forgeries.WEIGHT[self.region]
        key = fit_key(SELECTION, STRENGTH, heard, SOURCE_POWER, forged)
        kept = self.kept / f"{self.region}-without-{fold}-{key}.onnx"
        if kept.exists():
            return heads.from_graph(kept.name, kept.read_bytes())
        chosen = np.flatnonzero((self.split == "train") & (self.fold != fold))
        rows = [self.views[i] for i in chosen]
        weigh = partial(weights, power=SOURCE_POWER, forged=forged)
        fitted = heads.taught(self.taken[chosen], rows, weigh, SELECTION, STRENGTH, heard)
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(heads.graph(fitted))
        return fitted

    def drawn(self, fold: str, pictures: int) -> np.ndarray:
        """Training views of ``pictures`` pictures of the fold, half of them fake, the same ones every time."""
        rows = {view.row: view for view, split in zip(self.views, self.split, strict=True) if split == "train"}
        held = [row for row, view in rows.items() if PACK.of(view) == fold]
        fakes = {v.row for v in self.views if v.fake and not v.forged}
        reals = {v.row for v in self.views if not v.fake}
        taken: set[int] = set()
        for ours in (fakes, reals):
            of_class = sorted((row for row in held if row in ours), key=lambda row: drawn(str(row), 0))
            taken |= set(of_class[: pictures // 2])
        return np.flatnonzero(
            [view.row in taken and view.split == "train" and not view.of_networks for view in self.views]
        )

    def read(self, fitted: heads.Heads, fold: str) -> tuple[float, float]:
        """AUC of the verdict on ``val``: (of the fold, mean over the other folds)."""
        val = np.flatnonzero(self.split == "val")
        said = evidence(fitted.of_taken(self.taken[val])) @ stack.VERDICT
        of_fold = {}
        for name in PACK.names:
            rows = self.fold[val] == name
            of_fold[name] = float(roc_auc_score(self.fake[val][rows], said[rows]))
        return of_fold.pop(fold), float(np.mean(list(of_fold.values())))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="the folder that make_default_bundle.py worked in")
    parser.add_argument("--region", choices=("face", "scene"), default="face")
    args = parser.parse_args()
    region = Region(args.work, args.region)
    print(f"{args.region}: AUC on val, of the new source / mean over the other folds")
    for fold, source in NEW.items():
        base = region.without(fold)
        print(f"\n{source}: base {_said(region.read(base, fold))}", flush=True)
        for pictures in PICTURES:
            chosen = region.drawn(fold, pictures)
            rows, taken = [region.views[i] for i in chosen], region.taken[chosen]
            count = weights(rows, SOURCE_POWER)
            rule = adapt.strength_for(len(rows))
            for strength in (rule, *STRENGTHS):
                further = adapt.adapted(taken, rows, count, base, strength)
                anew = heads.fit(taken, rows, count, SELECTION, strength)
                print(
                    f"{pictures:4d} pictures, {len(rows):4d} views, strength {strength:.1e}: further "
                    f"{_said(region.read(further, fold))}, anew {_said(region.read(anew, fold))}"
                    f"{'  (as train does)' * (strength == rule)}",
                    flush=True,
                )


def _said(figures: tuple[float, float]) -> str:
    return " / ".join(f"{figure:.3f}" for figure in figures)


if __name__ == "__main__":
    main()
