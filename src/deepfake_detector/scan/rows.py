"""One picture's row: the same flat columns, in the same order, in every format."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, get_args, get_type_hints

from ..types import Failure, Prediction


@dataclass(frozen=True)
class Row:
    """What a scan says of one picture. Null (an empty field in CSV) where there is nothing to say.

    path: as it was given; the key by which a scan resumes. Bytes that are no UTF-8 are shown as ``\\xff``.
    path_hex: the exact bytes of such a name, in hexadecimal; null for every other. ``Row.name`` turns it back.
    verdict: real, fake or inconclusive. prediction: Real or Fake. real_score, fake_score: percent, adding up to 100.
    kind: the family of forgery a Fake is most like. reasons: keys of ``REASONS``, parted by ";". faces: how many.
    width, height: pixels, upright. file_size: bytes. modified: when the file last was, UTC, ISO 8601.
    model: name and version. error, message: for a failure its class and what it says; all from verdict to height are
    null then. A failure is never a score.
    """

    path: str
    path_hex: str | None = None
    verdict: str | None = None
    prediction: str | None = None
    real_score: float | None = None
    fake_score: float | None = None
    kind: str | None = None
    reasons: str | None = None
    faces: int | None = None
    width: int | None = None
    height: int | None = None
    file_size: int | None = None
    modified: str | None = None
    model: str | None = None
    error: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, result: Prediction | Failure, model: str) -> Row:
        """The row of one result whose source is a path; looks at the file for its size and date."""
        name = result.source
        told = _readable(name)
        size, modified = _file(name)
        row: dict[str, Any] = {
            "path": told,
            "path_hex": None if told == name else os.fsencode(name).hex(),
            "file_size": size,
            "modified": modified,
            "model": model,
        }
        if isinstance(result, Failure):
            return cls(**row, error=type(result.error).__name__, message=_readable(result.reason))
        return cls(
            **row,
            verdict=result.verdict,
            prediction=result.prediction,
            real_score=result.real_score,
            fake_score=result.fake_score,
            kind=result.kind,
            reasons=";".join(result.reasons) or None,
            faces=len(result.faces),
            width=result.size[0],
            height=result.size[1],
        )

    @property
    def name(self) -> str:
        """The path exactly as it was given, as ``open`` takes it."""
        return os.fsdecode(bytes.fromhex(self.path_hex)) if self.path_hex else self.path

    def to_dict(self) -> dict[str, Any]:
        """By column, in order."""
        return asdict(self)


COLUMNS: Mapping[str, type] = MappingProxyType(
    {name: next(iter(get_args(hint)), hint) for name, hint in get_type_hints(Row).items()}
)
"""The columns in order, with the type of what stands there."""


def _readable(text: str) -> str:
    """Text that is valid UTF-8: what is not becomes a backslash escape."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text).decode("utf-8", "backslashreplace")
    return text


def _file(name: str) -> tuple[int | None, str | None]:
    try:
        stat = Path(name).stat()
        return stat.st_size, datetime.fromtimestamp(int(stat.st_mtime), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OSError, ValueError, OverflowError):  # gone, a name no file can have, a date before the calendar
        return None, None
