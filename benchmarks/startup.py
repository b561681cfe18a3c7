"""How long a user waits: importing the package, and the first verdict of a fresh process. Medians over runs.

python benchmarks/startup.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

EXAMPLE = Path(__file__).parents[1] / "examples" / "real-collins.jpg"


def seconds(*command: str) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def pairs(first: list[str], second: list[str], runs: int) -> tuple[float, float, float]:
    """(median of first, median of second, median of the differences), the two run in turn."""
    seconds(*first), seconds(*second)  # warm the file cache
    times = [(seconds(*first), seconds(*second)) for _ in range(runs)]
    return (
        statistics.median(a for a, _ in times),
        statistics.median(b for _, b in times),
        statistics.median(b - a for a, b in times),
    )


def main() -> None:
    bare = [sys.executable, "-c", "pass"]
    imported = pairs(bare, [sys.executable, "-c", "import deepfake_detector"], 15)
    print("seconds: bare Python {:.3f}, with import {:.3f}, added {:.3f}".format(*imported))
    for model in ("fast", "default"):
        command = [sys.executable, "-m", "deepfake_detector", "predict", str(EXAMPLE), "--model", model]
        cold = pairs(bare, command, 5)
        print(f"seconds: predict one 512 x 512 picture, {model} bundle, fresh process {cold[1]:.2f}")


if __name__ == "__main__":
    main()
