"""How likely an alignment is by chance.

The measure is a-contrario (Desolneux, Moisan and Morel, 2000): were item and work unrelated, the number of aligned
peaks would follow a Poisson law whose mean is measured on the same two recordings, by displacing one against the other.
The tail of that law times the number of lines that could have been tried is the expected number of false matches, so
one threshold holds for any length of item and any size of portfolio. Decoys set its two corrections.
"""

from dataclasses import dataclass
from math import log, log10
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.agreement import (
    MOST_OCTAVES_OFF,
    MOST_S,
    NATS,
    PROFILES,
    displaced_levels,
    levels,
)
from workprint.matching.constellation import Constellation
from workprint.matching.lines import Line, Sky, Tolerance

COARSE: Final = Tolerance(MOST_S, MOST_OCTAVES_OFF)
DISPLACEMENTS_S: Final = np.array([-1.13, -0.83, -0.59, -0.41, -0.29, -0.19, 0.17, 0.23, 0.37, 0.53, 0.71, 0.97])
"""Item against work: further than two peaks of one event, nearer than a change of scene."""
DISPLACEMENTS_OCTAVES: Final = np.array([-0.043, 0.0, 0.043])
_FEW: Final = np.concatenate(([0.0], np.exp(-NATS[1:]))) / np.exp(-NATS[1:]).sum()
"""How often a pair that happens by chance has which level, roughly."""
_MOST_TILT: Final = 2.0


@dataclass(frozen=True, slots=True)
class ChanceParameters:
    """How the law of chance is corrected, and where excerpts end."""

    factor: float = 2.0
    """Unrelated music of the same key and beat aligns up to about twice as often as displaced music does."""
    constant: float = 0.8
    """Peaks that are taken to be aligned by chance in any case."""
    dispersion: float = 1.25
    """Chance alignments come in clusters of about this size."""
    moment_s: float = 0.1
    most_nats_per_moment: float = 32.0
    """What one moment can say. A click is aligned with any click, in all its peaks."""
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
    """What lies on a line, peak by peak: how much each says, and how much it says by chance."""

    times_s: NDArray[np.float64]
    """(n,)"""
    levels: NDArray[np.uint8]
    """(profiles, n), see `agreement`."""
    displaced: NDArray[np.uint8]
    """(profiles, n, levels): in how many displacements it has each level."""

    @classmethod
    def of(cls, item: Constellation, sky: Sky, line: Line) -> "Support":
        """Measure what is met, and chances by displacement."""
        return cls(
            item.times_s,
            levels(item, sky, line),
            displaced_levels(item, sky, line, DISPLACEMENTS_S, DISPLACEMENTS_OCTAVES),
        )

    @property
    def met(self) -> NDArray[np.bool_]:
        """Whether each peak lies on one of the work, (n,)."""
        return np.asarray(self.levels[0] > 0)

    @property
    def chances(self) -> NDArray[np.float64]:
        """How likely each is to by chance, (n,)."""
        never = self.displaced[0, :, 0].astype(np.float64) / (DISPLACEMENTS_S.size * DISPLACEMENTS_OCTAVES.size)
        return 1.0 - never

    def between(self, span: tuple[float, float]) -> "Support":
        """Return the support of the peaks between two times."""
        low, high = (int(place) for place in np.searchsorted(self.times_s, span))
        return self.between_peaks(low, high)

    def between_peaks(self, low: int, high: int) -> "Support":
        """Return the support of the peaks from one position to before another."""
        return self._picked(slice(low, high))

    def ends(self, span: tuple[float, float]) -> tuple[float, float]:
        """Return the times of the first and the last aligned peak between two times."""
        part = self.between(span)
        own = part.times_s[part.met]
        return (float(own[0]), float(own[-1])) if own.size else span

    def busiest(self, span: tuple[float, float], length_s: float) -> tuple[float, float]:
        """Return the stretch of this length, within a span, that has most aligned peaks."""
        part = self.between(span)
        own = part.times_s[part.met]
        if not own.size:
            return span[0], span[0] + length_s
        counts = np.searchsorted(own, own + length_s) - np.arange(own.size)
        start_s = float(own[np.argmax(counts)])
        return start_s, start_s + length_s

    def without(self, span: tuple[float, float]) -> "Support":
        """Return the support of all peaks but those between two times."""
        return self._picked((self.times_s < span[0]) | (self.times_s >= span[1]))

    def _picked(self, which: slice | NDArray[np.bool_]) -> "Support":
        return Support(self.times_s[which], self.levels[:, which], self.displaced[:, which])


