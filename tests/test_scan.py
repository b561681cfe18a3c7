"""Scans on the toy bundle, where bright is fake: rows, resuming, and what must never be lost."""

import csv
import errno
import json
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from fakes import grey
from PIL import Image

from deepfake_detector import DeepfakeDetector, Failure, ImageNotFound, MissingExtra, OptionError, extras
from deepfake_detector.scan import COLUMNS, Row, Summary, output, scan
from deepfake_detector.scan.copies import Copies
from deepfake_detector.scan.lines import Csv, Format, JsonLines, records
from deepfake_detector.scan.queue import Queue

FORMATS = ["csv", "jsonl", "parquet"]
ODD = [
    'comma, "quoted".png',
    "line\nbreak\r\n.png",
    "tab\t'.png",
    "ä 图.png",
    b"not \xff unicode\xe9.png",
    " .png",
    "=1.png",
]
FULL = Row(
    path="a.png",
    verdict="fake",
    prediction="Fake",
    real_score=1.5,
    fake_score=98.5,
    kind="gan",
    reasons="no_face;blurred",
    faces=0,
    width=120,
    height=100,
    file_size=7,
    modified="2024-05-01T12:00:00Z",
    model="toy 1",
)
FAILED = Row(path='b,\n".png', model="toy 1", error="ImageUnreadable", message='not "a\npicture", really')


@pytest.fixture(scope="module")
def toy_detector(toy: str) -> DeepfakeDetector:
    return DeepfakeDetector(toy)


