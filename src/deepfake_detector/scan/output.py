"""Where the rows go: a file that can be killed at any moment and gone on with, and the facts of the run beside it.

``results.csv`` and ``results.jsonl`` grow by a record for each picture. ``results.parquet`` cannot: its rows are kept
as JSON Lines in ``results.parquet.partial`` until all pictures are judged, then put together, a row group in memory at
a time, and moved into place; only then the journal goes. In every format a row has left the process before the next
one is written, and a record that a kill tore off is dropped, so that its picture is judged once more.

``results.csv.run.json`` keeps what the rows depend on (model, threshold, ...). Where that is missing, or differs, going
on is refused: rows of two kinds never mix, and a file that is no scan is never appended to.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType
from typing import Any, BinaryIO

from ..errors import OptionError
from ..extras import require
from . import parquet
from .lines import Csv, Format, JsonLines, records
from .rows import Row

_FORMATS: Mapping[str, type[Csv] | type[JsonLines]] = MappingProxyType(
    {".parquet": JsonLines, ".csv": Csv, ".jsonl": JsonLines}
)
"""By the ending of the file: what its rows are written as while the scan runs."""


class Output:
    """The rows of a scan in a file: read ``rows`` through, ``begin``, ``append``, ``finish``. A context manager.

    facts: what the rows depend on, as plain JSON types. resume: go on with rows that are there; False starts anew.
    Raises OptionError (of an ending that is not known, of rows that were made otherwise, of a file that another scan is
    writing) and MissingExtra, before anything is touched.
    """

    def __init__(self, path: Path, facts: Mapping[str, Any], resume: bool = True) -> None:
        ending = path.suffix.lower()
        if ending not in _FORMATS:
            raise OptionError(f"{path}: unknown ending; a scan is written to {', '.join(_FORMATS)}")
        if not path.parent.is_dir():
            raise OptionError(f"{path}: there is no folder {path.parent}. Make it first, or name another.")
        self.path = path
        self._form: Format = _FORMATS[ending]()
        self._assembled = ending == ".parquet"
        self._journal = path.with_name(path.name + ".partial") if self._assembled else path
        self._beside = path.with_name(path.name + ".run.json")
        self._own = {os.path.abspath(file) for file in (path, self._journal, self._beside)}  # noqa: PTH100
        if self._assembled:
            require("scan", "pyarrow")
        finished, journalled = map(_filled, (path, self._journal))
        self._going_on = resume and (finished or journalled)
        self._facts = facts
        if not self._going_on and (finished or journalled) and not self._beside.exists():
            raise OptionError(f"{path}: exists, and is no scan; it is not overwritten. Move it away, or name another.")
        if self._going_on:
            self._check(facts)
        with ExitStack() as stack:
            if self._going_on and not journalled:  # a finished Parquet file, taken apart by one scan alone
                _lock(stack.enter_context(open(self._beside, "rb")), path)
                if not _filled(self._journal):
                    self._take_apart()
            self._file: BinaryIO = open(self._journal, "a+b")  # noqa: SIM115 - __exit__ closes it
            try:
                _lock(self._file, path)
                if self._going_on:
                    self._check_same(journalled)
            except BaseException:
                self._file.close()
                raise

    def __enter__(self) -> Output:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def rows(self) -> Iterator[Row]:
        """What was written. A torn record at the end is dropped when all before it are read. Raises OptionError."""
        if not self._going_on:
            return
        end = 0
        try:
            for record, end in records(self._file, self._form):  # noqa: B007 - used when all are read
                if record != self._form.head:
                    yield self._form.decode(record)
        except (ValueError, TypeError) as error:
            raise _damaged(self._journal, f"near byte {end}: {error}") from None
        self._check_torn(end)
        self._file.truncate(end)
        if not end:
            self._write(self._form.head)

    def owns(self, path: str | os.PathLike[str]) -> bool:
        """Whether a path is of a file that the scan itself writes."""
        return os.path.abspath(path) in self._own  # noqa: PTH100 - resolve() raises for odd names

    def begin(self) -> None:
        """All is listed: where nothing is gone on with, the file starts anew now, and not before."""
        if self._going_on:
            return
        # Rows go first and the new facts come second: at no moment do old rows stand beside them.
        self._file.truncate(0)
        if self._assembled:
            self.path.unlink(missing_ok=True)
        self._beside.write_text(json.dumps(self._facts, indent=2) + "\n", encoding="utf-8")
        self._write(self._form.head)
        self._going_on = True

    def append(self, row: Row) -> None:
        """Write one row; it is with the system, out of reach of a kill, when this returns."""
        self._write(self._form.encode(row))

    def finish(self) -> None:
        """All is judged: what was written is on the disk when this returns, and a Parquet file in its place."""
        os.fsync(self._file.fileno())
        if self._assembled:
            parquet.write(self.path, self.rows())
            self._journal.unlink()

    def _write(self, data: bytes) -> None:
        self._file.write(data)
        self._file.flush()

    def _check_torn(self, end: int) -> None:
        """What is dropped is one torn record, not rows that a stray quote hides."""
        self._file.seek(end)
        for line in self._file.read().split(b"\n")[1:-1]:
            try:
                self._form.decode(line + b"\n")
            except (ValueError, TypeError):
                continue
            raise _damaged(self._journal, f"near byte {end}: a record there has no end, and others follow")

    def _check_same(self, journalled: bool) -> None:
        """Another scan may have ended between the look at the file and the lock on it."""
        opened = os.fstat(self._file.fileno())
        there = self._journal.exists() and os.path.samestat(opened, self._journal.stat())
        if not there or (journalled and not opened.st_size):
            raise OptionError(f"{self.path}: another scan has just finished this file. Run the command again.")

    def _check(self, facts: Mapping[str, Any]) -> None:
        try:
            made_with = json.loads(self._beside.read_text(encoding="utf-8"))
            differing = [name for name in {**made_with, **facts} if made_with.get(name) != facts.get(name)]
        except (OSError, ValueError, TypeError, AttributeError):
            raise OptionError(
                f"{self.path}: exists, but {self._beside.name}, which says how a scan was made, cannot be read. Move "
                "the file away, or name another with --out."
            ) from None
        if differing:
            told = "; ".join(f"{name} {made_with.get(name)}, now {facts.get(name)}" for name in differing)
            raise OptionError(
                f"{self.path}: made with other options ({told}); rows of two kinds are not mixed. Name another file "
                "with --out, or start anew with --no-resume."
            )

    def _take_apart(self) -> None:
        """A finished Parquet file becomes a journal again, which appears whole or not at all."""
        partial = self._journal.with_name(self._journal.name + ".writing")
        try:
            with open(partial, "wb") as file:
                file.writelines(map(self._form.encode, parquet.read(self.path)))
            os.replace(partial, self._journal)
        except ValueError as error:
            raise _damaged(self.path, str(error)) from None
        finally:
            partial.unlink(missing_ok=True)


def _filled(file: Path) -> bool:
    return file.exists() and file.stat().st_size > 0


def _damaged(path: Path, how: str) -> OptionError:
    return OptionError(f"{path}: damaged ({how}). Mend it, name another file, or start anew with --no-resume.")


def _lock(file: BinaryIO, path: Path) -> None:
    """Keep a second scan out for as long as ``file`` is open; the system lifts it, even after a kill."""
    try:
        import fcntl
    except ImportError:  # Windows
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise OptionError(f"{path}: another scan is writing this file. Wait for it, or name another.") from None
    except OSError:  # a file system that knows no locks
        pass
