"""Both measuring commands end to end, with the toy bundle on pictures without faces."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from fakes import grey
from PIL import Image

from deepfake_detector import extras
from deepfake_detector.cli.app import app

runner = CliRunner()


@pytest.fixture()
def data(tmp_path: Path) -> Path:
    """Bright fakes and dark reals, in folders as Kaggle has them."""
    for split in ("Train", "Test"):
        for name, levels in (("Fake", (255, 240)), ("Real", (0, 20))):
            folder = tmp_path / "data" / split / name
            folder.mkdir(parents=True)
            for level in levels:
                Image.fromarray(grey(level, 64, 64)).save(folder / f"{level}.png")
    return tmp_path / "data"


def test_evaluate(toy: str, data: Path, tmp_path: Path) -> None:
    page, values = tmp_path / "report.html", tmp_path / "report.json"
    options = ["--split", "test", "--report", str(page), "--json", str(values), "--max-fpr", "0.1"]
    result = runner.invoke(app, ["evaluate", str(data), "--model", toy, "--model", toy, *options])
    assert result.exit_code == 0, result.output
    assert "auc" in result.stdout
    assert "1.000 (1.000-1.000)" in result.stdout
    written = json.loads(values.read_text(encoding="utf-8"))
    assert [model["overall"]["auc"]["value"] for model in written["models"]] == [1, 1]
    assert written["models"][0]["operating_point"]["true_positive_rate"] == 1
    assert written["models"][0]["pictures"] == 4
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_one_bad_file_is_counted_and_told(toy: str, data: Path, tmp_path: Path) -> None:
    (data / "Test" / "Real" / "bad.jpg").write_text("no picture")
    values = tmp_path / "report.json"
    result = runner.invoke(app, ["evaluate", str(data), "--model", toy, "--json", str(values)])
    assert result.exit_code == 1
    assert "bad.jpg: not a picture" in result.stderr
    written = json.loads(values.read_text(encoding="utf-8"))["models"][0]
    assert (written["pictures"], written["failed"]) == (8, 1)
    assert "not a picture" in written["failures"][0]["reason"]


def test_the_convention_of_numbers_is_printed(toy: str, data: Path) -> None:
    (data / "manifest.csv").write_text("path,label\nTest/Real/0.png,1\nTest/Fake/255.png,0\n")
    result = runner.invoke(app, ["evaluate", str(data / "manifest.csv"), "--model", toy])
    assert result.exit_code == 0
    assert "1 was read as real and 0 as fake" in result.stdout


def test_pairs(toy: str, data: Path) -> None:
    (data / "manifest.csv").write_text("path,label,source\nTest/Real/0.png,real,a\nTest/Fake/255.png,fake,b\n")
    result = runner.invoke(app, ["evaluate", str(data), "--model", toy, "--pair", "b", "a"])
    assert "b against a: AUC 1.000" in result.stdout
    wrong = runner.invoke(app, ["evaluate", str(data), "--model", toy, "--pair", "a", "b"])
    assert wrong.exit_code == 2
    assert "no fakes of the source a" in wrong.stderr


@pytest.mark.parametrize("command", ["evaluate", "robustness"])
@pytest.mark.parametrize(
    "options", [["--model", "none"], ["--split", "none"], ["--json", "no/such/folder.json"], ["--no-such-option"]]
)
def test_wrong_usage_is_exit_code_two(command: str, options: list[str], data: Path) -> None:
    assert runner.invoke(app, [command, str(data), *options]).exit_code == 2


@pytest.mark.parametrize("command", ["evaluate", "robustness"])
def test_what_cannot_be_written_is_told_before_the_run(command: str, data: Path, tmp_path: Path) -> None:
    same = str(tmp_path / "x.html")
    for options in (["--json", same, "--report", same], ["--json", str(data)], ["--report", "no/such/folder/x"]):
        result = runner.invoke(app, [command, str(data), "--model", "no such model", *options])
        assert result.exit_code == 2
        assert "no such model" not in result.stderr  # the model would have come next


def test_what_turns_out_not_to_be_writable_is_wrong_usage(
    toy: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    result = runner.invoke(app, ["evaluate", str(data), "--model", toy, "--json", str(tmp_path / "x.json")])
    assert result.exit_code == 2
    assert "x.json: cannot be written (No space left on device)" in result.stderr


def test_no_data_is_wrong_usage(tmp_path: Path) -> None:
    assert runner.invoke(app, ["evaluate", str(tmp_path / "none")]).exit_code == 2
    result = runner.invoke(app, ["evaluate", str(tmp_path)])
    assert result.exit_code == 2
    assert "no pictures in it" in result.stderr


@pytest.mark.parametrize("command", ["evaluate", "robustness"])
def test_a_missing_extra_is_told_before_anything_is_read(
    command: str, data: Path, toy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    result = runner.invoke(app, [command, str(data), "--model", toy, "--report", str(tmp_path / "r.html")])
    assert result.exit_code == 2
    assert "pip install 'deepfake-detection[evaluate]'" in result.stderr


def test_robustness(toy: str, data: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (80, 90, 3), dtype=np.uint8)).save(data / "Test" / "Real" / "noise.png")
    page, values = tmp_path / "robustness.html", tmp_path / "robustness.json"
    options = ["--split", "test", "--limit", "3", "--report", str(page), "--json", str(values)]
    result = runner.invoke(app, ["robustness", str(data), "--model", toy, *options])
    assert result.exit_code == 0, result.output
    assert "3 of 5 pictures, drawn with seed 0." in result.stdout
    written = json.loads(values.read_text(encoding="utf-8"))
    names = [point["name"] for point in written["points"]]
    assert {"JPEG 30", "JPEG 95", "resize 25", "resize 200", "q60@768", "q40@512", "messenger", "screenshot"} <= set(
        names
    )
    assert len(written["stability"]["by_re_encoding"]) == 10
    assert written["points"][names.index("resize 25")]["failed"] == 3  # 16 to 23 pixels are too few to judge
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_importing_the_metrics_imports_nothing_heavy() -> None:
    heavy = ("sklearn", "onnxruntime", "matplotlib")
    code = f"import sys, deepfake_detector.evaluate.metrics; print([m for m in {heavy} if m in sys.modules])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ))
    assert run.stdout == "[]\n"
