"""The local engine: every result once, errors end the run, a worker that dies or hangs costs what it was in."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from workprint.engines.local import LocalEngine
from workprint.errors import FormatError, ItemError, WorkprintError
from workprint.model import Limits
from workprint.protocols import IDLE, Attempt

TASKS = list(range(12))
ITEMS = range(5)


def doubled(number: int, _: Attempt) -> int:
    """Twice the number, the even ones late."""
    time.sleep(0.01 * (number % 2 == 0))
    return 2 * number


def refusing(number: int, _: Attempt) -> int:
    """Fails on one task."""
    if number == 3:
        raise FormatError("part 3 is damaged")
    return number


def stumbling(number: int, _: Attempt) -> int:
    """Has a fault of its own."""
    return 1 // (number - 3)


def process(_: int, attempt: Attempt) -> int:
    """The process a task ran in."""
    attempt.mark(IDLE)
    return os.getpid()


def hang() -> None:
    """Never come back."""
    while True:
        time.sleep(60)


def crash() -> None:
    """End as a decoder does that reads where nothing is."""
    os.kill(os.getpid(), signal.SIGSEGV)


class Items:
    """A task of five items, one of which may end the process it is in."""

    def __init__(self, deed: str, at: int, once: Path | None = None) -> None:
        """Do it at one item of task 3, only the first time if there is a file to remember that by."""
        self.deed, self.at, self.once = deed, at, once

    def __call__(self, number: int, attempt: Attempt) -> list[str]:
        """What became of each item."""
        outcomes = []
        try:
            for item, lost in attempt.over(self._read(number)):
                if not lost and (number, item, self.deed) in ((3, self.at, "crash"), (3, self.at, "hang")):
                    self._end()
                outcomes.append(lost.code if lost else f"item {item}")
        except ItemError as error:
            outcomes.append(f"{error.code} while reading")
        return outcomes

    def _read(self, number: int) -> Iterator[int]:
        for item in ITEMS:
            if (number, item, self.deed) == (3, self.at, "crash in reading"):
                self._end()
            yield item

    def _end(self) -> None:
        if self.once is not None:
            if self.once.exists():
                return
            self.once.touch()
        hang() if self.deed == "hang" else crash()


def outcomes(engine: LocalEngine, function: Items, tasks: Sequence[int] = TASKS) -> list[str]:
    """All that came of task 3; that of the others must be whole."""
    results = sorted(engine.map(function, tasks))
    whole = [f"item {item}" for item in ITEMS]
    assert results.count(whole) >= len(tasks) - 1
    assert len(results) == len(tasks)
    return next((result for result in results if result != whole), whole)


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("tasks", [[], [7], TASKS])
def test_every_task_has_its_result_once(jobs: int, tasks: list[int]) -> None:
    """Nothing is lost and nothing done twice, in whatever order."""
    assert sorted(LocalEngine(jobs).map(doubled, tasks)) == [2 * number for number in tasks]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_in_a_task_ends_the_run(jobs: int) -> None:
    """The error itself arrives, with its type and words."""
    with pytest.raises(FormatError, match="part 3 is damaged"):
        list(LocalEngine(jobs).map(refusing, TASKS))


def test_a_fault_of_ours_says_where_it_was() -> None:
    """The traceback from the other process comes along."""
    with pytest.raises(ZeroDivisionError) as raised:
        list(LocalEngine(1).map(stumbling, TASKS))

    assert "in stumbling" in raised.value.__notes__[0]


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("at", [0, 2, 4])
def test_an_item_that_crashes_every_process_is_given_up(jobs: int, at: int) -> None:
    """It alone: the items before and after it, and all other tasks, have their results."""
    expected = [f"item {item}" if item != at else "worker_lost" for item in ITEMS]

    assert outcomes(LocalEngine(jobs), Items("crash", at)) == expected


def test_an_item_that_hangs_is_given_up() -> None:
    """Its process is ended from outside."""
    engine = LocalEngine(2, Limits(max_item_seconds=0.3))

    assert outcomes(engine, Items("hang", 2)) == ["item 0", "item 1", "timed_out", "item 3", "item 4"]


def test_a_reader_that_crashes_ends_its_shard() -> None:
    """What was read before is kept, and the task is told that there was more."""
    assert outcomes(LocalEngine(1), Items("crash in reading", 2)) == ["item 0", "item 1", "worker_lost while reading"]


def test_a_process_that_is_killed_once_leaves_no_trace(tmp_path: Path) -> None:
    """It may have been killed for no fault of the item's, which is tried again."""
    assert outcomes(LocalEngine(2), Items("crash", 2, tmp_path / "once")) == [f"item {item}" for item in ITEMS]
    assert (tmp_path / "once").exists()


def dying(number: int, attempt: Attempt) -> int:
    """Loses the process, outside of any item."""
    attempt.mark(IDLE)
    if number == 3:
        crash()
    return number


def test_processes_that_die_in_no_item_end_the_run() -> None:
    """There is nothing to blame and nothing to leave out, so it is told how to go on."""
    with pytest.raises(WorkprintError, match="worker processes were killed"):
        list(LocalEngine(2).map(dying, TASKS))


def greedy(number: int, _: Attempt) -> str:
    """Asks for more than there may be."""
    try:
        return f"{np.ones(number << 30, np.uint8).size}"
    except MemoryError:
        return "out of memory"


def test_memory_is_bounded_in_each_process() -> None:
    """An allocation beyond the limit fails, in Python, and the process lives on."""
    engine = LocalEngine(1, Limits(max_memory_bytes=2 << 30))

    assert list(engine.map(greedy, [3, 0, 3])) == ["out of memory", "0", "out of memory"]


def test_work_is_done_in_other_processes() -> None:
    """As many as there are jobs, and also where one is enough: this one must outlive them."""
    assert len(set(LocalEngine(1).map(process, TASKS))) == 1
    assert os.getpid() not in {*LocalEngine(1).map(process, TASKS), *LocalEngine(2).map(process, TASKS)}


class Counted(Sequence[int]):
    """Tasks that count how many of them were taken."""

    def __init__(self) -> None:
        """None yet."""
        self.taken = 0

    def __len__(self) -> int:
        """Many."""
        return 1_000

    def __getitem__(self, at: int) -> int:  # type: ignore[override]
        """Take one."""
        self.taken = max(self.taken, at + 1)
        return at

    def __iter__(self) -> Iterator[int]:
        """Take one after the other."""
        return (self[at] for at in range(len(self)))


@pytest.mark.parametrize("jobs", [1, 2])
def test_only_a_few_tasks_wait(jobs: int) -> None:
    """Memory stays bounded: tasks are handed over as results come, and an abandoned run stops."""
    tasks = Counted()

    results = LocalEngine(jobs).map(doubled, tasks)
    next(results)
    results.close()  # type: ignore[attr-defined]

    assert tasks.taken <= 10
