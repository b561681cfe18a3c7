"""What a scan found, counted as the rows go by."""

from __future__ import annotations

import heapq
from collections import Counter
from dataclasses import dataclass, field

from .rows import Row

TOP = 10


@dataclass
class Summary:
    """Counts over the whole output, rows of earlier runs included.

    verdicts: rows by verdict. failures: rows by the class of their error. resumed: rows that were there before this
    run. inside: pictures left out since they lie in the folder of copies. uncopied: fakes that could not be copied, by
    the system's reason.
    """

    verdicts: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    resumed: int = 0
    inside: int = 0
    uncopied: Counter[str] = field(default_factory=Counter)
    _top: list[tuple[float, int, Row]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many there are in all."""
        return self.verdicts.total() + self.failures.total()

    @property
    def suspicious(self) -> list[Row]:
        """The ten rows with the highest ``fake_score``, highest first; of equals, the earlier first."""
        return [row for *_, row in sorted(self._top, reverse=True)]

    def add(self, row: Row) -> None:
        """Count one row."""
        if row.verdict is None or row.fake_score is None:
            self.failures[row.error or "unknown"] += 1
            return
        self.verdicts[row.verdict] += 1
        entry = (row.fake_score, -self.rows, row)  # no two have the same place, so rows are never compared
        (heapq.heappush if len(self._top) < TOP else heapq.heappushpop)(self._top, entry)
