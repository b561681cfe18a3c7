"""The toy bundle: bright is fake. At grey level g, brightness b = g / 255, a face has the logit 8 b - 4, the whole
picture 4 b - 2, each limited as 8 tanh(logit / 8), and a face in its picture their sum. White: 8 tanh(4 / 8) = 3.70 is
97.58 %, 8 tanh(2 / 8) = 1.96 is 87.65 %, and 5.66 is 99.65 %."""

import base64
import hashlib
import io
import re
from pathlib import Path

import numpy as np
import pytest
from documents import Page, pdf_pages
from fakes import FixedFaces, bundle, grey
from PIL import Image, PngImagePlugin

from deepfake_detector import DeepfakeDetector, ImageNotFound, OptionError, extras
from deepfake_detector.errors import MissingExtra
from deepfake_detector.report import Case, examine_case, html, pdf
from deepfake_detector.types import REASONS, Face, Failure

ASKED = "deepfake-detector report 'a b.png' --out report.html"
SPACE = "\N{NO-BREAK SPACE}"


@pytest.fixture(scope="module")
def toy(toy_file: Path) -> DeepfakeDetector:
    """Finds no face."""
    return DeepfakeDetector(toy_file, face_detector=FixedFaces())


@pytest.fixture(scope="module")
def one_face(toy_file: Path) -> DeepfakeDetector:
    """Finds one face, 50 pixels wide, in every picture."""
    return DeepfakeDetector(toy_file, face_detector=FixedFaces(Face((10, 20, 60, 70))))


@pytest.fixture(scope="module")
def white(one_face: DeepfakeDetector) -> Case:
    return examine_case(one_face, png(grey(255)), "white.png")


def test_an_explanation_that_nobody_waits_for_any_more_ends(toy: DeepfakeDetector) -> None:
    seen: list[int] = []

    def left(done: int) -> None:
        seen.append(done)
        raise RuntimeError("the client has left")

    noise = np.random.default_rng(0).integers(0, 256, (120, 120, 3)).astype(np.uint8)
    with pytest.raises(RuntimeError, match="the client has left"):
        examine_case(toy, png(noise), method="occlusion", progress=left)
    assert len(seen) == 1


def png(pixels: np.ndarray, **texts: str) -> bytes:
    buffer, info = io.BytesIO(), PngImagePlugin.PngInfo()
    for name, text in texts.items():
        info.add_itxt(name, text)
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def words(cases: list[Case], asked: str = ASKED) -> list[str]:
    """All the words of the page, and all those of the PDF, with plain spaces."""
    texts = [Page(html(cases, asked)).words.split(), " ".join(pdf_pages(pdf(cases, asked))).split()]
    return [" ".join(text).replace(SPACE, " ") for text in texts]


def pictures(text: str) -> list[Image.Image]:
    data = re.findall(r"data:image/jpeg;base64,([A-Za-z0-9+/=]+)", text)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in data]


def test_everything_that_was_found_is_there(white: Case) -> None:
    for text in words([white]):
        for said in (
            "One picture was examined: 1 fake.",
            ASKED,
            "Fake score 99.65 %, real score 0.35 %. From 50 % on a picture is called fake; between 40 % and 60 %",
            "at most 5 % reach the threshold, 50 %",
            "calibrated probability",
            "97.58 %",  # the face's own, and that of its member
            "87.65 %",
            "Members that lean to fake: 2 of 2; to real: 0.",
            "10 points apart",
            "do not contradict each other",
            "swapped, re-enacted or retouched face",
            "face 0, which weighed most in the verdict",
            "occlusion",
            "docs/explanations.md",
            "Nothing that was measured limits the verdict.",
            "50 pixels (small below 40)",
            "Nothing in the file says where the picture comes from.",
            hashlib.sha256(png(grey(255))).hexdigest(),
            f"{len(png(grey(255))):,} bytes",
            "120 x 100 pixels",
            "toy 1",
            white.time,
            "It only knows brightness.",
            "A score is evidence, not proof.",
        ):
            assert said in text, said


