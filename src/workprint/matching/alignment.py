"""Decides whether a place that an index proposed is real: how many peaks lie on one line in time, and how likely by chance.

The measure is a-contrario (Desolneux, Moisan, Morel 2000): under the hypothesis that item and work are unrelated, the
number of aligned peaks follows a Poisson law whose mean is measured on the same two recordings, by displacing one
against the other. The tail of that law times the number of places that could have been tried is the expected number of
false matches: one threshold holds for any length of item and any size of portfolio.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import exp, log, log10
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import Hypothesis, LandmarkIndex

DISPLACEMENTS_S: Final = np.array([-1.13, -0.83, -0.59, -0.41, -0.29, -0.19, 0.17, 0.23, 0.37, 0.53, 0.71, 0.97])
DISPLACEMENTS_OCTAVES: Final = np.array([-0.043, 0.0, 0.043])


@dataclass(frozen=True, slots=True)
class AlignmentParameters:
    """What counts as aligned, and as enough."""

    time_tolerance_s: float = 0.020
    pitch_tolerance_octaves: float = 0.014
    first_time_tolerance_s: float = 0.060
    cell_s: float = 0.25
    """Excerpts begin and end on this grid."""
    largest_gap_s: float = 1.5
    """A stretch without support that is longer than this ends an excerpt."""
    least_log10_rarity: float = 6.0
    """A match is expected by chance at most once in so many (as a power of ten) items."""
    chance_factor: float = 2.0
    """Unrelated music of the same key and beat aligns up to about twice as often as displaced music does."""
    dispersion: float = 2.0
    """Chance alignments come in clusters of about this size; found with decoys."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """An excerpt of a work, found in an item."""

    work: int
    item_start_s: float
    item_end_s: float
    work_start_s: float
    work_end_s: float
    tempo: float
    """Above 1: the item plays faster."""
    pitch_ratio: float
    """Above 1: the item sounds higher."""
    reversed: bool
    aligned: int
    """Peaks of the item that lie on a peak of the work."""
    peaks: int
    """Peaks of the item in the excerpt."""
    expected: float
    """How many would be aligned by chance."""
    threshold: float
    """The number of aligned peaks that would just have been enough."""
    expected_false_matches: float
    """How many matches as good as this a comparison of this item with this portfolio gives by chance."""
    confidence: float
    """0 to 1."""


def align(
    index: LandmarkIndex,
    item: Constellation,
    hypotheses: Iterable[Hypothesis],
    parameters: AlignmentParameters = AlignmentParameters(),
) -> list[Alignment]:
    """Return every excerpt that hypotheses lead to, in order of place in the item, then of work."""
    found: list[Alignment] = []
    for hypothesis in hypotheses:
        if any(_explains(alignment, hypothesis, item) for alignment in found):
            continue
        found.extend(verify(index, item, hypothesis, parameters))
    return sorted(_without_shadows(found), key=lambda one: (one.item_start_s, one.work, one.work_start_s))


def verify(
    index: LandmarkIndex, item: Constellation, hypothesis: Hypothesis, parameters: AlignmentParameters
) -> list[Alignment]:
    """Return the excerpts along the line that a hypothesis proposes; none where chance explains it."""
    work = index.work(hypothesis.work)
    view = item.backwards() if hypothesis.reversed else item
    line = _refined(view, work, _Line.through(hypothesis), hypothesis.item_s, parameters)
    hits, chances = _support(view, work, line, parameters)
    found = []
    for start_s, end_s in _stretches(view, hits, chances, parameters):
        alignment = _judged(view, (start_s, end_s), hits, chances, line, parameters, index)
        if alignment.expected_false_matches <= 10.0**-parameters.least_log10_rarity:
            found.append(replace(alignment, work=hypothesis.work, reversed=hypothesis.reversed))
    return [_forwards(one, item.duration_s) if one.reversed else one for one in found]


@dataclass(frozen=True, slots=True)
class _Line:
    """work time = tempo * item time + start_s; item pitch = work pitch + octaves."""

    tempo: float
    start_s: float
    octaves: float

    @classmethod
    def through(cls, hypothesis: Hypothesis) -> "_Line":
        start_s = hypothesis.work_s - hypothesis.tempo * hypothesis.item_s
        return cls(hypothesis.tempo, start_s, hypothesis.pitch_octaves)


def _refined(
    item: Constellation, work: Constellation, line: _Line, centre_s: float, parameters: AlignmentParameters
) -> _Line:
    """Fit the line to the peaks around the place it was proposed for, then further and further out."""
    reach_s, tolerance_s = 3.0, parameters.first_time_tolerance_s
    while True:
        near = item.between(centre_s - reach_s, centre_s + reach_s)
        line = _fitted(near, work, line, tolerance_s, parameters)
        if (
            centre_s - reach_s <= 0.0
            and centre_s + reach_s >= item.duration_s
            and tolerance_s <= parameters.time_tolerance_s
        ):
            return line
        if tolerance_s <= parameters.time_tolerance_s:
            reach_s *= 2.0
        tolerance_s = max(parameters.time_tolerance_s, tolerance_s * 0.6)


def _fitted(
    item: Constellation, work: Constellation, line: _Line, tolerance_s: float, parameters: AlignmentParameters
) -> _Line:
    """Fit tempo, start and pitch to the peaks that are aligned already (least squares)."""
    places = line.tempo * item.times_s + line.start_s
    partners = _partners(
        places,
        item.octaves - np.float32(line.octaves),
        work.times_s,
        work.octaves,
        tolerance_s,
        parameters.pitch_tolerance_octaves,
    )
    own = np.flatnonzero(partners >= 0)
    if own.size < 8:
        return line
    times, goals = item.times_s[own], work.times_s[partners[own]]
    octaves = float(np.median(item.octaves[own] - work.octaves[partners[own]]))
    middle = times.mean()
    spread = float(((times - middle) ** 2).sum())
    if spread < 1.0:
        return _Line(line.tempo, float(np.mean(goals - line.tempo * times)), octaves)
    tempo = float(((times - middle) * (goals - goals.mean())).sum()) / spread
    # A fit over few peaks must not run away from what was proposed.
    tempo = min(max(tempo, line.tempo * 0.97), line.tempo * 1.03)
    return _Line(tempo, float(goals.mean() - tempo * middle), octaves)


@njit(cache=True)
def _partners(places, octaves, work_times, work_octaves, tolerance_s, tolerance_octaves):  # type: ignore[no-untyped-def]
    """Return for each place the nearest peak of the work within the tolerances, or -1. Places rise."""
    partners = np.full(places.size, -1, dtype=np.int64)
    low = 0
    if places.size:
        low = np.searchsorted(work_times, places[0] - tolerance_s)
    for number in range(places.size):
        while low < work_times.size and work_times[low] < places[number] - tolerance_s:
            low += 1
        best = 2.0
        other = low
        while other < work_times.size and work_times[other] <= places[number] + tolerance_s:
            distance_s = (work_times[other] - places[number]) / tolerance_s
            distance_octaves = (work_octaves[other] - octaves[number]) / tolerance_octaves
            distance = distance_s * distance_s + distance_octaves * distance_octaves
            if abs(distance_octaves) <= 1.0 and distance < best:
                best = distance
                partners[number] = other
            other += 1
    return partners


def _support(
    item: Constellation, work: Constellation, line: _Line, parameters: AlignmentParameters
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Return for each peak of the item whether it is aligned, and the probability of that by chance."""
    places = line.tempo * item.times_s + line.start_s
    octaves = item.octaves - np.float32(line.octaves)
    tolerances = (parameters.time_tolerance_s, parameters.pitch_tolerance_octaves)
    hits = _partners(places, octaves, work.times_s, work.octaves, *tolerances) >= 0
    chances = np.zeros(places.size)
    for shift_s in DISPLACEMENTS_S:
        for rise in DISPLACEMENTS_OCTAVES:
            moved = octaves + np.float32(rise)
            chances += _partners(places + shift_s, moved, work.times_s, work.octaves, *tolerances) >= 0
    return hits, chances / (DISPLACEMENTS_S.size * DISPLACEMENTS_OCTAVES.size)


