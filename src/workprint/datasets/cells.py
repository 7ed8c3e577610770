"""Media in the cells of Arrow batches: binary columns, and the `{bytes, path}` structs of Hugging Face datasets."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.types as kinds_of

from workprint.datasets.addresses import cell_address, container_of
from workprint.datasets.attributes import MAX_ATTRIBUTES, bounded
from workprint.datasets.described import Stored, names_urls, not_downloaded, without_media
from workprint.datasets.holding import failure
from workprint.datasets.kinds import HEAD_BYTES, looks_like_media
from workprint.errors import ItemError, Missing, TooLarge
from workprint.model import Blob, Failure, Item, Limits, Shard
from workprint.protocols import Read

ROWS_PER_BATCH = 16
"""So few, because nothing but the cells themselves tells how large they are."""

SNIFFED_CELLS = 64
SNIFFED_ROWS = 1024


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns of a table are."""

    media: tuple[str, ...]
    attributes: tuple[str, ...]
    candidates: tuple[str, ...]
    """Columns that could hold media by their type."""
    urls: tuple[str, ...]
    """Columns that hold URLs; looked for only where no column holds media."""
    all: tuple[str, ...]

    @property
    def needed(self) -> list[str]:
        """The columns to read."""
        return [*self.media, *self.attributes]


@dataclass(frozen=True, slots=True)
class Content:
    """What one cell holds of one medium."""

    index: int | None
    data: bytes | None
    path: str | None


FirstRows = Callable[[list[str]], Iterable[pa.RecordBatch]]
"""Gives the rows of a table from its beginning, with at least the columns named."""


def columns_of(schema: pa.Schema, first_rows: FirstRows, wanted: Sequence[str] = ()) -> Columns:
    """Tell media columns from attributes; rows are looked at only if the types do not decide.

    A struct with `bytes` is a media column. A plain binary column is one if a cell among its first 64 begins as media
    do, or if all of its first cells are null. `wanted` names the media columns instead.

    Raises:
        ItemError: rows that would tell cannot be read.
    """
    candidates = [field.name for field in schema if _media_type(field.type) is not None]
    plain = [name for name in candidates if _is_plain(schema, name)]
    media = [name for name in candidates if name in wanted] if wanted else candidates
    if plain and not wanted:
        hopeless = _without_media(plain, first_rows)
        media = [name for name in candidates if name not in hopeless]
    simple = [field.name for field in schema if field.name not in candidates and not _holds_binary(field.type)]
    urls = () if media else _with_urls([name for name in simple if _is_text(schema, name)], first_rows)
    return Columns(tuple(media), tuple(simple[:MAX_ATTRIBUTES]), tuple(candidates), urls, tuple(schema.names))


def reads_of_batch(
    batch: pa.RecordBatch, first_row: int, columns: Columns, shard: Shard, limits: Limits
) -> Iterator[Read]:
    """Yield the media of a batch, row by row, columns in the table's order."""
    container = container_of(shard.shard_id)
    for start in range(0, batch.num_rows, ROWS_PER_BATCH):
        part = batch.slice(start, ROWS_PER_BATCH)
        attributes = {name: _values(_column(part, name)) for name in columns.attributes}
        media = {name: _values(_column(part, name)) for name in columns.media}
        for offset in range(part.num_rows):
            row = first_row + start + offset
            said = bounded({name: values[offset] for name, values in attributes.items()})
            for name, values in media.items():
                for content in _contents(values[offset]):
                    address = cell_address(container, row, name, content.index)
                    yield _read(address, shard.shard_id, content, said, limits)


def described_rows(
    batch: pa.RecordBatch, first_row: int, shard: Shard, is_stored: Stored | None = None
) -> Iterator[Read]:
    """Yield what becomes of the rows of a table without media."""
    container = container_of(shard.shard_id)
    names = batch.schema.names
    for offset, cells in enumerate(zip(*(_values(column) for column in batch.columns), strict=True)):
        said = bounded(dict(zip(names, cells, strict=True)))
        read = without_media(f"{container}#row={first_row + offset}", said, is_stored)
        if read:
            yield read


def no_media(container: str, columns: Columns) -> str:
    """Return the sentence for a table without a column of media."""
    names = ", ".join(columns.all[:MAX_ATTRIBUTES])
    if columns.candidates:
        tried = ", ".join(columns.candidates)
        return (
            f"no column of {container} holds media: {tried} is binary, but does not begin as media do; columns: {names}"
        )
    return f"no column of {container} holds media; columns: {names}"


