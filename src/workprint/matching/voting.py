"""Asks an index where an item's windows may come from: every shared landmark votes for a place, a tempo and a pitch."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import POSTED_OCTAVES, POSTED_S, LandmarkIndex
from workprint.matching.landmarks import pairs, triplet_place, triplets

_MOST_SORTED: Final = 4096
_HIGHEST_COUNT: Final = 4095
_BORDER: Final = 0.3
"""So near to the border of its cell, in cells, a triplet is looked up on the other side too."""
_NO_CELL: Final = -(1 << 20)


@dataclass(frozen=True, slots=True)
class VotingParameters:
    """How wide a search is, and how many places it proposes."""

    window_s: float = 5.0
    step_s: float = 4.0
    """From one window to the next. What the overlap holds is seen whole at least once."""
    probed_rank: float = 0.45
    """Triplets of an item are looked up whose peaks are, on average, among this share of the strongest …"""
    reversed_rank: float = 0.25
    """… and when they are played backwards, which is rare."""
    widest_pitch_octaves: float = 0.43
    """Covers speed 0.75 to 1.33 and five semitones each way."""
    lowest_tempo: float = 0.70
    highest_tempo: float = 1.60
    votes_per_window: int = 400_000
    """The rarest keys are asked first, until they have given so many votes. What hum, beeps and silence share with
    everything is asked last or not at all, and a large portfolio costs no more than this."""
    plain_cell_s: float = 0.064
    scaled_cell_s: float = 0.16
    tempo_cell_octaves: float = 0.16
    pitch_cell_octaves: float = 0.02
    hypotheses: int = 8
    """Places per window, direction and kind of landmark that are tried."""
    least_votes: int = 3


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A place in the portfolio that a window of an item may come from."""

    place_s: float
    """Where the middle of the window is on the index's axis of time."""
    tempo: float
    """Seconds of the work per second of the item."""
    pitch_octaves: float
    """How much higher the item sounds than the work."""
    votes: int


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of an item."""

    centre_s: float
    stars: Constellation
    most_rank: float
    """See `triplets`."""


def windows(item: Constellation, parameters: VotingParameters, most_rank: float) -> Iterator[Window]:
    """Cut an item into windows that overlap; triplets above `most_rank` will not be looked up."""
    length_s, step_s = parameters.window_s, parameters.step_s
    count = 1 + max(0, int(np.ceil((item.duration_s - length_s) / step_s)))
    middle = min(length_s, item.duration_s) / 2
    for number in range(count):
        start = number * step_s
        yield Window(start + middle, item.between(start, start + length_s), most_rank)


def plain_hypotheses(index: LandmarkIndex, window: Window, parameters: VotingParameters) -> list[Hypothesis]:
    """Return places where the window may be played as it is, by pairs."""
    stars = window.stars
    keys, anchors = pairs(stars.times_s, stars.octaves, index.parameters.pair)
    delays = stars.times_s[anchors] - window.centre_s
    table = (index.tables["pair_starts"], index.tables["pair_times"])
    rare = _rarest(_lengths(table[0], keys), parameters.votes_per_window)
    votes = _pair_votes(keys[rare], delays[rare], table)
    return _elected(votes, parameters.plain_cell_s, parameters)


def scaled_hypotheses(index: LandmarkIndex, window: Window, parameters: VotingParameters) -> list[Hypothesis]:
    """Return places where the window may be played at any speed, tempo and pitch, by triplets."""
    stars, shape = window.stars.strongest(index.parameters.triplet_share), index.parameters.triplet
    found = triplets(stars, shape, window.most_rank)
    sizes = (float(shape.cells_per_octave), shape.interval_cells, shape.ratio_cells)
    keys, owners = _triplet_probes(stars.times_s, stars.octaves, found, sizes)
    table = tuple(index.tables[f"triplet_{name}"] for name in ("starts", "times", "lengths", "octaves"))
    rare = _rarest(_lengths(table[0], keys), parameters.votes_per_window)
    limits = (parameters.widest_pitch_octaves, parameters.lowest_tempo, parameters.highest_tempo, window.centre_s)
    votes = _triplet_votes((stars.times_s, stars.octaves), found[owners[rare]], keys[rare], table, limits)
    return _elected(votes, parameters.scaled_cell_s, parameters)


def _lengths(starts: NDArray[Any], keys: NDArray[Any]) -> NDArray[np.int64]:
    """Return how many postings each key has."""
    return np.asarray(starts[keys + 1].astype(np.int64) - starts[keys].astype(np.int64), dtype=np.int64)


def _rarest(lengths: NDArray[np.int64], budget: int) -> NDArray[np.int64]:
    """Return the positions, rising, of keys that have postings, the shortest first, until a budget is spent."""
    used = np.flatnonzero(lengths)
    if int(lengths[used].sum()) <= budget:
        return used
    order = used[np.argsort(lengths[used], kind="stable")]
    return np.sort(order[: int(np.searchsorted(np.cumsum(lengths[order]), budget, side="right"))])


@njit(cache=True)
def _pair_votes(keys, delays, table):  # type: ignore[no-untyped-def]
    """Return votes float64 (n, 3) by each shared pair: place of the window's centre; tempo and pitch as they are."""
    starts, times = table
    total = np.int64(0)
    for key in keys:
        total += np.int64(starts[key + 1]) - np.int64(starts[key])
    votes = np.zeros((total, 3), dtype=np.float64)
    count = 0
    for number in range(keys.size):
        for posting in range(np.int64(starts[keys[number]]), np.int64(starts[keys[number] + 1])):
            votes[count, 0] = times[posting] * POSTED_S - delays[number]
            count += 1
    return votes


