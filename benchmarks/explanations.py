"""What an explanation costs: LIME against plain predictions of as many pictures, its own share, and the fast method.

python benchmarks/explanations.py                  # default bundle, 300 samples
python benchmarks/explanations.py --model fast
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from deepfake_detector import DeepfakeDetector, LimeExplainer
from deepfake_detector.explain import explain
from deepfake_detector.explain.lime import lime
from deepfake_detector.explain.superpixels import superpixels
from deepfake_detector.images import read

PICTURE = Path(__file__).parents[1] / "examples" / "real-collins.jpg"  # 512 x 512, one face


def seconds(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    detector = DeepfakeDetector(args.model)
    pixels = read(str(PICTURE)).pixels

    own = seconds(lambda: lime(pixels, lambda b: np.full(len(b), 0.5), superpixels(pixels, 50), num_samples=200))
    print(f"LIME, 200 samples of {pixels.shape[1]} px, a classifier that costs nothing: {own:.2f} s")

    fast = [seconds(lambda: explain(detector, pixels)) for _ in range(args.rounds + 1)][1:]
    print(f"fast method: median {statistics.median(fast):.2f} s, best {min(fast):.2f} s")

    # In turn and in pieces, so that what else the machine does falls on both alike.
    piece = max(10, args.samples // args.rounds)
    explainer = LimeExplainer(detector, num_samples=piece, progress=False)
    detector.predict(pixels)
    explained, predicted = 0.0, 0.0
    for _ in range(args.rounds):
        explained += seconds(lambda: explainer.explain(pixels))
        predicted += seconds(lambda: detector.predict_batch([pixels] * piece))
    print(
        f"{args.rounds} x {piece} samples: LIME {explained:.1f} s, plain batched predictions {predicted:.1f} s, "
        f"ratio {explained / predicted:.2f}"
    )


if __name__ == "__main__":
    main()
