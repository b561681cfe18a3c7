"""Pictures a second, one at a time against batched, and what a larger batch would bring the encoder. One process.

python benchmarks/throughput.py
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort

from deepfake_detector import DeepfakeDetector
from deepfake_detector.models.bundle import Bundle

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.jpg"))


def rate(run: Callable[[], object], pictures: int, runs: int = 3) -> float:
    """Median pictures a second."""
    run()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        run()
        times.append(time.perf_counter() - begun)
    return pictures / statistics.median(times)


def main() -> None:
    paths = [str(path) for path in EXAMPLES] * 4
    for model in ("fast", "default"):
        detector = DeepfakeDetector(model)
        single = rate(lambda d=detector: [d.predict(path) for path in paths], len(paths))
        batched = rate(lambda d=detector: d.predict_batch(paths), len(paths))
        print(f"{model}: {single:.2f} pictures/s one by one, {batched:.2f} batched, ratio {batched / single:.2f}")
    session = ort.InferenceSession(Bundle.load().graphs["clip-vit-b16"], providers=["CPUExecutionProvider"])
    for size in (1, 2, 8):
        pixels = np.zeros((size, 3, 224, 224), np.float32)
        views = rate(lambda p=pixels: session.run(["statistics"], {"pixels": p}), size)
        print(f"encoder, batch of {size}: {views:.2f} views/s")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