@pytest.mark.parametrize(("level", "verdict"), [(0, "real"), (127, "inconclusive"), (255, "fake")])
def test_every_verdict_has_its_words(toy: DeepfakeDetector, level: int, verdict: str) -> None:
    case = examine_case(toy, grey(level))
    assert case.prediction is not None
    assert case.prediction.verdict == verdict
    for text in words([case]):
        assert {"real": "takes this picture for authentic", "fake": "for a forgery"}.get(verdict, "Do not read") in text
        assert "No face was found" in text
        assert REASONS["no_face"] in text
        assert "the middle of the picture" in text
        assert "One alone has weight, so none can contradict." in text


def test_what_a_picture_was_taken_of_is_told_beside_its_bound(tmp_path: Path) -> None:
    """Grey shades, in a bundle that knows what has no colours, and in one that knows no condition."""
    taught = bundle()
    taught.ensemble["policy"]["conditions"] = {"no_colour": {"bound": 1.5, "band": (0.01, 0.99)}}
    shades = np.repeat(np.uint8(150 + np.arange(120) % 60)[None, :, None].repeat(100, 0), 3, 2)
    for model, told in ((taught, True), (bundle(), False)):
        model.save(tmp_path / "toy.h5")
        case = examine_case(DeepfakeDetector(tmp_path / "toy.h5", face_detector=FixedFaces()), shades)
        for text in words([case]):
            assert (REASONS["no_colour"] in text) == told
            assert ("0.00 among spots as light as each other (none below 1.5)" in text) == told
            assert ("wider than usual" in text) == told
        flat = examine_case(DeepfakeDetector(tmp_path / "toy.h5", face_detector=FixedFaces()), grey(200))
        assert not any("inf" in text.split() or "none below" in text for text in words([flat]))


def test_members_that_contradict_each_other_are_told(one_face: DeepfakeDetector) -> None:
    """The face is white, the rest black: 97.6 % against 4 * 0.21 - 2, 23.8 %, and 0.744 apart: under the toy's 0.9."""
    pixels = grey(0)
    pixels[5:85, 0:75] = 255
    case = examine_case(one_face, pixels)
    assert case.prediction is not None
    scores = case.prediction.members
    apart = 100 * (max(scores.values()) - min(scores.values()))
    for text in words([case]):
        assert f"{apart:.0f} points apart" in text
        assert "more than 90 count as a contradiction, so they do not contradict" in text


