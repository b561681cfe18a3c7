"""Linear discriminants: where they point, what they take for noise, and their part in a voice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from deepfake_detector.train import crossfit, discriminant, folds, heads, perceptron, tuning, views

COUNT = 600


def view(fake: bool, source: str, how: str = "plain") -> views.View:
    return views.View(0, 0, "face", how, fake, "swap" if fake else "", source, "", "train", "", 90.0, 200, 200)


def shown(noise: tuple[float, ...], sources: tuple[float, ...] = (0.0, 0.0)) -> tuple[np.ndarray, list[views.View]]:
    """Two channels that tell fakes by 2 each, with this noise, and a third that tells sources "a" and "b" apart."""
    rng = np.random.default_rng(0)
    rows = [view(fake, source) for fake in (False, True) for source in "ab"] * (COUNT // 4)
    fakes = np.array([row.fake for row in rows])
    of_b = np.array([row.source == "b" for row in rows])
    read = np.stack([np.where(fakes, 1, -1) + rng.normal(0, one, COUNT) for one in noise], axis=1)
    read = np.concatenate([read, np.where(of_b, *sources)[:, None] + rng.normal(0, 0.5, (COUNT, 1))], axis=1)
    return read.astype(np.float32), rows


def found(
    read: np.ndarray, rows: list[views.View], ridge: float = 1e-6, weights: np.ndarray | None = None, **ways: object
) -> tuple[np.ndarray, float]:
    counted = np.ones(COUNT) if weights is None else weights
    around = discriminant.scatter(read, rows, counted, **ways)  # type: ignore[arg-type]
    made = discriminant.factor(around, ridge)
    return discriminant.direction(made, read, np.array([row.fake for row in rows]), counted)


class TestDirection:
    def test_the_classes_means_lie_at_minus_and_plus_one_half(self) -> None:
        read, rows = shown((0.5, 1.0))
        weights = np.random.default_rng(1).uniform(0.5, 2, COUNT)
        coefficients, bias = found(read, rows, weights=weights)
        said = read @ coefficients + bias
        fakes = np.array([row.fake for row in rows])
        assert np.average(said[~fakes], weights=weights[~fakes]) == pytest.approx(-0.5, abs=1e-5)
        assert np.average(said[fakes], weights=weights[fakes]) == pytest.approx(0.5, abs=1e-5)

    def test_a_channel_counts_by_what_it_tells_over_its_variance(self) -> None:
        """Equal differences and variances of 0.25 and 1: weights as 4 to 1. So much ridge that they vanish: 1 to 1."""
        read, rows = shown((0.5, 1.0))
        coefficients, _ = found(read, rows)
        assert coefficients[0] / coefficients[1] == pytest.approx(4, rel=0.2)
        coefficients, _ = found(read, rows, ridge=1e6)
        assert coefficients[0] / coefficients[1] == pytest.approx(1, rel=0.1)

    def test_it_is_what_scikit_learn_finds_where_no_source_differs(self) -> None:
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

        read, rows = shown((0.5, 1.0))
        rows = [replace(row, source="one") for row in rows]
        expected = LinearDiscriminantAnalysis(solver="lsqr").fit(read, [row.fake for row in rows]).coef_[0]
        coefficients, _ = found(read, rows)
        np.testing.assert_allclose(coefficients / coefficients[0], expected / expected[0], atol=1e-3)


class TestScatter:
    def test_it_is_around_the_mean_of_each_source_and_class(self) -> None:
        """By hand: the weighted covariance inside the four groups."""
        read, rows = shown((0.5, 1.0), (3.0, -3.0))
        weights = np.random.default_rng(1).uniform(0.5, 2, COUNT)
        inside = read.astype(np.float64)
        for fake in (False, True):
            for source in "ab":
                group = np.array([row.fake == fake and row.source == source for row in rows])
                inside[group] -= np.average(inside[group], axis=0, weights=weights[group])
        expected = (inside * weights[:, None]).T @ inside / weights.sum()
        np.testing.assert_allclose(discriminant.scatter(read, rows, weights), expected, atol=1e-4)

    def test_what_authentic_sources_differ_in_is_held_for_noise_where_asked(self) -> None:
        """Fakes of source b alone: without it, the channel that tells sources apart gives them away."""
        read, rows = shown((2.0, 2.0), (1.0, -1.0))
        rows = [replace(row, fake=row.source == "b" and row.fake) for row in rows]
        read[[not row.fake for row in rows], :2] *= 0.5
        plain, _ = found(read, rows)
        held, _ = found(read, rows, sources=10.0)
        assert abs(plain[2] / plain[0]) > 2 * abs(held[2] / held[0])

    def test_the_means_of_authentic_sources_are_added_as_often_as_asked(self) -> None:
        """By hand; with 0 the least difference between sources would do."""
        read, rows = shown((0.5, 1.0), (3.0, -3.0))
        weights = np.random.default_rng(1).uniform(0.5, 2, COUNT)
        for of_reals in (False, True):
            without, with_them = (
                discriminant.scatter(read, rows, weights, sources, of_reals) for sources in (0.0, 4.0)
            )
            of_source = [[not row.fake and row.source == source for row in rows] for source in "ab"]
            means = np.stack([read[places].mean(0) for places in of_source])
            expected = 4 * np.cov(means.T, bias=True)
            np.testing.assert_allclose(with_them - without, expected, atol=1e-3)

    def test_few_views_of_a_source_and_twins_say_nothing_of_what_sources_differ_in(self) -> None:
        """Of "b" there are real views enough, but all but 29 of them are the twins of forged pictures."""
        read, rows = shown((0.5, 1.0), (1.0, -1.0))

        def differ(kept: int) -> bool:
            numbers = np.cumsum([not row.fake and row.source == "b" for row in rows])
            twins = [
                replace(row, how="twin") if not row.fake and row.source == "b" and number > kept else row
                for row, number in zip(rows, numbers, strict=True)
            ]
            made = [discriminant.scatter(read, twins, np.ones(COUNT), sources) for sources in (0.0, 5.0)]
            return not np.array_equal(*made)

        assert not differ(discriminant.FEW_OF_SOURCE - 1)
        assert differ(discriminant.FEW_OF_SOURCE)

    def test_forged_pictures_are_a_group_of_their_own(self) -> None:
        read, rows = shown((0.5, 0.5))
        fakes = np.flatnonzero([row.fake for row in rows])
        read[fakes[::2], 0] += 5  # half of the fakes of either source lie elsewhere
        rows = [replace(row, how="blend") if place in fakes[::2] else row for place, row in enumerate(rows)]
        assert discriminant.scatter(read, rows, np.ones(COUNT))[0, 0] == pytest.approx(0.25, rel=0.2)

    def test_real_pictures_alone_may_say_how_views_spread(self) -> None:
        read, rows = shown((0.5, 0.5))
        fakes = np.array([row.fake for row in rows])
        read[fakes, 0] = 1 + (read[fakes, 0] - 1) * 10  # fakes differ among themselves in the first channel
        every, _ = found(read, rows)
        of_reals, _ = found(read, rows, of_reals=True)
        assert every[0] < 0.2 * every[1]
        assert of_reals[0] == pytest.approx(of_reals[1], rel=0.5)


class TestInAVoice:
    SELECTION = heads.Selection((1, 12), ("cls", "patch_mean"))
    PART = discriminant.Discriminant(0.4, 12.0, 0.1)

    def data(self) -> tuple[np.ndarray, list[views.View]]:
        rng = np.random.default_rng(0)
        features = rng.normal(3, 0.5, (120, 12, 4, 768)).astype(np.float32)
        rows = [view(place % 2 > 0, "ab"[place // 2 % 2]) for place in range(120)]
        features[1::2, 11, heads.STATISTICS.index("cls"), :40] += 0.5
        return features, rows

    def fitted(self, part: discriminant.Discriminant | None, **care: float) -> heads.Heads:
        features, rows = self.data()
        cares = (tuning.Care(("cls",), discriminant=part, **care),)  # type: ignore[arg-type]
        heard = {**tuning.CARE, "swap": cares, "pooled": cares}
        return heads.fit(self.SELECTION.take(features), rows, np.ones(120), self.SELECTION, 0.01, heard)

    @pytest.mark.parametrize("care", [{}, {"brief": 0.5, "steady": 0.1}, {"bent": 0.6}, {"bent": 0.3, "brief": 0.75}])
    def test_it_has_its_share_of_the_voice_whatever_else_has_one(
        self, care: dict[str, float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """voice = (1 - share) (voice without it) + share x discriminant, but for the offset; in numpy and the graph."""
        monkeypatch.setattr(perceptron, "PLAN", replace(perceptron.PLAN, steps=30))
        features, rows = self.data()
        without = self.fitted(None, slope=2, offset=0.5, **care).logits(features)
        made = self.fitted(self.PART, slope=2, offset=0.5, **care)
        alone = self.fitted(replace(self.PART, share=1)).logits(features)
        expected = 0.6 * (without[:, :2] - 0.5) + 0.4 * 2 * alone[:, :2] + 0.5
        np.testing.assert_allclose(made.logits(features)[:, :2], expected, atol=2e-2)
        fakes = np.array([row.fake for row in rows])
        assert alone[fakes, 1].mean() == pytest.approx(6, abs=1e-2)  # half of what they lie apart
        assert alone[~fakes, 1].mean() == pytest.approx(-6, abs=1e-2)
        session = ort.InferenceSession(heads.graph(made), providers=["CPUExecutionProvider"])
        said = session.run(None, {"statistics": features})[0]
        np.testing.assert_allclose(said, made.logits(features), atol=1e-3)

    def test_voices_that_scatter_and_are_held_alike_share_one_factor(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = []
        factor = discriminant.factor
        monkeypatch.setattr(discriminant, "factor", lambda around, ridge: made.append(ridge) or factor(around, ridge))
        self.fitted(self.PART)  # in two heads
        assert made == [self.PART.ridge]

    def test_a_voice_with_few_fakes_to_hear_has_none(self) -> None:
        features, rows = self.data()
        heard = {**tuning.CARE, "gan": (tuning.Care(("cls",), discriminant=self.PART),)}
        made = heads.fit(self.SELECTION.take(features), rows, np.ones(120), self.SELECTION, 0.01, heard)
        assert not made.weights[:, 2].any()
        assert made.bias[2] == -10

    def test_another_discriminant_is_another_kept_fit(self, tmp_path: Path) -> None:
        features, rows = self.data()
        halves = folds.Folds({name: frozenset({name}) for name in "ab"})
        made = []
        for ridge in (0.1, 1.0, 0.1):
            heard = {**tuning.CARE, "swap": (tuning.Care(("cls",), discriminant=replace(self.PART, ridge=ridge)),)}
            asked = "face", rows, features, self.SELECTION, 0.01, tmp_path, halves
            made.append(crossfit.head_logits(*asked, heard=heard)[1])
        assert len(list(tmp_path.glob("clip-face-*.npz"))) == 2
        np.testing.assert_array_equal(made[0], made[2])
        assert not np.allclose(made[0], made[1])

    def test_what_ships_has_its_own_in_all_heads_but_those_for_swaps(self) -> None:
        for voices in tuning.SHIPPED.values():
            assert {name for name, cares in voices.items() if cares[0].discriminant} == {"pooled", "gan", "generated"}
            assert not any(care.discriminant for cares in voices.values() for care in cares[1:])

    def test_no_ridge_is_refused(self) -> None:
        with pytest.raises(ValueError, match="ridge must be above 0"):
            discriminant.Discriminant(0.3, 12.0, 0.0)

    @pytest.mark.parametrize("share", [-0.1, 1.1])
    def test_a_share_is_a_share(self, share: float) -> None:
        with pytest.raises(ValueError, match="share is a share"):
            discriminant.Discriminant(share, 12.0, 0.1)
