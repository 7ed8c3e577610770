"""Records as columns: the same as records as rows, and as careful."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_samples import PHASH, SOUND, attributes, failures, image_record, records, stored
from workprint.errors import FormatError
from workprint.model import Failure, Stage
from workprint.serial.columns import RecordColumns
from workprint.serial.records import SCHEMA, to_table

RECIPES = (PHASH, SOUND)
some_rows = st.lists(st.tuples(records(), attributes) | failures, min_size=1, max_size=5)


def columns(table: pa.Table) -> RecordColumns:
    """A table as the store hands it on."""
    return RecordColumns(table.combine_chunks().to_batches()[0], RECIPES, "here")


@given(some_rows, st.data())
def test_columns_hold_what_rows_hold(rows: list[Any], data: st.DataObject) -> None:
    """Digests, the row of each fingerprint, and any choice of rows."""
    held = columns(to_table(rows, RECIPES))
    wanted = sorted(data.draw(st.sets(st.integers(0, len(rows) - 1))))

    assert [bytes(one).hex() for one in held.digests("digest")] == [
        "00" * 32 if isinstance(row, Failure) else row[0].digest for row in rows
    ]
    for recipe in RECIPES:
        made = [at for at, row in enumerate(rows) if not isinstance(row, Failure) for _ in row[0].made_by(recipe)]
        assert held.rows_with(recipe).tolist() == made
    assert list(held.rows(np.array(wanted, dtype=np.int64))) == [stored(rows[at]) for at in wanted]


def test_values_come_as_one_array() -> None:
    """Even of a slice, with a failure between records."""
    rows: list[Any] = [(image_record(str(at), at), {}) for at in range(4)]
    rows.insert(2, Failure("f", Stage.READ, "missing", ""))
    batch = to_table(rows, RECIPES).combine_chunks().to_batches()[0].slice(1)

    held = RecordColumns(batch, RECIPES, "here")

    values = [row[0].fingerprints[0].value for row in rows[1:] if not isinstance(row, Failure)]
    assert [bytes(one) for one in held.values(PHASH, 32)] == values
    assert held.rows_with(PHASH).tolist() == [0, 2, 3]


def test_a_value_of_another_size_is_refused() -> None:
    """It could not be compared, so it must not pass for something that matches nothing."""
    with pytest.raises(FormatError, match="another size than 16 bytes"):
        columns(to_table([(image_record("a", 1), {})], RECIPES)).values(PHASH, 16)


GOOD = to_table([(image_record("a", 1), {})], RECIPES).to_pylist()[0]
PRINT = GOOD["fingerprints"][0]


@pytest.mark.parametrize(
    "change",
    [
        *({name: None} for name in ("medium", "digest", "content_digest", "size_bytes", "extent", "fingerprints")),
        {"fingerprints": [{**PRINT, "recipe": 2}]},
        {"fingerprints": [{**PRINT, "recipe": -1}]},
    ],
)
def test_a_damaged_record_is_refused_though_nothing_matches_it(change: dict[str, Any]) -> None:
    """What is missing would otherwise pass for not found."""
    with pytest.raises(FormatError, match="damaged"):
        columns(pa.Table.from_pylist([{**GOOD, **change}], schema=SCHEMA)).rows_with(PHASH)


def test_another_table_is_refused() -> None:
    """A Parquet file that is none of ours is told from a damaged one."""
    with pytest.raises(FormatError, match="does not have the columns"):
        columns(pa.table({"subject_id": ["a"]}))