@dataclass(frozen=True, slots=True)
class Weight:
    """The evidence of one excerpt."""

    aligned: int
    peaks: int
    expected: float
    log10_chance: float
    """Logarithm of the chance that one unrelated line aligns as many."""


def weigh(
    support: Support, span: tuple[float, float], parameters: ChanceParameters, rivals: tuple[float, ...] = (0.0, 0.0)
) -> Weight:
    """Weigh the peaks between two times by the most telling of the profiles, less the nats of its rivals in it.

    What they say together is compared with what displaced ones would say: Chernoff's bound for a sum of independent
    values, each of which has a Poisson law. Peaks of one moment come and go together, so no moment says more than some.
    """
    part = support.between(span)
    moments = ((part.times_s - span[0]) / parameters.moment_s).astype(np.int64)
    nats = 0.0
    for profile, (rates, rival) in enumerate(zip(rates_by_chance(part, parameters), rivals, strict=True)):
        said = np.bincount(moments, weights=NATS[part.levels[profile]], minlength=1)
        sum_nats = float(np.minimum(said, parameters.most_nats_per_moment).sum())
        nats = max(nats, surprise(sum_nats, rates) - rival)
    nats = max(0.0, nats / parameters.dispersion - log(1.0 + nats))
    # The best of several looks is so many times as easily had.
    log10_chance = min(0.0, log10(PROFILES) - nats / log(10.0))
    expected = parameters.factor * float(part.chances.sum()) + parameters.constant
    return Weight(int(part.met.sum()), part.times_s.size, expected, log10_chance)


def weigh_rest(support: Support, span: tuple[float, float], word_s: float, parameters: ChanceParameters) -> Weight:
    """Weigh what is left of a stretch without its busiest `word_s`.

    One word, drum beat or click may be the same in two recordings that are not. It proposes a line; whether the line
    holds is for the rest to say, for which it is the only line tried.
    """
    return weigh(support.without(support.busiest(span, word_s)), span, parameters)


def rates_by_chance(part: Support, parameters: ChanceParameters) -> NDArray[np.float64]:
    """Return how many peaks of each level are expected by chance, (profiles, levels)."""
    displacements = DISPLACEMENTS_S.size * DISPLACEMENTS_OCTAVES.size
    rates = parameters.factor * part.displaced.sum(axis=1, dtype=np.float64) / displacements
    rates += parameters.constant * _FEW
    rates[:, :2] = 0.0
    return np.asarray(rates)


@njit(cache=True)
def surprise(nats, rates):  # type: ignore[no-untyped-def]
    """Return how unlikely it is, in nats, that peaks of these rates (levels,) say so much together by chance.

    Chernoff's bound: the largest of `t * nats - sum(rates * (exp(t * NATS) - 1))` over t, which is concave, by halving.
    """
    low, high = 0.0, _MOST_TILT
    for _ in range(24):
        tilt = (low + high) / 2
        if nats > (rates * NATS * np.exp(tilt * NATS)).sum():
            low = tilt
        else:
            high = tilt
    return low * nats - (rates * np.expm1(low * NATS)).sum()


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
    gains = support.met[low:high] - parameters.factor * support.chances[low:high]
    busy = np.bincount(cells, minlength=1) >= parameters.busy_peaks
    more = np.bincount(cells, weights=gains, minlength=1) > 1.0
    return float(more[busy].mean()) if busy.any() else 1.0


def moments(support: Support, span: tuple[float, float], parameters: ChanceParameters) -> float:
    """Return from how many different moments what is aligned in a stretch comes: the exponential of the entropy.

    The partials of a note begin together, and those of any note lie on those of any other that is played at another
    pitch. So two notes that follow each other as two others do align all their peaks, though they are only two moments.
    """
    part = support.between(span)
    own = part.times_s[part.met]
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
    gains = np.bincount(cells, weights=support.met - parameters.factor * support.chances).astype(np.float64)
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
