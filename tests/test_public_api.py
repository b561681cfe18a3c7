import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import deepfake_detector
from deepfake_detector import Face, Failure, ImageUnreadable, Prediction

REPOSITORY = Path(__file__).parents[1]


def prediction(score: float = 0.2377, **changes: object) -> Prediction:
    values: dict[str, object] = {
        "score": score,
        "threshold": 0.5,
        "verdict": "inconclusive",
        "reasons": (),
        "faces": (),
        "scene_score": 0.5,
        "members": {},
        "kinds": {},
        "size": (10, 20),
        "model": "toy 1",
    }
    return Prediction(**{**values, **changes})  # type: ignore[arg-type]


def test_every_public_name_is_there() -> None:
    for name in deepfake_detector.__all__:
        assert getattr(deepfake_detector, name) is not None
    assert set(dir(deepfake_detector)) == set(deepfake_detector.__all__)
    with pytest.raises(AttributeError, match="nothing"):
        deepfake_detector.nothing  # noqa: B018


def test_importing_the_package_imports_nothing_heavy() -> None:
    heavy = ("numpy", "cv2", "onnxruntime", "PIL", "h5py")
    code = f"import sys, deepfake_detector; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_version_equals_changelog() -> None:
    newest = re.search(r"^## (\S+)", (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert newest is not None
    assert newest.group(1) == deepfake_detector.__version__


def test_a_prediction_unpacks_and_prints_as_promised() -> None:
    result = prediction()
    assert tuple(result) == ("Real", 76.23, 23.77)
    assert (result[0], len(result), result.label) == ("Real", 3, 1)
    assert result.to_json().startswith('{"prediction": "Real", "real_score": 76.23, "fake_score": 23.77')
    assert list(result.to_dict())[:3] == ["prediction", "real_score", "fake_score"]
    json.loads(result.to_json(indent=2))


def test_the_kind_is_the_one_that_is_most_likely_if_one_is() -> None:
    kinds = {"swap": 0.2, "gan": 0.7, "generated": 0.1}
    assert prediction(0.9, kinds=kinds).kind == "gan"
    assert prediction(0.1, kinds=kinds).kind is None
    assert prediction(0.9, kinds=dict.fromkeys(kinds, 1e-5)).kind is None  # of a model that was taught none


def test_percentages_add_up_to_one_hundred() -> None:
    for i in range(10_001):
        result = prediction(i / 10_000 + 3e-6 if i < 10_000 else 1.0)
        assert f"{result.real_score + result.fake_score:.10f}" == "100.0000000000"


def test_results_check_themselves() -> None:
    with pytest.raises(ValueError, match=r"score: expected a probability"):
        prediction(1.5)
    with pytest.raises(ValueError, match="score"):
        prediction(float("nan"))
    with pytest.raises(ValueError, match="unknown"):
        prediction(reasons=("because",))
    with pytest.raises(ValueError, match="contradicts"):
        prediction(0.9, verdict="real")
    with pytest.raises(ValueError, match="box"):
        Face((5, 5, 5, 9))


def test_a_failure_has_no_score_and_raises_on_unpacking() -> None:
    failure = Failure("x.jpg", ImageUnreadable("x.jpg", "truncated"))
    assert not hasattr(failure, "score")
    with pytest.raises(ImageUnreadable, match="truncated"):
        _, _, _ = failure
    assert failure.to_dict() == {"error": "ImageUnreadable", "message": "x.jpg: truncated", "source": "x.jpg"}
