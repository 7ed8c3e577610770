"""The recordings of many portfolios in one table of landmarks, to tell which of them are worth asking about an item.

The tables of the portfolios are put together as they are, so no landmark is made again. A look-up proposes lines in
time as it would in one portfolio of all the works; whose works they lie in is asked, and answers by itself. A recording
that several portfolios hold has its landmarks in once: a hundred copies would outvote all else, or, as their keys are
no longer rare, not be asked for at all.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.alignment import AlignmentParameters, aligned_works
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.landmark_index import LandmarkIndex, LandmarkParameters, taken_places
from workprint.matching.landmark_tables import GAP_S, POSTED_S
from workprint.matching.voting import VotingParameters
from workprint.model import Failure
from workprint.protocols import Tables
from workprint.serial.columns import RecordColumns

_PARAMETERS: Final = AlignmentParameters(voting=VotingParameters(hypotheses_of_short=24))
"""Of short windows twice as many places are tried as in a portfolio, whose own few works leave less room for chance."""
_SAME_TIME_S: Final = 1e-4
"""Places on the axis of time are not exact; copies have their peaks at the same multiples of 4 ms."""
_MOST_IN_MEMORY_BYTES: Final = 1 << 26
"""A larger column is put together in a file without a name, whose pages the system writes out as it needs memory, …"""
_MOST_POSTINGS: Final = 1 << 24
"""… so many postings at a time."""
_WORKS: Final = ("work_starts_s", "peak_times_s")
_PEAKS: Final = ("work_durations_s", "peak_octaves", "peak_ranks")
_COLUMNS: Final = {"pair": ("times",), "triplet": ("times", "lengths", "octaves")}


class JoinedRecordings:
    """The recordings of many portfolios, as if they were one."""

    def __init__(self, recipe_id: str, tables: Tables) -> None:
        """Take the tables of a `LandmarkIndex`, whose works several may own: `owners` uint32 (n,), in order of work,
        and `ends` int64 (works,), where those of each end."""
        self.recipe_id = recipe_id
        self._owners, self._ends = tables["owners"], tables["ends"]
        own = {name: table for name, table in tables.items() if name not in ("owners", "ends")}
        self._index = LandmarkIndex(own, LandmarkParameters.of(own), checked=True)

    @classmethod
    def build(cls, recipe_id: str, indexes: Mapping[int, AudioIndex]) -> JoinedRecordings:
        """Join indexes, by owner; usual and coarse ones alike."""
        # Of copies the one in a usual index is kept, which has the landmarks that a coarse one has, and more.
        order = sorted(indexes, key=lambda owner: (indexes[owner].landmarks.parameters != LandmarkParameters(), owner))
        landmarks = [indexes[owner].landmarks for owner in order]
        owners = np.repeat(np.array(order, np.uint32), [one.works for one in landmarks])
        originals = _originals(landmarks)
        by_work = np.argsort(originals, kind="stable")
        ends = np.searchsorted(originals[by_work], np.arange(originals.size), side="right")
        kept = originals == np.arange(originals.size)
        return cls(recipe_id, {**merged(landmarks, kept), "owners": owners[by_work], "ends": ends})

    def tables(self) -> Tables:
        """All state, by name."""
        return {**self._index.tables, "owners": self._owners, "ends": self._ends}

    def asked(self, columns: RecordColumns) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows with a stretch that lies on a line through one of an owner's works, beyond chance."""
        pairs: list[tuple[int, int]] = []
        wanted = np.unique(columns.rows_with(self.recipe_id))
        for row, found in zip(wanted.tolist(), columns.rows(wanted), strict=True):
            if not isinstance(found, Failure):
                works = aligned_works(self._index, constellation_of(found[0], self.recipe_id), _PARAMETERS)
                pairs.extend((row, owner) for owner in sorted({owner for work in works for owner in self.owners(work)}))
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]

    def owners(self, work: int) -> list[int]:
        """Return whose a work is."""
        begin = int(self._ends[work - 1]) if work else 0
        return [int(owner) for owner in self._owners[begin : self._ends[work]]]


def _originals(indexes: Sequence[LandmarkIndex]) -> NDArray[np.int64]:
    """Return for each work of all indexes the first that has the same peaks, by position: itself, if it is no copy."""
    first: dict[bytes, int] = {}
    originals: list[int] = []
    for one in indexes:
        for peaks in one.peaks_of_works():
            steps = np.round((peaks.times_s - peaks.times_s[:1]) / _SAME_TIME_S).astype(np.int64)
            digest = hashlib.sha256(
                b"".join(column.tobytes() for column in (steps, peaks.octaves, peaks.ranks))
            ).digest()
            number = len(originals)
            originals.append(first.setdefault(digest, number) if steps.size else number)
    return np.array(originals, np.int64)


