"""The detector's logic, on a toy bundle whose answers can be worked out (bright is fake)."""

import io
import json
import math
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fakes import FixedFaces, bundle, grey
from PIL import Image, ImageSequence

from deepfake_detector import DeepfakeDetector, Face, Failure, ImageTooSmall, OptionError, Prediction, UnreadableWarning
from deepfake_detector.ensemble.aggregate import LIMIT, sigmoid
from deepfake_detector.faces.crop import MIN_FACE


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "toy.h5"
    bundle().save(path)
    return path


def detector(model: Path, *faces: Face, **options: object) -> DeepfakeDetector:
    return DeepfakeDetector(model, face_detector=FixedFaces(*faces), **options)  # type: ignore[arg-type]


def soft(logit: float) -> float:
    return LIMIT * math.tanh(logit / LIMIT)


def test_score_by_hand_without_a_face(model: Path) -> None:
    result = detector(model).predict(grey(204))  # brightness 0.8: 4 * 0.8 - 2 = 1.2
    assert result.score == pytest.approx(sigmoid(soft(1.2)), abs=1e-6)
    assert result.scene_score == result.score
    assert "no_face" in result.reasons
    assert result.faces == ()
    assert result.size == (120, 100)
    assert result.model == "toy 1"
    assert result.members.keys() == {"toy-scene"}


def test_score_by_hand_with_a_face(model: Path) -> None:
    result = detector(model, Face((20, 20, 80, 80), 0.9)).predict(grey(204))  # the face says 8 * 0.8 - 4 = 2.4
    assert result.score == pytest.approx(sigmoid(soft(2.4) + soft(1.2)), abs=1e-6)
    assert result.scene_score == pytest.approx(sigmoid(soft(1.2)), abs=1e-6)
    (face,) = result.faces
    assert face.score == pytest.approx(sigmoid(soft(2.4)), abs=1e-6)
    assert face.members == {"toy-face": pytest.approx(face.score)}
    assert face.face.confidence == 0.9
    assert "no_face" not in result.reasons
    assert result.to_dict()["faces"][0]["box"] == [20, 20, 80, 80]


def test_only_members_with_a_say_contradict_each_other(tmp_path: Path) -> None:
    """A black face in a bright picture: further apart than 0.5 is a contradiction."""
    pixels = grey(255, 300, 300)
    pixels[20:120, 20:120] = 0
    face = Face((35, 35, 105, 105), 0.9)
    toy = bundle()
    toy.ensemble["policy"]["disagreement"] = 0.5
    toy.save(tmp_path / "both.h5")
    both = detector(tmp_path / "both.h5", face).predict(pixels)
    assert abs(both.members["toy-face"] - both.members["toy-scene"]) > 0.5
    assert "members_disagree" in both.reasons

    toy.ensemble["picture"]["both"]["weights"]["toy-scene"] = [0, 0, 0, 0, 0]
    toy.save(tmp_path / "one.h5")
    alone = detector(tmp_path / "one.h5", face).predict(pixels)
    assert alone.members == both.members
    assert "members_disagree" not in alone.reasons
    assert "members_disagree" in detector(tmp_path / "one.h5", face, aggregation="mean").predict(pixels).reasons


def test_a_picture_of_a_picture_is_known_by_its_largest_face(tmp_path: Path) -> None:
    """Stripes in one part, and none elsewhere; faces too small to be scored do not stand for the picture."""
    toy = bundle()
    toy.ensemble["policy"]["conditions"] = {"pattern": {"bound": 2.0, "band": (0.01, 0.99)}}
    toy.save(tmp_path / "taught.h5")
    bundle().save(tmp_path / "plain.h5")
    large, small, tiny = Face((40, 40, 160, 160)), Face((270, 270, 370, 370)), Face((380, 30, 395, 45))
    plain = detector(tmp_path / "plain.h5", large, small, tiny)
    area = dict(zip(("large", "small", "tiny"), plain.preprocessor.locate(grey(100, 420, 420)).crops, strict=True))
    x = np.arange(420)
    stripes = np.repeat(np.uint8(228 + 25 * np.sin(2 * np.pi * 0.31 * (x[:, None] + 0.7 * x)))[:, :, None], 3, 2)

    def striped(name: str) -> np.ndarray:
        picture, part = np.full_like(stripes, 228), area[name]
        place = slice(part.y, part.y + part.side), slice(part.x, part.x + part.side)
        picture[place] = stripes[place]
        return picture

    for faces, picture, told in (
        ((large, small, tiny), striped("large"), True),
        ((large, small, tiny), striped("small"), False),
        ((small, tiny), striped("small"), True),
        ((tiny,), striped("tiny"), False),
        ((tiny,), stripes, True),
    ):
        without, found = (detector(tmp_path / f"{name}.h5", *faces).predict(picture) for name in ("plain", "taught"))
        assert ("pattern" in found.reasons) == told
        assert set(found.reasons) - {"pattern"} == set(without.reasons)
        assert (found.score, found.members) == (without.score, without.members)
        assert (without.verdict, found.verdict) == ("fake", "inconclusive" if told else "fake")


