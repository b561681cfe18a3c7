"""Says whether a picture is real or fake, how sure it is, and why.

>>> from deepfake_detector import DeepfakeDetector
>>> prediction, real_score, fake_score = DeepfakeDetector().predict("photo.jpg")  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .lazy import importer

if TYPE_CHECKING:
    from .detector import MIN_SIDE as MIN_SIDE
    from .detector import DeepfakeDetector as DeepfakeDetector
    from .detector import UnreadableWarning as UnreadableWarning
    from .errors import DataError as DataError
    from .errors import DeepfakeDetectorError as DeepfakeDetectorError
    from .errors import ExplanationError as ExplanationError
    from .errors import ImageError as ImageError
    from .errors import ImageNotFound as ImageNotFound
    from .errors import ImageTooLarge as ImageTooLarge
    from .errors import ImageTooSmall as ImageTooSmall
    from .errors import ImageUnreadable as ImageUnreadable
    from .errors import MissingExtra as MissingExtra
    from .errors import ModelError as ModelError
    from .errors import ModelInvalid as ModelInvalid
    from .errors import ModelNotFound as ModelNotFound
    from .errors import OptionError as OptionError
    from .explain.base import Explanation as Explanation
    from .explain.base import LimeExplanation as LimeExplanation
    from .explain.explainer import LimeExplainer as LimeExplainer
    from .faces.crop import MIN_FACE as MIN_FACE
    from .preprocessor import ImagePreprocessor as ImagePreprocessor
    from .preprocessor import NoFaceWarning as NoFaceWarning
    from .types import REASONS as REASONS
    from .types import Face as Face
    from .types import FaceResult as FaceResult
    from .types import Failure as Failure
    from .types import Prediction as Prediction

__version__ = "0.1.0"

_HOME = {
    "DeepfakeDetector": "detector",
    "MIN_FACE": "faces.crop",
    "MIN_SIDE": "detector",
    "UnreadableWarning": "detector",
    "ImagePreprocessor": "preprocessor",
    "NoFaceWarning": "preprocessor",
    "LimeExplainer": "explain.explainer",
    "Explanation": "explain.base",
    "LimeExplanation": "explain.base",
    "REASONS": "types",
    "Face": "types",
    "FaceResult": "types",
    "Failure": "types",
    "Prediction": "types",
    "DataError": "errors",
    "DeepfakeDetectorError": "errors",
    "ExplanationError": "errors",
    "ImageError": "errors",
    "ImageNotFound": "errors",
    "ImageTooLarge": "errors",
    "ImageTooSmall": "errors",
    "ImageUnreadable": "errors",
    "MissingExtra": "errors",
    "ModelError": "errors",
    "ModelInvalid": "errors",
    "ModelNotFound": "errors",
    "OptionError": "errors",
}
__all__ = ["__version__", *_HOME]
__getattr__ = importer(__name__, _HOME)


def __dir__() -> list[str]:
    return sorted(__all__)
