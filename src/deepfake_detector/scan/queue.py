"""What a scan has still to do: each path once, in order, on disk and not in memory."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator

from ..errors import ImageNotFound
from ..types import Failure


class Queue:
    """Paths to judge, in the order in which they were added, and those that are judged already.

    Kept in a temporary database that SQLite spills to disk and deletes by itself: memory does not grow with the number
    of paths. To be used by one thread.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE names (place INTEGER PRIMARY KEY, name BLOB UNIQUE, reason TEXT, done INTEGER)")
        self._db.execute("BEGIN")

    def __enter__(self) -> Queue:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        try:
            return self._db.execute(statement, values)
        except sqlite3.Error as error:  # a full disk, most likely
            raise OSError(f"the list of pictures cannot be kept in the temporary folder: {error}") from None

    def done(self, name: str) -> None:
        """Not to be judged again. Said of all such names before the first is added."""
        self._insert(name, None, done=True)

    def add(self, source: str | os.PathLike[str] | Failure) -> None:
        """A path, or the Failure of a name that leads to no picture; nothing where the name is known already."""
        if isinstance(source, Failure):
            self._insert(source.source, source.reason, done=False)
        else:
            self._insert(os.fspath(source), None, done=False)

    def __len__(self) -> int:
        """How many are to be judged, or passed on as failures."""
        count: int = self._run("SELECT COUNT(*) FROM names WHERE NOT done").fetchone()[0]
        return count

    def __iter__(self) -> Iterator[str | Failure]:
        """Each of those, in order; a Failure comes back as ImageNotFound."""
        for data, reason in self._run("SELECT name, reason FROM names WHERE NOT done ORDER BY place"):
            name = os.fsdecode(data)
            yield name if reason is None else Failure(name, ImageNotFound(name, reason))

    def _insert(self, name: str, reason: str | None, *, done: bool) -> None:
        # As bytes: a name that is not valid Unicode is no text to SQLite.
        values = (os.fsencode(name), reason and reason.encode("utf-8", "backslashreplace").decode(), done)
        self._run("INSERT OR IGNORE INTO names (name, reason, done) VALUES (?, ?, ?)", values)
