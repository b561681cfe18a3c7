"""The toy bundle: bright pictures are fake, as it sees them. At grey level g a picture without a face has the logit
about 4 * g / 255 - 2, so 0 gives 0.12, 64 gives 0.27, 191 gives 0.73 and 255 gives 0.88."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from documents import Page
from fakes import FixedFaces, grey
from PIL import Image

from deepfake_detector import DataError, DeepfakeDetector, OptionError
from deepfake_detector.evaluate import (
    LabelledPicture,
    Pairing,
    Report,
    evaluate,
    measure_robustness,
    plots,
    read_pictures,
)
from deepfake_detector.evaluate.groups import FACE_TIERS, NO_FACE
from deepfake_detector.evaluate.report import html, labels

PICTURES = (
    # name, grey level, fake, source: one fake is dark and one real is bright
    ("bright.png", 255, True, "swaps"),
    ("dark.png", 0, True, "swaps"),
    ("night.png", 0, False, "camera"),
    ("evening.png", 64, False, "camera"),
    ("<b>snow & ice.png", 191, False, "press"),
)


@pytest.fixture(scope="module")
def toy(toy_file: Path) -> DeepfakeDetector:
    return DeepfakeDetector(toy_file, face_detector=FixedFaces())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPicture]:
    folder = tmp_path_factory.mktemp("pictures")
    for name, level, _, _ in PICTURES:
        Image.fromarray(grey(level)).save(folder / name)
    bad = folder / "bad.jpg"
    bad.write_text("no picture")
    good = [LabelledPicture(folder / n, fake, source) for n, _, fake, source in PICTURES]
    return [good[0], LabelledPicture(bad, False, "camera"), *good[1:], LabelledPicture(folder / "none.jpg", True)]


@pytest.fixture(scope="module")
def report(toy: DeepfakeDetector, pictures: list[LabelledPicture]) -> Report:
    pairs = [Pairing(("swaps",), ("camera",)), Pairing(("swaps",), ("camera", "press"))]
    return evaluate(toy, pictures, pairs=pairs, max_fpr=0.0)


def test_figures_by_hand(report: Report) -> None:
    """Scores .88 and .12 of fakes; .12, .27 and .73 of reals. Of six pairs three are in order and one is a tie."""
    overall = report.overall
    assert (overall.fakes, overall.reals) == (2, 3)
    expected = {"auc": 3.5 / 6, "accuracy": 3 / 5, "true_positive_rate": 1 / 2, "false_positive_rate": 1 / 3}
    for name, value in expected.items():
        figure = overall[name]
        assert figure is not None
        assert figure.value == pytest.approx(value)
    assert report.confusion() == {
        "real": {"real": 2, "inconclusive": 0, "fake": 1},
        "fake": {"real": 1, "inconclusive": 0, "fake": 1},
    }
    assert report.operating_point is not None
    assert report.operating_point.true_positive_rate == 0.5


def test_a_bad_file_stops_nothing_and_is_in_no_figure(report: Report) -> None:
    assert [(unread.picture.path.name, unread.reason.split(" ")[0]) for unread in report.failures] == [
        ("bad.jpg", "not"),
        ("none.jpg", "no"),
    ]
    assert len(report.outcomes) == report.overall.pictures == 5


def test_groups_give_what_their_class_can_give(report: Report) -> None:
    sources = report.groups["source"]
    assert list(sources) == ["camera", "press", "swaps"]
    assert sources["camera"]["auc"] is None
    assert str(sources["camera"]["false_positive_rate"]) == "0.000 (0.000-0.000)"
    assert sources["swaps"]["false_positive_rate"] is None
    assert list(report.groups["face size"]) == [NO_FACE]
    assert list(report.groups["compression"]) == ["grid weak or none (below 1.4)"]  # flat pictures
    assert "generator" not in report.groups  # none was given
    assert FACE_TIERS[0][0] == 64


def test_pairs_hold_fakes_of_one_source_against_reals_of_another(report: Report) -> None:
    """Against camera: one fake above both reals; the other level with one and below the other. 2.5 of 4."""
    values = {name: pair["auc"] for name, pair in report.pairs.items()}
    first = values["swaps against camera"]
    assert first is not None
    assert first.value == 2.5 / 4
    assert list(values) == ["swaps against camera", "swaps against camera and press"]
    assert Pairing(("a",), ("a",)).name == "a"


def test_members_and_json(report: Report) -> None:
    assert list(report.members) == ["toy-scene"]
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["overall"]["auc"]["value"] == 0.5833
    assert (values["pictures"], values["failed"]) == (5, 2)
    assert values["outcomes"][0]["score"] == pytest.approx(0.88, abs=0.01)
    assert values["groups"]["source"]["press"]["auc"] is None


def test_what_cannot_be_evaluated_is_told(toy: DeepfakeDetector, pictures: list[LabelledPicture]) -> None:
    with pytest.raises(DataError, match=r"none of the pictures could be judged.*not a picture"):
        evaluate(toy, [pictures[1]])
    with pytest.raises(OptionError, match="no reals of the source swaps; sources with reals: camera, press"):
        evaluate(toy, pictures, pairs=[Pairing(("swaps",), ("swaps",))])
    for rate in (-0.1, "0.01"):
        with pytest.raises(OptionError, match="false-positive rate"):
            evaluate(toy, pictures, max_fpr=rate)  # type: ignore[arg-type]
    for pairs in (Pairing(("swaps",), ("press",)), [("swaps", "press")]):
        with pytest.raises(OptionError, match="a list of Pairing"):
            evaluate(toy, pictures, pairs=pairs)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="lists of sources"):
        Pairing("swaps", "press")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="path of a folder"):
        read_pictures(None)  # type: ignore[arg-type]


def test_the_page_is_self_contained_and_escaped(report: Report) -> None:
    text = html([report], "deepfake-detector evaluate '<script>alert(1)</script>'")
    page = Page(text)
    assert page.fetched
    assert all(source.startswith("data:image/") for source in page.fetched)
    assert not {"script", "link", "iframe"} & set(page.tags)
    assert "@import" not in text
    assert not re.search(r"url\(", text)
    assert "<b>snow" not in text
    assert "<b>snow & ice.png" in page.words
    assert "<script>alert(1)</script>" in page.words
    for words in ("bad.jpg", "swaps against camera", "0.583", "Could not be judged: 2", "toy 1", "1 = real"):
        assert words in page.words, words


def test_names_of_models_are_drawn_as_they_stand(report: Report) -> None:
    """matplotlib writes each text of a plot as a comment beside its outlines."""
    names = ("run$a_$b", "_private", "模型")
    for draw in (plots.roc, plots.calibration):
        drawn = draw(dict.fromkeys(names, report))
        for name in names:
            assert f"{name}: " in drawn


def test_several_models_stand_side_by_side(report: Report) -> None:
    assert list(labels([report, report])) == ["toy 1 (1)", "toy 1 (2)"]
    page = Page(html([report, report]))
    assert page.words.count("toy 1 (2)") > 5
    assert "Could not be judged: 2" in page.words  # each picture once


def test_a_page_of_one_class(toy: DeepfakeDetector, pictures: list[LabelledPicture]) -> None:
    reals = [picture for picture in pictures if not picture.fake]
    assert "cannot be given" in html([evaluate(toy, reals, max_fpr=0.1)])


def test_a_file_name_that_is_no_unicode(toy: DeepfakeDetector, tmp_path: Path) -> None:
    name = tmp_path / "caf\udce9.png"
    try:
        Image.fromarray(grey(200)).save(name)
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    html([evaluate(toy, [LabelledPicture(name, False)])]).encode()


@pytest.mark.parametrize("pictures", ["folder", Path("folder"), ["a.jpg"]])
def test_pictures_without_labels_are_refused(toy: DeepfakeDetector, pictures: Any) -> None:
    for measure in (evaluate, measure_robustness):
        with pytest.raises(OptionError, match="as read_pictures"):
            measure(toy, pictures)


def test_notes_reach_the_report(toy: DeepfakeDetector, tmp_path: Path) -> None:
    Image.fromarray(grey(10)).save(tmp_path / "a.png")
    (tmp_path / "manifest.csv").write_text("path,label\na.png,1\n")
    report = evaluate(toy, read_pictures(tmp_path))
    assert report.confusion()["real"]["real"] == 1
    assert "1 was read as real" in Page(html([report])).words
