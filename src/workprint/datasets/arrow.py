"""Arrow IPC streams and files with media in their cells, as Hugging Face datasets save them to disk."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from workprint.datasets.addresses import container_of, encode_name
from workprint.datasets.cells import Columns, columns_of, described_rows, no_media, reads_of_batch
from workprint.datasets.holding import DEFAULT_LIMITS, failure
from workprint.datasets.kinds import is_arrow
from workprint.datasets.memory import bounded_memory
from workprint.datasets.places import head_of, name_of, place_of, require_present
from workprint.errors import DatasetError, ItemError, OutOfMemory, Truncated, Unsupported
from workprint.model import Limits, PassedOver, Shard
from workprint.protocols import Read

_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, EOFError, MemoryError)


class ArrowReader:
    """Reads an Arrow IPC stream or file, one record batch at a time; the whole file is one shard."""

    name = "arrow"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Items above `limits.max_item_bytes` become failures."""
        self._limits = limits

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return is_arrow(head_of(uri))

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`. Raises `DatasetError` also where no column holds media."""
        require_present(uri)
        try:
            columns = _columns(uri)
        except ItemError:
            columns = None  # damaged: said once it is read
        if columns is not None and not columns.media and not columns.urls:
            raise DatasetError(no_media(uri, columns))
        yield from self.shards_at(uri, encode_name(name_of(uri)))

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]:
        """Yield the shard of a table whose address in the dataset is `container`."""
        yield Shard(container, uri)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        try:
            columns = _columns(shard.uri)
            if columns.media or columns.urls:
                yield from self._reads(columns, shard)
            elif columns.candidates:
                yield failure(shard.shard_id, Unsupported(no_media(container_of(shard.shard_id), columns)))
            else:
                yield PassedOver(shard.shard_id, ".arrow")
        except ItemError as error:
            yield failure(shard.shard_id, error)

    def _reads(self, columns: Columns, shard: Shard) -> Iterator[Read]:
        row = 0
        with _batches(shard.uri) as (_, batches):
            for batch in batches:
                if columns.media:
                    yield from reads_of_batch(batch, row, columns, shard, self._limits)
                else:
                    yield from described_rows(batch.select(columns.needed), row, shard)
                row += batch.num_rows


def _columns(uri: str) -> Columns:
    with bounded_memory(), _batches(uri) as (schema, _):
        return columns_of(schema, lambda _: _first_rows(uri))


def _first_rows(uri: str) -> Iterator[pa.RecordBatch]:
    with _batches(uri) as (_, batches):
        yield from batches


@contextmanager
def _batches(uri: str) -> Iterator[tuple[pa.Schema, Iterator[pa.RecordBatch]]]:
    try:
        with place_of(uri).open() as source:
            reader = _reader(source)
            yield reader.schema, _checked(reader)
    except OSError as error:
        raise ItemError(f"the file cannot be read: {error}") from error


def _reader(source: object) -> "pa.ipc.RecordBatchStreamReader":
    """Return a reader of the stream; an IPC file is a stream between two marks."""
    try:
        handle = pa.PythonFile(source, mode="r")
        if handle.read(8)[:6] != b"ARROW1":
            handle.seek(0)
        reader = pa.ipc.open_stream(handle)
        reader.schema.names  # noqa: B018 - fails on a name that is no text
    except _DAMAGE as error:
        raise Truncated(f"the Arrow file has no readable beginning: {error}") from error
    return reader


def _checked(reader: "pa.ipc.RecordBatchStreamReader") -> Iterator[pa.RecordBatch]:
    """Yield batches whose every offset has been checked: a hostile one would read outside of its memory."""
    row = 0
    while True:
        try:
            batch = reader.read_next_batch()
            batch.validate(full=True)
        except StopIteration:
            return
        except MemoryError:
            raise OutOfMemory(f"what follows row {row} needs more memory than may be used") from None
        except _DAMAGE as error:
            raise Truncated(f"the table is cut short or damaged after {row} rows: {error}") from error
        row += batch.num_rows
        yield batch
