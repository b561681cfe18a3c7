"""Pieces of work in several processes, with the time that is left."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from typing import Any, TypeVar

Result = TypeVar("Result")


def _end_with_parent() -> None:
    """A run that is killed cannot stop its workers: each of them sees that it is gone."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_watch, args=(parent.sentinel,), daemon=True).start()


def _watch(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def in_processes(
    work: Callable[..., Result], tasks: Sequence[tuple[Any, ...]], processes: int, what: str
) -> Iterator[Result]:
    """The results of ``work(*task)`` in order, each told as progress of ``what``; with one process, in this one.

    Where the caller stops or a piece fails, pieces not yet begun are dropped.
    """
    begun = time.monotonic()

    def told(done: int) -> None:
        left = (time.monotonic() - begun) / done * (len(tasks) - done)
        print(f"{what}: {done} of {len(tasks)} pieces, {left / 60:.1f} min left", flush=True)

    if processes == 1:
        for done, task in enumerate(tasks, start=1):
            result = work(*task)
            told(done)
            yield result
        return
    spawn = get_context("spawn")  # forks of OpenCV and torch threads hang
    pool = ProcessPoolExecutor(processes, spawn, initializer=_end_with_parent)
    try:
        futures = [pool.submit(work, *task) for task in tasks]
        for done, future in enumerate(futures, start=1):
            result = future.result()
            told(done)
            yield result
    finally:
        pool.shutdown(cancel_futures=True)
