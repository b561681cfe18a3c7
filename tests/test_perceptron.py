"""Voices that are partly a small network: what they can tell, and that the graph says what was fitted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from onnx import numpy_helper
from sklearn.metrics import roc_auc_score

from deepfake_detector.errors import ModelInvalid
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.models.card import OUTPUTS
from deepfake_detector.train import adapt, crossfit, folds, heads, perceptron, tuning, views

SELECTION = heads.Selection((1, 12), ("patch_mean", "cls", "centre_mean"))
HEARD = ("centre_mean", "patch_mean")
MEAN, CENTRE = (heads.STATISTICS.index(name) for name in ("patch_mean", "centre_mean"))


@pytest.fixture(autouse=True)
def _brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(perceptron, "PLAN", replace(perceptron.PLAN, steps=150))


def view(fake: bool, family: str = "") -> views.View:
    return views.View(0, 0, "face", "plain", fake, family, "mine", "", "train", "", 90.0, 200, 200)


def shown(count: int, seed: int) -> tuple[np.ndarray, list[views.View]]:
    """Features (count, 12, 4, 768): a picture is a swap where the signs of two statistics in two blocks differ."""
    rng = np.random.default_rng(seed)
    features = rng.normal(0, 0.1, (count, 12, 4, 768)).astype(np.float32) + 3
    signs = rng.choice([-1, 1], (count, 2))
    features[:, 0, MEAN, :400] += signs[:, :1]
    features[:, 11, CENTRE, 200:600] += signs[:, 1:]
    return features, [view(bool(fake), "swap" if fake else "") for fake in signs[:, 0] != signs[:, 1]]


def fitted(bent: float, count: int = 400, slope: float = 2, offset: float = 0.5) -> heads.Heads:
    features, rows = shown(count, 0)
    heard = {**tuning.CARE, "swap": (tuning.Care(HEARD, bent=bent, slope=slope, offset=offset),)}
    return heads.fit(SELECTION.take(features), rows, np.ones(count), SELECTION, 0.01, heard)


def shaken(features: np.ndarray, seed: int) -> np.ndarray:
    """Handling spoils half of the channels that tell of the first sign, by a number for each picture."""
    handled = features.copy()
    handled[:, 0, MEAN, :200] += np.random.default_rng(seed).normal(0, 1.5, (len(features), 1))
    return handled


def held(steady: float, strangers: bool = False) -> heads.Heads:
    """A swap head that is all network, fitted on pictures and shaken views of the same ones, or of others."""
    features, rows = shown(300, 0)
    numbered = [replace(row, row=number) for number, row in enumerate(rows)]
    handled = [replace(row, how="handled", row=row.row + len(rows) * strangers) for row in numbered]
    heard = {**tuning.CARE, "swap": (tuning.Care(HEARD, bent=1, steady=steady),)}
    told = SELECTION.take(np.concatenate([features, shaken(features, 5)]))
    return heads.fit(told, numbered + handled, np.ones(len(told)), SELECTION, 0.01, heard)


class TestBentVoices:
    def test_they_tell_what_no_sum_of_statistics_tells(self) -> None:
        features, rows = shown(400, 1)
        fake = [row.fake for row in rows]
        linear, bent = (roc_auc_score(fake, fitted(share).logits(features)[:, 1]) for share in (0, 0.5))
        assert linear < 0.65
        assert bent > 0.95

    def test_a_share_of_the_linear_voice_stays(self) -> None:
        """All of the network, all of the line, and the mean of both; slope and offset are those of the voice."""
        features, _ = shown(20, 1)
        line, both, curve = (fitted(share) for share in (0, 0.5, 1))
        assert not line.networks
        np.testing.assert_array_equal(curve.weights[:, 1], 0)
        np.testing.assert_allclose(both.weights[:, 1], line.weights[:, 1] / 2, rtol=1e-6)
        said = [each.logits(features)[:, 1] for each in (line, both, curve)]
        np.testing.assert_allclose(said[1], (said[0] + said[2]) / 2, atol=1e-4)
        plain = fitted(1, slope=1, offset=0).logits(features)[:, 1]
        np.testing.assert_allclose(said[2], 2 * plain + 0.5, atol=1e-4)
        np.testing.assert_array_equal(line.weights[:, [0, 2, 3, 4]], both.weights[:, [0, 2, 3, 4]])

    def test_held_steady_it_moves_less_between_views_of_one_picture(self) -> None:
        features, rows = shown(300, 1)
        free, steady = (held(strength) for strength in (0, 1))
        moves = []
        for made in (free, steady):
            before, after = (made.logits(each)[:, 1] for each in (features, shaken(features, 6)))
            moves.append(np.std(after - before) / np.std(before))
            assert roc_auc_score([row.fake for row in rows], before) > 0.95
        assert moves[1] < 0.5 * moves[0]

    def test_it_can_be_taught_fakes_of_another_family_as_its_own(self) -> None:
        """GAN faces that are nothing like swaps: the swap head's line never hears them, its network may."""

        def with_kin(seed: int) -> tuple[np.ndarray, list[views.View], np.ndarray]:
            features, rows = shown(400, seed)
            kin = np.array([not row.fake and bool(number % 2) for number, row in enumerate(rows)])
            features[kin, 0, MEAN, 600:] += 1
            return features, [view(True, "gan") if k else row for row, k in zip(rows, kin, strict=True)], kin

        features, rows, _ = with_kin(0)
        alone, both = (
            heads.fit(
                SELECTION.take(features),
                rows,
                np.ones(400),
                SELECTION,
                0.01,
                {**tuning.CARE, "swap": (tuning.Care(HEARD, bent=0.9, also=also),)},
            )
            for also in ((), ("gan",))
        )
        np.testing.assert_array_equal(alone.weights, both.weights)
        np.testing.assert_array_equal(alone.bias, both.bias)
        fresh, rows, kin = with_kin(1)
        real = np.array([not row.fake for row in rows])
        before, after = (each.logits(fresh)[:, 1] > 0 for each in (alone, both))
        assert before[kin].mean() < 0.1
        assert after[kin].mean() > 0.9
        assert after[real].mean() < 0.1

    def test_views_of_different_pictures_do_not_hold_it(self) -> None:
        features, _ = shown(20, 1)
        free, steady = (held(strength, strangers=True).logits(features) for strength in (0, 1))
        np.testing.assert_array_equal(free, steady)

    def test_what_ships_has_networks_where_it_should(self) -> None:
        graphs = Bundle.load("default").graphs
        for region, heard in tuning.SHIPPED.items():
            voices = [care for name in OUTPUTS for care in heard[name]]
            shipped = heads.from_graph(region, graphs[f"heads-{region}"])
            assert {network.voice for network in shipped.networks} == {
                place for place, care in enumerate(voices) if care.bent
            }

    def test_the_graph_says_the_same_and_is_read_back(self) -> None:
        features, _ = shown(30, 1)
        made = fitted(0.5)
        session = ort.InferenceSession(heads.graph(made), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, {"statistics": features})[0], made.logits(features), atol=1e-3)
        read = heads.from_graph("x", heads.graph(made))
        assert len(read.networks) == 1
        arrays = {array.name: array.data_type for array in onnx.load_from_string(heads.graph(made)).graph.initializer}
        assert arrays["network-0/first"] == onnx.TensorProto.FLOAT16  # where nearly all of its weights are
        np.testing.assert_array_equal(read.logits(features), made.logits(features))

    def test_the_same_again_and_torch_is_left_as_it_was(self) -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(2)
        try:
            torch.manual_seed(5)
            expected = torch.rand(3)
            torch.manual_seed(5)
            first = fitted(0.5)
            assert torch.equal(torch.rand(3), expected)
            assert torch.get_num_threads() == 2
        finally:
            torch.set_num_threads(threads)
        features, _ = shown(20, 1)
        np.testing.assert_array_equal(first.logits(features), fitted(0.5).logits(features))
        np.testing.assert_array_equal(held(1).logits(features), held(1).logits(features))

    def test_a_voice_with_few_fakes_to_hear_has_none(self) -> None:
        made = fitted(0.5, count=30)  # about 15 fakes
        assert not made.networks
        assert made.bias[1] == -10

    def test_they_go_with_their_voice_when_heads_are_joined(self) -> None:
        """The second heads' swap voice comes after the first's, and before the first's voices for GANs."""
        features, _ = shown(20, 1)
        first, second = fitted(0.5), fitted(1)
        joined = heads.joined(first, second)
        assert joined.voices == (2, 2, 4, 2)
        assert [one.voice for one in joined.networks] == [2, 3]
        both = np.stack([first.logits(features), second.logits(features)])
        np.testing.assert_allclose(joined.logits(features), np.logaddexp(*both), atol=1e-4)
        session = ort.InferenceSession(heads.graph(joined), providers=["CPUExecutionProvider"])
        np.testing.assert_allclose(session.run(None, {"statistics": features})[0], joined.logits(features), atol=1e-3)

    def test_heads_taught_further_keep_them(self) -> None:
        features, rows = shown(80, 2)
        base = fitted(0.5)
        after = adapt.adapted(SELECTION.take(features), rows, np.ones(80), base, 1e-9)
        assert after.networks is base.networks
        moved = after.logits(features)[:, :2] - base.logits(features)[:, :2]
        np.testing.assert_allclose(moved, np.broadcast_to(moved[0], moved.shape), atol=1e-2)  # offsets are free

    def test_with_repainted_faces_heard_they_are_kept_and_read_again(self, tmp_path: Path) -> None:
        """As they ship: the swap head is fitted apart from the others, and so is its network."""
        features, rows = shown(120, 0)
        rows = [replace(row, source=source) for row, source in zip(rows, ["mine", "yours"] * 60, strict=True)]
        painted = [replace(row, how="repainted" if row.fake else "original") for row in rows[:60]]
        every = np.concatenate([features, features[:60]])
        heard = {**tuning.CARE, "swap": (tuning.Care(HEARD, bent=0.5, repainted=True),)}
        halves = folds.Folds({name: frozenset({name}) for name in ("mine", "yours")})
        asked = "face", rows + painted, every, SELECTION, 0.01, tmp_path, halves
        made = [crossfit.head_logits(*asked, heard=heard)[0] for _ in range(2)]
        assert [one.voice for one in made[0].networks] == [1]
        np.testing.assert_array_equal(made[1].logits(features), made[0].logits(features))

    def test_another_plan_is_another_kept_fit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        bent = {**tuning.CARE, "swap": (tuning.Care(HEARD, bent=0.5),)}
        before = heads.recipe(bent), heads.recipe(tuning.CARE)
        monkeypatch.setattr(perceptron, "PLAN", replace(perceptron.PLAN, steps=151))
        assert heads.recipe(bent) != before[0]
        assert heads.recipe(tuning.CARE) == before[1]

    def test_what_16_bits_cannot_hold_is_kept_as_it_is(self) -> None:
        """As bundles once held it: nothing is lost where such heads are written again."""
        made = fitted(0.5)
        (network,) = made.networks
        fine = network.layers.first + np.float32(1e-6)
        again = replace(made, networks=(replace(network, layers=replace(network.layers, first=fine)),))
        np.testing.assert_array_equal(heads.from_graph("x", heads.graph(again)).networks[0].layers.first, fine)

    @pytest.mark.parametrize("bent", [-0.1, 1.1])
    def test_a_share_is_a_share(self, bent: float) -> None:
        with pytest.raises(ValueError, match="bent is a share"):
            tuning.Care(HEARD, bent=bent)


