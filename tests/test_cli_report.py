from pathlib import Path

import pytest
from click.testing import CliRunner
from documents import Page, pdf_pages
from fakes import grey
from PIL import Image

from deepfake_detector import extras
from deepfake_detector.cli.app import app

runner = CliRunner()


@pytest.fixture()
def folder(tmp_path: Path) -> Path:
    """A white picture, a black one, and a file that is none."""
    made = tmp_path / "pictures"
    made.mkdir()
    for level in (0, 255):
        Image.fromarray(grey(level)).save(made / f"{level}.png")
    (made / "text.jpg").write_text("no picture")
    return made


def test_a_page_and_a_paper_of_a_folder(toy: str, folder: Path, tmp_path: Path) -> None:
    for out in (tmp_path / "report.html", tmp_path / "REPORT.PDF"):
        result = runner.invoke(app, ["report", str(folder), "--out", str(out), "--model", toy])
        assert result.exit_code == 1, result.output
        assert f"{out}: 2 judged, 1 could not be judged" in result.stdout
    text = Page((tmp_path / "report.html").read_text(encoding="utf-8")).words
    paper = " ".join(pdf_pages((tmp_path / "REPORT.PDF").read_bytes()))
    for said in (text, paper):
        for name in ("0.png", "255.png", "text.jpg"):
            assert name in said
        assert "deepfake-detector" in said


def test_one_picture_and_the_options_of_the_detector(toy: str, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    options = ["--model", toy, "--threshold", "0.9", "--method", "occlusion", "--aggregation", "mean"]
    result = runner.invoke(app, ["report", str(folder / "255.png"), "--out", str(out), *options])
    assert result.exit_code == 0, result.output
    text = Page(out.read_text(encoding="utf-8")).words.replace("\N{NO-BREAK SPACE}", " ")
    assert "From 90 % on a picture is called fake" in text
    assert "mean" in text


def test_standard_input(toy: str, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    data = (folder / "0.png").read_bytes()
    result = runner.invoke(app, ["report", "-", "--out", str(out), "--model", toy], input=data)
    assert result.exit_code == 0, result.output
    assert "1. -" in Page(out.read_text(encoding="utf-8")).words


def test_what_goes_wrong_has_its_exit_code(
    toy: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        result = runner.invoke(app, ["report", str(folder / "0.png"), *arguments])
        return result.exit_code, result.output

    page = str(tmp_path / "report.html")
    assert run("--model", toy)[0] == 2
    code, said = run("--model", toy, "--out", str(tmp_path / "report.doc"))
    assert (code, ".html or .pdf" in said) == (2, True)
    code, said = run("--model", toy, "--out", str(tmp_path / "no" / "report.pdf"))
    assert (code, "no folder" in said) == (2, True)
    assert run("--model", "none.h5", "--out", page)[0] == 2
    assert run("--model", toy, "--out", page, "--threshold", "2")[0] == 2
    code, said = run("--model", toy, "--out", page, "--method", "attention")
    assert (code, "There is no map" in Path(page).read_text(encoding="utf-8")) == (0, True)
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    code, said = run("--model", toy, "--out", str(tmp_path / "report.pdf"))
    assert (code, "pip install 'deepfake-detection[report]'" in said) == (2, True)
    code, said = run("--model", toy, "--out", page, "--method", "lime")
    assert (code, "pip install 'deepfake-detection[explain]'" in said) == (2, True)
    assert run("--model", toy, "--out", page)[0] == 0  # the page itself needs no extra
