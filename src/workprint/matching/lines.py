"""Lines in time: fitting them to two constellations, and counting what lies on them."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation

DISPLACEMENTS_S: Final = np.array([-1.13, -0.83, -0.59, -0.41, -0.29, -0.19, 0.17, 0.23, 0.37, 0.53, 0.71, 0.97])
"""Item against work: further than two peaks of one event, nearer than a change of scene."""
DISPLACEMENTS_OCTAVES: Final = np.array([-0.043, 0.0, 0.043])


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


def aligned(item: Constellation, sky: Sky, line: Line, tolerance: Tolerance) -> NDArray[np.bool_]:
    """Return for each peak of the item whether a peak of a work lies on its place on the line."""
    return _partners_on(item, sky, line, tolerance) >= 0


def chances(item: Constellation, sky: Sky, line: Line, tolerance: Tolerance) -> NDArray[np.float64]:
    """Return for each peak of the item how often it meets a peak of a work when the two are displaced."""
    places = line.tempo * item.times_s + line.start_s
    octaves = item.octaves - np.float32(line.octaves)
    met = _met(places, octaves, sky.times_s, sky.octaves, (tolerance.time_s, tolerance.octaves))
    return np.asarray(met / float(DISPLACEMENTS_S.size * DISPLACEMENTS_OCTAVES.size), dtype=np.float64)


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


def _partners_on(item: Constellation, sky: Sky, line: Line, tolerance: Tolerance) -> NDArray[np.int64]:
    places = line.tempo * item.times_s + line.start_s
    octaves = item.octaves - np.float32(line.octaves)
    partners: NDArray[np.int64] = _partners(
        places, octaves, sky.times_s, sky.octaves, tolerance.time_s, tolerance.octaves
    )
    return partners


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
def _met(places, octaves, sky_times, sky_octaves, tolerance):  # type: ignore[no-untyped-def]
    """Return for each place in how many of the displacements it has a partner."""
    met = np.zeros(places.size)
    for shift in DISPLACEMENTS_S:
        for rise in DISPLACEMENTS_OCTAVES:
            moved = octaves + np.float32(rise)
            found = _partners(places + shift, moved, sky_times, sky_octaves, tolerance[0], tolerance[1])
            for number in range(places.size):
                if found[number] >= 0:
                    met[number] += 1.0
    return met


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
