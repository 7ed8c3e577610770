"""The peaks of a recording as points: seconds along one axis, octaves along the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, TIME_UNIT_S

LOWEST_HZ: Final = 100.0
"""Zero on the scale of octaves."""


@dataclass(frozen=True, slots=True)
class Constellation:
    """Peaks in order of time."""

    times_s: NDArray[np.float64]
    """(n,), rising."""
    octaves: NDArray[np.float32]
    """(n,), above `LOWEST_HZ`. A change of pitch is a shift on this axis."""
    duration_s: float

    def between(self, start_s: float, end_s: float) -> "Constellation":
        """Return the peaks of one stretch, at their own times."""
        low, high = np.searchsorted(self.times_s, [start_s, end_s])
        return Constellation(self.times_s[low:high], self.octaves[low:high], self.duration_s)

    def backwards(self) -> "Constellation":
        """Return the peaks of the same sound played in reverse: time counts from the end."""
        return Constellation(
            np.ascontiguousarray((self.duration_s - self.times_s)[::-1]),
            np.ascontiguousarray(self.octaves[::-1]),
            self.duration_s,
        )


def constellation(segments: Iterable[tuple[float, float, NDArray[np.void]]]) -> Constellation:
    """Join segments of one recording, given as (start_s, end_s, array of `PEAK`), in any order."""
    ordered = sorted(segments, key=lambda segment: segment[0])
    if not ordered:
        return Constellation(np.empty(0), np.empty(0, dtype=np.float32), 0.0)
    times = [start_s + peaks["time"].astype(np.float64) * TIME_UNIT_S for start_s, _, peaks in ordered]
    hertz = np.concatenate([peaks["frequency"] for _, _, peaks in ordered]) * FREQUENCY_UNIT_HZ
    joined = np.concatenate(times)
    # Segments of foreign making may overlap; everything later relies on rising times.
    order = np.argsort(joined, kind="stable")
    octaves = np.log2(np.maximum(hertz, LOWEST_HZ) / LOWEST_HZ).astype(np.float32)
    return Constellation(joined[order], octaves[order], max(end_s for _, end_s, _ in ordered))
