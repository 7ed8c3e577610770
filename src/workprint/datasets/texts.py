"""Tables that say something of media, as one text of rows, whatever they come as: packed, Parquet, or one JSON value.

What is no plain text is turned into one, in a temporary file that lives as long as this process needs it, so that
every table can be read from any byte on in bounded memory.
"""

import json
import tempfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import IO, Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from workprint.datasets import coco
from workprint.datasets.attributes import bounded, parse_json
from workprint.datasets.holding import MAX_EXPANSION, MAX_EXPANSION_FREE_BYTES
from workprint.datasets.kinds import base_name, is_parquet, packing_of, unpacked_head, unpacking
from workprint.datasets.memory import bounded_memory
from workprint.datasets.places import LocalPlace, Place, head_of, name_of, place_of
from workprint.errors import ItemError, TooLarge, Undecodable

MAX_TEXT_BYTES = 16 << 30
STATE_NAME = "state.json"
_CHUNK_BYTES = 1 << 20
_MAX_STATE_BYTES = 64 << 20
_ROWS_AT_ONCE = 64
_DAMAGE = (pa.ArrowException, OSError, ValueError, OverflowError, EOFError, MemoryError, zlib.error)

Convert = Callable[[BinaryIO], Iterator[bytes]]


def text_place(uri: str) -> Place:
    """Return where the rows of a table can be read as text: its own place, or that of its text.

    Raises:
        ItemError: it cannot be read, or is damaged.
    """
    place, kind = place_of(uri), _kind_of(head_of(uri), name_of(uri))
    if not kind:
        return place
    try:
        return _converted(uri, kind, place.stamp())[0]
    except _DAMAGE as error:
        raise Undecodable(f"the table is damaged: {error}") from error


def text_head(uri: str) -> bytes:
    """Return the first bytes of the table as text; none where it cannot be read."""
    head = head_of(uri)
    if packing_of(head):
        return unpacked_head(head)
    if not _kind_of(head, name_of(uri)):
        return head
    try:
        return head_of(text_place(uri).uri)
    except ItemError:
        return b""


def _kind_of(head: bytes, name: str) -> str:
    if packing_of(head):
        return packing_of(head)
    if is_parquet(head):
        return "parquet"
    if base_name(name) == STATE_NAME:
        return "state"
    return "coco" if coco.looks_like_coco(head, name) else ""


@lru_cache(maxsize=8)
def _converted(uri: str, kind: str, stamp: str) -> tuple[Place, IO[bytes]]:  # noqa: ARG001 - the stamp tells states apart
    converters: dict[str, Convert] = {"parquet": _from_parquet, "state": _from_state, "coco": _from_coco}
    convert = converters.get(kind) or partial(_unpacked, packing=kind)
    file = tempfile.NamedTemporaryFile(prefix="workprint-")  # noqa: SIM115 - lives as long as the cache holds it
    written_bytes = 0
    with bounded_memory(), place_of(uri).open() as source:
        for chunk in convert(source):
            written_bytes += len(chunk)
            if written_bytes > MAX_TEXT_BYTES:
                raise TooLarge(f"the table unpacks to more than {MAX_TEXT_BYTES:,} bytes")
            file.write(chunk)
    file.flush()
    return LocalPlace(file.name), file


def _unpacked(source: BinaryIO, packing: str) -> Iterator[bytes]:
    stream, unpacked_bytes = unpacking(source, packing), 0
    while chunk := stream.read(_CHUNK_BYTES):
        unpacked_bytes += len(chunk)
        if unpacked_bytes > MAX_EXPANSION_FREE_BYTES + MAX_EXPANSION * source.tell():
            raise TooLarge("the table unpacks to far more than its size, as no text does")
        yield chunk


def _from_parquet(source: BinaryIO) -> Iterator[bytes]:
    for batch in pq.ParquetFile(source).iter_batches(_ROWS_AT_ONCE, use_threads=False):
        for row in batch.to_pylist():
            yield json_line(row)


def _from_coco(source: BinaryIO) -> Iterator[bytes]:
    return map(json_line, coco.rows_of(source))


def _from_state(source: BinaryIO) -> Iterator[bytes]:
    """What `datasets.save_to_disk` says of its own files."""
    state = parse_json(source.read(_MAX_STATE_BYTES))
    files = state.get("_data_files") if isinstance(state, dict) else None
    for entry in files if isinstance(files, list) else ():
        if isinstance(entry, dict):
            yield json_line(entry)


def json_line(row: dict[str, Any]) -> bytes:
    """Return a row as one line of JSON, its values bounded."""
    return json.dumps(bounded(row), ensure_ascii=False).encode("utf-8", "replace") + b"\n"
