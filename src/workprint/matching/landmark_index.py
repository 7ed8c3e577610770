"""The portfolio's peaks on one axis of time, and two tables of their landmarks.

A table is a row of postings in order of key, with the place where each run of keys starts, so the whole can be
memory-mapped. In a large table each key has a run of its own, and a look-up is two reads; in a small one so many keys
share a run that there are about as many runs as postings, and what is left of its key stands beside each posting, to
be searched for. So a table is as large as what is in it, and a portfolio of five works is small. Works lie one after
another with gaps between them, so a place on the axis names a work and a moment in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.landmark_tables import (
    GAP_S,
    KINDS,
    MOST_SHARED_BITS,
    POSTED_OCTAVES,
    POSTED_S,
    RESTS,
    IndexDamaged,
    Tables,
    check_tables,
    runs_of,
    shared_bits,
)
from workprint.matching.landmarks import PairShape, TripletShape, pairs, triplet_keys, triplets
from workprint.matching.lines import Sky

_RANKS: Final = "landmark_ranks"
"""`triplet_rank` and `pair_rank`, float32 (2,), where they are not the usual ones."""

_MOST_STEPS: Final = (1 << 31) - (1 << 20)
"""The axis has so many of `POSTED_S`, some 2,300 hours: places on it are signed numbers of 32 bits."""
_PARTS: Final = 64
"""Landmarks are made of so many parts of a portfolio, one after the other."""


@dataclass(frozen=True, slots=True)
class LandmarkParameters:
    """How the portfolio's landmarks are made. A large portfolio may use fewer of them."""

    pair: PairShape = field(default_factory=PairShape)
    triplet: TripletShape = field(default_factory=TripletShape)
    triplet_share: float = 0.75
    """Triplets are made of this share of the peaks, the stronger ones."""
    triplet_rank: float = 0.45
    """Triplets are kept whose peaks are, on average, among this share …"""
    pair_rank: float = 1.0
    """… and pairs whose peaks are among this one. Less makes a large portfolio smaller, and its look-up surer."""

    @classmethod
    def coarse(cls) -> "LandmarkParameters":
        """For tens of hours and more."""
        return cls(triplet_rank=0.25, pair_rank=0.5)

    @classmethod
    def of(cls, tables: Tables) -> "LandmarkParameters":
        """What the tables of an index say of themselves; the usual ones where they say nothing.

        Raises:
            IndexDamaged: it cannot be.
        """
        if _RANKS not in tables:
            return cls()
        ranks = tables[_RANKS]
        if ranks.dtype != np.float32 or ranks.shape != (2,) or not np.all((ranks > 0) & (ranks <= 1)):
            raise IndexDamaged(f"table {_RANKS!r} does not hold two shares")
        return cls(triplet_rank=float(ranks[0]), pair_rank=float(ranks[1]))


class IndexTooLong(ValueError):
    """More recordings than an index can hold."""


