"""The fingerprint store: a folder of Parquet parts, one per shard, with a header. See `docs/formats/store.md`.

A part is written beside its place and moved there, so that it is whole or absent; a part that is there is done. That
is what makes a killed run continue where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from workprint.errors import FormatError, StoreConflict
from workprint.model import Depth, Failure, Limits, PassedOver, ShardCount, sayings
from workprint.serial.columns import RecordColumns
from workprint.serial.lines import check_format, encodable
from workprint.serial.record_files import read_batches, read_rows
from workprint.serial.records import Row, to_table

FORMAT = "workprint-store"
VERSION = 2
HEADER = "store.json"
COMPLETE = "complete.json"
_PARTS = "parts"
_ROWS_PER_GROUP = 4096
_BYTES_PER_GROUP = 64 << 20
_META = b"workprint"
_MAX_HEADER_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class StoreHeader:
    """What a store was made from, and how; parts made otherwise do not belong into it."""

    tool_version: str
    dataset: str
    reader: str
    depth: Depth
    recipes: tuple[str, ...]
    limits: Limits
    signals: str = ""
    """How rights signals were read, and what stood beside the dataset; empty in stores of version 1: none were."""
    attributes: tuple[str, ...] | None = None
    """Of a compact store, what is kept of what the dataset says of items, by name; None where all of it is."""


@dataclass(frozen=True, slots=True)
class Part:
    """One shard's records on disk."""

    path: Path
    order: int
    """Position of the shard in the dataset."""


def create(folder: Path, header: StoreHeader) -> None:
    """Make a store, or take up one that was begun in the same way.

    Raises:
        StoreConflict: the folder holds a store of another dataset or other recipes, or cannot be written.
    """
    path = folder / HEADER
    if path.exists():
        there = read_header(folder)
        if _difference(there, header):
            raise StoreConflict(
                f"{folder} holds fingerprints made {_difference(there, header)}; choose another output folder or "
                "remove this one"
            )
        return
    try:
        (folder / _PARTS).mkdir(parents=True, exist_ok=True)
        write_atomically(path, (json.dumps(_header_to_json(header), indent=1) + "\n").encode())
    except OSError as error:
        raise StoreConflict(f"{folder} cannot be written: {error.strerror}") from error


