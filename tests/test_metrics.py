"""Numbers a person can work out: five pictures, scores with one mistake in the ranking."""

import math
from importlib.util import find_spec

import numpy as np
import pytest
from sklearn import metrics as sk

from deepfake_detector import MissingExtra, OptionError, extras
from deepfake_detector.evaluate import bootstrap, metrics

FAKE = np.array([True, True, False, False, False])
SCORE = np.array([0.9, 0.4, 0.6, 0.2, 0.1])
VERDICT = np.array(["fake", "inconclusive", "fake", "real", "real"])


def value(of: metrics.Metrics, name: str) -> float:
    figure = of[name]
    assert figure is not None, name
    return figure.value


def test_every_figure_by_hand() -> None:
    """At 0.5: one fake found, one missed; one real of three called fake. Five of six (fake, real) pairs in order.

    From the top: fake, real, fake, real, real. So precision is 1/1 at the first fake and 2/3 at the second.
    The line through (0, 1/2) and (1/3, 1/2) of the ROC curve, then (1/3, 1): FPR = 1 - TPR at FPR 1/3 at TPR 2/3.
    """
    of = metrics.measure(FAKE, SCORE, SCORE >= 0.5, VERDICT)
    expected = {
        "auc": 5 / 6,
        "average_precision": 0.5 * 1 + 0.5 * 2 / 3,
        "eer": 1 / 3,
        "tpr_at_1_fpr": 1 / 2,
        "tpr_at_5_fpr": 1 / 2,
        "accuracy": 3 / 5,
        "balanced_accuracy": (1 / 2 + 2 / 3) / 2,
        "f1_fake": 2 * 1 / (2 * 1 + 1 + 1),
        "f1_real": 2 * 2 / (2 * 2 + 1 + 1),
        "false_positive_rate": 1 / 3,
        "true_positive_rate": 1 / 2,
        "false_alarm_verdicts": 1 / 3,
        "coverage": 4 / 5,
        "error_where_conclusive": 1 / 4,
        "ece": (0.1 + 0.6 + 0.6 + 0.2 + 0.1) / 5,  # every picture alone in its bin
        "brier": (0.1**2 + 0.6**2 + 0.6**2 + 0.2**2 + 0.1**2) / 5,
    }
    assert set(expected) == set(metrics.DESCRIPTIONS)
    assert {name: value(of, name) for name in expected} == pytest.approx(expected)
    assert (of.fakes, of.reals, of.pictures) == (2, 3, 5)
    assert all(f is not None and f.interval is not None and f.interval[0] <= f.value for f in of.figures.values())


def test_scores_that_share_a_bin() -> None:
    """0.90 and 0.92 lie in bin 13 of 15 (0.8667 to 0.9333): half are fake, the mean is 0.91. 1.0 is in the last."""
    assert metrics.calibration_error(np.array([True, False]), np.array([0.90, 0.92])) == pytest.approx(0.41)
    assert metrics.calibration_error(np.array([True]), np.array([1.0])) == 0
    assert metrics.reliability(np.array([True, False]), np.array([0.90, 0.92])) == [(pytest.approx(0.91), 0.5, 2)]


def test_one_class_gives_what_can_be_given() -> None:
    reals = metrics.measure(np.zeros(2, bool), SCORE[:2], SCORE[:2] >= 0.5, VERDICT[:2])
    assert value(reals, "false_positive_rate") == 0.5
    assert value(reals, "accuracy") == 0.5
    assert reals["true_positive_rate"] is None
    told = {name for name, figure in reals.figures.items() if figure is not None}
    assert told == {
        "accuracy", "false_positive_rate", "coverage", "error_where_conclusive", "false_alarm_verdicts"
    }  # fmt: skip
    assert reals.to_dict()["auc"] is None
    empty = metrics.measure(FAKE[:0], SCORE[:0], FAKE[:0], VERDICT[:0])
    assert set(empty.figures.values()) == {None}


def test_the_values_are_scikit_learns_and_so_are_the_weighted_ones() -> None:
    """With ties, which real scores have."""
    rng = np.random.default_rng(3)
    fake = rng.random(300) < 0.4
    score = np.round(np.clip(rng.normal(0.4 + 0.2 * fake, 0.2), 0, 1), 2)
    said = score >= 0.5
    weights = rng.integers(0, 4, (6, 300)).astype(float)
    found = {
        **bootstrap.Ranked(fake, score).statistics(weights),
        **metrics.weighted(fake, score, said, weights),
    }
    for row, weight in enumerate(weights):
        expected = {
            "auc": sk.roc_auc_score(fake, score, sample_weight=weight),
            "average_precision": sk.average_precision_score(fake, score, sample_weight=weight),
            "balanced_accuracy": sk.balanced_accuracy_score(fake, said, sample_weight=weight),
            "f1_fake": sk.f1_score(fake, said, sample_weight=weight),
            "f1_real": sk.f1_score(~fake, ~said, sample_weight=weight),
            "brier": sk.brier_score_loss(fake, score, sample_weight=weight),
        }
        assert {name: found[name][row] for name in expected} == pytest.approx(expected)
        fpr, tpr, _ = sk.roc_curve(fake, score, sample_weight=weight)
        assert found["tpr_at_5_fpr"][row] == pytest.approx(tpr[fpr <= 0.05].max())
        assert np.interp(found["eer"][row], fpr, fpr + tpr) == pytest.approx(1, abs=1e-6)


