"""A bounded queue before a few threads that do the work. The event loop never waits for a picture.

A request takes its place before its body is read, so what uploads can fill is bounded too. Pictures that wait are
judged together, whatever requests they came with. What nobody waits for any more is not begun.
"""

from __future__ import annotations

import io
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

_TOGETHER = 4
"""Pictures that one thread judges in one call; a waiting client's picture is not held up by more than these."""

Judge = Callable[[Sequence[Any]], Sequence[Any]]
Observe = Callable[[str, float, int], None]
Step = Callable[[int], object]
Work = Callable[[Step], Any]


class Full(Exception):
    """The queue has no room. seconds: when it may have."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.seconds = seconds


class Abandoned(Exception):
    """The request that a job was for has been answered, or its client has left."""


class Waiting(io.BytesIO):
    """A picture in the queue, as the detector takes it: it is read when its turn has come, if anybody still waits."""

    name = "upload"
    abandoned = False

    def read(self, size: int | None = -1, /) -> bytes:
        """The bytes. ValueError, as of a closed file, where nobody waits: the detector turns to the next picture."""
        if self.abandoned:
            raise ValueError("nobody waits for this picture any more")
        return super().read(size)


@dataclass(eq=False)
class _Job:
    kind: str
    slots: int
    picture: Waiting | None = None
    work: Work | None = None
    future: Future[Any] = field(default_factory=Future)
    abandoned: bool = False

    @property
    def long(self) -> bool:
        """Whether it holds a thread for longer than a picture does."""
        return self.slots > 1

    def step(self, _: int = 1) -> None:
        """Called by long work as it goes on."""
        if self.abandoned:
            raise Abandoned

    def abandon(self) -> None:
        self.abandoned = True
        if self.picture is not None:
            self.picture.abandoned = True
        self.future.cancel()


class Queue:
    """judge: given pictures, gives results in their order. bound: slots. threads: jobs worked on at once.

    patience: seconds; where what is taken already would need longer there is no room either, and a client is told so
    now instead of waiting in vain. observe: called with the kind of work, the seconds one took, how many there were.
    """

    def __init__(self, judge: Judge, bound: int, threads: int, patience: float, observe: Observe) -> None:
        self._judge, self._observe = judge, observe
        self.bound, self.threads, self._patience = bound, threads, patience
        self._jobs: deque[_Job] = deque()
        self._changed = threading.Condition()
        self._used = 0
        self._long = 0
        self._seconds: float | None = None
        self._workers: list[threading.Thread] = []
        self._closed = threading.Event()  # of these workers; the next ones have one of their own

    @property
    def used(self) -> int:
        """Slots taken: pictures that arrive, wait, or are worked on."""
        return self._used

    def enter(self) -> Place:
        """A place with one slot. Raises Full."""
        return Place(self)

    def start(self) -> None:
        """Start the threads, once."""
        with self._changed:
            if self._workers:
                return
            self._closed = threading.Event()
            self._workers = [
                threading.Thread(target=self._serve, args=(self._closed,), name=f"inference-{i}", daemon=True)
                for i in range(self.threads)
            ]
        for worker in self._workers:
            worker.start()

    def stop(self) -> None:
        """Abandon what waits and let the threads end."""
        with self._changed:
            self.withdraw(list(self._jobs))
            self._closed.set()
            workers, self._workers = self._workers, []
            self._changed.notify_all()
        for worker in workers:
            worker.join(timeout=5)

    def take(self, slots: int, own: int = 0) -> None:
        """Count slots as used. Raises Full where there are not as many, or what has them needs too long.

        own: slots that whoever asks has already; nobody waits for himself.
        """
        with self._changed:
            expected = (self._used - own) * (self._seconds or 0) / self.threads
            if self._used + slots > self.bound or expected > self._patience:
                raise Full(min(60, max(1, math.ceil(expected / 2))))
            self._used += slots

    def give(self, slots: int) -> None:
        """Count slots as free again."""
        with self._changed:
            self._used -= slots

    def put(self, jobs: Sequence[_Job]) -> None:
        """Let jobs wait for their turn; their slots are freed when they end."""
        self.start()
        with self._changed:
            self._jobs.extend(jobs)
            self._changed.notify(len(jobs))

    def withdraw(self, jobs: Sequence[_Job]) -> None:
        """Take out jobs that still wait, and tell those that run that nobody waits for them."""
        with self._changed:
            for job in jobs:
                job.abandon()
                if job in self._jobs:
                    self._jobs.remove(job)
                    self._used -= job.slots

    def _serve(self, closed: threading.Event) -> None:
        while True:
            with self._changed:
                while not closed.is_set() and not (jobs := self._next()):
                    self._changed.wait()
                if closed.is_set():
                    return
            self._run(jobs)

    def _next(self) -> list[_Job]:
        """The job whose turn it is, with pictures that wait behind it.

        Long work goes one at a time: it leaves the other threads to pictures, and may need gigabytes for a large one.
        """
        first = next((job for job in self._jobs if not (job.long and self._long)), None)
        if first is None:
            return []
        self._jobs.remove(first)
        self._long += first.long
        if first.work is not None:
            return [first]
        pictures = [job for job in self._jobs if job.work is None]
        # A fair share, so that no thread is idle while another has several.
        share = min(_TOGETHER - 1, len(pictures) // self.threads)
        for job in pictures[:share]:
            self._jobs.remove(job)
        return [first, *pictures[:share]]

    def _run(self, jobs: list[_Job]) -> None:
        begun = time.perf_counter()
        wanted = [job for job in jobs if job.future.set_running_or_notify_cancel()]
        results: Sequence[Any] = ()
        failed: BaseException | None = None
        try:
            if wanted:
                results = self._results(wanted)
        except BaseException as error:  # belongs to the requests that wait, not to this thread
            failed = error
        with self._changed:  # before the answers: whoever has one may come again at once
            self._used -= sum(job.slots for job in jobs)
            self._long -= sum(job.long for job in jobs)
            self._changed.notify()  # long work may have waited for this to end, and a thread with it
            if results:
                seconds = (time.perf_counter() - begun) / len(wanted)
                if wanted[0].kind == "predict":
                    self._seconds = seconds if self._seconds is None else 0.9 * self._seconds + 0.1 * seconds
                self._observe(wanted[0].kind, seconds, len(wanted))
        for at, job in enumerate(wanted):
            if failed is None:
                job.future.set_result(results[at])
            else:
                job.future.set_exception(failed)

    def _results(self, jobs: list[_Job]) -> Sequence[Any]:
        """Of one piece of work, or of pictures."""
        if jobs[0].work is not None:
            return [jobs[0].work(jobs[0].step)]
        results = self._judge([job.picture for job in jobs])
        if len(results) != len(jobs):
            raise RuntimeError(f"{len(jobs)} pictures were given to the detector, and {len(results)} results came back")
        return results


class Place:
    """A request's slots in the queue. Leaving it abandons what has not ended."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._free = 0
        self._jobs: list[_Job] = []
        self._widen(1)

    def __enter__(self) -> Place:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.withdraw(self._jobs)
        self._queue.give(self._free)
        self._free = 0

    def judge(self, pictures: Sequence[bytes]) -> list[Future[Any]]:
        """Let pictures be judged. Raises Full where there is no room for all of them."""
        self._widen(len(pictures) - self._free)
        return self._put([_Job("predict", 1, Waiting(data)) for data in pictures])

    def work(self, kind: str, work: Work, slots: int = 1) -> Future[Any]:
        """Let something else be done with a picture. work: is given a function to call as it goes on, which raises
        Abandoned. slots: what it counts for, about as many pictures as it costs. Raises Full."""
        slots = min(slots, self._queue.bound)
        self._widen(slots - self._free)
        return self._put([_Job(kind, slots, work=work)])[0]

    def _widen(self, more: int) -> None:
        if more > 0:
            self._queue.take(more, own=self._free)
            self._free += more

    def _put(self, jobs: list[_Job]) -> list[Future[Any]]:
        self._free -= sum(job.slots for job in jobs)
        self._jobs += jobs
        self._queue.put(jobs)
        return [job.future for job in jobs]
