"""Asks an index where an item's windows may come from: every shared landmark votes for a place, a tempo and a pitch."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import sqrt
from typing import Any, Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.landmark_tables import POSTED_OCTAVES, POSTED_S
from workprint.matching.landmarks import TripletShape, pairs, triplet_place, triplets

_HIGHEST_COUNT: Final = 4095
_BORDER: Final = 0.3
"""So near to the border of its cell, in cells, a triplet is looked up on the other side too."""
_NO_CELL: Final = -(1 << 20)
_LONGEST: Final = 1 << 14
"""Keys with so many postings or more are never asked: hum and beeps have them."""
_LENGTHS: Final = 512
"""More steps of `POSTED_S` than any triplet is long."""
_MOST_SLOT_BITS: Final = 17
_SPREADER: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: its multiples spread over all slots (Knuth, vol. 3, 6.4)."""


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
    votes_per_window: int = 60_000
    """The rarest keys are asked first, until they have given so many votes. What hum, beeps and silence share with
    everything is asked last or not at all."""
    hours_of_portfolio: float = 1.0
    """Above, there are more votes, by the root of how many times as long it is: each key has more postings, so fewer
    keys can be asked for the same votes, and what is found costs time."""
    plain_cell_s: float = 0.064
    scaled_cell_s: float = 0.16
    tempo_cell_octaves: float = 0.16
    pitch_cell_octaves: float = 0.02
    short_s: float = 3.0
    """A window that is shorter has few triplets, so that each of its peaks is combined with more others: …"""
    second_peaks_of_short: int = 12
    third_peaks_of_short: int = 8
    first_gap_of_short_s: float = 0.032
    """… and with nearer ones, since it may have been played faster than the work, …"""
    border_of_short: float = 0.45
    """… and nearly every triplet is looked up on the other side of its cell's borders, too."""
    hypotheses_of_short: int = 12
    """Its right place may have few votes, too."""
    hypotheses: int = 5
    """Places per window, direction and kind of landmark that are tried."""
    least_votes: int = 3
    votes_sorted: int = 4096
    """Votes that are told apart by their places, those in the fullest cells: what bounds the cost of an election."""

    def votes(self, index: LandmarkIndex) -> int:
        """How many votes a window has in an index."""
        times = index.duration_s / 3600.0 / self.hours_of_portfolio
        return round(self.votes_per_window * sqrt(max(1.0, times)))

    def places(self, window: "Window") -> int:
        """How many places are tried of a window."""
        return self.hypotheses_of_short if window.length_s < self.short_s else self.hypotheses

    def with_times_as_many_places(self, times: int) -> "VotingParameters":
        """Return parameters by which so many times as many places may be proposed."""
        names = ("hypotheses", "hypotheses_of_short", "votes_sorted")
        return replace(self, **{name: times * getattr(self, name) for name in names})

    def of_short_windows(self, shape: TripletShape) -> TripletShape:
        """How triplets of a short window are made, where `shape` is how the index made its own."""
        return replace(
            shape,
            second_peaks=self.second_peaks_of_short,
            third_peaks=self.third_peaks_of_short,
            first_gap_s=self.first_gap_of_short_s,
        )


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
    length_s: float
    most_rank: float
    """See `triplets`."""


def windows(item: Constellation, parameters: VotingParameters, most_rank: float) -> Iterator[Window]:
    """Cut an item into windows that overlap; triplets above `most_rank` will not be looked up."""
    length_s, step_s = parameters.window_s, parameters.step_s
    count = 1 + max(0, int(np.ceil((item.duration_s - length_s) / step_s)))
    middle = min(length_s, item.duration_s) / 2
    for number in range(count):
        start = number * step_s
        yield Window(start + middle, item.between(start, start + length_s), 2 * middle, most_rank)


def plain_hypotheses(index: LandmarkIndex, window: Window, parameters: VotingParameters) -> list[Hypothesis]:
    """Return places where the window may be played as it is, by pairs."""
    stars = window.stars
    keys, anchors = pairs(stars, index.parameters.pair, index.parameters.pair_rank)
    delays = np.round((stars.times_s[anchors] - window.centre_s) / POSTED_S).astype(np.int64)
    begins, ends = index.postings("pair", keys)
    rare, total = _rarest(ends - begins, parameters.votes(index))
    asked = (begins[rare], ends[rare], delays[rare])
    places, cells = _pair_votes(asked, index.tables["pair_times"], total, round(parameters.plain_cell_s / POSTED_S))
    still = np.zeros(places.size, dtype=np.float32)
    return _elected(cells, (places, still, still), parameters.places(window), parameters)


