"""The recordings of many portfolios in one table of landmarks, to tell which of them are worth asking about an item.

The tables of the portfolios are put together as they are, so no landmark is made again. A look-up proposes lines in
time as it would in one portfolio of all the works; whose works they lie in is asked, and answers by itself. A recording
that several portfolios hold has its landmarks in once: a hundred copies would outvote all else, or, as their keys are
no longer rare, not be asked for at all.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.alignment import aligned_works
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.landmark_index import GAP_S, POSTED_S, LandmarkIndex, LandmarkParameters, taken_places
from workprint.model import Failure
from workprint.protocols import Tables
from workprint.serial.columns import RecordColumns

_SAME_TIME_S: Final = 1e-4
"""Places on the axis of time are not exact; copies have their peaks at the same multiples of 4 ms."""
_MOST_IN_MEMORY_BYTES: Final = 1 << 26
"""A larger column is put together in a file without a name, whose pages the system writes out as it needs memory."""
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
                works = aligned_works(self._index, constellation_of(found[0], self.recipe_id))
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


def merged(indexes: Sequence[LandmarkIndex], kept: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
    """Return the tables of one index of all works, one portfolio after the other on the axis of time.

    Of works that are not `kept`, (works,), there are no postings. Postings are counted first and then put where they
    belong, a portfolio at a time. Where some are coarse, there are fewer postings of those, and a look-up asks for all
    that any of them have.
    """
    steps = np.cumsum([0, *(_steps(one) for one in indexes)])[:-1].tolist()
    tables: dict[str, NDArray[Any]] = {
        name: np.concatenate([one.tables[name] + step * POSTED_S for one, step in zip(indexes, steps, strict=True)])
        for name in _WORKS
    }
    tables.update((name, np.concatenate([one.tables[name] for one in indexes])) for name in _PEAKS)
    of_each = np.split(kept, np.cumsum([one.works for one in indexes])[:-1])
    for kind in _COLUMNS:
        tables.update(_postings(indexes, steps, of_each, kind))
    usual, each = LandmarkParameters(), [one.parameters for one in indexes]
    ranks = max(one.triplet_rank for one in each), max(one.pair_rank for one in each)
    if replace(usual, triplet_rank=ranks[0], pair_rank=ranks[1]) != usual:
        tables["landmark_ranks"] = np.array(ranks, dtype=np.float32)
    return tables


def _steps(index: LandmarkIndex) -> int:
    """How much of the axis an index takes, in steps of its postings."""
    starts, durations = index.tables["work_starts_s"], index.tables["work_durations_s"]
    return int(np.ceil((starts[-1] + durations[-1] + GAP_S) / POSTED_S)) if starts.size else 0


def _postings(
    indexes: Sequence[LandmarkIndex], steps: Sequence[int], kept: Sequence[NDArray[np.bool_]], kind: str
) -> dict[str, NDArray[Any]]:
    shape = getattr(indexes[0].parameters, kind)
    counts = np.zeros(shape.keys + 1, dtype=np.int64)
    for one, works in zip(indexes, kept, strict=True):
        _count(counts, one.keys_posted(kind)[_of_works(one, works, kind)])
    starts = np.cumsum(counts)
    names = [f"{kind}_{name}" for name in _COLUMNS[kind]]
    columns = [_column(int(starts[-1]), indexes[0].tables[name].dtype) for name in names]
    free = starts[:-1].copy()
    for one, step, works in zip(indexes, steps, kept, strict=True):
        wanted = _of_works(one, works, kind)
        places = taken_places(free, one.keys_posted(kind)[wanted])
        for name, column in zip(names, columns, strict=True):
            values = one.tables[name][wanted]
            column[places] = values + np.uint32(step) if name.endswith("_times") else values
    empty = np.empty(0, np.uint16)
    # A run for each key, however few postings there are: 7 MB, once a run.
    return {
        f"{kind}_starts": starts.astype(np.uint32),
        f"{kind}_rests": empty,
        **dict(zip(names, columns, strict=True)),
    }


def _of_works(index: LandmarkIndex, kept: NDArray[np.bool_], kind: str) -> slice | NDArray[np.bool_]:
    """Return which postings are of works that are kept."""
    if kept.all():
        return slice(None)
    return np.asarray(kept[index.works_at(index.tables[f"{kind}_times"] * POSTED_S)])


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
