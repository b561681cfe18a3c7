"""The code that makes the weights, on data small enough to know the answer."""

import platform
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
import torch
from onnx import TensorProto, helper
from sklearn.metrics import roc_auc_score
from torch import Tensor, nn

from deepfake_detector.ensemble.aggregate import Aggregator, Linear, stretches
from deepfake_detector.faces import face_detector
from deepfake_detector.train import (
    assemble,
    augment,
    bundles,
    copies,
    crossfit,
    data,
    encoder,
    export,
    folds,
    forge,
    forgeries,
    heads,
    loop,
    pairs,
    stack,
    targets,
    tuning,
    views,
)
from deepfake_detector.train.networks.efficientnet_lite import EfficientNetLite0
from deepfake_detector.train.networks.residual import ResidualNet
from deepfake_detector.train.sources import SOURCES
from deepfake_detector.types import Face, Family, Pixels


def view(fake: bool, family: str = "", source: str = "dfdc-faces", **changes: object) -> views.View:
    values: dict[str, object] = {
        "row": 0, "job": 0, "view": "face", "how": "plain", "fake": fake, "family": family, "source": source,
        "generator": "", "split": "train", "group": "", "face_size": 90.0, "width": 200, "height": 200,
    }  # fmt: skip
    return views.View(**{**values, **changes})  # type: ignore[arg-type]


_CPU = Path("/proc/cpuinfo")
SATURATES = (
    platform.machine() in ("x86_64", "AMD64") and _CPU.exists() and "vnni" not in _CPU.read_text(encoding="utf-8")
)
"""x86 processors without VNNI add up pairs of int8 products in 16 bits (what that changes: benchmarks/precision.py)."""


class TestEncoderArithmetic:
    """One linear layer of the encoder's int8 arithmetic, against the same in float."""

    @staticmethod
    def run(x: np.ndarray, layer: encoder.Linear, limit: float | None, integers: bool = True) -> np.ndarray:
        graph = encoder._Graph()
        result = encoder._linear(graph, "x", layer, "layer", limit)
        model = helper.make_model(
            helper.make_graph(
                graph.nodes,
                "one",
                [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, x.shape[1]])],
                [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
                list(graph.initialisers.values()),
            ),
            opset_imports=[helper.make_opsetid("", 17)],
            ir_version=9,
        )
        options = ort.SessionOptions()
        if not integers:
            options.add_session_config_entry("session.disable_quant_qdq", "1")
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        return np.asarray(session.run(None, {"x": x})[0])

    @pytest.fixture()
    def layer(self) -> encoder.Linear:
        rng = np.random.default_rng(0)
        return encoder.Linear(
            rng.integers(-127, 128, (64, 48)).astype(np.int8),
            rng.uniform(0.001, 0.01, 48).astype(np.float32),
            rng.normal(size=48).astype(np.float32),
        )

    @pytest.mark.parametrize(
        "integers",
        [
            False,
            pytest.param(True, marks=pytest.mark.skipif(SATURATES, reason="pairs of products saturate without VNNI")),
        ],
    )
    def test_two_terms_are_near_float_even_beside_outliers(self, layer: encoder.Linear, integers: bool) -> None:
        rng = np.random.default_rng(1)
        x = rng.normal(size=(20, 64)).astype(np.float32)
        x[:, 7] = 60  # one int8 image alone would leave steps of 0.5 for all other inputs
        exact = x @ (layer.quantised * layer.scale) + layer.bias
        error = np.abs(self.run(x, layer, 64.0, integers) - exact).max() / np.abs(exact - layer.bias).std()
        assert error < 0.01
        np.testing.assert_allclose(self.run(x, layer, None), exact, rtol=1e-4, atol=1e-4)

    def test_a_row_does_not_depend_on_its_neighbours(self, layer: encoder.Linear) -> None:
        x = np.random.default_rng(2).normal(size=(9, 64)).astype(np.float32)
        alone = np.concatenate([self.run(row[None], layer, 8.0) for row in x])
        np.testing.assert_allclose(self.run(x, layer, 8.0), alone, atol=1e-5)

    def test_inputs_beyond_the_limit_are_clipped(self, layer: encoder.Linear) -> None:
        x = np.full((1, 64), 5.0, np.float32)
        np.testing.assert_allclose(self.run(x * 100, layer, 5.0), self.run(x, layer, 5.0), rtol=0.02, atol=0.02)


