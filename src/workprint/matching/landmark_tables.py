"""What the tables of an index of landmarks are, and whether some by a stranger may be used as such."""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workprint.matching.constellation import MOST_OCTAVES, is_crowded

GAP_S: Final = 60.0
"""Silence between two works on the common axis, more than a window is long."""

Tables = Mapping[str, NDArray[Any]]

KINDS: Final = {
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
RESTS: Final = ("pair_rests", "triplet_rests")
"""Lower bits of the key of each posting, uint16; nothing where each key has a run of its own."""
MOST_SHARED_BITS: Final = 16
POSTED_S: Final = 0.004
"""Seconds per step of the times in postings, which lie on the common axis. Sixteen bits hold a triplet."""
POSTED_OCTAVES: Final = 1.0 / 8192
"""Octaves per step of the pitches in postings."""


class IndexDamaged(ValueError):
    """The tables of an index contradict each other."""


def runs_of(keys: int, shared_bits: int) -> int:
    """How many runs there are where keys share one that differ in so many lower bits only."""
    return ((keys - 1) >> shared_bits) + 1


def shared_bits(name: str, starts: NDArray[np.uint32], keys: int) -> int:
    """How many lower bits of a key its run leaves open. Raises `IndexDamaged`."""
    for shared in range(MOST_SHARED_BITS + 1):
        if starts.size == runs_of(keys, shared) + 1:
            return shared
    raise IndexDamaged(f"table {name!r} has runs for another number of keys")


def check_tables(tables: Tables, keys_of: Mapping[str, int]) -> None:
    """Raise `IndexDamaged` unless every number that is used as a place lies within what it points at."""
    for name, kind in (*KINDS.items(), *((name, np.uint16) for name in RESTS)):
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
    for kind_of, keys in keys_of.items():
        name, postings = f"{kind_of}_starts", tables[f"{kind_of}_times"].size
        _check_places(name, tables[name], postings)
        if tables[f"{kind_of}_rests"].size != (postings if shared_bits(name, tables[name], keys) else 0):
            raise IndexDamaged(f"table '{kind_of}_rests' is not about the postings that there are")
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


def _check_places(name: str, places: NDArray[Any], end: int) -> None:
    if not places.size or places[0] != 0 or places[-1] != end or np.any(places[1:] < places[:-1]):
        raise IndexDamaged(f"table {name!r} does not rise from nothing to the end of what it points at")
