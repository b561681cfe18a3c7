"""Make the example figures of explanations from the freely licensed pictures in examples/.

python scripts/make_explanations.py            # after the weights have changed
"""

from __future__ import annotations

import argparse
from pathlib import Path

from deepfake_detector import DeepfakeDetector
from deepfake_detector.explain import explain

ROOT = Path(__file__).parents[1]
FIGURES = {
    "why-fake-collins-as-hopper.jpg": ("fake-collins-as-hopper.jpg", 0),
    "why-fake-hopper-as-collins.jpg": ("fake-hopper-as-collins.jpg", "verdict"),
}
"""Figure: (picture, what is explained)."""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    detector = DeepfakeDetector()
    for name, (picture, of) in FIGURES.items():
        found = explain(detector, str(ROOT / "examples" / picture), of=of)
        # Not in examples/: what lies there is judged by the README's first command.
        found.save(ROOT / "docs" / name)
        print(f"docs/{name}: {found.words}")


if __name__ == "__main__":
    main()