class TestForging:
    @pytest.fixture()
    def face(self, astronaut: Pixels) -> Face:
        return face_detector("yunet").detect(astronaut)[0]

    @pytest.mark.parametrize("seed", range(12))
    def test_a_blend_changes_the_face_and_little_else(self, astronaut: Pixels, face: Face, seed: int) -> None:
        target = astronaut.copy()
        forged = forge.composite(target, face, np.ascontiguousarray(astronaut[:, ::-1]), mirrored(face, 512),
                                 np.random.default_rng(seed))  # fmt: skip
        changed = np.abs(forged.astype(int) - target).sum(2) > 0
        assert changed[60:200, 170:280].mean() > 0.02
        assert changed[300:].mean() == 0
        np.testing.assert_array_equal(target, astronaut)  # the original is left alone

    def test_the_same_seed_makes_the_same_fake(self, astronaut: Pixels, face: Face) -> None:
        first, second = (forge.self_blended(astronaut, face, np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(first, second)
        assert (first != astronaut).any()

    @pytest.mark.parametrize("region", ["face", "eyes", "mouth"])
    def test_masks_are_soft_and_in_range(self, astronaut: Pixels, face: Face, region: str) -> None:
        mask = forge.region_mask(astronaut.shape, face, region, np.random.default_rng(0))
        assert mask.shape == (512, 512)
        assert 0 <= mask.min() < 0.01
        assert 0.3 < mask.max() <= 1
        assert ((mask > 0.05) & (mask < 0.5)).any()

    def test_a_face_without_landmarks_is_refused(self, astronaut: Pixels) -> None:
        with pytest.raises(ValueError, match="landmarks"):
            forge.self_blended(astronaut, Face((0, 0, 50, 50)), np.random.default_rng(0))


def mirrored(face: Face, width: int) -> Face:
    """The face in the mirror image: left and right change names too."""
    assert face.landmarks is not None
    right, left, nose, mouth_right, mouth_left = [(width - 1 - x, y) for x, y in face.landmarks]
    box = (width - face.box[2], face.box[1], width - face.box[0], face.box[3])
    return Face(box, face.confidence, (left, right, nose, mouth_left, mouth_right))


@pytest.mark.parametrize("handle", [augment.degraded, augment.processed])
def test_handling_is_random_repeatable_and_of_usable_size(
    astronaut: Pixels, handle: Callable[[Pixels, np.random.Generator], Pixels]
) -> None:
    small = np.ascontiguousarray(astronaut[:200, 100:300])
    results = [handle(small, np.random.default_rng(seed)) for seed in range(30)]
    again = [handle(small, np.random.default_rng(seed)) for seed in range(30)]
    for a, b in zip(results, again, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.dtype == np.uint8
        assert min(a.shape[:2]) >= 24
    assert len({r.shape for r in results}) > 5


def test_a_shaken_picture_is_smeared_along_its_angle_alone() -> None:
    lines = np.zeros((40, 40, 3), np.uint8)
    lines[20] = 200  # a horizontal line
    along, across = (augment._shaken(lines, 6, angle) for angle in (0.0, np.pi / 2))
    assert along[20].min() >= 199
    assert along[18].max() == 0
    assert 0 < across[18].min() == across[22].max() < 100


def test_white_balance_and_colour() -> None:
    grey = np.full((4, 4, 3), 100, np.uint8)
    assert augment._recoloured(grey, np.array([1.1, 1, 0.9]), 1.0)[0, 0].tolist() == [110, 100, 90]
    red = np.tile(np.array([200, 50, 50], np.uint8), (4, 4, 1))
    assert np.ptp(augment._recoloured(red, np.ones(3), 0.0)) == 0
    assert np.ptp(augment._recoloured(red, np.ones(3), 0.5)) in (74, 75, 76)


class TestManifest:
    HEADER = "path,label,source,generator,split,group,sha256\n"

    def test_polarity_family_and_group(self, tmp_path: Path) -> None:
        (tmp_path / "manifest.csv").write_text(
            self.HEADER + "a.jpg,fake,dfdc-faces,x,train,g1,00\nb.jpg,real,dfdc-faces,camera,val,g1,00\n"
        )
        fake, real = data.read_manifest(tmp_path)
        assert (fake.fake, fake.family, fake.path) == (True, "swap", tmp_path / "a.jpg")
        assert (real.fake, real.family, real.group) == (False, None, "dfdc-faces/g1")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("a.jpg,1,dfdc-faces,x,train,g,0", "'real' or 'fake'"),
            ("a.jpg,fake,somewhere,x,train,g,0", "unknown source"),
            ("a.jpg,real,somewhere,x,train,g,0", "unknown source"),
            ("a.jpg,fake,press-reals,x,train,g,0", "no family"),
            ("a.jpg,fake,unseen-stylegan2,x,train,g,0", "only be read as test"),
        ],
    )
    def test_what_does_not_fit_is_refused_with_its_line(self, tmp_path: Path, line: str, message: str) -> None:
        (tmp_path / "manifest.csv").write_text(self.HEADER + line + "\n")
        with pytest.raises(ValueError, match=f"line 2: .*{message}"):
            data.read_manifest(tmp_path)

    def test_the_plan_trains_on_no_test_and_no_unseen_picture(self, tmp_path: Path) -> None:
        lines = [
            f"{i}.jpg,{label},{source},x,{split},g{i},0"
            for i, (label, source, split) in enumerate(
                (label, source, split)
                for source in ("dfdc-faces", "140k-real-and-fake-faces")
                for split in ("train", "val", "test")
                for label in ("real", "fake")
                for _ in range(3)
            )
        ]
        lines += [f"{source}.jpg,real,{source},x,train,g,0" for source, of in SOURCES.items() if of.forged]
        lines.append("u.jpg,fake,unseen-stylegan2,x,test,g,0")
        (tmp_path / "manifest.csv").write_text(self.HEADER + "\n".join(lines) + "\n")
        rows = data.read_manifest(tmp_path)
        jobs = views.plan(rows, seed=1, varied=200)
        assert {rows[job.row].split for job in jobs} == {"train", "val"}
        assert {rows[job.donor].split for job in jobs if job.donor >= 0} == {"train"}
        for index, row in enumerate(rows):
            hows = sorted(job.how for job in jobs if job.row == index and job.how in ("plain", "handled"))
            if row.split == "val":
                assert hows == ["handled", "plain"]
            assert hows.count("plain") <= 1
        assert jobs == views.plan(rows, seed=1, varied=200) != views.plan(rows, seed=2, varied=200)


def test_the_store_of_views_is_made_once_and_read_back(tmp_path: Path, astronaut: Pixels) -> None:
    from PIL import Image

    Image.fromarray(astronaut).save(tmp_path / "a.png")
    rows = [data.Row(tmp_path / "a.png", False, "hires-faces", "camera", "train", "g", "")]
    jobs = [views.Job(0, "plain", 0, True), views.Job(0, "blend", 3, False, 0), views.Job(0, "twin", 3, False)]
    store = tmp_path / "store"
    for _ in range(2):
        views.make_store(store, rows, jobs, processes=1)
    table, pixels, native = views.read_store(store)
    assert [(v.view, v.how, v.fake, v.family) for v in table] == [
        ("face", "plain", False, ""),
        ("scene", "plain", False, ""),
        ("face", "blend", True, "swap"),
        ("face", "twin", False, ""),
    ]
    assert pixels.shape == (4, 224, 224, 3)
    assert native.shape == (4, 192, 192, 3)
    assert (pixels[2] != pixels[3]).any()
    with pytest.raises(ValueError, match="another plan"):
        views.make_store(store, rows, jobs[:1], processes=1)
    with pytest.raises(ValueError, match="another set of pictures"):
        views.make_store(store, [replace(rows[0], fake=True)], jobs, processes=1)


class TestLoop:
    def test_a_fake_says_nothing_about_other_families(self) -> None:
        labels, mask = targets.targets([view(True, "gan"), view(False)])
        assert labels.tolist() == [[1, 0, 1, 0], [0, 0, 0, 0]]
        assert mask.tolist() == [[1, 0, 1, 0], [1, 1, 1, 1]]

    def test_a_head_may_take_another_familys_fakes_for_its_own(self) -> None:
        told = targets.targets([view(True, "gan"), view(True, "swap"), view(False), view(False, how="twin")])
        before = [array.copy() for array in told]
        labels, mask = targets.of_head(*told, 3, ("gan",))
        assert (labels.tolist(), mask.tolist()) == ([1, 0, 0, 0], [1, 0, 1, 0])
        labels, mask = targets.of_head(*told, 3, ("swap",))  # with the twins of forged pictures, as that head has them
        assert (labels.tolist(), mask.tolist()) == ([0, 1, 0, 0], [0, 1, 1, 1])
        for head in range(4):  # the others hear what they heard
            for part, array in zip(targets.of_head(*told, head), before, strict=True):
                np.testing.assert_array_equal(part, array[:, head])
        assert told[0][0, 3] == told[1][0, 3] == 0  # as they were

    def test_a_twin_is_heard_where_its_forgery_is(self) -> None:
        shown = [view(False, how="twin"), view(False, how="original"), view(True, "swap", how="blend")]
        labels, mask = targets.targets(shown)
        assert labels.tolist() == [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]]
        assert mask.tolist() == [[1, 1, 0, 0]] * 3

    def test_classes_weigh_alike_and_sources_by_the_root_of_their_number(self) -> None:
        rows = [view(False, source="dfdc-faces")] * 9 + [view(False, source="press-reals")] + [view(True, "swap")] * 2
        weights = targets.weights(rows)
        assert weights.sum() == pytest.approx(1)
        assert weights[:10].sum() == pytest.approx(0.5)
        assert weights[:9].sum() / weights[9] == pytest.approx(3)

    def test_forgeries_may_count_less(self) -> None:
        rows = [view(False), view(True, "swap"), view(True, "swap", how="blend"), view(True, "swap", how="composite")]
        once, less = targets.weights(rows, 0.65), targets.weights(rows, 0.65, forged=0.35)
        np.testing.assert_allclose(less / once, [1, 1, 0.35, 0.35])

    @staticmethod
    def toy() -> tuple[np.ndarray, list[views.View]]:
        """Bright is fake."""
        rows = [view(i % 2 == 0, "swap" if i % 2 == 0 else "") for i in range(40)]
        pixels = np.stack([np.full((8, 8, 3), 200 if row.fake else 60, np.uint8) for row in rows])
        return pixels, rows

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(3, 4)
            nn.init.zeros_(self.linear.weight)
            nn.init.zeros_(self.linear.bias)

        def forward(self, x: Tensor) -> Tensor:
            return self.linear(x.mean((2, 3)))

    def test_learns_and_goes_on_after_a_stop_as_if_there_was_none(self, tmp_path: Path) -> None:
        pixels, rows = self.toy()
        plan = loop.Plan(60, batch=8, rate=0.1, warmup=1, average=0.5, seed=3)
        everything = np.arange(len(rows))

        def run(name: str, steps: int) -> nn.Module:
            whole = replace(plan, steps=steps)
            return loop.train(self.Net(), pixels, rows, everything, whole, tmp_path / name, every=20)

        through = run("through.pt", 60)
        logits = loop.logits_of(through, pixels, everything, plan)
        assert (logits[::2, :2] > 0).all()
        assert (logits[1::2, :2] < 0).all()

        class Stop(Exception):
            pass

        def stop(_: nn.Module, step: int) -> str:
            if step == 40:
                raise Stop
            return ""

        with pytest.raises(Stop):
            loop.train(self.Net(), pixels, rows, everything, plan, tmp_path / "cut.pt", stop, every=20)
        resumed = run("cut.pt", 60)
        for a, b in zip(through.parameters(), resumed.parameters(), strict=True):
            torch.testing.assert_close(a, b)