def test_intervals_are_the_ones_of_one_draw_after_another() -> None:
    hits = np.arange(40) % 3 == 0
    rng = np.random.default_rng(0)
    draws = [hits[rng.integers(0, 40, 40)].mean() for _ in range(2000)]
    figure = metrics.share(hits)
    assert figure is not None
    assert figure.interval == tuple(np.percentile(draws, [2.5, 97.5]))


def test_perfect_scores_have_no_error() -> None:
    of = metrics.measure(FAKE, FAKE.astype(float), FAKE)
    assert [value(of, name) for name in ("auc", "eer", "ece", "brier", "tpr_at_1_fpr")] == [1, 0, 0, 0, 1]
    assert of["coverage"] is None  # no verdicts were given


def test_sums_that_end_beyond_one_are_one() -> None:
    """scikit-learn's average precision of these is 1.0000000000000002."""
    fake = np.array([True] * 9 + [False] * 5)
    score = np.concatenate([np.linspace(0.6, 0.99, 9), np.linspace(0.01, 0.4, 5)])
    assert sk.average_precision_score(fake, score) > 1
    assert value(metrics.measure(fake, score, score >= 0.5), "average_precision") == 1


def test_users_lists() -> None:
    """Labels as users keep them (1 = real) and P(real): the same figures as from P(fake)."""
    of = metrics.from_labels((~FAKE).astype(int).tolist(), (1 - SCORE).tolist(), verdicts=VERDICT.tolist())
    assert of.to_dict() == metrics.measure(FAKE, SCORE, SCORE >= 0.5, VERDICT).to_dict()


@pytest.mark.parametrize(
    ("labels", "scores", "message"),
    [
        ([1, 0], [0.5], "as many scores as labels"),
        ([], [], "at least one"),
        ([1, 2], [0.5, 0.5], "1 .real. and 0 .fake."),
        ([1, 0], [76.2, 0.5], "divide percentages by 100"),
        ([1, 0], [math.nan, 0.5], "not numbers"),
    ],
)
def test_lists_that_do_not_fit_are_told(labels: list[int], scores: list[float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        metrics.from_labels(labels, scores)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"verdicts": ["Real", "Fake"]}, "real, fake, inconclusive, .*got 'Fake'"),
        ({"verdicts": ["real", None]}, "got None"),
        ({"threshold": 50}, "between 0 and 1, got 50"),
        ({"threshold": math.nan}, "between 0 and 1"),
        ({"threshold": "0.5"}, "must be a number"),
        ({"scores": ["a", 0.5]}, "expected numbers as scores"),
    ],
)
def test_what_would_make_wrong_figures_is_told(options: dict[str, object], message: str) -> None:
    given: dict[str, object] = {"labels": [1, 0], "scores": [0.9, 0.1], **options}
    with pytest.raises(OptionError, match=message):
        metrics.from_labels(**given)  # type: ignore[arg-type]


def test_the_operating_point() -> None:
    """Without false alarms it lies between the real of 0.6 and the fake of 0.9; one of three reals buys the other fake,
    between 0.4 and 0.2."""
    none = metrics.operating_point(FAKE, SCORE, 0.0)
    assert none is not None
    assert (none.threshold, none.false_positive_rate, none.true_positive_rate) == (0.75, 0, 0.5)
    third = metrics.operating_point(FAKE, SCORE, 0.34)
    assert third is not None
    assert (third.threshold, third.false_positive_rate, third.true_positive_rate) == (0.3, 1 / 3, 1)
    assert metrics.operating_point(FAKE, 1 - SCORE, 0.0) is None  # the reals are on top
    assert metrics.operating_point(FAKE[:2], SCORE[:2], 0.1) is None
    with pytest.raises(OptionError, match="below 1"):
        metrics.operating_point(FAKE, SCORE, 1.0)


def test_a_missing_extra_names_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name == "sklearn" else find_spec(name))
    with pytest.raises(MissingExtra, match=r"scikit-learn.*pip install 'deepfake-detection\[evaluate\]'"):
        metrics.measure(FAKE, SCORE, FAKE)
