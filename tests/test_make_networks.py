"""scripts/make_networks.py asks the heads that ship, of the views that calibration is learned from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
from commands import loaded

from deepfake_detector.models import bundle
from deepfake_detector.train.views import View

WEIGHTS = Path(bundle.__file__).with_name("weights")


def test_the_heads_are_asked_of_validation_views_of_their_region() -> None:
    table = [
        View(0, 0, region, "plain", True, "swap", "s", "", split, "", 90.0, 224, 224)
        for region, split in (("face", "val"), ("face", "train"), ("scene", "val"), ("face", "val"))
    ]
    features = np.random.default_rng(0).normal(0, 1, (3, 12, 4, 768)).astype(np.float16)  # of the views 0, 2 and 3
    said = loaded("make_networks").of_heads("face", table, [0, 2, 3], features)

    assert said.dtype == np.float32
    assert np.isnan(said[[1, 2]]).all()
    session = ort.InferenceSession(str(WEIGHTS / "heads-face.onnx"), providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"statistics": features[[0, 2]].astype(np.float32)})
    np.testing.assert_allclose(said[[0, 3]], expected, rtol=1e-5, atol=1e-5)
