"""Runs shards on a Ray cluster: the same function, in the same watched processes, on as many machines as there are.

Ray places and replaces; what happens to an item that crashes or hangs is decided on its own machine by `LocalEngine`,
in a process beside Ray's, so that its outcome is the same as in a local run. Tasks, functions and results are pickled
by Ray between its own processes: use no cluster that others can write to.
"""

from __future__ import annotations

import atexit
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib import import_module
from itertools import repeat
from typing import Any

from workprint.engines.local import LocalEngine, Trial, value_of
from workprint.errors import EngineUnavailable, UsageError
from workprint.model import Limits
from workprint.protocols import IDLE, Attempt, Result, Task

_LOCAL = "local"
_LOOK_AGAIN_S = 10.0
"""How often the cluster is asked whether it has grown."""
_CONNECT_S = 10.0
_STARTS = 5
"""Places in a row that may fail to start before the run is given up."""
_OBJECT_STORE_BYTES = 100 << 20
"""Of a Ray of our own: only findings and counts pass through it."""
_SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0"}
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}
"""Ray's way to say: listen on the loopback address only. Read when Ray is imported."""


class RayEngine:
    """As many tasks in flight as the cluster has processors, or as it is told. Results come as they finish."""

    name = "ray"

    def __init__(
        self, jobs: int = 0, limits: Limits | None = None, preload: Sequence[str] = (), address: str = ""
    ) -> None:
        """Use `jobs` processors (0: all there are) of the cluster at `address` or `RAY_ADDRESS`; without either, of a
        Ray that is started on this machine. A program that is connected already stays with its cluster. `limits` and
        `preload` are as for `LocalEngine`.

        Raises:
            ImportError: Ray is not installed.
            UsageError: the address is none that a scan can be run at.
        """
        self._jobs = jobs
        self._inside = (limits or Limits(), tuple(preload))
        self._address = address or os.environ.get("RAY_ADDRESS", "") or _LOCAL
        if self._address.startswith("ray://"):
            raise UsageError(f"{self._address} is an address for Ray's clients; start the command on a node of the "
                             "cluster, with --ray-address auto or HOST:PORT")  # fmt: skip
        for name, value in (_SETTINGS | (_ALONE if self._address == _LOCAL else {})).items():
            os.environ.setdefault(name, value)
        self._ray = import_module("ray")

    def map(self, function: Callable[[Task, Attempt], Result], tasks: Sequence[Task]) -> Iterator[Result]:
        """Yield one result per task, in the order they finish. See `Engine.map`.

        Raises:
            EngineUnavailable: the cluster cannot be reached, or has no processors.
            WorkprintError: places are lost again and again with the same task.
        """
        self._connect()
        trials = _Trials(tasks)
        places: dict[Any, tuple[Any, Trial | None]] = {}
        try:
            while trials.left:
                self._hire(function, places, trials.left)
                for answer in self._ray.wait(list(places), timeout=_LOOK_AGAIN_S)[0]:
                    place, trial = places.pop(answer)
                    result = self._answer(answer, trial, trials)
                    if result and (after := trials.next()):
                        places[place.run.remote(after.task)] = place, after
                    if result and trial:
                        trials.left -= 1
                        yield value_of(result)
        finally:
            for place, _ in places.values():
                self._ray.kill(place)

    def _hire(self, function: Callable[[Any, Attempt], Any], places: dict[Any, Any], left: int) -> None:
        """Ask for as many places as there is work for; a task is given only to one that has begun."""
        processors = int(self._ray.cluster_resources().get("CPU", 0))
        if not processors and not places:
            raise EngineUnavailable(f"the Ray cluster at {self._address} has no processors to run anything on")
        remote = self._ray.remote(num_cpus=1, max_restarts=0, max_task_retries=0)(_Place)
        for _ in range(min(self._jobs or processors, left) - len(places)):
            place = remote.remote(function, *self._inside)
            places[place.begun.remote()] = place, None

    def _answer(self, answer: Any, trial: Trial | None, trials: _Trials) -> tuple[Any, BaseException | None] | None:
        """What a place sent, or None if it was lost before it could: its task is then tried again elsewhere."""
        exceptions = self._ray.exceptions
        try:
            result: tuple[Any, BaseException | None] = self._ray.get(answer)
        except (exceptions.RayActorError, exceptions.ObjectLostError, exceptions.OutOfMemoryError) as error:
            trials.lost(trial, str(error))
            return None
        trials.failed_starts = 0
        return result

    def _connect(self) -> None:
        """Be connected until this process ends, because to begin takes seconds and a scan runs more than one map."""
        if self._ray.is_initialized():  # by an earlier map, or by the program that calls this
            return
        options: dict[str, Any] = {"address": self._address}
        if self._address == _LOCAL:
            folder = tempfile.mkdtemp(prefix="workprint-ray-", dir="/tmp")  # of sockets: their paths have to be short
            options |= {"num_cpus": self._jobs or None, "include_dashboard": False, "_temp_dir": folder}
            options |= {"object_store_memory": _OBJECT_STORE_BYTES}
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
        else:
            self._reach()
        atexit.register(self._ray.shutdown)
        try:
            self._ray.init(**options, log_to_driver=False, logging_level="ERROR")
        except (ConnectionError, RuntimeError, ValueError) as error:
            said = (str(error).splitlines() or [type(error).__name__])[0]
            raise EngineUnavailable(f"Ray cannot be used at {self._address}: {said}") from error

    def _reach(self) -> None:
        """Say that nobody answers, instead of waiting for ever as Ray does."""
        host, _, port = self._address.rpartition(":")
        if not port.isdecimal():
            return  # `auto`: Ray knows
        try:
            socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S).close()
        except (OSError, OverflowError) as error:
            raise EngineUnavailable(
                f"no Ray cluster answers at {self._address} ({error}); start one with `ray start --head`, or leave the "
                "address out to use this machine"
            ) from error