def test_a_blank_picture_is_not_said_to_have_no_colours(tmp_path: Path) -> None:
    toy = bundle()
    toy.ensemble["policy"]["conditions"] = {"no_colour": {"bound": 0.75, "band": (0.4, 0.6)}}
    toy.save(tmp_path / "colours.h5")
    judge = detector(tmp_path / "colours.h5")
    shades = np.repeat(np.uint8(150 + np.arange(100) % 50)[None, :, None].repeat(100, 0), 3, 2)
    assert "no_colour" in judge.predict(shades).reasons
    for blank in (np.full((100, 100, 3), 200, np.uint8), grey(200)):
        assert "no_colour" not in judge.predict(blank).reasons


def test_each_face_has_its_own_score(model: Path) -> None:
    pixels = grey(60, 300, 120)
    pixels[:, 150:] = 220
    result = detector(model, Face((30, 30, 90, 90)), Face((210, 30, 271, 90))).predict(pixels)
    bright, dark = result.faces
    assert bright.face.box[0] == 210  # the larger comes first
    assert dark.score is not None
    assert bright.score is not None
    assert dark.score < 0.2 < 0.8 < bright.score


def test_tiny_faces_are_reported_without_a_score(model: Path) -> None:
    result = detector(model, Face((10, 10, 10 + MIN_FACE - 1, 30))).predict(grey(204))
    assert result.faces[0].score is None
    assert result.score == result.scene_score
    assert "small_face" in result.reasons
    assert "no_face" not in result.reasons


def test_numbers_may_be_numpys(model: Path) -> None:
    made = detector(model, max_faces=np.int64(3), max_pixels=np.int64(10**6), threshold=np.float32(0.25))
    assert json.loads(made.predict(grey(204)).to_json())["threshold"] == 0.25


def test_paths_may_come_as_an_array(model: Path, tmp_path: Path) -> None:
    Image.fromarray(grey(204)).save(tmp_path / "a.png")
    for names in (np.array([str(tmp_path / "a.png")] * 2), np.array([tmp_path / "a.png"], object)):
        assert [result.source for result in detector(model).predict_batch(names)] == [str(tmp_path / "a.png")] * len(
            names
        )


def test_more_faces_than_are_scored(model: Path) -> None:
    faces = [Face((10 * i, 10, 10 * i + 30 + i, 50)) for i in range(5)]
    result = detector(model, *faces, max_faces=3).predict(grey(204))
    assert [face.score is None for face in result.faces] == [False, False, False, True, True]
    assert ["many_faces" in face.reasons for face in result.faces] == [False, False, False, True, True]
    assert "many_faces" in result.reasons


def test_a_face_cut_by_the_border(model: Path) -> None:
    assert "cut_face" in detector(model, Face((0, 20, 60, 80))).predict(grey(204)).reasons
    assert "cut_face" not in detector(model, Face((1, 20, 60, 80))).predict(grey(204)).reasons


@pytest.mark.parametrize("size", [(1, 1), (31, 500), (500, 31)])
def test_too_few_pixels_are_an_error_not_a_score(model: Path, size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooSmall, match="32 x 32"):
        detector(model).predict(grey(100, *size))


