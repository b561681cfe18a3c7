"""How far this processor's integer arithmetic is from the same encoder in float: relative error of its statistics.

python benchmarks/precision.py

Processors without VNNI may saturate where they add up pairs of int8 products; the others are exact there.
"""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import numpy as np
import onnxruntime as ort

from deepfake_detector import DeepfakeDetector
from deepfake_detector.images import read
from deepfake_detector.models.preprocess import normalised, resized

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.jpg"))


def main() -> None:
    encoder = files("deepfake_detector").joinpath("models/weights/clip-vit-b16.onnx").read_bytes()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    shipped = ort.InferenceSession(encoder, options, providers=["CPUExecutionProvider"])
    options.add_session_config_entry("session.disable_quant_qdq", "1")
    reference = ort.InferenceSession(encoder, options, providers=["CPUExecutionProvider"])
    detector = DeepfakeDetector()
    card = next(card for card in detector.members.cards if card.encoder)
    worst = np.zeros(2)
    for path in EXAMPLES:
        pixels = read(path).pixels
        view = normalised(resized(pixels, detector.preprocessor.locate(pixels).whole, card.side), card.mean, card.std)
        got, wanted = (session.run(["statistics"], {"pixels": view})[0][0, 3:, :2] for session in (shipped, reference))
        error = np.linalg.norm(got - wanted, axis=-1) / np.linalg.norm(
            wanted, axis=-1
        )  # blocks 4-12, (CLS, patch mean)
        worst = np.maximum(worst, error.max(0))
        print(
            f"{path.name}: CLS {error[:, 0].max():.2%}, patch means {error[:, 1].max():.2%} (worst of blocks 4 to 12)"
        )
    print(f"worst: CLS {worst[0]:.2%}, patch means {worst[1]:.2%}")


if __name__ == "__main__":
    main()
