"""Works held as columns: the same as one by one, and nothing but texts."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.errors import FormatError
from workprint.model import Medium, Work
from workprint.serial import works
from workprint.serial.arrays import array_in, npy

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
ALL = st.builds(Work, TEXTS, TEXTS, TEXTS, TEXTS, st.none() | TEXTS.filter(bool), st.sampled_from(Medium))


def stored(found: list[Work]) -> dict[str, Any]:
    """Columns as they come out of a file."""
    columns = works.columns_of(found)
    assert columns is not None
    assert tuple(columns) == works.COLUMNS
    return {name: array_in(memoryview(npy(column))) for name, column in columns.items()}


@given(st.lists(ALL, max_size=12))
def test_works_come_back_from_columns(found: list[Work]) -> None:
    """One by one, in slices and all together; and creators with the contact of their first work."""
    held = works.works_from_columns(stored(found), "here")

    assert list(held) == found
    assert [held[at] for at in range(len(held))] == found
    assert held[2:5] == found[2:5]
    assert works.contacts_of(held) == works.contacts_of(found)
    assert works.texts_of_works(held, "work_id") == [work.work_id for work in found]


def test_a_work_that_is_not_there_is_told() -> None:
    """As of any list."""
    held = works.works_from_columns(stored([Work("a", "", "", "", None, Medium.IMAGE)]), "here")

    assert held[-1].work_id == "a"
    with pytest.raises(IndexError):
        held[1]


def test_texts_that_no_column_can_hold_stay_json() -> None:
    """Half of a pair of surrogates, as a file name may have it, is no UTF-8."""
    assert works.columns_of([Work("a\udc80", "", "", "", None, Medium.IMAGE)]) is None


HARM = {
    "no texts": ("work_id", np.zeros(0, np.uint8)),
    "bytes of another kind": ("title", np.zeros(4, np.int64)),
    "starts of another kind": ("title_starts", np.array([0, 2, 4], np.int64)),
    "more dimensions": ("title_starts", np.array([[0, 2, 4]], np.int32)),
    "no starts": ("title_starts", np.zeros(0, np.int32)),
    "a text that ends before it begins": ("title_starts", np.array([0, 9, 4], np.int32)),
    "a text before the beginning": ("title_starts", np.array([0, -2, 4], np.int32)),
    "a late beginning": ("title_starts", np.array([1, 2, 4], np.int32)),
    "texts beyond the end": ("title_starts", np.array([0, 2, 5], np.int32)),
    "fewer texts": ("title_starts", np.array([0, 4], np.int32)),
    "no UTF-8": ("title", np.full(4, 0xFF, np.uint8)),
    "an unknown medium": ("medium", np.frombuffer(b"smellimage", np.uint8)),
}


@pytest.mark.parametrize("harm", HARM)
def test_columns_that_hold_no_works_are_refused(harm: str) -> None:
    """Whoever wrote them; nothing is looked at that lies outside of them."""
    columns = stored([Work("ab", "xy", "", "", None, Medium.IMAGE), Work("cd", "zw", "", "", None, Medium.IMAGE)])
    name, column = HARM[harm]

    with pytest.raises(FormatError, match="here"):
        works.works_from_columns({**columns, name: column}, "here")
