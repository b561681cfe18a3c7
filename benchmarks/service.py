"""The service under load: many clients at once, for a while, on two cores. Exits with 1 where a bar is missed.

python benchmarks/service.py --seconds 60 --clients 32 --model fast

Bars: no 5xx; memory grows by no more than 5 % after the warm-up; at least 80 % of the pictures a second that
``predict_batch`` judges alone, before, on the same pictures and cores. A 429 is an answer: the client waits as long as
Retry-After says.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import psutil
from tabulate import tabulate

EXAMPLES = sorted((Path(__file__).parents[1] / "examples").glob("*.jpg"))
MOST_GROWTH, LEAST_SHARE = 0.05, 0.80


def alone(model: str, pictures: list[bytes], seconds: float) -> float:
    """Pictures a second of ``predict_batch``."""
    from deepfake_detector import DeepfakeDetector

    detector = DeepfakeDetector(model)
    batch = pictures * 4
    detector.predict_batch(batch)
    done, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        detector.predict_batch(batch)
        done += len(batch)
    return done / (time.perf_counter() - begun)


class Load:
    """Clients that ask until they are told to stop. answers: when each came, and its status."""

    def __init__(self, port: int, clients: int, pictures: list[bytes]) -> None:
        self.answers: list[tuple[float, str]] = []
        self.waits: list[float] = []
        self._port, self._stop = port, threading.Event()
        self._threads = [
            threading.Thread(target=self._ask, args=(itertools.islice(itertools.cycle(pictures), i, None),))
            for i in range(clients)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait for the last answers."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, pictures: itertools.islice[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)
        for picture in pictures:
            if self._stop.is_set():
                break
            begun = time.perf_counter()
            try:
                connection.request("POST", "/v1/predict", picture)
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                self.answers.append((time.perf_counter(), type(error).__name__))
                connection.close()
                continue
            self.answers.append((time.perf_counter(), str(answer.status)))
            if answer.status == 200:
                self.waits.append(time.perf_counter() - begun)
            elif answer.status == 429:
                connection.close()  # the service would not keep it open for as long
                self._stop.wait(float(answer.headers["Retry-After"]))
        connection.close()


def started(model: str) -> tuple[subprocess.Popen[str], int]:
    """The real command on a free port."""
    command = [sys.executable, "-m", "deepfake_detector", "serve", "--port", "0", "--model", model]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr
    for line in server.stderr:
        if "running on" in line:
            port = int(line.split("http://127.0.0.1:")[1].split()[0])
            threading.Thread(target=server.stderr.read, daemon=True).start()  # a full pipe would stop it
            return server, port
    raise SystemExit("the service did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm-up", type=float, default=15)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--model", default="fast")
    asked = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # the service inherits it
    pictures = [path.read_bytes() for path in EXAMPLES]
    before = alone(asked.model, pictures, max(5, asked.seconds / 4))
    server, port = started(asked.model)
    try:
        process = psutil.Process(server.pid)
        load = Load(port, asked.clients, pictures)
        time.sleep(asked.warm_up)
        begun, memory = time.perf_counter(), []
        while time.perf_counter() - begun < asked.seconds:
            memory.append(process.memory_info().rss / 2**20)
            time.sleep(0.25)
        ended = time.perf_counter()
        load.stop()
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(120)
    measured = [status for at, status in load.answers if begun <= at <= ended]
    statuses = Counter(status for _, status in load.answers)
    rate = measured.count("200") / (ended - begun)
    window = max(1, len(memory) // 6)
    first, last = statistics.median(memory[:window]), statistics.median(memory[-window:])
    waits = statistics.quantiles(load.waits, n=20)
    failed = {status: n for status, n in statuses.items() if status not in ("200", "429")}
    rows = [
        ("model, clients, seconds", f"{asked.model}, {asked.clients}, {asked.seconds:g}"),
        ("answers by status", ", ".join(f"{status}: {n}" for status, n in sorted(statuses.items()))),
        ("predict_batch alone", f"{before:.2f} pictures/s"),
        ("service", f"{rate:.2f} pictures/s, {100 * rate / before:.0f} %"),
        ("wait for an answer", f"median {statistics.median(load.waits):.2f} s, 95 % within {waits[-1]:.2f} s"),
        ("memory", f"{first:.0f} MiB after warm-up, {last:.0f} MiB at the end, {100 * (last / first - 1):+.1f} %"),
        ("peak memory", f"{max(memory):.0f} MiB"),
    ]
    print(tabulate(rows, tablefmt="plain"))
    missed = [
        name
        for name, held in (
            ("no failure", not failed),
            (f"memory within {100 * MOST_GROWTH:.0f} %", last <= first * (1 + MOST_GROWTH)),
            (f"at least {100 * LEAST_SHARE:.0f} % of predict_batch", rate >= LEAST_SHARE * before),
        )
        if not held
    ]
    print("bars missed: " + ", ".join(missed) if missed else "every bar held")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
