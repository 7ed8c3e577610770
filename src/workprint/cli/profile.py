"""`--profile` and `--profile-json`: where the time of a run went, for a person and for a program."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TextIO

import click

from workprint.cli.options import with_options
from workprint.model import Progress

PROFILE = with_options(
    click.option("--profile", is_flag=True, help="Say at the end what the processors spent their time on."),
    click.option(
        "--profile-json",
        type=click.File("w", encoding="utf-8", lazy=False),
        metavar="FILE",
        help="Write the same there, as JSON.",
    ),
)


class Profile:
    """What a run has spent, kept as it goes, and handed on to whoever shows how far it is."""

    def __init__(self, watch: Callable[[Progress], None] | None) -> None:
        """`watch` is told all that this is told."""
        self._watch = watch
        self._spent_s: Mapping[str, float] = {}
        self._began_s = time.monotonic(), time.process_time()

    def __call__(self, progress: Progress) -> None:
        """Take note."""
        self._spent_s = progress.spent_s
        if self._watch:
            self._watch(progress)

    def figures(self) -> dict[str, Any]:
        """All seconds: of processor time in worker processes by activity, of that in this process, and elapsed."""
        began_s, worked_s = self._began_s
        return {
            "worker_s": dict(self._spent_s),
            "waiting_process_s": time.process_time() - worked_s,
            "elapsed_s": time.monotonic() - began_s,
        }

    def lines(self) -> Iterator[str]:
        """A line for each activity, the largest first, with its share of what the worker processes did."""
        figures = self.figures()
        total_s = sum(self._spent_s.values())
        yield "processor time in worker processes:"
        for activity, spent_s in sorted(self._spent_s.items(), key=lambda one: -one[1]):
            yield f"  {activity:<20}{spent_s:9.2f} s {spent_s / total_s if total_s else 0:6.1%}"
        yield f"  {'all':<20}{total_s:9.2f} s"
        yield f"in the process that waits for them: {figures['waiting_process_s']:.2f} s"
        yield f"elapsed: {figures['elapsed_s']:.2f} s"


@contextmanager
def profiled(
    watch: Callable[[Progress], None] | None, wanted: bool, file: TextIO | None = None
) -> Iterator[Callable[[Progress], None] | None]:
    """The same, and at the end the profile: on standard output if wanted, as JSON where there is a file for it."""
    if not wanted and file is None:
        yield watch
        return
    profile = Profile(watch)
    yield profile
    if wanted:
        click.echo("\n".join(profile.lines()))
    if file is not None:
        file.write(json.dumps(profile.figures(), indent=1) + "\n")
