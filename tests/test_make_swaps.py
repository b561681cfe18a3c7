"""The script that makes face swaps by networks: on two people, with a network of a few hundred weights."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from commands import loaded
from PIL import Image

from deepfake_detector.faces import face_detector
from deepfake_detector.train import forge, repaint
from deepfake_detector.train.data import read_manifest, write_manifest
from deepfake_detector.train.networks.autoencoder import CODE, FaceAutoencoder, Upsampling
from deepfake_detector.types import Pixels


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return loaded("make_swaps")


@pytest.fixture
def faces(astronaut: Pixels) -> Pixels:
    """Eight aligned faces: one in eight lights, every second one mirrored."""
    face = forge.aligned(astronaut, face_detector("yunet").detect(astronaut)[0], 32)
    lights = [np.clip(face * gain, 0, 255).astype(np.uint8) for gain in np.linspace(0.5, 1.2, 8)]
    return np.stack([light[:, ::-1] if number % 2 else light for number, light in enumerate(lights)])


def network() -> FaceAutoencoder:
    torch.manual_seed(0)
    return FaceAutoencoder(32, "shuffle", 8)


@pytest.fixture
def shown() -> FaceAutoencoder:
    """A network whose pictures have one shade, the first number of the code."""

    class Shade(torch.nn.Module):
        def forward(self, code: torch.Tensor) -> torch.Tensor:
            return code[:, :1, None, None].expand(-1, 3, 32, 32)

    of = network()
    of.decoder = torch.nn.Sequential(Shade())
    return of


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Two threads of so small a network wait for one another where the cores are busy."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class TestRepainting:
    @pytest.mark.parametrize("upsampling", ["shuffle", "transposed", "nearest"])
    def test_a_face_comes_out_as_large_as_it_goes_in(self, upsampling: Upsampling) -> None:
        painted = FaceAutoencoder(48, upsampling, 4)(torch.rand(2, 3, 48, 48))
        assert painted.shape == (2, 3, 48, 48)
        assert 0 <= float(painted.detach().min()) <= float(painted.detach().max()) <= 1

    def test_it_learns_the_faces_it_is_shown(self, faces: Pixels, tmp_path: Path) -> None:
        def error(of: FaceAutoencoder) -> float:
            pixels = torch.from_numpy(faces).permute(0, 3, 1, 2) / 255
            with torch.inference_mode():
                return float((of(pixels) - pixels).abs().mean())

        taught = repaint.teach(network(), faces, 60, 0, tmp_path / "a.pt")
        assert error(taught) < 0.8 * error(network())

    def test_a_stopped_training_goes_on_as_if_it_had_not_been(self, faces: Pixels, tmp_path: Path) -> None:
        whole = repaint.teach(network(), faces, 4, 3, tmp_path / "whole.pt")
        repaint.teach(network(), faces, 2, 3, tmp_path / "stopped.pt")
        resumed = repaint.teach(network(), faces, 4, 3, tmp_path / "stopped.pt")
        for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
            assert torch.equal(one, other)

    def test_a_face_is_painted_from_its_own_code_or_mixed_with_the_nearest(
        self, shown: FaceAutoencoder, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The others' numbers are .5, .1 and 1: whatever is mixed in of .1 lies between it and the own 0."""
        monkeypatch.setattr(repaint, "SIMILAR", 3)
        known = np.zeros((4, CODE), np.float32)
        known[:, 0] = (0, 0.5, 0.1, 1)
        shades = [int(repaint.painted(shown, 0, known, np.random.default_rng(seed)).max()) for seed in range(40)]
        least, most = (round(share * 0.1 * 255) for share in repaint.MIXED)
        assert all(shade == 0 or least <= shade <= most for shade in shades)
        own = np.mean([shade == 0 for shade in shades])
        assert abs(own - repaint.OWN) < 0.2
        assert len(set(shades)) > 5

    def test_of_one_face_only_its_own_code_can_be_painted(self, shown: FaceAutoencoder) -> None:
        known = np.full((1, CODE), 0.4, np.float32)
        for seed in range(6):
            assert (repaint.painted(shown, 0, known, np.random.default_rng(seed)) == 102).all()

    def test_warping_moves_points_and_keeps_the_colours(self, faces: Pixels) -> None:
        moved = repaint.warped(faces[0], np.random.default_rng(0))
        assert moved.shape == faces[0].shape
        assert (moved != faces[0]).mean() > 0.3
        assert abs(moved.mean() - faces[0].mean()) < 5


