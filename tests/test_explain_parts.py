"""Occlusion, patch tokens, named regions and the measures of truth, each by hand."""

import numpy as np
import pytest
from scipy.stats import spearmanr

from deepfake_detector import DeepfakeDetector, Face
from deepfake_detector.explain import faithfulness, tokens
from deepfake_detector.explain.base import batch_size
from deepfake_detector.explain.faithfulness import Row
from deepfake_detector.explain.occlusion import CALLS, occlusion
from deepfake_detector.explain.regions import effects, regions, sentences
from deepfake_detector.explain.superpixels import GREY, grid
from deepfake_detector.explain.tokens import Encoded
from deepfake_detector.faces.crop import Crop
from deepfake_detector.train import encoder
from deepfake_detector.types import Pixels


def seen(batch: Pixels, y: slice, x: slice) -> np.ndarray:
    """Share of a rectangle's pixels that are not grey."""
    return np.asarray((batch[:, y, x] != GREY).any(-1).mean((1, 2)))


def test_large_pictures_come_in_small_batches() -> None:
    """48 MiB: 64 pictures of 512 x 512 (held to 32), 16 of 1024 x 1024, none of 7000 x 7000 (held to 2)."""
    shapes = {512: 32, 1024: 16, 7000: 2}
    assert {side: batch_size(np.empty((side, side, 3), np.uint8)) for side in shapes} == shapes
    asked: list[int] = []

    def classifier(batch: Pixels) -> np.ndarray:
        asked.append(len(batch))
        return np.full(len(batch), 0.5)

    occlusion(np.zeros((1024, 2048, 3), np.uint8), classifier)
    assert max(asked) == 8
    assert sum(asked) == CALLS + 1


def test_occlusion_adds_up_to_what_the_classifier_is_made_of() -> None:
    """P = 0.1 + 0.6 x (share of the 8 x 8 rectangle that is shown): its cells hold 0.6, all others nothing."""
    picture = np.full((64, 64, 3), 200, np.uint8)
    asked: list[int] = []

    def classifier(batch: Pixels) -> np.ndarray:
        asked.append(len(batch))
        return 0.1 + 0.6 * seen(batch, slice(16, 24), slice(40, 48))

    found = occlusion(picture, classifier)
    inside = np.unique(found.segments[16:24, 40:48])
    assert found.weights[inside].sum() == pytest.approx(0.6)
    assert np.abs(np.delete(found.weights, inside)).max() < 1e-12
    assert set(np.unique(found.segments[16:24, 40:48])) & set(np.unique(found.segments[:16])) == set()
    assert sum(asked) == CALLS + 1


def test_occlusion_takes_away_what_every_fill_does() -> None:
    """Hiding anything adds 0.2 x its area; only the rectangle is told from it."""
    picture = np.full((64, 64, 3), 200, np.uint8)

    def classifier(batch: Pixels) -> np.ndarray:
        return 0.3 + 0.2 * (1 - seen(batch, slice(0, 64), slice(0, 64))) + 0.3 * seen(batch, slice(0, 16), slice(0, 16))

    found = occlusion(picture, classifier)
    inside = np.unique(found.segments[:16, :16])
    assert found.weights[inside].sum() == pytest.approx(0.3)
    assert np.abs(np.delete(found.weights, inside)).max() < 1e-12


def test_statistics_without_patches_by_hand() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(0, 1, (196, 5)).astype(np.float32)
    statistics = rng.normal(0, 1, (3, 4, 5)).astype(np.float32)
    view = Encoded(Crop(10, 20, 140), statistics, {2: values})
    covered = view.coverage([(10, 20, 30, 40), (0, 0, 10, 20), (20, 20, 25, 30)])  # 2 x 2 patches; none; half of one
    assert covered.sum(1).tolist() == [4, 0, 0.5]
    assert covered[0].reshape(14, 14)[:2, :2].tolist() == [[1, 1], [1, 1]]
    some, none, half = view.without(covered)
    assert np.array_equal(none, statistics)
    assert np.array_equal(some[:2], statistics[:2])  # blocks without tokens
    assert np.array_equal(some[2, 0], statistics[2, 0])  # the CLS token
    left = np.delete(values, [0, 1, 14, 15], axis=0)
    assert some[2, 1] == pytest.approx(left.mean(0), abs=1e-5)
    assert some[2, 2] == pytest.approx(left.std(0), abs=1e-5)
    weights = np.ones(196)
    weights[1] = 0.5
    assert half[2, 1] == pytest.approx(np.average(values, axis=0, weights=weights), abs=1e-5)
    middle = values.reshape(14, 14, 5)[3:11, 3:11].reshape(64, 5)
    assert some[2, 3] == pytest.approx(middle.mean(0), abs=1e-5)


def test_the_layout_is_that_of_the_shipped_encoder(detector: DeepfakeDetector, astronaut: Pixels) -> None:
    """Statistics computed from the tokens are the encoder's own."""
    assert encoder.STATISTICS.index("patch_mean") == tokens.MEAN
    assert encoder.STATISTICS.index("patch_std") == tokens.SPREAD
    assert encoder.STATISTICS.index("centre_mean") == tokens.CENTRE_MEAN
    assert encoder.GRID == tokens.GRID
    card = next(card for card in detector.members.cards if card.encoder)
    _, outputs = detector.members.logits_and_encoded(astronaut, Crop(0, 0, 512), card.region, {card.name})
    view = Encoded.read(Crop(0, 0, 512), outputs[card.name], card.encoder_output or "")
    assert view is not None
    assert {block + 1 for block in view.tokens} == {8, 12} < set(encoder.TOKEN_BLOCKS)
    (found,) = view.without(np.full((1, 196), 1e-9, np.float32))
    assert found == pytest.approx(view.statistics, abs=2e-3)


