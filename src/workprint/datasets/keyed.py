"""Rows of a table by the text in one of their columns, without holding the table."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache

from workprint.datasets.places import place_of
from workprint.datasets.positions import PositionIndex
from workprint.datasets.rows import Layout, Row, read_rows, rows_at
from workprint.datasets.texts import text_place
from workprint.errors import ItemError


@dataclass(frozen=True, slots=True)
class KeyedRows:
    """A table that is looked into by one column; of rows with one key the first counts."""

    uri: str
    layout: Layout
    column: str

    def row(self, key: str) -> Row | None:
        """Return the row of that key; None where there is none, or where the table cannot be read."""
        try:
            return _row(self, key, place_of(self.uri).stamp())
        except (ItemError, OSError):
            return None


@lru_cache(maxsize=4096)  # many segments of one recording follow each other
def _row(table: KeyedRows, key: str, stamp: str) -> Row | None:
    starts_bytes = _index_of(table, stamp).find(key, most=4)
    for row in rows_at(text_place(table.uri), table.layout, starts_bytes):
        if not isinstance(row, ItemError) and str(row.get(table.column)) == key:  # else a name of the same hash
            return row
    return None


@lru_cache(maxsize=8)  # takes a pass through the whole table
def _index_of(table: KeyedRows, stamp: str) -> PositionIndex:  # noqa: ARG001 - the stamp tells states apart
    return PositionIndex.of(_keys(table))


def _keys(table: KeyedRows) -> Iterator[tuple[str, int]]:
    with suppress(ItemError):  # rows before the damage still can be found
        for start_bytes, row in read_rows(text_place(table.uri), table.layout):
            if not isinstance(row, ItemError):
                yield str(row.get(table.column)), start_bytes
