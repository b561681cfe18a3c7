"""LIME on classifiers whose weights are known, and held against the package ``lime``."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from deepfake_detector import ExplanationError, MissingExtra, OptionError, extras
from deepfake_detector.explain import surrogate
from deepfake_detector.explain.faithfulness import rank_correlation
from deepfake_detector.explain.lime import lime
from deepfake_detector.explain.superpixels import GREY, checked, filled, grid, hidden, superpixels
from deepfake_detector.types import Pixels


@pytest.fixture(scope="module")
def picture() -> Pixels:
    """60 x 60 pixels, each channel apart from the fill everywhere."""
    return np.random.default_rng(0).integers(150, 256, (60, 60, 3)).astype(np.uint8)


def kept(batch: Pixels, segments: np.ndarray, number: int) -> np.ndarray:
    """Which pictures of a batch still show a segment."""
    return (batch[:, segments == number] != GREY).any(axis=(1, 2))


def test_coefficients_are_those_the_classifier_was_made_of(picture: Pixels) -> None:
    """P = 0.2 + 0.4 [segment 3] - 0.1 [segment 7]; the penalty of 1 shrinks them a little."""
    segments = grid(60, 60, 4, 4)
    found = lime(
        picture,
        lambda batch: 0.2 + 0.4 * kept(batch, segments, 3) - 0.1 * kept(batch, segments, 7),
        segments,
        num_samples=1000,
    )
    assert found.fit.weights[3] == pytest.approx(0.4, rel=0.1)
    assert found.fit.weights[7] == pytest.approx(-0.1, rel=0.1)
    assert np.abs(np.delete(found.fit.weights, [3, 7])).max() < 0.01
    assert found.fit.intercept == pytest.approx(0.2, abs=0.03)
    assert found.fit.local == pytest.approx(0.5, abs=0.03)
    assert found.fit.r2 > 0.98
    assert found.stability > 0.98
    assert len(found.scores) == 1000
    assert found.scores[0] == pytest.approx(0.5)


def test_the_seed_decides(picture: Pixels) -> None:
    segments = grid(60, 60, 3, 3)

    def classifier(batch: Pixels) -> np.ndarray:
        return np.asarray(batch.mean(axis=(1, 2, 3)) / 255)

    first, again, other = (lime(picture, classifier, segments, num_samples=50, seed=s).fit for s in (4, 4, 5))
    assert first.weights.tolist() == again.weights.tolist()
    assert first.weights.tolist() != other.weights.tolist()


def test_batches_and_progress(picture: Pixels) -> None:
    sizes: list[int] = []
    done: list[int] = []

    def classifier(batch: Pixels) -> np.ndarray:
        assert batch.dtype == np.uint8
        assert batch.shape[1:] == (60, 60, 3)
        sizes.append(len(batch))
        return np.full(len(batch), 0.5)

    lime(picture, classifier, grid(60, 60, 2, 2), num_samples=70, progress=done.append)
    assert sizes == [32, 32, 6]
    assert done == sizes


def test_proximity_by_hand() -> None:
    keep = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [0, 0, 0, 0]], bool)
    half = 1 - 1 / np.sqrt(4)  # cosine of (1, 0, 0, 0) and (1, 1, 1, 1)
    expected = [np.sqrt(np.exp(-(d**2) / 0.25**2)) for d in (0, half, 1)]
    assert surrogate.proximity(keep) == pytest.approx(expected)


def test_the_ridge_is_scikit_learns() -> None:
    rng = np.random.default_rng(1)
    keep = rng.random((80, 9)) < 0.5
    scores = rng.random(80)
    weights = surrogate.proximity(keep)
    theirs = Ridge(alpha=1).fit(keep, scores, sample_weight=weights)
    ours = surrogate.fit(keep, scores)
    assert ours.weights == pytest.approx(theirs.coef_)
    assert ours.intercept == pytest.approx(theirs.intercept_)
    assert ours.r2 == pytest.approx(theirs.score(keep, scores, sample_weight=weights))


def test_standard_errors_are_of_the_right_size() -> None:
    """Over 200 draws the spread of each coefficient is what one draw says of itself."""
    truth = np.linspace(-0.2, 0.2, 8)
    fits = []
    for seed in range(200):
        keep = surrogate.draw(200, 8, seed)
        fits.append(surrogate.fit(keep, keep @ truth + np.random.default_rng(seed).normal(0, 0.1, 200)))
    spread = np.std([fit.weights for fit in fits], axis=0)
    said = np.mean([fit.errors for fit in fits], axis=0)
    assert said == pytest.approx(spread, rel=0.25)


@pytest.mark.parametrize("noise", [0.03, 0.1, 0.3])
def test_stability_foretells_how_alike_two_seeds_are(noise: float) -> None:
    truth = np.random.default_rng(0).normal(0, 0.1, 20)
    runs = []
    for seed in range(30):
        keep = surrogate.draw(200, 20, seed)
        scores = keep @ truth + np.random.default_rng(1000 + seed).normal(0, noise, 200)
        runs.append((surrogate.fit(keep, scores).weights, surrogate.stability(keep, scores, seed)))
    pairs = [np.corrcoef(a[0], b[0])[0, 1] for a, b in zip(runs[::2], runs[1::2], strict=True)]
    assert np.mean([said for _, said in runs]) == pytest.approx(np.mean(pairs), abs=0.08)


@pytest.mark.parametrize("hide", ["mean", "grey"])
def test_it_agrees_with_the_package_lime(astronaut: Pixels, hide: str) -> None:
    """Same segments, seed, fill and classifier: the same coefficients, not only the same ranking."""
    lime_image = pytest.importorskip("lime.lime_image", reason="lime==0.2.0.1, of the dev extra")
    image = np.ascontiguousarray(astronaut[50:250:2, 150:350:2])
    segments = superpixels(image, 25)

    def p_fake(batch: np.ndarray) -> np.ndarray:
        """Not linear, and looks at colour and position."""
        values = np.asarray(batch, np.float64) / 255
        across = np.linspace(-1, 1, values.shape[2])
        logit = 6 * (values[..., 0] * across).mean((1, 2)) + 20 * (values[..., 1] - values[..., 2]).mean((1, 2)) ** 2
        return np.asarray(1 / (1 + np.exp(-4 * logit)))

    theirs = lime_image.LimeImageExplainer(random_state=11).explain_instance(
        image,
        lambda batch: np.stack([1 - p_fake(batch), p_fake(batch)], axis=1),
        labels=(0, 1),
        top_labels=None,
        hide_color=None if hide == "mean" else GREY,
        num_samples=300,
        segmentation_fn=lambda _: segments,
        random_seed=0,  # left out, it takes a draw of its own from random_state
    )
    ours = lime(image, p_fake, segments, num_samples=300, seed=11, hide=hide)
    of_theirs = np.array([weight for _, weight in sorted(theirs.local_exp[1])])
    assert rank_correlation(ours.fit.weights, of_theirs) >= 0.9
    assert ours.fit.weights == pytest.approx(of_theirs, abs=1e-6)
    assert ours.fit.intercept == pytest.approx(theirs.intercept[1], abs=1e-6)
    assert ours.fit.r2 == pytest.approx(theirs.score, abs=1e-6)


def test_superpixels_cover_the_picture_and_follow_edges(astronaut: Pixels) -> None:
    segments = superpixels(astronaut, 40)
    assert segments.shape == (512, 512)
    assert segments.dtype == np.int32
    assert sorted(np.unique(segments)) == list(range(segments.max() + 1))
    assert 30 <= segments.max() + 1 <= 50
    halves = np.zeros((80, 80, 3), np.uint8)
    halves[:, 37:] = 255
    of_halves = superpixels(halves, 4)
    assert not set(of_halves[:, :36].ravel()) & set(of_halves[:, 38:].ravel())


def test_hidden_shows_what_is_kept_and_nothing_else(picture: Pixels) -> None:
    segments = grid(60, 60, 1, 2)
    keep = np.array([[True, False], [False, False]])
    grey, nothing = hidden(picture, filled(picture, segments, "grey"), segments, keep)
    assert (grey[:, :30] == picture[:, :30]).all()
    assert (grey[:, 30:] == GREY).all()
    assert (nothing == GREY).all()
    mean = filled(picture, segments, "mean")
    assert mean[0, 0].tolist() == picture[:, :30].mean((0, 1)).astype(int).tolist()


def test_what_cannot_be_explained_says_why(picture: Pixels) -> None:
    def half(batch: Pixels) -> np.ndarray:
        return np.full(len(batch), 0.5)

    with pytest.raises(ExplanationError, match="single superpixel"):
        lime(picture, half, np.zeros((60, 60), np.int32))
    with pytest.raises(OptionError, match="2 to 1000, got 1"):
        superpixels(picture, 1)
    with pytest.raises(OptionError, match=r"shape \(60, 60\)"):
        checked(np.zeros((5, 5), np.int32), picture)
    with pytest.raises(OptionError, match="at least 10"):
        lime(picture, half, grid(60, 60, 2, 2), num_samples=9)
    with pytest.raises(OptionError, match="grey, mean"):
        lime(picture, half, grid(60, 60, 2, 2), hide="blur")
    for wrong in (lambda b: np.zeros((len(b), 2)), lambda b: np.full(len(b), np.nan), lambda b: np.full(len(b), 55.0)):
        with pytest.raises(OptionError, match="probabilities of fake"):
            lime(picture, wrong, grid(60, 60, 2, 2))


def test_a_score_that_never_moves_has_no_weights(picture: Pixels) -> None:
    found = lime(picture, lambda batch: np.ones(len(batch)), grid(60, 60, 3, 3), num_samples=40)
    assert np.abs(found.fit.weights).max() < 1e-12
    assert found.fit.r2 == 0


def test_a_missing_package_is_told_with_the_line_that_installs_it(
    picture: Pixels, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtra, match=r"scikit-image.*pip install 'deepfake-detection\[explain\]'"):
        superpixels(picture, 10)
