"""``ImagePreprocessor``: load, find faces, crop, resize, [0, 1]."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from . import images
from .errors import whole_number
from .faces import crop
from .faces import face_detector as make_face_detector
from .faces.base import FaceDetector
from .files import ImageSource
from .images import Picture
from .models.preprocess import resized
from .types import Face, Floats


class NoFaceWarning(UserWarning):
    """No face was found, so the whole picture's central square was taken."""


@dataclass(frozen=True, eq=False)
class Located:
    """A picture with its faces, largest first, the crop around each, and the crop that stands for the whole."""

    picture: Picture
    faces: tuple[Face, ...]
    crops: tuple[crop.Crop, ...]
    whole: crop.Crop

    @property
    def main(self) -> crop.Crop:
        """Around the largest face, or of the whole picture where there is none."""
        return self.crops[0] if self.crops else self.whole


class ImagePreprocessor:
    """Turns any picture into what a model (or ``plt.imshow``) takes.

    face_detector: "yunet", "haar", or an object with the same ``detect``. size: side of the result in pixels.
    Raises OptionError for an unknown detector, a size outside 16 to 2048, or a limit below 1.
    """

    def __init__(
        self, face_detector: str | FaceDetector = "yunet", size: int = 224, max_pixels: int = images.MAX_PIXELS
    ) -> None:
        self.detector = make_face_detector(face_detector)
        self.size = whole_number("size", size, 16, 2048)
        self.max_pixels = whole_number("max_pixels", max_pixels, 1)

    def locate(self, source: ImageSource | Picture) -> Located:
        """Decode a picture, unless that was done before, and find its faces. Raises ImageError."""
        picture = images.read(source, self.max_pixels)
        faces = tuple(self.detector.detect(picture.pixels))
        return Located(picture, faces, tuple(crop.around(f, picture.size) for f in faces), crop.centre(picture.size))

    def process_image(self, source: ImageSource) -> Floats:
        """The largest face with some context: float32 (size, size, 3), RGB in [0, 1].

        source: path, bytes, binary file object, PIL image or uint8 RGB array. Where there is no face the central square
        of the whole picture is given, with a ``NoFaceWarning``. Raises ImageError for what is no picture.
        """
        located = self.locate(source)
        if not located.faces:
            warnings.warn(
                f"{located.picture.name}: no face found; the whole picture was taken", NoFaceWarning, stacklevel=2
            )
        return resized(located.picture.pixels, located.main, self.size).astype(np.float32) / np.float32(255)
