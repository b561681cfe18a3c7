"""What training keeps on disk so that nothing is done twice, and where a network stops."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from fakes import tile_encoder
from torch import nn

from deepfake_detector.train import features, loop, plans, shelf, views
from deepfake_detector.train.data import Row
from deepfake_detector.train.pool import in_processes
from deepfake_detector.train.whole import own


def store_of(folder: Path, *seeds: int) -> Path:
    """A store with the pixels alone: one random view for each seed."""
    folder.mkdir()
    pixels = [np.random.default_rng(seed).integers(0, 256, (224, 224, 3)).astype(np.uint8) for seed in seeds]
    np.save(folder / "pixels.npy", np.stack(pixels))
    return folder


class TestShelf:
    @pytest.fixture()
    def encoder(self, tmp_path: Path) -> Path:
        path = tmp_path / "encoder.onnx"
        path.write_bytes(tile_encoder())
        return path

    @pytest.fixture()
    def computed(self, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """How many views each call of the encoder was for."""
        counts: list[int] = []
        real = features.encode

        def counting(store: Path, encoder: Path, numbers: list[int]) -> np.ndarray:
            counts.append(len(numbers))
            return real(store, encoder, numbers)

        monkeypatch.setattr(features, "encode", counting)
        return counts

    def test_only_views_that_were_never_seen_are_computed(
        self, tmp_path: Path, encoder: Path, computed: list[int]
    ) -> None:
        """The second store holds 1 and 2 in another order and twice, and 4; only 4 is new."""
        first = shelf.encoded(store_of(tmp_path / "a", 1, 2, 3), encoder, tmp_path, 1)
        second = shelf.encoded(store_of(tmp_path / "b", 2, 4, 1, 2), encoder, tmp_path, 1)
        assert computed == [3, 1]
        np.testing.assert_array_equal(second[[0, 2, 3]], first[[1, 0, 1]])
        np.testing.assert_array_equal(second, features.encode(tmp_path / "b", encoder, range(4)))

    def test_another_encoder_computes_its_own(self, tmp_path: Path, encoder: Path, computed: list[int]) -> None:
        store = store_of(tmp_path / "a", 1, 2)
        shelf.encoded(store, encoder, tmp_path, 1)
        other = tmp_path / "other.onnx"
        other.write_bytes(encoder.read_bytes() + b"\x32\x00")  # an empty field more: another file, the same graph
        shelf.encoded(store, other, tmp_path, 1)
        assert computed == [2, 2]

    def test_another_process_may_write_the_same_piece(self, tmp_path: Path) -> None:
        names = {str(own(tmp_path / "a.npz")), *in_processes(_own_name, [(tmp_path / "a.npz",)] * 2, 2, "names")}
        assert len(names) >= 2
        assert not any(name.endswith(".npz") for name in names)

    def test_a_piece_half_written_is_not_read(self, tmp_path: Path, encoder: Path, computed: list[int]) -> None:
        store = store_of(tmp_path / "a", 1)
        expected = shelf.encoded(store, encoder, tmp_path, 1)
        (piece,) = tmp_path.glob("features-*/*.npz")
        piece.rename(piece.with_suffix(".partial"))
        np.testing.assert_array_equal(shelf.encoded(store, encoder, tmp_path, 1), expected)
        assert computed == [1, 1]


def _own_name(path: Path) -> str:
    return str(own(path))


KILLED = """
import os, pathlib, sys, time
from deepfake_detector.train.pool import in_processes
def work(path, number):
    (pathlib.Path(path) / f"{os.getpid()}.pid").touch()
    time.sleep(600)
if __name__ == "__main__":
    list(in_processes(work, [(sys.argv[1], n) for n in range(2)], 2, "sleeping"))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells by /proc whether a process runs")
def test_workers_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    run = subprocess.Popen([sys.executable, str(script), str(tmp_path)])
    until = time.monotonic() + 60
    while len(pids := [int(path.stem) for path in tmp_path.glob("*.pid")]) < 2:
        assert time.monotonic() < until
        time.sleep(0.05)
    run.kill()
    run.wait()
    while any(map(alive, pids)):
        assert time.monotonic() < until
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and that nobody has asked after does not."""
    try:
        return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_picture_is_handled_the_same_way_whatever_else_is_in_the_set() -> None:
    def rows(count: int) -> list[Row]:
        return [Row(Path(f"{i}"), i % 2 == 0, "s", "", "train", f"{i}", f"sha{i}") for i in range(count)]

    def seeds(count: int, seed: int) -> set[int]:
        return {job.seed for job in plans.plan(rows(count), seed) if job.row == 0 and job.how == "handled"}

    assert seeds(4, 0) == seeds(40, 0) != seeds(4, 1)
    assert len(seeds(4, 0)) == plans.HANDLED


class Mean(nn.Module):
    """Logits linear in the mean colour."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.linear(x.mean((2, 3)))
        return result


class TestEarlyStopping:
    """Losses are told, not computed: the fourth look and those after it are no better than the third."""

    LOSSES = (3.0, 2.0, 1.0, 1.5, 1.2, 0.5)

    def run(self, checkpoint: Path, steps: int) -> tuple[nn.Module, list[torch.Tensor]]:
        """The network, and its weights at every look."""
        seen: list[torch.Tensor] = []

        def loss(network: nn.Module) -> float:
            seen.append(network.get_parameter("linear.weight").clone())
            return self.LOSSES[len(seen) - 1]

        rng = np.random.default_rng(0)
        pixels = rng.integers(0, 256, (8, 8, 8, 3)).astype(np.uint8)
        rows = [views.View(0, 0, "face", "plain", i % 2 == 0, "", "s", "", "train", "", 9.0, 8, 8) for i in range(8)]
        torch.manual_seed(0)
        watch = loop.Watch(loss, every=5, patience=2)
        plan = loop.Plan(steps, batch=4, rate=0.05, warmup=1)
        network = loop.train(Mean(), pixels, rows, np.arange(8), plan, checkpoint, watch=watch, device="cpu")
        return network, seen

    def test_it_ends_when_patience_does_with_the_best_weights(self, tmp_path: Path) -> None:
        network, seen = self.run(tmp_path / "x.pt", 100)
        assert len(seen) == 5  # two looks after the best one
        assert torch.equal(network.get_parameter("linear.weight"), seen[2])
        assert not torch.equal(seen[2], seen[4])

    def test_a_stopped_run_knows_that_it_had_ended(self, tmp_path: Path) -> None:
        first, seen = self.run(tmp_path / "x.pt", 100)
        again, looked = self.run(tmp_path / "x.pt", 100)
        assert not looked
        assert torch.equal(again.get_parameter("linear.weight"), seen[2])
        assert torch.equal(again.get_parameter("linear.weight"), first.get_parameter("linear.weight"))
