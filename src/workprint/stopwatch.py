"""Where a process's time goes: processor seconds by what was being done.

There is one clock in a process, and at any moment it runs for one activity. To begin another one stops it for the one
before, so that times never count twice, however activities are nested (a recording is decoded while it is being
fingerprinted). A change of activity costs about 1 µs and an item has about twenty, so it runs only where it is begun.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from typing import TypeVar

Thing = TypeVar("Thing")


class Activity(StrEnum):
    """What a worker process does, in the order in which it happens to an item."""

    START = "start of processes"
    READ = "read, unpack"
    DECODE = "decode"
    FINGERPRINT = "fingerprint"
    DIGEST = "digest, signals"
    WRITE = "write"
    READ_BACK = "read back"
    LOOK_UP = "look up"
    VERIFY = "verify"
    OTHER = "other"


class _Clock:
    def __init__(self) -> None:
        self.spent_s: dict[str, float] = {}
        self.now = Activity.OTHER
        self._since_s: float | None = None

    def begin(self) -> None:
        """Take up counting; what this process did before it began for the first time was its start."""
        now_s = time.process_time()
        if self._since_s is None:
            self.spent_s[Activity.START] = now_s
        self._since_s = now_s

    def switch(self, to: Activity) -> Activity:
        """Count for another activity from here on, and return the one before."""
        before, self.now = self.now, to
        if self._since_s is not None:
            now_s = time.process_time()
            self.spent_s[before] = self.spent_s.get(before, 0.0) + now_s - self._since_s
            self._since_s = now_s
        return before


_clock = _Clock()


class during:
    """A stretch of code that belongs to one activity."""

    __slots__ = ("_activity", "_before")

    def __init__(self, activity: Activity) -> None:
        """Say which."""
        self._activity = activity

    def __enter__(self) -> None:
        """Begin it."""
        self._before = _clock.switch(self._activity)

    def __exit__(self, *_: object) -> None:
        """Go on with what was being done before."""
        _clock.switch(self._before)


def each(things: Iterable[Thing], activity: Activity) -> Iterator[Thing]:
    """The same things; getting the next one belongs to an activity."""
    iterator = iter(things)
    try:
        while True:
            with during(activity):
                thing = next(iterator)
            yield thing
    except StopIteration:
        return


def begin() -> None:
    """Begin to count in this process; without it nothing is counted."""
    _clock.begin()


def taken() -> dict[str, float]:
    """Processor seconds by activity since this was last asked, in this process."""
    _clock.switch(_clock.now)
    spent_s, _clock.spent_s = _clock.spent_s, {}
    return spent_s


def added(one: Mapping[str, float], other: Mapping[str, float]) -> dict[str, float]:
    """The times of both."""
    return {activity: one.get(activity, 0.0) + other.get(activity, 0.0) for activity in {**one, **other}}
