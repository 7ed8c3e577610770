"""The recordings of many portfolios in one table of landmarks, to tell which of them are worth asking about an item.

The tables of the portfolios are put together as they are, so no landmark is made again. A look-up proposes lines in
time as it would in one portfolio of all the works; whose works they lie in is asked, and answers by itself.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.alignment import AlignmentParameters, aligned_works
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.landmark_index import GAP_S, POSTED_S, LandmarkIndex, LandmarkParameters, taken_places
from workprint.matching.voting import VotingParameters
from workprint.model import Failure
from workprint.protocols import Tables
from workprint.serial.columns import RecordColumns

_FOLLOWED: Final = 12
"""Lines per window, direction and kind of landmark. More than in a portfolio: several may hold the same recording."""
_PARAMETERS: Final = AlignmentParameters(voting=VotingParameters(hypotheses=_FOLLOWED), followed=_FOLLOWED)
_MOST_IN_MEMORY_BYTES: Final = 1 << 26
"""A larger column is put together in a file without a name, whose pages the system writes out as it needs memory."""
_WORKS: Final = ("work_starts_s", "peak_times_s")
_PEAKS: Final = ("work_durations_s", "peak_octaves", "peak_ranks")
_COLUMNS: Final = {"pair": ("times",), "triplet": ("times", "lengths", "octaves")}


class JoinedRecordings:
    """The recordings of many portfolios, as if they were one."""

    def __init__(self, recipe_id: str, tables: Tables) -> None:
        """Take the tables of a `LandmarkIndex`, and `owners` uint32 (works,)."""
        self.recipe_id = recipe_id
        self._owners = tables["owners"]
        own = {name: table for name, table in tables.items() if name != "owners"}
        self._index = LandmarkIndex(own, LandmarkParameters.of(own))

    @classmethod
    def build(cls, recipe_id: str, indexes: Mapping[int, AudioIndex]) -> JoinedRecordings:
        """Join indexes, by owner; usual and coarse ones alike."""
        landmarks = [index.landmarks for index in indexes.values()]
        owners = np.repeat(np.array(list(indexes), np.uint32), [one.works for one in landmarks])
        return cls(recipe_id, {**merged(landmarks), "owners": owners})

    def tables(self) -> Tables:
        """All state, by name."""
        return {**self._index.tables, "owners": self._owners}

    def asked(self, columns: RecordColumns) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows with a stretch that lies on a line through one of an owner's works, beyond chance."""
        pairs: list[tuple[int, int]] = []
        wanted = np.unique(columns.rows_with(self.recipe_id))
        for row, found in zip(wanted.tolist(), columns.rows(wanted), strict=True):
            if not isinstance(found, Failure):
                works = aligned_works(self._index, constellation_of(found[0], self.recipe_id), _PARAMETERS)
                pairs.extend((row, owner) for owner in sorted({int(self._owners[work]) for work in works}))
        both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
        return both[:, 0], both[:, 1]


def merged(indexes: Sequence[LandmarkIndex]) -> dict[str, NDArray[Any]]:
    """Return the tables of one index of all works, one portfolio after the other on the axis of time.

    Postings are counted first and then put where they belong, a portfolio at a time. Where some are coarse, there are
    fewer postings of those, and a look-up asks for all that any of them have.
    """
    steps = np.cumsum([0, *(_steps(one) for one in indexes)])[:-1].tolist()
    tables: dict[str, NDArray[Any]] = {
        name: np.concatenate([one.tables[name] + step * POSTED_S for one, step in zip(indexes, steps, strict=True)])
        for name in _WORKS
    }
    tables.update((name, np.concatenate([one.tables[name] for one in indexes])) for name in _PEAKS)
    for kind in _COLUMNS:
        tables.update(_postings(indexes, steps, kind))
    usual, each = LandmarkParameters(), [one.parameters for one in indexes]
    ranks = max(one.triplet_rank for one in each), max(one.pair_rank for one in each)
    if replace(usual, triplet_rank=ranks[0], pair_rank=ranks[1]) != usual:
        tables["landmark_ranks"] = np.array(ranks, dtype=np.float32)
    return tables


def _steps(index: LandmarkIndex) -> int:
    """How much of the axis an index takes, in steps of its postings."""
    starts, durations = index.tables["work_starts_s"], index.tables["work_durations_s"]
    return int(np.ceil((starts[-1] + durations[-1] + GAP_S) / POSTED_S)) if starts.size else 0


def _postings(indexes: Sequence[LandmarkIndex], steps: Sequence[int], kind: str) -> dict[str, NDArray[Any]]:
    shape = getattr(indexes[0].parameters, kind)
    counts = np.zeros(shape.keys + 1, dtype=np.int64)
    for one in indexes:
        _count(counts, one.keys_posted(kind))
    starts = np.cumsum(counts)
    names = [f"{kind}_{name}" for name in _COLUMNS[kind]]
    columns = [_column(int(starts[-1]), indexes[0].tables[name].dtype) for name in names]
    free = starts[:-1].copy()
    for one, step in zip(indexes, steps, strict=True):
        places = taken_places(free, one.keys_posted(kind))
        for name, column in zip(names, columns, strict=True):
            column[places] = one.tables[name] + np.uint32(step) if name.endswith("_times") else one.tables[name]
    empty = np.empty(0, np.uint16)
    # A run for each key, however few postings there are: 7 MB, once a run.
    return {
        f"{kind}_starts": starts.astype(np.uint32),
        f"{kind}_rests": empty,
        **dict(zip(names, columns, strict=True)),
    }


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