@dataclass(frozen=True, slots=True)
class _Part:
    """One of the indexes that are merged."""

    index: LandmarkIndex
    step: int
    """Where it begins on the common axis, in steps of its postings."""
    kept: NDArray[np.bool_]
    """Of which works there are postings, (works,)."""

    def wanted(self, kind: str, low: int, high: int) -> slice | NDArray[np.bool_]:
        """Return which of the postings from one to before another are of works that are kept."""
        if self.kept.all():
            return slice(None)
        return np.asarray(self.kept[self.index.works_at(self.index.tables[f"{kind}_times"][low:high] * POSTED_S)])

    def keys(self, kind: str, low: int, high: int) -> NDArray[np.int64]:
        """Return the keys of these."""
        return self.index.keys_posted(kind, low, high)[self.wanted(kind, low, high)]

    def values(self, name: str, kind: str, low: int, high: int) -> NDArray[Any]:
        """Return what stands in a column of these, at its place on the common axis."""
        values = self.index.tables[name][low:high][self.wanted(kind, low, high)]
        return np.asarray(values + np.uint32(self.step) if name.endswith("_times") else values)


def merged(indexes: Sequence[LandmarkIndex], kept: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Return the tables of one index of all works, one portfolio after the other on the axis of time.

    Of works that are not `kept`, (works,), there are no postings. Where some are coarse, there are fewer postings of
    those, and a look-up asks for all that any of them have.
    """
    steps = np.cumsum([0, *(_steps(one) for one in indexes)])[:-1].tolist()
    tables: dict[str, NDArray[Any]] = {
        name: np.concatenate([one.tables[name] + step * POSTED_S for one, step in zip(indexes, steps, strict=True)])
        for name in _WORKS
    }
    tables.update((name, np.concatenate([one.tables[name] for one in indexes])) for name in _PEAKS)
    of_each = np.split(kept, np.cumsum([one.works for one in indexes])[:-1])
    parts = [_Part(*each) for each in zip(indexes, steps, of_each, strict=True)]
    for kind in _COLUMNS:
        tables.update(_postings(parts, kind))
    usual, each = LandmarkParameters(), [one.parameters for one in indexes]
    ranks = max(one.triplet_rank for one in each), max(one.pair_rank for one in each)
    if replace(usual, triplet_rank=ranks[0], pair_rank=ranks[1]) != usual:
        tables["landmark_ranks"] = np.array(ranks, dtype=np.float32)
    return tables


def _steps(index: LandmarkIndex) -> int:
    """How much of the axis an index takes, in steps of its postings."""
    starts, durations = index.tables["work_starts_s"], index.tables["work_durations_s"]
    return int(np.ceil((starts[-1] + durations[-1] + GAP_S) / POSTED_S)) if starts.size else 0


def _postings(parts: Sequence[_Part], kind: str) -> dict[str, NDArray[Any]]:
    """Return where each key begins, and the columns of the postings: counted first, then put where they belong.

    Some keys are done at a time, in all portfolios, in memory: were a large table written a portfolio at a time, all
    over, each of its pages would go to the disk as often as there are portfolios.
    """
    counts = np.zeros(getattr(parts[0].index.parameters, kind).keys + 1, dtype=np.int64)
    for part in parts:
        size = part.index.tables[f"{kind}_times"].size
        for low in range(0, size, _MOST_POSTINGS):
            _count(counts, part.keys(kind, low, min(size, low + _MOST_POSTINGS)))
    starts = np.cumsum(counts)
    names = [f"{kind}_{name}" for name in _COLUMNS[kind]]
    columns = [_column(int(starts[-1]), parts[0].index.tables[name].dtype) for name in names]
    for first, last in _key_ranges(starts):
        own = slice(int(starts[first]), int(starts[last]))
        _put(parts, kind, (first, starts[first : last + 1]), {n: c[own] for n, c in zip(names, columns, strict=True)})
    # A run for each key, however few postings there are: 7 MB, once a run.
    runs: dict[str, NDArray[Any]] = {
        f"{kind}_starts": starts.astype(np.uint32),
        f"{kind}_rests": np.empty(0, np.uint16),
    }
    return runs | dict(zip(names, columns, strict=True))


def _key_ranges(starts: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield ranges of keys that have not too many postings together, but for one key that has more by itself."""
    edges = np.searchsorted(starts, np.arange(0, starts[-1], _MOST_POSTINGS), side="right") - 1
    yield from pairwise(np.unique([0, *edges, starts.size - 1]).tolist())


def _put(
    parts: Sequence[_Part], kind: str, of_keys: tuple[int, NDArray[np.int64]], columns: Mapping[str, NDArray[Any]]
) -> None:
    """Fill the columns of a range of keys, given by the first and where the postings of each begin."""
    first, starts = of_keys
    filled = {name: np.empty(column.size, column.dtype) for name, column in columns.items()}
    free = starts[:-1] - starts[0]
    edges = np.array([first, first + starts.size - 2])
    for part in parts:
        begins, ends = part.index.postings(kind, edges)
        low, high = int(begins[0]), int(ends[1])
        places = taken_places(free, part.keys(kind, low, high) - first)
        for name, column in filled.items():
            column[places] = part.values(name, kind, low, high)
    for name, column in columns.items():
        column[:] = filled[name]


def _column(size: int, kind: np.dtype[Any]) -> NDArray[Any]:
    if size * kind.itemsize <= _MOST_IN_MEMORY_BYTES:
        return np.empty(size, kind)
    with tempfile.TemporaryFile() as file:
        return np.memmap(file, kind, "w+", shape=(size,))


@njit(cache=True)
def _count(counts, keys):  # type: ignore[no-untyped-def]
    """Count each key one place further on, so that a running sum says where each begins."""
    for key in keys:
        counts[key + 1] += 1
