"""What a large picture costs in memory: peak beside the loaded model, judged and explained by occlusion.

python benchmarks/memory.py --side 7000 --model fast
"""

from __future__ import annotations

import argparse
import io
import threading
import time
from collections.abc import Callable

import numpy as np
import psutil
from PIL import Image

from deepfake_detector import DeepfakeDetector
from deepfake_detector.explain import explain


def peak(run: Callable[[], object]) -> float:
    """MiB by which the process grew at most while it ran."""
    process, done, most = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch() -> None:
        while not done.is_set():
            most[0] = max(most[0], process.memory_info().rss)
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    run()
    done.set()
    watcher.join()
    return (most[0] - before) / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--side", type=int, default=7000, help="pixels")
    parser.add_argument("--model", default="fast")
    args = parser.parse_args()
    small = Image.fromarray(np.random.default_rng(0).integers(0, 256, (700, 700, 3), np.uint8))
    file = io.BytesIO()
    small.resize((args.side, args.side)).save(file, "JPEG")
    data = file.getvalue()
    del small, file
    detector = DeepfakeDetector(args.model)
    detector.predict(np.zeros((64, 64, 3), np.uint8))
    print(f"{args.side**2 / 1e6:.0f} million pixels: {args.side**2 * 3 / 2**20:.0f} MiB decoded")
    print(f"judged: {peak(lambda: detector.predict(data)):.0f} MiB beside the model")
    print(f"explained by occlusion: {peak(lambda: explain(detector, data, 'occlusion')):.0f} MiB more")


if __name__ == "__main__":
    main()
