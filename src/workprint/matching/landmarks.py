"""Landmarks: small groups of peaks whose shape can be looked up.

A pair keeps both frequencies and the time between them (Wang, ISMIR 2003): it survives much noise, but no change of
speed or pitch. A triplet keeps only two intervals of pitch and the ratio of two times (as in Panako, Six and Leman,
ISMIR 2014; Qfp, Sonnleitner and Widmer 2016, uses quads): it is the same at any speed, tempo and pitch, and tells what
those were. Interpolated peaks agree to a few thousandths in frequency, which makes triplets selective enough.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation


@dataclass(frozen=True, slots=True)
class PairShape:
    """How pairs are made and how finely their keys tell them apart."""

    cells_per_octave: int = 48
    octaves: int = 6
    reach_octaves: float = 1.0
    """The peaks of a pair are at most this far apart."""
    time_cell_s: float = 0.032
    time_cells: int = 24
    per_peak: int = 12

    @property
    def frequency_cells(self) -> int:
        """How many cells of frequency there are."""
        return self.cells_per_octave * self.octaves

    @property
    def interval_cells(self) -> int:
        """How many cells of difference in frequency there are."""
        return 2 * int(self.cells_per_octave * self.reach_octaves) + 2

    @property
    def keys(self) -> int:
        """How many different keys there are."""
        return self.frequency_cells * self.interval_cells * self.time_cells


@dataclass(frozen=True, slots=True)
class TripletShape:
    """How triplets are made and how finely their keys tell them apart."""

    cells_per_octave: int = 180
    reach_octaves: float = 0.8
    ratio_cells: int = 14
    lowest_octave: float = 1.5
    """Below (280 Hz) frequencies are not exact enough for the fine cells."""
    first_gap_s: float = 0.048
    """From one peak to the next there is at least this much time, so that ratios of times are exact."""
    longest_s: float = 0.7
    second_peaks: int = 5
    third_peaks: int = 4

    @property
    def interval_cells(self) -> int:
        """How many cells of difference in frequency there are."""
        return 2 * int(self.cells_per_octave * self.reach_octaves) + 2

    @property
    def keys(self) -> int:
        """How many different keys there are."""
        return self.interval_cells * self.interval_cells * self.ratio_cells


def pairs(
    stars: Constellation, shape: PairShape, most_rank: float = 1.0
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return keys and anchors, (m,) each, of the pairs of peaks in order of time, but for those above `most_rank`.

    As with `triplets`, which peaks meet does not depend on it.
    """
    sizes = (shape.frequency_cells, shape.interval_cells, shape.time_cells, shape.per_peak)
    limits = (float(shape.cells_per_octave), shape.time_cell_s, shape.reach_octaves, 2.0 * most_rank)
    keys, anchors = _pairs(stars.times_s, stars.octaves, stars.ranks, limits, sizes)
    return keys, anchors


@njit(cache=True)
def _pairs(times, octaves, ranks, limits, sizes):  # type: ignore[no-untyped-def]
    """Pair each peak with the next ones in its target zone.

    The zone starts two cells of time later: peaks of one moment move together, so a pair of them says little.
    """
    frequencies, intervals, time_cells, per_peak = sizes
    per_octave, cell_s, reach, most = limits
    keys = np.empty(times.size * per_peak, dtype=np.uint32)
    anchors = np.empty(times.size * per_peak, dtype=np.uint32)
    count = 0
    for anchor in range(times.size):
        taken = 0
        pitch = int(octaves[anchor] * per_octave)
        if pitch < 0 or pitch >= frequencies:
            continue
        for other in range(anchor + 1, times.size):
            time = int((times[other] - times[anchor]) / cell_s)
            if time >= time_cells or taken == per_peak:
                break
            rise = octaves[other] - octaves[anchor]
            if time < 2 or abs(rise) > reach:
                continue
            interval = int(np.floor(rise * per_octave)) + intervals // 2
            if interval < 0 or interval >= intervals:
                continue
            taken += 1
            if ranks[anchor] + ranks[other] <= most:
                keys[count] = (pitch * intervals + interval) * time_cells + time
                anchors[count] = anchor
                count += 1
    return keys[:count], anchors[:count]


