"""Fingerprint records as table rows: they come back as they were, and strangers' rows are checked."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_samples import PHASH, SOUND, attributes, failures, image_record, records, stored
from workprint.errors import FormatError
from workprint.model import Failure, Stage, TimeSpan
from workprint.serial.records import SCHEMA, from_table, to_table

RECIPES = (PHASH, SOUND)
rows = st.lists(st.tuples(records(), attributes) | failures, max_size=4)


@given(rows)
def test_rows_come_back(given_rows: list[Any]) -> None:
    """Records with segments and variants, failures, and any text survive; half surrogates are written out."""
    table = to_table(given_rows, RECIPES)

    assert list(from_table(table, RECIPES, "here")) == [stored(row) for row in given_rows]


def test_a_recipe_that_was_not_declared_is_refused() -> None:
    """A fingerprint of an unknown recipe would be read back as another's."""
    with pytest.raises(ValueError, match="is not in list"):
        to_table([(image_record("a", 1), {})], [SOUND])


def test_another_table_is_refused() -> None:
    """A Parquet file that is none of ours is told from a damaged one."""
    with pytest.raises(FormatError, match="does not have the columns"):
        list(from_table(pa.table({"subject_id": ["a"]}), RECIPES, "here"))


GOOD = to_table([(image_record("a", 1), {"b": 1})], RECIPES).to_pylist()[0]
HOSTILE = {
    "an unknown medium": {"medium": "smell"},
    "no medium": {"medium": None},
    "no digest": {"digest": None},
    "no fingerprints": {"fingerprints": None},
    "no extent": {"extent": None},
    "an extent of another medium": {"extent": [1.0]},
    "an extent that is no number": {"extent": [1.0, float("nan")]},
    "a negative extent": {"extent": [1.0, -1.0]},
    "a negative size": {"size_bytes": -1},
    "no size": {"size_bytes": None},
    "attributes that are no mapping": {"attributes": "[1]"},
    "attributes that are no JSON": {"attributes": "{"},
    "attributes without end": {"attributes": "[" * 100_000},
    "signals that are no list": {"signals": "{}"},
    "signals that are no JSON": {"signals": "["},
    "a signal of an unknown use": {"signals": '[{"source": "", "uses": {"dreams": "allowed"}, "conformant": true}]'},
    "more signals than any file has": {"signals": f"[{','.join(['0'] * 1001)}]"},
    "a recipe beyond the list": {"fingerprints": [{**GOOD["fingerprints"][0], "recipe": 7}]},
    "a recipe below the list": {"fingerprints": [{**GOOD["fingerprints"][0], "recipe": -1}]},
    "a stretch that ends before it begins": {
        "fingerprints": [{**GOOD["fingerprints"][0], "start_s": 2.0, "end_s": 1.0}]
    },
    "a stretch without end": {"fingerprints": [{**GOOD["fingerprints"][0], "start_s": 2.0, "end_s": None}]},
    "a failure of no stage": {"code": "empty", "stage": None},
    "a failure of an unknown stage": {"code": "empty", "stage": "lunch"},
}


def test_a_table_of_the_first_version_is_read() -> None:
    """It has no column of signals, so its records have none."""
    table = to_table([(image_record("a", 1), {"b": 1})], RECIPES).drop_columns(["signals"])

    assert list(from_table(table, RECIPES, "here")) == [(image_record("a", 1), {"b": 1})]


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_row_is_refused(change: dict[str, Any]) -> None:
    """A row that could not have been made by `to_table` is a `FormatError` that names the file."""
    table = pa.Table.from_pylist([{**GOOD, **change}], schema=SCHEMA)

    with pytest.raises(FormatError, match=r"here holds a damaged record"):
        list(from_table(table, RECIPES, "here"))


def test_text_that_is_not_utf8_is_refused() -> None:
    """Arrow does not check text; we do."""
    table = to_table([Failure("abc", Stage.READ, "missing", "gone")], RECIPES)
    damaged = pa.StringArray.from_buffers(1, *pa.array([b"\xff\xff\xff"], pa.binary()).buffers()[1:])

    with pytest.raises(FormatError, match="damaged record"):
        list(from_table(table.set_column(0, SCHEMA.field(0), damaged), RECIPES, "here"))


def test_whole_segments_are_none() -> None:
    """A fingerprint of the whole has no segment after a round trip, and one of a stretch has its own."""
    whole, part = image_record("a", 1), image_record("b", 2)
    part = replace(part, fingerprints=(replace(part.fingerprints[0], segment=TimeSpan(1.0, 2.0)),))

    back: list[Any] = list(from_table(to_table([(whole, {}), (part, {})], RECIPES), RECIPES, "here"))

    assert [row[0].fingerprints[0].segment for row in back] == [None, TimeSpan(1.0, 2.0)]
