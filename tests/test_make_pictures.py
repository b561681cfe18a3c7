"""The script that takes training pictures from wheels: on a wheel made here."""

from __future__ import annotations

import csv
import re
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from commands import loaded
from PIL import Image

from deepfake_detector.train.data import read_manifest

PACKAGE = "comfyui-workflow-templates-media-image"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return loaded("make_pictures")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A folder with one wheel: a film of a black and a white frame, and a picture with a red stripe on top."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    frames = [Image.new("RGB", (400, 400), colour) for colour in ("black", "white")]
    frames[0].save(tmp_path / "film-1.webp", save_all=True, append_images=frames[1:], lossless=True)
    striped = np.full((400, 300, 3), 128, np.uint8)
    striped[:60] = (255, 0, 0)
    Image.fromarray(striped).save(tmp_path / "striped-1.webp", lossless=True)
    with zipfile.ZipFile(folder / f"{PACKAGE.replace('-', '_')}-1.0-py3-none-any.whl", "w") as archive:
        for name in ("film-1.webp", "striped-1.webp"):
            archive.write(tmp_path / name, f"media/templates/{name}")
    return folder


def test_frames_are_told_apart_and_badges_cut_off(script: ModuleType, wheels: Path) -> None:
    wheel = next(wheels.iterdir())
    assert [np.asarray(script.picture(wheel, "film-1.webp", frame, False)).mean() for frame in (0, 1)] == [0, 255]
    assert np.asarray(script.picture(wheel, "striped-1.webp", 0, False))[0, 0].tolist() == [255, 0, 0]
    cut = np.asarray(script.picture(wheel, "striped-1.webp", 0, True))
    assert cut.shape[1] == 300 and (cut == 128).all()


def test_sizes_are_those_of_the_packs_modern_fakes(script: ModuleType) -> None:
    rng = np.random.default_rng(0)
    found = [script.as_found(Image.new("RGB", size), rng) for size in ((400, 400), (350, 350), (400, 332)) * 20]
    assert {max(image.size) for image, _ in found} == {224, 256}
    assert min(min(image.size) for image, _ in found) > 180
    assert {quality for _, quality in found} == {88, 89, 90}


def test_a_folder_like_the_pack_comes_of_it(
    script: ModuleType, wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = tmp_path / "chosen.csv"
    lines = [(PACKAGE, "1.0", "film-1.webp", 0, 0), (PACKAGE, "1.0", "striped-1.webp", 0, 1)]
    with open(chosen, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("package", "version", "file", "frame", "badge"), *lines])
    monkeypatch.setattr(script, "CHOSEN", chosen)
    written = []
    for out in (tmp_path / "a", tmp_path / "b"):
        monkeypatch.setattr(sys, "argv", ["make_pictures", "--wheels", str(wheels), "--out", str(out)])
        script.main()
        written.append((out / "manifest.csv").read_text())
    assert written[0] == written[1]
    rows = read_manifest(tmp_path / "a")
    assert [(row.fake, row.source, row.generator, row.split, row.family) for row in rows] == [
        (True, script.SOURCE, name, "train", "generated") for name in ("film", "striped")
    ]
    assert all(Image.open(row.path).format == "JPEG" for row in rows)


def test_the_list_names_each_picture_once_from_the_wheels_to_download(script: ModuleType) -> None:
    with open(script.CHOSEN, newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len({(line["package"], line["file"], line["frame"]) for line in lines}) > 390
    assert {line["badge"] for line in lines} == {"0", "1"}
    told = set(re.findall(r"(comfyui[\w-]*)==([\d.]+)", script.__doc__ or ""))
    assert told == {(line["package"], line["version"]) for line in lines}
