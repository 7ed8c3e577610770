"""The portfolio's peaks on one axis of time, and two tables of their landmarks.

A table is a row of postings in order of key, with the place where each key starts, so a look-up is two reads and the
whole can be memory-mapped. Works lie one after another with gaps between them, so a place on the axis names a work and
a moment in it.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import MOST_OCTAVES, Constellation, is_crowded
from workprint.matching.landmarks import PairShape, TripletShape, pairs, triplet_keys, triplets
from workprint.matching.lines import Sky

GAP_S: Final = 60.0
"""Silence between two works on the common axis, more than a window is long."""

Tables = Mapping[str, NDArray[Any]]

_KINDS: Final = {
    "work_starts_s": np.float64,
    "work_durations_s": np.float64,
    "peak_times_s": np.float64,
    "peak_octaves": np.float32,
    "peak_ranks": np.float32,
    "pair_starts": np.uint32,
    "pair_times": np.uint32,
    "triplet_starts": np.uint32,
    "triplet_times": np.uint32,
    "triplet_lengths": np.uint16,
    "triplet_octaves": np.uint16,
}

STRONG_SHARE: Final = 0.4
"""The strong peaks are weighed by themselves, too: under noise they are the ones that are left."""
_PARTS: Final = 64
"""Landmarks are made of so many parts of a portfolio, one after the other."""
POSTED_S: Final = 0.004
"""Seconds per step of the times in postings, which lie on the common axis. Sixteen bits hold a triplet."""
POSTED_OCTAVES: Final = 1.0 / 8192
"""Octaves per step of the pitches in postings."""


class IndexDamaged(ValueError):
    """The tables of an index contradict each other."""


@dataclass(frozen=True, slots=True)
class LandmarkParameters:
    """How the portfolio's landmarks are made. A large portfolio may use fewer triplets per peak."""

    pair: PairShape = field(default_factory=PairShape)
    triplet: TripletShape = field(default_factory=TripletShape)
    triplet_share: float = 0.75
    """Triplets are made of this share of the peaks, the stronger ones."""
    triplet_rank: float = 0.45
    """Triplets are kept whose peaks are, on average, among this share. Less makes a large portfolio cheaper."""


class LandmarkIndex:
    """All works of a portfolio, ready to be searched."""

    def __init__(self, tables: Tables, parameters: LandmarkParameters = LandmarkParameters()) -> None:
        """Take tables from `build` or from a file.

        Raises:
            IndexDamaged: the tables contradict each other, so that reading them could go out of bounds.
        """
        _check_tables(tables, parameters)
        self.tables = dict(tables)
        self.parameters = parameters
        self.peak_times_s: NDArray[np.float64] = tables["peak_times_s"]
        self.peak_octaves: NDArray[np.float32] = tables["peak_octaves"]
        strong = tables["peak_ranks"] < STRONG_SHARE
        self.sky = Sky(self.peak_times_s, self.peak_octaves)
        self.strong_sky = Sky(self.peak_times_s[strong], self.peak_octaves[strong])
        self._starts: NDArray[np.float64] = tables["work_starts_s"]
        self._durations: NDArray[np.float64] = tables["work_durations_s"]

    @classmethod
    def build(
        cls, works: Sequence[Constellation], parameters: LandmarkParameters = LandmarkParameters()
    ) -> "LandmarkIndex":
        """Index works, whose numbers will be their positions in `works`."""
        tables = _work_tables(works)
        tables.update(_pair_table(tables, parameters.pair))
        tables.update(_triplet_table(tables, parameters))
        return cls(tables, parameters)

    @property
    def works(self) -> int:
        """How many works there are."""
        return int(self._starts.size)

    @property
    def duration_s(self) -> float:
        """How much sound there is in all works together."""
        return float(self._durations.sum())

    def moment(self, place_s: float) -> tuple[int, float]:
        """Return the work at a place on the common axis, and the moment in it."""
        # Half a gap before a work still belongs to it: its clip may begin before the window's centre.
        work = max(0, int(np.searchsorted(self._starts - GAP_S / 2, place_s, side="right")) - 1)
        return work, place_s - float(self._starts[work])


def _work_tables(works: Sequence[Constellation]) -> dict[str, NDArray[Any]]:
    durations = np.array([work.duration_s for work in works], dtype=np.float64)
    starts = GAP_S + np.concatenate(([0.0], np.cumsum(durations + GAP_S)))[: len(works)]
    times = [work.times_s + start for work, start in zip(works, starts, strict=True)]
    return {
        "work_starts_s": starts,
        "work_durations_s": durations,
        "peak_times_s": np.concatenate(times) if times else np.empty(0),
        "peak_octaves": np.concatenate([work.octaves for work in works] or [np.empty(0, dtype=np.float32)]).astype(
            np.float32
        ),
        "peak_ranks": np.concatenate([work.ranks for work in works] or [np.empty(0, dtype=np.float32)]).astype(
            np.float32
        ),
    }


def _pair_table(tables: Tables, shape: PairShape) -> dict[str, NDArray[Any]]:
    def landmarks(part: Constellation) -> tuple[NDArray[np.uint32], list[NDArray[Any]]]:
        keys, anchors = pairs(part.times_s, part.octaves, shape)
        return keys, [_steps(part.times_s[anchors], POSTED_S, np.uint32)]

    starts, (times,) = _posted(tables, landmarks, shape.keys, ("pair_times",))
    return {"pair_starts": starts, "pair_times": times}


