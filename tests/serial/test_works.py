"""Works held as columns: the same as one by one, wherever the file is cut into blocks."""

import pytest

from workprint.errors import FormatError
from workprint.model import Medium, Work
from workprint.serial import works
from workprint.serial.lines import dumps

WORKS = tuple(
    Work(f"a/{number}.png", "x" * (number % 7) + "},\\n{", "Ada" if number % 3 else "Ben é", "", None, Medium.IMAGE)
    for number in range(200)
)


def listed(count: int = 200) -> bytes:
    """As a portfolio index has them."""
    return ("[\n" + ",\n".join(dumps(works.work_to_json(work)) for work in WORKS[:count]) + "\n]\n").encode()


@pytest.mark.parametrize("block_bytes", [1, 150, 1000, 1 << 20])
def test_works_in_columns_are_those_of_the_list(monkeypatch: pytest.MonkeyPatch, block_bytes: int) -> None:
    """Blocks shorter than a line grow until one fits."""
    monkeypatch.setattr(works, "_LARGE_BYTES", 1)
    monkeypatch.setattr(works, "_BLOCK_BYTES", block_bytes)

    for count in (1, 2, 200):
        found = works.works_from_json(memoryview(listed(count)), "here")
        assert isinstance(found, works.WorkList)
        assert tuple(found) == WORKS[:count]
    assert list(works.contacts_of(found)) == ["Ben é", "Ada"]


@pytest.mark.parametrize("harm", ["[\n]\n", '[\n{"work_id": 1}\n]\n', "[\n{}},\n{{\n]\n", "{}", "[\n" + "[" * 90])
def test_what_is_no_list_of_works_is_refused_or_empty(monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    """As it is where works are few."""
    outcomes = []
    for large in (1, 1 << 20):
        monkeypatch.setattr(works, "_LARGE_BYTES", large)
        try:
            outcomes.append(list(works.works_from_json(harm.encode(), "here")))
        except FormatError:
            outcomes.append(["refused"])

    assert outcomes == ([[], []] if harm == "[\n]\n" else [["refused"]] * 2)