class TestPuttingBack:
    def test_a_face_cut_out_and_put_back_hardly_changes_the_picture(self, astronaut: Pixels) -> None:
        face = face_detector("yunet").detect(astronaut)[0]
        square = forge.aligned(astronaut, face, 256)
        back = [forge.repainted(astronaut, face, square, np.random.default_rng(seed)) for seed in range(6)]
        worst = max(float(np.abs(picture.astype(int) - astronaut).mean(2)[60:200, 170:280].mean()) for picture in back)
        assert worst < 6
        assert all((picture[300:] == astronaut[300:]).all() for picture in back)

    def test_another_face_is_seen_where_the_first_one_was(self, astronaut: Pixels) -> None:
        face = face_detector("yunet").detect(astronaut)[0]
        flat = np.full((64, 64, 3), (40, 90, 200), np.uint8)
        picture = forge.repainted(astronaut, face, flat, np.random.default_rng(0))
        assert np.abs(picture.astype(int) - astronaut)[100:170, 200:250].mean() > 20

    def test_large_and_small_squares_show_the_same(self, astronaut: Pixels) -> None:
        face = face_detector("yunet").detect(astronaut)[0]
        large, small = (Image.fromarray(forge.aligned(astronaut, face, side)) for side in (192, 48))
        np.testing.assert_allclose(
            np.asarray(large.resize((48, 48), Image.Resampling.BOX), float), np.asarray(small, float), atol=40
        )


class TestScript:
    def run(self, script: ModuleType, monkeypatch: pytest.MonkeyPatch, data: Path, work: Path, out: Path) -> None:
        monkeypatch.setattr(script, "NETWORKS", {"tiny": (32, "nearest", 4)})
        options = {"--data": data, "--work": work, "--out": out, "--count": 4, "--steps": 2, "--processes": 1}
        monkeypatch.setattr(sys, "argv", ["make_swaps", *(str(part) for pair in options.items() for part in pair)])
        script.main()

    @pytest.fixture
    def pack(self, tmp_path: Path, astronaut: Pixels) -> Path:
        """Two real training pictures with a face, one without, one to choose on, and a fake."""
        folder = tmp_path / "pack"
        folder.mkdir()
        pictures = {
            "a": (astronaut, "real", "train"),
            "b": (np.ascontiguousarray(astronaut[:, ::-1]), "real", "train"),
            "grey": (np.full((64, 64, 3), 128, np.uint8), "real", "train"),
            "val": (astronaut, "real", "val"),
            "fake": (astronaut, "fake", "train"),
        }
        for name, (pixels, _, _) in pictures.items():
            Image.fromarray(pixels).save(folder / f"{name}.png")
        write_manifest(
            folder,
            [(f"{n}.png", label, "dfdc-faces", "", split, n, n * 64) for n, (_, label, split) in pictures.items()],
        )
        return folder

    def test_every_swap_lies_beside_its_original(
        self, script: ModuleType, monkeypatch: pytest.MonkeyPatch, pack: Path, tmp_path: Path, astronaut: Pixels
    ) -> None:
        self.run(script, monkeypatch, pack, tmp_path / "work", tmp_path / "out")
        rows = read_manifest(tmp_path / "out")
        assert Counter((row.fake, row.family, row.split) for row in rows) == {
            (True, "swap", "train"): 4,
            (False, None, "train"): 4,
        }
        originals = {"a" * 16: astronaut, "b" * 16: astronaut[:, ::-1]}
        fakes = {row.path.name: row for row in rows if row.fake}
        for row in rows:
            if not row.fake:
                original, forged = (np.asarray(Image.open(path)) for path in (row.path, fakes[row.path.name].path))
                np.testing.assert_array_equal(original, originals[row.path.name[:16]])
                assert (original != forged).any() and (original[300:] == forged[300:]).all()
                assert row.group == fakes[row.path.name].group

    def test_the_same_seed_makes_the_same_pictures_in_one_go_or_two(
        self, script: ModuleType, monkeypatch: pytest.MonkeyPatch, pack: Path, tmp_path: Path
    ) -> None:
        self.run(script, monkeypatch, pack, tmp_path / "work", tmp_path / "a")
        self.run(script, monkeypatch, pack, tmp_path / "work", tmp_path / "b")  # nothing is taught again
        self.run(script, monkeypatch, pack, tmp_path / "other", tmp_path / "c")
        told = {(tmp_path / name / "manifest.csv").read_text() for name in "abc"}
        assert len(told) == 1
