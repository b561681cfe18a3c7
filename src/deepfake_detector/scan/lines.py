"""CSV and JSON Lines: formats that grow by whole records, so that the file itself is the journal of the scan.

UTF-8 without a mark at its start. CSV as RFC 4180 has it: names with commas, quotes or line breaks stand in quotes.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

from .rows import COLUMNS, Row

_LONGEST = 1 << 20
"""Bytes of a record: a path, its message, and plenty."""


class Format(Protocol):
    """How rows become records, and the other way round."""

    head: bytes
    """What a file begins with."""

    def encode(self, row: Row) -> bytes:
        """One record, its line end included."""
        ...

    def decode(self, record: bytes) -> Row:
        """The row of a record. Raises ValueError or TypeError for what is none."""
        ...

    def whole(self, record: bytes) -> bool:
        """Whether lines taken together are a record, or one still lacks its end."""
        ...


class JsonLines:
    """One JSON object a line, with every column, null where there is nothing."""

    head = b""

    def encode(self, row: Row) -> bytes:
        """See ``Format``. Line breaks in names are escaped: a record is always one line."""
        return json.dumps(row.to_dict(), ensure_ascii=False).encode() + b"\n"

    def decode(self, record: bytes) -> Row:
        """See ``Format``."""
        return Row(**json.loads(record))

    def whole(self, record: bytes) -> bool:
        """See ``Format``."""
        return record.endswith(b"\n")


class Csv:
    """A line of column names, then one record a row; an empty field is null."""

    head = ",".join(COLUMNS).encode() + b"\r\n"

    def encode(self, row: Row) -> bytes:
        """See ``Format``."""
        text = io.StringIO(newline="")
        csv.writer(text).writerow(row.to_dict().values())
        return text.getvalue().encode()

    def decode(self, record: bytes) -> Row:
        """See ``Format``."""
        try:
            (values,) = csv.reader(io.StringIO(record.decode(), newline=""), strict=True)
        except csv.Error as error:  # no ValueError of its own
            raise ValueError(error) from None
        row: dict[str, Any] = {}
        for (name, kind), value in zip(COLUMNS.items(), values, strict=True):
            row[name] = kind(value) if value or name == "path" else None
        return Row(**row)

    def whole(self, record: bytes) -> bool:
        """See ``Format``. Inside quotes a line break is part of the name, and quotes come in pairs."""
        return record.endswith(b"\n") and record.count(b'"') % 2 == 0


def records(file: BinaryIO, form: Format) -> Iterator[tuple[bytes, int]]:
    """Whole records from the start of ``file``, each with the offset of its end; a torn last one is left out.

    Raises ValueError where one has no end.
    """
    file.seek(0)
    record, end = b"", 0
    for line in file:
        record += line
        if len(record) > _LONGEST:
            raise ValueError("a record without an end")
        if form.whole(record):
            end += len(record)
            yield record, end
            record = b""
