import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from credentials import created, identity, signed
from files import WEB_UI, png

from deepfake_detector import DeepfakeDetector
from deepfake_detector.cli.app import app
from deepfake_detector.provenance import examine

runner = CliRunner()


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A picture with parameters, a plain one, and one that is signed."""
    (tmp_path / "a.png").write_bytes(png(("parameters", WEB_UI)))
    (tmp_path / "b.png").write_bytes(png())
    (tmp_path / "c.png").write_bytes(signed(png(), "image/png", [created("digitalCapture")]))
    return tmp_path


def test_text_says_what_is_proved_and_what_is_not(folder: Path) -> None:
    result = runner.invoke(app, ["provenance", str(folder / "a.png"), str(folder / "b.png")])
    assert result.exit_code == 0
    first, second, *end = result.stdout.split("\n\n")
    told = first.splitlines()
    assert told[0].startswith(f"{folder / 'a.png'}: PNG, sha256 ")
    assert told[1] == "  generator [ai]"
    assert told[3].startswith("    Proves: ")
    assert told[4].startswith("    Limits: Such text can be copied into any picture")
    assert "      Seed: 123456789" in told
    assert second.endswith("\n  Nothing found.")
    assert end == ["Findings are evidence beside the score and never change it. Finding nothing proves nothing.\n"]


def test_one_object_or_json_lines(folder: Path) -> None:
    one = runner.invoke(app, ["provenance", str(folder / "a.png"), "--json"])
    assert one.exit_code == 0
    assert json.loads(one.stdout) == examine(folder / "a.png").to_dict()
    many = runner.invoke(app, ["provenance", str(folder), "--json"])
    kinds = [[finding["kind"] for finding in json.loads(line)["findings"]] for line in many.stdout.splitlines()]
    assert kinds == [["generator"], [], ["c2pa"]]


def test_what_cannot_be_read_stays_in_its_place(folder: Path) -> None:
    (folder / "bad.png").write_text("no picture")
    names = [str(folder / name) for name in ("none.png", "bad.png", "b.png")]
    result = runner.invoke(app, ["provenance", *names, "--json"])
    assert result.exit_code == 1
    values = [json.loads(line) for line in result.stdout.splitlines()]
    assert [value.get("error", "ok") for value in values] == ["ImageNotFound", "ImageUnreadable", "ok"]
    text = runner.invoke(app, ["provenance", *names])
    assert text.exit_code == 1
    assert "no such file" in text.stdout
    assert "Nothing found." in text.stdout


def test_standard_input(folder: Path) -> None:
    result = runner.invoke(app, ["provenance", "-", "--json"], input=(folder / "a.png").read_bytes())
    assert result.exit_code == 0
    assert json.loads(result.stdout)["source"] == "-"


def test_anchors(folder: Path) -> None:
    anchors = folder / "roots.pem"
    anchors.write_text(identity().authority)
    trusted = runner.invoke(app, ["provenance", str(folder / "c.png"), "--json", "--anchors", str(anchors)])
    assert json.loads(trusted.stdout)["findings"][0]["details"]["trust"].startswith("trusted")
    anchors.write_text("nothing")
    for wrong in (str(anchors), str(folder / "none.pem")):
        assert runner.invoke(app, ["provenance", str(folder / "c.png"), "--anchors", wrong]).exit_code == 2


def test_no_finding_changes_a_score(toy: str, folder: Path) -> None:
    """The same pixels, with a generator's parameters, with none, and signed as taken by a camera."""
    detector = DeepfakeDetector(toy)
    scores = {detector.predict(folder / name).score for name in ("a.png", "b.png", "c.png")}
    assert len(scores) == 1


def test_the_command_needs_no_extra_and_no_model(folder: Path) -> None:
    code = (
        "import sys; from deepfake_detector.cli.app import app; app(sys.argv[1:], standalone_mode=False); "
        "print([name for name in ('c2pa', 'onnxruntime', 'cv2', 'h5py') if name in sys.modules])"
    )
    arguments = [sys.executable, "-c", code, "provenance", str(folder / "a.png"), "--json"]
    result = subprocess.run(arguments, capture_output=True, text=True, check=True)
    assert result.stdout.splitlines()[1] == "[]"


def test_a_file_name_can_forge_no_line_and_command_no_terminal(folder: Path) -> None:
    name = "x.png: JPEG\n  c2pa [camera]\x1b[2J.png"
    (folder / name).write_bytes(png())
    result = runner.invoke(app, ["provenance", str(folder / name), str(folder / "gone\n.png")])
    assert result.exit_code == 1
    assert result.stdout.splitlines()[0].startswith(f"{folder}/x.png: JPEG\\n  c2pa [camera]\\x1b[2J.png: PNG, sha256 ")
    assert "gone\\n.png: no such file" in result.stdout
    assert "\x1b" not in result.stdout