def _triplet_table(tables: Tables, parameters: LandmarkParameters) -> dict[str, NDArray[Any]]:
    shape = parameters.triplet

    def landmarks(part: Constellation) -> tuple[NDArray[np.uint32], list[NDArray[Any]]]:
        stars = part.strongest(parameters.triplet_share)
        times, octaves = stars.times_s, stars.octaves
        found = triplets(stars, shape, parameters.triplet_rank)
        first, third = found[:, 0], found[:, 2]
        # What a vote needs lies in the posting itself: looking peaks up one by one would cost more than all else.
        return triplet_keys(times, octaves, found, shape), [
            _steps(times[first], POSTED_S, np.uint32),
            _steps(times[third] - times[first], POSTED_S, np.uint16),
            _steps(octaves[first], POSTED_OCTAVES, np.uint16),
        ]

    names = ("triplet_times", "triplet_lengths", "triplet_octaves")
    starts, columns = _posted(tables, landmarks, shape.keys, names)
    return {"triplet_starts": starts, **dict(zip(names, columns, strict=True))}


def _posted(
    tables: Tables,
    landmarks: Callable[[Constellation], tuple[NDArray[np.uint32], list[NDArray[Any]]]],
    keys: int,
    names: Sequence[str],
) -> tuple[NDArray[np.uint32], list[NDArray[Any]]]:
    """Return where the postings of each key start, and the columns of the postings, in order of key, then of time.

    Landmarks are made twice, some works at a time: first to be counted, then to be put where they belong, so that no
    more memory is needed than the tables take.
    """
    counts = np.zeros(keys + 1, dtype=np.int64)
    for part in _parts(tables):
        counts[1:] += np.bincount(landmarks(part)[0], minlength=keys)
    starts = np.cumsum(counts)
    columns = [np.empty(starts[-1], dtype=_KINDS[name]) for name in names]
    free = starts[:-1].copy()
    for part in _parts(tables):
        found, values = landmarks(part)
        places = _taken(free, found)
        for column, value in zip(columns, values, strict=True):
            column[places] = value
    return starts.astype(np.uint32), columns


def _parts(tables: Tables) -> Iterator[Constellation]:
    """Yield the peaks of some works at a time, at their places on the common axis."""
    times, bounds = tables["peak_times_s"], tables["work_starts_s"] - GAP_S / 2
    if not bounds.size:
        return
    edges = np.append(np.searchsorted(times, bounds[:: max(1, bounds.size // _PARTS)]), times.size)
    for low, high in pairwise(edges):
        part = slice(int(low), int(high))
        yield Constellation(times[part], tables["peak_octaves"][part], 0.0, tables["peak_ranks"][part])


@njit(cache=True)
def _taken(free, keys):  # type: ignore[no-untyped-def]
    """Return a place for each key, and count up where the next of the same key goes."""
    places = np.empty(keys.size, dtype=np.int64)
    for number in range(keys.size):
        places[number] = free[keys[number]]
        free[keys[number]] += 1
    return places


def _steps(values: NDArray[Any], step: float, kind: type) -> NDArray[Any]:
    return np.round(values / step).astype(kind)


def _check_tables(tables: Tables, parameters: LandmarkParameters) -> None:
    """Raise `IndexDamaged` unless every number that is used as a place lies within what it points at."""
    for name, kind in _KINDS.items():
        if name not in tables or tables[name].dtype != kind or tables[name].ndim != 1:
            raise IndexDamaged(f"table {name!r} is missing or of another type")
        if issubclass(kind, np.floating) and not np.isfinite(tables[name]).all():
            raise IndexDamaged(f"table {name!r} holds what is no number")
    works, peaks = tables["work_starts_s"].size, tables["peak_times_s"].size
    if tables["work_durations_s"].size != works or not (
        tables["peak_octaves"].size == tables["peak_ranks"].size == peaks
    ):
        raise IndexDamaged("tables of works or of peaks differ in length")
    _check_times(tables)
    _check_places("pair_starts", tables["pair_starts"], parameters.pair.keys, tables["pair_times"].size)
    _check_places("triplet_starts", tables["triplet_starts"], parameters.triplet.keys, tables["triplet_times"].size)
    if not tables["triplet_times"].size == tables["triplet_lengths"].size == tables["triplet_octaves"].size:
        raise IndexDamaged("tables of triplets differ in length")


def _check_times(tables: Tables) -> None:
    """Raise `IndexDamaged` unless works lie one after another, and their peaks are no denser than sound can have."""
    times, starts, durations = (tables[name] for name in ("peak_times_s", "work_starts_s", "work_durations_s"))
    if np.any(np.diff(times) < 0) or np.any(durations < 0) or np.any(np.diff(starts) < durations[:-1]):
        raise IndexDamaged("times do not rise")
    if is_crowded(times):
        raise IndexDamaged("peaks lie closer together than those of any sound: they would match everything")
    if times.size and not (starts.size and starts[0] <= times[0] and times[-1] <= starts[-1] + durations[-1] + GAP_S):
        raise IndexDamaged("peaks lie outside of all works")
    octaves, ranks = tables["peak_octaves"], tables["peak_ranks"]
    if times.size and not (
        octaves.min() >= 0 and octaves.max() <= MOST_OCTAVES and 0 <= ranks.min() <= ranks.max() <= 1
    ):
        raise IndexDamaged("peaks lie outside of the range of pitches or of ranks")


def _check_places(name: str, places: NDArray[Any], count: int, end: int) -> None:
    if places.size != count + 1 or places[0] != 0 or places[-1] != end or np.any(places[1:] < places[:-1]):
        raise IndexDamaged(f"table {name!r} does not rise from nothing to the end of what it points at")
