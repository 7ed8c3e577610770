"""Tables without some of their rows; what stays is as it was."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from workprint.datasets.places import head_of, name_of, place_of
from workprint.datasets.rows import Layout, layout_of, read_rows
from workprint.errors import ItemError, WorkprintError

_ROW = re.compile(r"#row=(\d{1,18})(?=,|$)")
_CHUNK_BYTES = 1 << 20


def rows_of(addresses: Collection[str]) -> dict[int, set[str]]:
    """The addresses by the row they are about."""
    rows: dict[int, set[str]] = {}
    for address in addresses:
        found = _ROW.search(address)
        if found:
            rows.setdefault(int(found[1]), set()).add(address)
    return rows


def clean_parquet(source: Path, target: Path, unwanted: Collection[str]) -> set[str]:
    """Copy a Parquet file without some rows, one row group at a time; return the addresses left out.

    Schema, metadata and the order of rows and groups stay; pages are written anew.

    Raises:
        WorkprintError: it cannot be read.
    """
    rows = rows_of(unwanted)
    first, gone = 0, set[str]()
    try:
        with (
            pq.ParquetFile(source) as table,
            _writer(table, target) as output,
        ):
            for group in range(table.num_row_groups):
                held = table.read_row_group(group)
                kept = [row for row in range(held.num_rows) if first + row not in rows]
                for row in range(first, first + held.num_rows):
                    gone |= rows.get(row, set())
                first += held.num_rows
                if kept:
                    output.write_table(held if len(kept) == held.num_rows else held.take(kept))
    except (pa.ArrowException, ValueError) as error:
        raise WorkprintError(f"{source} cannot be copied: {str(error).splitlines()[0][:200]}") from error
    return gone


def clean_arrow(source: Path, target: Path, unwanted: Collection[str]) -> set[str]:
    """Copy an Arrow stream or file without some rows, one batch at a time. As `clean_parquet`."""
    rows = rows_of(unwanted)
    first, gone = 0, set[str]()
    is_file = head_of(str(source)).startswith(b"ARROW1")
    try:
        with source.open("rb") as stream, target.open("wb") as sink:
            reader = pa.ipc.open_file(stream) if is_file else pa.ipc.open_stream(stream)
            writer = (pa.ipc.new_file if is_file else pa.ipc.new_stream)(sink, reader.schema)
            with writer as output:
                for batch in _batches(reader, is_file):
                    kept = [row for row in range(batch.num_rows) if first + row not in rows]
                    for row in range(first, first + batch.num_rows):
                        gone |= rows.get(row, set())
                    first += batch.num_rows
                    output.write_batch(batch if len(kept) == batch.num_rows else batch.take(pa.array(kept, pa.int64())))
    except (pa.ArrowException, ValueError) as error:
        raise WorkprintError(f"{source} cannot be copied: {str(error).splitlines()[0][:200]}") from error
    return gone


def clean_lines(source: Path, target: Path, unwanted: Collection[str], layout: Layout | None = None) -> set[str]:
    """Copy a text of rows without some of them, byte for byte; return the addresses left out.

    Without a `layout` the text is a manifest: CSV, TSV or JSON Lines.

    Raises:
        WorkprintError: it cannot be read to its end.
    """
    rows = rows_of(unwanted)
    layout = layout or layout_of(head_of(str(source)), name_of(str(source)))
    if layout is None:
        raise WorkprintError(f"{source} does not hold rows that can be read")
    try:
        starts = [start for start, _ in read_rows(place_of(str(source)), layout)]
    except ItemError as error:
        raise WorkprintError(f"{source} cannot be copied: {error}") from error
    starts.append(source.stat().st_size)
    gone = {row for row in rows if row < len(starts) - 1}
    with source.open("rb") as stream, target.open("wb") as output:
        position = 0
        for row in sorted(gone):
            _copy(stream, output, position, starts[row])
            position = starts[row + 1]
        _copy(stream, output, position, starts[-1])
    return set[str]().union(*(rows[row] for row in gone))


def _writer(table: pq.ParquetFile, target: Path) -> pq.ParquetWriter:
    """A writer of the same schema; older files call the entries of a list `item`, newer ones `element`."""
    paths = [table.schema.column(at).path for at in range(len(table.schema))]
    old = any(".list.item" in path for path in paths)
    codec = _codec(table.metadata)
    return pq.ParquetWriter(target, table.schema_arrow, compression=codec, use_compliant_nested_type=not old)


def _codec(metadata: pq.FileMetaData) -> str:
    if not metadata.num_row_groups or not metadata.num_columns:
        return "snappy"
    name: str = metadata.row_group(0).column(0).compression
    return "none" if name == "UNCOMPRESSED" else name.lower()


def _batches(reader: Any, is_file: bool) -> Iterator[pa.RecordBatch]:
    if is_file:
        yield from (reader.get_batch(at) for at in range(reader.num_record_batches))
    else:
        yield from reader


def _copy(source: BinaryIO, target: BinaryIO, start: int, stop: int) -> None:
    source.seek(start)
    left = stop - start
    while left > 0 and (chunk := source.read(min(_CHUNK_BYTES, left))):
        target.write(chunk)
        left -= len(chunk)
