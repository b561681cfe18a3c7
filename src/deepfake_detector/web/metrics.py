"""What is counted, for Prometheus. In a registry of its own: an application around this one keeps its own figures."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ..types import Failure, Prediction

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)


class Metrics:
    """Counts requests, work and verdicts. Labels have few values, whatever clients send."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        prefix = "deepfake_detector"
        self._requests = Counter(
            f"{prefix}_requests", "Requests answered.", ["route", "status"], registry=self._registry
        )
        self._request_seconds = Histogram(
            f"{prefix}_request_seconds",
            "From the first byte in to the last byte out.",
            ["route"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._inference_seconds = Histogram(
            f"{prefix}_inference_seconds",
            "Work on one picture, without waiting.",
            ["kind"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._verdicts = Counter(
            f"{prefix}_verdicts",
            "Pictures judged, and (verdict=failure) pictures that could not be.",
            ["verdict"],
            registry=self._registry,
        )
        self._depth = Gauge(
            f"{prefix}_queue_depth", "Pictures that arrive, wait or are worked on.", registry=self._registry
        )
        ProcessCollector(registry=self._registry)

    def watch_queue(self, used: Callable[[], int]) -> None:
        """Ask this function for the depth of the queue."""
        self._depth.set_function(used)

    def request(self, route: str, status: int, seconds: float) -> None:
        """A request was answered."""
        self._requests.labels(route, str(status)).inc()
        self._request_seconds.labels(route).observe(seconds)

    def work(self, kind: str, seconds: float, count: int) -> None:
        """Work was done, so many times, in so many seconds each."""
        for _ in range(count):
            self._inference_seconds.labels(kind).observe(seconds)

    def verdict(self, result: Prediction | Failure) -> None:
        """A picture was judged, or could not be."""
        self._verdicts.labels("failure" if isinstance(result, Failure) else result.verdict).inc()

    def text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self._registry)
