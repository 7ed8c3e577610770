"""Runs shards on this machine, in worker processes that may crash, hang or be killed."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext
from multiprocessing.forkserver import ensure_running
from typing import Any

from workprint.engines.worker import SINCE, STEP, serve
from workprint.errors import ItemError, TimedOut, UsageError, WorkerLost, WorkprintError
from workprint.model import Limits
from workprint.protocols import IDLE, Attempt, Result, Task

_TRIES = 2
"""Processes that an item may cost before it is given up: the first may have been killed for no fault of the item's."""
_IDLE_TRIES = 5
"""Processes that a task may cost outside of any item before the run is given up."""


class LocalEngine:
    """A few processes, each with one task at a time. Results come as they finish; who needs an order sorts."""

    name = "local"

    def __init__(
        self, jobs: int = 0, limits: Limits | None = None, preload: Sequence[str] = (), address: str = ""
    ) -> None:
        """Use `jobs` processes (0: one per core), held to `limits`; `preload` names modules that they find imported
        when they begin. Raises `UsageError` for an address: this machine has none."""
        if address:
            raise UsageError(f"the local engine runs on this machine and not at {address}; add --engine ray")
        self._jobs = jobs or _cores()
        self._limits = limits or Limits()
        self._context = make_ready(preload)

    def map(self, function: Callable[[Task, Attempt], Result], tasks: Iterable[Task]) -> Iterator[Result]:
        """Yield one result per task, in the order they finish. See `Engine.map`."""
        waiting = (Trial(task) for task in tasks)
        free: list[_Worker] = []
        busy: dict[Any, _Worker] = {}
        try:
            while True:
                for trial in islice(waiting, self._jobs - len(busy)):
                    self._begin(trial, free.pop() if free else self._worker(function), busy)
                if not busy:
                    return
                limit_s = self._limits.max_item_seconds
                for connection in wait(list(busy), min(worker.patience_s(limit_s) for worker in busy.values())):
                    worker = busy.pop(connection)
                    if (answer := worker.answer()) is None:
                        self._begin(worker.lost(limit_s), self._worker(function), busy)
                    else:
                        free.append(worker)
                        yield value_of(answer)
        finally:
            for worker in (*free, *busy.values()):
                worker.end()

    def _worker(self, function: Callable[[Any, Attempt], Any]) -> _Worker:
        cell = self._context.RawArray("d", (IDLE, float("inf")))
        ours, theirs = self._context.Pipe()
        arguments = (theirs, cell, function, self._limits.max_memory_bytes)
        process = self._context.Process(target=serve, args=arguments, daemon=True)
        process.start()
        theirs.close()  # so that ours ends with the process
        return _Worker(process, ours, cell)

    @staticmethod
    def _begin(trial: Trial, worker: _Worker, busy: dict[Any, _Worker]) -> None:
        worker.begin(trial)
        busy[worker.connection] = worker


def make_ready(preload: Sequence[str]) -> ForkServerContext:
    """Start the process that workers are forked from; it imports the modules named while the caller goes on.

    Workers begin clean, without the threads and open files that a fork of the caller would copy in a broken state.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    ensure_running()
    return context


@dataclass(slots=True)
class Trial:
    """A task, and what it has cost so far."""

    task: Any
    lost: dict[int, ItemError] = field(default_factory=dict)
    """What is given up, by step."""
    losses: Counter[int] = field(default_factory=Counter)
    """Processes, by step."""

    def lose(self, step: int) -> None:
        """Take note of a process that died. Raises `WorkprintError` where that cannot be an item's fault."""
        self.losses[step] += 1
        if step != IDLE and self.losses[step] >= _TRIES:
            self.lost[step] = WorkerLost("the process that worked on it died, and so did the next one")
        if self.losses[IDLE] >= _IDLE_TRIES:
            raise WorkprintError(
                f"{_IDLE_TRIES} worker processes were killed one after the other, not by any item: the machine may be "
                "out of memory; start the same command again, with fewer --jobs, to continue"
            )


class _Worker:
    """A process, what it works on, and where in that it is."""

    def __init__(self, process: Any, connection: Connection[Any, Any], cell: Any) -> None:
        self.connection = connection
        self._process = process
        self._cell = cell
        self._trial = Trial(None)
        self._overdue: tuple[float, float] | None = None

    def begin(self, trial: Trial) -> None:
        """Hand a task over; that the process is dead is noticed when its answer is asked for."""
        self._trial = trial
        with suppress(BrokenPipeError, ConnectionResetError):
            self.connection.send((trial.task, trial.lost))

    def answer(self) -> tuple[Any, BaseException | None] | None:
        """What the process sent, or None if it died before it could."""
        try:
            answer: tuple[Any, BaseException | None] = self.connection.recv()
        except (EOFError, OSError):
            return None
        return answer

    def patience_s(self, limit_s: float) -> float:
        """For how long the process cannot be overdue. One that is will be ended."""
        step, since_s = self._place()
        left_s = limit_s - (time.monotonic() - since_s)
        if step == IDLE or left_s == float("inf"):
            return limit_s
        if left_s <= 0 and self._overdue is None:
            self._overdue = step, since_s
            self._process.kill()
        return max(left_s, 0.0)

    def lost(self, limit_s: float) -> Trial:
        """The task of a process that died, with the blame where it belongs."""
        self.end()
        place = self._place()
        if self._overdue is None:
            self._trial.lose(int(place[0]))
        elif self._overdue == place:  # otherwise it had just gone on to the next step, which is not at fault
            self._trial.lost[int(place[0])] = TimedOut(f"it took longer than the {limit_s:g} s that an item may take")
        return self._trial

    def end(self) -> None:
        """Let go of the process."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self.connection.close()

    def _place(self) -> tuple[float, float]:
        return self._cell[STEP], self._cell[SINCE]


def _cores() -> int:
    """How many processors this process may use; macOS tells only how many there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def value_of(answer: tuple[Any, BaseException | None]) -> Any:
    """The value that a worker answered with. Raises the error that it answered with instead."""
    value, error = answer
    if error is not None:
        raise error
    return value
