"""Local features as a set of integers, for MinHash.

A visual word is sixteen bits of a descriptor, and which sixteen; each point says four of them, so that a point whose
descriptor changed a little still says some (bit sampling, Indyk and Motwani 1998).
"""

import numpy as np
from numpy.typing import NDArray

from workprint.serial.image_layout import POINT

WORD_BITS = 16


def visual_words(points: NDArray[np.void]) -> NDArray[np.uint32]:
    """The distinct visual words, uint32, rising, of points (n,) of `POINT`."""
    if points.dtype != POINT:
        raise ValueError(f"points are of type {points.dtype}, not {POINT}")
    bits = (points["descriptor"] & np.uint64((1 << WORD_BITS) - 1)).astype(np.uint32)
    which = np.arange(bits.shape[1], dtype=np.uint32) << np.uint32(WORD_BITS)
    return np.unique(bits | which)
