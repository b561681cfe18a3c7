"""From folders and manifests to rows: layouts, polarity, splits, groups, families; and the checks before training."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deepfake_detector import detector as detecting
from deepfake_detector.errors import DataError
from deepfake_detector.evaluate import read_pictures
from deepfake_detector.evaluate.manifest import LabelledPicture
from deepfake_detector.train import checks, examine, folds, gather, views
from deepfake_detector.train.data import Row
from deepfake_detector.types import Pixels

CLASSES = {"real": False, "fake": True}


def texture(seed: int, side: int = 96) -> Pixels:
    """Eight by eight random blocks, smoothed: every seed looks different, and to the perceptual hash too."""
    blocks = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(blocks).resize((side, side), Image.Resampling.BICUBIC))


def save(path: Path, pixels: Pixels, **options: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path, **options)  # type: ignore[arg-type]
    return path


def row(name: str, fake: bool, split: str = "train", source: str = "a", group: str = "") -> Row:
    return Row(Path(name), fake, source, "", split, group or name, name)


def facts(look: int = 0, sha256: str = "", **changes: float | str) -> examine.Facts:
    values = {"bytes": 1000, "width": 100, "height": 100, "format": "JPEG", "table": 10.0, **changes}
    return examine.Facts(sha256=sha256, look=look, **values)  # type: ignore[arg-type]


class TestLayouts:
    def kaggle_140k(self, root: Path, labels: dict[str, int]) -> Path:
        """Folders and CSV files as in the archive. labels: the number its CSV files give each class."""
        number = 0
        for split in ("train", "valid", "test"):
            lines = [",original_path,id,label,label_str,path"]
            for word in CLASSES:
                number += 1
                name = f"{split}/{word}/{number}.jpg"
                save(root / "real_vs_fake" / "real-vs-fake" / name, texture(number))
                lines.append(f"{number},/elsewhere/{number}.jpg,{number},{labels[word]},{word},{name}")
            (root / f"{split}.csv").write_text("\n".join(lines) + "\n")
        return root

    def test_140k_by_its_folders_held_against_its_tables(self, tmp_path: Path) -> None:
        manifest = read_pictures(self.kaggle_140k(tmp_path, {"real": 1, "fake": 0}))
        assert len(manifest) == 6
        for picture in manifest:
            assert picture.fake == (picture.path.parent.name == "fake")
            assert picture.split == {"valid": "val"}.get(picture.path.parts[-3], picture.path.parts[-3])
        assert "agree with test.csv, train.csv, valid.csv" in " ".join(manifest.notes)

    def test_140k_by_one_table(self, tmp_path: Path) -> None:
        manifest = read_pictures(self.kaggle_140k(tmp_path, {"real": 1, "fake": 0}) / "valid.csv")
        assert [(p.fake, p.split, p.path.is_file()) for p in manifest] == [(False, "val", True), (True, "val", True)]

    def test_tables_alone_where_no_folder_names_a_class(self, tmp_path: Path) -> None:
        save(tmp_path / "pictures" / "x.png", texture(1))
        save(tmp_path / "pictures" / "y.png", texture(2))
        (tmp_path / "train.csv").write_text("path,label\npictures/x.png,real\npictures/y.png,fake\n")
        manifest = read_pictures(tmp_path)
        assert [(p.path.name, p.fake, p.split) for p in manifest] == [
            ("x.png", False, "train"),
            ("y.png", True, "train"),
        ]

    @pytest.mark.parametrize("name", ["", "train.csv"])
    def test_numbers_the_other_way_round_are_refused(self, tmp_path: Path, name: str) -> None:
        root = self.kaggle_140k(tmp_path, {"real": 0, "fake": 1})
        with pytest.raises(DataError, match="read as fake, but the line also says real"):
            read_pictures(root / name)

    def test_a_table_that_contradicts_the_folders_is_refused(self, tmp_path: Path) -> None:
        save(tmp_path / "train" / "real" / "x.png", texture(1))
        (tmp_path / "train.csv").write_text("path,label\ntrain/real/x.png,fake\n")
        with pytest.raises(DataError, match=r"its folders say real, train; train\.csv say fake"):
            read_pictures(tmp_path)

    def test_a_table_of_something_else_is_left_alone(self, tmp_path: Path) -> None:
        save(tmp_path / "train" / "real" / "x.png", texture(1))
        (tmp_path / "train.csv").write_text("epoch,loss\n1,0.5\n")
        assert [p.fake for p in read_pictures(tmp_path)] == [False]

    def test_deepfake_and_real_images(self, tmp_path: Path) -> None:
        for split in ("Train", "Validation", "Test"):
            for word in ("Real", "Fake"):
                save(tmp_path / "Dataset" / split / word / f"{word.lower()}_0.jpg", texture(len(split)))
        found, _ = gather.gather([tmp_path])
        assert sorted((p.split, p.fake) for p in found) == [
            (s, f) for s in ("test", "train", "val") for f in (False, True)
        ]
        assert {p.source for p in found} == {"Dataset"}


class TestGather:
    def test_sources_splits_and_what_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_text("path,label,split\na.jpg,real,\nb.jpg,fake,dev\n")
        found, notes = gather.gather([tmp_path / "m.csv"])
        assert [(p.path.name, p.split, p.source) for p in found] == [("a.jpg", "train", tmp_path.name)]
        assert "1 pictures of the split 'dev' are not read" in notes[-1]

    def test_one_picture_with_two_labels_is_refused(self, tmp_path: Path) -> None:
        (tmp_path / "m.csv").write_text("path,label\na.jpg,real\n")
        (tmp_path / "n.csv").write_text("path,label\na.jpg,fake\n")
        with pytest.raises(DataError, match=r"a\.jpg is named twice, as real in train and as fake in train"):
            gather.gather([tmp_path / "m.csv", tmp_path / "n.csv"])

    @pytest.mark.parametrize(
        ("label", "family", "source", "otherwise", "expected"),
        [
            ("fake", "gan", "mine", None, "gan"),
            ("fake", "", "mine", None, None),
            ("fake", "", "mine", "generated", "generated"),
            ("fake", "", "dfdc-faces", "generated", "swap"),
            ("real", "", "mine", "generated", None),
        ],
    )
    def test_family_of_a_fake(
        self, label: str, family: str, source: str, otherwise: str | None, expected: str | None
    ) -> None:
        picture = LabelledPicture(Path("x"), CLASSES[label], source, split="train", family=family)
        (found,) = gather.rows_of([picture], {Path("x"): facts(sha256="s")}, otherwise)  # type: ignore[arg-type]
        assert (found.fake, found.family, found.group) == (CLASSES[label], expected, "s")

    @pytest.mark.parametrize(("fake", "family"), [(True, "faceswap"), (False, "swap")])
    def test_impossible_families_are_refused(self, fake: bool, family: str) -> None:
        with pytest.raises(DataError, match="family"):
            gather.rows_of([LabelledPicture(Path("x"), fake, family=family)], {Path("x"): facts()}, None)

    def test_a_tenth_of_the_groups_is_held_out_where_there_is_no_val(self) -> None:
        rows = [row(f"{i}-{j}", i % 2 == 0, group=f"g{i}") for i in range(60) for j in range(3)]
        rows += [row("has", True, source="b"), row("val", True, "val", "b")]
        split, lacking = gather.held_out(rows, seed=1)
        assert lacking == ["a"]
        held = {r.group for r in split if r.split == "val" and r.source == "a"}
        assert len(held) == 6
        assert sum(int(group[1:]) % 2 for group in held) == 3  # of each class alike
        assert not held & {r.group for r in split if r.split == "train"}
        assert [r.split for r in split if r.source == "b"] == ["train", "val"]
        assert split == gather.held_out(rows, seed=1)[0] != gather.held_out(rows, seed=2)[0]

    @pytest.mark.parametrize("groups", [1, 2])
    def test_a_folder_for_each_video_gives_a_tenth_of_all(self, groups: int) -> None:
        rows = [
            row(f"{fake}{video}{group}", fake, source=f"video {video if groups > 1 else (video, fake)}")
            for fake in (False, True)
            for video in range(60)
            for group in range(groups)
        ]
        split, _ = gather.held_out(rows, seed=0)
        assert [sum(r.split == "val" and r.fake == fake for r in split) for fake in (False, True)] == [6 * groups] * 2

    def test_a_sample_of_many_small_sources_is_as_large_as_asked(self) -> None:
        pictures = [LabelledPicture(Path(f"d/{i}.jpg"), i % 4 > 0, f"video {i}", split="train") for i in range(400)]
        found = gather.sampled(pictures, 40, seed=0)
        assert len(found) == 40
        assert len(gather.sampled(pictures, 1, seed=0)) == 2  # one of each class
        assert {picture.fake for picture in found} == {False, True}

    def test_names_that_are_no_text(self, tmp_path: Path) -> None:
        for word, number in (("real", 1), ("fake", 2)):
            save(tmp_path / word / os.fsdecode(b"s\xe9") / os.fsdecode(b"n\xe9.png"), texture(number))
        found, _ = gather.gather([tmp_path])
        assert {picture.source for picture in found} == {"s\\xe9"}
        assert len(gather.sampled(found, 1, seed=0)) == 2

    def test_a_sample_keeps_the_shares_and_all_of_test(self) -> None:
        names = [("train", True)] * 60 + [("train", False)] * 30 + [("val", True)] * 10 + [("test", True)] * 7
        pictures = [
            LabelledPicture(Path(f"d/{i}.jpg"), fake, "a", split=split) for i, (split, fake) in enumerate(names)
        ]
        found = gather.sampled(pictures, 50, seed=0)
        number = {key: sum((p.split, p.fake) == key for p in found) for key in set(names)}
        assert number == {("train", True): 30, ("train", False): 15, ("val", True): 5, ("test", True): 7}
        assert found == gather.sampled(pictures, 50, seed=0) != gather.sampled(pictures, 50, seed=1)

    @pytest.mark.parametrize("missing", ["real", "fake"])
    @pytest.mark.parametrize("split", ["train", "val"])
    def test_a_class_that_is_missing_is_named(self, missing: str, split: str) -> None:
        rows = [
            row(f"{s}{w}{i}", fake, s) for s in ("train", "val") for w, fake in CLASSES.items() for i in range(20)
            if (s, w) != (split, missing)
        ]  # fmt: skip
        with pytest.raises(DataError, match=f"No {missing} pictures .*needed"):
            gather.assert_classes(rows)

    def test_counts_are_told_by_split_source_and_class(self) -> None:
        table = gather.counts([row("x", True), row("y", True), row("z", False, "val", "b")])
        assert [line.split() for line in table.splitlines()[1:]] == [["train", "a", "0", "2"], ["val", "b", "1", "0"]]


class TestFolds:
    def test_three_sources_are_held_out_by_source(self) -> None:
        rows = [row(f"{s}{f}", f, source=s) for s in ("a", "b") for f in (True, False)]
        rows += [row("c", True, source="c"), row("d", False, source="d"), row("e", False, source="e")]
        found = folds.divide(rows, 0)
        assert [sorted(held) for held in found.sources.values()] == [["a", "e"], ["b"], ["c", "d"]]

    def test_fewer_are_held_out_by_group(self) -> None:
        rows = [row(f"{g}-{i}", g % 2 == 0, group=f"g{g}") for g in range(20) for i in range(2)]
        found = folds.divide(rows, 0)
        assert len(found.names) == 5
        for name in found.names:
            groups = [g for g, fold in found.of_group.items() if fold == name]
            assert sorted(int(g[1:]) % 2 for g in groups) == [0, 0, 1, 1]  # two of each class

    def test_a_single_group_of_a_class_cannot_be_held_out(self) -> None:
        with pytest.raises(DataError, match="fake training pictures are all of one group"):
            folds.divide([row("a", True), row("b", False), row("c", False)], 0)

    def test_what_is_learned_shares_no_group_with_what_is_held_out(self) -> None:
        table = [
            views.View(0, 0, "face", "plain", False, "", source, "", "train", group, 90.0, 9, 9)
            for source, group in (("a", "1"), ("a", "2"), ("b", "1"), ("b", "3"), ("b", ""), ("a", ""))
        ]
        held = np.array([view.source == "a" for view in table])
        assert folds.apart(table, held).tolist() == [False, False, False, True, True, False]


class TestRepeats:
    def neighbours(self, *entries: tuple[str, bool, str, str, int]) -> checks.Neighbours:
        rows = [Row(Path(name), fake, "a", "", split, name, sha) for name, fake, split, sha, _ in entries]
        return checks.Neighbours(rows, {Path(e[0]): facts(look=e[4], sha256=e[3]) for e in entries})

    @pytest.mark.parametrize("bits", [(0,), (0, 13, 26, 39), (63, 62, 61, 60)])
    def test_up_to_four_bits_apart_is_the_same_picture(self, bits: tuple[int, ...]) -> None:
        other = sum(1 << bit for bit in bits)
        (found,) = self.neighbours(("x", True, "train", "1", 0), ("y", True, "test", "2", other)).repeats()
        assert (found.row.path.name, found.again.path.name, found.distance) == ("x", "y", len(bits))

    def test_five_bits_apart_is_another_picture(self) -> None:
        assert not self.neighbours(("x", True, "train", "1", 0), ("y", True, "test", "2", 0b11111)).repeats()

    def test_near_hashes_are_found_as_by_comparing_all_pairs(self) -> None:
        rng = np.random.default_rng(0)
        centres = [int(x) for x in rng.integers(0, 2**63, 20)]
        looks = [c ^ sum(1 << int(b) for b in rng.choice(64, rng.integers(0, 7), False)) for c in centres * 10]
        found = self.neighbours(*((str(i), True, "train", str(i), look) for i, look in enumerate(looks)))
        for look in looks:
            assert found.near[look] == {other for other in looks if (look ^ other).bit_count() <= 4}

    def test_the_same_file_is_told_apart_from_a_similar_one(self) -> None:
        (found,) = self.neighbours(("x", True, "train", "1", 5), ("y", True, "val", "1", 5)).repeats()
        assert found.distance is None
        assert "the same file as val y" in str(found)

    def test_within_a_split_alike_pictures_become_one_group(self) -> None:
        found = self.neighbours(
            ("x", True, "train", "1", 0), ("y", False, "train", "2", 3), ("z", True, "train", "3", 999)
        )
        assert not found.repeats()
        groups = [r.group for r in found.regrouped()]
        assert groups[0] == groups[1] != groups[2]

    def test_of_a_group_in_two_splits_the_earlier_pictures_are_named(self) -> None:
        rows = [
            Row(Path(f"{split}-{group}"), False, "s", "", split, group, "")
            for split, group in zip(("train", "train", "val", "val", "test", "test"), "abaccb", strict=True)
        ]
        assert {str(row.path) for row in checks.parted(rows)} == {"train-a", "train-b", "val-c"}

    def test_files_with_two_labels_are_found(self) -> None:
        rows = [row("x", True), row("y", False), row("z", False)]
        rows = [Row(**{**vars(r), "sha256": "s"}) for r in rows[:2]] + rows[2:]
        assert checks.contradictions(rows) == ["x (fake) is the same file as y (real)"]

    def test_a_recompressed_copy_looks_the_same_and_another_picture_does_not(self, tmp_path: Path) -> None:
        first = examine.facts_of(save(tmp_path / "a.png", texture(1)))
        again = examine.facts_of(save(tmp_path / "b.jpg", texture(1), quality=60))
        other = examine.facts_of(save(tmp_path / "c.png", texture(2)))
        assert first.sha256 != again.sha256
        assert (first.look ^ again.look).bit_count() <= checks.NEAR < (first.look ^ other.look).bit_count()
        assert (first.format, again.format, first.table) == ("PNG", "JPEG", 0)
        assert again.table > 1


class TestGate:
    def figure(self, folder: Path, fake_options: dict[str, int], fake_suffix: str) -> float:
        rows, known = [], {}
        for i in range(120):
            fake = i % 2 == 0
            suffix, options = (fake_suffix, fake_options) if fake else (".jpg", {"quality": 80})
            path = save(folder / f"{i}{suffix}", texture(i, 48), **options)
            rows.append(row(str(path), fake))
            known[path] = examine.facts_of(path)
        found = checks.gate(rows, known, seed=0)
        assert found is not None
        assert (checks.warning(found) is not None) == (found.value > 0.6)
        return found.value

    def test_png_against_jpeg_gives_the_answer_away(self, tmp_path: Path) -> None:
        assert self.figure(tmp_path, {}, ".png") > 0.99

    def test_another_quality_gives_the_answer_away(self, tmp_path: Path) -> None:
        assert self.figure(tmp_path, {"quality": 90}, ".jpg") > 0.99

    def test_classes_treated_alike_do_not(self, tmp_path: Path) -> None:
        assert 0.35 < self.figure(tmp_path, {"quality": 80}, ".jpg") < 0.65


class TestExamine:
    def test_what_cannot_be_read_is_named_and_known_files_are_not_read_again(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        good, bad, tiny = (tmp_path / name for name in ("good.png", "bad.png", "tiny.png"))
        save(good, texture(1))
        bad.write_bytes(good.read_bytes()[:200])
        save(tiny, texture(1, 20))
        paths = [good, bad, tmp_path / "gone.png", tiny]
        known, unreadable = examine.examine(paths, tmp_path / "work", 1)
        assert list(known) == [good]
        assert [(u.error, Path(u.source).name) for u in unreadable] == [
            ("ImageUnreadable", "bad.png"), ("ImageNotFound", "gone.png"), ("ImageTooSmall", "tiny.png"),
        ]  # fmt: skip

        read = []
        real = examine.facts_of
        monkeypatch.setattr(examine, "facts_of", lambda path: read.append(path) or real(path))
        assert examine.examine(paths, tmp_path / "work", 1) == (known, unreadable)
        assert read == paths[1:]  # a disk may be back, a permission given
        save(bad, texture(3))
        assert list(examine.examine(paths, tmp_path / "work", 1)[0]) == [good, bad]
        assert good not in read

    def test_the_smallest_side_is_the_detectors(self) -> None:
        assert examine.MIN_SIDE == detecting.MIN_SIDE


def test_views_must_carry_the_label_of_their_picture() -> None:
    rows = [row("x", False), row("y", True)]

    def view(number: int, how: str, fake: bool) -> views.View:
        return views.View(number, 0, "face", how, fake, "", "a", "", "train", "g", 90.0, 100, 100)

    right = [view(0, "plain", False), view(0, "blend", True), view(0, "twin", False), view(1, "handled", True)]
    checks.assert_polarity(right, rows)
    for wrong in (view(0, "plain", True), view(1, "plain", False), view(0, "blend", False), view(1, "blend", True)):
        with pytest.raises(DataError, match=r"a stored view of it"):
            checks.assert_polarity([*right, wrong], rows)
