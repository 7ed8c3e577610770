"""Processes that end or hang where they are told to, and the table of what was tried."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workprint.engines.local import LocalEngine
from workprint.model import Limits
from workprint.protocols import Attempt

DEEDS = "WORKPRINT_TEST_DEEDS"
"""Environment variable: `kill 3`, `hang 3`: the step at which it happens, in the task of the first shard."""
BEGIN, END = "<!-- table -->", "<!-- end of table -->"


@dataclass(frozen=True)
class Faulty:
    """A function that an engine runs, whose process ends or hangs when a step begins."""

    function: Callable[[Any, Attempt], Any]
    deed: str
    step: int
    once: Path | None
    """A file to remember that it was done, where it is to be done only once."""

    def __call__(self, task: Any, attempt: Attempt) -> Any:
        """Run it, and do the deed."""
        return self.function(task, Attempt(attempt.lost, lambda step: self._mark(task, attempt, step)))

    def _mark(self, task: Any, attempt: Attempt, step: int) -> None:
        attempt.mark(step)
        if step != self.step or getattr(task, "order", 0) != 0 or step in attempt.lost:
            return
        if self.once is not None:
            if self.once.exists():
                return
            self.once.touch()
        while self.deed == "hang":
            time.sleep(60)
        os.kill(os.getpid(), {"kill": signal.SIGKILL, "crash": signal.SIGSEGV}[self.deed])


@dataclass(frozen=True)
class NodeLost:
    """A function that an engine runs, during which a node of the cluster dies."""

    function: Callable[[Any, Attempt], Any]
    raylet: int
    """The process that runs the node."""
    once: Path

    def __call__(self, task: Any, attempt: Attempt) -> Any:
        """Run it: on the node until it dies, elsewhere from then on."""
        return self.function(task, Attempt(attempt.lost, lambda step: self._mark(attempt, step)))

    def _mark(self, attempt: Attempt, step: int) -> None:
        attempt.mark(step)
        above = _ancestors(os.getpid())
        if step >= 2 and self.raylet in above:
            self.once.touch()
            for process in reversed(above[: above.index(self.raylet) + 1]):
                os.kill(process, signal.SIGKILL)
        while step >= 2 and not self.once.exists():
            time.sleep(0.01)


def _ancestors(process: int) -> list[int]:
    """The parents of a process, as far as they can be seen."""
    found: list[int] = []
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(process)
    return found


@dataclass(frozen=True)
class Begun:
    """A function that leaves a file for each task: how many of them were being done when it began."""

    folder: Path

    def __call__(self, task: int, _: Attempt) -> int:
        """Do nothing for a moment."""
        running = self.folder / f"{task}.running"
        running.touch()
        (self.folder / f"{task}.begun").write_text(str(len(list(self.folder.glob("*.running")))))
        time.sleep(0.1)
        running.unlink()
        return task


class FaultyEngine(LocalEngine):
    """The local engine, with an accident that the environment orders."""

    def __init__(self, jobs: int, limits: Limits, preload: Sequence[str] = (), address: str = "") -> None:
        """As the local engine."""
        super().__init__(jobs, limits, preload, address)
        deed, step, once = os.environ[DEEDS].split(" ", 2)
        self._accident = deed, int(step), Path(once) if once else None

    def map(self, function: Callable[[Any, Attempt], Any], tasks: Sequence[Any]) -> Iterator[Any]:
        """Run the function with its accident."""
        return super().map(Faulty(function, *self._accident), tasks)


def files(folder: Path) -> dict[str, bytes]:
    """Everything in a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def write_table(page: Path, passed: Mapping[tuple[str, str], tuple[int, int]]) -> None:
    """Put the table of what was tried into a page, in place of the one that is there."""
    rows = [f"| {tried} | {outcome} | {count} of {of} |" for (tried, outcome), (count, of) in sorted(passed.items())]
    text = page.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    table = "\n".join(["| what was tried | what must come of it | cases survived |", "|---|---|---|", *rows])
    page.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")