def _stretches(
    item: Constellation, hits: NDArray[np.bool_], chances: NDArray[np.float64], parameters: AlignmentParameters
) -> list[tuple[float, float]]:
    """Return the stretches of the item, in s, in which clearly more peaks are aligned than by chance."""
    cells = (item.times_s / parameters.cell_s).astype(np.int64)
    count = int(np.ceil(item.duration_s / parameters.cell_s)) + 1
    aligned = np.bincount(cells, weights=hits, minlength=count)
    expected = np.bincount(cells, weights=chances, minlength=count)
    gains = aligned - parameters.chance_factor * expected - 0.25
    gap = max(1, round(parameters.largest_gap_s / parameters.cell_s))
    return [(low * parameters.cell_s, high * parameters.cell_s) for low, high in _runs(gains, gap)]


def _runs(gains: NDArray[np.float64], largest_gap: int) -> list[tuple[int, int]]:
    """Return the runs of cells with a gain, joined over gaps of at most `largest_gap` cells."""
    places = np.flatnonzero(gains > 0)
    if not places.size:
        return []
    breaks = np.flatnonzero(np.diff(places) > largest_gap)
    lows = np.append(places[0], places[breaks + 1])
    highs = np.append(places[breaks], places[-1]) + 1
    return [(int(low), int(high)) for low, high in zip(lows, highs, strict=True)]


