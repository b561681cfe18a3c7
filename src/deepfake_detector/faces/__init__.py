"""Face detectors (one protocol, two implementations) and the geometry of crops."""

from __future__ import annotations

from ..errors import OptionError
from .base import FaceDetector

FACE_DETECTORS = ("yunet", "haar")


def face_detector(which: str | FaceDetector) -> FaceDetector:
    """A face detector by name, or the one handed over. OptionError: an unknown name, or no detector."""
    if not isinstance(which, str):
        if not callable(getattr(which, "detect", None)):
            raise OptionError(f"a face detector needs a method detect; got {which!r}")
        return which
    if which == "yunet":
        from .yunet import YuNet

        return YuNet()
    if which == "haar":
        from .haar import Haar

        return Haar()
    raise OptionError(f"unknown face detector {which!r}; known are {', '.join(FACE_DETECTORS)}")
