"""YuNet (Wu et al. 2023, Machine Intelligence Research 20, "YuNet: A Tiny Millisecond-level Face Detector").

Run by OpenCV's ``FaceDetectorYN`` on the MIT-licensed weights that ship with this package.
"""

from __future__ import annotations

import threading
from importlib import resources

import cv2
import numpy as np

from ..types import Face, Pixels
from .base import clipped, overlap

_SIDES = (320, 1024)
"""Longest sides a picture is looked at: coarse for faces that fill it, fine for those in a crowd."""
_FRAME = 0.25
"""Share of the side added as border where nothing was found: a face that fills its picture needs air."""
_LEAST = 33
"""Pixels OpenCV is given each way, at least: in 32 or fewer version 4.14 finds faces at random, though all is black."""


class YuNet:
    """The default detector: finds turned, tilted and small faces, with five landmarks."""

    name = "yunet"

    def __init__(self, threshold: float = 0.8) -> None:
        self.threshold = threshold
        self._weights = np.frombuffer(
            resources.files("deepfake_detector.faces")
            .joinpath("weights/face_detection_yunet_2023mar.onnx")
            .read_bytes(),
            np.uint8,
        )
        self._local = threading.local()  # OpenCV's detector keeps the input size as state

    def _detector(self) -> cv2.FaceDetectorYN:
        if not hasattr(self._local, "detector"):
            self._local.detector = cv2.FaceDetectorYN.create(
                "onnx", self._weights, np.empty(0, np.uint8), (320, 320), self.threshold, 0.3, 5000
            )
        detector: cv2.FaceDetectorYN = self._local.detector
        return detector

    def detect(self, pixels: Pixels) -> list[Face]:
        """All faces, largest first. See ``FaceDetector``."""
        height, width = pixels.shape[:2]
        faces: list[Face] = []
        longest = max(height, width)
        for side in sorted({min(side, longest) for side in _SIDES}):
            for face in self._at(pixels, side / longest, 0):
                if all(overlap(face, known) < 0.4 for known in faces):
                    faces.append(face)
        if not faces:
            border = max(8, int(longest * _FRAME))
            faces = self._at(pixels, min(1.0, _SIDES[0] / longest), border)
        return sorted(faces, key=lambda face: (-face.size, face.box))

    def _at(self, pixels: Pixels, scale: float, border: int) -> list[Face]:
        """Faces seen with the picture scaled by ``scale``, inside a grey border of ``border`` pixels."""
        height, width = pixels.shape[:2]
        # Scale first: a border around a large original would be copied at full size for nothing.
        small = (max(16, round(width * scale)), max(16, round(height * scale)))
        image = cv2.resize(pixels, small, interpolation=cv2.INTER_AREA)
        pad = round(border * scale)
        if pad:
            image = cv2.copyMakeBorder(image, pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(128, 128, 128))
        below, beside = (max(0, _LEAST - length) for length in image.shape[:2])
        if below or beside:  # with black, as OpenCV itself goes on to a multiple of 32
            image = cv2.copyMakeBorder(image, 0, below, 0, beside, cv2.BORDER_CONSTANT, value=(0, 0, 0))
        detector = self._detector()
        detector.setInputSize((image.shape[1], image.shape[0]))
        _, rows = detector.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        ratio = np.array([width / small[0], height / small[1]])
        found = []
        for row in [] if rows is None else rows:
            if not np.isfinite(row).all():
                continue
            (x0, y0), (w, h) = (row[:2] - pad) * ratio, row[2:4] * ratio
            box = clipped(x0, y0, x0 + w, y0 + h, width, height)
            if box is not None:
                points = (row[4:14].reshape(5, 2) - pad) * ratio
                landmarks = tuple((float(x), float(y)) for x, y in points)
                found.append(Face(box, float(np.clip(row[14], 0, 1)), landmarks))
        return found
