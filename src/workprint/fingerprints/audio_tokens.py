"""Landmarks of a stretch of sound as a set of integers, for MinHash.

A token is a pair of peaks (Wang, ISMIR 2003): both frequencies in steps of 31.25 Hz, the time between them in steps of
32 ms. A signature is for comparing two large stored collections with each other, where most landmarks of the same
sound must fall on the same token; alignment decides afterwards.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, PEAK, TIME_UNIT_S

FREQUENCY_CELL_HZ: Final = 31.25
FREQUENCY_CELLS: Final = 128
TIME_CELL_S: Final = 0.032
TIME_CELLS: Final = 32
PAIRS_PER_PEAK: Final = 6
FURTHEST_CELLS: Final = 16
"""Peaks of a pair are at most this far apart in frequency, so that the pairs of a peak spread over time instead."""


def landmark_tokens(peaks: NDArray[np.void]) -> NDArray[np.uint32]:
    """Return the distinct landmark tokens, rising, of peaks (n,) of `PEAK`; empty where there are no two peaks."""
    if peaks.dtype != PEAK:
        raise ValueError(f"peaks are of type {peaks.dtype}, not {PEAK}")
    times = peaks["time"].astype(np.int64)
    cells = (peaks["frequency"] * FREQUENCY_UNIT_HZ / FREQUENCY_CELL_HZ).astype(np.int64)
    cells = np.minimum(cells, FREQUENCY_CELLS - 1)
    is_there = np.zeros(FREQUENCY_CELLS * FREQUENCY_CELLS * TIME_CELLS, dtype=np.bool_)
    is_there[_tokens(times, cells, round(TIME_CELL_S / TIME_UNIT_S))] = True
    return np.flatnonzero(is_there).astype(np.uint32)


@njit(cache=True)
def _tokens(times, frequencies, units_per_cell):  # type: ignore[no-untyped-def]
    """Return one token per pair: each peak with the next `PAIRS_PER_PEAK` ones in its zone, two cells later or more."""
    tokens = np.empty(times.size * PAIRS_PER_PEAK, dtype=np.uint32)
    count = 0
    for anchor in range(times.size):
        taken = 0
        for other in range(anchor + 1, times.size):
            apart = times[other] - times[anchor]
            if apart >= TIME_CELLS * units_per_cell or taken == PAIRS_PER_PEAK:
                break
            if apart >= 2 * units_per_cell and abs(frequencies[other] - frequencies[anchor]) <= FURTHEST_CELLS:
                pair = frequencies[anchor] * FREQUENCY_CELLS + frequencies[other]
                tokens[count] = pair * TIME_CELLS + apart // units_per_cell
                count += 1
                taken += 1
    return tokens[:count]
