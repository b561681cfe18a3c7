"""What the README shows is what happens."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest
from click.testing import CliRunner

from deepfake_detector import DeepfakeDetector
from deepfake_detector.cli.app import app
from deepfake_detector.evaluate.corruptions import ALL, CONDITIONS, RE_ENCODINGS, RECAPTURED
from deepfake_detector.evaluate.metrics import DESCRIPTIONS
from deepfake_detector.explain import explainer
from deepfake_detector.explain.faithfulness import Row, faithful, table
from deepfake_detector.train import bundles

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^examples/(\S+)\s+(real|fake|inconclusive|not read)\s+([\d.]+) %\s+([\d.]+) %", re.MULTILINE)


def test_the_pasted_output_is_what_the_command_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    """To two percentage points: integer arithmetic differs with the processor (docs/experiments.md)."""
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(app, ["predict", "examples/"])
    assert result.exit_code == 0
    pasted, printed = ROW.findall(README), ROW.findall(result.stdout)
    assert len(pasted) == len(list((ROOT / "examples").glob("*.jpg"))) >= 4
    assert [row[:2] for row in pasted] == [row[:2] for row in printed]
    for ours, theirs in zip(pasted, printed, strict=True):
        assert float(ours[2]) == pytest.approx(float(theirs[2]), abs=2)
        assert float(ours[2]) + float(ours[3]) == pytest.approx(100)


def test_every_option_the_readme_names_exists() -> None:
    usage = CliRunner().invoke(app, ["predict", "--help"]).stdout + CliRunner().invoke(app, ["--help"]).stdout
    block = README.split("## Use it from the command line")[1].split("## ")[0]
    for option in set(re.findall(r"--[a-z][a-z-]+", block)):
        assert option in usage, option


def test_every_evaluation_the_readme_shows_can_be_typed() -> None:
    block = README.split("## Evaluate it on your own pictures")[1].split("## ")[0]
    lines = re.findall(r"^deepfake-detector (evaluate|robustness) (.*?)(?: +#.*)?$", block, re.MULTILINE)
    assert len(lines) >= 4
    for command, typed in lines:
        usage = CliRunner().invoke(app, [command, "--help"]).stdout
        for option in re.findall(r"--[a-z][a-z-]+", typed):
            assert f"{option} " in usage, option


def test_the_explanation_the_readme_shows_runs(
    detector: DeepfakeDetector, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a user writes it, on the shipped weights; with fewer samples, which change nothing but the time."""
    block = README.split("## Ask why")[1].split("## ")[0]
    (code,) = re.findall(r"```python\n(.*?)```", block, re.DOTALL)
    monkeypatch.chdir(photo.parent)
    monkeypatch.setattr(explainer, "DeepfakeDetector", lambda: detector)
    monkeypatch.setitem(explainer.LimeExplainer.__init__.__kwdefaults__ or {}, "num_samples", 12)
    plt.switch_backend("agg")
    names: dict[str, Any] = {}
    exec(code, names)
    explanation, image, mask = names["lime_explanation"], names["image"], names["mask"]
    assert explanation.p_fake == detector.predict(photo).score
    assert (photo.parent / "why.png").stat().st_size > 10_000
    assert image.shape == (512, 512, 3)
    assert mask.shape == explanation.segments.shape == (512, 512)
    assert names["label"] in explanation.local_exp
    assert any("few" in warning for warning in explanation.warnings)
    plt.close("all")
    for typed in re.findall(r"^deepfake-detector explain (.*?)(?: +#.*)?$", block, re.MULTILINE):
        usage = CliRunner().invoke(app, ["explain", "--help"]).stdout
        for option in re.findall(r"--[a-z][a-z-]+", typed):
            assert f"{option} " in usage, option


def test_the_page_on_explanations_shows_the_measurement() -> None:
    text = (ROOT / "docs/explanations.md").read_text(encoding="utf-8")
    kept = json.loads((ROOT / "docs/faithfulness.json").read_text(encoding="utf-8"))
    rows = {name: Row(**values) for name, values in kept["rows"].items()}
    assert table(rows, ("random", "centre blob")) in text
    assert kept["command"] in text


def test_the_default_method_is_one_that_was_found_true(detector: DeepfakeDetector) -> None:
    kept = json.loads((ROOT / "docs/faithfulness.json").read_text(encoding="utf-8"))
    rows = {name: Row(**values) for name, values in kept["rows"].items()}
    assert faithful(rows[explainer.default_method(detector)], [rows["random"], rows["centre blob"]])


def test_the_page_on_evaluation_names_every_figure_and_change() -> None:
    text = (ROOT / "docs/evaluation.md").read_text(encoding="utf-8")
    assert [name for name in DESCRIPTIONS if f"`{name}`" not in text] == []
    assert [way.name for way in (*RE_ENCODINGS, *RECAPTURED, *CONDITIONS) if f"`{way.name}`" not in text] == []
    assert f"after {len(ALL)} changes" in text


def test_every_figure_of_the_readme_stands_in_the_measurement() -> None:
    figures = json.loads((ROOT / "docs/figures-default.json").read_text(encoding="utf-8"))
    block = README.split("## How well it does")[1].split("## ")[0]
    rows = re.findall(
        r"^\| ([a-z0-9][^|]*?) \| \d+ \| \d+ \| (\d\.\d{3}) \((\d\.\d{3})-(\d\.\d{3})\)", block, re.MULTILINE
    )
    assert len(rows) >= 4
    for name, value, low, high in rows:
        entry = figures["auc"][name]
        assert (value, low, high) == tuple(f"{v:.3f}" for v in (entry["auc"], *entry["interval"]))


def test_the_model_card_is_up_to_date() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "write_model_card.py"), "--check"]
    subprocess.run(command, check=True)


def test_the_figures_are_of_the_shipped_model(detector: DeepfakeDetector) -> None:
    figures = json.loads((ROOT / "docs/figures-default.json").read_text(encoding="utf-8"))
    assert figures["model"] == detector.model
    assert figures["graphs"] == detector.bundle.manifest()["graphs"]


@pytest.mark.parametrize(
    ("reading", "least"),
    [
        ("140k-real-and-fake-faces", 0.985),
        ("deepfake-and-real-images", 0.97),
        ("dfdc-faces", 0.82),
        ("unseen-stylegan2", 0.85),
    ],
)
def test_the_measured_auc_reaches_what_was_asked(reading: str, least: float) -> None:
    figures = json.loads((ROOT / "docs/figures-default.json").read_text(encoding="utf-8"))
    assert figures["split"] == "test"
    assert figures["auc"][reading]["auc"] >= least


def test_the_stack_beats_its_best_member_and_the_mean_on_left_out_sources(detector: DeepfakeDetector) -> None:
    """In the mean over the sources, and beyond the 95 % interval of the difference."""
    figures = detector.bundle.about["figures"]
    by_way = dict(figures[bundles.LEFT_OUT]["mean over sources"])
    stacked, lead = by_way.pop("stacked"), figures[bundles.LEAD]
    best = max(set(by_way) - {"mean"}, key=lambda way: by_way[way])
    for other in ("mean", best):
        assert stacked > by_way[other]
        assert lead[other]["at least"] > 0