class LandmarkIndex:
    """All works of a portfolio, ready to be searched."""

    def __init__(
        self, tables: Tables, parameters: LandmarkParameters = LandmarkParameters(), checked: bool = False
    ) -> None:
        """Take tables from `build` or from a file; `checked` are those that this run made of such as were.

        Raises:
            IndexDamaged: the tables contradict each other, so that reading them could go out of bounds.
        """
        self.tables: dict[str, NDArray[Any]] = {name: np.empty(0, np.uint16) for name in RESTS}
        self.tables.update(tables)
        if not checked:
            check_tables(self.tables, {"pair": parameters.pair.keys, "triplet": parameters.triplet.keys})
        self.parameters = parameters
        self.peak_times_s: NDArray[np.float64] = tables["peak_times_s"]
        self.peak_octaves: NDArray[np.float32] = tables["peak_octaves"]
        self.sky = Sky(self.peak_times_s, self.peak_octaves, tables["peak_ranks"])
        self._starts: NDArray[np.float64] = tables["work_starts_s"]
        self._durations: NDArray[np.float64] = tables["work_durations_s"]

    @classmethod
    def build(
        cls, works: Sequence[Constellation], parameters: LandmarkParameters = LandmarkParameters()
    ) -> "LandmarkIndex":
        """Index works, whose numbers will be their positions in `works`.

        Raises:
            IndexTooLong: there are more than some 2,300 hours.
        """
        tables = _work_tables(works)
        tables.update(_pair_table(tables, parameters))
        tables.update(_triplet_table(tables, parameters))
        if parameters != LandmarkParameters():
            tables[_RANKS] = np.array([parameters.triplet_rank, parameters.pair_rank], dtype=np.float32)
        return cls(tables, parameters)

    @property
    def works(self) -> int:
        """How many works there are."""
        return int(self._starts.size)

    @property
    def duration_s(self) -> float:
        """How much sound there is in all works together."""
        return float(self._durations.sum())

    def postings(self, kind: str, keys: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return for each key (n,) where its postings in the table of a kind, `pair` or `triplet`, begin and end."""
        shape = self.parameters.pair if kind == "pair" else self.parameters.triplet
        starts, rests = self.tables[f"{kind}_starts"], self.tables[f"{kind}_rests"]
        found: tuple[NDArray[np.int64], NDArray[np.int64]]
        found = _ranges(starts, rests, keys, shared_bits(kind, starts, shape.keys))
        return found

    def keys_posted(self, kind: str, low: int = 0, high: int | None = None) -> NDArray[np.int64]:
        """Return the key of each posting in the table of a kind, rising; of those from one to before another."""
        shape = self.parameters.pair if kind == "pair" else self.parameters.triplet
        starts, rests = self.tables[f"{kind}_starts"], self.tables[f"{kind}_rests"]
        shared = shared_bits(kind, starts, shape.keys)
        high = int(starts[-1]) if high is None else high
        first, last = (int(run) for run in np.searchsorted(starts, (low, high)))
        first = max(0, first - 1)  # the posting may be within a run
        edges = np.clip(starts[first : last + 1].astype(np.int64), low, high)
        runs = np.repeat(np.arange(first, last, dtype=np.int64), edges[1:] - edges[:-1])
        keys: NDArray[np.int64] = np.minimum((runs << shared) | rests[low:high] if shared else runs, shape.keys - 1)
        return keys

    def moment(self, place_s: float) -> tuple[int, float]:
        """Return the work at a place on the common axis, and the moment in it."""
        work = int(self.works_at(place_s))
        return work, place_s - float(self._starts[work])

    def works_at(self, places_s: float | NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the works at places on the common axis."""
        # Half a gap before a work still belongs to it: its clip may begin before the window's centre.
        found = np.searchsorted(self._starts - GAP_S / 2, places_s, side="right") - 1
        return np.maximum(0, found)

    def peaks_of_works(self) -> Iterator[Sky]:
        """Yield the peaks of each work, in order."""
        edges = np.append(np.searchsorted(self.peak_times_s, self._starts - GAP_S / 2), self.peak_times_s.size)
        for low, high in pairwise(edges):
            part = slice(int(low), int(high))
            yield Sky(self.sky.times_s[part], self.sky.octaves[part], self.sky.ranks[part])


def _work_tables(works: Sequence[Constellation]) -> dict[str, NDArray[Any]]:
    durations = np.array([work.duration_s for work in works], dtype=np.float64)
    # A work without sound takes no room: a million pictures beside a few recordings must not push these off the axis.
    room = np.where(durations > 0.0, durations + GAP_S, 0.0)
    starts = GAP_S + np.concatenate(([0.0], np.cumsum(room)))[: len(works)]
    if float(room.sum()) / POSTED_S >= _MOST_STEPS:
        raise IndexTooLong(f"{durations.sum() / 3600:.0f} hours of recordings do not fit in one index: make several")
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


def _pair_table(tables: Tables, parameters: LandmarkParameters) -> dict[str, NDArray[Any]]:
    shape = parameters.pair

    def landmarks(part: Constellation) -> tuple[NDArray[np.uint32], list[NDArray[Any]]]:
        keys, anchors = pairs(part, shape, parameters.pair_rank)
        return keys, [_steps(part.times_s[anchors], POSTED_S, np.uint32)]

    starts, rests, (times,) = _posted(tables, landmarks, shape.keys, ("pair_times",))
    return {"pair_starts": starts, "pair_rests": rests, "pair_times": times}


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
    starts, rests, columns = _posted(tables, landmarks, shape.keys, names)
    return {"triplet_starts": starts, "triplet_rests": rests, **dict(zip(names, columns, strict=True))}


def _posted(
    tables: Tables,
    landmarks: Callable[[Constellation], tuple[NDArray[np.uint32], list[NDArray[Any]]]],
    keys: int,
    names: Sequence[str],
) -> tuple[NDArray[np.uint32], NDArray[np.uint16], list[NDArray[Any]]]:
    """Return where each run starts, what is left of each posting's key, and the columns of the postings, in order of
    key, then of time.

    Landmarks are made twice, some works at a time: first to be counted, then to be put where they belong, so that no
    more memory is needed than the tables take.
    """
    counts = np.zeros(keys + 1, dtype=np.int64)
    for part in _parts(tables):
        counts[1:] += np.bincount(landmarks(part)[0], minlength=keys)
    starts = np.cumsum(counts)
    columns = [np.empty(starts[-1], dtype=KINDS[name]) for name in names]
    free = starts[:-1].copy()
    for part in _parts(tables):
        found, values = landmarks(part)
        places = taken_places(free, found)
        for column, value in zip(columns, values, strict=True):
            column[places] = value
    return *_shortened(starts), columns


def _shortened(starts: NDArray[np.int64]) -> tuple[NDArray[np.uint32], NDArray[np.uint16]]:
    """Have so many keys share a run that there are no more runs than postings; return the runs and the rests."""
    keys, postings = starts.size - 1, int(starts[-1])
    shared = 0
    while shared < MOST_SHARED_BITS and runs_of(keys, shared) > postings:
        shared += 1
    rests = np.arange(keys if shared else 0) & ((1 << shared) - 1)
    kept = np.append(starts[: -1 : 1 << shared], postings)
    return kept.astype(np.uint32), np.repeat(rests, np.diff(starts) if shared else 0).astype(np.uint16)


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
def _ranges(starts, rests, keys, shared):  # type: ignore[no-untyped-def]
    """Return where the postings of each key begin and end; within a run by halving it, whatever it holds."""
    begins, ends = np.empty(keys.size, dtype=np.int64), np.empty(keys.size, dtype=np.int64)
    for number in range(keys.size):
        key = np.int64(keys[number])
        low, high = np.int64(starts[key >> shared]), np.int64(starts[(key >> shared) + 1])
        if shared > 0 and low < high:
            run, rest = rests[low:high], key & ((1 << shared) - 1)
            low, high = low + np.searchsorted(run, rest), low + np.searchsorted(run, rest, side="right")
        begins[number], ends[number] = low, max(low, high)
    return begins, ends


@njit(cache=True)
def taken_places(free, keys):  # type: ignore[no-untyped-def]
    """Return a place for each key, and count up where the next of the same key goes."""
    places = np.empty(keys.size, dtype=np.int64)
    for number in range(keys.size):
        places[number] = free[keys[number]]
        free[keys[number]] += 1
    return places


def _steps(values: NDArray[Any], step: float, kind: type) -> NDArray[Any]:
    return np.round(values / step).astype(kind)
