"""Lines in time: fitting them to two constellations, and counting what lies on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation

DISPLACEMENTS_S: Final = np.array([-1.13, -0.83, -0.59, -0.41, -0.29, -0.19, 0.17, 0.23, 0.37, 0.53, 0.71, 0.97])
"""Item against work: further than two peaks of one event, nearer than a change of scene."""
_NEAREST_S: Final = 0.16
_FURTHEST_S: Final = 4.0
"""Where else a stretch is tried, item against work: beyond the length of a sound, within a few bars."""
_FEW_DISPLACEMENTS_S: Final = np.array([-0.83, -0.29, 0.23, 0.71])
DISPLACEMENTS_OCTAVES: Final = np.array([-0.043, 0.0, 0.043])
_HERE: Final = np.zeros(1)


@dataclass(frozen=True, slots=True)
class Line:
    """work time = tempo * item time + start_s; item pitch = work pitch + octaves."""

    tempo: float
    start_s: float
    octaves: float


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How near two peaks must be to count as one, in seconds of the work and in octaves."""

    time_s: float
    octaves: float


@dataclass(frozen=True, slots=True)
class Sky:
    """Peaks of the works on the index's axis of time."""

    times_s: NDArray[np.float64]
    octaves: NDArray[np.float32]


def aligned(
    item: Constellation, sky: Sky, line: Line, near: Tolerance, wide: Tolerance
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return for each peak of the item whether a peak of a work lies on its place on the line, by both tolerances."""
    places, octaves = _placed(item, line)
    limits = (near.time_s, near.octaves, wide.time_s, wide.octaves)
    met = _met(places, octaves, (sky.times_s, sky.octaves), (_HERE, _HERE), limits)
    return met[0] > 0, met[1] > 0


def chances(
    item: Constellation, sky: Sky, line: Line, near: Tolerance, wide: Tolerance
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for each peak of the item how often it meets a peak of a work when displaced, by both tolerances."""
    places, octaves = _placed(item, line)
    limits = (near.time_s, near.octaves, wide.time_s, wide.octaves)
    moves = (DISPLACEMENTS_S, DISPLACEMENTS_OCTAVES)
    met = _met(places, octaves, (sky.times_s, sky.octaves), moves, limits) / float(moves[0].size * moves[1].size)
    return met[0], met[1]


def _placed(item: Constellation, line: Line) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return where a line puts the peaks of an item: times and octaves of the work."""
    return line.tempo * item.times_s + line.start_s, item.octaves - np.float32(line.octaves)


def met_elsewhere(
    item: Constellation, sky: Sky, line: Line, near: Tolerance, wide: Tolerance
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many peaks of the item meet a peak of the work at each of many places around the line's own.

    Loops, beats and scales repeat: what they align at their best is much more than what they align on average. The
    two counts, (places,) each, are by a near and by a wide tolerance.
    """
    places = line.tempo * item.times_s + line.start_s
    octaves = item.octaves - np.float32(line.octaves)
    limits = (near.time_s, near.octaves, wide.time_s, wide.octaves)
    counts = _met_elsewhere(places, octaves, sky.times_s, sky.octaves, limits)
    return counts[0], counts[1]


def elsewhere_s(place: int, near: Tolerance) -> float:
    """Return how far from the line the place of this number is that `met_elsewhere` tried with this tolerance."""
    return float(_shift(place, near.time_s))


def fitted(
    item: Constellation, sky: Sky, line: Line, tolerances: tuple[Tolerance, ...], least: int = 6
) -> tuple[Line, int]:
    """Fit a line to the peaks that it aligns, with each tolerance in turn; return it and how many it aligns at last.

    Where fewer than `least` are aligned, nothing more is fitted.
    """
    steps = np.array([(each.time_s, each.octaves) for each in tolerances])
    tempo, start_s, octaves, count = _fitted(
        (item.times_s, item.octaves),
        (sky.times_s, sky.octaves),
        (line.tempo, line.start_s, line.octaves),
        steps,
        least,
    )
    return Line(tempo, start_s, octaves), int(count)


def rated(
    item: Constellation, sky: Sky, lines: Sequence[Line], tolerances: tuple[Tolerance, ...]
) -> list[tuple[Line, int, float]]:
    """Fit each line as `fitted` does; return it, how many peaks it aligns, and how many it does by chance, roughly."""
    steps = np.array([(each.time_s, each.octaves) for each in tolerances])
    starts = np.array([(line.tempo, line.start_s, line.octaves) for line in lines]).reshape(-1, 3)
    rows = _rated((item.times_s, item.octaves), (sky.times_s, sky.octaves), starts, steps)
    return [
        (Line(tempo, start_s, octaves), int(count), chance) for tempo, start_s, octaves, count, chance in rows.tolist()
    ]


@njit(cache=True)
def _partners(places, octaves, sky_times, sky_octaves, tolerance_s, tolerance_octaves):  # type: ignore[no-untyped-def]
    """Return for each place (rising) the nearest peak within the tolerances, or -1."""
    partners = np.full(places.size, -1, dtype=np.int64)
    if not places.size:
        return partners
    low = np.searchsorted(sky_times, places[0] - tolerance_s)
    for number in range(places.size):
        while low < sky_times.size and sky_times[low] < places[number] - tolerance_s:
            low += 1
        best = 2.0
        other = low
        while other < sky_times.size and sky_times[other] <= places[number] + tolerance_s:
            off_octaves = (sky_octaves[other] - octaves[number]) / tolerance_octaves
            if abs(off_octaves) <= 1.0:
                off_s = (sky_times[other] - places[number]) / tolerance_s
                distance = off_s * off_s + off_octaves * off_octaves
                if distance < best:
                    best = distance
                    partners[number] = other
            other += 1
    return partners


@njit(cache=True)
def _met_elsewhere(places, octaves, sky_times, sky_octaves, limits):  # type: ignore[no-untyped-def]
    """Return counts int64 (2, places); a peak's partner is the nearest one within the wide tolerance."""
    near_s, near_octaves, wide_s, wide_octaves = limits
    each_side = int((_FURTHEST_S - _NEAREST_S) / (2.0 * near_s))
    counts = np.zeros((2, 2 * each_side), dtype=np.int64)
    for place in range(2 * each_side):
        moved = places + _shift(place, near_s)
        found = _partners(moved, octaves, sky_times, sky_octaves, wide_s, wide_octaves)
        for number in range(places.size):
            if found[number] >= 0:
                off_s = abs(sky_times[found[number]] - moved[number])
                off_octaves = abs(sky_octaves[found[number]] - octaves[number])
                counts[0, place] += off_s <= near_s and off_octaves <= near_octaves
                counts[1, place] += 1
    return counts


@njit(cache=True)
def _shift(place, near_s):  # type: ignore[no-untyped-def]
    """Places lie on both sides in turn, further and further away."""
    shift = _NEAREST_S + (place // 2) * 2.0 * near_s
    return shift if place % 2 else -shift


@njit(cache=True)
def _met(places, octaves, sky, moves, limits):  # type: ignore[no-untyped-def]
    """Return (2, places): in how many displacements, of all pairs of those in time and in pitch, a peak is met.

    The first row by the nearer, the second by the wider tolerance. Every peak of the sky is compared once for all
    displacements in pitch, of which there are at most 64.
    """
    shifts, rises = moves
    near_s, near_octaves, wide_s, wide_octaves = limits
    furthest = wide_octaves + np.abs(rises).max()
    met = np.zeros((2, places.size))
    for shift in shifts:
        low = np.searchsorted(sky[0], places[0] + shift - wide_s) if places.size else 0
        for number in range(places.size):
            place = places[number] + shift
            while low < sky[0].size and sky[0][low] < place - wide_s:
                low += 1
            nearly, widely = np.uint64(0), np.uint64(0)
            other = low
            while other < sky[0].size and sky[0][other] <= place + wide_s:
                higher = sky[1][other] - octaves[number]
                if abs(higher) <= furthest:
                    is_near = abs(sky[0][other] - place) <= near_s
                    for rise in range(rises.size):
                        off_octaves = abs(higher - rises[rise])
                        if off_octaves <= wide_octaves:
                            widely |= np.uint64(1) << np.uint64(rise)
                            if is_near and off_octaves <= near_octaves:
                                nearly |= np.uint64(1) << np.uint64(rise)
                other += 1
            for rise in range(rises.size):
                met[0, number] += (nearly >> np.uint64(rise)) & np.uint64(1)
                met[1, number] += (widely >> np.uint64(rise)) & np.uint64(1)
    return met


@njit(cache=True)
def _rated(item, sky, lines, steps):  # type: ignore[no-untyped-def]
    """Return (n, 5): the fitted line, what it aligns, and the mean of what a few displacements of it align."""
    times, octaves = item
    out = np.zeros((lines.shape[0], 5))
    last = steps.shape[0] - 1
    for number in range(lines.shape[0]):
        line = (lines[number, 0], lines[number, 1], lines[number, 2])
        tempo, start, rise, count = _fitted(item, sky, line, steps, 6)
        out[number, 0], out[number, 1], out[number, 2], out[number, 3] = tempo, start, rise, count
        places, lowered = tempo * times + start, octaves - np.float32(rise)
        for shift in _FEW_DISPLACEMENTS_S:
            moved = _partners(places + shift, lowered, sky[0], sky[1], steps[last, 0], steps[last, 1])
            out[number, 4] += np.sum(moved >= 0) / _FEW_DISPLACEMENTS_S.size
    return out


@njit(cache=True)
def _fitted(item, sky, line, steps, least):  # type: ignore[no-untyped-def]
    """Alternate between choosing partners and a least-squares line through them."""
    times, octaves = item
    sky_times, sky_octaves = sky
    tempo, start, rise = line
    first_tempo = tempo
    count = 0
    for step in range(steps.shape[0]):
        partners = _partners(
            tempo * times + start, octaves - np.float32(rise), sky_times, sky_octaves, steps[step, 0], steps[step, 1]
        )
        own = np.flatnonzero(partners >= 0)
        count = own.size
        if count < least or step == steps.shape[0] - 1:
            break
        goals = sky_times[partners[own]]
        mean_time, mean_goal = times[own].mean(), goals.mean()
        spread = ((times[own] - mean_time) ** 2).sum()
        # Peaks within a moment say where it is, not how fast it passes.
        if spread > 0.01 * count:
            slope = ((times[own] - mean_time) * (goals - mean_goal)).sum() / spread
            tempo = min(max(slope, 0.95 * first_tempo), 1.05 * first_tempo)
        start = mean_goal - tempo * mean_time
        rise = np.float64(np.median(octaves[own] - sky_octaves[partners[own]]))
    return tempo, start, rise, count
