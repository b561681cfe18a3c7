"""What the command that reads a trial of heads is told."""

from __future__ import annotations

import argparse
from dataclasses import replace
from types import ModuleType

import pytest
from commands import loaded

from deepfake_detector.train import tuning, views


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return loaded("measure_heads")


def test_a_voice_is_named_by_head_place_and_number(script: ModuleType) -> None:
    assert script.voice("gan.1.trust=0.5") == ("gan", 1, "trust", 0.5)
    assert script.raised("swap=-0.5") == ("swap", -0.5)


@pytest.mark.parametrize("text", ["gan.2.trust=1", "gun.0.trust=1", "gan.0.statistics=1", "gan.trust=1", "gan.0.trust"])
def test_a_voice_that_is_not_there_is_refused(script: ModuleType, text: str) -> None:
    with pytest.raises((argparse.ArgumentTypeError, ValueError)):
        script.voice(text)


def test_an_output_that_is_not_there_is_refused(script: ModuleType) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="pooled"):
        script.raised("swop=1")


def test_one_number_of_one_voice_changes(script: ModuleType) -> None:
    changed = script.changed(tuning.CARE, [("gan", 1, "trust", 0.5)])
    assert changed["gan"][1] == replace(tuning.CARE["gan"][1], trust=0.5)
    assert changed["gan"][0] == tuning.CARE["gan"][0]
    assert {name: cares for name, cares in changed.items() if name != "gan"} == {
        name: cares for name, cares in tuning.CARE.items() if name != "gan"
    }


def test_views_of_later_jobs_are_told_from_the_others(script: ModuleType) -> None:
    table = [
        views.View(0, job, "face", "plain", False, "", "dfdc-faces", "", "train", "", 90.0, 200, 200)
        for job in (0, 0, 1, 3, 3)
    ]
    assert [script.before(table, job) for job in (None, 0, 2, 3, 4)] == [5, 0, 3, 3, 5]
    with pytest.raises(ValueError, match="order"):
        script.before(table[::-1], 1)