@pytest.fixture()
def pictures(tmp_path: Path) -> list[str]:
    """Eleven greys from dark (real) to bright (fake), and a broken one in the middle."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for i in range(11):
        Image.fromarray(grey(25 * i)).save(folder / f"{i:02}.png")
    (folder / "05b.png").write_text("no picture")
    return sorted(map(str, folder.iterdir()))


def read(path: Path) -> list[dict[str, Any]]:
    """As a user reads the file: with other code than wrote it."""
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = pyarrow.parquet.read_table(path).to_pylist()
        return rows
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    return [{name: COLUMNS[name](value) if value else None for name, value in row.items()} for row in table]


def stop_after(paths: list[str], detector: DeepfakeDetector, out: Path, rows: int, **options: Any) -> None:
    """A scan that ends in the middle, as Ctrl-C ends it."""

    def watch(done: int, total: int) -> None:
        if done == rows:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scan(detector, paths, out, watch=watch, **options)


@pytest.mark.parametrize("ending", FORMATS)
def test_every_picture_has_a_row_with_the_numbers_of_predict(
    ending: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / f"out.{ending}"
    summary = scan(toy_detector, pictures, out)
    rows = read(out)
    assert [row["path"] for row in rows] == pictures
    assert all(tuple(row) == tuple(COLUMNS) for row in rows)
    for row in rows:
        if row["path"].endswith("05b.png"):
            assert row["error"] == "ImageUnreadable"
            assert "not a picture" in row["message"]
            assert not row["message"].startswith(row["path"])
            assert [row[name] for name in ("verdict", "prediction", "real_score", "fake_score", "faces", "width")] == (
                [None] * 6
            )
            continue
        result = toy_detector.predict(row["path"])
        assert (row["verdict"], row["prediction"]) == (result.verdict, result.prediction)
        assert (row["real_score"], row["fake_score"]) == (result.real_score, result.fake_score)
        assert (row["kind"], row["reasons"]) == (result.kind, ";".join(result.reasons))
        assert (row["faces"], row["width"], row["height"]) == (0, 120, 100)
        assert row["file_size"] == Path(row["path"]).stat().st_size
        assert (row["model"], row["error"], row["message"], row["path_hex"]) == ("toy 1", None, None, None)
    assert summary.rows == 12
    assert summary.failures == {"ImageUnreadable": 1}
    assert sum(summary.verdicts.values()) == 11
    assert summary.suspicious[0].path.endswith("10.png")
    highest = sorted((row["fake_score"] for row in rows if row["verdict"]), reverse=True)[:10]
    assert [row.fake_score for row in summary.suspicious] == highest
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"out.{ending}", f"out.{ending}.run.json", "pictures"]


@pytest.mark.parametrize("ending", FORMATS)
def test_a_stopped_scan_goes_on_and_ends_as_if_never_stopped(
    ending: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out, whole = tmp_path / f"out.{ending}", tmp_path / f"whole.{ending}"
    stop_after(pictures, toy_detector, out, 4)
    stop_after(pictures, toy_detector, out, 9)
    steps: list[tuple[int, int]] = []
    summary = scan(toy_detector, pictures, out, watch=lambda done, total: steps.append((done, total)))
    assert steps == [(9, 12), (10, 12), (11, 12), (12, 12)]
    assert summary.resumed == 9
    at_once = scan(toy_detector, pictures, whole)
    assert out.read_bytes() == whole.read_bytes()
    assert (summary.verdicts, summary.failures) == (at_once.verdicts, at_once.failures)
    assert summary.suspicious == at_once.suspicious


@pytest.mark.parametrize("ending", FORMATS)
def test_a_finished_scan_takes_in_what_is_new(
    ending: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / f"out.{ending}"
    scan(toy_detector, pictures[:5], out)
    assert scan(toy_detector, pictures[:5], out).resumed == 5
    summary = scan(toy_detector, pictures[3:], out)
    assert (summary.resumed, summary.rows) == (5, 12)
    assert [row["path"] for row in read(out)] == pictures


def test_an_empty_journal_beside_a_finished_parquet_file_costs_nothing(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    scan(toy_detector, pictures[:5], tmp_path / "out.parquet")
    (tmp_path / "out.parquet.partial").touch()  # a kill right after the journal was made
    assert scan(toy_detector, pictures[5:], tmp_path / "out.parquet").resumed == 5
    assert [row["path"] for row in read(tmp_path / "out.parquet")] == pictures


@pytest.mark.parametrize("ending", FORMATS)
def test_a_torn_record_is_judged_again_wherever_it_was_torn(
    ending: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    """Every length that a kill could leave the file with, down to nothing."""
    out = tmp_path / f"out.{ending}"
    odd = tmp_path / 'torn,\r\n"here".png'
    Image.fromarray(grey(250)).save(odd)
    names = [pictures[0], str(odd)]
    stop_after(names, toy_detector, out, 2)
    journal = out.with_name(out.name + ".partial") if ending == "parquet" else out
    whole = journal.read_bytes()
    ends = [len(whole), whole.index(b"\r\n" if ending == "csv" else b"\n") + 1]
    for length in sorted(
        {*range(0, len(whole), 67), *(end + by for end in ends for by in (-2, -1, 0, 1))} - {len(whole) + 1}
    ):
        out.unlink(missing_ok=True)
        journal.write_bytes(whole[:length])
        scan(toy_detector, names, out)
        assert [row["path"] for row in read(out)] == names, length
        assert not (ending == "parquet" and journal.exists())


@pytest.mark.parametrize("ending", FORMATS)
def test_odd_names_survive_and_are_told_apart(
    ending: str, toy_detector: DeepfakeDetector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [os.fsdecode(name) for name in ODD] + [r"not \xff unicode\xe9.png", "gone \udcff.png"]
    for name in names[:-1]:
        Image.fromarray(grey(10)).save(name)
    out = Path(f"out.{ending}")
    stop_after(names, toy_detector, out, 6)
    scan(toy_detector, names, out)
    rows = [Row(**row) for row in read(out)]
    assert [row.name for row in rows] == names
    assert [row.path_hex for row in rows] == [None] * 4 + [ODD[4].hex()] + [None] * 3 + [b"gone \xff.png".hex()]  # type: ignore[union-attr]
    assert rows[4].path == r"not \xff unicode\xe9.png" == rows[7].path
    assert [row.error for row in rows] == [None] * 8 + ["ImageNotFound"]


def test_a_path_named_twice_is_judged_once(toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path) -> None:
    told = Failure("*.webp", ImageNotFound("*.webp", "nothing matches this pattern."))
    sources = [pictures[0], told, Path(pictures[0]), pictures[1], told, pictures[0]]
    scan(toy_detector, sources, tmp_path / "out.jsonl")
    rows = read(tmp_path / "out.jsonl")
    assert [row["path"] for row in rows] == [pictures[0], "*.webp", pictures[1]]
    assert (rows[1]["error"], rows[1]["message"]) == ("ImageNotFound", "nothing matches this pattern.")


@pytest.mark.parametrize("ending", FORMATS)
def test_rows_of_two_kinds_never_mix(
    ending: str, toy: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / f"out.{ending}"
    other = DeepfakeDetector(toy, threshold=0.9)
    stop_after(pictures, toy_detector, out, 5)
    before = sorted((path.name, path.read_bytes()) for path in tmp_path.glob("out*"))
    with pytest.raises(OptionError, match=r"threshold 0\.5, now 0\.9.*--no-resume"):
        scan(other, pictures, out)
    assert sorted((path.name, path.read_bytes()) for path in tmp_path.glob("out*")) == before
    scan(toy_detector, pictures, out)
    with pytest.raises(OptionError, match="made with other options"):
        scan(other, pictures, out)
    assert scan(other, pictures[:3], out, resume=False).rows == 3
    assert len(read(out)) == 3


def test_another_model_of_the_same_name_is_another_model(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    from fakes import bundle, window_bundle

    assert window_bundle((0, 0, 8, 8)).name == bundle().name
    window_bundle((0, 0, 8, 8)).save(tmp_path / "other.h5")
    scan(toy_detector, pictures, tmp_path / "out.csv")
    with pytest.raises(OptionError, match="model_sha256"):
        scan(DeepfakeDetector(tmp_path / "other.h5"), pictures, tmp_path / "out.csv")


@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_that_is_no_scan_is_left_alone(
    ending: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / f"holiday.{ending}"
    out.write_text("my own\n")
    with pytest.raises(OptionError, match=r"holiday.*run\.json.*[Mm]ove"):
        scan(toy_detector, pictures, out)
    with pytest.raises(OptionError, match="no scan"):  # not even when told to start anew
        scan(toy_detector, pictures, out, resume=False)
    assert out.read_text() == "my own\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == [out.name, "pictures"]


@pytest.mark.parametrize("ending", FORMATS)
def test_damage_in_the_middle_is_told_not_passed_over(
    ending: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / f"out.{ending}"
    scan(toy_detector, pictures, out)
    data = out.read_bytes()
    out.write_bytes(data[:300] + b"\r\n" + data[400:])
    with pytest.raises(OptionError, match=r"damaged.*--no-resume"):
        scan(toy_detector, pictures, out)


@pytest.mark.parametrize("name", ["out.xlsx", "out", "nowhere/out.csv"])
def test_outputs_that_cannot_be_are_told_first(
    name: str, toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match=r"\.parquet, \.csv, \.jsonl|no folder"):
        scan(toy_detector, pictures, tmp_path / name)


def test_one_scan_at_a_time_writes_a_file(toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path) -> None:
    def meanwhile() -> Iterator[str]:
        with pytest.raises(OptionError, match="another scan"):
            scan(toy_detector, pictures, tmp_path / "out.csv")
        yield pictures[0]

    assert scan(toy_detector, meanwhile(), tmp_path / "out.csv").rows == 1


def test_one_scan_alone_takes_a_finished_parquet_file_apart(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.parquet"
    scan(toy_detector, pictures[:3], out)
    take_apart = output.Output._take_apart

    def slowly(self: output.Output) -> None:
        monkeypatch.setattr(output.Output, "_take_apart", take_apart)
        with pytest.raises(OptionError, match="another scan"):
            scan(toy_detector, pictures[5:], out)
        take_apart(self)

    monkeypatch.setattr(output.Output, "_take_apart", slowly)
    assert scan(toy_detector, pictures[3:5], out).rows == 5
    assert [row["path"] for row in read(out)] == pictures[:5]


def test_csv_and_json_lines_need_no_extra(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    assert scan(toy_detector, pictures, tmp_path / "out.csv").rows == 12
    assert scan(toy_detector, pictures, tmp_path / "out.jsonl").rows == 12
    with pytest.raises(MissingExtra, match=r"pyarrow.*\[scan\]"):
        scan(toy_detector, pictures, tmp_path / "out.parquet")


def test_parquet_has_types_and_groups(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deepfake_detector.scan.parquet.GROUP", 5)
    scan(toy_detector, pictures, tmp_path / "out.parquet")
    file = pyarrow.parquet.ParquetFile(tmp_path / "out.parquet")
    assert [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)] == [5, 5, 2]
    types = {field.name: str(field.type) for field in file.schema_arrow}
    assert list(types) == list(COLUMNS)
    assert (types["path"], types["fake_score"], types["faces"]) == ("string", "double", "int64")
    assert scan(toy_detector, pictures, tmp_path / "out.parquet").resumed == 12  # read back group by group


@pytest.mark.parametrize("form", [Csv(), JsonLines()])
def test_records_are_told_apart_by_their_ends(form: Format, tmp_path: Path) -> None:
    path = tmp_path / "records"
    encoded = [form.encode(row) for row in (FULL, FAILED, FULL)]
    path.write_bytes(b"".join(encoded) + encoded[1][:-1])
    with path.open("rb") as file:
        found = list(records(file, form))
    assert [form.decode(record) for record, _ in found] == [FULL, FAILED, FULL]
    assert found[-1][1] == sum(map(len, encoded))


def test_csv_by_hand() -> None:
    assert Csv().encode(FAILED) == (b'"b,\n"".png",,,,,,,,,,,,,toy 1,ImageUnreadable,"not ""a\npicture"", really"\r\n')
    assert Csv.head == (
        b"path,path_hex,verdict,prediction,real_score,fake_score,kind,reasons,faces,width,height,file_size,modified,"
        b"model,error,message\r\n"
    )


def test_the_summary_keeps_the_ten_highest() -> None:
    summary = Summary()
    for number in range(100):
        score = float(number * 37 % 100)  # every whole percentage once, shuffled
        summary.add(Row(path=str(number), verdict="fake" if score >= 50 else "real", fake_score=score))
        summary.add(Row(path=f"{number} failed", error="ImageUnreadable"))
    assert [row.fake_score for row in summary.suspicious] == [99, 98, 97, 96, 95, 94, 93, 92, 91, 90]
    assert summary.verdicts == {"fake": 50, "real": 50}
    assert summary.failures == {"ImageUnreadable": 100}
    assert summary.rows == 200
    equal = Summary()
    for number in range(30):
        equal.add(Row(path=str(number), verdict="fake", fake_score=99.0))
    assert [row.path for row in equal.suspicious] == list("0123456789")


def test_the_queue_gives_each_name_once_in_order() -> None:
    with Queue() as queue:
        queue.done("b")
        for name in ("c", "a", "b", "c", "\udcff"):
            queue.add(name)
        queue.add(Failure("d", ImageNotFound("d", "why \udcff")))
        assert len(queue) == 4
        first, second, third, failure = queue
        assert (first, second, third) == ("c", "a", "\udcff")
        assert isinstance(failure, Failure)
        assert str(failure.error).startswith("d: why ")


def test_copies_overwrite_nothing_and_stay_inside(tmp_path: Path) -> None:
    sources = []
    for folder, text in (("a", "one"), ("b", "two"), ("c", "one"), ("d", "six")):  # all of one size, and one date
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "photo.jpg"
        path.write_text(text)
        os.utime(path, (0, 0))
        sources.append(str(path))
    outside = tmp_path / "outside.jpg"
    copies = Copies(tmp_path / "fakes")
    (tmp_path / "fakes" / "link.jpg").symlink_to(outside)
    (tmp_path / "a" / "link.jpg").write_text("link")
    sources.append(str(tmp_path / "a" / "link.jpg"))
    for _ in range(2):  # a scan that was killed hands them over again
        assert [copies.attempt(path) for path in sources] == [[]] * 5
    copied = sorted(path for path in (tmp_path / "fakes").iterdir() if not path.is_symlink())
    assert sorted(path.read_text() for path in copied) == ["link", "one", "six", "two"]
    assert (tmp_path / "fakes" / "photo.jpg").read_text() == "one"
    assert not outside.exists()
    assert copies.attempt(str(tmp_path / "gone.jpg")) == ["No such file or directory"]
    assert len(list((tmp_path / "fakes").iterdir())) == 5
    assert copies.holds(str(tmp_path / "x" / ".." / "fakes" / "photo.jpg"))


@pytest.mark.parametrize("links", [True, False])
def test_two_scans_lose_nothing_in_one_folder_of_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """The second copies its file of the same name while the first is at its own."""
    for folder, text in (("a", "one"), ("b", "two")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "photo.jpg").write_text(text)
    first, second = Copies(tmp_path / "fakes"), Copies(tmp_path / "fakes")
    copy, waiting = shutil.copy2, [str(tmp_path / "b" / "photo.jpg")]

    def slow(source: str, target: Path) -> None:
        copy(source, target)
        if waiting:
            assert second.attempt(waiting.pop()) == []

    monkeypatch.setattr(shutil, "copy2", slow)
    if not links:
        monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOTSUP, "no links here")))
    said = first.attempt(str(tmp_path / "a" / "photo.jpg"))
    copied = sorted(path.read_text() for path in (tmp_path / "fakes").iterdir())
    assert (said, copied) == ([], ["one", "two"])


def test_copies_know_their_folder(tmp_path: Path) -> None:
    copies = Copies(tmp_path / "fakes")
    assert copies.holds(str(tmp_path / "x" / ".." / "fakes" / "photo.jpg"))
    assert not copies.holds(str(tmp_path / "fakes.jpg"))


def test_fakes_are_copied_those_of_earlier_runs_too(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out, fakes = tmp_path / "out.csv", tmp_path / "pictures" / "fakes"
    stop_after(pictures, toy_detector, out, 11)
    scan(toy_detector, pictures, out, copy_fakes=fakes)
    verdicts = {Path(row["path"]).name: row["verdict"] for row in read(out)}
    expected = sorted(name for name, verdict in verdicts.items() if verdict == "fake")
    assert len(expected) >= 2
    assert sorted(path.name for path in fakes.iterdir()) == expected
    below = [str(path) for path in fakes.iterdir()]
    assert scan(toy_detector, [*pictures, *below], out, copy_fakes=fakes).rows == 12


def test_rows_stay_where_the_new_list_cannot_be_read(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    scan(toy_detector, pictures, out)
    before = out.read_bytes()

    def names() -> Iterator[str]:
        yield pictures[0]
        raise OptionError("this is no list")

    with pytest.raises(OptionError, match="no list"):
        scan(toy_detector, names(), out, resume=False)
    assert out.read_bytes() == before


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data.replace(b"\r\n", b"\n"),  # an editor's line ends
        lambda data: data.replace(b"real,Real", b'real",Real', 1),  # a stray quote
        lambda data: data[:600] + b'"' + data[600:],
    ],
    ids=["line ends", "quote", "another quote"],
)
def test_a_csv_that_was_edited_is_refused_and_kept(
    spoil: Callable[[bytes], bytes], toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    scan(toy_detector, pictures, out)
    spoilt = spoil(out.read_bytes())
    out.write_bytes(spoilt)
    with pytest.raises(OptionError, match="damaged"):
        scan(toy_detector, pictures, out)
    assert out.read_bytes() == spoilt


def test_pictures_in_the_folder_of_copies_are_told(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    with pytest.raises(OptionError, match="all pictures named lie right in this folder"):
        scan(toy_detector, pictures, tmp_path / "a.csv", copy_fakes=folder)
    # Below it they are pictures like any other, and what a link leads to is the folder too.
    assert scan(toy_detector, pictures, tmp_path / "b.csv", copy_fakes=tmp_path).rows == 12
    (tmp_path / "link").symlink_to(folder)
    summary = scan(
        toy_detector, [*pictures, str(tmp_path / "other.png")], tmp_path / "c.csv", copy_fakes=tmp_path / "link"
    )
    assert (summary.inside, summary.rows) == (12, 1)


def test_what_a_scan_writes_is_no_picture(toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    beside = [str(out), str(tmp_path / "x" / ".." / "out.csv.run.json")]
    assert scan(toy_detector, [*pictures, *beside], out).rows == 12
    assert scan(toy_detector, [*pictures, *beside], out).rows == 12


def test_a_parquet_file_finished_meanwhile_is_not_replaced(
    toy_detector: DeepfakeDetector, pictures: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another scan ends after this one has looked at its journal, and before it has the lock."""
    out = tmp_path / "out.parquet"
    stop_after(pictures, toy_detector, out, 5)
    original = output.Output._check

    def slow(self: output.Output, facts: Any) -> None:
        original(self, facts)
        monkeypatch.setattr(output.Output, "_check", original)
        scan(toy_detector, pictures, out)

    monkeypatch.setattr(output.Output, "_check", slow)
    with pytest.raises(OptionError, match="just finished"):
        scan(toy_detector, pictures[:1], out)
    assert len(read(out)) == 12


def test_a_full_disk_is_an_error_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def execute(self, *_: object) -> None:
            raise sqlite3.OperationalError("database or disk is full")

    with Queue() as queue:
        monkeypatch.setattr(queue, "_db", Full())
        with pytest.raises(OSError, match="disk is full"):
            queue.add("a")
        monkeypatch.undo()
