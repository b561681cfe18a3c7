"""How good the detector is on labelled pictures, and how it bears what happens to pictures on their way.

>>> from deepfake_detector.evaluate import evaluate, read_pictures
>>> report = evaluate(DeepfakeDetector(), read_pictures("folder"))  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import importer

if TYPE_CHECKING:
    from .benchmark import Report as Report
    from .benchmark import evaluate as evaluate
    from .groups import Pairing as Pairing
    from .manifest import LabelledPicture as LabelledPicture
    from .manifest import Manifest as Manifest
    from .manifest import read_pictures as read_pictures
    from .metrics import Figure as Figure
    from .metrics import Metrics as Metrics
    from .metrics import from_labels as from_labels
    from .robustness import RobustnessReport as RobustnessReport
    from .robustness import measure_robustness as measure_robustness

_HOME = {
    "evaluate": "benchmark",
    "Report": "benchmark",
    "Pairing": "groups",
    "LabelledPicture": "manifest",
    "Manifest": "manifest",
    "read_pictures": "manifest",
    "Figure": "metrics",
    "Metrics": "metrics",
    "from_labels": "metrics",
    "measure_robustness": "robustness",
    "RobustnessReport": "robustness",
}
__all__ = [*_HOME]
__getattr__ = importer(__name__, _HOME)  # training takes parts from here, and must not load the detector
