"""Finds where in a portfolio an item's peaks may come from: pairs of peaks as keys, votes for places.

A landmark is a pair of peaks; its key holds both frequencies and the time between them (Wang, ISMIR 2003). The table
is a row of postings in order of key, with the place where each key starts, so a look-up is two reads. All works lie
one after another on one axis of time; a vote is for a place on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation

GAP_S: Final = 60.0
"""Silence between two works on the common axis, more than a window is long."""

Tables = Mapping[str, NDArray[np.generic]]


class IndexDamaged(ValueError):
    """The tables of an index contradict each other."""


@dataclass(frozen=True, slots=True)
class LandmarkParameters:
    """How peaks are paired and votes are counted."""

    cells_per_octave: int = 48
    octaves: int = 6
    pitch_reach_octaves: float = 1.0
    """Peaks of a pair are at most this far apart."""
    time_cell_s: float = 0.032
    time_cells: int = 24
    pairs_per_peak: int = 12
    largest_posting: int = 2000
    """Keys with more postings per hour of portfolio say nothing (hum, beeps) and are passed over."""
    window_s: float = 6.0
    vote_cell_s: float = 0.064
    hypotheses: int = 12
    """Places per window that are handed to verification."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A place in the portfolio that a window of an item may come from."""

    work: int
    item_s: float
    """A moment in the item (of the reversed item where `reversed`) …"""
    work_s: float
    """… and where it is in the work."""
    tempo: float
    pitch_octaves: float
    """How much higher the item sounds than the work."""
    reversed: bool
    votes: int


class LandmarkIndex:
    """All works of a portfolio: their peaks on one axis of time, and the table of their landmarks."""

    def __init__(self, tables: Tables, parameters: LandmarkParameters) -> None:
        """Take tables from `build` or from a file.

        Raises:
            IndexDamaged: the tables contradict each other, so that reading them could go out of bounds.
        """
        self.parameters = parameters
        self.tables = dict(tables)
        _check_tables(self.tables, parameters)
        self._times = self.tables["peak_times_s"]
        self._octaves = self.tables["peak_octaves"]
        self._starts = self.tables["work_starts_s"]
        self._durations = self.tables["work_durations_s"]
        self._first_peaks = self.tables["work_first_peaks"]

    @classmethod
    def build(
        cls, works: Sequence[Constellation], parameters: LandmarkParameters = LandmarkParameters()
    ) -> "LandmarkIndex":
        """Index works, whose numbers will be their positions in `works`."""
        durations = np.array([work.duration_s for work in works], dtype=np.float64)
        starts = GAP_S + np.concatenate(([0.0], np.cumsum(durations + GAP_S)))[: len(works)]
        times = [work.times_s + start for work, start in zip(works, starts, strict=True)]
        tables: dict[str, NDArray[np.generic]] = {
            "work_starts_s": starts,
            "work_durations_s": durations,
            "work_first_peaks": np.cumsum([0] + [len(work.times_s) for work in works]).astype(np.int64),
            "peak_times_s": np.concatenate(times) if times else np.empty(0),
            "peak_octaves": np.concatenate([work.octaves for work in works] or [np.empty(0)]).astype(np.float32),
        }
        keys, anchors = _pairs(tables["peak_times_s"], tables["peak_octaves"], *_pairing(parameters))
        order = np.argsort(keys, kind="stable")
        counts = np.bincount(keys, minlength=_key_space(parameters))
        tables["key_starts"] = np.concatenate(([0], np.cumsum(counts))).astype(np.uint32)
        tables["postings"] = anchors[order]
        return cls(tables, parameters)

    @property
    def works(self) -> int:
        """How many works there are."""
        return int(self._starts.size)

    @property
    def duration_s(self) -> float:
        """How much sound there is in all works together."""
        return float(self._durations.sum())

    def work(self, number: int) -> Constellation:
        """Return the peaks of one work, at its own times."""
        low, high = self._first_peaks[number], self._first_peaks[number + 1]
        times = self._times[low:high] - self._starts[number]
        return Constellation(times, self._octaves[low:high], float(self._durations[number]))

    def hypotheses(self, item: Constellation) -> list[Hypothesis]:
        """Return the places that the item's windows point at, most votes first."""
        found: list[Hypothesis] = []
        for centre_s, window in _windows(item, self.parameters.window_s):
            found.extend(self._window_hypotheses(centre_s, window))
        return sorted(found, key=lambda hypothesis: -hypothesis.votes)

    def _window_hypotheses(self, centre_s: float, window: Constellation) -> list[Hypothesis]:
        parameters = self.parameters
        keys, anchors = _pairs(window.times_s, window.octaves, *_pairing(parameters))
        probes, owners = _neighbour_keys(keys, anchors)
        cap = int(parameters.largest_posting * max(1.0, self.duration_s / 3600.0))
        posted, owners = _hits(probes, owners, self.tables["key_starts"], self.tables["postings"], cap)
        places = self._times[posted] + (centre_s - window.times_s[owners])
        cells, votes = _fullest_cells(places, parameters.vote_cell_s, parameters.hypotheses)
        return [self._hypothesis(centre_s, place, int(count)) for place, count in zip(cells, votes, strict=True)]

    def _hypothesis(self, centre_s: float, place_s: float, votes: int) -> Hypothesis:
        """Name the work whose peaks are nearest to a place on the common axis."""
        # Half a gap before a work still belongs to it: its clip may begin before the window's centre.
        work = max(0, int(np.searchsorted(self._starts - GAP_S / 2, place_s, side="right")) - 1)
        return Hypothesis(work, centre_s, place_s - float(self._starts[work]), 1.0, 0.0, False, votes)