@pytest.mark.parametrize(("network", "side"), [(EfficientNetLite0, 224), (ResidualNet, 192)])
def test_exported_networks_agree_with_torch(network: type[nn.Module], side: int) -> None:
    torch.manual_seed(0)
    built = network()
    graph = export.export(built, side)
    x = torch.rand(2, 3, side, side)
    session = ort.InferenceSession(graph, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        np.testing.assert_allclose(session.run(None, {"pixels": x.numpy()})[0], built.eval()(x).numpy(), atol=1e-3)


def test_weights_of_eight_bits_are_rounded_once() -> None:
    values = np.random.default_rng(0).normal(size=(7, 5, 3, 3)).astype(np.float32)
    values[3] = 0
    eighth, scale = export.in_eight_bits(values)
    assert eighth.dtype == np.int8
    assert scale.shape == (7, 1, 1, 1)
    rounded = eighth * scale
    assert np.abs(rounded - values).max() <= np.abs(values).max() / 127 / 2 * 1.001
    np.testing.assert_array_equal(export.in_eight_bits(rounded)[0], eighth)


def test_imagenet_weights_must_fit(tmp_path: Path) -> None:
    torch.save({"x": torch.zeros(3)}, tmp_path / "wrong.pth")
    with pytest.raises(ValueError, match="does not hold"):
        EfficientNetLite0().load_imagenet(tmp_path / "wrong.pth")


def test_the_residual_network_sees_no_flat_colour() -> None:
    torch.manual_seed(0)
    network = ResidualNet().eval()
    dark, bright = (torch.full((1, 3, 192, 192), level) for level in (0.2, 0.7))
    inner = (slice(None), slice(None), slice(8, -8), slice(8, -8))
    assert torch.allclose(network.get_buffer("filters").sum((2, 3)), torch.zeros(9, 1), atol=1e-6)
    with torch.inference_mode():
        rich = [torch.conv2d(x, network.get_buffer("filters"), groups=3) for x in (dark, bright)]
    assert torch.allclose(rich[0][inner], rich[1][inner], atol=1e-5)


_HOW = ("plain", "handled")


class TestPairs:
    def test_a_handled_view_stands_beside_its_picture_as_it_is(self) -> None:
        rows = [
            view(False, row=1, how="processed"), view(False, row=1), view(True, "swap", row=1, how="blend"),
            view(False, row=1, how="twin"), view(False, row=2), view(False, row=3, how="handled"),
            view(False, row=1, how="handled"), view(False, row=1, how="handled"),
        ]  # fmt: skip
        assert pairs.same_picture(rows).tolist() == [[0, 1], [6, 1]]
        assert pairs.same_picture(rows[4:6]).shape == (0, 2)

    def test_many_are_drawn_from(self) -> None:
        rows = [view(False, row=number, how=how) for number in range(10) for how in _HOW]
        drawn = pairs.same_picture(rows, most=4)
        assert len({tuple(pair) for pair in drawn.tolist()}) == 4
        assert all(handled == plain + 1 for handled, plain in drawn.tolist())
        np.testing.assert_array_equal(drawn, pairs.same_picture(rows, most=4))


class TestFurtherForgeries:
    @staticmethod
    def rows(source: str, fake: bool, splits: tuple[str, ...]) -> list[data.Row]:
        return [
            data.Row(Path(f"{source}-{fake}-{number}"), fake, source, "", split, str(number), "")
            for number, split in enumerate(splits)
        ]

    def test_reals_get_parts_of_donors_of_any_source_and_of_nobody(self) -> None:
        splits = ("train",) * 30 + ("val", "test") * 5
        pack = [row for source in "abc" for fake in (False, True) for row in self.rows(source, fake, splits)]
        nobodies = self.rows("made", True, splits)
        counts = {"a": 40, "b": 20}
        jobs = forgeries.further(pack, nobodies, 0, counts)
        every = pack + nobodies
        forged = [job for job in jobs if job.how in ("blend", "composite")]
        assert len(forged) == 2 * sum(counts.values())
        used = [every[job.row] for job in forged] + [every[job.donor] for job in forged]
        assert {row.split for row in used} == {"train"}
        assert {(row.source, row.fake) for row in used} == {("a", False), ("b", False), ("made", True)}
        assert all(not every[job.row].fake for job in jobs)
        assert {(job.row, job.seed) for job in jobs if job.how == "twin"} <= {(job.row, job.seed) for job in forged}
        assert any(every[job.row].source != every[job.donor].source != "made" for job in forged)
        assert jobs == forgeries.further(pack, nobodies, 0, counts)


class TestRepainted:
    PACK = (
        data.Row(Path("a.jpg"), False, "dfdc-faces", "", "train", "dfdc-faces/a", "a" * 64),
        data.Row(Path("b.jpg"), False, "hires-faces", "", "train", "hires-faces/b", "b" * 64),
    )

    @staticmethod
    def made(*originals: str) -> list[data.Row]:
        """A fake and its original for each, as scripts/make_swaps.py writes them."""
        return [
            data.Row(Path(f"{label}/{name * 16}-{number:05d}.png"), label == "fake", "repainted-faces", "autoencoder",
                     "train", "x", "", "swap" if label == "fake" else None)
            for number, name in enumerate(originals)
            for label in ("fake", "real")
        ]  # fmt: skip

    def test_fakes_alone_are_shown_and_their_twins_are_the_packs_pictures(self) -> None:
        made = self.made(*"ab" * 20)
        jobs = forgeries.of_networks(self.PACK, made, 100, 0)
        forged = {job.row: job for job in jobs if job.how == "repainted"}
        assert sorted(forged) == [100 + number for number, row in enumerate(made) if row.fake]
        assert all(job.face_alone and not job.scene for job in jobs)
        twins = [job for job in jobs if job.how == "original"]
        assert 8 < len(twins) < 32
        assert len(jobs) == len(forged) + len(twins)
        seeds = {job.seed: made[job.row - 100] for job in forged.values()}
        assert all(seeds[job.seed].path.name[0] == "ab"[job.row] for job in twins)
        assert jobs == forgeries.of_networks(self.PACK, made, 100, 0) != forgeries.of_networks(self.PACK, made, 100, 1)

    def test_a_fake_is_held_out_with_what_it_shows(self) -> None:
        fakes = [row for row in forgeries.as_of_originals(self.PACK, self.made("b", "a")) if row.fake]
        assert [(row.source, row.group) for row in fakes] == [
            ("hires-faces", "hires-faces/b"),
            ("dfdc-faces", "dfdc-faces/a"),
        ]
        assert [row.path.name[0] for row in fakes] == ["b", "a"]

    def test_swaps_of_another_pack_are_refused(self) -> None:
        with pytest.raises(ValueError, match=r"1 swaps .* lacks"):
            forgeries.of_networks(self.PACK, self.made("a", "c"), 100, 0)

    def test_a_view_of_one_is_a_forged_swap_handled_as_its_twin(self, tmp_path: Path, astronaut: Pixels) -> None:
        from PIL import Image

        for name, pixels in (("real", astronaut), ("fake", 255 - astronaut)):
            Image.fromarray(pixels).save(tmp_path / f"{name}.png")
        rows = [
            data.Row(tmp_path / f"{name}.png", name == "fake", "dfdc-faces", "", "train", "g", "", family)
            for name, family in (("real", None), ("fake", "swap"))
        ]
        for seed in range(4):
            jobs = [views.Job(1, "repainted", seed, True), views.Job(0, "original", seed, True)]
            (fake, forged, _), (real, twin, _) = (list(views.views_of(0, job, rows))[-1] for job in jobs)
            assert (fake.view, fake.fake, fake.family, fake.forged) == ("scene", True, "swap", True)
            assert (real.view, real.fake, real.family, real.forged) == ("scene", False, "", False)
            assert (fake.of_networks, real.of_networks) == (True, True)
            assert (fake.counterpart, real.counterpart) == (False, True)
            assert np.corrcoef(forged.ravel(), twin.ravel())[0, 1] < -0.8


class TestFurtherCopies:
    def test_training_pictures_alone_are_copied_and_the_unseen_shown_as_they_are(self) -> None:
        splits = ("train",) * 40 + ("val", "test") * 5
        rows = [
            data.Row(Path(f"{source}-{number}"), False, source, "", split, str(number), "")
            for source in ("dfdc-faces", "camera-reals")
            for number, split in enumerate(splits)
        ]
        seen = set(range(20))
        jobs = copies.further(rows, seen, 3)
        assert {rows[job.row].split for job in jobs} == {"train"}
        processed = Counter(job.row for job in jobs if job.how == "processed")
        cameras = {i for i, row in enumerate(rows) if row.source == "camera-reals" and row.split == "train"}
        assert {processed[i] for i in cameras} == {SOURCES["camera-reals"].processed}
        assert {job.row for job in jobs if job.how == "plain"} == set(range(20, 40))  # of dfdc-faces, all
        assert all(job.face_alone and not job.scene for job in jobs)
        assert jobs == copies.further(rows, seen, 3) != copies.further(rows, seen, 4)


class TestHeads:
    SELECTION = heads.Selection((1, 12), ("cls",))

    def features(self) -> tuple[np.ndarray, list[views.View]]:
        """Swaps lift channel 0 of block 1, GANs channel 1 of block 12."""
        rng = np.random.default_rng(0)
        rows = [view(False)] * 60 + [view(True, "swap")] * 60 + [view(True, "gan")] * 60
        features = rng.normal(size=(180, 12, 4, 768)).astype(np.float32) * 0.1
        features[60:120, 0, 0, 0] += 2
        features[120:, 11, 0, 1] += 2
        return features, rows

    def test_each_family_has_its_own_head_and_the_graph_agrees(self) -> None:
        features, rows = self.features()
        fitted = heads.fit(self.SELECTION.take(features), rows, np.ones(180), self.SELECTION, 1.0)
        logits = fitted.logits(features)
        assert (logits[:60] < 0).all()
        assert (logits[60:, 0] > 0).all()
        assert (logits[60:120, 1] > 0).all()
        assert (logits[120:, 2] > 0).all()
        assert (logits[:, 3] == -10).all()  # never saw a generated one
        assert logits[60:120, 2].max() < logits[120:, 2].min()  # and a swap is no GAN's, whatever the heads' scales
        assert logits[120:, 1].max() < logits[60:120, 1].min()
        session = ort.InferenceSession(heads.graph(fitted), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, {"statistics": features})[0], logits, atol=1e-3)

    def test_a_voice_without_fakes_to_hear_is_silent(self) -> None:
        """All GAN pictures were handled: the voice for untouched ones says -10 - log 2, and the other decides."""
        features, rows = self.features()
        rows[120:] = [view(True, "gan", how="handled")] * 60
        fitted = heads.fit(self.SELECTION.take(features), rows, np.ones(180), self.SELECTION, 1.0)
        assert fitted.voices == (1, 1, 2, 1)
        assert not fitted.weights[:, 3].any()
        assert fitted.bias[3] == pytest.approx(-10 - np.log(2))
        assert (fitted.logits(features)[120:, 2] > 0).all()

    def test_a_head_with_two_voices_says_their_log_sum_exp(self) -> None:
        """Voices of 0 and log 3 say log(1 + 3), in numpy and in the graph."""
        weights, bias = np.zeros((2 * 768, 5), np.float32), np.array([1, 2, 0, np.log(3), -1], np.float32)
        joined = heads.Heads(self.SELECTION, weights, bias, (1, 1, 2, 1))
        features = np.zeros((1, 12, 4, 768), np.float32)
        session = ort.InferenceSession(heads.graph(joined), providers=["CPUExecutionProvider"])
        for logits in (joined.logits(features), session.run(None, {"statistics": features})[0]):
            np.testing.assert_allclose(logits, [[1, 2, np.log(4), -1]], atol=1e-6)

    def test_a_voice_may_listen_to_untouched_pictures(self) -> None:
        """Channel 0 gives untouched GAN pictures away, channel 1 handled ones; one each of real and fake, 80 times."""
        rng = np.random.default_rng(0)
        rows = [
            view(fake, "gan" if fake else "", how=how) for how in ("plain", "handled") for fake in (False, True)
        ] * 80
        rows = [replace(row, row=number) for number, row in enumerate(rows)]
        features = rng.normal(size=(320, 12, 4, 768)).astype(np.float32) * 0.3
        features[1::4, 0, 0, 0] += 1
        features[3::4, 0, 0, 1] += 1
        heard = {**tuning.CARE, "gan": (tuning.Care(("cls",), plain=20),)}
        fitted = heads.fit(self.SELECTION.take(features), rows, np.ones(320), self.SELECTION, 0.003, heard)
        untouched, handled = fitted.weights[:2].T[[0, 2]].T  # pooled and gan, of channels 0 and 1
        assert untouched[1] / handled[1] > 2 * untouched[0] / handled[0]

    def test_a_brief_fit_goes_along_the_difference_of_the_means(self) -> None:
        """The first step from zero is along the gradient: the sum of weight x (label - 1/2) x features."""
        rng = np.random.default_rng(0)
        x = rng.normal(size=(200, 5)).astype(np.float32) * [1, 2, 3, 4, 5]
        x = x.astype(np.float32)
        labels = rng.random(200) < 1 / (1 + np.exp(-x[:, 0]))
        first, _ = heads.logistic(x, labels, np.ones(200), 10.0, steps=1)
        towards = x.T @ (labels - 0.5)
        assert first @ towards == pytest.approx(np.linalg.norm(first) * np.linalg.norm(towards), rel=1e-4)
        full, _ = heads.logistic(x, labels, np.ones(200), 10.0)
        assert abs(full[0]) > abs(full[1:]).max()  # in the end the channel that tells has the largest weight
        assert np.argmax(np.abs(first)) != 0

    def test_a_head_may_be_half_a_brief_fit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(heads, "BRIEF", 2)
        features, rows = self.features()
        rows[60:120] = [view(True, "generated")] * 60

        def generated(brief: float) -> np.ndarray:
            heard = {**tuning.CARE, "generated": (tuning.Care(("cls",), brief=brief),)}
            taken = self.SELECTION.take(features)
            return heads.fit(taken, rows, np.ones(180), self.SELECTION, 1.0, heard).weights[:, -1]

        np.testing.assert_allclose(generated(0.5), (generated(0) + generated(1)) / 2, atol=1e-6)
        assert not np.allclose(generated(0), generated(1), atol=1e-3)

    def test_what_networks_repainted_teaches_voices_that_hear_it_alone_and_stands_in_no_table(
        self, tmp_path: Path
    ) -> None:
        """Channel 2 of block 1 gives repainted faces away; of all voices the swap head's hears of them."""
        rng = np.random.default_rng(0)
        families: tuple[Family, ...] = ("swap", "gan", "generated")
        shown = [
            view(fake, family if fake else "", source, split=split)
            for source in ("dfdc-faces", "140k-real-and-fake-faces")
            for split in ("train", "val")
            for fake in (False, True)
            for family in families
        ] * 20
        painted = [
            view(fake, "swap" if fake else "", how="repainted" if fake else "original") for fake in (True, False)
        ]
        every = shown + painted * 30
        features = rng.normal(size=(len(every), 12, 4, 768)).astype(np.float32) * 0.1
        for channel, family in enumerate(families, 3):
            features[[v.family == family for v in every], 0, 0, channel] += 1
        features[len(shown) :: 2, 0, 0, 2] += 2

        def fitted(count: int, repainted: bool) -> tuple[heads.Heads, np.ndarray]:
            heard = {**tuning.CARE, "swap": (tuning.Care(("cls",), repainted=repainted),)}
            asked = "face", every[:count], features[:count], self.SELECTION, 1.0, tmp_path / f"{count}-{repainted}"
            crossfit.head_logits(*asked, heard=heard)
            return crossfit.head_logits(*asked, heard=heard)  # read from where it was kept

        hearing, said = fitted(len(every), True)
        deaf, _ = fitted(len(every), False)
        without, said_without = fitted(len(shown), True)
        np.testing.assert_array_equal(deaf.weights, without.weights)
        assert hearing.voices == (1, 1, 2, 1)
        for column in (0, 2, 3, 4):  # all but the swap head's
            assert without.weights[:, column].any()
            np.testing.assert_array_equal(hearing.weights[:, column], without.weights[:, column])
            assert hearing.bias[column] == without.bias[column]
        others = [0, 2, 3]
        np.testing.assert_allclose(said[: len(shown), others], said_without[:, others], atol=1e-4)
        assert np.isfinite(said[: len(shown)]).all()
        assert np.isnan(said[len(shown) :]).all()
        of_them = [heads.logits(features[len(shown) :])[:, 1].reshape(30, 2) for heads in (hearing, without)]
        assert of_them[0][:, 0].min() > of_them[0][:, 1].max()
        assert roc_auc_score([1, 0] * 30, of_them[1].ravel()) < 0.95

    def test_the_shipped_swap_head_of_faces_alone_hears_what_networks_repainted(self) -> None:
        hearing = {
            (region, name)
            for region, voices in tuning.SHIPPED.items()
            for name, cares in voices.items()
            if any(care.repainted for care in cares)
        }
        assert hearing == {("face", "swap")}

    def test_the_voices_of_a_head_hear_what_networks_repainted_all_or_none(self) -> None:
        mixed = {**tuning.CARE, "gan": (tuning.Care(("cls",), repainted=True), tuning.Care(("cls",)))}
        with pytest.raises(ValueError, match="voices of gan hear"):
            heads.taught(np.zeros((0, 0), np.float32), [], targets.weights, self.SELECTION, 1.0, mixed)

    def test_a_steady_voice_tells_by_what_handling_leaves(self) -> None:
        """Channels 0 and 1 tell alike, but handling shakes the first: steady weights lie on the second."""
        rng = np.random.default_rng(0)
        rows = [
            view(number % 2 > 0, "swap" if number % 2 else "", row=number, how=how)
            for number in range(100)
            for how in _HOW
        ]
        features = np.zeros((200, 12, 4, 768), np.float32)
        features[:, 0, 0, :2] = rng.normal(0, 0.1, (200, 2))
        for number, row in enumerate(rows):
            features[number, 0, 0, :2] += 1 if row.fake else -1
        features[1::2, 0, 0, 0] += rng.choice([-1, 1], 100)
        strangers = [replace(row, row=number) for number, row in enumerate(rows)]
        taken = self.SELECTION.take(features)

        def swap(steady: float, rows: list[views.View] = rows) -> np.ndarray:
            heard = {**tuning.CARE, "swap": (tuning.Care(("cls",), steady=steady),)}
            fitted = heads.fit(taken, rows, np.ones(200), self.SELECTION, 1.0, heard)
            return fitted.weights[:, 1]

        free, steady = swap(0.0), swap(10.0)
        assert abs(steady[0] / steady[1]) < abs(free[0] / free[1]) / 2
        moved = [np.square((taken[1::2] - taken[::2]) @ weights).mean() for weights in (free, steady)]
        assert moved[1] < moved[0] / 4
        np.testing.assert_array_equal(swap(10.0, strangers), free)

    def test_the_heavier_steadiness_weighs_the_less_a_moving_channel_counts(self) -> None:
        rng = np.random.default_rng(0)
        x = rng.normal(size=(50, 3)).astype(np.float32)
        labels = x[:, 0] > 0
        moves = np.array([[1, 0, 0]], np.float32)
        lengths = [heads.logistic(x, labels, np.ones(50), 1.0, moves=moves, steady=s)[0][0] for s in (0, 0.1, 1, 100)]
        assert lengths == sorted(lengths, reverse=True)
        assert lengths[0] > 2 * lengths[2] > 0
        assert lengths[3] < 0.02

    def test_a_fake_of_unknown_family_teaches_the_pooled_head_alone(self) -> None:
        labels, mask = targets.targets([view(True, "")])
        assert labels.tolist() == mask.tolist() == [[1, 0, 0, 0]]


