"""Lines in time: fitting them to two constellations, and counting what lies on them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation

_FEW_DISPLACEMENTS_S: Final = np.array([-0.83, -0.29, 0.23, 0.71])


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
    ranks: NDArray[np.float32]


def aligned(item: Constellation, sky: Sky, line: Line, near: Tolerance) -> NDArray[np.bool_]:
    """Return for each peak of the item whether a peak of a work lies on its place on the line."""
    places, octaves = line.tempo * item.times_s + line.start_s, item.octaves - np.float32(line.octaves)
    met: NDArray[np.bool_] = _partners(places, octaves, sky.times_s, sky.octaves, near.time_s, near.octaves) >= 0
    return met


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
