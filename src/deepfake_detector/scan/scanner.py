"""``scan``: from names to rows in a file, and a summary. The judging is ``DeepfakeDetector.predict_iter``'s."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from .. import __version__
from ..detector import DeepfakeDetector
from ..errors import OptionError
from ..types import Failure
from .copies import Copies
from .output import Output
from .queue import Queue
from .rows import Row
from .summary import Summary

_log = logging.getLogger(__name__)


def scan(
    detector: DeepfakeDetector,
    paths: Iterable[str | os.PathLike[str] | Failure],
    out: str | os.PathLike[str],
    *,
    resume: bool = True,
    copy_fakes: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    watch: Callable[[int, int], object] | None = None,
) -> Summary:
    """Judge every path once and write a row for each to ``out``, ending in .parquet, .csv or .jsonl.

    All paths are listed first, on disk, so that a path named twice is judged once and the work left is known; then rows
    are written as they come, in that order. Memory grows neither with the paths nor with the rows (who lists a folder
    may hold the names in it). The path as given is the key: one that has a row in ``out`` already, a failure's
    included, is not judged again. A Failure among the paths becomes a row of its own.

    resume: go on where a run stopped, if ``out`` was made by the same model with the same options; False starts anew.
    copy_fakes: a folder into which pictures with the verdict fake are copied, see ``Copies``; paths right in it are
    left out and counted (``Summary.inside``). Left out are also the files that the scan itself writes. workers: as for
    ``predict_iter``. watch: called with the number of rows that are done and that there will be.

    Raises OptionError or MissingExtra before anything is judged, OSError where ``out`` cannot be written.
    """
    summary = Summary()
    copies = None if copy_fakes is None else Copies(Path(copy_fakes))
    with Output(Path(out), _facts(detector), resume) as output, Queue() as queue:
        for row in output.rows():
            queue.done(row.name)
            summary.add(row)
            if copies and row.verdict == "fake" and os.path.exists(row.name):  # perhaps not asked for at the time
                summary.uncopied.update(copies.attempt(row.name))
        summary.resumed = summary.rows
        for path in paths:
            if not isinstance(path, Failure):
                if copies and copies.holds(path):
                    summary.inside += 1
                    continue
                if output.owns(path):
                    continue
            queue.add(path)
        total = summary.rows + len(queue)
        if summary.inside and not total:
            raise OptionError(f"{copy_fakes}: all pictures named lie right in this folder of copies. Name another.")
        output.begin()
        _log.info("%s: %d rows are there, %d pictures to judge", out, summary.rows, total - summary.rows)
        if watch:
            watch(summary.rows, total)
        with closing(detector.predict_iter(queue, workers)) as results:
            for result in results:
                row = Row.of(result, detector.model)
                if copies and row.verdict == "fake":
                    # Before its row: killed in between, the copy is made again; the other way round, never.
                    summary.uncopied.update(copies.attempt(row.name))
                output.append(row)
                summary.add(row)
                if watch:
                    watch(summary.rows, total)
        output.finish()
    return summary


def _facts(detector: DeepfakeDetector) -> dict[str, Any]:
    """What a row depends on besides the picture."""
    manifest = json.dumps(detector.bundle.manifest(), sort_keys=True)
    return {
        "deepfake_detection": __version__,
        "model": detector.model,
        "model_sha256": hashlib.sha256(manifest.encode()).hexdigest(),
        "face_detector": detector.preprocessor.detector.name,
        "aggregation": detector.aggregation,
        "threshold": detector.threshold,
        "max_faces": detector.max_faces,
        "max_pixels": detector.preprocessor.max_pixels,
    }
