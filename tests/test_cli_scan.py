"""The command, in processes of its own where it is killed; a named pipe stops a scan at a place that is known."""

import contextlib
import json
import os
import pty
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from fakes import grey
from PIL import Image

from deepfake_detector import DeepfakeDetector, extras
from deepfake_detector.cli.app import app
from deepfake_detector.cli.inputs import listed
from deepfake_detector.cli.scan import _bar

COMMAND = [sys.executable, "-m", "deepfake_detector", "scan"]


@pytest.fixture()
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five dark pictures (real), below them two bright ones (fake); paths in tests are relative to what holds them."""
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    for name, level in (("1", 0), ("2", 5), ("3", 10), ("4", 15), ("5", 20), ("below/6", 255), ("below/7", 250)):
        Image.fromarray(grey(level)).save(folder / f"{name}.png")
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture()
def run(toy: str) -> Any:
    def run(*arguments: str, stdin: bytes = b"") -> Result:
        return CliRunner().invoke(app, ["scan", *arguments, "--model", toy], input=stdin)

    return run


def rows(path: str = "out.jsonl") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(path).read_text(encoding="utf-8").splitlines()]


def names(path: str = "out.jsonl") -> list[str]:
    return [Path(row["path"]).stem for row in rows(path)]


def test_the_summary_tells_counts_and_the_most_suspicious(folder: Path, run: Any) -> None:
    (folder / "bad\x1b[2J\n.png").write_text("no picture")
    Image.fromarray(grey(252)).save(folder / "x\x1b[2J\n.png")
    result = run("pictures", "none.jpg", "--out", "out.jsonl")
    assert result.exit_code == 1
    text = " ".join(result.stdout.split())
    for expected in ("out.jsonl: 10 pictures", "fake 3", "inconclusive 0", "real 5", "not read: ImageNotFound 1"):
        assert expected in text
    assert "not read: ImageUnreadable 1 Most suspicious:" in text
    told = [line.split()[-1] for line in result.stdout.splitlines() if "%" in line]
    assert told[:3] == [r"pictures/below/6.png", r"pictures/x\x1b[2J\n.png", "pictures/below/7.png"]
    assert result.stderr == ""
    again = run("pictures", "none.jpg", "--out", "out.jsonl")
    assert "10 pictures (10 of them from earlier runs)" in again.stdout
    assert again.exit_code == 1
    assert run("pictures", "--out", "out.jsonl", "--quiet").output == ""


def test_lists_by_name_by_option_and_from_standard_input(folder: Path, run: Any) -> None:
    data = b"\xef\xbb\xbfpictures/2.png\r\n\r\npictures/1.png\npictures\nno\xff.png"
    expected = ["2", "1", "pictures", r"no\xff"]
    for name in ("a.txt", "a.LST", "a.names"):
        Path(name).write_bytes(data)
    assert run("a.txt", "--out", "1.jsonl").exit_code == 1  # "pictures" is a folder: lines are taken as they stand
    assert run("a.LST", "--out", "2.jsonl").exit_code == 1
    assert run("--list", "a.names", "--out", "3.jsonl").exit_code == 1
    assert run("-", "--out", "4.jsonl", stdin=data).exit_code == 1
    assert run("--list", "-", "--null", "--out", "5.jsonl", stdin=b"pictures/2.png\0a\nb.png\0").exit_code == 1
    assert [names(f"{i}.jsonl") for i in range(1, 5)] == [expected] * 4
    assert rows("4.jsonl")[3]["path_hex"] == b"no\xff.png".hex()
    assert [row["path"] for row in rows("5.jsonl")] == ["pictures/2.png", "a\nb.png"]
    assert run("a.names", "--out", "6.jsonl").exit_code == 1  # without the option it is a picture
    assert [row["error"] for row in rows("6.jsonl")] == ["ImageUnreadable"]


def test_a_list_may_be_a_pipe(folder: Path, toy: str) -> None:
    os.mkfifo("names")
    process = start("--list", "names", "--out", "out.jsonl", toy=toy)
    Path("names").write_text("pictures/1.png\npictures/2.png\n")
    process.communicate()
    assert process.returncode == 0
    assert names() == ["1", "2"]


def test_long_lists_are_read_in_pieces(tmp_path: Path) -> None:
    many = [f"{'folder/' * (i % 9)}{i}.png" for i in range(9000)]  # some 300 kB, so that pieces end within names
    (tmp_path / "many.txt").write_text("\n".join(many))
    assert list(listed([str(tmp_path / "many.txt")], [], null=False)) == many


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["pictures", "--out", "out.xlsx"], "unknown ending"),
        (["pictures", "--out", "none/out.csv"], "no folder"),
        (["pictures"], "--out"),
        (["--out", "out.csv"], "at least one PATH"),
        (["none.txt", "--out", "out.csv"], "none.txt: this list cannot be read"),
        (["--list", "pictures", "--out", "out.csv"], "list cannot be read"),
        (["long.txt", "--out", "out.csv"], "longer than any path"),
        (["pictures", "--out", "out.csv", "--threshold", "2"], "between 0 and 1"),
        (["pictures", "--out", "out.csv", "--fail-on", "real"], "fail-on"),
        (["pictures", "--out", "out.csv", "--copy-fakes", "long.txt"], "long.txt"),
        (["pictures", "--out", "pictures"], "is a directory"),
    ],
)
def test_wrong_usage_is_exit_code_two(folder: Path, run: Any, arguments: list[str], message: str) -> None:
    Path("long.txt").write_bytes(b"x" * 100_000)
    result = run(*arguments)
    assert result.exit_code == 2
    assert message in result.stderr


def test_other_options_are_refused_with_what_to_do(folder: Path, run: Any) -> None:
    assert run("pictures", "--out", "out.csv").exit_code == 0
    refused = run("pictures", "--out", "out.csv", "--max-fpr", "0.02")
    assert refused.exit_code == 2
    assert "threshold 0.5, now 0.9" in refused.stderr
    assert "--out" in refused.stderr
    assert "--no-resume" in refused.stderr
    assert run("pictures/1.png", "--out", "out.csv", "--max-fpr", "0.02", "--no-resume").exit_code == 0
    assert len(Path("out.csv").read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pictures/1.png", "--fail-on", "fake"], 0),
        (["pictures", "--fail-on", "fake"], 3),
        (["pictures", "none.jpg", "--fail-on", "fake"], 3),  # stronger than 1
        (["pictures/1.png", "none.jpg", "--fail-on", "fake"], 1),
        (["grey.png", "--fail-on", "fake"], 0),
        (["grey.png", "--fail-on", "inconclusive"], 3),
        (["pictures/below", "--fail-on", "inconclusive"], 3),
        (["pictures"], 0),
    ],
)
def test_fail_on(folder: Path, run: Any, arguments: list[str], code: int) -> None:
    Image.fromarray(grey(128)).save("grey.png")  # 4 * 0.5 - 2 = 0: as likely as not
    assert run(*arguments, "--out", "out.jsonl").exit_code == code
    assert len(rows()) >= 1
    assert run(*arguments, "--out", "out.jsonl").exit_code == code  # it speaks of the whole output


def test_fakes_are_copied_out_of_the_way_of_the_next_scan(folder: Path, run: Any) -> None:
    for _ in range(2):
        assert run("pictures", "--out", "out.jsonl", "--copy-fakes", "pictures/found").exit_code == 0
        assert sorted(path.name for path in Path("pictures/found").iterdir()) == ["6.png", "7.png"]
        assert names() == ["1", "2", "3", "4", "5", "6", "7"]
    assert Path("pictures/found/6.png").read_bytes() == (folder / "below" / "6.png").read_bytes()


def test_a_fake_that_cannot_be_copied_is_told(folder: Path, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, target: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copy2", full)
    result = run("pictures", "--out", "out.jsonl", "--copy-fakes", "found")
    assert result.exit_code == 1
    assert "fakes not copied: No space left on device" in result.stdout
    assert list(Path("found").iterdir()) == []
    assert len(rows()) == 7


EVERY = [f"pictures/{name}.png" for name in (1, 2, 3, 4, 5, "below/6", "below/7")]
"""All of the folder, each named by itself: in a folder pipes are passed over."""


def start(*arguments: str, toy: str) -> subprocess.Popen[bytes]:
    """In the background; it hears Control-C also where the tests themselves were started deaf to it, as by ``&``."""
    command = [*COMMAND, *arguments, "--model", toy]
    hears = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=hears)


def held_up(picture: Path) -> int:
    """A pipe in a picture's place: a scan that comes to it stays until what this gives, its writing end, is closed."""
    picture.unlink()
    os.mkfifo(picture)
    return os.open(picture, os.O_RDWR)


