"""The default bundle with new heads: the networks are asked and calibrated, and have no part in the stacked score."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from deepfake_detector.ensemble.aggregate import Aggregator
from deepfake_detector.ensemble.policy import Policy
from deepfake_detector.train import assemble, bundles, restack, views
from deepfake_detector.types import FAMILIES

JOBS = 1200
SOURCES = ("dfdc-faces", "140k-real-and-fake-faces", "genai-scenes")
NETWORKS = ("conv", "residual")


@pytest.fixture(scope="module")
def table() -> list[views.View]:
    """Jobs of a face view and a scene view each: thirds of a source, half fake, the first half for training."""
    return [
        views.View(
            row=job, job=job, view=region, how="plain" if job % 4 < 2 else "handled", fake=job % 2 > 0,
            family=FAMILIES[job % 3] if job % 2 else "", source=SOURCES[job % 3], generator="",
            split="train" if job < JOBS / 2 else "val", group=str(job), face_size=60.0 + job % 100, width=200,
            height=200,
        )
        for job in range(JOBS)
        for region in ("face", "scene")
    ]  # fmt: skip


def logits(table: list[views.View], region: str, only: str | None = None) -> np.ndarray:
    """What a member says that is often right; NaN of views that are not its region's, or not of the split ``only``."""
    rng = np.random.default_rng(len(region))
    said = rng.normal(0, 1.5, (len(table), 4)) + np.array([[2.0 if view.fake else -2.0] for view in table])
    asked = [view.view == region and only in (None, view.split) for view in table]
    return np.where(np.array(asked)[:, None], said, np.nan).astype(np.float32)


def test_the_networks_have_no_part_in_the_stacked_score(table: list[views.View], tmp_path: Path) -> None:
    native = np.random.default_rng(0).integers(0, 256, (len(table), 32, 32, 3), dtype=np.uint8)
    graphs = {name: name.encode() for name in ("clip-vit-b16", "heads-face", "heads-scene", *NETWORKS)}
    leading = {r: assemble.Evidence((f"clip-{r}",), logits(table, r)[:, None]) for r in ("face", "scene")}
    everyone = {
        r: assemble.Evidence(
            (f"clip-{r}", *(f"{n}-{r}" for n in NETWORKS)),
            np.stack([logits(table, r), *[logits(table, r, "val")] * 2], axis=1),
        )
        for r in ("face", "scene")
    }
    restack.write(tmp_path, graphs, table, native, leading, everyone)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["default.json", "heads-face.onnx", "heads-scene.onnx"]
    manifest = json.loads((tmp_path / "default.json").read_text(encoding="utf-8"))
    aggregator = Aggregator.from_dict(manifest["ensemble"])
    aggregator.check({member["name"]: member["region"] for member in manifest["members"]})
    Policy.from_dict(manifest["ensemble"]["policy"])
    assert aggregator.asked("both", "stacked") == {"clip-face", "clip-scene"}
    assert len(aggregator.asked("both", "mean")) == 6
    assert set(manifest["graphs"]) == set(graphs)
    assert manifest["about"]["figures"][bundles.LEFT_OUT]["mean over sources"]["stacked"] > 0.9


def test_networks_are_asked_of_validation_views_of_their_region(table: list[views.View]) -> None:
    from deepfake_detector.models.bundle import Bundle

    bundle = Bundle.load("fast")
    card = next(card for card in bundle.cards if card.name == "residual-scene")
    few = table[::101]  # of both regions and splits
    array = np.random.default_rng(1).integers(0, 256, (len(few), card.side, card.side, 3), dtype=np.uint8)
    said = restack.on_val(card, bundle.graphs[card.graph], few, array)
    asked = np.array([view.view == "scene" and view.split == "val" for view in few])
    assert np.isfinite(said).all(axis=1).tolist() == asked.tolist()
