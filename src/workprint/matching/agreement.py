"""What it says that a peak of an item lies on a peak of a work: the nearer it is, and the more alike in rank, the more.

A pair of peaks by chance is anywhere within the tolerance, and as often of a loud and a faint peak as of two loud ones;
a pair of the same sound is near, and loud in both. Two profiles hold the logarithms of how many times as often true
lines have such a pair as displaced ones: one for copies in which all of the work is still there, and one for those that
lost the faint half of it to noise or other voices, and have peaks of their own instead. Place and rank are taken to be
independent. The tables are rounded from what `benchmarks/weights_audio.py` measures, over several mixtures of edits.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.lines import Line, Sky

MOST_S: Final = 0.020
MOST_OCTAVES_OFF: Final = 0.014
"""Peaks further apart are no pair."""

TIME_EDGES_S: Final = np.array([0.002, 0.004, 0.008, 0.013])
OCTAVE_EDGES: Final = np.array([0.001, 0.002, 0.004, 0.008], dtype=np.float32)
RANK_EDGES: Final = np.array([0.15, 0.3, 0.5, 0.75], dtype=np.float32)

_PLACES: Final = np.array(
    [
        [
            [5.4, 4.3, 3.3, 2.2, 1.1],
            [4.9, 3.9, 3.1, 2.05, 1.05],
            [4.25, 3.5, 2.7, 1.75, 0.9],
            [3.45, 2.9, 2.2, 1.4, 0.7],
            [2.45, 2.1, 1.6, 0.9, 0.45],
        ],
        [
            [4.4, 3.75, 2.95, 2.0, 0.95],
            [4.1, 3.45, 2.85, 1.9, 0.95],
            [3.55, 3.1, 2.4, 1.5, 0.8],
            [2.7, 2.3, 1.8, 1.05, 0.6],
            [1.8, 1.6, 1.25, 0.75, 0.45],
        ],
    ]
)
"""(profiles, time, octaves): what the distance between the two says."""
_RANKS: Final = np.array(
    [
        [
            [4.4, 3.25, 1.0, -1.2, -1.8],
            [2.9, 3.85, 2.7, 0.6, -0.9],
            [0.8, 2.55, 3.2, 2.0, 0.1],
            [-1.6, 0.65, 2.1, 2.85, 1.5],
            [-2.9, -1.35, 0.15, 1.75, 2.7],
        ],
        [
            [4.4, 3.65, 1.5, -0.5, -1.4],
            [1.4, 3.25, 2.7, 1.1, -0.2],
            [-0.7, 1.25, 2.1, 1.6, 0.5],
            [-2.3, -0.3, 0.65, 1.2, 0.8],
            [-2.7, -1.6, -0.2, 0.6, 0.9],
        ],
    ]
)
"""(profiles, item, work): what their ranks say."""
_ANY: Final = np.array([2.45, 1.9])
"""What a pair says of which nothing more is known: it is in both tables, and counts once."""

PROFILES: Final = len(_ANY)
LEVELS: Final = 16
"""Nothing met, then a pair that says nothing for a copy, then one step more each."""
STEP_NATS: Final = 0.5
NATS: Final = np.concatenate(([0.0], STEP_NATS * np.arange(LEVELS - 1)))
"""What a pair of each level says."""


def _table() -> NDArray[np.uint8]:
    """Return the level of a pair, (profiles, time, octaves, rank in the item, rank in the work)."""
    nats = _PLACES[:, :, :, None, None] + _RANKS[:, None, None] - _ANY[:, None, None, None, None]
    return np.asarray(np.clip(1 + np.round(nats / STEP_NATS), 1, LEVELS - 1), dtype=np.uint8)


_TABLE: Final = _table()
_HERE: Final = np.zeros(1)


def levels(item: Constellation, sky: Sky, line: Line) -> NDArray[np.uint8]:
    """Return the level of the best pair that each peak of the item makes on a line, by each profile: (profiles, n)."""
    met = _met(_placed(item, line), (sky.times_s, sky.octaves, sky.ranks), (_HERE, _HERE), _TABLE)
    found: NDArray[np.uint8] = met.argmax(axis=2).astype(np.uint8)
    return found


def displaced_levels(
    item: Constellation, sky: Sky, line: Line, shifts_s: NDArray[np.float64], rises_octaves: NDArray[np.float64]
) -> NDArray[np.uint8]:
    """Return for each peak how often it has each level when displaced, (profiles, n, LEVELS).

    The displacements are all pairs of those in time and in pitch, at most 255.
    """
    found: NDArray[np.uint8] = _met(
        _placed(item, line), (sky.times_s, sky.octaves, sky.ranks), (shifts_s, rises_octaves), _TABLE
    )
    return found


def nats_elsewhere(item: Constellation, sky: Sky, line: Line, shifts_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what all peaks of the item together say when displaced in time, (profiles, shifts)."""
    found: NDArray[np.float64] = _sums(
        _placed(item, line), (sky.times_s, sky.octaves, sky.ranks), shifts_s, (_TABLE, NATS)
    )
    return found


