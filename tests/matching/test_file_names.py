"""File names compared by hashes: every name that is there is told, whatever is around it."""

import json

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from workprint.matching.file_names import hashes_of_names, rows_in_question
from workprint.matching.mentions import file_name_in
from workprint.serial.works import WorkList

NAMES = ["posters/Lighthouse-at-dusk.PNG", "plain.png", "straße/ÉTÉ-Weiß.jpg", "a b.png", ""]
TEXTS = st.lists(st.sampled_from(["/", "?", "#", " ", "%20", "%", "é", '"', "\\", "K", "x", *NAMES]), max_size=5)


def test_works_held_as_columns_have_the_same_hashes() -> None:
    """Also of names whose small letters are more bytes than their large ones, and in pieces of columns."""
    table = pa.table({"work_id": pa.chunked_array([pa.array(["none", *NAMES[:2]])[1:], pa.array(NAMES[2:])])})

    assert hashes_of_names(WorkList(table)).tolist() == hashes_of_names(NAMES).tolist()
    assert len(hashes_of_names(NAMES)) == len(NAMES)
    assert not len(hashes_of_names([]))


@given(st.lists(TEXTS.map("".join), max_size=4), st.booleans())
def test_no_row_that_ends_in_a_name_is_passed_over(values: list[str], ascii_only: bool) -> None:
    """Each value is said of an item of its own, as the JSON that a store keeps."""
    known = {file_name_in(name.rpartition("/")[2]) for name in NAMES} - {""}
    said = pa.array(["", None, *(json.dumps({"url": value}, ensure_ascii=ascii_only) for value in values)], pa.string())

    rows = rows_in_question(said[1:], hashes_of_names(NAMES))

    assert not rows[0]
    assert all(row or file_name_in(value) not in known for value, row in zip(values, rows[1:], strict=True))


def test_addresses_that_name_no_work_cost_nothing() -> None:
    """Nor do captions; digests in hexadecimal are told, and whatever is written in escapes."""
    told = ["https://x.example/plain.png?w=1", "AB" * 32, "a\nb", "https://x.example/%41.png"]
    others = ["https://x.example/plain.jpg", "https://x.example/plain.png/", "a plain.png with words behind", "AB" * 31]
    said = pa.array([json.dumps({"url": text, "other": 1}) for text in told + others])

    assert rows_in_question(said, hashes_of_names(NAMES)).tolist() == [True] * len(told) + [False] * len(others)
    assert not rows_in_question(pa.array([], pa.string()), np.empty(0, np.uint64)).size
