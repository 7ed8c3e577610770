"""Pairs of MinHash signatures that are likely alike, without comparing each with each (Indyk and Motwani 1998).

A band is three places of a signature; signatures that agree in a whole band are compared in all places. There are as
many bands as places, and each place is in three of them. Of pairs that agree in a share s of n places, about
1 - (1 - s**3)**n share a band: 87 in 100 at a quarter of 128, 64 in 100 at a fifth. `docs/images.md` has what was
measured.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.protocols import Tables

PLACES_A_BAND: Final = 3
_STEPS: Final = (0, 37, 91)
"""From a band's first place to its others, around the signature's end."""
_FACTORS: Final = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_MOST_ALIKE: Final = 256
"""Signatures in one band with the same values that are looked at; more of them say what everything says."""


class SignatureBands:
    """Signatures, and for each band their order by its value: plain arrays, that may be memory-mapped."""

    def __init__(self, tables: Tables) -> None:
        """Take `signatures` uint32 (n, places), `keys` uint64 and `order` uint32 (places, n), keys rising in each row.

        Raises:
            FormatError: a table is missing, or they do not fit each other.
        """
        try:
            self._signatures, self._keys, self._order = (tables[name] for name in ("signatures", "keys", "order"))
        except KeyError as error:
            raise FormatError(f"the table of signatures lacks {error}") from error
        shape = self._signatures.shape[::-1]
        if self._signatures.ndim != 2 or self._keys.shape != shape or self._order.shape != shape:
            raise FormatError("the tables of signatures do not fit each other")

    @classmethod
    def build(cls, signatures: NDArray[np.uint32]) -> SignatureBands:
        """Order signatures, uint32 (n, places), by each band."""
        keys = np.empty(signatures.shape[::-1], dtype=np.uint64)
        order = np.empty(signatures.shape[::-1], dtype=np.uint32)
        for band in range(signatures.shape[1]):
            values = _band(signatures, band)
            order[band] = np.argsort(values, kind="stable")
            keys[band] = values[order[band]]
        return cls({"signatures": signatures, "keys": keys, "order": order})

    def tables(self) -> Tables:
        """All state, by name."""
        return {"signatures": self._signatures, "keys": self._keys, "order": self._order}

    def alike(self, asked: NDArray[np.uint32], least: int) -> NDArray[np.int64]:
        """Rows of (position in `asked`, position here, equal places), int64 (n, 3), in order; `least` places are equal.

        `asked` are signatures of the same recipe, uint32 (m, places). Only pairs that agree in a band are seen.
        """
        found = [np.empty((0, 3), np.int64)]
        for band in range(self._keys.shape[0]):
            values = _band(asked, band)
            begins, ends = (np.searchsorted(self._keys[band], values, side) for side in ("left", "right"))
            ends = np.minimum(ends, begins + _MOST_ALIKE)
            found.append(_compared(asked, self._signatures, self._order[band], begins, ends, least))
        return np.unique(np.concatenate(found), axis=0)


def _band(signatures: NDArray[np.uint32], band: int) -> NDArray[np.uint64]:
    """One number for the values in the places of a band, uint64 (n,)."""
    mixed = np.zeros(len(signatures), dtype=np.uint64)
    for step, factor in zip(_STEPS, _FACTORS, strict=True):
        mixed ^= (signatures[:, (band + step) % signatures.shape[1]].astype(np.uint64) + np.uint64(1)) * np.uint64(
            factor
        )
        mixed ^= mixed >> np.uint64(29)
    return mixed


@njit(cache=True, nogil=True)
def _compared(asked, signatures, order, begins, ends, least):  # type: ignore[no-untyped-def]
    """Rows as `SignatureBands.alike` returns them, of the pairs of one band."""
    found = np.empty((64, 3), np.int64)
    count = 0
    for one in range(len(asked)):
        for at in range(begins[one], ends[one]):
            other = int(order[at])
            equal = 0
            for place in range(asked.shape[1]):
                equal += asked[one, place] == signatures[other, place]
            if equal >= least:
                if count == len(found):
                    longer = np.empty((2 * count, 3), np.int64)
                    longer[:count] = found
                    found = longer
                found[count, 0], found[count, 1], found[count, 2] = one, other, equal
                count += 1
    return found[:count]
