"""`--profile`: where the time of a run went."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import click

from workprint.model import Progress

PROFILE = click.option("--profile", is_flag=True, help="Say at the end what the processors spent their time on.")


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

    def lines(self) -> Iterator[str]:
        """A line for each activity, the largest first, with its share of what the worker processes did."""
        total_s = sum(self._spent_s.values())
        yield "processor time in worker processes:"
        for activity, spent_s in sorted(self._spent_s.items(), key=lambda one: -one[1]):
            yield f"  {activity:<20}{spent_s:9.2f} s {spent_s / total_s if total_s else 0:6.1%}"
        began_s, worked_s = self._began_s
        yield f"  {'all':<20}{total_s:9.2f} s"
        yield f"in the process that waits for them: {time.process_time() - worked_s:.2f} s"
        yield f"elapsed: {time.monotonic() - began_s:.2f} s"


@contextmanager
def profiled(watch: Callable[[Progress], None] | None, wanted: bool) -> Iterator[Callable[[Progress], None] | None]:
    """The same, and the profile on standard output at the end, if it is wanted."""
    if not wanted:
        yield watch
        return
    profile = Profile(watch)
    yield profile
    click.echo("\n".join(profile.lines()))
