"""How likely an alignment is by chance.

The measure is a-contrario (Desolneux, Moisan and Morel, 2000): were item and work unrelated, the number of aligned
peaks would follow a Poisson law whose mean is measured on the same two recordings, by displacing one against the other.
The tail of that law times the number of lines that could have been tried is the expected number of false matches, so
one threshold holds for any length of item and any size of portfolio. Decoys set its two corrections.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from math import log, log10
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.lines import Line, Sky, Tolerance, aligned, chances

COARSE: Final = Tolerance(0.020, 0.014)
FINE: Final = Tolerance(0.008, 0.004)


@dataclass(frozen=True, slots=True)
class ChanceParameters:
    """How the law of chance is corrected, and where excerpts end."""

    factor: float = 2.0
    """Unrelated music of the same key and beat aligns up to about twice as often as displaced music does."""
    constant: float = 0.4
    """Peaks that are taken to be aligned by chance in any case, in each of the two rings."""
    dispersion: float = 1.25
    """Chance alignments come in clusters of about this size."""
    moment_s: float = 0.1
    most_per_moment: int = 8
    """Peaks of one moment and ring that count. A click is aligned with any click, in all its peaks."""
    word_s: float = 0.4
    """No stretch as short as this decides alone: other lines by the same voice share words."""
    syllable_s: float = 0.25
    """The same in an item that is hardly more than a word itself."""
    cell_s: float = 0.25
    """Excerpts begin and end on this grid."""
    onset_s: float = 0.03
    """Peaks nearer than this are of one moment when moments are told apart."""
    busy_peaks: int = 6
    """Cells with so many peaks of the item take part when the support must be spread."""
    drop: float = 8.0
    """An excerpt ends where so many peaks fewer are aligned than its rate asks for."""


@dataclass(frozen=True, slots=True)
class Support:
    """What lies on a line, peak by peak (n,): near it, or within the wider tolerance, and how often by chance."""

    times_s: NDArray[np.float64]
    near: NDArray[np.bool_]
    wide: NDArray[np.bool_]
    near_chances: NDArray[np.float64]
    wide_chances: NDArray[np.float64]

    @classmethod
    def of(cls, item: Constellation, sky: Sky, line: Line) -> "Support":
        """Measure hits, and chances by displacement."""
        near, wide = aligned(item, sky, line, FINE, COARSE)
        return cls(item.times_s, near, wide, *chances(item, sky, line, FINE, COARSE))

    def ends(self, span: tuple[float, float]) -> tuple[float, float]:
        """Return the times of the first and the last aligned peak between two times."""
        low, high = np.searchsorted(self.times_s, span)
        own = self.times_s[low:high][self.wide[low:high]]
        return (float(own[0]), float(own[-1])) if own.size else span

    def busiest(self, span: tuple[float, float], length_s: float) -> tuple[float, float]:
        """Return the stretch of this length, within a span, that has most aligned peaks."""
        low, high = np.searchsorted(self.times_s, span)
        own = self.times_s[low:high][self.wide[low:high]]
        if not own.size:
            return span[0], span[0] + length_s
        counts = np.searchsorted(own, own + length_s) - np.arange(own.size)
        start_s = float(own[np.argmax(counts)])
        return start_s, start_s + length_s

    def without(self, span: tuple[float, float]) -> "Support":
        """Return the support of all peaks but those between two times."""
        kept = (self.times_s < span[0]) | (self.times_s >= span[1])
        return Support(*(getattr(self, name)[kept] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Weight:
    """The evidence of one excerpt."""

    aligned: int
    peaks: int
    expected: float
    log10_chance: float
    """Logarithm of the chance that one unrelated line aligns as many."""


def weigh(
    supports: Iterable[Support],
    span: tuple[float, float],
    parameters: ChanceParameters,
    rivals: tuple[float, ...] = (0.0, 0.0),
) -> Weight:
    """Weigh the peaks between two times by the most telling of several supports, less the nats of its rivals."""
    weights = [_weighed(support, span, parameters, rival) for support, rival in zip(supports, rivals, strict=True)]
    best = min(weights, key=lambda weight: weight.log10_chance)
    # The best of several looks is so many times as easily had.
    return replace(best, log10_chance=min(0.0, best.log10_chance + log10(len(weights))))


def weigh_rest(
    supports: Iterable[Support], span: tuple[float, float], word_s: float, parameters: ChanceParameters
) -> Weight:
    """Weigh what is left of a stretch without its busiest `word_s`.

    One word, drum beat or click may be the same in two recordings that are not. It proposes a line; whether the line
    holds is for the rest to say, for which it is the only line tried.
    """
    supports = tuple(supports)
    word = supports[0].busiest(span, word_s)
    return weigh([support.without(word) for support in supports], span, parameters)


def means_by_chance(support: Support, low: int, high: int, parameters: ChanceParameters) -> tuple[float, float]:
    """Return how many peaks are expected near the line and in the ring around it by chance."""
    near = parameters.factor * float(support.near_chances[low:high].sum()) + parameters.constant
    wide = parameters.factor * float(support.wide_chances[low:high].sum()) + 2.0 * parameters.constant
    return near, max(parameters.constant, wide - near)


def _weighed(support: Support, span: tuple[float, float], parameters: ChanceParameters, rival: float) -> Weight:
    """Weigh two independent counts, each with its own law of chance.

    Peaks near the line and those in the ring around it: a true line has most of its peaks near, where
    chance puts one in ten. Peaks of one moment come and go together, so no moment counts for more than a few.
    """
    low, high = (int(place) for place in np.searchsorted(support.times_s, span))
    moments = ((support.times_s[low:high] - span[0]) / parameters.moment_s).astype(np.int64)
    near, ring = support.near[low:high], support.wide[low:high] & ~support.near[low:high]
    counts = [
        float(np.minimum(np.bincount(moments, weights=hits, minlength=1), parameters.most_per_moment).sum())
        for hits in (near, ring)
    ]
    near_mean, ring_mean = means_by_chance(support, low, high, parameters)
    nats = max(0.0, surprise(counts[0], near_mean) + surprise(counts[1], ring_mean) - rival)
    nats = max(0.0, nats / parameters.dispersion - log(1.0 + nats))
    return Weight(int(near.sum() + ring.sum()), high - low, near_mean + ring_mean, -nats / log(10.0))


def surprise(count: float, mean: float) -> float:
    """Return how unlikely it is, in nats, that a Poisson variable of this mean reaches `count` (Chernoff's bound)."""
    return count * log(count / mean) - count + mean if count > mean else 0.0


def enough(weight: Weight, log10_goal: float) -> float:
    """Return how many aligned peaks would have been enough, had they been spread as they are."""
    if weight.log10_chance >= 0.0:
        return weight.expected - log10_goal
    return weight.expected + (weight.aligned - weight.expected) * min(1.0, log10_goal / weight.log10_chance)


def spread(support: Support, span: tuple[float, float], parameters: ChanceParameters) -> float:
    """Return the share of a stretch's cells of `cell_s` in which more is aligned than by chance.

    The same sound is the same all along; tunes of one scale agree in a note here and a note there.
    """
    low, high = (int(place) for place in np.searchsorted(support.times_s, span))
    cells = ((support.times_s[low:high] - span[0]) / parameters.cell_s).astype(np.int64)
    gains = support.wide[low:high] - parameters.factor * support.wide_chances[low:high]
    busy = np.bincount(cells, minlength=1) >= parameters.busy_peaks
    more = np.bincount(cells, weights=gains, minlength=1) > 1.0
    return float(more[busy].mean()) if busy.any() else 1.0


def moments(support: Support, span: tuple[float, float], parameters: ChanceParameters) -> float:
    """Return from how many different moments what is aligned in a stretch comes: the exponential of the entropy.

    The partials of a note begin together, and those of any note lie on those of any other that is played at another
    pitch. So two notes that follow each other as two others do align all their peaks, though they are only two moments.
    """
    low, high = (int(place) for place in np.searchsorted(support.times_s, span))
    own = support.times_s[low:high][support.wide[low:high]]
    if not own.size:
        return 0.0
    counts = np.bincount(((own - own[0]) / parameters.onset_s).astype(np.int64))
    shares = counts[counts > 0] / own.size
    return float(np.exp(-(shares * np.log(shares)).sum()))


def stretches(support: Support, parameters: ChanceParameters) -> list[tuple[float, float]]:
    """Return the stretches of the item, in s, in which clearly more peaks are aligned than by chance."""
    if not support.times_s.size:
        return []
    first = int(support.times_s[0] / parameters.cell_s)
    cells = (support.times_s / parameters.cell_s).astype(np.int64) - first
    gains = np.bincount(cells, weights=support.wide - parameters.factor * support.wide_chances).astype(np.float64)
    gains -= 0.2
    return [
        ((first + low) * parameters.cell_s, (first + high) * parameters.cell_s)
        for low, high in _heaviest_runs(gains, parameters.drop)
    ]


def _heaviest_runs(gains: NDArray[np.float64], drop: float) -> list[tuple[int, int]]:
    """Return runs (from, to before) of cells whose gains rise from first to last, cut where they fall by `drop`.

    The rule by which BLAST ends an alignment (Altschul et al. 1990), along the whole recording.
    """
    runs: list[tuple[int, int]] = []
    start, best, total, top = 0, 0, 0.0, 0.0
    for place, gain in enumerate(gains):
        if total <= 0.0:
            start, best, total, top = place, place, 0.0, 0.0
        total += float(gain)
        if total > top:
            best, top = place + 1, total
        if top > 0.0 and (total <= 0.0 or total < top - drop):
            runs.append((start, best))
            total, top = 0.0, 0.0
    if top > 0.0:
        runs.append((start, best))
    return runs
