"""Local features as a set of integers, for MinHash.

A visual word is `WORD_BITS` bits of a descriptor, and which; each point says eight of them, so that a point whose
descriptor changed a little still says some (bit sampling, Indyk and Motwani 1998). Words of the first and of the second
half of a descriptor are not told apart: mirroring a picture exchanges the halves, so it leaves the set as it is.
`docs/images.md` has what was measured.
"""

import numpy as np
from numpy.typing import NDArray

from workprint.serial.image_layout import POINT

WORD_BITS = 15
WORDS_PER_RUN = 2
"""Visual words in each 64-bit run of a descriptor."""


def visual_words(points: NDArray[np.void]) -> NDArray[np.uint32]:
    """The visual words of points (n,) of `POINT`, uint32 (8 n,); some more than once."""
    if points.dtype != POINT:
        raise ValueError(f"points are of type {points.dtype}, not {POINT}")
    runs = points["descriptor"]
    mask = np.uint64((1 << WORD_BITS) - 1)
    words = np.empty((WORDS_PER_RUN, len(points), 4), np.uint32)
    place = np.array([0, 1, 0, 1], np.uint32)
    for word in range(WORDS_PER_RUN):
        bits = ((runs >> np.uint64(word * WORD_BITS)) & mask).astype(np.uint32)
        words[word] = bits | ((place + np.uint32(2 * word)) << np.uint32(WORD_BITS))
    return words.ravel()