@njit(cache=True)
def _triplet_probes(times, octaves, found, sizes):  # type: ignore[no-untyped-def]
    """Return the keys to look up, and which triplet asks for each.

    A triplet near the border of its cell is looked up in the next cell too, in each of the three directions.
    """
    per_octave, intervals, ratio_cells = sizes
    keys = np.empty(found.shape[0] * 8, dtype=np.int64)
    owners = np.empty(found.shape[0] * 8, dtype=np.int64)
    count = 0
    for number in range(found.shape[0]):
        one, two, ratio = triplet_place(times, octaves, found[number], per_octave, ratio_cells)
        ones, twos, ratios = _cells_around(one), _cells_around(two), _cells_around(ratio)
        for corner in range(8):
            low = ones[corner & 1] + intervals // 2
            high = twos[corner >> 1 & 1] + intervals // 2
            cell = ratios[corner >> 2]
            if min(low, high, cell) >= 0 and max(low, high) < intervals and cell < ratio_cells:
                keys[count] = (low * intervals + high) * ratio_cells + cell
                owners[count] = number
                count += 1
    return keys[:count], owners[:count]


@njit(cache=True)
def _triplet_votes(item, found, keys, table, limits):  # type: ignore[no-untyped-def]
    """Return votes float64 (n, 3) by each shared triplet: the window's centre, log2 of tempo, octaves."""
    starts = table[0]
    total = np.int64(0)
    for key in keys:
        total += np.int64(starts[key + 1]) - np.int64(starts[key])
    votes = np.empty((total, 3), dtype=np.float64)
    count = 0
    for number in range(keys.size):
        begin, end = np.int64(starts[keys[number]]), np.int64(starts[keys[number] + 1])
        count = _vote(item, found[number], table, begin, end, limits, votes, count)
    return votes[:count]


@njit(cache=True)
def _cells_around(place):  # type: ignore[no-untyped-def]
    """Return the cell of a place, and its neighbour where that is near, or a cell that does not exist."""
    cell = int(np.floor(place))
    offset = place - cell
    if offset < _BORDER:
        return cell, cell - 1
    if offset > 1.0 - _BORDER:
        return cell, cell + 1
    return cell, _NO_CELL


@njit(cache=True)
def _vote(item, triplet, table, begin, end, limits, votes, count):  # type: ignore[no-untyped-def]
    """Add the votes of one key's postings, from `begin` to before `end`; return how many there are now."""
    times, octaves = item
    _, posted_times, lengths, posted_octaves = table
    widest, slowest, fastest, centre = limits
    length = times[triplet[2]] - times[triplet[0]]
    ahead = centre - times[triplet[0]]
    octave = octaves[triplet[0]]
    for posting in range(begin, end):
        rise = octave - posted_octaves[posting] * POSTED_OCTAVES
        tempo = lengths[posting] * POSTED_S / length
        if abs(rise) <= widest and slowest <= tempo <= fastest:
            votes[count, 0] = posted_times[posting] * POSTED_S + ahead * tempo
            votes[count, 1] = np.log2(tempo)
            votes[count, 2] = rise
            count += 1
    return count


def _elected(votes: NDArray[np.float64], place_cell_s: float, parameters: VotingParameters) -> list[Hypothesis]:
    """Return the cells with the most votes, each with the medians of its votes, most votes first."""
    sizes = (place_cell_s, parameters.tempo_cell_octaves, parameters.pitch_cell_octaves)
    cells = _cells(votes, sizes)
    crowded = _crowded(cells, parameters.least_votes)
    if not crowded.size:
        return []
    names, members, counts = np.unique(cells[crowded], return_inverse=True, return_counts=True)
    best = np.lexsort((names, -counts))[: parameters.hypotheses]
    elected = []
    for cell in best[counts[best] >= parameters.least_votes]:
        own = np.sort(votes[crowded[members == cell]], axis=0)
        place, tempo, pitch = own[len(own) // 2]
        elected.append(Hypothesis(float(place), float(2.0**tempo), float(pitch), int(counts[cell])))
    return elected


@njit(cache=True)
def _cells(votes, sizes):  # type: ignore[no-untyped-def]
    """Return the number of each vote's cell."""
    cells = np.empty(votes.shape[0], dtype=np.int64)
    for number in range(votes.shape[0]):
        place = np.int64(np.floor(votes[number, 0] / sizes[0]))
        tempo = np.int64(np.floor(votes[number, 1] / sizes[1] + 0.5)) + 32
        pitch = np.int64(np.floor(votes[number, 2] / sizes[2] + 0.5)) + 128
        cells[number] = (place * 64 + tempo) * 256 + pitch
    return cells


@njit(cache=True)
def _crowded(cells, least):  # type: ignore[no-untyped-def]
    """Return which votes may lie in the fullest cells: those with `least` votes or more, and few enough to sort.

    Cells are counted in a small table by their hashes; two cells that share a slot can only add votes to look at.
    """
    table = np.zeros(1 << 18, dtype=np.uint16)
    slots = np.empty(cells.size, dtype=np.uint32)
    for number in range(cells.size):
        slots[number] = (np.uint64(cells[number]) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(46)
        if table[slots[number]] < _HIGHEST_COUNT:
            table[slots[number]] += 1
    spread = np.zeros(_HIGHEST_COUNT + 1, dtype=np.int64)
    for number in range(cells.size):
        spread[table[slots[number]]] += 1
    level, kept = _HIGHEST_COUNT, spread[_HIGHEST_COUNT]
    while level > least and kept + spread[level - 1] <= _MOST_SORTED:
        level -= 1
        kept += spread[level]
    return np.array([number for number in range(cells.size) if table[slots[number]] >= level], dtype=np.int64)