def test_a_view_that_a_member_was_not_scored_on_is_in_no_table() -> None:
    """Three jobs with a face and a scene view each; the network has no logits of the second job's face."""
    rows = [
        view(job == 1, "swap" if job == 1 else "", job=job, view=name) for job in range(3) for name in ("face", "scene")
    ]
    logits = np.zeros((6, 1, 4), np.float32)
    face = assemble.Evidence(("clip-face",), np.where(np.arange(6)[:, None, None] == 2, np.nan, logits))
    tables = assemble.tables(rows, face, assemble.Evidence(("clip-scene",), logits))
    assert {name: len(table.fake) for name, table in tables.items()} == {"face": 2, "scene": 3, "both": 2}
    assert not tables["both"].fake.any()
    assert tables["scene"].fake.tolist() == [False, True, False]
    assert not tables["scene"].applies.any()  # the second job has a face too


def test_a_whole_picture_is_judged_alone_where_it_shows_no_face() -> None:
    rows = [view(False, "", job=0, view="face"), *[view(False, "", job=job, view="scene") for job in range(3)]]
    logits = np.zeros((4, 1, 4), np.float32)
    tables = assemble.tables(
        rows, assemble.Evidence(("clip-face",), logits), assemble.Evidence(("clip-scene",), logits)
    )
    assert {name: table.applies.tolist() for name, table in tables.items()} == {
        "face": [True],
        "scene": [False, True, True],
        "both": [True],
    }