def wait_for(journal: str, lines: int) -> None:
    """Until the file has so many lines."""
    for _ in range(6000):
        if Path(journal).exists() and Path(journal).read_bytes().count(b"\n") >= lines:
            return
        time.sleep(0.01)
    raise AssertionError(f"{journal} never had {lines} lines")


@pytest.mark.parametrize(
    ("out", "journal", "head"),
    [("out.jsonl", "out.jsonl", 0), ("out.csv", "out.csv", 1), ("out.parquet", "out.parquet.partial", 0)],
)
def test_killed_twice_every_file_is_there_once(folder: Path, toy: str, out: str, journal: str, head: int) -> None:
    for stop, kept in (("3", 2), ("below/6", 5)):
        picture = folder / f"{stop}.png"
        data, end = picture.read_bytes(), held_up(picture)
        process = start(*EVERY, "--out", out, toy=toy)
        wait_for(journal, head + kept)
        process.kill()
        process.communicate()
        os.close(end)
        assert process.returncode == -signal.SIGKILL
        assert Path(journal).read_bytes().count(b"\n") == head + kept
        with open(journal, "ab") as file:
            file.write(b'{"path": "pictures/3.p')  # as a kill in the midst of writing leaves it
        picture.unlink()
        picture.write_bytes(data)
    process = start(*EVERY, "--out", out, toy=toy)
    assert b"(5 of them from earlier runs)" in process.communicate()[0]
    assert process.returncode == 0
    if out == "out.parquet":
        found = pyarrow.parquet.read_table(out)["path"].to_pylist()
        assert not Path(journal).exists()
    else:
        lines = Path(out).read_text().splitlines()[head:]
        found = [json.loads(line)["path"] if out == "out.jsonl" else line.split(",")[0] for line in lines]
    assert found == EVERY


