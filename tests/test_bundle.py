import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from fakes import bundle, card, channel_head, mean_encoder

from deepfake_detector import ModelInvalid, ModelNotFound, OptionError
from deepfake_detector.faces.crop import centre
from deepfake_detector.models.bundle import SHIPPED, Bundle
from deepfake_detector.models.card import Card
from deepfake_detector.models.session import Members


@pytest.fixture()
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "deepfake_model.h5"
    bundle().save(path)
    return path


def test_what_is_saved_is_what_is_loaded(saved: Path) -> None:
    assert Bundle.load(saved) == replace(bundle(), graphs=bundle().graphs)
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]  # nothing partial is left


@pytest.mark.parametrize("name", ["", ".", "no/such/folder.h5"])
def test_a_file_that_cannot_be_written_is_told(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OptionError, match="name a file to write"):
        bundle().save(name)
    assert not list(tmp_path.iterdir())


def test_what_is_no_file_is_not_replaced_and_a_link_stays_one(tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe.h5", tmp_path / "link.h5"
    os.mkfifo(pipe)
    with pytest.raises(OptionError, match="name a file to write"):
        bundle().save(pipe)
    assert pipe.is_fifo()
    link.symlink_to("stored.h5")
    bundle().save(link)
    assert link.is_symlink()
    assert Bundle.load(tmp_path / "stored.h5") == bundle()


def test_two_who_save_at_once_do_not_meet(tmp_path: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(bundle().save, [tmp_path / "same.h5"] * 12))
    assert Bundle.load(tmp_path / "same.h5") == bundle()
    assert len(list(tmp_path.iterdir())) == 1


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 252 + ".h5")
    bundle().save(path)
    assert Bundle.load(path) == bundle()


@pytest.mark.parametrize("path", [None, 5, "with\0nul.h5", "x" * 5000])
def test_what_is_no_path_at_all_is_told(path: Any) -> None:
    with pytest.raises(OptionError, match="name a file to write"):
        bundle().save(path)
    with pytest.raises((OptionError, ModelNotFound)):
        Bundle.load(path)


def test_no_such_model(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match="default, fast"):
        Bundle.load(tmp_path / "none.h5")
    with pytest.raises(ModelNotFound):
        Bundle.load(tmp_path)


def test_a_file_that_is_not_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "model.h5"
    path.write_bytes(b"\x80\x04not a model")
    with pytest.raises(ModelInvalid, match="not an HDF5 file"):
        Bundle.load(path)


def test_foreign_hdf5_files_are_named(tmp_path: Path) -> None:
    keras, other = tmp_path / "keras.h5", tmp_path / "other.h5"
    with h5py.File(keras, "w") as file:
        file.attrs["keras_version"] = "3"
    with h5py.File(other, "w") as file:
        file["x"] = np.zeros(3)
    with pytest.raises(ModelInvalid, match="Keras model"):
        Bundle.load(keras)
    with pytest.raises(ModelInvalid, match="not a bundle of this package"):
        Bundle.load(other)


def test_damage_is_found(saved: Path, tmp_path: Path) -> None:
    for part in ("graphs/face", "manifest"):
        copy = tmp_path / "copy.h5"
        shutil.copy(saved, copy)
        with h5py.File(copy, "r+") as file:
            file[part][10] ^= 1
        with pytest.raises(ModelInvalid, match="damaged"):
            Bundle.load(copy)
    truncated = tmp_path / "truncated.h5"
    truncated.write_bytes(saved.read_bytes()[: saved.stat().st_size // 2])
    with pytest.raises(ModelInvalid):
        Bundle.load(truncated)


def test_a_newer_format_says_update(saved: Path) -> None:
    with h5py.File(saved, "r+") as file:
        file.attrs["format_version"] = 99
    with pytest.raises(ModelInvalid, match="pip install -U"):
        Bundle.load(saved)


def test_a_missing_graph_is_damage(saved: Path) -> None:
    with h5py.File(saved, "r+") as file:
        del file["graphs/face"]
    with pytest.raises(ModelInvalid, match="damaged"):
        Bundle.load(saved)


def test_cards_round_trip_and_check_themselves() -> None:
    ours = card("a", "face", "g", licence="MIT")
    assert Card.from_dict(ours.to_dict()) == ours
    for change in ({"region": "ear"}, {"side": 3}, {"std": (0.0, 1.0, 1.0)}, {"encoder": "e"}):
        with pytest.raises(ModelInvalid):
            Card.from_dict({**ours.to_dict(), **change})
    with pytest.raises(ModelInvalid, match="colour"):
        Card.from_dict({**ours.to_dict(), "colour": "red"})
    with pytest.raises(ModelInvalid, match="incomplete"):
        Card.from_dict({"name": "a"})


def test_graphs_are_held_against_their_cards() -> None:
    graphs = bundle().graphs
    with pytest.raises(ModelInvalid, match="side 64"):
        Members([card("a", "face", "face", side=64)], graphs)
    with pytest.raises(ModelInvalid, match="no graph 'gone'"):
        Members([card("a", "face", "gone")], graphs)
    with pytest.raises(ModelInvalid, match="does not load"):
        Members([card("a", "face", "junk")], {"junk": b"junk"})


def test_members_that_share_an_encoder() -> None:
    """Red minus blue, and green, of one and the same encoder."""
    graphs = {"enc": mean_encoder(32), "rb": channel_head([1, 0, -1]), "g": channel_head([0, 1, 0])}
    shared = {"encoder": "enc", "encoder_output": "features"}
    members = Members([card("rb", "scene", "rb", **shared), card("g", "scene", "g", **shared)], graphs)
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[...] = (255, 51, 102)
    logits = members.logits(pixels, centre((40, 40)), "scene")
    assert logits["rb"].tolist() == pytest.approx([0.6] * 4)
    assert logits["g"].tolist() == pytest.approx([0.2] * 4)
    assert members.logits(pixels, centre((40, 40)), "face") == {}


def test_an_encoder_without_that_output() -> None:
    graphs = {"enc": mean_encoder(32), "g": channel_head([0, 1, 0])}
    with pytest.raises(ModelInvalid, match="no output 'x'"):
        Members([card("g", "scene", "g", encoder="enc", encoder_output="x")], graphs)


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_bundles_load_and_are_documented(name: str) -> None:
    shipped = Bundle.load(name)
    assert shipped.name == name
    for member in shipped.cards:
        assert member.architecture
        assert member.pretraining
        assert member.training_data
        assert member.licence
    assert {"data", "figures", "limits"} <= set(shipped.about)


def test_shipped_weights_stay_within_their_sizes() -> None:
    default, fast = (Bundle.load(name).graphs for name in SHIPPED)
    everything = {**default, **fast}
    assert sum(map(len, everything.values())) <= 96 * 2**20
    assert sum(map(len, fast.values())) <= 12 * 2**20
    for name in set(default) & set(fast):
        assert default[name] == fast[name]  # one file serves both
