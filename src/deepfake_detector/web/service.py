"""The detector behind the routes: loaded in the background, fed by the queue."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from fastapi import Request

from ..detector import DeepfakeDetector
from ..types import Failure, Prediction
from .limits import Limits
from .metrics import Metrics
from .problems import Problem
from .queue import Full, Place, Queue

_log = logging.getLogger(__name__)

T = TypeVar("T")


class Service:
    """What every route shares. detector: None loads the default one when ``start`` is called."""

    def __init__(self, detector: DeepfakeDetector | None, limits: Limits) -> None:
        self.limits = limits
        self.metrics = Metrics()
        patience = limits.timeout / 2  # what a picture will need is an estimate; half of the time is its margin
        self.queue = Queue(self._judge, limits.queue, limits.threads, patience, self.metrics.work)
        self.metrics.watch_queue(lambda: self.queue.used)
        self._detector = detector
        self._loading: threading.Thread | None = None
        self._why = "The model is being loaded. Try again in a few seconds."
        self._lock = threading.Lock()

    def start(self) -> None:
        """Start the threads and the loading, once."""
        self.queue.start()
        with self._lock:
            if self._detector is None and self._loading is None:
                self._loading = threading.Thread(target=self._load, name="loading", daemon=True)
                self._loading.start()

    def stop(self) -> None:
        """End the threads."""
        self.queue.stop()

    @property
    def detector(self) -> DeepfakeDetector:
        """The detector. Raises Problem until it is loaded."""
        if self._detector is None:
            self.start()  # mounted in another application, whose start we are not told of
            raise Problem("NotReady", self._why, {"Retry-After": "2"})
        return self._detector

    def enter(self) -> Place:
        """A place in the queue, before the body is read. Raises Problem where it is full, or nothing is loaded."""
        _ = self.detector
        try:
            return self.queue.enter()
        except Full as full:
            raise busy(full) from None

    def _load(self) -> None:
        try:
            self._detector = DeepfakeDetector()
        except Exception:
            self._why = "The model could not be loaded; the service's log says why."
            _log.exception("the model could not be loaded")

    def _judge(self, pictures: Sequence[Any]) -> Sequence[Prediction | Failure]:
        return self.detector.predict_batch(pictures, workers=1)


def busy(full: Full) -> Problem:
    """The queue is full, as an answer."""
    detail = f"As many pictures as the service takes are waiting. Try again in {full.seconds} s."
    return Problem("TooManyRequests", detail, {"Retry-After": str(full.seconds)})


async def arrived(body: Awaitable[T], seconds: float) -> T:
    """The request's body. Raises Problem where it takes too long to arrive."""
    try:
        async with asyncio.timeout(seconds):
            return await body
    except TimeoutError:
        raise Problem("UploadTimeout", f"The body must be in within {seconds:g} s.") from None


async def finished(request: Request, futures: Sequence[Future[Any]], seconds: float) -> list[Any]:
    """The results of work in the queue. Raises Problem after so many seconds, or when the client has left."""
    results = asyncio.ensure_future(_all(futures))
    gone = asyncio.ensure_future(_gone(request))
    try:
        both: set[asyncio.Future[Any]] = {results, gone}
        await asyncio.wait(both, timeout=max(0, seconds), return_when=asyncio.FIRST_COMPLETED)
        if results.cancelled():
            raise Problem("NotReady", "The service is being stopped.")
        if results.done():
            return results.result()
        if gone.done():
            raise Problem("ClientGone", "Nobody waits for the answer.")
        raise Problem(
            "Timeout",
            "The answer was not there in time. Send fewer pictures at once, or try again when there is less to do.",
            {"Retry-After": "10"},
        )
    finally:
        gone.cancel()
        results.cancel()


async def _all(futures: Sequence[Future[Any]]) -> list[Any]:
    return await asyncio.gather(*map(asyncio.wrap_future, futures))


async def _gone(request: Request) -> None:
    """Returns when the client has left; the body must have been read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