def _read(
    address: str, shard_id: str, content: Content, said: dict[str, Any], limits: Limits
) -> tuple[Item, Blob] | Failure:
    if content.data is None:
        hint = "" if content.path is None else "; it only names a file, which is not followed"
        return failure(address, not_downloaded(said) or Missing(f"the cell holds no bytes{hint}"), said)
    if len(content.data) > limits.max_item_bytes:
        most = limits.max_item_bytes
        return failure(
            address, TooLarge(f"{len(content.data):,} bytes are more than the {most:,} allowed for one item")
        )
    attributes = said if content.path is None or "path" in said else bounded({"path": content.path, **said})
    return Item(address, shard_id, attributes), Blob.of(content.data)


def _contents(value: Any) -> list[Content]:
    if isinstance(value, list):
        return [_content(index, entry) for index, entry in enumerate(value)]
    return [_content(None, value)]


def _content(index: int | None, value: Any) -> Content:
    if isinstance(value, dict):
        path = value.get("path")
        return Content(index, value.get("bytes"), path if isinstance(path, str) else None)
    return Content(index, value, None)


def _values(column: pa.Array) -> list[Any]:
    """Return Python values; what Python has no value for (a nanosecond, text that is no UTF-8) becomes text or null."""
    try:
        if kinds_of.is_temporal(column.type) and not kinds_of.is_duration(column.type):
            column = column.cast(pa.string())
        values: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):
        return [_value(cell) for cell in column]
    return values


def _value(cell: pa.Scalar) -> Any:
    try:
        return cell.as_py()
    except UnicodeDecodeError:
        return bytes(cell.as_buffer()).decode("utf-8", "replace") if hasattr(cell, "as_buffer") else None
    except (ValueError, OverflowError, pa.ArrowException):
        return None


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    return batch.column(batch.schema.names.index(name))  # the first, where two columns have one name


def _media_type(kind: pa.DataType) -> pa.DataType | None:
    """Return the type of one medium's cell; None for columns that hold none."""
    if kinds_of.is_list(kind) or kinds_of.is_large_list(kind) or kinds_of.is_fixed_size_list(kind):
        kind = kind.value_type
    if kinds_of.is_struct(kind):
        index = kind.get_field_index("bytes")
        return kind if index >= 0 and _is_binary(kind.field(index).type) else None
    return kind if _is_binary(kind) else None


def _is_plain(schema: pa.Schema, name: str) -> bool:
    return not kinds_of.is_struct(_media_type(schema.field(schema.names.index(name)).type))


def _is_text(schema: pa.Schema, name: str) -> bool:
    return str(schema.field(schema.names.index(name)).type) in ("string", "large_string", "string_view")


def _with_urls(names: list[str], first_rows: FirstRows) -> tuple[str, ...]:
    """Return those columns whose first cells are URLs. Raises `ItemError` where damage hides the answer."""
    return tuple(name for name in names if names_urls(_first_cells(name, first_rows)))


def _first_cells(name: str, first_rows: FirstRows) -> list[object]:
    cells: list[object] = []
    for batch in first_rows([name]):
        cells += _values(_column(batch, name))
        if len(cells) >= SNIFFED_CELLS:
            break
    return cells


def _is_binary(kind: pa.DataType) -> bool:
    return str(kind) in ("binary", "large_binary", "binary_view")  # of a fixed size: digests, not media


def _holds_binary(kind: pa.DataType) -> bool:
    if _is_binary(kind) or kinds_of.is_fixed_size_binary(kind):
        return True
    return any(_holds_binary(kind.field(index).type) for index in range(kind.num_fields))


def _without_media(names: list[str], first_rows: FirstRows) -> set[str]:
    """Return those columns whose first cells are there and are no media; none where damage hides the answer."""
    seen, found, rows = dict.fromkeys(names, 0), set[str](), 0
    try:
        for batch in first_rows(names):
            for name in names:
                heads = _heads(batch, name)
                seen[name] += len(heads)
                if any(looks_like_media(head) for head in heads):
                    found.add(name)
            rows += batch.num_rows
            if rows >= SNIFFED_ROWS or all(name in found or seen[name] >= SNIFFED_CELLS for name in names):
                break
    except ItemError:
        return set()
    return {name for name in names if name not in found and seen[name]}


def _heads(batch: pa.RecordBatch, name: str) -> list[bytes]:
    contents = (content for value in _values(_column(batch, name)) for content in _contents(value))
    return [content.data[:HEAD_BYTES] for content in contents if content.data is not None]
