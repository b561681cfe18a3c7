from dataclasses import asdict, replace

import pytest
from fakes import POLICY

from deepfake_detector import ModelInvalid, OptionError
from deepfake_detector.ensemble.policy import Policy
from deepfake_detector.medium import Medium

policy = Policy.from_dict(POLICY)
AGREED = {"a": 0.9, "b": 0.8}


@pytest.mark.parametrize(
    ("score", "verdict", "reasons"),
    [
        (0.1, "real", ()),
        (0.4, "real", ()),
        (0.41, "inconclusive", ("low_confidence",)),
        (0.59, "inconclusive", ("low_confidence",)),
        (0.6, "fake", ()),
    ],
)
def test_the_band_is_inconclusive(score: float, verdict: str, reasons: tuple[str, ...]) -> None:
    assert policy.decide(score, AGREED, (), 0.5) == (verdict, reasons)


@pytest.mark.parametrize("reason", ["small_face", "small_picture", "blurred", "heavy_compression"])
def test_poor_quality_widens_the_band(reason: str) -> None:
    assert policy.decide(0.7, AGREED, (reason,), 0.5) == ("inconclusive", (reason,))
    assert policy.decide(0.85, AGREED, (reason,), 0.5) == ("fake", (reason,))


def test_no_face_is_a_reason_but_not_poor_quality() -> None:
    assert policy.decide(0.7, AGREED, ("no_face",), 0.5) == ("fake", ("no_face",))


def test_members_that_contradict_each_other() -> None:
    verdict, reasons = policy.decide(0.7, {"a": 0.99, "b": 0.01}, (), 0.5)
    assert (verdict, reasons) == ("inconclusive", ("members_disagree",))


def test_the_band_moves_with_the_threshold() -> None:
    """Odds of 3/2 around 0.7's 7/3: up to 0.778. The lower end, 0.4, falls with a threshold, but never rises."""
    assert policy.decide(0.65, AGREED, (), 0.7)[0] == "inconclusive"
    assert policy.decide(0.77, AGREED, (), 0.7)[0] == "inconclusive"
    assert policy.decide(0.41, AGREED, (), 0.7)[0] == "inconclusive"
    assert policy.decide(0.39, AGREED, (), 0.7)[0] == "real"
    assert policy.decide(0.4, AGREED, (), 0.3)[0] == "fake"
    assert policy.decide(0.23, AGREED, (), 0.3)[0] == "inconclusive"
    for threshold in (0.05, 0.5, 0.95):
        assert policy.decide(0.9999, AGREED, ("blurred",), threshold)[0] == "fake"
        assert policy.decide(0.0001, AGREED, ("blurred",), threshold)[0] == "real"


CONDITIONS = {"no_colour": {"bound": 0.75, "band": (0.35, 0.9)}, "pattern": {"bound": 2.0, "band": (0.1, 0.7)}}
seeing = Policy.from_dict({**POLICY, "conditions": CONDITIONS})


@pytest.mark.parametrize(
    ("medium", "conditions"),
    [
        (Medium(2.0, 0.75), ()),
        (Medium(2.1, 0.75), ("pattern",)),
        (Medium(2.0, 0.7), ("no_colour",)),
        (Medium(2.1, 0.7), ("pattern", "no_colour")),
    ],
)
def test_conditions_that_hold(medium: Medium, conditions: tuple[str, ...]) -> None:
    assert seeing.shown(medium) == conditions
    assert policy.shown(Medium(9.0, 0.0)) == ()  # a bundle that knows none
    assert Policy.from_dict(asdict(seeing)) == seeing


@pytest.mark.parametrize(
    ("reasons", "band"),
    [
        (("pattern",), (0.1, 0.7)),
        (("pattern", "blurred"), (0.1, 0.8)),  # the wide band is 0.2 to 0.8
        (("no_colour", "blurred"), (0.2, 0.9)),
        (("no_colour", "pattern"), (0.1, 0.9)),
        (("no_colour", "no_face"), (0.35, 0.9)),
    ],
)
def test_a_condition_has_a_band_of_its_own(reasons: tuple[str, ...], band: tuple[float, float]) -> None:
    low, high = band
    assert seeing.bounds(reasons, 0.5) == pytest.approx(band)
    assert seeing.decide(low - 0.01, AGREED, reasons, 0.5) == ("real", reasons)
    assert seeing.decide(high + 0.01, AGREED, reasons, 0.5) == ("fake", reasons)
    assert seeing.decide(low + 0.01, AGREED, reasons, 0.5) == ("inconclusive", reasons)
    assert seeing.decide(0.5, AGREED, (), 0.5) == ("inconclusive", ("low_confidence",))


