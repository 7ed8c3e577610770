"""What `metadata.csv` and its kind say of the files beside and below them, as Hugging Face image folders have it."""

import posixpath
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from workprint.datasets.paths import plain_file, safe_relative
from workprint.datasets.places import Place, head_of, name_of, place_of
from workprint.datasets.positions import PositionIndex
from workprint.datasets.rows import Layout, Row, layout_of, read_rows, rows_at
from workprint.errors import ItemError

METADATA_NAMES = ("metadata.csv", "metadata.tsv", "metadata.jsonl")
FILE_COLUMN = "file_name"


def metadata_of(root: Place, files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by path what metadata files say of `files`, which are paths below `root` in one folder.

    The table nearest to a file wins. A table that cannot be read says nothing; the files themselves still can be read.
    """
    wanted = sorted(set(files))
    said: dict[str, dict[str, Any]] = {}
    for folder in _folders_above(wanted[0]) if wanted else ():
        for name in METADATA_NAMES:
            try:
                table = plain_file(root, posixpath.join(folder, name))
                rows = _rows_for(table, {posixpath.relpath(path, folder or "."): path for path in wanted})
            except (ItemError, OSError):
                continue
            for path, row in rows.items():
                said[path] = {**said.get(path, {}), **row}
    return said


def _folders_above(file: str) -> list[str]:
    parts = file.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


def _rows_for(table: Place, wanted: dict[str, str]) -> dict[str, Row]:
    """Return what a table says of the files that it calls by the keys of `wanted`, by the values."""
    layout = layout_of(head_of(table.uri), name_of(table.uri))
    if layout is None:
        return {}
    index = _index_of(table.uri, layout, table.stamp())
    starts_bytes = sorted(start_bytes for path in wanted for start_bytes in index.find(path))
    rows = (row for row in rows_at(table, layout, starts_bytes) if not isinstance(row, ItemError))
    found = ((_path(row.pop(FILE_COLUMN, None)), row) for row in rows)
    return {wanted[path]: row for path, row in found if path in wanted}


@lru_cache(maxsize=4)  # every run of files needs it, and it takes a pass through the whole table
def _index_of(uri: str, layout: Layout, stamp: str) -> PositionIndex:  # noqa: ARG001 - the stamp tells states apart
    return PositionIndex.of(_named_rows(uri, layout))


def _named_rows(uri: str, layout: Layout) -> Iterator[tuple[str, int]]:
    with suppress(ItemError):  # rows before the damage still say something
        for start_bytes, row in read_rows(place_of(uri), layout):
            path = None if isinstance(row, ItemError) else _path(row.get(FILE_COLUMN))
            if path is not None:
                yield path, start_bytes


def _path(stated: object) -> str | None:
    try:
        return safe_relative(stated) if isinstance(stated, str) else None
    except ItemError:
        return None