def scaled_hypotheses(index: LandmarkIndex, window: Window, parameters: VotingParameters) -> list[Hypothesis]:
    """Return places where the window may be played at any speed, tempo and pitch, by triplets."""
    stars = window.stars.strongest(index.parameters.triplet_share)
    asked, total = _asked_triplets(index, window, stars, parameters)
    table = tuple(index.tables[f"triplet_{name}"] for name in ("times", "lengths", "octaves"))
    limits = (parameters.widest_pitch_octaves, parameters.lowest_tempo, parameters.highest_tempo, window.centre_s)
    steps = (
        round(parameters.scaled_cell_s / POSTED_S),
        1.0 / parameters.tempo_cell_octaves,
        1.0 / parameters.pitch_cell_octaves,
    )
    found, begins, ends = asked
    *votes, cells = _triplet_votes((stars.times_s, stars.octaves, found), (begins, ends), table, limits, steps, total)
    return _elected(cells, tuple(votes), parameters.places(window), parameters)


def _asked_triplets(
    index: LandmarkIndex, window: Window, stars: Constellation, parameters: VotingParameters
) -> tuple[tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]], int]:
    """Return the triplets (n, 3) that are asked, where their postings begin and end, and how many these are in all.

    A short window asks for more where that takes no votes from the usual ones, which are the surer.
    """
    usual, most = index.parameters.triplet, parameters.votes(index)
    asked, total = _rarest_triplets(index, window, stars, (usual, _BORDER), most)
    more = parameters.of_short_windows(usual)
    times = more.second_peaks * more.third_peaks / (usual.second_peaks * usual.third_peaks)
    if window.length_s < parameters.short_s and times * total <= most:
        return _rarest_triplets(index, window, stars, (more, parameters.border_of_short), most)
    return asked, total


def _rarest_triplets(
    index: LandmarkIndex, window: Window, stars: Constellation, how: tuple[TripletShape, float], most: int
) -> tuple[tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64]], int]:
    shape, border = how
    found = triplets(stars, shape, min(window.most_rank, index.parameters.triplet_rank))
    sizes = (float(shape.cells_per_octave), shape.interval_cells, shape.ratio_cells)
    keys, owners = _triplet_probes(stars.times_s, stars.octaves, found, sizes, border)
    begins, ends = index.postings("triplet", keys)
    rare, total = _rarest(ends - begins, most)
    return (found[owners[rare]], begins[rare], ends[rare]), total


@njit(cache=True)
def _rarest(lengths, budget):  # type: ignore[no-untyped-def]
    """Return the positions of keys that have postings, and how many postings: the rarest keys, within a budget."""
    spread = np.zeros(_LONGEST + 1, dtype=np.int64)
    for number in range(lengths.size):
        spread[min(lengths[number], _LONGEST)] += lengths[number]
    longest, total = 0, np.int64(0)
    while longest < _LONGEST - 1 and total + spread[longest + 1] <= budget:
        longest += 1
        total += spread[longest]
    return np.flatnonzero((lengths > 0) & (lengths <= longest)), total


@njit(cache=True)
def _pair_votes(asked, times, total, step):  # type: ignore[no-untyped-def]
    """Return by each shared pair where the window's centre is, in steps of `POSTED_S`, and the cell of that place."""
    begins, ends, delays = asked
    places = np.empty(total, dtype=np.int32)
    cells = np.empty(total, dtype=np.int64)
    count = 0
    for number in range(begins.size):
        for posting in range(begins[number], ends[number]):
            place = np.int64(times[posting]) - delays[number]
            places[count] = place
            cells[count] = place // step
            count += 1
    return places, cells