def test_control_c_ends_cleanly_and_goes_on(folder: Path, toy: str, run: Any) -> None:
    picture = folder / "4.png"
    data, end = picture.read_bytes(), held_up(picture)
    process = start(*EVERY, "--out", "out.jsonl", toy=toy)
    wait_for("out.jsonl", 3)
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    os.close(end)  # ends the read that is under way; what was begun is waited for
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert (output, errors) == (b"", b"Stopped. The same command goes on from here.\n")
    picture.unlink()
    picture.write_bytes(data)
    assert names() == ["1", "2", "3"]
    assert run("pictures", "--out", "out.jsonl").exit_code == 0
    assert names() == ["1", "2", "3", "4", "5", "6", "7"]


def test_the_bar_is_for_terminals(folder: Path, toy: str) -> None:
    drawn = on_terminal("pictures", "--out", "out.jsonl", "--model", toy)
    assert "7/7" in drawn
    assert "left" in drawn
    assert "0:00:00" in drawn
    assert on_terminal("pictures", "--out", "2.jsonl", "--model", toy, "--quiet") == ""


def on_terminal(*arguments: str) -> str:
    """What the command draws where standard error is a terminal."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    process = subprocess.Popen([*COMMAND, *arguments], stderr=follower, stdout=subprocess.DEVNULL, env=environment)
    os.close(follower)
    drawn = b""
    with contextlib.suppress(OSError), os.fdopen(leader, "rb", buffering=0) as terminal:
        while data := terminal.read(2**16):  # at its end Linux raises
            drawn += data
    assert process.wait() == 0
    return drawn.decode()


def test_without_rich_a_terminal_is_told_and_the_scan_goes_on(monkeypatch: pytest.MonkeyPatch, capfd: Any) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with _bar(quiet=False) as watch:
        assert watch is None
    assert "rich" in capfd.readouterr().err


def test_predict_gives_the_same_scores(folder: Path, toy: str, run: Any) -> None:
    run("pictures", "--out", "out.jsonl")
    detector = DeepfakeDetector(toy)
    for row in rows():
        assert (row["prediction"], row["real_score"], row["fake_score"]) == tuple(detector.predict(row["path"]))
