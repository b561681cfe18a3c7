"""The default bundle with new heads: the networks are asked and calibrated, and have no part in the stacked score."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deepfake_detector.ensemble.aggregate import Aggregator, Linear
from deepfake_detector.ensemble.policy import Policy
from deepfake_detector.train import assemble, bundles, restack, stack, views
from deepfake_detector.types import FAMILIES

JOBS = 1200
SOURCES = ("dfdc-faces", "140k-real-and-fake-faces", "genai-scenes")
NETWORKS = ("conv", "residual")
GRAPHS = ("clip-vit-b16", "heads-face", "heads-scene", *NETWORKS)


@pytest.fixture(scope="module")
def table() -> list[views.View]:
    """Jobs, three in five of a face view and a scene view, the others of a scene view alone.

    Thirds of a source, half fake, the first half for training.
    """
    return [
        views.View(
            row=job, job=job, view=region, how="plain" if job % 4 < 2 else "handled", fake=job % 2 > 0,
            family=FAMILIES[job % 3] if job % 2 else "", source=SOURCES[job % 3], generator="",
            split="train" if job < JOBS / 2 else "val", group=str(job), face_size=60.0 + job % 100, width=200,
            height=200,
        )
        for job in range(JOBS)
        for region in (("face", "scene") if job % 5 < 3 else ("scene",))
    ]  # fmt: skip


def logits(table: list[views.View], region: str, only: str | None = None) -> np.ndarray:
    """What a member says that is often right; NaN of views that are not its region's, or not of the split ``only``."""
    rng = np.random.default_rng(len(region))
    said = rng.normal(0, 1.5, (len(table), 4)) + np.array([[2.0 if view.fake else -2.0] for view in table])
    said += np.array([[1.0 if view.job % 5 > 2 else 0.0] for view in table])  # higher without a face
    asked = [view.view == region and only in (None, view.split) for view in table]
    return np.where(np.array(asked)[:, None], said, np.nan).astype(np.float32)


def evidence(table: list[views.View], *, heads_of: str | None = None) -> dict[str, assemble.Evidence]:
    """By region, of all members; ``heads_of``: the split whose views the heads have logits of, None for all."""
    return {
        r: assemble.Evidence(
            (f"clip-{r}", *(f"{n}-{r}" for n in NETWORKS)),
            np.stack([logits(table, r, heads_of), *[logits(table, r, "val")] * 2], axis=1),
        )
        for r in ("face", "scene")
    }


def native(table: list[views.View]) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (len(table), 32, 32, 3), dtype=np.uint8)


def leading(table: list[views.View]) -> dict[str, assemble.Evidence]:
    """By region, of the heads alone."""
    return {r: assemble.Evidence((f"clip-{r}",), logits(table, r)[:, None]) for r in ("face", "scene")}


def written(table: list[views.View], folder: Path) -> None:
    """A default bundle in ``folder``; its graphs are their names."""
    graphs = {name: name.encode() for name in GRAPHS}
    restack.write(folder, graphs, table, native(table), leading(table), evidence(table))