@njit(cache=True)
def _triplet_probes(times, octaves, found, sizes, border):  # type: ignore[no-untyped-def]
    """Return the keys to look up, and which triplet asks for each.

    A triplet near the border of its cell is looked up in the next cell too, in each of the three directions.
    """
    per_octave, intervals, ratio_cells = sizes
    keys = np.empty(found.shape[0] * 8, dtype=np.int64)
    owners = np.empty(found.shape[0] * 8, dtype=np.int64)
    count = 0
    for number in range(found.shape[0]):
        one, two, ratio = triplet_place(times, octaves, found[number], per_octave, ratio_cells)
        ones, twos, ratios = _cells_around(one, border), _cells_around(two, border), _cells_around(ratio, border)
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
def _triplet_votes(item, asked, table, limits, steps, total):  # type: ignore[no-untyped-def]
    """Return by each shared triplet the window's centre, in steps of `POSTED_S`, log2 of tempo, octaves, and the cell.

    Most postings are of another pitch: the first comparison drops them.
    """
    times, octaves, found = item
    begins, ends = asked
    posted_times, lengths, posted_octaves = table
    widest, slowest, fastest, centre = limits
    logarithms = np.log2(np.arange(1, _LENGTHS + 1) * POSTED_S).astype(np.float32)
    places, cells = np.empty(total, dtype=np.int32), np.empty(total, dtype=np.int64)
    tempos, pitches = np.empty(total, dtype=np.float32), np.empty(total, dtype=np.float32)
    slow, fast = np.log2(slowest), np.log2(fastest)
    count = 0
    for number in range(begins.size):
        first = found[number, 0]
        length, ahead, octave = times[found[number, 2]] - times[first], centre - times[first], octaves[first]
        own = np.log2(length)
        for posting in range(begins[number], ends[number]):
            rise = octave - posted_octaves[posting] * POSTED_OCTAVES
            if abs(rise) > widest:
                continue
            tempo = logarithms[min(_LENGTHS, max(1, lengths[posting])) - 1] - own
            if slow <= tempo <= fast:
                place = np.int64(posted_times[posting] + ahead * lengths[posting] / length)
                places[count], tempos[count], pitches[count] = place, tempo, rise
                speed = np.int64(tempo * steps[1] + 32.5)
                cells[count] = ((place // steps[0]) * 64 + speed) * 256 + np.int64(rise * steps[2] + 128.5)
                count += 1
    return places[:count], tempos[:count], pitches[:count], cells[:count]


@njit(cache=True)
def _cells_around(place, border):  # type: ignore[no-untyped-def]
    """Return the cell of a place, and its neighbour where that is near, or a cell that does not exist."""
    cell = int(np.floor(place))
    offset = place - cell
    if offset < border:
        return cell, cell - 1
    if offset > 1.0 - border:
        return cell, cell + 1
    return cell, _NO_CELL


def _elected(
    cells: NDArray[np.int64], votes: tuple[NDArray[Any], ...], most: int, parameters: VotingParameters
) -> list[Hypothesis]:
    """Return the cells with the most votes, each with the medians of its votes, most votes first."""
    crowded = _crowded(cells, parameters.least_votes, parameters.votes_sorted)
    if not crowded.size:
        return []
    names, members, counts = np.unique(cells[crowded], return_inverse=True, return_counts=True)
    best = np.lexsort((names, -counts))[:most]
    elected = []
    for cell in best[counts[best] >= parameters.least_votes]:
        own = crowded[members == cell]
        place, tempo, pitch = (np.sort(column[own])[own.size // 2] for column in votes)
        elected.append(Hypothesis(float(place) * POSTED_S, float(2.0**tempo), float(pitch), int(counts[cell])))
    return elected


@njit(cache=True)
def _crowded(cells, least, most):  # type: ignore[no-untyped-def]
    """Return which votes may lie in the fullest cells: those with `least` votes or more, and no more than `most`.

    Cells are counted in a small table by their hashes; two cells that share a slot can only add votes to look at.
    """
    bits = 10
    while bits < _MOST_SLOT_BITS and 1 << bits < 2 * cells.size:
        bits += 1
    table, shift = np.zeros(1 << bits, dtype=np.uint16), np.uint64(64 - bits)
    for cell in cells:
        slot = (np.uint64(cell) * _SPREADER) >> shift
        table[slot] += table[slot] < _HIGHEST_COUNT
    spread = np.zeros(_HIGHEST_COUNT + 1, dtype=np.int64)
    for cell in cells:
        spread[table[(np.uint64(cell) * _SPREADER) >> shift]] += 1
    level, kept = _HIGHEST_COUNT, spread[_HIGHEST_COUNT]
    while level > least and kept + spread[level - 1] <= most:
        level -= 1
        kept += spread[level]
    found = np.empty(kept, dtype=np.int64)
    count = 0
    for number in range(cells.size):
        if table[(np.uint64(cells[number]) * _SPREADER) >> shift] >= level:
            found[count] = number
            count += 1
    return found
