"""Every line users' scripts rely on, as a user writes it, on the shipped weights."""

import io
import json
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image

from deepfake_detector import DeepfakeDetector, Failure, ImagePreprocessor, NoFaceWarning
from deepfake_detector.types import Pixels

matplotlib.use("Agg")


@pytest.fixture()
def paths(tmp_path: Path, astronaut: Pixels, hopper: Pixels, coffee: Pixels) -> list[str]:
    """Four pictures: two with a face, one with two faces side by side, one without."""
    pair = np.concatenate([astronaut, hopper[:512]], axis=1)
    names = []
    for name, pixels in (("astronaut", astronaut), ("hopper", hopper), ("pair", pair), ("coffee", coffee)):
        names.append(str(tmp_path / f"{name}.jpg"))
        Image.fromarray(pixels).save(names[-1], quality=92)
    return names


def test_predict_unpacks(detector: DeepfakeDetector, photo: Path) -> None:
    prediction, real_score, fake_score = detector.predict(str(photo))
    assert prediction in ("Real", "Fake")
    assert prediction == ("Fake" if fake_score >= 50 else "Real")
    assert real_score + fake_score == 100


def test_the_loops_users_write(detector: DeepfakeDetector, paths: list[str]) -> None:
    predictions = [detector.predict(p) for p in paths]
    for i, (prediction, real_score, fake_score) in enumerate(predictions):
        assert prediction in ("Real", "Fake"), i
        assert 0 <= fake_score <= 100
        assert 0 <= real_score <= 100


def test_batch_gives_the_same_numbers(detector: DeepfakeDetector, paths: list[str]) -> None:
    """To the bit, whatever stands beside a picture."""
    predictions = [detector.predict(p) for p in paths]
    assert detector.predict_batch(paths) == predictions
    assert detector.predict_batch(paths[::-1], workers=4) == predictions[::-1]
    table = detector.predict_proba(paths)
    assert table.shape == (len(paths), 2)
    assert table[:, 1].tolist() == [p.score for p in predictions]


def test_the_way_in_does_not_matter(detector: DeepfakeDetector, photo: Path) -> None:
    data = photo.read_bytes()
    pixels = np.asarray(Image.open(io.BytesIO(data)))
    expected = detector.predict(photo)
    with open(photo, "rb") as file:
        for source in (str(photo), data, file, Image.open(photo), pixels):
            result = detector.predict(source)
            assert (result.score, result.verdict, result.faces, result.reasons) == (
                expected.score,
                expected.verdict,
                expected.faces,
                expected.reasons,
            )


def test_save_and_load(
    detector: DeepfakeDetector, paths: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    detector.save_model("deepfake_model.h5")
    same = DeepfakeDetector.load_model("deepfake_model.h5")
    assert same.predict_batch(paths) == detector.predict_batch(paths)


def test_process_image(photo: Path) -> None:
    import matplotlib.pyplot as plt

    face = ImagePreprocessor().process_image(str(photo))
    assert face.dtype == np.float32
    assert face.shape == (224, 224, 3)
    assert 0 <= face.min() < face.max() <= 1
    plt.imshow(face)
    plt.close("all")


def test_process_image_says_when_there_is_no_face(coffee: Pixels) -> None:
    with pytest.warns(NoFaceWarning, match="no face"):
        whole = ImagePreprocessor(size=64).process_image(coffee)
    assert whole.shape == (64, 64, 3)


def test_labels_with_scikit_learn(detector: DeepfakeDetector, paths: list[str]) -> None:
    from sklearn.metrics import accuracy_score, auc, f1_score, roc_curve

    true_labels = [1, 1, 0, 1]
    predicted_labels = [1 if detector.predict(p)[0] == "Real" else 0 for p in paths]
    assert predicted_labels == [
        result.label for result in detector.predict_batch(paths) if not isinstance(result, Failure)
    ]
    assert 0 <= accuracy_score(true_labels, predicted_labels) <= 1
    assert 0 <= f1_score(true_labels, predicted_labels, zero_division=0) <= 1
    real_scores = [detector.predict(p)[1] for p in paths]
    fpr, tpr, _ = roc_curve(true_labels, real_scores)
    assert 0 <= auc(fpr, tpr) <= 1


def test_json(detector: DeepfakeDetector, photo: Path) -> None:
    result = detector.predict(photo)
    values = json.loads(result.to_json())
    assert list(values)[:3] == ["prediction", "real_score", "fake_score"]
    assert values["verdict"] in ("real", "fake", "inconclusive")
    assert set(values["kinds"]) == {"swap", "gan", "generated"}
    assert values["faces"][0]["score"] is not None
    assert values["source"] == str(photo)


def test_two_faces_have_two_scores(detector: DeepfakeDetector, paths: list[str]) -> None:
    result = detector.predict(paths[2])
    assert len(result.faces) == 2
    assert all(face.score is not None for face in result.faces)


def test_no_face_still_gets_an_answer(detector: DeepfakeDetector, coffee: Pixels) -> None:
    result = detector.predict(coffee)
    assert "no_face" in result.reasons
    assert result.faces == ()


@pytest.mark.parametrize("aggregation", ["stacked", "mean", "vote"])
@pytest.mark.parametrize("model", ["default", "fast"])
def test_every_choice_runs(model: str, aggregation: str, photo: Path) -> None:
    result = DeepfakeDetector(model=model, aggregation=aggregation).predict(photo)  # type: ignore[arg-type]
    assert result.model.startswith(model)
    assert set(result.members) >= {"conv-face", "conv-scene"}


def test_the_haar_detector_works_too(photo: Path) -> None:
    assert DeepfakeDetector("fast", face_detector="haar").predict(photo).faces


def test_forty_faces_a_cut_face_and_strange_names(tmp_path: Path, astronaut: Pixels) -> None:
    detector = DeepfakeDetector("fast")
    face = np.asarray(Image.fromarray(astronaut[20:240, 110:330]).resize((150, 150)))
    crowd = detector.predict(np.concatenate([np.concatenate([face] * 8, axis=1)] * 5))
    assert len(crowd.faces) == 40
    assert sum(f.score is not None for f in crowd.faces) == 16
    assert "many_faces" in crowd.reasons
    cut = detector.predict(np.ascontiguousarray(astronaut[:, 205:]))
    assert "cut_face" in cut.reasons
    path = tmp_path / "ein Bild – 写真 (1).jpg"
    Image.fromarray(astronaut).save(path)
    assert detector.predict(path).source == str(path)
