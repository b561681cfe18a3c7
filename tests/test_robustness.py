import json
from pathlib import Path

import numpy as np
import pytest
from fakes import FixedFaces, grey
from files import tiled_tiff
from PIL import Image

from deepfake_detector import DataError, DeepfakeDetector, OptionError
from deepfake_detector.evaluate import LabelledPicture, measure_robustness
from deepfake_detector.evaluate.corruptions import Corruption, named
from deepfake_detector.evaluate.groups import grid_tier
from deepfake_detector.evaluate.robustness import RobustnessReport, sample
from deepfake_detector.evaluate.robustness_report import html

DARKEN = Corruption("darken", "darken", 1.0, lambda pixels, rng: grey(0, *pixels.shape[1::-1]))
GREY = Corruption("grey", "darken", 0.5, lambda pixels, rng: grey(128, *pixels.shape[1::-1]))
TINY = Corruption("tiny", "tiny", 1.0, lambda pixels, rng: np.ascontiguousarray(pixels[:8, :8]))


def broken(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    raise ValueError("too wide for this format")


@pytest.fixture(scope="module")
def toy(toy_file: Path) -> DeepfakeDetector:
    return DeepfakeDetector(toy_file, face_detector=FixedFaces())


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPicture]:
    """Two bright fakes, two dark reals, and one file that is no picture."""
    folder = tmp_path_factory.mktemp("pictures")
    found = []
    for name, level, fake in (("a", 255, True), ("b", 250, True), ("c", 0, False), ("d", 5, False)):
        Image.fromarray(grey(level)).save(folder / f"{name}.png")
        found.append(LabelledPicture(folder / f"{name}.png", fake, "flat"))
    (folder / "bad.png").write_text("no picture")
    return [*found, LabelledPicture(folder / "bad.png", True)]


@pytest.fixture(scope="module")
def report(toy: DeepfakeDetector, pictures: list[LabelledPicture]) -> RobustnessReport:
    ways = [named("JPEG 50"), GREY, DARKEN, TINY, Corruption("broken", "broken", 1.0, broken), named("q60@768")]
    return measure_robustness(toy, pictures, corruptions=ways, re_encodings=[named("JPEG 95"), GREY, DARKEN])


def test_points_by_hand(report: RobustnessReport) -> None:
    """Flat pictures survive JPEG. All grey or all dark, nothing tells them apart: AUC 0.5."""
    points = {point.name: point for point in report.points}
    values = {name: point.auc and point.auc.value for name, point in points.items()}
    assert values == {"JPEG 50": 1, "grey": 0.5, "darken": 0.5, "tiny": None, "broken": None, "q60@768": 1}
    assert report.as_given.auc is not None
    assert report.as_given.auc.value == 1
    assert points["darken"].true_positive_rate is not None
    assert points["darken"].true_positive_rate.value == 0
    assert [(points[name].judged, points[name].failed) for name in ("grey", "tiny", "broken")] == [
        (4, 0),
        (0, 4),
        (0, 4),
    ]
    assert list(points["grey"].members) == ["toy-scene"]


def test_a_tiled_tiff_smaller_than_its_tile_is_changed_like_any_other(toy: DeepfakeDetector, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (256, 256)).astype(np.uint8)
    (tmp_path / "a.tif").write_bytes(tiled_tiff(100, 256, noise.tobytes()))
    picture = LabelledPicture(tmp_path / "a.tif", True)
    report = measure_robustness(toy, [picture], corruptions=[GREY], re_encodings=[GREY])
    assert report.failures == ()
    assert grid_tier(picture, (100, 100)) != "(not given)"


def test_two_ways_of_one_name_are_refused(toy: DeepfakeDetector, pictures: list[LabelledPicture]) -> None:
    with pytest.raises(OptionError, match="same name"):
        measure_robustness(toy, pictures, corruptions=[GREY], re_encodings=[Corruption("grey", "x", 0.1, broken)])


def test_stability_by_hand(report: RobustnessReport) -> None:
    """Grey makes all four inconclusive; darkened, the two fakes turn round and the two reals stay."""
    stability = report.stability
    assert stability.pictures == 4
    assert stability.same is not None
    assert stability.turned is not None
    assert (stability.same.value, stability.turned.value) == (0, 0.5)
    assert stability.by_re_encoding["JPEG 95"] == {"same": 4, "inconclusive": 0, "turned": 0, "failed": 0}
    assert stability.by_re_encoding["grey"] == {"same": 0, "inconclusive": 4, "turned": 0, "failed": 0}
    assert stability.by_re_encoding["darken"] == {"same": 2, "inconclusive": 0, "turned": 2, "failed": 0}


def test_a_bad_file_stops_nothing(report: RobustnessReport, toy: DeepfakeDetector, pictures: list) -> None:
    assert [unread.picture.path.name for unread in report.failures] == ["bad.png"]
    assert (report.fakes, report.reals) == (2, 2)
    with pytest.raises(DataError, match="none of the pictures could be judged"):
        measure_robustness(toy, pictures[-1:])


def test_page_and_json(report: RobustnessReport) -> None:
    values = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert values["points"][0]["name"] == "JPEG 50"
    text = html(report, "<script>")
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert text.count('src="') == text.count('src="data:image/') >= 3
    for words in ("q60@768", "bad.png", "Do verdicts hold?"):
        assert words in text


def test_the_sample_is_fixed_balanced_and_spread_over_sources() -> None:
    many = [LabelledPicture(Path(f"{n}.jpg"), n % 4 == 0, f"s{n % 3}") for n in range(120)]  # 30 fakes
    chosen = sample(many, 24, seed=1)
    assert chosen == sample(many, 24, seed=1)
    assert chosen != sample(many, 24, seed=2)
    assert [picture for picture in many if picture in chosen] == chosen
    assert sum(picture.fake for picture in chosen) == 12
    assert {s: sum(p.source == s for p in chosen) for s in ("s0", "s1", "s2")} == {"s0": 8, "s1": 8, "s2": 8}
    assert sum(picture.fake for picture in sample(many, 100)) == 30
    assert len(sample(many, 500)) == 120
    with pytest.raises(OptionError, match="at least 1"):
        sample(many, 0)
