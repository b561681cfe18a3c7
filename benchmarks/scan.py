"""A scan that is killed twice: ends with every picture once, the broken ones told, and memory that stays flat.

Makes small pictures of its own, one in a hundred broken, and runs the command itself. Exits with 1 where something
does not hold.

python benchmarks/scan.py                           # 2,000 pictures against 200, the default bundle
python benchmarks/scan.py --model fast --format csv
python benchmarks/scan.py --model fast --pictures 200 --few 20
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

MEMORY = 150
"""MB by which the long scan may be larger than the short one at its peak."""


def jpeg(number: int) -> bytes:
    """A picture of its own size, colours and quality."""
    draw = np.random.default_rng(number)
    coarse = draw.integers(0, 256, (draw.integers(2, 9), draw.integers(2, 9), 3)).astype(np.uint8)
    size = tuple(int(side) for side in draw.integers(96, 400, 2))
    file = BytesIO()
    Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC).save(
        file, "JPEG", quality=int(draw.integers(50, 96))
    )
    return file.getvalue()


BREAK: list[Callable[[bytes], bytes]] = [
    lambda _: b"",
    lambda data: data[: len(data) // 2],
    lambda _: b"this is no picture\n",
    lambda data: b"\0" * len(data),
    lambda data: data[:20] + b"\xff" * 200 + data[220:],
    lambda data: b"\x89PNG\r\n\x1a\n" + data,
]


def make(folder: Path, pictures: int) -> list[Path]:
    """Pictures 50, 150, 250 ... are broken, each in the next way."""
    paths = []
    for number in range(pictures):
        data = jpeg(number)
        if number % 100 == 50:
            data = BREAK[number // 100 % len(BREAK)](data)
        path = folder / f"{number // 500}" / f"picture {number:05}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
        paths.append(path)
    return paths


def scan(what: Path, out: Path, model: str, kill_at: int | None = None) -> tuple[int, float, float]:
    """Run the command; (exit code, seconds, peak MB). kill_at: SIGKILL once the output has so many lines."""
    command = [sys.executable, "-m", "deepfake_detector", "scan", str(what), "--out", str(out), "--model", model]
    begun = time.perf_counter()
    process = subprocess.Popen([*command, "--quiet"])
    ended = 0
    while not ended:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if not ended:
            time.sleep(0.05)
            if kill_at is not None and lines(out) >= kill_at:
                os.kill(process.pid, signal.SIGKILL)
                kill_at = None
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, time.perf_counter() - begun, usage.ru_maxrss * 1024 / 1e6


def lines(out: Path) -> int:
    journal = out.with_name(out.name + ".partial") if out.suffix == ".parquet" else out
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def table(out: Path) -> list[dict[str, object]]:
    """The rows, read as anybody would read them."""
    if out.suffix == ".jsonl":
        return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    if out.suffix == ".csv":
        with out.open(encoding="utf-8", newline="") as file:
            return [{name: value or None for name, value in row.items()} for row in csv.DictReader(file)]
    import pyarrow.parquet

    return pyarrow.parquet.read_table(out).to_pylist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="default")
    parser.add_argument("--pictures", type=int, default=2000)
    parser.add_argument("--few", type=int, default=200, help="pictures of the scan that memory is held against")
    parser.add_argument("--format", choices=["parquet", "csv", "jsonl"], default="parquet")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "pictures"
        folder.mkdir()
        paths = make(folder, args.pictures)
        few = Path(temporary) / "few.txt"
        few.write_text("".join(f"{path}\n" for path in paths[: args.few]))
        long, short = (Path(temporary) / f"{name}.{args.format}" for name in ("long", "short"))

        runs = [(f"{args.few} pictures", *scan(few, short, args.model))]
        for third in (1, 2):
            code = scan(folder, long, args.model, kill_at=args.pictures * third // 3)
            runs.append((f"{args.pictures}, killed at {lines(long)} rows", *code))
        runs.append((f"{args.pictures}, to the end", *scan(folder, long, args.model)))
        rows, short_rows = table(long), table(short)

    print(f"model {args.model}, {args.format}\n{'scan':<32}{'exit':>6}{'seconds':>10}{'peak MB':>10}")
    for name, code, seconds, memory in runs:
        print(f"{name:<32}{code:>6}{seconds:>10.1f}{memory:>10.0f}")
    broken = [str(path) for number, path in enumerate(paths) if number % 100 == 50]
    growth = max(memory for *_, memory in runs[1:]) - runs[0][3]
    checks = {
        "killed twice, then to the end": [code for _, code, *_ in runs[1:]] == [-9, -9, 1 if broken else 0],
        f"{len(rows)} rows, every picture once": sorted(str(row["path"]) for row in rows) == sorted(map(str, paths)),
        f"{sum(bool(row['error']) for row in rows)} failures, each a broken picture, without a score": [
            row["path"] for row in rows if row["error"] and row["fake_score"] is None
        ]
        == broken,
        f"the first {len(short_rows)} rows as a scan of them alone gives them": rows[: args.few] == short_rows,
        f"memory within {MEMORY} MB of a scan of {args.few}: {growth:+.0f} MB": growth <= MEMORY,
    }
    for name, holds in checks.items():
        print(f"{'holds' if holds else 'FAILS'}  {name}")
    sys.exit(0 if all(checks.values()) else 1)


if __name__ == "__main__":
    main()