class TestStack:
    @staticmethod
    def table(count: int = 6000) -> stack.Table:
        """Member "clip-x" carries half the true log-odds, "conv-x" noise; in "val" the noise tells the truth."""
        rng = np.random.default_rng(0)
        truth = rng.normal(0, 1.5, count)
        fake = rng.random(count) < 1 / (1 + np.exp(-truth))
        columns = [truth / 2, rng.normal(0, 1.5, count)]
        logits = np.stack([np.stack([c] * 4, 1) for c in columns], 1)
        fold = np.array(["dfdc", "modern", stack.VAL])[np.arange(count) % 3]
        family = np.where(fake, np.where(truth > 1, "gan", np.where(truth > 0, "swap", "generated")), "")
        source = np.array(["press-reals", "camera-reals"])[np.arange(count) // 3 % 2]
        number, ones = np.arange(count), np.ones(count)
        names = ("clip-x", "conv-x")
        return stack.Table(names, logits, fake, family, source, ones, fold, number % 2 > 0, number, ones > 0)

    def test_noise_gets_no_weight(self) -> None:
        assert stack.choose(self.table(), ["clip", "conv"]) == {"clip-x": 1.0, "conv-x": 0.0}

    def test_a_member_that_helps_gets_weight(self) -> None:
        table = self.table()
        table.logits[:, 1] = table.logits[:, 0]
        table.logits[:, 0] = np.random.default_rng(1).normal(0, 1, table.logits[:, 0].shape)
        assert stack.choose(table, ["clip", "conv"])["conv-x"] == max(stack.GRID)

    def test_the_score_is_calibrated(self) -> None:
        table = self.table()
        probability = 1 / (1 + np.exp(-stack.scores(stack.verdict_score(table, {"clip-x": 1.0}), table)))
        for low in (0.1, 0.3, 0.5, 0.7):
            rows = (probability >= low) & (probability < low + 0.2)
            assert table.fake[rows].mean() == pytest.approx(probability[rows].mean(), abs=0.05)

    def test_scores_agree_with_what_the_detector_computes(self) -> None:
        table = self.table(20)
        score = Linear({"clip-x": (0.5, 0, 0.2, 0, 0.1), "conv-x": (0.3, 0, 0, 0, 0)}, -0.4, (0.5, 2, 3, 1))
        for row, value in zip(table.logits, stack.scores(score, table), strict=True):
            logits = {name: row[i].astype(np.float32) for i, name in enumerate(table.members)}
            assert value == pytest.approx(score.logit(logits), abs=1e-5)

    def test_the_score_is_calibrated_around_the_operating_point(self) -> None:
        """The log-odds of fake are a broken line of x, bent where ``aggregate.BEND`` says."""
        rng = np.random.default_rng(0)
        count, slopes = 20_000, np.array([2, 0.5, 4, 1])
        x = rng.uniform(-3, 3, count)
        fake = rng.random(count) < 1 / (1 + np.exp(-stretches(x) @ slopes))
        logits = np.zeros((count, 1, 4))
        logits[:, 0, 0] = x
        names = np.full(count, "press-reals")
        ones, new = np.ones(count), np.full(count, stack.VAL)
        table = stack.Table(("clip-x",), logits, fake, names, names, ones, new, ones > 0, np.arange(count), ones > 0)
        alarms = float((x[~fake] >= 0).mean())
        found = stack.anchored(Linear({"clip-x": (1, 0, 0, 0, 0)}, 0.7), table, alarms)
        assert found.bias == pytest.approx(0, abs=0.05)
        np.testing.assert_allclose(found.slopes, slopes, rtol=0.25)
        said = stack.scores(found, table)
        for low in (-1.5, -1, -0.5, 0, 1):
            rows = (said >= low) & (said < low + 0.5)
            assert fake[rows].mean() == pytest.approx((1 / (1 + np.exp(-said[rows]))).mean(), abs=0.04)

    def test_a_situation_is_calibrated_on_pictures_that_are_judged_so(self) -> None:
        table = self.table()
        applies = np.arange(6000) % 2 > 0
        table.logits[~applies] -= 2  # pictures that another situation judges score lower
        table = replace(table, applies=applies)
        tables = {"face": self.table(), "scene": table, "both": self.table()}
        values, picture = assemble.ensemble(tables, ["clip", "conv"], dict.fromkeys(assemble.SITUATIONS, 0.1))
        only_scene = assemble.alone({"scene": table}, {"scene": 0.1})
        reals = (table.fold == stack.VAL) & ~table.fake

        def alarms(score: Linear, chosen: np.ndarray) -> float:
            return float((stack.scores(score, table)[reals & chosen] >= 0).mean())

        for score in (picture["scene"], Linear.from_dict(only_scene[0]["clip-x"])):
            assert 0.08 < alarms(score, applies) <= 0.1
            assert alarms(score, ~applies) < 0.05
        slope, offset = only_scene[1]["scene"]
        mean = np.mean(
            [1 / (1 + np.exp(-stack.scores(Linear.from_dict(own), table))) for own in only_scene[0].values()], axis=0
        )
        said = slope * np.log(mean / (1 - mean)) + offset
        assert 0.08 < (said[reals & applies] >= 0).mean() <= 0.1
        assert values["mean"]["face"] != values["mean"]["scene"]

    @pytest.mark.parametrize(("reals", "fakes", "enough"), [(0, 0, True), (-1, 0, False), (0, -1, False)])
    def test_all_pictures_calibrate_where_those_that_apply_are_too_few(
        self, reals: int, fakes: int, enough: bool
    ) -> None:
        table = self.table()
        new = table.fold == stack.VAL
        applies = ~new  # as many as one likes of other folds
        for kind, more in ((~table.fake, reals), (table.fake, fakes)):
            applies[np.flatnonzero(new & kind)[: stack.FEW_APPLYING + more]] = True
        rows = replace(table, applies=applies).applying()
        assert len(rows.fake) == (applies.sum() if enough else 6000)

    def test_a_whole_picture_says_less_beside_a_face(self) -> None:
        table = self.table()
        named = {"clip-face": 1.0, "clip-scene": stack.SCENE}
        assert stack.choose(replace(table, members=("clip-face", "clip-scene")), ["clip"]) == named
        alone = {"clip-scene": 1.0, "conv-scene": 0.0}
        assert stack.choose(replace(table, members=("clip-scene", "conv-scene")), ["clip", "conv"]) == alone

    def test_the_operating_point_keeps_false_alarms(self) -> None:
        table = self.table()
        tables = dict.fromkeys(assemble.SITUATIONS, table)
        values, picture = assemble.ensemble(tables, ["clip", "conv"], alarms=dict.fromkeys(assemble.SITUATIONS, 0.03))
        reals = (table.fold == stack.VAL) & ~table.fake
        alarms = (stack.scores(picture["both"], table)[reals] >= 0).mean()
        assert 0.02 < alarms <= 0.031
        assert Aggregator.from_dict(values).members.keys() == {"clip-x", "conv-x"}

    def test_operating_points_keep_their_rates(self) -> None:
        table = self.table(3000)
        scores = stack.scores(stack.verdict_score(table, {"clip-x": 1.0}), table)
        reals = (table.fold == stack.VAL) & ~table.fake
        points = bundles.operating_points(scores, table)
        assert [rate for rate, _ in points] == [rate for rate in bundles.RATES if rate * reals.sum() >= bundles.COUNTED]
        assert len(points) >= 5
        for rate, threshold in points:
            assert (1 / (1 + np.exp(-scores[reals])) >= threshold).mean() == pytest.approx(rate, abs=3 / reals.sum())

    def test_the_band_keeps_the_error(self) -> None:
        table = self.table()
        scores = stack.scores(stack.verdict_score(table, {"clip-x": 1.0}), table)
        low, high = bundles.band(table.fake, table.weights, scores, 0.05)
        probability = 1 / (1 + np.exp(-scores))
        assert low < 0.5 < high
        assert table.fake[probability <= low].mean() <= 0.05
        assert (~table.fake[probability >= high]).mean() <= 0.05

    def test_comparison_leaves_each_fold_out(self) -> None:
        """Fakes of two sources in two folds, each against all reals of its fold; scikit-learn's AUC of the rows."""
        table = self.table()
        read = assemble.left_out(table, ["clip", "conv"])
        assert [set(fold.source) for fold in read] == [{"press-reals", "camera-reals"}] * 2
        result = assemble.comparison(read[:1])
        assert list(result) == ["camera-reals", "press-reals", "mean over sources"]
        fold = read[0]
        rows = ~fold.fake | (fold.source == "press-reals")
        for way in ("stacked", "mean", "clip-x", "conv-x"):
            expected = roc_auc_score(fold.fake[rows], fold.ways[way][rows])
            assert result["press-reals"][way] == pytest.approx(expected, abs=1e-4)
        assert result["press-reals"]["stacked"] == result["press-reals"]["clip-x"] > 0.75
        assert result["press-reals"]["conv-x"] < 0.6
        kept = [fold.only(plain).fake for plain in (True, False)]
        assert sum(map(len, kept)) == len(fold.fake)
        lead = assemble.margins(read, draws=40)
        means = assemble.comparison(read[:1] + read[1:])["mean over sources"]
        by_fold = [assemble.comparison([one])["press-reals"]["stacked"] for one in read]
        assert by_fold[0] != by_fold[1]
        assert assemble.comparison(read)["press-reals"]["stacked"] == pytest.approx(np.mean(by_fold), abs=1e-4)
        assert set(lead) == {"mean", "clip-x", "conv-x"}
        assert lead["clip-x"] == {"lead": 0, "at least": 0, "at most": 0}
        assert lead["conv-x"]["at least"] < lead["conv-x"]["lead"] < lead["conv-x"]["at most"]
        assert lead["conv-x"]["at least"] > 0.1
        assert 0 < means["stacked"] <= 1


def test_folds_cover_every_training_source_once() -> None:
    sources = [source for fold in folds.PACK.sources.values() for source in fold]
    assert len(sources) == len(set(sources))
    assert set(sources) == {name for name, source in SOURCES.items() if source.copies}
    assert sorted(fold for half in folds.PACK_HALVES for fold in half) == sorted(folds.PACK.names)
