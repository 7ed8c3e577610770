"""Parquet files of fingerprint records, read back in bounded memory whatever they claim: they come from strangers.

A column of a small file can say one long value a million times. Columns are therefore read as dictionaries, in which a
value is held once, and rows are spelled out only as many at a time as are short enough together.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.serial.records import OLDER_SCHEMA, SCHEMA, Row, has_columns_of_records, rows_of

BATCH_ROWS = 1024
_MOST_ROWS = 16_384
_TEXT_ROWS = 65_536
"""Of one column, which is read as a dictionary."""
MAX_RECORD_BYTES = 1 << 29
"""One record: the peaks of twelve hours of sound are a third of this."""
_PART_BYTES = 32 << 20
"""Rows spelled out at a time."""
_MAX_DECLARED_BYTES = 4 << 30
"""A row group, unpacked, as its header says. Those written here are far smaller."""
_FREE_ROWS = 100_000
"""Beyond these, a file has to be a byte long for each row; ids and digests alone take more."""
_TEXTS = ("subject_id", "attributes", "signals", "detail", "stage", "code", "medium")
_LONG_VALUES = (*_TEXTS, "fingerprints.list.element.value", "fingerprints.list.element.variant")


def read_rows(source: Any, recipes: Sequence[str], where: str) -> Iterator[Row]:
    """Yield the rows that `records.to_table` laid out and a Parquet writer wrote, in order.

    Args:
        source: a path, or an open file of Arrow's.
        recipes: recipe ids that fingerprints refer to by position.
        where: what errors call the file.

    Raises:
        FormatError: it is damaged, holds other columns, or would unfold to more than records could be.
    """
    for batch in _batches(source, None, where):
        for part in _parts(batch, where):
            yield from rows_of(part, recipes, where)


def read_batches(source: Any, where: str) -> Iterator[pa.RecordBatch]:
    """Yield the same rows as batches of `records.SCHEMA`, as many at a time as are short enough together.

    Raises as `read_rows`.
    """
    for batch in _batches(source, None, where, _MOST_ROWS):
        for part in _parts(batch, where):
            yield _spelled(part, where)


def read_texts(source: Any, column: str, where: str) -> tuple[int, dict[int, str]]:
    """One column of texts of such a file: the number of rows, and the texts by row; nulls, and columns that older
    files lack, are left out. Raises as `read_rows`."""
    rows, found = 0, {}
    for batch in _batches(source, [column], where, _TEXT_ROWS):
        if batch.num_columns and batch.column(0).null_count < batch.num_rows:
            _refuse_long(_lengths(batch.column(0)), where)
            there = np.flatnonzero(batch.column(0).is_valid().to_numpy(zero_copy_only=False))
            found.update({rows + int(row): batch.column(0)[int(row)].as_py() for row in there})
        rows += batch.num_rows
    return rows, found


def _batches(
    source: Any, columns: list[str] | None, where: str, most_rows: int = BATCH_ROWS
) -> Iterator[pa.RecordBatch]:
    try:
        metadata = pq.read_metadata(source)
        check_claims(metadata, _size_bytes(source), where)
        known = {metadata.schema.column(number).path for number in range(len(metadata.schema))}
        long_values = [name for name in _LONG_VALUES if name in known]
        with pq.ParquetFile(source, metadata=metadata, read_dictionary=long_values) as file:
            for group in range(metadata.num_row_groups):  # across two of them, Arrow cannot join dictionaries
                for batch in file.iter_batches(batch_size=most_rows, row_groups=[group], columns=columns):
                    batch.validate(full=True)  # places in dictionaries, and text
                    yield batch
    except (pa.ArrowException, OSError, ValueError, MemoryError, OverflowError) as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise FormatError(f"{where} is damaged: {said[0][:200]}") from error


def _size_bytes(source: Any) -> int:
    if isinstance(source, pa.NativeFile):
        return int(source.size())
    with source.open("rb") as stream:
        return int(stream.seek(0, 2))


def check_claims(metadata: pq.FileMetaData, size_bytes: int, where: str) -> None:
    """Refuse a Parquet file by its footer, which could not have been written here. Raises `FormatError`."""
    if not has_columns_of_records(metadata.schema.to_arrow_schema()):
        raise FormatError(f"{where} does not have the columns of a fingerprint table")
    if not 0 <= metadata.num_rows <= _FREE_ROWS + size_bytes:
        raise FormatError(f"{where} is damaged: {size_bytes} bytes claim to hold {metadata.num_rows} records")
    # What the footer says of single columns is not asked for: Arrow ends the process where that contradicts itself.
    sizes = [metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups)]
    if not all(0 <= size <= _MAX_DECLARED_BYTES for size in sizes):
        raise FormatError(f"{where} is damaged: one of its row groups claims more than records could be")


def _parts(batch: pa.RecordBatch, where: str) -> Iterator[pa.RecordBatch]:
    """Cut a batch into runs of rows that are short enough together to be spelled out."""
    sizes = _row_sizes(batch)
    _refuse_long(sizes, where)
    totals = np.cumsum(sizes)
    start = 0
    while start < batch.num_rows:
        before = int(totals[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(totals, before + _PART_BYTES, side="right")))
        yield batch.slice(start, end - start)
        start = end


def _spelled(batch: pa.RecordBatch, where: str) -> pa.RecordBatch:
    """The same rows without dictionaries."""
    schema = SCHEMA if "signals" in batch.schema.names else OLDER_SCHEMA
    prints = batch.column("fingerprints")
    first, last = prints.offsets[0].as_py(), prints.offsets[-1].as_py()
    inner = prints.values.slice(first, last - first)
    kind = schema.field("fingerprints").type
    try:
        fields = [_plain(inner.field(at)) for at in range(inner.type.num_fields)]
        values = pa.StructArray.from_arrays(fields, fields=list(kind.value_type), mask=inner.is_null())
        offsets = pc.subtract(prints.offsets, pa.scalar(first, pa.int32()))
        lists = pa.ListArray.from_arrays(offsets, values, type=kind, mask=prints.is_null())
        columns = {name: _plain(batch.column(name)) for name in schema.names} | {"fingerprints": lists}
        return pa.RecordBatch.from_arrays(list(columns.values()), schema=schema)
    except (pa.ArrowException, ValueError, MemoryError) as error:
        raise FormatError(f"{where} is damaged: {str(error)[:200]}") from error


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _refuse_long(sizes: NDArray[np.int64], where: str) -> None:
    if sizes.size and int(sizes.max()) > MAX_RECORD_BYTES:
        raise FormatError(f"{where} is damaged: one of its records is {int(sizes.max()):,} bytes long")


def _row_sizes(batch: pa.RecordBatch) -> NDArray[np.int64]:
    """Bytes of each row's texts and values, (rows,)."""
    sizes = np.zeros(batch.num_rows, np.int64)
    for name in _TEXTS:
        if name in batch.schema.names:
            sizes += _lengths(batch.column(name))
    prints = batch.column("fingerprints")
    inner = prints.values
    totals = np.concatenate(([0], np.cumsum(_lengths(inner.field("value")) + _lengths(inner.field("variant")))))
    offsets = prints.offsets.to_numpy()
    sizes += totals[offsets[1:]] - totals[offsets[:-1]]
    return sizes


def _lengths(column: pa.Array) -> NDArray[np.int64]:
    """Bytes of each text or value, 0 for null; a hostile file may bring about that a column is no dictionary."""
    if not pa.types.is_dictionary(column.type):
        spelled: NDArray[np.int64] = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        return spelled.astype(np.int64)
    words = pc.fill_null(pc.binary_length(column.dictionary), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    places = pc.fill_null(column.indices, -1).to_numpy(zero_copy_only=False)
    lengths: NDArray[np.int64] = np.concatenate((words, [0]))[places]
    return lengths
