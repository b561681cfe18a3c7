"""The example of docs/adding-a-member.md, run as it stands there."""

import re
from pathlib import Path

import pytest
from fakes import brightness_graph

from deepfake_detector import DeepfakeDetector
from deepfake_detector.ensemble.aggregate import sigmoid
from deepfake_detector.types import Pixels

PAGE = Path(__file__).parents[1] / "docs" / "adding-a-member.md"


def test_the_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, astronaut: Pixels) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 1
    monkeypatch.chdir(tmp_path)
    Path("my-network.onnx").write_bytes(brightness_graph(224, 0.0, 1.5))  # always says 1.5
    exec(compile(blocks[0], str(PAGE), "exec"), {})
    result = DeepfakeDetector("mine.h5", aggregation="mean").predict(astronaut)
    assert result.members["mine-face"] == pytest.approx(sigmoid(1.5), abs=0.01)
    assert result.faces[0].members["mine-face"] == result.members["mine-face"]
    assert result.model.startswith("mine")