FACE = Face((30, 20, 90, 110), 0.9, ((45, 55), (75, 55), (60, 72), (48, 87), (72, 87)))


@pytest.mark.parametrize("face", [FACE, Face((30, 20, 90, 110)), None])
def test_regions_cover_the_area_once(face: Face | None) -> None:
    masks = regions(face, Crop(0, 0, 120), 120)
    assert np.array_equal(np.sum(list(masks.values()), axis=0), np.ones((120, 120)))
    if face:
        assert set(masks) == {"eyes", "nose", "mouth", "rest of the face", "face boundary", "hair", "background"}
        assert masks["background"][119, 0]
        assert masks["hair"][20, 60]
    else:
        assert masks["centre"][60, 60]
        assert masks["upper left"][0, 0]


def test_regions_lie_where_the_landmarks_are() -> None:
    masks = regions(FACE, Crop(0, 0, 120), 120)
    assert masks["eyes"][55, 45]
    assert masks["eyes"][55, 75]
    assert masks["nose"][70, 60]
    assert masks["mouth"][87, 60]
    half = regions(FACE, Crop(30, 30, 60), 60)
    assert half["mouth"][57, 30]


def test_effects_are_sums_and_only_what_the_map_can_tell() -> None:
    parts = grid(120, 120, 30, 30)
    weights = np.zeros(900)
    weights[parts[87, 60]] = 0.2  # a small part in the mouth
    weights[parts[5, 115]] = -0.1  # and one in the background
    found = {effect.region: effect for effect in effects(parts, weights, FACE, Crop(0, 0, 120))}
    assert found["mouth"].change == pytest.approx(0.2)
    assert found["background"].change == pytest.approx(-0.1)
    assert (found["mouth"].told, found["background"].told, found["eyes"].told) == (True, True, False)
    words = sentences(tuple(found.values()), 0.9)
    assert "Speaks for fake: mouth (+20 points)." in words
    assert "Speaks for real: background (-10 points)." in words
    # One part as large as the picture: the reason may lie anywhere in it.
    coarse = effects(grid(120, 120, 1, 2), np.array([0.3, 0.0]), FACE, Crop(0, 0, 120))
    assert not any(effect.told for effect in coarse if effect.region != "background")
    noisy = effects(parts, weights, FACE, Crop(0, 0, 120), errors=np.full(900, 0.2))
    assert not any(effect.told for effect in noisy)
    assert "No region" in sentences(noisy, 0.9)


def test_localisation_by_hand() -> None:
    weights = np.full((14, 14), -1.0)
    weights[0, 0], weights[0, 1], weights[5, 5] = 3, 1, 2
    altered = np.zeros((140, 140), bool)
    altered[:10, :15] = True  # all of the first cell and half of the second
    assert faithfulness.localisation(weights, altered) == pytest.approx(3.5 / 6)
    assert faithfulness.localisation(-np.ones((14, 14)), altered) == 0


def test_curves_by_hand() -> None:
    """P is the share of the picture shown: every order gives the straight line, whose area is one half."""
    image, black = np.full((140, 140, 3), 255, np.uint8), np.zeros((140, 140, 3), np.uint8)

    def shown(batch: Pixels) -> np.ndarray:
        return np.asarray(batch.mean((1, 2, 3)) / 255)

    for weights in (faithfulness.random_map(1), faithfulness.centre_blob()):
        found = faithfulness.curves(image, shown, black, weights)
        assert (found.deletion, found.insertion) == (pytest.approx(0.5, abs=0.01), pytest.approx(0.5, abs=0.01))

    def corner(batch: Pixels) -> np.ndarray:
        return np.asarray(batch[:, :30, :30].mean((1, 2, 3)) / 255)

    right = np.zeros((14, 14))
    right[:3, :3] = 1  # 9 of 196 cells, all within the first step of 5 %
    found = faithfulness.curves(image, corner, black, right)
    assert found.deletion == pytest.approx(0.05 / 2, abs=1e-6)
    assert found.insertion == pytest.approx(1 - 0.05 / 2, abs=1e-6)


def test_rank_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 9, 196).astype(float), rng.random(196)
    assert faithfulness.rank_correlation(a, b) == pytest.approx(spearmanr(a, b).statistic)
    assert faithfulness.rank_correlation(a, a) == pytest.approx(1)
    assert faithfulness.rank_correlation(a, np.ones(196)) == 0


def test_only_what_beats_both_baselines_on_all_three_is_called_faithful() -> None:
    base = Row(0.1, 0.5, 0.5, 0.4, 0.6)
    good = Row(0.3, 0.5, 0.5, 0.3, 0.7, randomised=0.2)
    assert faithfulness.faithful(good, [base])
    for worse in ({"localisation": 0.05}, {"insertion_twin": 0.4}, {"randomised": 0.8}, {"randomised": None}):
        assert not faithfulness.faithful(Row(**{**good.__dict__, **worse}), [base])  # type: ignore[arg-type]
    text = faithfulness.table({"map": good, "random": base}, ["random"])
    assert [line.rsplit("| ", 1)[1] for line in text.splitlines()[2:]] == ["yes |", "baseline |"]
