"""The model card holds what was measured against what was asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import loaded

FIGURES = json.loads((Path(__file__).parents[1] / "docs/figures-default.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("value", "least", "word"),
    [(0.92, True, ""), (0.9199, True, "missed"), (0.92, False, ""), (0.9201, False, "missed")],
)
def test_a_bar_is_met_or_missed(value: float, least: bool, word: str) -> None:
    assert loaded("bars").row("AUC", value, 0.92, least, [0.8, 1.0])[-1] == word


def test_every_bar_stands_in_the_table_and_a_lead_within_chance_is_missed() -> None:
    lead = {
        "a": {"lead": 0.02, "at least": 0.01, "at most": 0.03},
        "mean": {"lead": 0.01, "at least": 0, "at most": 0.02},
    }
    lines = loaded("bars").bars(FIGURES, {"stacked": 0.8, "mean": 0.79, "a": 0.78}, lead).splitlines()
    for name in FIGURES["auc"]:
        assert sum(f"AUC, {name} " in one for one in lines) == 1
    told = {one.split(" | ")[0].strip("| "): one for one in lines}
    assert "missed" not in told["lead there over the best member"]
    assert "missed" in told["lead there over the plain mean"]
    assert "missed" not in told["mean AUC on sources left out"]