def test_a_band_of_a_condition_moves_with_the_threshold() -> None:
    """Odds of 3 to 1 at 0.75: 0.9 becomes 27 to 28. The lower end, 0.1, never rises."""
    assert seeing.bounds(("pattern", "no_colour"), 0.75) == pytest.approx((0.1, 27 / 28))
    assert seeing.bounds(("pattern", "no_colour"), 0.25) == pytest.approx((1 / 28, 0.75))


@pytest.mark.parametrize(
    "wrong",
    [
        {"pattern": {"bound": 1}},
        {"pattern": {"bound": 1, "band": (0.6, 0.9)}},
        {"pattern": {"bound": 1, "band": ()}},
        {"no_color": {"bound": 1, "band": (0.1, 0.9)}},
        ["pattern"],
    ],
)
def test_conditions_that_do_not_fit_are_refused(wrong: object) -> None:
    with pytest.raises(ModelInvalid):
        Policy.from_dict({**POLICY, "conditions": wrong})


def test_quality_reasons() -> None:
    assert policy.quality_reasons(None, 500, 1, 1) == ("no_face",)
    assert policy.quality_reasons(39, 63, 1, 1) == ("small_face", "small_picture")
    assert policy.quality_reasons(40, 64, -0.1, 101) == ("blurred", "heavy_compression")


@pytest.mark.parametrize("score", [0.0001, 0.9999])
def test_where_there_is_nothing_to_judge_nothing_is_said(score: float) -> None:
    assert policy.decide(score, AGREED, ("no_face", "no_detail"), 0.5) == ("inconclusive", ("no_face", "no_detail"))


@pytest.mark.parametrize("rate", [0.0, 1.0, 5.0, -0.05, float("nan")])
def test_a_share_of_false_alarms_lies_between_0_and_1(rate: float) -> None:
    with pytest.raises(OptionError, match=r"0\.05 for 5 %"):
        policy.threshold_for(rate)


def test_an_operating_point_is_chosen_by_its_false_alarms() -> None:
    """Points at 1, 5 and 20 %: thresholds 0.9, 0.5 and 0.3."""
    assert [policy.threshold_for(rate) for rate in (0.01, 0.04, 0.05, 0.9)] == [0.9, 0.9, 0.5, 0.3]
    with pytest.raises(OptionError, match=r"at least 0\.01"):
        policy.threshold_for(0.009)
    with pytest.raises(OptionError, match="no operating points"):
        replace(policy, operating_points=()).threshold_for(0.05)
    with pytest.raises(ModelInvalid, match="operating points"):
        Policy.from_dict({**POLICY, "operating_points": [[0.05, 1.5]]})


def test_what_a_score_was_held_against_can_be_told() -> None:
    """Points at 1, 5 and 20 %: thresholds 0.9, 0.5 and 0.3. Bands as above."""
    assert [policy.false_alarms(threshold) for threshold in (0.95, 0.9, 0.6, 0.5, 0.3)] == [0.01, 0.01, 0.05, 0.05, 0.2]
    assert policy.false_alarms(0.2) is None
    assert policy.bounds((), 0.5) == pytest.approx((0.4, 0.6))
    assert policy.bounds(("no_face",), 0.5) == pytest.approx((0.4, 0.6))
    assert policy.bounds(("blurred",), 0.5) == pytest.approx((0.2, 0.8))
    assert policy.bounds((), 0.7) == pytest.approx((0.4, 0.778), abs=1e-3)
    assert policy.bounds((), 0.3) == pytest.approx((0.222, 0.391), abs=1e-3)


def test_an_incomplete_policy_is_refused() -> None:
    with pytest.raises(ModelInvalid, match="policy"):
        Policy.from_dict({"band": (0.4, 0.6)})
