"""Why a picture got its score: maps over its pixels, words, and measures of how far a map can be believed.

>>> from deepfake_detector import LimeExplainer
>>> LimeExplainer().explain("photo.jpg").save("why.png")  # doctest: +SKIP

Every method works on callables (pictures in, P(fake) out; see ``base``). ``subject`` alone knows the detector.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import importer

if TYPE_CHECKING:
    from .base import METHODS as METHODS
    from .base import Explanation as Explanation
    from .base import LimeExplanation as LimeExplanation
    from .explainer import LimeExplainer as LimeExplainer
    from .explainer import explain as explain
    from .explainer import explain_each as explain_each

_HOME = {
    "METHODS": "base",
    "Explanation": "base",
    "LimeExplanation": "base",
    "LimeExplainer": "explainer",
    "explain": "explainer",
    "explain_each": "explainer",
}
__all__ = [*_HOME]
__getattr__ = importer(__name__, _HOME)  # the pure parts are used without the detector
