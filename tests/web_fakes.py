"""Detectors and pictures for the tests of the service."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable
from typing import Any

from fakes import grey
from PIL import Image

from deepfake_detector import DeepfakeDetector, Failure, Prediction
from deepfake_detector.images import ImageSource
from deepfake_detector.types import Pixels


def encoded(pixels: Pixels, container: str = "PNG", **options: Any) -> bytes:
    """A picture as a file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, container, **options)
    return buffer.getvalue()


def flat(level: int, width: int = 120, height: int = 100) -> bytes:
    """A flat grey PNG but for one corner: for the toy bundle white (255) is fake, black (0) is real."""
    return encoded(grey(level, width, height))


class Held(DeepfakeDetector):
    """Judges only once it is let go; tells how many pictures each call was for."""

    def __init__(self, model: str) -> None:
        super().__init__(model)
        self.begun, self.free = threading.Semaphore(0), threading.Event()
        self.calls: list[int] = []

    def predict_batch(self, sources: Iterable[ImageSource], workers: int | None = None) -> list[Prediction | Failure]:
        pictures = list(sources)
        self.calls.append(len(pictures))
        self.begun.release()
        assert self.free.wait(30)
        return super().predict_batch(pictures, workers)
