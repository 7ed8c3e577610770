"""The peaks of a recording as points: seconds along one axis, octaves along the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, SEGMENT_S, TIME_UNIT_S, PeakBytesError

LOWEST_HZ: Final = 100.0
"""Zero on the scale of octaves."""

RANK_REACH_S: Final = 0.5

MOST_OCTAVES: Final = 8.0
"""Above `LOWEST_HZ`: more than sixteen bits of `FREQUENCY_UNIT_HZ` can say."""
LONGEST_S: Final = 1e6
"""No recording of more than eleven days is compared: what follows costs time for every second that one claims."""
_CROWD: Final = 512
_CROWD_S: Final = 0.1
"""So many peaks within so short a time are several times what any sound can have."""


@dataclass(frozen=True, slots=True)
class Constellation:
    """Peaks in order of time."""

    times_s: NDArray[np.float64]
    """(n,), rising."""
    octaves: NDArray[np.float32]
    """(n,), above `LOWEST_HZ`. A change of pitch is a shift on this axis."""
    duration_s: float
    ranks: NDArray[np.float32]
    """(n,): the share of the peaks around that are stronger. Noise leaves those of low rank standing."""

    def between(self, start_s: float, end_s: float) -> "Constellation":
        """Return the peaks of one stretch, at their own times."""
        low, high = np.searchsorted(self.times_s, [start_s, end_s])
        return self._picked(slice(low, high))

    def between_peaks(self, low: int, high: int) -> "Constellation":
        """Return the peaks from one position to before another."""
        return self._picked(slice(low, high))

    def strongest(self, share: float) -> "Constellation":
        """Return that share of the peaks that are stronger than those around them."""
        return self._picked(self.ranks < share)

    def _picked(self, which: slice | NDArray[np.bool_]) -> "Constellation":
        return Constellation(self.times_s[which], self.octaves[which], self.duration_s, self.ranks[which])

    def backwards(self) -> "Constellation":
        """Return the peaks of the same sound played in reverse: time counts from the end."""
        return Constellation(
            np.ascontiguousarray((self.duration_s - self.times_s)[::-1]),
            np.ascontiguousarray(self.octaves[::-1]),
            self.duration_s,
            np.ascontiguousarray(self.ranks[::-1]),
        )


def constellation(segments: Iterable[tuple[float, float, NDArray[np.void]]]) -> Constellation:
    """Join segments of one recording, given as (start_s, end_s, array of `PEAK`), in any order."""
    ordered = sorted(segments, key=lambda segment: segment[0])
    if not ordered:
        return Constellation(np.empty(0), np.empty(0, dtype=np.float32), 0.0, np.empty(0, dtype=np.float32))
    times = [start_s + peaks["time"].astype(np.float64) * TIME_UNIT_S for start_s, _, peaks in ordered]
    hertz = np.concatenate([peaks["frequency"] for _, _, peaks in ordered]) * FREQUENCY_UNIT_HZ
    joined = np.concatenate(times)
    duration_s = max(end_s for _, end_s, _ in ordered)
    if duration_s > LONGEST_S or any(end_s - start_s > 2 * SEGMENT_S for start_s, end_s, _ in ordered):
        raise PeakBytesError("they claim to be of a longer recording than there can be")
    # Segments of foreign making may overlap; everything later relies on rising times.
    order = np.argsort(joined, kind="stable")
    if is_crowded(joined[order]):
        raise PeakBytesError("they lie closer together than those of any sound")
    octaves = np.log2(np.maximum(hertz, LOWEST_HZ) / LOWEST_HZ).astype(np.float32)
    strengths = np.concatenate([peaks["strength"] for _, _, peaks in ordered])[order]
    ranks = _ranks(joined[order], strengths)
    return Constellation(joined[order], octaves[order], duration_s, ranks)


def is_crowded(times_s: NDArray[np.float64]) -> bool:
    """Whether times (n,), rising, lie closer together than the peaks of any sound. Comparing such would never end."""
    return bool(np.any(times_s[_CROWD:] - times_s[:-_CROWD] < _CROWD_S))


@njit(cache=True)
def _ranks(times_s, strengths):  # type: ignore[no-untyped-def]
    """Return for each peak the share of those within `RANK_REACH_S` before and after that are stronger."""
    counts = np.zeros(256, dtype=np.int64)
    ranks = np.zeros(times_s.size, dtype=np.float32)
    low = high = 0
    for number in range(times_s.size):
        while high < times_s.size and times_s[high] <= times_s[number] + RANK_REACH_S:
            counts[strengths[high]] += 1
            high += 1
        while times_s[low] < times_s[number] - RANK_REACH_S:
            counts[strengths[low]] -= 1
            low += 1
        stronger = 0
        for strength in range(strengths[number] + 1, 256):
            stronger += counts[strength]
        ranks[number] = stronger / (high - low)
    return ranks
