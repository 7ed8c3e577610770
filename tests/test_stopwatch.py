"""Time counts for one activity at a time, and for each once."""

from collections.abc import Iterator
from itertools import count

import pytest

from workprint import stopwatch
from workprint.stopwatch import Activity, added, begin, during, each, taken


@pytest.fixture(autouse=True)
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A processor on which a second passes whenever it is asked for the time, and a clock that was never begun."""
    seconds = count(5)
    monkeypatch.setattr(stopwatch.time, "process_time", lambda: float(next(seconds)))
    monkeypatch.setattr(stopwatch, "_clock", stopwatch._Clock())


def test_what_is_nested_is_not_counted_twice() -> None:
    """The clock stops for the outer activity; all seconds after the start are there."""
    begin()
    with during(Activity.FINGERPRINT), during(Activity.DECODE):
        pass

    spent_s = taken()

    assert spent_s == {Activity.START: 5, Activity.OTHER: 2, Activity.FINGERPRINT: 2, Activity.DECODE: 1}
    assert taken() == {Activity.OTHER: 1}, "what was taken is not taken again"


def test_a_stream_counts_for_its_own_activity_and_not_for_who_uses_it() -> None:
    """Getting each thing, and finding that there is none, is the stream's; errors in it arrive."""

    def stream() -> Iterator[int]:
        yield 1
        raise ValueError("torn")

    begin()
    taken()
    with pytest.raises(ValueError, match="torn"), during(Activity.WRITE):
        list(each(stream(), Activity.READ))

    assert taken()[Activity.READ] == 2


def test_nothing_is_counted_in_a_process_that_never_began() -> None:
    """Indexing a portfolio, for example."""
    with during(Activity.DECODE):
        pass

    assert taken() == {}


def test_times_of_several_processes_are_added() -> None:
    """By activity."""
    assert added({"a": 1.0, "b": 2.0}, {"b": 3.0, "c": 4.0}) == {"a": 1.0, "b": 5.0, "c": 4.0}