def test_threshold_moves_prediction_and_band(model: Path) -> None:
    picture = grey(160)  # 4 * 0.627 - 2 = 0.51 -> 0.62
    assert detector(model).predict(picture)[0] == "Fake"
    strict = detector(model, threshold=0.9).predict(picture)
    assert (strict[0], strict.verdict, strict.threshold) == ("Real", "inconclusive", 0.9)  # no more real for it
    assert detector(model, max_fpr=0.02).predict(picture).threshold == 0.9  # the toy's point at 1 %


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"aggregation": "median"}, "stacked, mean, vote"),
        ({"threshold": 0.0}, "between 0 and 1"),
        ({"threshold": 50}, "between 0 and 1"),
        ({"threshold": 0.5, "max_fpr": 0.05}, "one of them"),
        ({"threshold": "0.5"}, "threshold must be a number"),
        ({"max_fpr": 0.001}, "at least"),
        ({"max_fpr": 5}, r"between 0 and 1 \(0\.05 for 5 %\)"),
        ({"max_fpr": float("nan")}, "between 0 and 1"),
        ({"max_fpr": 0.05, "aggregation": "vote"}, "measured for the stacked score"),
        ({"max_faces": 0}, "at least 1"),
        ({"max_faces": 1.5}, "whole number"),
        ({"max_pixels": 0}, "max_pixels"),
        ({"face_detector": None}, "a method detect"),
        ({"face_detector": "dlib"}, "yunet, haar"),
    ],
)
def test_wrong_options_say_what_is_right(model: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        DeepfakeDetector(model, **options)  # type: ignore[arg-type]


def test_aggregations_differ_and_agree_on_one_member(model: Path) -> None:
    picture = grey(204)
    scores = {how: detector(model, aggregation=how).predict(picture).score for how in ("stacked", "mean", "vote")}
    assert scores["stacked"] == pytest.approx(scores["mean"])
    assert scores["vote"] == 1.0


def test_a_batch_goes_on_past_what_it_cannot_read(model: Path, tmp_path: Path) -> None:
    good = tmp_path / "good.png"
    Image.fromarray(grey(204)).save(good)
    bad = tmp_path / "bad.jpg"
    bad.write_text("no picture")
    results = detector(model).predict_batch([good, bad, tmp_path / "none.jpg", b"", grey(9, 1, 1), good])
    kinds = [type(r.error).__name__ if isinstance(r, Failure) else "Prediction" for r in results]
    assert kinds == [
        "Prediction", "ImageUnreadable", "ImageNotFound", "ImageUnreadable", "ImageTooSmall", "Prediction",
    ]  # fmt: skip
    assert results[0] == results[5]


def test_predict_proba_marks_failures_and_warns(model: Path) -> None:
    with pytest.warns(UnreadableWarning, match="1 of 3 not judged: bytes"):
        table = detector(model).predict_proba([grey(204), b"", grey(20)])
    assert table.shape == (3, 2)
    assert table.dtype == np.float64
    assert np.isnan(table).tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert table[[0, 2]].sum(axis=1).tolist() == [1, 1]
    assert table[0, 1] > 0.5 > table[2, 1]


def test_one_path_is_not_a_batch(model: Path) -> None:
    with pytest.raises(OptionError, match="list of pictures"):
        detector(model).predict_batch("photo.jpg")


def test_an_empty_batch(model: Path) -> None:
    assert detector(model).predict_batch([]) == []
    assert detector(model).predict_proba([]).shape == (0, 2)


def test_a_stream_gives_the_numbers_of_predict_in_order(model: Path) -> None:
    shared = detector(model, Face((20, 20, 80, 80)))
    pictures = [grey(level) for level in range(0, 250, 5)]
    alone = [shared.predict(picture) for picture in pictures]
    for workers, ahead in ((1, 1), (3, 1), (2, 7), (4, None), (None, 100)):
        assert list(shared.predict_iter(iter(pictures), workers, ahead)) == alone


def test_one_image_or_array_that_moves_on_is_judged_frame_by_frame(model: Path) -> None:
    levels = (20, 230, 90, 204, 5, 160)
    frames = [Image.fromarray(grey(level)) for level in levels]
    film = io.BytesIO()
    frames[0].save(film, "TIFF", save_all=True, append_images=frames[1:])
    shared, buffer = detector(model), np.empty_like(grey(0))
    expected = [shared.predict(grey(level)).score for level in levels]

    def reused() -> Iterator[np.ndarray]:
        for level in levels:
            buffer[:] = level
            yield buffer

    for sources in (ImageSequence.Iterator(Image.open(film)), reused()):
        results = shared.predict_batch(sources, workers=3)
        assert [result.score for result in results if isinstance(result, Prediction)] == expected


def test_a_damaged_image_among_images_is_a_failure(model: Path) -> None:
    data = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)).save(data, "PNG")
    broken = Image.open(io.BytesIO(data.getvalue()[:5000]))
    results = detector(model).predict_batch([grey(204), broken, grey(204)])
    assert [type(result) for result in results] == [Prediction, Failure, Prediction]


