"""Training that starts from a bundle: what is learned, and what stays as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from deepfake_detector.errors import ModelInvalid
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.train import adapt, assemble, folds, heads, incumbent, rebuild, stack, views

SELECTION = heads.Selection((1,), ("cls", "patch_mean"))
WIDTH = 2 * 768


def view(fake: bool, family: str = "", how: str = "plain") -> views.View:
    return views.View(0, 0, "face", how, fake, family, "mine", "", "train", "", 90.0, 200, 200)


def base_heads() -> heads.Heads:
    """Five voices, as the shipped heads have: channel 5 speaks in all of them."""
    weights = np.zeros((WIDTH, 5), np.float32)
    weights[5] = 0.7
    return heads.Heads(SELECTION, weights, np.float32([-1, -2, -1, -3, -1]), (1, 1, 2, 1))


def learned(strength: float, count: int = 60) -> tuple[heads.Heads, np.ndarray, list[views.View]]:
    """``count`` reals, as many GAN fakes (channel 0) and 5 swaps (channel 1): (corrected heads, taken, views)."""
    rows = [view(False)] * count + [view(True, "gan")] * count + [view(True, "swap")] * 5
    taken = np.random.default_rng(0).normal(size=(len(rows), WIDTH)).astype(np.float32)
    taken[count : 2 * count, 0] += 3
    taken[2 * count :, 1] += 3
    return adapt.adapted(taken, rows, np.ones(len(rows)), base_heads(), strength), taken, rows


class TestAdaptedHeads:
    def test_a_head_learns_what_the_new_fakes_have(self) -> None:
        fitted, taken, _ = learned(0.01)
        before = base_heads().of_taken(taken)[:, 2]
        after = fitted.of_taken(taken)[:, 2]
        assert after[60:120].min() > after[:60].max()
        assert before[60:120].min() < before[:60].max()

    def test_all_voices_of_a_head_move_alike(self) -> None:
        """log(e^(a+d) + e^(b+d)) = log(e^a + e^b) + d: the correction is that of the head."""
        fitted, _, _ = learned(0.01)
        moved = fitted.weights - base_heads().weights
        np.testing.assert_allclose(moved[:, 2], moved[:, 3], atol=1e-6)
        assert fitted.bias[3] - fitted.bias[2] == pytest.approx(-2)

    def test_a_head_with_few_fakes_stays_to_the_bit(self) -> None:
        fitted, _, _ = learned(0.01)
        np.testing.assert_array_equal(fitted.weights[:, [1, 4]], base_heads().weights[:, [1, 4]])
        np.testing.assert_array_equal(fitted.bias[[1, 4]], base_heads().bias[[1, 4]])

    def test_what_the_views_say_nothing_about_stays(self) -> None:
        fitted, _, _ = learned(1e-7)
        np.testing.assert_allclose(fitted.weights, base_heads().weights, atol=1e-3)

    def test_fewer_pictures_move_a_head_less(self) -> None:
        """With the strength that goes with their number, which falls, but more slowly than the number rises."""
        moves = []
        for count in (30, 120, 480):
            fitted, _, _ = learned(adapt.strength_for(2 * count + 5), count)
            moves.append(fitted.weights[0, 2] - base_heads().weights[0, 2])  # channel 0 is what GAN fakes have
        assert moves[0] < moves[1] < moves[2]


class TestHeadsFromAGraph:
    def test_they_are_read_back(self) -> None:
        made = base_heads()
        read = heads.from_graph("x", heads.graph(made))
        assert (read.selection, read.voices) == (made.selection, made.voices)
        np.testing.assert_array_equal(read.weights, made.weights)
        np.testing.assert_array_equal(read.bias, made.bias)

    def test_voices_that_do_not_add_up_are_refused(self) -> None:
        with pytest.raises(ModelInvalid, match=r"'x': expected weights \(1536, 4\)"):
            heads.from_graph("x", heads.graph(replace(base_heads(), voices=(1, 1, 1, 1))))


def table(count: int = 6000) -> stack.Table:
    """Member "clip-x" carries half the true log-odds; "conv-x" is noise, but in "val" it tells the truth."""
    rng = np.random.default_rng(0)
    truth = rng.normal(0, 1.5, count)
    fake = rng.random(count) < 1 / (1 + np.exp(-truth))
    fold = np.array(["a", "b", stack.VAL])[np.arange(count) % 3]
    columns = [truth / 2, np.where(fold == stack.VAL, truth, rng.normal(0, 1.5, count))]
    logits = np.stack([np.stack([c] * 4, 1) for c in columns], 1)
    family = np.where(fake, np.where(truth > 1, "gan", np.where(truth > 0, "swap", "generated")), "")
    ones, names, number = np.ones(count), np.full(count, "s"), np.arange(count)
    return stack.Table(("clip-x", "conv-x"), logits, fake, family, names, ones, fold, fake, number, number >= 0)


class TestIncumbent:
    def test_known_weights_stay_unless_others_are_clearly_better(self) -> None:
        known = {"clip-x": 1.0, "conv-x": 0.05}
        large = table()
        few = large.where(np.arange(len(large.fake)) < 90)
        assert stack.choose(few, ["clip", "conv"]) != known
        assert incumbent.choose(few, ["clip", "conv"], known) == known
        reverse = incumbent.choose(large, ["clip", "conv"], {"clip-x": 0.0, "conv-x": 1.0})
        assert reverse["clip-x"] == 1.0

    def test_without_known_weights_the_best_are_taken(self) -> None:
        assert incumbent.choose(table(), ["clip", "conv"], None) == stack.choose(table(), ["clip", "conv"])

    def test_kinds_that_no_member_is_of_are_passed_over(self) -> None:
        assert incumbent.choose(table(900), ["clip", "conv", "residual"], None).keys() == {"clip-x", "conv-x"}

    @pytest.mark.parametrize("name", ["default", "fast"])
    @pytest.mark.parametrize("situation", assemble.SITUATIONS)
    def test_weights_of_the_shipped_bundles_are_read_back(self, name: str, situation: str) -> None:
        """The bundles' own numbers, whatever direction of the evidence they were stacked along."""
        bundle = Bundle.load(name)
        rows = bundle.ensemble["picture"][situation]["weights"]
        found = incumbent.of(bundle.ensemble, situation, list(rows))
        assert found is not None
        leading = max(rows, key=lambda member: found[member])
        assert found[leading] == 1
        for member, weights in rows.items():
            np.testing.assert_allclose(weights, found[member] * np.array(rows[leading]), atol=1e-9)

    def test_weights_that_are_not_of_one_direction_are_not_taken_over(self) -> None:
        rows = {"clip-x": (0.1, 0, 0, 0, 0.4), "conv-x": (0.4, 0, 0, 0, 0.1)}
        assert incumbent.of({"picture": {"face": {"weights": rows}}}, "face", list(rows)) is None

    @pytest.mark.parametrize("known", [None, {"clip-face": 1.0}])
    def test_a_fold_is_read_where_it_leaves_both_classes_to_the_others(self, known: dict[str, float] | None) -> None:
        """Faces of source A alone: nothing is left without it. With new ones of B too: those are."""
        fake = np.arange(120) % 2 == 0
        logits = np.random.default_rng(0).normal(0, 1, (120, 1, 4)) + np.where(fake, 1.0, -1.0)[:, None, None]
        fold = np.repeat(["A", stack.VAL], (90, 30))
        every = folds.Folds({name: frozenset({name}) for name in "ABC"})
        for new, read in (("A", 0), ("B", 1)):
            source, family = np.repeat(["A", new], (90, 30)), np.where(fake, "swap", "")
            ones, number = np.ones(120), np.arange(120)
            faces = stack.Table(("clip-face",), logits, fake, family, source, ones, fold, ones > 0, number, ones > 0)
            assert len(assemble.left_out(faces, ["clip"], every, known)) == read

    def test_no_bundle_has_no_weights(self) -> None:
        assert incumbent.of(None, "face", ["clip-x"]) is None
        assert incumbent.of({"picture": {"face": {"weights": {}}}}, "face", ["clip-x"]) is None