def _placed(item: Constellation, line: Line) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.int64]]:
    """Return where a line puts the peaks of an item, times and octaves of the work, and the classes of their ranks."""
    classes = np.searchsorted(RANK_EDGES, item.ranks, side="right")
    return line.tempo * item.times_s + line.start_s, item.octaves - np.float32(line.octaves), classes


@njit(cache=True)
def _class(value, edges):  # type: ignore[no-untyped-def]
    """Return how many edges a value has reached; there are few."""
    found = 0
    while found < edges.size and value >= edges[found]:
        found += 1
    return found


@njit(cache=True, inline="always")
def _best_pairs(sky, low, peak, moves, table, best):  # type: ignore[no-untyped-def]
    """Leave in `best` (profiles, rises) the level of the best pair of a peak, as placed and risen; 0 where none is met.

    `low` is the position of the first peak of the sky that is late enough; no peak further in pitch than `furthest`,
    the second of the moves, is within reach of any of the rises.
    """
    times, octaves, ranks = sky
    place, octave, rank_class = peak
    rises, furthest = moves
    best[:] = 0
    other = low
    while other < times.size and times[other] <= place + MOST_S:
        higher = octaves[other] - octave
        if abs(higher) <= furthest:
            for rise in range(rises.size):
                off = abs(higher - rises[rise])
                if off <= MOST_OCTAVES_OFF:
                    late, high = _class(abs(times[other] - place), TIME_EDGES_S), _class(off, OCTAVE_EDGES)
                    rank = _class(ranks[other], RANK_EDGES)
                    for profile in range(table.shape[0]):
                        level = table[profile, late, high, rank_class, rank]
                        best[profile, rise] = max(best[profile, rise], level)
        other += 1


@njit(cache=True)
def _met(item, sky, moves, table):  # type: ignore[no-untyped-def]
    """Return (profiles, n, LEVELS): in how many displacements a peak has which level."""
    places, octaves, classes = item
    shifts, rises = moves
    met = np.zeros((table.shape[0], places.size, LEVELS), dtype=np.uint8)
    best = np.zeros((table.shape[0], rises.size), dtype=np.uint8)
    risen = rises, MOST_OCTAVES_OFF + np.abs(rises).max()
    for shift in shifts:
        low = 0
        for number in range(places.size):
            place = places[number] + shift
            low = _first_from(sky[0], low, place, number == 0)
            _best_pairs(sky, low, (place, octaves[number], classes[number]), risen, table, best)
            for profile in range(table.shape[0]):
                for rise in range(rises.size):
                    met[profile, number, best[profile, rise]] += 1
    return met


@njit(cache=True)
def _sums(item, sky, shifts, tables):  # type: ignore[no-untyped-def]
    """Return (profiles, shifts): the sum of what the best pair of each peak says."""
    places, octaves, classes = item
    table, nats = tables
    sums = np.zeros((table.shape[0], shifts.size))
    best = np.zeros((table.shape[0], 1), dtype=np.uint8)
    for shift in range(shifts.size):
        low = 0
        for number in range(places.size):
            place = places[number] + shifts[shift]
            low = _first_from(sky[0], low, place, number == 0)
            _best_pairs(sky, low, (place, octaves[number], classes[number]), (_HERE, MOST_OCTAVES_OFF), table, best)
            for profile in range(table.shape[0]):
                sums[profile, shift] += nats[best[profile, 0]]
    return sums


@njit(cache=True)
def _first_from(times, low, place, anew):  # type: ignore[no-untyped-def]
    """Return the position of the first peak that may pair with one at a place: searched anew, or onwards from `low`."""
    if anew:
        return np.searchsorted(times, place - MOST_S)
    while low < times.size and times[low] < place - MOST_S:
        low += 1
    return low
