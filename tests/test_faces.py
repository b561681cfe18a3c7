import hashlib
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from unittest.mock import Mock

import cv2
import numpy as np
import pytest

from deepfake_detector import OptionError
from deepfake_detector.faces import FACE_DETECTORS, crop, face_detector
from deepfake_detector.faces.base import clipped, overlap
from deepfake_detector.faces.yunet import YuNet
from deepfake_detector.types import Face, Pixels

ASTRONAUT_FACE = Face((170, 60, 280, 200))  # read off the picture by eye


@pytest.mark.parametrize("name", FACE_DETECTORS)
class TestEveryDetector:
    """The contract of faces.base.FaceDetector."""

    def test_finds_the_face(self, name: str, astronaut: Pixels) -> None:
        largest = face_detector(name).detect(astronaut)[0]
        assert overlap(largest, ASTRONAUT_FACE) > 0.4

    def test_boxes_lie_in_the_picture_largest_first(self, name: str, hopper: Pixels) -> None:
        height, width = hopper.shape[:2]
        faces = face_detector(name).detect(np.concatenate([hopper, hopper[:, ::-1]], axis=1))
        assert len(faces) >= 2
        assert [f.size for f in faces] == sorted((f.size for f in faces), reverse=True)
        for face in faces:
            x0, y0, x1, y1 = face.box
            assert 0 <= x0 < x1 <= 2 * width
            assert 0 <= y0 < y1 <= height

    def test_no_face_is_an_empty_list(self, name: str) -> None:
        assert face_detector(name).detect(np.full((200, 300, 3), 90, np.uint8)) == []

    @pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (33, 2000)])
    def test_any_shape_is_taken(self, name: str, shape: tuple[int, int]) -> None:
        assert face_detector(name).detect(np.zeros((*shape, 3), np.uint8)) == []

    def test_threads_share_one_detector(self, name: str, astronaut: Pixels) -> None:
        detector = face_detector(name)
        pictures = [astronaut, astronaut[:, ::-1].copy(), astronaut[40:, 60:].copy()] * 4
        alone = [detector.detect(picture) for picture in pictures]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(detector.detect, pictures)) == alone


def test_unknown_detector_names_the_known() -> None:
    with pytest.raises(OptionError, match="yunet, haar"):
        face_detector("mtcnn")


def test_an_object_is_taken_as_it_is() -> None:
    ours = face_detector("haar")
    assert face_detector(ours) is ours


@pytest.mark.parametrize("shape", [(1, 1), (33, 2000), (2000, 33), (64, 64), (200, 300)])
def test_yunet_is_never_shown_a_strip(shape: tuple[int, int]) -> None:
    """Where 32 pixels or fewer are left one way, OpenCV reads what nobody wrote, and finds faces in it now and then."""
    opencv = Mock()
    opencv.detect.return_value = (0, None)
    detector = YuNet()
    detector._local.detector = opencv
    assert detector.detect(np.zeros((*shape, 3), np.uint8)) == []
    shown = [call.args[0].shape[:2] for call in opencv.detect.call_args_list]
    assert [call.args[0][::-1] for call in opencv.setInputSize.call_args_list] == shown
    assert shown
    assert min(side for size in shown for side in size) > 32


def test_yunet_finds_forty_faces(astronaut: Pixels) -> None:
    face = cv2.resize(astronaut[20:240, 110:330], (150, 150), interpolation=cv2.INTER_AREA)
    crowd = np.concatenate([np.concatenate([face] * 8, axis=1)] * 5)
    assert len(face_detector("yunet").detect(crowd)) == 40


@pytest.mark.parametrize("angle", [-30, 30])
def test_yunet_finds_tilted_faces(astronaut: Pixels, angle: int) -> None:
    turned = cv2.warpAffine(astronaut, cv2.getRotationMatrix2D((224, 128), angle, 1), (512, 512))
    assert len(face_detector("yunet").detect(turned)) == 1


def test_yunet_finds_a_face_that_fills_the_picture(astronaut: Pixels) -> None:
    faces = face_detector("yunet").detect(np.ascontiguousarray(astronaut[65:205, 165:285]))
    assert len(faces) == 1
    assert faces[0].size > 90


def test_yunet_landmarks_lie_in_place(astronaut: Pixels) -> None:
    face = face_detector("yunet").detect(astronaut)[0]
    assert face.landmarks is not None
    right_eye, left_eye, nose, right_mouth, left_mouth = face.landmarks
    assert right_eye[0] < left_eye[0]
    assert right_eye[1] < nose[1] < right_mouth[1]
    assert right_mouth[0] < left_mouth[0]
    assert face.confidence is not None
    assert face.confidence > 0.8


def test_overlap_by_hand() -> None:
    a, b = Face((0, 0, 10, 10)), Face((5, 0, 15, 10))
    assert overlap(a, b) == pytest.approx(50 / 150)
    assert overlap(a, Face((20, 20, 30, 30))) == 0


def test_clipped() -> None:
    assert clipped(-5, -5, 20, 8, 10, 10) == (0, 0, 10, 8)
    assert clipped(20, 0, 30, 5, 10, 10) is None


def test_crop_around_a_face_by_hand() -> None:
    assert crop.around(Face((40, 40, 60, 60)), (200, 100), context=1.5) == crop.Crop(35, 35, 30)


def test_crop_moves_then_shrinks_at_the_border() -> None:
    assert crop.around(Face((0, 0, 20, 20)), (200, 100), context=1.5) == crop.Crop(0, 0, 30)
    assert crop.around(Face((0, 0, 200, 100)), (200, 100)) == crop.Crop(50, 0, 100)


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (301, 200)])
def test_crops_never_leave_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    for part in (crop.centre(size), crop.around(Face((0, 0, width, height)), size)):
        assert 0 <= part.x <= width - part.side
        assert 0 <= part.y <= height - part.side
        assert part.side == min(size)


def test_the_shipped_weights_are_the_published_ones() -> None:
    """The sha256 that THIRD_PARTY_NOTICES.md names."""
    notice = (Path(__file__).parents[1] / "THIRD_PARTY_NOTICES.md").read_text(encoding="utf-8")
    data = resources.files("deepfake_detector.faces").joinpath("weights/face_detection_yunet_2023mar.onnx").read_bytes()
    assert hashlib.sha256(data).hexdigest() in notice
