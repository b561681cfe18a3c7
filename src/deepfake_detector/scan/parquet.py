"""Parquet cannot be appended to: it is put together from a journal when all is judged, and read back on resuming."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from .rows import COLUMNS, Row

GROUP = 8192
"""Rows in a row group, and at most in memory at once."""


def write(path: Path, rows: Iterable[Row]) -> None:
    """All rows into one file, which appears whole or not at all."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    partial = path.with_name(path.name + ".writing")
    rows = iter(rows)
    try:
        with open(partial, "wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
                while group := [row.to_dict() for row in islice(rows, GROUP)]:
                    writer.write_table(pa.Table.from_pylist(group, schema))
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def read(path: Path) -> Iterator[Row]:
    """The rows of a file that ``write`` wrote, a group at a time. Raises ValueError for what is no such file."""
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            for batch in file.iter_batches(batch_size=GROUP):
                for values in batch.to_pylist():
                    yield Row(**values)
    except (OSError, TypeError) as error:  # pyarrow's errors are one of these or ValueErrors
        raise ValueError(str(error).partition("\n")[0]) from None
