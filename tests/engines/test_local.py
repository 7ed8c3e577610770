"""The local engine: every result once, errors end the run, a lost worker is told."""

import os
import time
from collections.abc import Iterator, Sequence

import pytest

from workprint.engines.local import LocalEngine
from workprint.errors import FormatError, WorkprintError

TASKS = list(range(12))


def doubled(number: int) -> int:
    """Twice the number, the even ones late."""
    time.sleep(0.01 * (number % 2 == 0))
    return 2 * number


def refusing(number: int) -> int:
    """Fails on one task."""
    if number == 3:
        raise FormatError("part 3 is damaged")
    return number


def dying(number: int) -> int:
    """Loses the process on one task."""
    if number == 3:
        os._exit(9)
    return number


def process(_: int) -> int:
    """The process a task ran in."""
    return os.getpid()


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


def test_a_lost_worker_is_told() -> None:
    """A worker that is killed, as for want of memory, is a sentence that says how to go on."""
    with pytest.raises(WorkprintError, match="a worker process was lost"):
        list(LocalEngine(2).map(dying, TASKS))


def test_one_job_stays_in_this_process() -> None:
    """No process is started where one is enough, and more are used where they are asked for."""
    assert set(LocalEngine(1).map(process, TASKS)) == {os.getpid()}
    assert set(LocalEngine(2).map(process, [1])) == {os.getpid()}
    assert os.getpid() not in set(LocalEngine(2).map(process, TASKS))


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
