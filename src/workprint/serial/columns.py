"""Fingerprint records as columns, so that a store is searched without an object for each of its records.

Columns come from strangers, as rows do (`records`): what is read from them here is checked here, and a row is checked
in full when it is taken out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.serial.records import Row, from_table, has_columns_of_records

_DIGEST_BYTES = 32
_OF_EACH_RECORD = ("medium", "digest", "content_digest", "size_bytes", "extent", "fingerprints")


class RecordColumns:
    """Some consecutive rows of a part."""

    def __init__(self, batch: pa.RecordBatch, recipes: Sequence[str], where: str) -> None:
        """Take rows of `records.SCHEMA`; `where` names their file in errors.

        Raises:
            FormatError: columns are missing or of another type, or a record lacks a value.
        """
        self._batch, self._recipes, self._where = batch, recipes, where
        if not has_columns_of_records(batch.schema):
            raise FormatError(f"{where} does not have the columns of a fingerprint table")
        failed = np.asarray(batch.column("code").is_valid())
        if not all((failed | np.asarray(batch.column(name).is_valid())).all() for name in _OF_EACH_RECORD):
            raise FormatError(f"{where} holds a damaged record (a value is missing)")

    def __len__(self) -> int:
        """How many rows there are, failures among them."""
        return int(self._batch.num_rows)

    def digests(self, name: str) -> NDArray[np.uint8]:
        """The column `digest` or `content_digest`, uint8 (rows, 32); zeros in rows that failed."""
        column = self._batch.column(name)
        if column.null_count:
            column = pc.fill_null(column, pa.scalar(bytes(_DIGEST_BYTES), type=column.type))
        return _bytes_of(column, _DIGEST_BYTES)

    def have_signals(self) -> NDArray[np.bool_]:
        """Of each row, whether rights signals are kept with it."""
        if "signals" not in self._batch.schema.names:
            return np.zeros(len(self), dtype=np.bool_)
        return np.asarray(self._batch.column("signals").is_valid())

    @property
    def attributes(self) -> pa.StringArray:
        """What is said of each row, as the JSON that is kept of it; null where nothing is."""
        return self._batch.column("attributes")

    def rows_with(self, recipe_id: str) -> NDArray[np.int64]:
        """The row of each fingerprint of a recipe, rising."""
        return self._parents[self._are_of(recipe_id)]

    def values(self, recipe_id: str, size_bytes: int) -> NDArray[np.uint8]:
        """The values of those fingerprints, uint8 (n, size_bytes).

        Raises:
            FormatError: one of them is of another size.
        """
        values = self._prints.field("value").filter(pa.array(self._are_of(recipe_id)))
        try:
            return _bytes_of(values.cast(pa.binary(size_bytes)), size_bytes)
        except pa.ArrowInvalid as error:
            raise FormatError(f"{self._where} holds fingerprints of another size than {size_bytes} bytes") from error

    def values_of_any_size(self, recipe_id: str) -> list[bytes]:
        """The values of those fingerprints."""
        values: list[bytes] = self._prints.field("value").filter(pa.array(self._are_of(recipe_id))).to_pylist()
        return values

    def value_sizes(self, recipe_id: str) -> NDArray[np.int64]:
        """How many bytes those values have, int64 (n,)."""
        values = self._prints.field("value").filter(pa.array(self._are_of(recipe_id)))
        return np.asarray(pc.binary_length(values), dtype=np.int64)

    def audio_s(self) -> float:
        """Length of all recordings together."""
        extents = self._batch.filter(pc.equal(self._batch.column("medium"), "audio").fill_null(False)).column("extent")
        return float(pc.sum(extents.flatten()).as_py() or 0.0)

    def rows(self, wanted: NDArray[np.int64]) -> Iterator[Row]:
        """The records and failures at these places, as objects. Raises `FormatError` where one is damaged."""
        if not len(wanted):
            return iter(())
        taken = self._batch.take(pa.array(wanted))
        return from_table(pa.Table.from_batches([taken]), self._recipes, self._where)

    def _are_of(self, recipe_id: str) -> NDArray[np.bool_]:
        of = np.array([recipe == recipe_id for recipe in (*self._recipes, "")], dtype=np.bool_)
        return of[self._positions]

    @cached_property
    def _prints(self) -> pa.StructArray:
        return self._batch.column("fingerprints").flatten()

    @cached_property
    def _parents(self) -> NDArray[np.int64]:
        return np.asarray(pc.list_parent_indices(self._batch.column("fingerprints")), dtype=np.int64)

    @cached_property
    def _positions(self) -> NDArray[np.int64]:
        """Of each fingerprint's recipe, in `recipes`."""
        column = self._prints.field("recipe")
        positions = np.asarray(column.fill_null(-1), dtype=np.int64)
        outside = (positions < 0) | (positions >= len(self._recipes))
        if outside.any() or self._prints.field("value").null_count:
            raise FormatError(f"{self._where} holds a damaged record (a fingerprint of no recipe, or of no value)")
        return positions


def _bytes_of(column: pa.FixedSizeBinaryArray, size_bytes: int) -> NDArray[np.uint8]:
    """Values without nulls as uint8 (n, size_bytes), where they lie."""
    if not len(column):
        return np.empty((0, size_bytes), dtype=np.uint8)
    data = np.frombuffer(column.buffers()[1], dtype=np.uint8)
    return data[column.offset * size_bytes :][: len(column) * size_bytes].reshape(-1, size_bytes)
