import math
from dataclasses import replace

import numpy as np
import pytest
from fakes import ensemble, linear

from deepfake_detector import ModelInvalid
from deepfake_detector.ensemble.aggregate import LIMIT, Aggregator, Linear, evidence, logit, pooled, sigmoid


def same(value: float) -> np.ndarray:
    return np.full(4, value, np.float32)


def test_evidence_limits_softly_and_adds_any_family() -> None:
    values = evidence(np.array([0.0, 0.0, 0.0, 0.0]))
    assert values.tolist() == [0, 0, 0, 0, pytest.approx(math.log(3))]
    assert evidence(same(1000.0))[0] == pytest.approx(LIMIT)
    assert evidence(same(0.5))[0] == pytest.approx(0.5, abs=0.001)


def test_linear_by_hand() -> None:
    score = Linear({"a": (1, 0, 0, 0, 0), "b": (0, 2, 0, 0, 0)}, bias=-0.25)
    logits = {"a": np.array([0.1, 9, 9, 9]), "b": np.array([9, 0.2, 9, 9])}
    assert score.logit(logits) == pytest.approx(0.1 + 0.4 - 0.25, abs=1e-3)


def test_members_add_up_to_the_same_in_any_order() -> None:
    """To the bit: added one by one in another order, rounding would differ."""
    rng = np.random.default_rng(0)
    logits = {name: rng.normal(0, 3, 4) for name in "abcdefgh"}
    weights = {name: tuple(rng.normal(0, 1, 5)) for name in logits}
    orders = [list(rng.permutation(list(logits))) for _ in range(20)]
    assert len({Linear({name: weights[name] for name in order}, -0.1).logit(logits) for order in orders}) == 1


def test_a_score_is_calibrated_along_a_broken_line() -> None:
    """Bends at -1 and 0.5, slopes 4, 2, 3, 5 from below to above."""
    score = Linear({"a": (1, 0, 0, 0, 0)}, bias=0, slopes=(4, 2, 3, 5))
    for said, expected in ((-1.5, -1 * 2 - 0.5 * 4), (-0.2, -0.4), (0.0, 0.0), (0.2, 0.6), (0.7, 1.5 + 0.2 * 5)):
        assert replace(score, bias=said).logit({"a": same(0)}) == pytest.approx(expected)
    assert Linear.from_dict({"weights": {"a": [1, 0, 0, 0, 0]}, "bias": 0}).slopes == (1, 1, 1, 1)  # an older bundle


def test_pooling_of_faces_is_the_mean_of_likelihood_ratios() -> None:
    assert pooled([math.log(9), math.log(1)], np.array([0.5, 0.5])) == pytest.approx(math.log(5))
    assert pooled([math.log(9), math.log(1)], np.array([0.25, 0.75])) == pytest.approx(math.log(3))
    assert pooled([800.0], np.array([1.0])) == pytest.approx(800)


def test_a_crowd_of_real_faces_is_no_more_suspect_than_one() -> None:
    aggregator = Aggregator.from_dict(ensemble())
    scene, face = {"toy-scene": same(0)}, {"toy-face": same(-2)}
    one = aggregator.combine([face], [50], scene, "stacked").score
    crowd = aggregator.combine([face] * 30, [50] * 30, scene, "stacked").score
    assert crowd == pytest.approx(one)


def test_which_of_two_people_is_fake() -> None:
    aggregator = Aggregator.from_dict(ensemble())
    faces = [{"toy-face": same(-3)}, {"toy-face": same(3)}]
    combined = aggregator.combine(faces, [50, 50], {"toy-scene": same(0)}, "stacked")
    assert combined.face_scores[0] < 0.1 < 0.9 < combined.face_scores[1]
    assert combined.score > 0.8


def test_mean_and_vote_by_hand() -> None:
    aggregator = Aggregator.from_dict(ensemble())
    face, scene = {"toy-face": same(logit(0.9))}, {"toy-scene": same(logit(0.3))}
    limited = [sigmoid(LIMIT * math.tanh(logit(p) / LIMIT)) for p in (0.9, 0.3)]
    mean = aggregator.combine([face], [50], scene, "mean")
    assert mean.score == pytest.approx(sum(limited) / 2, abs=1e-6)
    assert mean.scene_score == pytest.approx(limited[1], abs=1e-6)
    assert mean.face_scores[0] == pytest.approx(limited[0], abs=1e-6)
    vote = aggregator.combine([face], [50], scene, "vote")
    assert (vote.score, vote.scene_score, vote.face_scores) == (0.5, 0.0, (1.0,))


def test_without_faces_only_the_scene_counts() -> None:
    combined = Aggregator.from_dict(ensemble()).combine([], [], {"toy-scene": same(1)}, "stacked")
    assert combined.score == combined.scene_score
    assert combined.members.keys() == {"toy-scene"}
    assert combined.face_scores == ()


def test_an_incomplete_ensemble_says_what_is_missing() -> None:
    values = ensemble()
    del values["kinds"]
    with pytest.raises(ModelInvalid, match="kinds"):
        Aggregator.from_dict(values)
    with pytest.raises(ModelInvalid):
        Aggregator.from_dict({**ensemble(), "picture": {"face": linear("x")}})


def test_sigmoid_and_logit_are_inverse_and_safe() -> None:
    for p in (0.001, 0.3, 0.5, 0.99):
        assert sigmoid(logit(p)) == pytest.approx(p)
    assert sigmoid(-1e6) == 0
    assert sigmoid(1e6) == 1
    assert math.isfinite(logit(0))


@pytest.mark.parametrize(
    ("change", "regions", "message"),
    [
        ({}, {"toy-face": "face"}, "members"),
        ({}, {"toy-face": "face", "toy-scene": "face"}, "whole picture"),
        ({"picture": {"face": linear("toy-scene"), "scene": linear("toy-scene"), "both": linear()}}, None, "'face'"),
        (
            {"members": {"toy-face": linear("toy-face", bias=math.nan), "toy-scene": linear("toy-scene")}},
            None,
            "finite",
        ),
    ],
)
def test_a_bundle_whose_parts_do_not_fit_is_refused(
    change: dict[str, object], regions: dict[str, str] | None, message: str
) -> None:
    aggregator = Aggregator.from_dict({**ensemble(), **change})
    with pytest.raises(ModelInvalid, match=message):
        aggregator.check(regions or {"toy-face": "face", "toy-scene": "scene"})


def test_a_bundle_whose_parts_fit_is_accepted() -> None:
    Aggregator.from_dict(ensemble()).check({"toy-face": "face", "toy-scene": "scene"})
