"""Manifests: CSV, TSV or JSON Lines files whose rows point at media by relative path."""

import posixpath
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

from workprint.datasets.addresses import (
    UniqueNames,
    cell_address,
    container_of,
    encode_name,
    part_id,
    segment_address,
)
from workprint.datasets.attributes import bounded
from workprint.datasets.described import names_urls, without_media
from workprint.datasets.holding import DEFAULT_LIMITS, failure
from workprint.datasets.kinds import claims_media, has_media_ending
from workprint.datasets.paths import is_url, plain_file, refusal_of, safe_relative
from workprint.datasets.places import Place, folder_of, name_of, place_of, require_present
from workprint.datasets.pointers import Pointer, Pointing, columns
from workprint.datasets.remote import without_secrets
from workprint.datasets.rows import Layout, Row, layout_of, read_rows
from workprint.datasets.segments import cut
from workprint.datasets.texts import text_head, text_place
from workprint.errors import DatasetError, ItemError, Missing, TooLarge, Undecodable
from workprint.model import Blob, Item, Limits, Shard
from workprint.protocols import Read

ROWS_PER_SHARD = 1024
SNIFFED_ROWS = 64
_MAX_COLUMNS_SHOWN = 64


class ManifestReader:
    """Reads a manifest; a shard is a range of its rows. Paths are followed below the manifest's folder only, or
    below another that is named.

    What the rows of other manifests point at is told by subclasses, which give another `_pointing`.
    """

    name = "manifest"
    links = True
    """Its items are files of their own, so reading a shard opens none of them, and a file may change unseen."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, media_root: str = "") -> None:
        """Items above `limits.max_item_bytes` become failures; paths are below `media_root`, if there is one."""
        self._limits, self._media_root = limits, media_root
        if media_root:
            self.name = f"{type(self).name}@{media_root}"

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return _sniffed_layout(uri) is not None

    def holds_urls_only(self, uri: str) -> bool:
        """Whether no column names files, and one holds URLs. Raises `ItemError` where it cannot be read."""
        rows, points = first_rows(uri, self._layout(uri)), self._pointing(uri)
        return not any(True for row in rows for _ in points(row)) and _has_urls(rows)

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`. Raises `DatasetError` also where no column names media."""
        require_present(uri)
        table = self._table(uri)
        with suppress(ItemError, OSError):  # said once it is read
            self._require_media(table)
        container, count = encode_name(name_of(table)), self._survey(table).rows
        for start in range(0, count, ROWS_PER_SHARD):
            rows = range(start, min(start + ROWS_PER_SHARD, count))
            yield Shard(part_id(container, "rows", rows), table, rows)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        rows = shard.extent if isinstance(shard.extent, range) else None
        container, row = container_of(shard.shard_id), rows.start if rows else 0
        try:
            pointing = self._pointing(shard.uri)
            starts_bytes = self._survey(shard.uri).starts_bytes
            run = min(row // ROWS_PER_SHARD, len(starts_bytes) - 1)
            skipped = row - run * ROWS_PER_SHARD
            every = read_rows(text_place(shard.uri), self._layout(shard.uri), starts_bytes[run])
            for _, content in islice(every, skipped, skipped + len(rows) if rows else None):
                yield from self._reads(content, f"{container}#row={row}", pointing, shard)
                row += 1
        except ItemError as error:
            yield failure(f"{container}#row={row}", error)
        except OSError as error:
            yield failure(f"{container}#row={row}", ItemError(f"the manifest cannot be read: {error}"))

    def _table(self, uri: str) -> str:
        """The file whose rows are read."""
        return uri

    def _layout(self, uri: str) -> Layout:
        layout = _sniffed_layout(uri)
        if layout is None:
            raise Undecodable("the file does not hold rows that can be read")
        return layout

    def _pointing(self, uri: str) -> Pointing:
        """What tells the media of a row."""
        return columns(_media_columns(self._folder(uri), first_rows(uri, self._layout(uri))))

    def _folder(self, uri: str) -> Place:
        """The folder that paths are below."""
        return place_of(self._media_root or folder_of(uri))

    def _require_media(self, uri: str) -> None:
        rows = first_rows(uri, self._layout(uri))
        if not rows:
            raise DatasetError(f"{without_secrets(uri)} is a manifest without rows")
        points = self._pointing(uri)
        if not any(True for row in rows for _ in points(row)) and not _has_urls(rows):
            names = ", ".join(list(dict.fromkeys(name for row in rows for name in row))[:_MAX_COLUMNS_SHOWN])
            raise DatasetError(f"no column of {without_secrets(uri)} names media files; columns: {names}")

    def _survey(self, uri: str) -> "_Survey":
        try:
            return _surveyed(uri, self._layout(uri), place_of(uri).stamp())
        except (ItemError, OSError):
            return _Survey(1, (0,))

    def _reads(self, content: Row | ItemError, address: str, pointing: Pointing, shard: Shard) -> Iterator[Read]:
        if isinstance(content, ItemError):
            yield failure(address, content)
            return
        pointers = list(pointing(content))
        if not pointers:
            yield from filter(None, [without_media(address, bounded(content))])
        folder, names = self._folder(shard.uri), UniqueNames()
        for pointer in pointers:
            item_id = names.name(_address(folder, pointer, address))
            yield from self._read(folder, pointer, Item(item_id, shard.shard_id, bounded(pointer.said)))

    def _read(self, folder: Place, pointer: Pointer, item: Item) -> Iterator[Read]:
        try:
            if pointer.problem:
                raise pointer.problem
            blob = self._blob(folder, pointer.stated)
            held = None if pointer.start_s is None else cut(blob, pointer.start_s, pointer.end_s, self._limits)
        except ItemError as error:
            yield failure(item.item_id, error, item.attributes)
            return
        except OSError as error:
            problem = ItemError(f"the file cannot be opened: {error.strerror}")
            yield failure(item.item_id, problem, item.attributes)
            return
        try:
            yield item, held.blob if held else blob
        finally:
            if held:
                held.close()

    def _blob(self, folder: Place, stated: object) -> Blob:
        if not isinstance(stated, str) or not stated.strip():
            raise Missing("the row names no file")
        return plain_file(folder, _relative(folder, stated)).blob(self._limits.max_item_bytes)


def first_rows(uri: str, layout: Layout) -> list[Row]:
    """Return the first rows that can be read; what ends them early is said when it is met again."""
    rows: list[Row] = []
    try:
        for _, row in islice(read_rows(text_place(uri), layout), SNIFFED_ROWS):
            if not isinstance(row, ItemError):
                rows.append(row)
    except TooLarge:
        if not rows:
            raise
    return rows


def _sniffed_layout(uri: str) -> Layout | None:
    return layout_of(text_head(uri), name_of(uri))


def _relative(folder: Place, stated: str) -> str:
    """Return a stated path below the manifest's folder; one that is absolute and leads there may be as it is."""
    if stated.startswith("/") and "://" not in folder.uri:
        root = str(Path(folder.uri).absolute()).rstrip("/") + "/"
        if posixpath.normpath(stated).startswith(root):
            stated = posixpath.normpath(stated).removeprefix(root)
    return safe_relative(stated)


def _address(folder: Place, pointer: Pointer, row_address: str) -> str:
    """Return `path#start_s=…,end_s=…,row=…` for a segment, else the address of the row's cell."""
    container, _, row = row_address.rpartition("#row=")
    if pointer.start_s is not None and isinstance(pointer.stated, str):
        with suppress(ItemError):
            path = encode_name(_relative(folder, pointer.stated))
            return segment_address(path, pointer.start_s, pointer.end_s, int(row))
    return cell_address(container, int(row), pointer.column)


@dataclass(frozen=True, slots=True)
class _Survey:
    """How many rows there are, with one more where the reading stops early, and where each run of them begins."""

    rows: int
    starts_bytes: tuple[int, ...]


@lru_cache(maxsize=4)  # every shard needs it, and it takes a pass through the whole table
def _surveyed(uri: str, layout: Layout, stamp: str) -> _Survey:  # noqa: ARG001 - the stamp tells one state of the file from another
    starts_bytes, rows = [], 0
    try:
        for start_bytes, _ in read_rows(text_place(uri), layout):
            if rows % ROWS_PER_SHARD == 0:
                starts_bytes.append(start_bytes)
            rows += 1
    except ItemError:
        rows += 1
    return _Survey(rows, tuple(starts_bytes) or (0,))


def _media_columns(folder: Place, rows: list[Row]) -> list[str]:
    """Return the columns whose first cells name files that are there; failing that, those that look like such names."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row[name] for row in rows if isinstance(row.get(name), str) and row[name]] for name in names}
    present = [name for name in names if any(_is_there(folder, cell) for cell in cells[name])]
    return present or [name for name in names if _name_media(cells[name])]


def _is_there(folder: Place, stated: str) -> bool:
    return claims_media(stated) and not is_url(stated) and refusal_of(folder, stated) is None


def _name_media(cells: list[str]) -> bool:
    named = sum(has_media_ending(cell) and not is_url(cell) for cell in cells)
    return 2 * named > len(cells)


def _has_urls(rows: list[Row]) -> bool:
    names = dict.fromkeys(name for row in rows for name in row)
    return any(names_urls([row.get(name) for row in rows]) for name in names)
