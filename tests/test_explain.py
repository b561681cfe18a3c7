"""Explanations of the detector's own scores, on toy bundles whose answers can be worked out."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from fakes import FixedFaces, brightness_graph, bundle, grey, patch_bundle, window_bundle
from PIL import Image

from deepfake_detector import (
    DeepfakeDetector,
    Explanation,
    ExplanationError,
    Face,
    ImageTooSmall,
    LimeExplainer,
    LimeExplanation,
    MissingExtra,
    OptionError,
    extras,
)
from deepfake_detector.explain import explain, explain_each, explainer
from deepfake_detector.explain.overlay import layer
from deepfake_detector.explain.subject import subject
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.types import Pixels

LARGE, SMALL = Face((40, 40, 110, 110)), Face((130, 50, 180, 100))


def saved(folder: Path, made: Bundle, *faces: Face, **options: object) -> DeepfakeDetector:
    path = folder / "toy.h5"
    made.save(path)
    return DeepfakeDetector(path, face_detector=FixedFaces(*faces), **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def brightness(tmp_path_factory: pytest.TempPathFactory) -> DeepfakeDetector:
    """Bright is fake; two faces, whose crops overlap."""
    return saved(tmp_path_factory.mktemp("model"), bundle(), LARGE, SMALL)


def noise(width: int = 220, height: int = 160) -> Pixels:
    return np.random.default_rng(3).integers(0, 256, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize("aggregation", ["stacked", "mean", "vote"])
@pytest.mark.parametrize("of", ["verdict", "scene", 0, 1])
def test_what_is_explained_is_the_score_that_is_reported(tmp_path: Path, of: str | int, aggregation: str) -> None:
    """Of the untouched picture to the bit, and of a changed one what ``predict`` says of it."""
    detector = saved(tmp_path, bundle(), LARGE, SMALL, aggregation=aggregation)
    picture = noise()
    asked = subject(detector, picture, of)

    def reported(pixels: Pixels) -> float | None:
        result = detector.predict(pixels)
        if isinstance(of, int):
            return result.faces[of].score
        return result.score if of == "verdict" else result.scene_score

    changed = np.stack([asked.image, asked.image // 2, 255 - asked.image])
    expected = []
    for part in changed:
        pixels = picture.copy()
        a = asked.area
        pixels[a.y : a.y + a.side, a.x : a.x + a.side] = part
        expected.append(reported(pixels))
    assert asked.score == expected[0]
    assert asked.classify(changed).tolist() == expected


def test_only_members_with_a_say_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = bundle()
    scores = json.loads(json.dumps(made.ensemble))
    scores["picture"]["both"]["weights"]["toy-scene"] = [0, 0, 0, 0, 0]
    made = Bundle(made.name, made.version, made.cards, scores, made.about, made.graphs)
    asked = subject(saved(tmp_path, made, LARGE), noise())
    heard: list[str] = []
    logits = asked.detector.members.logits

    def counted(*args: object) -> dict[str, object]:
        result = logits(*args)  # type: ignore[arg-type]
        heard.extend(result)
        return dict(result)

    monkeypatch.setattr(asked.detector.members, "logits", counted)
    assert asked.classify(asked.image[None])[0] == asked.score
    assert heard == ["toy-face"]


def test_the_face_that_decided_is_explained(brightness: DeepfakeDetector) -> None:
    picture = grey(30, 220, 160)
    picture[50:100, 130:180] = 255  # the smaller face is the fake one
    explanation = explain(brightness, picture, "occlusion")
    assert explanation.of == "verdict"
    assert explanation.area == brightness.preprocessor.locate(picture).crops[1]
    picture[50:100, 130:180] = 30
    picture[40:110, 40:110] = 255
    assert explain(brightness, picture, "occlusion").area == brightness.preprocessor.locate(picture).crops[0]


def rotated(upright: Pixels) -> bytes:
    """A PNG stored turned by a quarter, with the EXIF tag (6) that turns it back."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(upright)).save(file, "PNG", exif=exif)
    return file.getvalue()