def _key_space(parameters: LandmarkParameters) -> int:
    frequencies, differences, times = _pairing(parameters)[4:7]
    return int(frequencies * differences * times)


def _pairing(parameters: LandmarkParameters) -> tuple[float, float, float, int, int, int, int]:
    """Return what `_pairs` needs: cells per octave, seconds per cell, reach, pairs, and the size of each axis."""
    frequencies = parameters.cells_per_octave * parameters.octaves
    differences = 2 * int(parameters.cells_per_octave * parameters.pitch_reach_octaves) + 2
    return (
        float(parameters.cells_per_octave),
        parameters.time_cell_s,
        parameters.pitch_reach_octaves,
        parameters.pairs_per_peak,
        frequencies,
        differences,
        parameters.time_cells,
    )


@njit(cache=True)
def _pairs(times, octaves, per_octave, cell_s, reach, pairs, frequencies, differences, time_cells):  # type: ignore[no-untyped-def]
    """Return keys uint32 and anchors uint32 of all landmarks: each peak with the next ones in its target zone.

    The zone starts two cells of time later: peaks of one moment move together, so a pair of them says little.
    """
    keys = np.empty(times.size * pairs, dtype=np.uint32)
    anchors = np.empty(times.size * pairs, dtype=np.uint32)
    count = 0
    half = differences // 2
    for anchor in range(times.size):
        taken = 0
        pitch = int(octaves[anchor] * per_octave)
        if pitch < 0 or pitch >= frequencies:
            continue
        for other in range(anchor + 1, times.size):
            time = int((times[other] - times[anchor]) / cell_s)
            if time >= time_cells or taken == pairs:
                break
            rise = octaves[other] - octaves[anchor]
            if time < 2 or abs(rise) > reach:
                continue
            difference = int(np.floor(rise * per_octave)) + half
            if difference < 0 or difference >= differences:
                continue
            keys[count] = (pitch * differences + difference) * time_cells + time
            anchors[count] = anchor
            count += 1
            taken += 1
    return keys[:count], anchors[:count]


def _neighbour_keys(
    keys: NDArray[np.uint32], anchors: NDArray[np.uint32]
) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    return keys, anchors


@njit(cache=True)
def _hits(keys, owners, key_starts, postings, cap):  # type: ignore[no-untyped-def]
    """Return the posted peaks of all keys, and the owner of each; keys with more than `cap` postings are passed over."""
    total = 0
    for key in keys:
        length = np.int64(key_starts[key + 1]) - np.int64(key_starts[key])
        total += length if length <= cap else 0
    found = np.empty(total, dtype=np.uint32)
    whose = np.empty(total, dtype=np.uint32)
    count = 0
    for number in range(keys.size):
        low, high = np.int64(key_starts[keys[number]]), np.int64(key_starts[keys[number] + 1])
        if high - low > cap:
            continue
        for place in range(low, high):
            found[count] = postings[place]
            whose[count] = owners[number]
            count += 1
    return found, whose


def _fullest_cells(
    places_s: NDArray[np.float64], cell_s: float, most: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the middles and counts of the fullest cells of time, two neighbouring cells counted as one."""
    cells, counts = np.unique(np.floor(places_s / cell_s).astype(np.int64), return_counts=True)
    following = np.append(np.where(np.diff(cells) == 1, counts[1:], 0), 0)
    joint = counts + following
    best = np.lexsort((cells, -joint))[:most]
    best = best[joint[best] >= 3]
    middles = (cells[best] + np.where(following[best] > 0, 1.0, 0.5)) * cell_s
    return middles, joint[best]


def _windows(item: Constellation, window_s: float) -> list[tuple[float, Constellation]]:
    """Cut an item into windows that overlap by half; each with the time of its middle."""
    count = max(1, int(np.ceil(item.duration_s / (window_s / 2))) - 1)
    starts = [number * window_s / 2 for number in range(count)]
    middle = min(window_s, item.duration_s) / 2
    return [(start + middle, item.between(start, start + window_s)) for start in starts]


def _check_tables(tables: Tables, parameters: LandmarkParameters) -> None:
    """Raise `IndexDamaged` unless every number in the tables that is used as a place lies within what it points at."""
    kinds = {
        "work_starts_s": np.float64,
        "work_durations_s": np.float64,
        "work_first_peaks": np.int64,
        "peak_times_s": np.float64,
        "peak_octaves": np.float32,
        "key_starts": np.uint32,
        "postings": np.uint32,
    }
    for name, kind in kinds.items():
        if name not in tables or tables[name].dtype != kind or tables[name].ndim != 1:
            raise IndexDamaged(f"table {name!r} is missing or of another type")
    works, peaks, postings = tables["work_starts_s"].size, tables["peak_times_s"].size, tables["postings"].size
    first, starts = tables["work_first_peaks"], tables["key_starts"]
    if tables["work_durations_s"].size != works or first.size != works + 1 or tables["peak_octaves"].size != peaks:
        raise IndexDamaged("tables of works or peaks differ in length")
    if starts.size != _key_space(parameters) + 1 or not _rises(starts, postings) or not _rises(first, peaks):
        raise IndexDamaged("a table of places does not rise from nothing to the end of what it points at")
    if postings and int(tables["postings"].max()) >= peaks:
        raise IndexDamaged("a posting points beyond the last peak")
    if not all(np.isfinite(tables[name]).all() for name, kind in kinds.items() if np.issubdtype(kind, np.floating)):
        raise IndexDamaged("a time or a frequency is no number")


def _rises(places: NDArray[np.generic], end: int) -> bool:
    return bool(places[0] == 0 and places[-1] == end and np.all(places[1:] >= places[:-1]))
