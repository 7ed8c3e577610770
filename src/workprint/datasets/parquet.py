"""Parquet files with media in their cells."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from workprint.datasets.addresses import container_of, encode_name, part_id
from workprint.datasets.cells import (
    ROWS_PER_BATCH,
    Columns,
    columns_of,
    described_rows,
    no_media,
    reads_of_batch,
)
from workprint.datasets.described import is_download_table, stored_beside
from workprint.datasets.holding import DEFAULT_LIMITS, MAX_EXPANSION, MAX_EXPANSION_FREE_BYTES, failure
from workprint.datasets.kinds import is_parquet
from workprint.datasets.memory import bounded_memory
from workprint.datasets.places import head_of, name_of, place_of, require_present
from workprint.datasets.remote import without_secrets
from workprint.errors import DatasetError, ItemError, OutOfMemory, TooLarge, Truncated, Undecodable, Unsupported
from workprint.model import Limits, PassedOver, Shard
from workprint.protocols import Read

ROWS_PER_SHARD = 256
"""Row groups smaller than this are read together."""
_ROWS_PER_DESCRIBED_BATCH = 4096
"""Words are small."""

_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, EOFError, MemoryError)
_BUFFER_BYTES = 1 << 20


class ParquetReader:
    """Reads a Parquet file; a shard is a row group, or several small ones."""

    name = "parquet"

    def __init__(self, limits: Limits = DEFAULT_LIMITS, columns: Sequence[str] = ()) -> None:
        """Items above the limits become failures; `columns` names the media columns, which are looked for otherwise."""
        self._limits = limits
        self._wanted = tuple(columns)

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return is_parquet(head_of(uri))

    def holds_urls_only(self, uri: str) -> bool:
        """Whether no column holds media, and one holds URLs. Raises `ItemError` where it cannot be read."""
        with _opened(uri) as table:
            columns = self._columns(table)
        return not columns.media and bool(columns.urls)

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`. Raises `DatasetError` also where no column holds media."""
        require_present(uri)
        container = encode_name(name_of(uri))
        try:
            with _opened(uri) as table:
                columns = self._columns(table)
                if not columns.media and not columns.urls:
                    raise DatasetError(no_media(uri, columns))
                if table.metadata.num_rows == 0:
                    raise DatasetError(f"{without_secrets(uri)} is a Parquet file without rows")
        except ItemError:  # damaged: said once it is read
            yield Shard(container, uri)
            return
        yield from self.shards_at(uri, container)

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]:
        """Yield the shards of a table whose address in the dataset is `container`; one without extent if damaged."""
        try:
            with _opened(uri) as table:
                columns = self._columns(table)
                ranges = list(_row_ranges(table.metadata)) if columns.media or columns.urls else []
        except ItemError:
            ranges = []
        if not ranges:
            yield Shard(container, uri)
            return
        for rows in ranges:
            yield Shard(part_id(container, "rows", rows), uri, rows)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        try:
            with _opened(shard.uri) as table:
                columns = self._columns(table)
                if columns.media or columns.urls:
                    yield from self._reads(table, columns, shard)
                    return
        except ItemError as error:
            yield failure(shard.shard_id, error)
            return
        if columns.candidates:
            yield failure(shard.shard_id, Unsupported(no_media(container_of(shard.shard_id), columns)))
        else:
            yield PassedOver(shard.shard_id, ".parquet")

    def _reads(self, table: pq.ParquetFile, columns: Columns, shard: Shard) -> Iterator[Read]:
        rows = shard.extent if isinstance(shard.extent, range) else range(table.metadata.num_rows)
        row, size = rows.start, ROWS_PER_BATCH if columns.media else _ROWS_PER_DESCRIBED_BATCH
        batches = _batches(table, _groups_within(table.metadata, rows), columns.needed, size)
        is_stored = stored_beside(shard.uri) if is_download_table(columns.all) else None
        try:
            for batch in _guarded(batches):
                if columns.media:
                    yield from reads_of_batch(batch, row, columns, shard, self._limits)
                else:
                    yield from described_rows(batch, row, shard, is_stored)
                row += batch.num_rows
        except ItemError as error:
            raise type(error)(f"{error}; rows {row} to {rows.stop - 1} are not read") from error

    def _columns(self, table: pq.ParquetFile) -> Columns:
        groups = list(range(table.num_row_groups))
        with bounded_memory():
            return columns_of(table.schema_arrow, lambda names: _guarded(_batches(table, groups, names)), self._wanted)


@contextmanager
def _opened(uri: str) -> Iterator[pq.ParquetFile]:
    try:
        with place_of(uri).open() as source:
            yield _table(source)
    except OSError as error:
        raise ItemError(f"the file cannot be read: {error}") from error


def _table(source: BinaryIO) -> pq.ParquetFile:
    try:
        table = pq.ParquetFile(source, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        table.schema_arrow.names  # noqa: B018 - fails on a name that is no text
        size_bytes = source.seek(0, io.SEEK_END)
    except _DAMAGE as error:
        raise Truncated(f"the Parquet file has no readable footer, so it is cut short or damaged: {error}") from error
    _refuse_bombs(table.metadata, size_bytes)
    return table


def _refuse_bombs(metadata: pq.FileMetaData, size_bytes: int) -> None:
    """Refuse a file that says itself that it unfolds to what no media are; what lies is left to the limit on memory."""
    most_bytes = MAX_EXPANSION_FREE_BYTES + MAX_EXPANSION * size_bytes
    for group in range(metadata.num_row_groups):
        unpacked_bytes = metadata.row_group(group).total_byte_size
        if not 0 <= unpacked_bytes <= most_bytes:
            raise TooLarge(
                f"{size_bytes:,} bytes claim to hold {unpacked_bytes:,} in one row group, as no table of media does"
            )


def _batches(
    table: pq.ParquetFile, groups: list[int], columns: list[str], size: int = ROWS_PER_BATCH
) -> Iterator[pa.RecordBatch]:
    if groups:
        yield from table.iter_batches(size, row_groups=groups, columns=columns, use_threads=False)


def _guarded(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Turn whatever pyarrow says of damaged pages into one error."""
    while True:
        try:
            batch = next(batches, None)
        except MemoryError:
            raise OutOfMemory("some of its rows need more memory than may be used") from None
        except _DAMAGE as error:
            raise Undecodable(f"the table is damaged: {error}") from error
        if batch is None:
            return
        yield batch


def _row_ranges(metadata: pq.FileMetaData) -> Iterator[range]:
    """Yield runs of row groups of at least `ROWS_PER_SHARD` rows, as far as there are so many."""
    start = stop = 0
    for group in range(metadata.num_row_groups):
        stop += metadata.row_group(group).num_rows
        if stop - start >= ROWS_PER_SHARD:
            yield range(start, stop)
            start = stop
    if stop > start:
        yield range(start, stop)


def _groups_within(metadata: pq.FileMetaData, rows: range) -> list[int]:
    groups, start = [], 0
    for group in range(metadata.num_row_groups):
        if rows.start <= start < rows.stop:
            groups.append(group)
        start += metadata.row_group(group).num_rows
    return groups