def triplets(stars: Constellation, shape: TripletShape, most_rank: float) -> NDArray[np.uint32]:
    """Return the triplets of peaks as positions (m, 3), but for those whose mean rank is above `most_rank`.

    Which peaks meet does not depend on `most_rank`, so the triplets of a lower one are among those of a higher one.
    """
    counts = (shape.second_peaks, shape.third_peaks)
    limits = (shape.reach_octaves, shape.lowest_octave, shape.first_gap_s, shape.longest_s)
    found: NDArray[np.uint32] = _triplets(stars.times_s, stars.octaves, stars.ranks, counts, (*limits, 3.0 * most_rank))
    return found


@njit(cache=True)
def _triplets(times, octaves, ranks, counts, limits):  # type: ignore[no-untyped-def]
    """Take for each peak the next few in its zone, and for each of these the next few of the same zone."""
    seconds, thirds = counts
    _, lowest, gap_s, longest_s, most = limits
    found = np.empty((times.size * seconds * thirds, 3), dtype=np.uint32)
    count = 0
    for first in range(times.size):
        if octaves[first] < lowest:
            continue
        taken = 0
        for second in range(first + 1, times.size):
            if taken == seconds or times[second] - times[first] > longest_s:
                break
            if times[second] - times[first] < gap_s or not _is_near(octaves[first], octaves[second], limits):
                continue
            taken += 1
            also = 0
            for third in range(second + 1, times.size):
                if also == thirds or times[third] - times[first] > longest_s:
                    break
                if times[third] - times[second] < 2.0 * gap_s or not _is_near(octaves[first], octaves[third], limits):
                    continue
                also += 1
                if ranks[first] + ranks[second] + ranks[third] <= most:
                    found[count, 0], found[count, 1], found[count, 2] = first, second, third
                    count += 1
    return found[:count]


@njit(cache=True)
def _is_near(first, other, limits):  # type: ignore[no-untyped-def]
    """Whether a peak, by its pitch, may be in a triplet with the first."""
    return other >= limits[1] and abs(other - first) < limits[0]


@njit(cache=True)
def triplet_place(times, octaves, triplet, per_octave, ratio_cells):  # type: ignore[no-untyped-def]
    """Return where a triplet lies in the space of keys, not yet rounded: two intervals and the ratio, in cells."""
    first, second, third = triplet[0], triplet[1], triplet[2]
    ratio = (times[second] - times[first]) / (times[third] - times[first])
    return (
        (octaves[second] - octaves[first]) * per_octave,
        (octaves[third] - octaves[first]) * per_octave,
        min(ratio * ratio_cells, ratio_cells - 1e-6),
    )


def triplet_keys(
    times_s: NDArray[np.float64], octaves: NDArray[np.float32], found: NDArray[np.uint32], shape: TripletShape
) -> NDArray[np.uint32]:
    """Return the key of each triplet (m, 3)."""
    keys: NDArray[np.uint32] = _triplet_keys(
        times_s, octaves, found, float(shape.cells_per_octave), shape.interval_cells, shape.ratio_cells
    )
    return keys


@njit(cache=True)
def _triplet_keys(times, octaves, found, per_octave, intervals, ratio_cells):  # type: ignore[no-untyped-def]
    keys = np.empty(found.shape[0], dtype=np.uint32)
    for number in range(found.shape[0]):
        one, two, ratio = triplet_place(times, octaves, found[number], per_octave, ratio_cells)
        low = int(np.floor(one)) + intervals // 2
        high = int(np.floor(two)) + intervals // 2
        keys[number] = (low * intervals + high) * ratio_cells + int(ratio)
    return keys