def test_the_networks_have_no_part_in_the_stacked_score(table: list[views.View], tmp_path: Path) -> None:
    written(table, tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["default.json", "heads-face.onnx", "heads-scene.onnx"]
    manifest = json.loads((tmp_path / "default.json").read_text(encoding="utf-8"))
    aggregator = Aggregator.from_dict(manifest["ensemble"])
    aggregator.check({member["name"]: member["region"] for member in manifest["members"]})
    Policy.from_dict(manifest["ensemble"]["policy"])
    assert aggregator.asked("both", "stacked") == {"clip-face", "clip-scene"}
    assert len(aggregator.asked("both", "mean")) == 6
    assert set(manifest["graphs"]) == set(GRAPHS)
    assert manifest["about"]["figures"][bundles.LEFT_OUT]["mean over sources"]["stacked"] > 0.9


def test_the_same_pictures_calibrate_as_before(table: list[views.View], tmp_path: Path) -> None:
    written(table, tmp_path)
    before = json.loads((tmp_path / "default.json").read_text(encoding="utf-8"))
    taught = {**before["ensemble"]["policy"], "conditions": {"pattern": {"bound": 2, "band": [0.1, 0.9]}}}
    changed = {**before, "ensemble": {**before["ensemble"], "policy": taught}}
    (tmp_path / "default.json").write_text(json.dumps(changed), encoding="utf-8")
    restack.recalibrate(tmp_path, table, native(table), evidence(table, heads_of="val"))
    after = json.loads((tmp_path / "default.json").read_text(encoding="utf-8"))

    assert "conditions" not in after["ensemble"]["policy"]  # they were learned of other scores
    for part in ("graphs", "about", "members"):
        assert after[part] == before[part]
    for situation in assemble.SITUATIONS:
        old, new = (Linear.from_dict(m["ensemble"]["picture"][situation]) for m in (before, after))
        assert new.weights == old.weights
        assert new.bias == pytest.approx(old.bias, abs=1e-4)
        assert new.slopes == pytest.approx(old.slopes, rel=1e-2)
    assert after["ensemble"]["kinds"] == before["ensemble"]["kinds"]
    assert after["ensemble"]["policy"]["operating_points"] == [
        [rate, pytest.approx(score, abs=1e-3)] for rate, score in before["ensemble"]["policy"]["operating_points"]
    ]


def test_each_situation_has_an_operating_point_of_its_own(
    table: list[views.View], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(table, tmp_path)
    alarms = {"face": 0.2, "scene": 0.05, "both": 0.1}
    monkeypatch.setattr(bundles, "ALARMS", alarms)
    restack.recalibrate(tmp_path, table, native(table), evidence(table, heads_of="val"))
    picture = json.loads((tmp_path / "default.json").read_text(encoding="utf-8"))["ensemble"]["picture"]
    new = assemble.tables(table, leading(table)["face"], leading(table)["scene"])

    def called(situation: str, rows: stack.Table) -> float:
        reals = rows.where((rows.fold == stack.VAL) & ~rows.fake)
        return float((stack.scores(Linear.from_dict(picture[situation]), reals) >= 0).mean())

    for situation, allowed in alarms.items():
        assert allowed - 0.015 < called(situation, new[situation].applying()) <= allowed + 0.001
    assert called("scene", new["scene"]) < alarms["scene"] - 0.015  # of all whole pictures, with a face or without


def test_networks_are_asked_of_validation_views_of_their_region(table: list[views.View]) -> None:
    from deepfake_detector.models.bundle import Bundle

    bundle = Bundle.load("fast")
    card = next(card for card in bundle.cards if card.name == "residual-scene")
    few = table[::101]  # of both regions and splits
    array = np.random.default_rng(1).integers(0, 256, (len(few), card.side, card.side, 3), dtype=np.uint8)
    said = restack.on_val(card, bundle.graphs[card.graph], few, array)
    asked = np.array([view.view == "scene" and view.split == "val" for view in few])
    assert np.isfinite(said).all(axis=1).tolist() == asked.tolist()


class TestDoubtfulPictures:
    """The wider band: that of new pictures of poor quality, or of which the members contradict each other."""

    @staticmethod
    def table(count: int) -> tuple[stack.Table, Linear]:
        """One member, right on every second new picture as often as its score says, and on the others always."""
        rng = np.random.default_rng(0)
        said = rng.normal(0, 2, count)
        hard = np.arange(count) % 2 == 0
        fake = np.where(hard, rng.random(count) < 1 / (1 + np.exp(-said)), said > 0)
        logits = np.zeros((count, 1, 4))
        logits[:, 0, 0] = said
        names = np.full(count, "s")
        known = np.full(count, stack.VAL)
        ones = np.ones(count)
        rows = stack.Table(("clip-x",), logits, fake, names, names, ones, known, ones > 0, np.arange(count), ones > 0)
        return rows, Linear({"clip-x": (1, 0, 0, 0, 0)}, 0.0)

    def policy(self, count: int, poor: np.ndarray) -> dict[str, Any]:
        rows, score = self.table(count)
        parts = {"members": {"clip-x": asdict(score)}}
        return bundles.policy(parts, score, rows, {}, poor)

    def test_it_is_learned_from_them(self) -> None:
        hard = np.arange(4000) % 2 == 0
        for_hard, for_easy = (self.policy(4000, poor) for poor in (hard, ~hard))
        assert for_hard["band"] == for_easy["band"]
        assert for_hard["poor_band"][0] < for_hard["band"][0]
        assert for_hard["poor_band"][1] > for_hard["band"][1]
        assert for_easy["poor_band"] == for_easy["band"]  # never the narrower of the two

    def test_a_single_member_contradicts_nobody(self) -> None:
        rows, score = self.table(400)
        parts = {"members": {"clip-x": asdict(score)}}
        silent = Linear({"clip-x": (0, 0, 0, 0, 0)}, 0.0)
        for picture, lone in ((score, 1.0), (score, 0.7), (silent, 1.0)):
            assert bundles.policy(parts, picture, rows, {}, np.zeros(400, bool), lone)["disagreement"] == lone

    def test_a_single_one_does_not_decide_it(self) -> None:
        rows, score = self.table(4000)
        said = rows.logits[:, 0, 0]
        poor = np.arange(4000) < 2 * bundles.DOUBTFUL
        fake = np.where(poor, said > 0, rows.fake)  # all of them right, but for one that scores about 0.95
        fake[np.argmin(np.where(poor, abs(said - 3), 9))] = False
        rows = replace(rows, fake=fake, weights=np.where(poor & (fake != (said > 0)), 8.0, 1.0))
        policy = bundles.policy({"members": {"clip-x": asdict(score)}}, score, rows, {}, poor)
        alone = bundles.band(rows.fake[poor], rows.weights[poor], said[poor], bundles.ERROR)
        assert alone[1] == 0.995
        assert policy["band"][1] < policy["poor_band"][1] <= 0.95

    def test_few_teach_nothing(self) -> None:
        few = np.zeros(4000, bool)
        few[: bundles.DOUBTFUL - 1] = True
        assert self.policy(4000, few)["poor_band"] == self.policy(4000, few)["band"]  # of all, which are all new here

    def test_quality_is_that_of_the_view(self, table: list[views.View]) -> None:
        rng = np.random.default_rng(0)
        native = rng.integers(0, 256, (len(table), 192, 192, 3)).astype(np.uint8)
        native[-4] = 128  # flat: nothing sharp
        bounds = {"blurred": 0.1, "heavy_compression": 9.0, "small_picture": 100.0, "small_face": 70.0}
        poor = bundles.poor_views(table, native, bounds)
        small = [view.split == "val" and view.view == "face" and view.face_size < 70 for view in table]
        small[-4] = True
        assert poor.tolist() == small
