"""Why a picture got its score: maps over its pixels, words, and measures of how far a map can be believed.

>>> from deepfake_detector import LimeExplainer
>>> LimeExplainer().explain("photo.jpg").save("why.png")  # doctest: +SKIP

Every method works on callables (pictures in, P(fake) out; see ``base``). ``subject`` alone knows the detector.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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


def __getattr__(name: str) -> Any:
    """Import a public name on first use: the pure parts are used without the detector."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOME[name]}", __name__), name)
    globals()[name] = value
    return value