def read_header(folder: Path) -> StoreHeader:
    """Read what a store says of itself.

    Raises:
        FormatError: not a store, a damaged one, or one from a newer Workprint.
    """
    try:
        with (folder / HEADER).open("rb") as stream:
            value = json.loads(stream.read(_MAX_HEADER_BYTES))
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{folder} is not a fingerprint store: it has no readable {HEADER}") from error
    check_format(value, FORMAT, VERSION, f"{folder / HEADER}")
    try:
        return StoreHeader(
            tool_version=str(value["tool_version"]),
            dataset=str(value["dataset"]),
            reader=str(value["reader"]),
            depth=Depth(value["depth"]),
            recipes=tuple(str(recipe) for recipe in value["recipes"]),
            limits=Limits(**value["limits"]),
            signals=str(value.get("signals", "")),
            attributes=_attributes(value.get("attributes")),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{folder / HEADER} is damaged ({type(error).__name__}: {error})") from error


def part_for(folder: Path, order: int, state: str) -> Part:
    """Where a shard's records belong. `state` is a digest that tells the shard, as it is now, from all others."""
    name = f"{order:08d}-{state[:16]}.parquet"
    return Part(folder / _PARTS / name, order)


def write_part(part: Part, shard_id: str, rows: Iterable[Row | PassedOver], recipes: Sequence[str]) -> ShardCount:
    """Write a shard's records and failures, all or nothing, and return its denominator. `rows` may be a stream.

    Raises:
        OSError: the disk is full or cannot be written; nothing is left behind.
    """
    counter = _Counter(shard_id)
    temporary = part.path.with_suffix(f".{os.getpid()}.tmp")
    try:
        with pq.ParquetWriter(temporary, to_table([], recipes).schema, compression="zstd") as writer:
            for group in _groups(counter.counting(rows)):
                writer.write_table(to_table(group, recipes))
            writer.add_key_value_metadata({_META.decode(): json.dumps(counter.summary())})
        with temporary.open("rb+") as stream:
            os.fsync(stream.fileno())
        temporary.replace(part.path)
    finally:
        temporary.unlink(missing_ok=True)
    return counter.count()


def require_current(folder: Path, expected: Sequence[Part]) -> None:
    """Refuse to go on with a store whose parts are not those of the dataset as it is now.

    Raises:
        StoreConflict: the dataset has changed since the store was begun.
    """
    names = {part.path.name for part in expected}
    if not all(part.path.name in names for part in parts(folder)):
        raise StoreConflict(
            f"the dataset has changed since {folder} was begun; choose another output folder or remove this one"
        )


def finish(folder: Path, shards: int) -> None:
    """Mark a store as whole: every shard of the dataset has its part.

    Raises:
        FormatError: it has not, because some were written to a folder of the same name on another machine.
    """
    _require_parts(folder, shards)
    write_atomically(folder / COMPLETE, (json.dumps({"shards": shards}) + "\n").encode())


def require_finished(folder: Path) -> None:
    """Refuse a store that does not cover its dataset: what is not in it would pass for not found.

    Raises:
        StoreConflict: the run that makes it was not finished.
        FormatError: parts are missing.
    """
    try:
        with (folder / COMPLETE).open("rb") as stream:
            shards = int(json.loads(stream.read(_MAX_HEADER_BYTES))["shards"])
    except FileNotFoundError as error:
        raise StoreConflict(
            f"{folder} covers its dataset only in part, because the run was stopped; start the same command again"
        ) from error
    except (OSError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise FormatError(f"{folder / COMPLETE} is damaged") from error
    _require_parts(folder, shards)


def _require_parts(folder: Path, shards: int) -> None:
    orders = [part.order for part in parts(folder)]
    if len(orders) != shards or orders != list(range(len(orders))):
        raise FormatError(f"{folder} lacks parts: {len(orders)} of {shards} are there")


def parts(folder: Path) -> list[Part]:
    """The parts of a store, in the order of the dataset's shards.

    Raises:
        FormatError: a name in the folder is not one of ours.
    """
    found = []
    for path in sorted((folder / _PARTS).glob("*.parquet")):
        order = path.name.partition("-")[0]
        if not (order.isascii() and order.isdigit()):
            raise FormatError(f"{path} is not a part of a fingerprint store")
        found.append(Part(path, int(order)))
    return found


def read_part(part: Part, recipes: Sequence[str]) -> Iterator[Row]:
    """Yield a part's records and failures in order, in bounded memory.

    Raises:
        FormatError: the part is damaged.
    """
    yield from read_rows(part.path, recipes, str(part.path))


def read_columns(part: Part, recipes: Sequence[str]) -> Iterator[RecordColumns]:
    """Yield a part's rows as columns, in order, so many at a time that memory stays bounded.

    Raises:
        FormatError: the part is damaged, or holds other items and failures than it counts.
    """
    where = str(part.path)
    codes: Counter[str | None] = Counter()
    for batch in read_batches(part.path, where):
        codes.update({one["values"]: one["counts"] for one in batch.column("code").value_counts().to_pylist()})
        yield RecordColumns(batch, recipes, where)
    count = read_count(part)[0]
    if codes != Counter(count.failed) + Counter({None: count.fingerprinted}):
        raise FormatError(f"{where} is damaged: what is in it is not what it counts")


def read_count(part: Part) -> tuple[ShardCount, str]:
    """A part's denominator, and the digest of its listing of items.

    Raises:
        FormatError: the part is damaged, or its counts do not add up.
    """
    try:
        metadata = pq.read_metadata(part.path)
        summary = json.loads(metadata.metadata[_META])
        count = ShardCount(**summary["count"])
        digest = bytes.fromhex(summary["listing_digest"]).hex()
        _check_numbers(count)
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise FormatError(f"{part.path} is damaged: it has no readable counts") from error
    if count.seen != count.fingerprinted + sum(count.failed.values()) or count.seen != metadata.num_rows:
        raise FormatError(f"{part.path} is damaged: its counts do not add up")
    return count, digest


def recount(shard_id: str, rows: Iterable[Row]) -> tuple[ShardCount, str]:
    """What `read_count` should say of a part with these records and failures."""
    counter = _Counter(shard_id)
    for _ in counter.counting(rows):
        pass
    return counter.count(), counter.summary()["listing_digest"]


def _check_numbers(count: ShardCount) -> None:
    """Raise `TypeError` or `ValueError` unless a count read from a file holds what its type says."""
    numbers = [count.seen, count.fingerprinted]
    for counted in (count.failed, count.passed_over, count.media, count.signals):
        if not isinstance(counted, dict):
            raise TypeError("a count is no mapping")
        numbers.extend(counted.values())
    if not isinstance(count.shard_id, str) or any(type(number) is not int or number < 0 for number in numbers):
        raise ValueError("a count is no number")


def write_atomically(path: Path, data: bytes) -> None:
    """Write a file beside its place and move it there, so that it is whole or absent."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class _Counter:
    """Counts a stream of rows as it passes."""

    def __init__(self, shard_id: str) -> None:
        self._shard_id = shard_id
        self._media: Counter[str] = Counter()
        self._failed: Counter[str] = Counter()
        self._passed_over: Counter[str] = Counter()
        self._signals: Counter[str] = Counter()
        self._listing = hashlib.sha256()

    def counting(self, rows: Iterable[Row | PassedOver]) -> Iterator[Row]:
        for row in rows:
            if isinstance(row, PassedOver):
                self._passed_over[row.ending] += 1
                continue
            if isinstance(row, Failure):
                self._failed[row.code] += 1
                line = [encodable(row.subject_id), row.code]
            else:
                self._media[row[0].medium.value] += 1
                self._signals.update(sayings(row[0].signals))
                line = [encodable(row[0].subject_id), row[0].digest]
            self._listing.update(json.dumps(line).encode() + b"\n")
            yield row

    def count(self) -> ShardCount:
        counters = (self._failed, self._passed_over, self._media, self._signals)
        failed, passed_over, media, signals = (dict(sorted(counter.items())) for counter in counters)
        fingerprinted = self._media.total()
        seen = fingerprinted + self._failed.total()
        return ShardCount(self._shard_id, seen, fingerprinted, failed, passed_over, media, signals)

    def summary(self) -> Mapping[str, Any]:
        count = self.count()
        fields = {name: getattr(count, name) for name in ShardCount.__slots__}
        return {"count": fields, "listing_digest": self._listing.hexdigest()}


def _groups(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Runs of rows to be held and written together: not too many, and of long recordings fewer."""
    group: list[Row] = []
    held_bytes = 0
    for row in rows:
        group.append(row)
        held_bytes += 0 if isinstance(row, Failure) else sum(len(print_.value) for print_ in row[0].fingerprints)
        if len(group) == _ROWS_PER_GROUP or held_bytes >= _BYTES_PER_GROUP:
            yield group
            group, held_bytes = [], 0
    if group:
        yield group


def _header_to_json(header: StoreHeader) -> dict[str, Any]:
    fields = {name: getattr(header, name) for name in StoreHeader.__slots__}
    limits = {name: getattr(header.limits, name) for name in Limits.__slots__}
    if header.attributes is None:
        del fields["attributes"]
    return {"format": FORMAT, "version": VERSION, **fields, "recipes": list(header.recipes), "limits": limits}


def _attributes(names: Any) -> tuple[str, ...] | None:
    return None if names is None else tuple(str(name) for name in names)


def _difference(there: StoreHeader, here: StoreHeader) -> str:
    """In what two stores cannot be continued by one another; empty if they can."""
    if there.dataset != here.dataset:
        return f"of another dataset ({there.dataset})"
    alike = ("reader", "depth", "recipes", "limits", "signals", "attributes")
    names = [name for name in alike if getattr(there, name) != getattr(here, name)]
    return f"with another {' and '.join(names)}" if names else ""
