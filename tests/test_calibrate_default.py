"""scripts/calibrate_default.py asks the heads that ship."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from commands import loaded

from deepfake_detector.models import bundle
from deepfake_detector.train.views import View

WEIGHTS = Path(bundle.__file__).with_name("weights")


def test_the_heads_are_asked_of_views_of_their_region() -> None:
    table = [
        View(0, 0, region, "plain", True, "swap", "s", "", "val", "", 90.0, 224, 224)
        for region in ("face", "scene", "face")
    ]
    features = np.random.default_rng(0).normal(0, 1, (3, 12, 4, 768)).astype(np.float16)
    said = loaded("calibrate_default").of_heads("face", table, features)

    assert said.dtype == np.float32
    assert np.isnan(said[1]).all()
    session = ort.InferenceSession(str(WEIGHTS / "heads-face.onnx"), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"statistics": features[[0, 2]].astype(np.float32)})
    np.testing.assert_allclose(said[[0, 2]], expected, rtol=1e-5, atol=1e-5)
