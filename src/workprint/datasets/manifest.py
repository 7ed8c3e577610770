"""Manifests: CSV, TSV or JSON Lines files whose rows point at media by relative path."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from workprint.datasets.addresses import cell_address, container_of, encode_name, part_id
from workprint.datasets.attributes import bounded
from workprint.datasets.holding import DEFAULT_LIMITS, failure
from workprint.datasets.kinds import claims_media, has_media_ending
from workprint.datasets.paths import is_url, plain_file, refusal_of, safe_relative
from workprint.datasets.places import Place, folder_of, head_of, name_of, place_of, require_present
from workprint.datasets.rows import Layout, Row, layout_of, read_rows
from workprint.errors import DatasetError, ItemError, Missing, TooLarge, Undecodable
from workprint.model import Blob, Item, Limits, Shard
from workprint.protocols import Read

ROWS_PER_SHARD = 1024
_SNIFFED_ROWS = 64
_MAX_COLUMNS_SHOWN = 64


class ManifestReader:
    """Reads a manifest; a shard is a range of its rows. Paths are followed below the manifest's folder only."""

    name = "manifest"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Items above `limits.max_item_bytes` become failures."""
        self._limits = limits

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return layout_of(head_of(uri), name_of(uri)) is not None

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`. Raises `DatasetError` also where no column names media."""
        require_present(uri)
        container = encode_name(name_of(uri))
        with suppress(ItemError, OSError):  # said once it is read
            self._require_media(uri)
        count = _survey(uri).rows
        for start in range(0, count, ROWS_PER_SHARD):
            rows = range(start, min(start + ROWS_PER_SHARD, count))
            yield Shard(part_id(container, "rows", rows), uri, rows)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        rows = shard.extent if isinstance(shard.extent, range) else None
        container, row = container_of(shard.shard_id), rows.start if rows else 0
        try:
            columns = _media_columns(shard.uri)
            starts_bytes = _survey(shard.uri).starts_bytes
            run = min(row // ROWS_PER_SHARD, len(starts_bytes) - 1)
            skipped = row - run * ROWS_PER_SHARD
            every = read_rows(place_of(shard.uri), _layout(shard.uri), starts_bytes[run])
            for _, content in islice(every, skipped, skipped + len(rows) if rows else None):
                yield from self._reads(content, container, row, columns, shard)
                row += 1
        except ItemError as error:
            yield failure(f"{container}#row={row}", error)
        except OSError as error:
            yield failure(f"{container}#row={row}", ItemError(f"the manifest cannot be read: {error}"))

    def _require_media(self, uri: str) -> None:
        rows = _first_rows(uri)
        if not rows:
            raise DatasetError(f"{uri} is a manifest without rows")
        if not _media_columns(uri):
            names = ", ".join(list(dict.fromkeys(name for row in rows for name in row))[:_MAX_COLUMNS_SHOWN])
            raise DatasetError(f"no column of {uri} names media files; columns: {names}")

    def _reads(
        self, content: Row | ItemError, container: str, row: int, columns: list[str], shard: Shard
    ) -> Iterator[Read]:
        if isinstance(content, ItemError):
            yield failure(f"{container}#row={row}", content)
            return
        folder = place_of(folder_of(shard.uri))
        said = bounded(content)
        for column in columns:
            item = Item(cell_address(container, row, column), shard.shard_id, said)
            yield self._read(folder, content.get(column), item)

    def _read(self, folder: Place, stated: object, item: Item) -> Read:
        try:
            return item, self._blob(folder, stated)
        except ItemError as error:
            return failure(item.item_id, error)
        except OSError as error:
            return failure(item.item_id, ItemError(f"the file cannot be opened: {error.strerror}"))

    def _blob(self, folder: Place, stated: object) -> Blob:
        if not isinstance(stated, str) or not stated.strip():
            raise Missing("the row names no file")
        return plain_file(folder, safe_relative(stated)).blob(self._limits.max_item_bytes)


@dataclass(frozen=True, slots=True)
class _Survey:
    """How many rows there are, with one more where the reading stops early, and where each run of them begins."""

    rows: int
    starts_bytes: tuple[int, ...]


def _survey(uri: str) -> _Survey:
    try:
        return _surveyed(uri, place_of(uri).stamp())
    except OSError:
        return _Survey(1, (0,))


@lru_cache(maxsize=4)  # every shard needs it, and it takes a pass through the whole table
def _surveyed(uri: str, stamp: str) -> _Survey:  # noqa: ARG001 - the stamp tells one state of the file from another
    starts_bytes, rows = [], 0
    try:
        for start_bytes, _ in read_rows(place_of(uri), _layout(uri)):
            if rows % ROWS_PER_SHARD == 0:
                starts_bytes.append(start_bytes)
            rows += 1
    except ItemError:
        rows += 1
    return _Survey(rows, tuple(starts_bytes) or (0,))


def _layout(uri: str) -> Layout:
    layout = layout_of(head_of(uri), name_of(uri))
    if layout is None:
        raise Undecodable("the file does not hold rows that can be read")
    return layout


def _first_rows(uri: str) -> list[Row]:
    """Return the first rows that can be read; what ends them early is said when it is met again."""
    rows: list[Row] = []
    try:
        for _, row in islice(read_rows(place_of(uri), _layout(uri)), _SNIFFED_ROWS):
            if not isinstance(row, ItemError):
                rows.append(row)
    except TooLarge:
        if not rows:
            raise
    return rows


def _media_columns(uri: str) -> list[str]:
    """Return the columns whose first cells name files that are there; failing that, those that look like such names."""
    rows, folder = _first_rows(uri), place_of(folder_of(uri))
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row[name] for row in rows if isinstance(row.get(name), str) and row[name]] for name in names}
    present = [name for name in names if any(_is_there(folder, cell) for cell in cells[name])]
    return present or [name for name in names if _name_media(cells[name])]


def _is_there(folder: Place, stated: str) -> bool:
    return claims_media(stated) and not is_url(stated) and refusal_of(folder, stated) is None


def _name_media(cells: list[str]) -> bool:
    named = sum(has_media_ending(cell.partition("?")[0]) for cell in cells)
    return 2 * named > len(cells)
