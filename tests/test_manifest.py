"""Layouts as users hold them. Pictures are never opened here, so empty files stand for them."""

from pathlib import Path

import pytest

from deepfake_detector import DataError
from deepfake_detector.evaluate import LabelledPicture, read_pictures


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def csv(folder: Path, text: str, name: str = "manifest.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_manifest_with_all_columns(tmp_path: Path) -> None:
    csv(
        tmp_path,
        "path,label,source,generator,split,group,sha256\n"
        "a/1.jpg,real,faces,camera,train,g1,00\n"
        "a/2.jpg,fake,swaps,roop,valid,g2,11\n",
    )
    manifest = read_pictures(tmp_path)
    assert list(manifest) == [
        LabelledPicture(tmp_path / "a/1.jpg", False, "faces", "camera", "train", "g1"),
        LabelledPicture(tmp_path / "a/2.jpg", True, "swaps", "roop", "val", "g2"),
    ]
    assert manifest.notes == ()


def test_only_path_and_label_are_obligatory(tmp_path: Path) -> None:
    """As a spreadsheet writes it: a byte order mark, capitals, spaces, an empty line at the end."""
    file = csv(tmp_path, "\ufeffLabel, Path\nFAKE,x y.png\nReal,ä.png\n,\n", "mine.csv")
    assert list(read_pictures(file)) == [
        LabelledPicture(tmp_path / "x y.png", True),
        LabelledPicture(tmp_path / "ä.png", False),
    ]


def test_one_means_real_and_it_is_said(tmp_path: Path) -> None:
    manifest = read_pictures(csv(tmp_path, "path,label\na.jpg,1\nb.jpg,0\n"))
    assert [picture.fake for picture in manifest] == [False, True]
    assert "1 was read as real" in manifest.notes[0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("file,label\na.jpg,real\n", "expected the columns path and label .* found file, label"),
        ("", "found none"),
        ("path,label\na.jpg,\n", "line 2: the label must be real or fake .* got ''"),
        ("path,label\na.jpg,maybe\n", "got 'maybe'"),
        ("path,label\n,real\n", "line 2: the path is empty"),
        ("path,label\na.jpg,real\nb.jpg,0\n", "line 3: labels are words in some lines and numbers in others"),
        ("path,label\na.jpg,real\na.jpg,fake\n", "a.jpg is real in one line and fake in another"),
        ("path,label\n", "no pictures in it"),
    ],
)
def test_what_is_missing_or_ambiguous_is_told(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_pictures(csv(tmp_path, text))


def test_a_picture_that_is_named_again_counts_once_and_it_is_said(tmp_path: Path) -> None:
    found = read_pictures(csv(touch(tmp_path, "a.jpg", "b.jpg"), "path,label\na.jpg,real\n./a.jpg,real\nb.jpg,fake\n"))
    assert [picture.path.name for picture in found] == ["a.jpg", "b.jpg"]
    assert found.notes == ("manifest.csv: 1 lines name a picture that an earlier line has named; each counts once.",)
    with pytest.raises(DataError, match="real in one line and fake in another"):
        read_pictures(csv(tmp_path, "path,label\na.jpg,real\n./a.jpg,fake\n"))


def test_pictures_that_a_table_of_the_folder_names_and_that_are_not_there_are_told(tmp_path: Path) -> None:
    folder = touch(tmp_path, "test/real/a.jpg", "test/fake/b.jpg")
    csv(folder, "path,label\ntest/real/a.jpg,1\ntest/fake/b.jpg,0\ntest/fake/gone.jpg,0\n", "test.csv")
    found = read_pictures(folder)
    assert len(found) == 2
    assert found.notes[-1] == "1 of 3 pictures that test.csv name are not there, and not counted."


def test_a_folder_named_like_a_table_is_a_folder(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.jpg", "fake/b.jpg", "train.csv/real/c.jpg")
    assert len(read_pictures(tmp_path)) == 3


def test_a_picture_is_not_a_manifest(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(DataError, match="not a CSV file in UTF-8"):
        read_pictures(tmp_path / "photo.jpg")
    with pytest.raises(DataError, match="no such file or folder"):
        read_pictures(tmp_path / "none")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (  # an ImageFolder
            ("real/1.jpg", "fake/2.jpg"),
            [("fake/2.jpg", True, "data", ""), ("real/1.jpg", False, "data", "")],
        ),
        (  # Kaggle: 140k Real and Fake Faces
            tuple(
                f"real_vs_fake/real-vs-fake/{s}/{c}/1.jpg" for s in ("train", "valid", "test") for c in ("real", "fake")
            ),
            [
                (f"real_vs_fake/real-vs-fake/{s}/{c}/1.jpg", c == "fake", "real_vs_fake/real-vs-fake", called)
                for s, called in (("test", "test"), ("train", "train"), ("valid", "val"))
                for c in ("fake", "real")
            ],
        ),
        (  # Kaggle: Deepfake and Real Images
            tuple(f"Dataset/{s}/{c}/x_1.jpg" for s in ("Train", "Validation", "Test") for c in ("Real", "Fake")),
            [
                (f"Dataset/{s}/{c}/x_1.jpg", c == "Fake", "Dataset", called)
                for s, called in (("Test", "test"), ("Train", "train"), ("Validation", "val"))
                for c in ("Fake", "Real")
            ],
        ),
        (  # sources below the classes
            ("real/ffhq/1.png", "fake/sd21/deep/2.webp"),
            [("fake/sd21/deep/2.webp", True, "sd21/deep", ""), ("real/ffhq/1.png", False, "ffhq", "")],
        ),
    ],
    ids=["image-folder", "140k", "deepfake-and-real", "sources"],
)
def test_class_folders(tmp_path: Path, names: tuple[str, ...], expected: list[tuple[str, bool, str, str]]) -> None:
    data = touch(tmp_path / "data", *names, ".hidden.jpg", "__MACOSX/real/._1.jpg", "notes.txt")
    found = [(str(p.path.relative_to(data).as_posix()), p.fake, p.source, p.split) for p in read_pictures(data)]
    assert found == expected


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (("real/1.jpg", "2.jpg"), r"2\.jpg is in no class folder"),
        (("realistic/1.jpg", "a-fake/2.jpg"), r"\(2 pictures\) are in no class folder"),
        (("real/fake/1.jpg",), "below folders of both classes"),
        (("train/test/real/1.jpg",), "two splits"),
        (("notes.txt",), "no pictures in it"),
    ],
)
def test_a_label_is_never_guessed(tmp_path: Path, names: tuple[str, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_pictures(touch(tmp_path, *names))


def test_a_split_is_chosen_by_any_of_its_names(tmp_path: Path) -> None:
    data = touch(tmp_path, "Validation/real/1.jpg", "Train/fake/2.jpg")
    for name in ("val", "valid", "VALIDATION"):
        manifest = read_pictures(data, name)
        assert [picture.path.name for picture in manifest] == ["1.jpg"]
        assert "Only the split 'val'" in manifest.notes[-1]
    with pytest.raises(DataError, match=r"the split 'test'\. It has train, val"):
        read_pictures(data, "test")
    with pytest.raises(DataError, match="not divided into splits"):
        read_pictures(touch(tmp_path / "plain", "real/1.jpg"), "test")


def test_folders_that_are_links_are_entered_but_not_round_and_round(tmp_path: Path) -> None:
    touch(tmp_path, "set/fake/a.jpg", "store/b.jpg", "store/more/c.jpg")
    (tmp_path / "set" / "real").symlink_to("../store")
    (tmp_path / "store" / "more" / "round").symlink_to(tmp_path / "set")
    (tmp_path / "store" / "again").symlink_to(".")
    found = read_pictures(tmp_path / "set")
    assert [(picture.path.name, picture.fake) for picture in found] == [
        ("a.jpg", True),
        ("b.jpg", False),
        ("c.jpg", False),
    ]


def test_a_file_that_is_real_in_one_folder_and_fake_in_another_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.jpg", "fake/b.jpg")
    (tmp_path / "fake" / "c.jpg").symlink_to("../real/a.jpg")
    with pytest.raises(DataError, match="are one file, real in one place and fake in the other"):
        read_pictures(tmp_path)
    with pytest.raises(DataError, match="real in one line and fake in another"):
        read_pictures(csv(tmp_path, "path,label\nreal/a.jpg,real\nfake/c.jpg,fake\n"))


def test_what_two_links_lead_to_counts_once_and_it_is_said(tmp_path: Path) -> None:
    touch(tmp_path, "set/real/a/1.jpg", "set/fake/2.jpg", "store/3.jpg")
    for name in ("b", "c"):
        (tmp_path / "set" / "real" / name).symlink_to("a")
        (tmp_path / "set" / "fake" / f"{name}.jpg").symlink_to("2.jpg")
    for folder in ("x", "y", "z"):  # each leads to the others
        touch(tmp_path, f"set/fake/{folder}/{folder}.jpg")
        for other in {"x", "y", "z"} - {folder}:
            (tmp_path / "set" / "fake" / folder / other).symlink_to(f"../{other}")
    found = read_pictures(tmp_path / "set")
    assert sorted(one.path.name for one in found) == ["1.jpg", "2.jpg", "x.jpg", "y.jpg", "z.jpg"]
    assert "links lead to what is there already" in found.notes[0]


def test_one_file_in_two_splits_is_kept_in_both(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "b.jpg")
    (tmp_path / "c.jpg").symlink_to("a.jpg")
    text = "path,label,split\na.jpg,real,train\nb.jpg,fake,train\nc.jpg,real,test\n"
    assert [picture.split for picture in read_pictures(csv(tmp_path, text))] == ["train", "train", "test"]


def test_files_that_are_not_named_as_pictures_are_told(tmp_path: Path) -> None:
    found = read_pictures(touch(tmp_path, "real/a.jpg", "real/b", "fake/c.jpg", "fake/d.txt", "README.md"))
    assert len(found) == 2
    assert found.notes[0].startswith("2 files in class folders are not named as pictures")


def test_paths_of_a_table_count_from_where_one_of_its_pictures_is(tmp_path: Path) -> None:
    touch(tmp_path, "real_vs_fake/real-vs-fake/test/real/b.jpg")
    lines = "path,label\ntest/fake/gone.jpg,fake\ntest/real/b.jpg,real\n"
    assert [picture.path.is_file() for picture in read_pictures(csv(tmp_path, lines, "test.csv"))] == [False, True]


@pytest.mark.parametrize(("name", "split"), [("Test", "test"), ("valid", "val"), ("photos", "")])
def test_a_split_folder_may_be_named_by_itself(tmp_path: Path, name: str, split: str) -> None:
    touch(tmp_path, f"Dataset/{name}/Real/a.jpg", f"Dataset/{name}/Fake/b.jpg")
    found = read_pictures(tmp_path / "Dataset" / name)
    assert {(picture.split, picture.source) for picture in found} == {(split, "Dataset" if split else name)}
    assert len(found.notes) == bool(split)


def test_what_a_table_does_not_name_is_told_where_the_folders_are_not_clear(tmp_path: Path) -> None:
    touch(tmp_path, "test/real/a.jpg", "test/fake/b.jpg", "preview.jpg")
    csv(tmp_path, "path,label\ntest/real/a.jpg,1\n", "test.csv")
    found = read_pictures(tmp_path)
    assert [picture.path.name for picture in found] == ["a.jpg"]
    assert "1 was read as real" in found.notes[0]
    assert "preview.jpg is in no class folder" in found.notes[1]
    assert found.notes[2].startswith("2 pictures")
