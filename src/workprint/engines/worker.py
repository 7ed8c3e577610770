"""What runs inside a worker process of the local engine."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.connection import Connection
from typing import Any

from workprint.errors import WorkprintError
from workprint.protocols import IDLE, Attempt

Cell = Any
"""Two shared doubles: the step that a worker is in, and when (`time.monotonic`, the same in all processes) it began."""
STEP, SINCE = 0, 1


def serve(connection: Connection, cell: Cell, function: Callable[[Any, Attempt], Any], max_memory_bytes: int) -> None:
    """Take tasks from a connection and answer each with `(value, None)` or `(None, error)`, until it is closed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interrupted run is ended by the process that started it
    threading.Thread(target=_end_with_parent, daemon=True).start()
    bound_memory(max_memory_bytes)

    def mark(step: int) -> None:
        cell[SINCE] = float("inf")  # until both are written, no time is running out
        cell[STEP] = step
        if step != IDLE:
            cell[SINCE] = time.monotonic()

    with suppress(EOFError, BrokenPipeError, ConnectionResetError):
        while True:
            task, lost = connection.recv()
            connection.send(_answer(function, task, Attempt(lost, mark)))


def bound_memory(max_bytes: int) -> None:
    """Let allocations beyond so many bytes fail in this process, where the system can do that.

    The bound is on data and not on addresses, because compilers and allocators reserve addresses that they never use.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    with suppress(OSError, ValueError):  # macOS knows the limit's name and no more
        resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def _answer(function: Callable[[Any, Attempt], Any], task: Any, attempt: Attempt) -> tuple[Any, BaseException | None]:
    try:
        return function(task, attempt), None
    except (WorkprintError, OSError) as error:
        return None, error
    except Exception as error:  # noqa: BLE001 - a fault of ours: it ends the run in the process that asked
        error.add_note(traceback.format_exc())
        return None, error
    finally:
        attempt.mark(IDLE)


def _end_with_parent() -> None:
    """Do not outlive whoever wanted the results, not even in an endless item."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