def _judged(
    item: Constellation,
    span: tuple[float, float],
    hits: NDArray[np.bool_],
    chances: NDArray[np.float64],
    line: _Line,
    parameters: AlignmentParameters,
    index: LandmarkIndex,
) -> Alignment:
    """Weigh the evidence in one stretch."""
    low, high = np.searchsorted(item.times_s, span)
    aligned, expected = int(hits[low:high].sum()), parameters.chance_factor * float(chances[low:high].sum()) + 1.0
    own = np.flatnonzero(hits[low:high]) + low
    start_s, end_s = (float(item.times_s[own[0]]), float(item.times_s[own[-1]])) if own.size else span
    trials = log10(max(item.duration_s, 1.0) * max(index.duration_s, 1.0) * 1e4)
    rarity = _log10_poisson_tail(aligned / parameters.dispersion, expected / parameters.dispersion)
    false_matches = 10.0 ** min(0.0, max(-300.0, trials + rarity))
    return Alignment(
        work=0,
        item_start_s=start_s,
        item_end_s=end_s,
        work_start_s=line.tempo * start_s + line.start_s,
        work_end_s=line.tempo * end_s + line.start_s,
        tempo=line.tempo,
        pitch_ratio=2.0**line.octaves,
        reversed=False,
        aligned=aligned,
        peaks=int(high - low),
        expected=expected,
        threshold=_enough(expected, -parameters.least_log10_rarity - trials, parameters.dispersion),
        expected_false_matches=false_matches,
        confidence=exp(-false_matches),
    )


def _log10_poisson_tail(count: float, mean: float) -> float:
    """Return log10 of an upper bound (Chernoff) of the chance that a Poisson variable of this mean reaches `count`."""
    if count <= mean:
        return 0.0
    return (count - mean - count * log(count / mean)) / log(10.0)


def _enough(mean: float, goal: float, dispersion: float) -> float:
    """Return the least count whose tail is at most 10 ** goal."""
    count = mean
    while _log10_poisson_tail(count / dispersion, mean / dispersion) > goal:
        count += 1.0
    return count


def _forwards(alignment: Alignment, duration_s: float) -> Alignment:
    """Turn times of the reversed item into times of the item."""
    return replace(
        alignment,
        item_start_s=duration_s - alignment.item_end_s,
        item_end_s=duration_s - alignment.item_start_s,
    )


def _explains(alignment: Alignment, hypothesis: Hypothesis, item: Constellation) -> bool:
    """Whether a hypothesis lies on an excerpt that was found already."""
    item_s = item.duration_s - hypothesis.item_s if hypothesis.reversed else hypothesis.item_s
    if alignment.work != hypothesis.work or alignment.reversed != hypothesis.reversed:
        return False
    if not alignment.item_start_s - 1.0 <= item_s <= alignment.item_end_s + 1.0:
        return False
    anchor_s = alignment.item_end_s if alignment.reversed else alignment.item_start_s
    direction = -1.0 if alignment.reversed else 1.0
    expected_s = alignment.work_start_s + direction * alignment.tempo * (item_s - anchor_s)
    return abs(expected_s - hypothesis.work_s) < 0.3


def _without_shadows(found: Iterable[Alignment]) -> list[Alignment]:
    """Drop weaker alignments of the same work that lie within a stronger one."""
    kept: list[Alignment] = []
    for one in sorted(
        found, key=lambda each: (each.expected_false_matches, -each.aligned, each.work, each.item_start_s)
    ):
        if not any(_covers(other, one) for other in kept):
            kept.append(one)
    return kept


def _covers(strong: Alignment, weak: Alignment) -> bool:
    overlap = min(strong.item_end_s, weak.item_end_s) - max(strong.item_start_s, weak.item_start_s)
    return strong.work == weak.work and overlap > 0.5 * (weak.item_end_s - weak.item_start_s)