class TestUnknownFamilies:
    def test_a_fake_of_unknown_family_says_nothing_about_a_family(self) -> None:
        """As if it were not there: neither for its family nor, as another one's fake, against it."""
        whole = table()
        unknown = (whole.family == "swap") & (np.arange(len(whole.fake)) % 2 == 0)
        lost = replace(whole, family=np.where(unknown, "", whole.family))
        kept = incumbent.telling(lost)
        assert len(kept.fake) == len(lost.fake) - unknown.sum()
        swaps = int(((whole.fold == stack.VAL) & (lost.family == "swap")).sum())
        assert incumbent.has_family(lost, "swap", swaps)
        assert not incumbent.has_family(lost, "swap", swaps + 1)

    @pytest.mark.parametrize("family", ["swap", "gan", "generated"])
    def test_its_score_is_fitted_without_it(self, family: str) -> None:
        whole = table(900)
        lost = replace(whole, family=np.where(np.arange(900) % 5 == 0, "", whole.family))
        tables = dict.fromkeys(assemble.SITUATIONS, lost)
        values, _ = assemble.ensemble(tables, ["clip", "conv"], alarms=dict.fromkeys(assemble.SITUATIONS, 0.03))
        relative = stack.choose(lost, ["clip", "conv"])
        known = lost.where(~lost.fake | (lost.family != ""))
        assert values["kinds"][family]["face"]["bias"] == stack.family_score(known, relative, family).bias


def test_operating_points_hold_for_the_scores_kept_from_the_base_too() -> None:
    points = [[0.03, 0.5], [0.06, 0.4], [0.1, 0.3]]
    assert rebuild._no_lower(points, [[0.03, 0.9], [0.1, 0.2]]) == [[0.03, 0.9], [0.1, 0.3]]
