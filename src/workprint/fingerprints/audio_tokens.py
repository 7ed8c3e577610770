"""Landmarks of a stretch of sound as a set of integers, for MinHash.

A token is a pair of peaks (Wang, ISMIR 2003): both frequencies in 24ths of an octave and the time between them in
steps of 64 ms. It is deliberately coarse: a signature is for comparing two large collections with each other, where
most landmarks of the same sound must fall on the same token; alignment decides afterwards.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, PEAK, TIME_UNIT_S

CELLS_PER_OCTAVE: Final = 24
TIME_CELL_S: Final = 0.064
TIME_CELLS: Final = 16
PAIRS_PER_PEAK: Final = 6
_LOWEST_HZ: Final = 100.0


def landmark_tokens(peaks: NDArray[np.void]) -> NDArray[np.uint32]:
    """Return the distinct landmark tokens, rising, of peaks (n,) of `PEAK`; empty where there are no two peaks."""
    if peaks.dtype != PEAK:
        raise ValueError(f"peaks are of type {peaks.dtype}, not {PEAK}")
    times = peaks["time"].astype(np.int64)
    hertz = np.maximum(peaks["frequency"] * FREQUENCY_UNIT_HZ, _LOWEST_HZ)
    pitches = np.floor(np.log2(hertz / _LOWEST_HZ) * CELLS_PER_OCTAVE).astype(np.int64)
    return np.unique(_tokens(times, pitches, round(TIME_CELL_S / TIME_UNIT_S)))


@njit(cache=True)
def _tokens(times, pitches, units_per_cell):  # type: ignore[no-untyped-def]
    """Return one token per pair: each peak with the next `PAIRS_PER_PEAK` ones at least one cell later."""
    tokens = np.empty(times.size * PAIRS_PER_PEAK, dtype=np.uint32)
    count = 0
    for anchor in range(times.size):
        taken = 0
        for other in range(anchor + 1, times.size):
            cells = (times[other] - times[anchor]) // units_per_cell
            if cells >= TIME_CELLS or taken == PAIRS_PER_PEAK:
                break
            if cells >= 1:
                tokens[count] = (pitches[anchor] * 256 + pitches[other]) * TIME_CELLS + cells
                count += 1
                taken += 1
    return tokens[:count]
