"""OpenCV's Haar cascade (Viola and Jones 2001, "Rapid Object Detection using a Boosted Cascade of Simple Features").

Kept because users' documentation names it. It misses tilted faces and sees faces in animals more often than
YuNet does, and it gives neither confidence nor landmarks.
"""

from __future__ import annotations

import threading
from pathlib import Path

import cv2

from ..errors import OptionError
from ..types import Face, Pixels
from .base import clipped

_LONGEST = 1024


class Haar:
    """``haarcascade_frontalface_default.xml`` of the installed OpenCV."""

    name = "haar"

    def __init__(self) -> None:
        if not hasattr(cv2, "CascadeClassifier"):
            wanted = "pip install 'opencv-python-headless>=4.14,<5'"
            raise OptionError(f"OpenCV {cv2.__version__} has no Haar cascade. Use yunet, or install one: {wanted}")
        self._path = str(Path(cv2.__file__).parent / "data" / "haarcascade_frontalface_default.xml")
        self._local = threading.local()  # a cascade is not safe to share

    def detect(self, pixels: Pixels) -> list[Face]:
        """All faces, largest first. See ``FaceDetector``."""
        if not hasattr(self._local, "cascade"):
            self._local.cascade = cv2.CascadeClassifier(self._path)
        height, width = pixels.shape[:2]
        scale = min(1.0, _LONGEST / max(height, width))
        grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.equalizeHist(cv2.resize(grey, small, interpolation=cv2.INTER_AREA))
        faces = []
        for x, y, w, h in self._local.cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(24, 24)):
            box = clipped(x / scale, y / scale, (x + w) / scale, (y + h) / scale, width, height)
            if box is not None:
                faces.append(Face(box))
        return sorted(faces, key=lambda face: (-face.size, face.box))