class _Trials:
    """The tasks that are not answered yet."""

    def __init__(self, tasks: Sequence[Any]) -> None:
        self.left = len(tasks)
        self.failed_starts = 0
        self._fresh = iter(tasks)
        self._again: list[Trial] = []

    def next(self) -> Trial | None:
        """What is to be done next, taken up only now: memory stays bounded."""
        if self._again:
            return self._again.pop()
        return next((Trial(task) for task in self._fresh), None)

    def lost(self, trial: Trial | None, why: str) -> None:
        """Take note of a place that went, perhaps with a task. Raises `WorkprintError` where that has no end."""
        if trial:
            trial.lose(IDLE)
            self._again.append(trial)
            return
        self.failed_starts += 1
        if self.failed_starts >= _STARTS:
            raise EngineUnavailable(
                f"Ray cannot start Workprint on the cluster's nodes, where the same version has to be installed: {why}"
            )


class _Place:
    """One processor of the cluster: a process of Ray's that has one watched worker process beside it."""

    def __init__(self, function: Callable[[Any, Attempt], Any], limits: Limits, preload: Sequence[str]) -> None:
        with suppress(AttributeError):
            del sys.modules["__main__"].__file__  # or the worker process would run Ray's script, too
        self._task: Any = None
        tasks = (self._task for _ in repeat(None))  # an engine with one job takes a task when it is asked for a result
        self._results = LocalEngine(1, limits, preload).map(function, tasks)

    def begun(self) -> tuple[None, None]:
        """Answer, when the cluster has found a place for this."""
        return None, None

    def run(self, task: Any) -> tuple[Any, BaseException | None]:
        """Do one task. Errors are handed over as they are, not wrapped in Ray's."""
        self._task = task
        try:
            return next(self._results), None
        except Exception as error:  # noqa: BLE001 - raised where the results are wanted
            return None, error
