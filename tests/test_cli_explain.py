import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from deepfake_detector import extras
from deepfake_detector.cli.app import app

runner = CliRunner()


@pytest.fixture()
def plain(tmp_path: Path) -> str:
    """A small picture without a face."""
    path = tmp_path / "plain.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (80, 90, 3)).astype(np.uint8)).save(path)
    return str(path)


@pytest.mark.parametrize("method", [["--method", "occlusion"], ["--method", "lime", "--samples", "30"], []])
def test_words_figure_and_json(toy: str, plain: str, tmp_path: Path, method: list[str]) -> None:
    out = tmp_path / "why.png"
    result = runner.invoke(app, ["explain", plain, *method, "--out", str(out), "--model", toy])
    assert result.exit_code == 0, result.output
    assert Image.open(out).size[0] > 600
    assert "% fake" in result.stdout
    as_json = runner.invoke(app, ["explain", plain, *method, "--json", "--model", toy])
    values = json.loads(as_json.stdout)
    assert values["words"] in result.stdout
    assert values["method"] == (method[1] if method else "occlusion")
    assert values["prediction"]["source"] == plain


def test_what_is_explained_is_the_verdict_at_the_same_operating_point(toy: str, plain: str) -> None:
    def verdict(command: str, *options: str) -> str:
        said = json.loads(runner.invoke(app, [command, plain, "--json", "--model", toy, *options]).stdout)
        return str((said["prediction"] if command == "explain" else said)["verdict"])

    for options in ((), ("--threshold", "0.02"), ("--threshold", "0.98")):
        assert verdict("explain", *options) == verdict("predict", *options)
    assert verdict("explain", "--threshold", "0.02") == "fake"


def test_what_goes_wrong_has_its_exit_code(
    toy: str, plain: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(app, ["explain", *arguments, "--model", toy])
        return result.exit_code, result.output

    assert run(str(tmp_path / "none.jpg"))[0] == 1
    code, said = run(plain, "--method", "attention")
    assert (code, "occlusion" in said) == (1, True)
    told = runner.invoke(app, ["explain", plain, "--of", "0", "--json", "--model", toy])
    assert (told.exit_code, json.loads(told.stdout)["error"]) == (1, "ExplanationError")
    assert run(plain, "--of", "nose")[0] == 2
    assert run(plain, "--method", "lime", "--samples", "3")[0] == 2
    assert run(plain, "--seed", "4", "--method", "occlusion")[0] == 2
    assert run(plain, "--out", str(tmp_path / "no" / "why.png"))[0] == 2
    for name in ("noext", "why.xyz"):
        code, said = run(plain, "--out", str(tmp_path / name))
        assert (code, "a figure is written as .png" in said) == (2, True)
    code, said = run(plain, "--samples", "20")
    assert (code, "--samples, --segments and --seed are for --method lime" in said) == (2, True)
    assert run(plain, "--out", str(tmp_path))[0] == 2  # a folder
    (tmp_path / "many").mkdir()
    for name in "ab":
        Image.open(plain).save(tmp_path / "many" / f"{name}.png")
    code, said = run(str(tmp_path / "many"))
    assert (code, "takes one" in said) == (2, True)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    code, said = run(plain, "--method", "lime")
    assert (code, "pip install 'deepfake-detection[explain]'" in said) == (2, True)
