"""What one client, and all of them together, may ask of the service."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

from ..errors import OptionError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds of the service. With the queue full of the largest bodies, uploads take ``queue * body`` bytes at worst.

    body: bytes of a request. files: pictures of a request. queue: pictures in the house, waiting or worked on; beyond
    it the answer is 429. threads: pictures worked on at once; unless given, as many as ``predict_batch`` takes.
    timeout: seconds a request may take, from its first byte in to its answer. long_timeout: the same for explanations,
    provenance and reports. samples: pictures that LIME may have scored.

    Raises OptionError where a bound is below 1, or a request of the most files could never enter the queue.
    """

    body: int = 32 * MIB
    files: int = 16
    queue: int = 64
    threads: int = field(default_factory=lambda: min(4, os.cpu_count() or 1))
    timeout: float = 60.0
    long_timeout: float = 300.0
    samples: int = 300

    def __post_init__(self) -> None:
        for name in ("body", "files", "queue", "threads", "timeout", "long_timeout", "samples"):
            value = getattr(self, name)
            if not 1 <= value < math.inf:
                raise OptionError(f"{name} must be at least 1, and finite, got {value}")
        if self.files > self.queue:
            raise OptionError(
                f"a request may have {self.files} files, but the queue holds {self.queue}; "
                "make the queue larger or allow fewer files"
            )