class TestMalformedGraphs:
    @pytest.mark.parametrize(
        ("part", "array"),
        [
            ("kinds", np.array([0, 3])),
            ("kinds", np.array(1)),
            ("column", np.ones((1, 5), np.float32)),
            ("column", np.zeros((1, 0), np.float32)),
            ("first", np.zeros((3, 768, 32), np.float32)),
            ("second_bias", np.zeros(3, np.float32)),
            ("third", None),
        ],
    )
    def test_they_are_refused(self, part: str, array: np.ndarray | None) -> None:
        model = onnx.load_from_string(heads.graph(fitted(0.5, count=60)))
        kept = [tensor for tensor in model.graph.initializer if tensor.name != f"network-0/{part}"]
        assert len(kept) == len(model.graph.initializer) - 1
        if array is not None:
            kept.append(numpy_helper.from_array(array, f"network-0/{part}"))
        del model.graph.initializer[:]
        model.graph.initializer.extend(kept)
        with pytest.raises(ModelInvalid, match="'x' holds no heads that could be trained further"):
            heads.from_graph("x", model.SerializeToString())


class TestLayers:
    def test_what_was_standardised_is_read_as_it_comes(self) -> None:
        rng = np.random.default_rng(0)
        shapes = ((2, 5, 3), (2, 3), (6, 4), (4,), (4, 1), (1,))
        layers = perceptron.Layers(*(rng.normal(size=shape).astype(np.float32) for shape in shapes))
        raw = rng.normal(100, 1, (7, 10)).astype(np.float32)  # far off: the bias must follow the rounded weights
        centre, spread = raw.mean(0), raw.std(0)
        on_raw = perceptron.Perceptron(0, np.array([0]), perceptron.of_raw(layers, centre, spread))
        on_standardised = replace(on_raw, layers=layers)
        np.testing.assert_allclose(on_raw.logits(raw), on_standardised.logits((raw - centre) / spread), rtol=2e-3)
