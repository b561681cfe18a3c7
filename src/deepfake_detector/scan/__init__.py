"""Very many pictures: streamed, resumable, nothing lost.

``scan`` judges every picture that it is named and writes one flat row for each (``Row`` says which columns), failures
among them, to Parquet, CSV or JSON Lines. Killed at any moment, the next run goes on where it stopped.
"""

from __future__ import annotations

from .rows import COLUMNS, Row
from .scanner import scan
from .summary import Summary

__all__ = ["COLUMNS", "Row", "Summary", "scan"]
