import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from fakes import bundle
from PIL import Image

import deepfake_detector
from deepfake_detector.cli.app import app
from deepfake_detector.types import Pixels

runner = CliRunner()


@pytest.fixture()
def folder(tmp_path: Path, astronaut: Pixels) -> Path:
    """Two pictures, one of them below, and a text file that is none."""
    folder = tmp_path / "pictures"
    (folder / "more").mkdir(parents=True)
    Image.fromarray(astronaut).save(folder / "a b.jpg")
    Image.fromarray(astronaut[:, ::-1]).save(folder / "more" / "ä.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


def lines(output: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in output.splitlines()]


def test_one_picture_is_one_object(toy: str, folder: Path) -> None:
    result = runner.invoke(app, ["predict", str(folder / "a b.jpg"), "--json", "--model", toy])
    assert result.exit_code == 0
    assert result.stdout.startswith('{"prediction": ')
    values = json.loads(result.stdout)
    assert values["real_score"] + values["fake_score"] == 100


def test_a_folder_gives_json_lines_in_order(toy: str, folder: Path) -> None:
    result = runner.invoke(app, ["predict", str(folder), "--json", "--model", toy])
    assert result.exit_code == 0
    assert [Path(str(v["source"])).name for v in lines(result.stdout)] == ["a b.jpg", "ä.png"]


def test_what_cannot_be_read_stays_in_its_place(toy: str, folder: Path) -> None:
    bad = folder / "bad.jpg"
    bad.write_text("no picture")
    names = [str(folder / "none.jpg"), str(bad), str(folder / "a b.jpg")]
    result = runner.invoke(app, ["predict", *names, "--json", "--model", toy])
    assert result.exit_code == 1
    values = lines(result.stdout)
    assert [v.get("error", "ok") for v in values] == ["ImageNotFound", "ImageUnreadable", "ok"]
    table = runner.invoke(app, ["predict", *names, "--model", toy])
    assert table.exit_code == 1
    assert table.stdout.count("not read") == 2
    assert "no such file" in table.stdout


def test_patterns_are_expanded(toy: str, folder: Path) -> None:
    result = runner.invoke(app, ["predict", str(folder / "*.jpg"), "--json", "--model", toy])
    assert len(lines(result.stdout)) == 1
    nothing = runner.invoke(app, ["predict", str(folder / "*.webp"), "--json", "--model", toy])
    assert nothing.exit_code == 1
    assert "nothing matches" in nothing.stdout


def test_pictures_of_formats_that_cannot_be_read_are_told_and_pipes_passed_over(toy: str, folder: Path) -> None:
    (folder / "phone.HEIC").write_bytes(b"....ftypheic")
    os.mkfifo(folder / "endless.jpg")
    before = len(lines(runner.invoke(app, ["predict", str(folder / "*.png"), "--json", "--model", toy]).stdout))
    result = runner.invoke(app, ["predict", str(folder), "--json", "--model", toy])
    assert result.exit_code == 1
    failures = {Path(line["source"]).name: line["error"] for line in lines(result.stdout) if "error" in line}
    assert failures["phone.HEIC"] == "ImageUnreadable"
    assert "endless.jpg" not in result.stdout
    assert len(lines(result.stdout)) > before


def test_an_empty_folder_is_told(toy: str, tmp_path: Path) -> None:
    result = runner.invoke(app, ["predict", str(tmp_path), "--json", "--model", toy])
    assert result.exit_code == 1
    assert "no pictures in this folder" in result.stdout


def test_standard_input(toy: str, folder: Path) -> None:
    data = (folder / "a b.jpg").read_bytes()
    result = runner.invoke(app, ["predict", "-", "--json", "--model", toy], input=data)
    assert result.exit_code == 0
    assert json.loads(result.stdout)["source"] == "-"
    assert runner.invoke(app, ["predict", "-", "--model", toy], input=b"").exit_code == 1


def test_the_table_names_verdict_scores_and_reasons(toy: str, folder: Path) -> None:
    result = runner.invoke(app, ["predict", str(folder), "--model", toy])
    assert result.exit_code == 0
    assert "a b.jpg" in result.stdout
    assert "%" in result.stdout
    assert "\x1b[" not in result.stdout  # no colour into a pipe


def test_a_file_name_can_forge_no_line_and_command_no_terminal(toy: str, folder: Path) -> None:
    result = runner.invoke(app, ["predict", str(folder / "gone.png\nx.png  real\x1b[2J"), "--model", toy])
    assert result.exit_code == 1
    assert "gone.png\\nx.png  real\\x1b[2J" in result.stdout
    assert "\x1b" not in result.stdout


@pytest.mark.parametrize(
    "options",
    [
        ["--threshold", "2"],
        ["--threshold", "0.5", "--max-fpr", "0.01"],
        ["--model", "no-such-model"],
        ["--aggregation", "median"],
        ["--face-detector", "dlib"],
        ["--no-such-option"],
    ],
)
def test_wrong_usage_is_exit_code_two(options: list[str], folder: Path) -> None:
    assert runner.invoke(app, ["predict", str(folder), *options]).exit_code == 2


def test_no_picture_named_is_wrong_usage() -> None:
    assert runner.invoke(app, ["predict"]).exit_code == 2


def test_threshold_reaches_the_result(toy: str, folder: Path) -> None:
    result = runner.invoke(app, ["predict", str(folder / "a b.jpg"), "--json", "--model", toy, "--threshold", "0.99"])
    assert json.loads(result.stdout)["threshold"] == 0.99
    result = runner.invoke(app, ["predict", str(folder / "a b.jpg"), "--json", "--model", toy, "--max-fpr", "0.05"])
    assert json.loads(result.stdout)["threshold"] == 0.5


def test_version_and_completion_and_info(toy: str) -> None:
    assert runner.invoke(app, ["--version"]).stdout == f"deepfake-detector {deepfake_detector.__version__}\n"
    for shell in ("bash", "zsh", "fish"):
        assert "_DEEPFAKE_DETECTOR_COMPLETE" in runner.invoke(app, ["completion", shell]).stdout
    info = runner.invoke(app, ["info", "--model", toy])
    assert info.exit_code == 0
    assert "toy-face" in info.stdout
    assert "only knows brightness" in info.stdout
    assert json.loads(runner.invoke(app, ["info", "--json", "--model", toy]).stdout)["name"] == "toy"
    assert runner.invoke(app, ["info", "--model", "none"]).exit_code == 2


def test_a_card_does_not_command_the_terminal(tmp_path: Path) -> None:
    replace(bundle(), name="good\x1b]0;owned\x07").save(tmp_path / "evil.h5")
    output = runner.invoke(app, ["info", "--model", str(tmp_path / "evil.h5")]).stdout
    assert output.startswith("good\\x1b]0;owned\\x07 1: ")


def test_the_shipped_card_is_printed() -> None:
    output = runner.invoke(app, ["info"]).stdout
    for expected in ("clip-face", "conv-scene", "licence", "limits", "figures"):
        assert expected in output


def test_a_folder_without_read_permission(toy: str, tmp_path: Path) -> None:
    """As a user who may not look: root may read everything, so the child gives its rights up first."""
    locked = tmp_path / "locked"
    locked.mkdir()
    locked.chmod(0)
    code = f"""
import os, sys
from deepfake_detector.cli.inputs import pictures
if os.geteuid() == 0:
    os.setuid(65534)
for found in pictures([{str(locked)!r}]):
    print(type(found).__name__, found.error)
"""
    for parent in [tmp_path, *tmp_path.parents[:3]]:
        if parent.stat().st_uid == os.geteuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o055)
    try:
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    finally:
        locked.chmod(0o700)
    assert run.stdout.startswith("Failure")
    assert "cannot be read" in run.stdout


def test_the_real_command_end_to_end(folder: Path) -> None:
    """In a process of its own, with the shipped fast bundle, through ``python -m``."""
    command = [sys.executable, "-m", "deepfake_detector", "predict", str(folder), "--json", "--model", "fast"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [v["prediction"] in ("Real", "Fake") for v in lines(run.stdout)] == [True, True]
    assert run.stderr == ""
