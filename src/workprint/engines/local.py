"""Runs shards on this machine: in this process for one job, in worker processes for more."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from workprint.errors import WorkprintError
from workprint.protocols import Result, Task

_WAITING_PER_JOB = 2
"""Tasks handed over but not begun, per job: enough that no worker waits, few enough that memory stays bounded."""


class LocalEngine:
    """A bounded pool of processes. Results come as they finish; who needs an order sorts."""

    name = "local"

    def __init__(self, jobs: int) -> None:
        """Use `jobs` processes; with one, the caller's own."""
        self._jobs = jobs

    def map(self, function: Callable[[Task], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Yield one result per task, in the order they finish.

        Raises:
            WorkprintError: a worker process was lost.
        """
        if self._jobs == 1 or len(tasks) <= 1:
            yield from map(function, tasks)
            return
        # forkserver: workers begin clean, without the threads and open files that fork would copy in a broken state
        context = multiprocessing.get_context("forkserver")
        with ProcessPoolExecutor(min(self._jobs, len(tasks)), mp_context=context) as pool:
            try:
                yield from _drained(pool, function, iter(tasks), self._jobs * (1 + _WAITING_PER_JOB))
            except BrokenProcessPool as error:
                raise WorkprintError(
                    "a worker process was lost (killed, or out of memory); start the same command again to continue"
                ) from error
            finally:
                pool.shutdown(wait=True, cancel_futures=True)


def _drained(
    pool: ProcessPoolExecutor, function: Callable[[Task], Result], tasks: Iterator[Task], most: int
) -> Iterator[Result]:
    running: set[Future[Result]] = set()
    for task in tasks:
        running.add(pool.submit(function, task))
        if len(running) >= most:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        yield from (future.result() for future in done)