@pytest.mark.parametrize("method", ["lime", "occlusion"])
@pytest.mark.parametrize("turned", [False, True])
def test_a_known_rectangle_is_found_in_the_pixels_of_the_picture(tmp_path: Path, method: str, turned: bool) -> None:
    """The scene member sees x 4-12, y 20-28 of its 32-pixel view of the central square, and nothing else."""
    detector = saved(tmp_path, window_bundle((4, 20, 12, 28)))
    picture = np.clip(noise(240, 160).astype(int) // 3 + 170, 0, 255).astype(np.uint8)
    options = {"num_samples": 400, "segments": 64} if method == "lime" else {}
    found = explain(detector, rotated(picture) if turned else picture, method, **options)  # type: ignore[arg-type]
    assert found.picture.shape == picture.shape
    assert (found.picture == picture).all()
    side, x, y = 160 / 32, 40, 0  # the central square starts at x = 40
    wanted = np.zeros(picture.shape[:2], bool)
    wanted[int(y + 20 * side) : int(y + 28 * side), int(x + 4 * side) : int(x + 12 * side)] = True
    positive = np.maximum(found.heatmap, 0)
    assert found.heatmap[wanted].mean() > 10 * abs(found.heatmap[~wanted].mean())
    assert positive[wanted].sum() / positive.sum() > (0.4 if method == "lime" else 0.8)  # its area: 0.06
    assert (found.segments[:, :40] == -1).all()
    assert (found.heatmap[:, :40] == 0).all()
    row, column = np.unravel_index(np.argmax(found.heatmap), found.heatmap.shape)
    assert wanted[row, column]


def test_every_face_has_a_map_of_its_own_and_so_has_the_whole(tmp_path: Path) -> None:
    """Face members see the upper left quarter of each crop."""
    first, second = Face((20, 40, 90, 110)), Face((150, 50, 210, 110))
    detector = saved(tmp_path, window_bundle((0, 0, 16, 16)), first, second)
    maps = explain_each(detector, noise(260, 160) // 2 + 128, "occlusion")
    assert list(maps) == ["face 0", "face 1", "scene"]
    for name, one in maps.items():
        a = one.area
        heat = one.heatmap[a.y : a.y + a.side, a.x : a.x + a.side]
        half = a.side // 2
        assert heat[:half, :half].mean() > 5 * abs(heat[half:, half:].mean()), name
        assert not one.heatmap[:, : a.x].any()
        assert not one.heatmap[:, a.x + a.side :].any()
    result = detector.predict(noise(260, 160) // 2 + 128)
    assert [one.p_fake for one in maps.values()] == [*(f.score for f in result.faces), result.scene_score]


def test_attention_finds_the_red_patch(tmp_path: Path) -> None:
    detector = saved(tmp_path, patch_bundle(), Face((66, 66, 226, 226)))  # the crop is 224 pixels from (34, 34)
    picture = grey(0, 300, 300)
    a = detector.preprocessor.locate(picture).crops[0]
    assert (a.x, a.y, a.side) == (34, 34, 224)
    picture[34 + 64 : 34 + 80, 34 + 160 : 34 + 176, 0] = 255  # one patch: row 4, column 10
    found = explain(detector, picture, "attention", 0)
    weights = found.weights.reshape(14, 14)
    assert np.unravel_index(weights.argmax(), weights.shape) == (4, 10)
    assert (weights[3:6, 9:12] > 0).all()
    # Without the nine patches around it the red mean is 0 and the logit -2; with them 20 / 196 - 2.
    before, after = (1 / (1 + np.exp(-8 * np.tanh(logit / 8))) for logit in (20 / 196 - 2, -2.0))
    assert found.p_fake == pytest.approx(before, abs=1e-5)
    asked = subject(detector, picture, 0)
    box = (34 + 9 * 16.0, 34 + 3 * 16.0, 34 + 12 * 16.0, 34 + 6 * 16.0)
    assert asked.leave_out([box])[0] == pytest.approx(after, abs=1e-5)
    assert asked.leave_out([(0, 0, 10, 10)])[0] == asked.score  # outside the view


def test_attention_on_the_verdict_reaches_every_view(tmp_path: Path) -> None:
    """A box is left out of the face's view and of the whole picture's at once."""
    detector = saved(tmp_path, patch_bundle(), Face((66, 66, 226, 226)))
    picture = grey(40, 300, 300)
    picture[100:200, 100:200, 0] = 255
    face, scene, both = (subject(detector, picture, of) for of in (0, "scene", "verdict"))
    box = [(100.0, 100.0, 200.0, 200.0)]

    def logit(p: float) -> float:
        return float(np.log(p / (1 - p)))

    moved = [logit(s.score) - logit(s.leave_out(box)[0]) for s in (face, scene, both)]
    assert min(moved) > 0.5
    assert moved[2] == pytest.approx(moved[0] + moved[1], rel=1e-4)  # the toy adds up logits


def test_attention_asks_the_encoder_no_oftener_than_predict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    detector = saved(tmp_path, patch_bundle(), LARGE, SMALL)
    asked: list[object] = []
    original = type(detector.members).logits_and_encoded

    def counting(members: object, pixels: Pixels, crop: object, region: str, *rest: object, **options: bool) -> object:
        asked.append((region, crop))
        return original(members, pixels, crop, region, *rest, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(type(detector.members), "logits_and_encoded", counting)
    found = explain(detector, noise(), "attention")
    assert len(asked) == len(set(asked)) == 3  # two faces and the whole picture
    again = explain(detector, noise(), "attention")
    assert np.array_equal(found.weights, again.weights)
    # What was kept is what would be asked again.
    without = subject(detector, detector.look(noise()), "verdict")
    assert (
        without.leave_out([(0, 0, 220, 160), (60, 60, 70, 70)]).tolist()
        == subject(detector, detector.look(noise(), keep_encoded=True), "verdict")
        .leave_out([(0, 0, 220, 160), (60, 60, 70, 70)])
        .tolist()
    )


def test_the_layer_is_the_map_in_colours(brightness: DeepfakeDetector) -> None:
    """Vermilion where a part speaks for fake, blue where for real, clear outside the area."""
    found = explain(brightness, noise(), "occlusion", 0)
    whole = layer(found)
    assert whole.shape == (160, 220, 4)
    assert not whole[found.segments < 0].any()
    for sign, colour in ((1, (0xD5, 0x5E, 0x00)), (-1, (0x00, 0x72, 0xB2))):
        there = sign * found.heatmap > 0
        assert (whole[there, :3] == colour).all()
    assert whole[:, :, 3][np.abs(found.heatmap) == 1].min() == 255
    assert layer(found, 110).shape == (80, 110, 4)


def test_attention_where_there_is_no_encoder(brightness: DeepfakeDetector) -> None:
    with pytest.raises(ExplanationError, match="occlusion"):
        explain(brightness, noise(), "attention")
    assert explain(brightness, noise()).method == "occlusion"


def test_what_is_not_there_is_told(brightness: DeepfakeDetector, tmp_path: Path) -> None:
    with pytest.raises(ExplanationError, match="no face 7; 2 were found"):
        explain(brightness, noise(), of=7)
    with pytest.raises(OptionError, match="verdict, scene, and a face"):
        explain(brightness, noise(), of="nose")
    with pytest.raises(OptionError, match="lime, occlusion, attention"):
        explain(brightness, noise(), "magic")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="has no options"):
        explain(brightness, noise(), "occlusion", num_samples=9)
    with pytest.raises(ImageTooSmall):
        explain(brightness, grey(9, 20, 20))
    tiny = saved(tmp_path, bundle(), Face((10, 10, 30, 30)))
    with pytest.raises(ExplanationError, match="has no score"):
        explain(tiny, noise(), of=0)


def test_no_face_and_a_tiny_picture_get_an_explanation(tmp_path: Path) -> None:
    detector = saved(tmp_path, bundle())
    for pixels in (noise(), noise(32, 32)):
        for method in ("lime", "occlusion"):
            found = explain(detector, pixels, method)  # type: ignore[arg-type]
            assert found.area == detector.preprocessor.locate(pixels).whole
            assert np.isfinite(found.weights).all()
            assert found.words


def test_a_saturated_score_says_that_nothing_moves_it(tmp_path: Path) -> None:
    made = bundle()
    made.graphs["scene"] = brightness_graph(32, 0.01, 5.0)  # type: ignore[index]
    detector = saved(tmp_path, made, aggregation="vote")  # one member, that votes fake whatever it sees
    picture = noise(100, 100)
    for method in ("lime", "occlusion"):
        found = explain(detector, picture, method)  # type: ignore[arg-type]
        assert found.p_fake == 1
        assert found.warnings == (found.warnings[0],)
        assert "does not move" in found.warnings[0]
        assert "No region" in found.words
        assert not found.heatmap.any()
        assert not found.get_image_and_mask(1)[1].any()
        found.save(tmp_path / "why.png")


def test_a_flat_picture_is_one_superpixel_or_a_map_of_nothing(tmp_path: Path) -> None:
    found = explain(saved(tmp_path, bundle()), grey(123, 64, 64), "occlusion")
    assert np.abs(found.weights).max() < 0.02


def test_lime_explains_itself(brightness: DeepfakeDetector) -> None:
    explainer = LimeExplainer(brightness, num_samples=120, segments=20)
    found = explainer.explain(noise())
    assert isinstance(found, LimeExplanation)
    assert found.local_exp[1][0][1] == -found.local_exp[0][0][1]
    assert [abs(w) for _, w in found.local_exp[1]] == sorted((abs(w) for w in found.weights), reverse=True)
    assert found.intercept is not None
    assert found.intercept[0] == 1 - found.intercept[1]
    assert found.score <= 1
    assert 0 <= found.stability <= 1
    assert found.to_dict() == explainer.explain(noise()).to_dict()
    values = json.loads(json.dumps(found.to_dict()))
    assert values["num_samples"] == 120
    assert len(values["segments"]) == len(found.weights)
    box = values["segments"][0]["box"]
    inside = found.segments[box[1] : box[3], box[0] : box[2]] == values["segments"][0]["segment"]
    assert inside.sum() == (found.segments == values["segments"][0]["segment"]).sum()


def test_few_samples_are_said(brightness: DeepfakeDetector) -> None:
    found = LimeExplainer(brightness, num_samples=10, segments=30).explain(noise() // 2 + 80)
    assert any("10 samples are few" in warning for warning in found.warnings)


@pytest.mark.parametrize(
    ("r2", "stability", "samples", "expected"),
    [
        (0.9, 0.9, 100, []),
        (0.3, 0.9, 100, ["explains only 30 %"]),
        (-2.0, 0.9, 100, ["explains only 0 %"]),
        (0.9, 0.3, 100, ["Another seed would give a rather different map (expected correlation 0.30)"]),
        (0.9, 0.9, 9, ["9 samples are few for 5 superpixels; take at least 20"]),
        (0.3, 0.3, 9, ["explains only", "Another seed", "are few"]),
    ],
)
def test_a_bad_fit_is_said_in_words(r2: float, stability: float, samples: int, expected: list[str]) -> None:
    said = explainer._doubts(r2, stability, 5, samples)
    assert len(said) == len(expected)
    assert all(words in warning for words, warning in zip(expected, said, strict=True))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_samples": 5}, "at least 10"), ({"segments": 1}, "2 to 1000"), ({"hide": "blur"}, "grey, mean")],
)
def test_wrong_options(brightness: DeepfakeDetector, options: dict[str, object], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        LimeExplainer(brightness, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "arguments",
    [
        {"positive_only": True},
        {"positive_only": False, "negative_only": True},
        {"positive_only": True, "num_features": 2, "hide_rest": True},
        {"positive_only": False, "num_features": 6, "min_weight": 0.001},
    ],
)
@pytest.mark.parametrize("label", [0, 1])
def test_image_and_mask_are_what_lime_gives(tmp_path: Path, arguments: dict[str, object], label: int) -> None:
    lime_image = pytest.importorskip("lime.lime_image", reason="lime==0.2.0.1, of the dev extra")
    picture = noise(120, 120) // 3
    picture[:, 60:] += 170  # what is darker than the grey speaks for real, what is brighter for fake
    found = LimeExplainer(saved(tmp_path, bundle()), num_samples=60, segments=16).explain(picture)
    theirs = lime_image.ImageExplanation(found.picture, found.segments)
    theirs.local_exp = found.local_exp
    expected, expected_mask = theirs.get_image_and_mask(label, **arguments)
    image, mask = found.get_image_and_mask(label, **arguments)  # type: ignore[arg-type]
    assert np.array_equal(mask, expected_mask)
    assert mask.any()
    if arguments.get("positive_only") or arguments.get("negative_only"):
        assert np.array_equal(image, expected)


def test_masks_that_cannot_be(brightness: DeepfakeDetector) -> None:
    found = explain(brightness, noise(), "occlusion")
    with pytest.raises(OptionError, match="exclude"):
        found.get_image_and_mask(1, positive_only=True, negative_only=True)
    with pytest.raises(OptionError, match="label"):
        found.get_image_and_mask(2)
    default, _ = found.get_image_and_mask()
    named, _ = found.get_image_and_mask(found.top_labels[0])
    assert (default == named).all()


def test_figures(brightness: DeepfakeDetector, tmp_path: Path) -> None:
    import matplotlib.pyplot as plt

    plt.switch_backend("agg")
    found = explain(brightness, noise(), "occlusion")
    for _ in range(3):
        found.show_image()  # a file backend: nothing waits, and the figure can be saved
    assert len(plt.get_fignums()) == 1
    plt.savefig(tmp_path / "shown.png")
    for ending in ("png", "svg", "pdf", "jpg"):
        found.save(tmp_path / f"why.{ending}")
        assert (tmp_path / f"why.{ending}").stat().st_size > 5000
    with pytest.raises(OptionError, match="no folder"):
        found.save(tmp_path / "none" / "why.png")
    with pytest.raises(OptionError, match="xyz"):
        found.save(tmp_path / "why.xyz")
    plt.close("all")


def test_matplotlib_missing(brightness: DeepfakeDetector, monkeypatch: pytest.MonkeyPatch) -> None:
    found: Explanation = explain(brightness, noise(), "occlusion")
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"deepfake-detection\[explain\]"):
        found.show_image()
    with pytest.raises(MissingExtra, match="scikit-image"):
        LimeExplainer(brightness)