def test_what_can_be_counted_through_is_a_batch(model: Path) -> None:
    class Dataset:
        def __getitem__(self, index: int) -> np.ndarray:
            if index > 2:
                raise IndexError
            return grey(204)

    assert len(detector(model).predict_batch(Dataset())) == 3  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sources", "workers"), [(None, None), (5, None), ([], "2"), ([], 0), ([], 1.5), ([], np.array([1, 2]))]
)
def test_a_batch_of_no_list_or_no_workers_is_told(model: Path, sources: Any, workers: Any) -> None:
    with pytest.raises(OptionError, match=r"list of pictures|whole number"):
        detector(model).predict_batch(sources, workers)


def test_json_has_the_threshold_that_was_compared_with(model: Path) -> None:
    result = detector(model, threshold=0.0267712).predict(grey(204))
    assert json.loads(result.to_json())["threshold"] == 0.0267712


def test_a_stream_hands_failures_through_and_goes_on(model: Path) -> None:
    told = Failure("x", ImageTooSmall("x", "told before"))
    results = list(detector(model).predict_iter([grey(204), told, b"", grey(204)]))
    assert results[1] is told
    assert isinstance(results[2], Failure)
    assert results[0] == results[3] == detector(model).predict(grey(204))


def test_a_stream_is_drawn_from_lazily(model: Path) -> None:
    """Endless sources are fine: never more than ``ahead`` are taken before the one that is given."""
    drawn = 0

    def endless() -> Iterator[np.ndarray]:
        nonlocal drawn
        while True:
            drawn += 1
            yield grey(100)

    results = detector(model).predict_iter(endless(), workers=2, ahead=5)
    assert drawn == 0
    for given in range(10):
        next(results)
        assert given < drawn <= given + 5
    results.close()


def test_a_closed_stream_begins_no_more_and_leaves_no_thread(model: Path) -> None:
    looked: list[int] = []

    class Watching(FixedFaces):
        def detect(self, pixels: np.ndarray) -> list[Face]:
            looked.append(int(pixels[0, 0, 0]))
            return []

    before = set(threading.enumerate())
    results = DeepfakeDetector(model, face_detector=Watching()).predict_iter(map(grey, range(200)), 2, 50)
    next(results)
    results.close()
    assert set(threading.enumerate()) == before
    seen = len(looked)
    assert 1 <= seen <= 50
    assert list(results) == []
    assert len(looked) == seen


def test_an_error_of_the_sources_reaches_who_asks(model: Path) -> None:
    def broken() -> Iterator[np.ndarray]:
        yield grey(100)
        raise RuntimeError("the disk is gone")

    with pytest.raises(RuntimeError, match="disk"):
        list(detector(model).predict_iter(broken()))


@pytest.mark.parametrize(("sources", "options"), [("photo.jpg", {}), ([], {"workers": 0}), ([], {"ahead": 0})])
def test_a_stream_tells_wrong_options_at_the_call(model: Path, sources: object, options: dict[str, int]) -> None:
    with pytest.raises(OptionError):
        detector(model).predict_iter(sources, **options)  # type: ignore[arg-type]


def test_threads_share_one_detector(model: Path) -> None:
    shared = detector(model, Face((20, 20, 80, 80)))
    pictures = [grey(level) for level in range(0, 250, 10)]
    alone = [shared.predict(picture) for picture in pictures]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(shared.predict, pictures)) == alone


def test_threads_share_the_shipped_models(astronaut: np.ndarray, hopper: np.ndarray, coffee: np.ndarray) -> None:
    """Real face detector, real networks, every way in at once: the scores of one thread, to the bit."""
    shared = DeepfakeDetector("fast")
    pictures = [astronaut, hopper[::2, ::2], coffee, astronaut[100:300, 150:350], np.ascontiguousarray(hopper[:, ::-1])]
    alone = [shared.predict(picture) for picture in pictures]
    assert len({result.score for result in alone}) == len(pictures)

    def one_by_one() -> list[object]:
        return [shared.predict(picture) for picture in pictures]

    ways = [one_by_one, lambda: shared.predict_batch(pictures), lambda: list(shared.predict_iter(pictures, 3, 2))]
    with ThreadPoolExecutor(6) as pool:
        assert [job.result() for job in [pool.submit(way) for way in ways * 2]] == [alone] * 6


def test_saved_and_loaded_scores_are_identical(model: Path, tmp_path: Path) -> None:
    first = detector(model, Face((20, 20, 80, 80)))
    first.save_model(tmp_path / "again.h5")
    second = DeepfakeDetector.load_model(tmp_path / "again.h5", face_detector=FixedFaces(Face((20, 20, 80, 80))))
    assert isinstance(second.predict(grey(77)), Prediction)
    assert second.predict(grey(77)) == first.predict(grey(77))