def test_the_page_is_one_file_that_runs_and_fetches_nothing(white: Case, toy: DeepfakeDetector) -> None:
    text = html([white, examine_case(toy, "none.jpg")], ASKED)
    page = Page(text)
    assert {source[:11] for source in page.fetched} == {"data:image/", "#picture-1", "#picture-2"}
    assert {"picture-1", "picture-2"} <= set(page.ids)
    assert not {"script", "link", "iframe", "object", "embed", "form", "base"} & set(page.tags)
    bare = re.sub(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", "", text)
    assert "http" not in bare
    assert "@import" not in bare
    assert "url(" not in bare
    assert re.search(r"\son\w+=", bare) is None


HOSTILE = (
    "<img src=x onerror=alert(1)>.png",
    "\"'>&amp;.png",
    "caf\udce9.png",
    "photo\u202egnp.exe",
    "a\nb\0.png",
    "照片.png",
)


@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_hostile_names_are_text(toy: DeepfakeDetector, name: str) -> None:
    cases = [examine_case(toy, png(grey(0)), name), examine_case(toy, b"no picture", name)]
    text = html(cases, f"deepfake-detector report {name}")
    text.encode()
    assert Page(text).tags.count("img") == len(pictures(text)) == 3  # its thumbnail, the picture and the map
    told = name.replace("\udce9", r"\udce9").replace("\u202e", r"\u202e").replace("\n", r"\n").replace("\0", r"\x00")
    assert Page(text).words.count(told) >= 6
    assert "\u202e" not in text
    on_paper = " ".join(pdf_pages(pdf(cases, name)))
    assert on_paper.count(told.replace("照片", r"\u7167\u7247")) >= 6


def test_what_a_generator_left_is_escaped_and_weighed(toy: DeepfakeDetector) -> None:
    prompt = "<script>alert(1)</script> portrait\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 64x64"
    case = examine_case(toy, png(grey(0), parameters=prompt), "forged.png")
    assert case.provenance is not None
    (finding,) = case.provenance.findings
    text = html([case], ASKED)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    for said in words([case]):
        assert "points to AI" in said
        assert "The file itself points to AI, while the verdict from the pixels is real." in said
        for told in (finding.says, finding.proves, finding.limits):
            assert " ".join(told.split()) in said


def test_what_cannot_be_judged_has_its_chapter(toy: DeepfakeDetector, tmp_path: Path) -> None:
    (tmp_path / "text.jpg").write_text("no picture")
    given = Failure("*.png", ImageNotFound("*.png", "nothing matches this pattern."))
    cases = [
        examine_case(toy, source)
        for source in (str(tmp_path / "none.jpg"), tmp_path / "text.jpg", png(grey(9, 16)), given)
    ]
    assert [case.failure is not None for case in cases] == [True] * 4
    assert [case.prediction for case in cases] == [None] * 4
    assert [case.sha256 is None for case in cases] == [True, False, False, True]
    assert cases[2].provenance is not None  # a picture, though too small
    for text in words(cases):
        assert "4 pictures were examined: 4 could not be judged." in text
        assert text.count("a failure is neither real nor fake") == 4
        for reason in ("no such file", "not a picture of a supported format", "too few to judge", "nothing matches"):
            assert text.count(reason) == 2, reason  # in the table, and in its chapter
        assert hashlib.sha256(b"no picture").hexdigest() in text


def test_one_that_breaks_a_library_does_not_stop_the_others(
    toy_file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    detector = DeepfakeDetector(toy_file)

    def broken(source: object, **options: object) -> None:
        raise RuntimeError("codec")

    monkeypatch.setattr(detector, "look", broken)
    case = examine_case(detector, grey(1), "odd.png")
    assert case.failure is not None
    assert "RuntimeError: codec" in str(case.failure.error)
    assert "odd.png" in html([case], ASKED)


def test_why_there_is_no_map_stands_in_its_place(toy: DeepfakeDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    for text in words([examine_case(toy, grey(255), method="attention")]):
        assert "There is no map:" in text
        assert "Take method='occlusion' or 'lime'." in text
    with pytest.raises(OptionError, match="unknown method"):
        examine_case(toy, grey(255), method="magic")  # type: ignore[arg-type]
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    case = examine_case(toy, grey(255), method="lime")
    assert "pip install 'deepfake-detection[explain]'" in Page(html([case], ASKED)).words
    with pytest.raises(MissingExtra, match=r"fpdf2.*deepfake-detection\[report\]"):
        pdf([case], ASKED)


def test_every_kind_of_source_gives_the_same_report(toy: DeepfakeDetector, tmp_path: Path) -> None:
    data = png(grey(255))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    with path.open("rb") as file:
        cases = [examine_case(toy, source) for source in (str(path), path, data, io.BytesIO(data), file)]
    names = [str(path), str(path), "picture", "picture", str(path)]
    assert [case.name for case in cases] == names
    assert {case.sha256 for case in cases} == {hashlib.sha256(data).hexdigest()}
    assert {case.file_size for case in cases} == {len(data)}
    pixels = [examine_case(toy, source) for source in (grey(255), Image.fromarray(grey(255)))]
    assert {(case.sha256, case.file_size) for case in pixels} == {(None, None)}
    results = [case.prediction.to_dict() for case in (*cases, *pixels) if case.prediction]
    assert {result["fake_score"] for result in results} == {87.65}
    for text in words([pixels[0]]):
        assert "there is no hash of it" in text


def test_faces_are_numbered_boxed_and_listed(toy_file: Path) -> None:
    """Two faces of the same white: 97.58 % each; the third is too small for a score."""
    boxes = ((100, 100, 300, 300), (400, 100, 500, 200), (550, 100, 570, 120))
    detector = DeepfakeDetector(toy_file, face_detector=FixedFaces(*(Face(box) for box in boxes)))
    case = examine_case(detector, grey(255, 600, 400))
    text = html([case], ASKED)
    shown = np.asarray(pictures(text)[0]).astype(int)
    assert shown.shape == (400, 600, 3)
    assert np.abs(shown[200, 101] - (0xD5, 0x5E, 0x00)).max() < 60  # fake: vermilion
    assert np.abs(shown[110, 550] - (0x5A, 0x64, 0x70)).max() < 60  # no score: grey
    assert np.abs(shown[200, 200] - 255).max() < 10
    for said in words([case]):
        assert "The 3 faces that were found, largest first" in said
        assert "97.58 % 200 px" in said
        assert "97.58 % 100 px" in said
        assert "not scored small - 20 px" in said


def test_pictures_are_made_small(toy: DeepfakeDetector) -> None:
    case = examine_case(toy, grey(200, 2600, 1300))
    found = pictures(html([case], ASKED))
    assert [image.size for image in found] == [(1000, 500), (794, 640)]  # 1300 pixels, and 12 % on either side
    assert len(html([case], ASKED)) < 200_000


def test_the_map_shows_what_speaks_for_what(one_face: DeepfakeDetector) -> None:
    """The left half of the face is white, which speaks for fake; the right half is black, which speaks for real.

    The area is 70 pixels wide from the left border on, and drawn 640 wide.
    """
    pixels = grey(0)
    pixels[:, :35] = 255
    shown = np.asarray(pictures(html([examine_case(one_face, pixels)], ASKED))[1]).astype(int)
    left, right, outside = (shown[200:400, x0:x1].mean((0, 1)) for x0, x1 in ((60, 260), (380, 580), (660, 700)))
    assert left[0] > left[2] + 30
    assert right[2] > right[0] + 20
    assert np.ptp(outside) < 5


def test_many_pictures_begin_with_a_table(toy: DeepfakeDetector) -> None:
    cases = [examine_case(toy, png(grey(level)), f"{level}.png") for level in (0, 255, 127)]
    for text in words(cases):
        assert "3 pictures were examined: 1 fake, 1 real, 1 inconclusive." in text
        assert "All pictures" in text
    pages = pdf_pages(pdf(cases, ASKED))
    assert [sum(page.startswith(f"{number}. ") for page in pages) for number in (1, 2, 3)] == [1, 1, 1]
    assert f"1 / {len(pages)}" in pages[0]
    assert "All pictures" not in words(cases[:1])[0]


def test_a_long_report_goes_on_over_the_pages(toy_file: Path) -> None:
    """More faces than a page has lines; the heading of the table is said again."""
    faces = [Face((x, y, x + 30, y + 30)) for x in range(0, 600, 60) for y in range(0, 400, 40)]
    detector = DeepfakeDetector(toy_file, face_detector=FixedFaces(*faces), max_faces=2)
    case = examine_case(detector, grey(255, 640, 420), "x" * 300)
    pages = pdf_pages(pdf([case], ASKED))
    assert sum("its own fake score" in page for page in pages) >= 3
    assert " 99 not scored" in " ".join(pages)


def test_the_same_cases_give_the_same_bytes(white: Case) -> None:
    assert html([white], ASKED) == html([white], ASKED)
    assert pdf([white], ASKED) == pdf([white], ASKED)
    assert pdf([white], ASKED).startswith(b"%PDF-")
    for write in (html, pdf):
        with pytest.raises(OptionError, match="at least one picture"):
            write([], ASKED)
