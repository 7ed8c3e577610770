"""All 256-bit hashes within a Hamming distance of a query, exactly, without looking at each.

Multi-index hashing (Norouzi, Punjani, Fleet, "Fast exact search in Hamming space with multi-index hashing", 2014): if
two hashes differ in at most 32 bits, then of their sixteen 16-bit words the first differs in at most 2 bits, or one
of the others in at most 1; so it is enough to look at the hashes that share a nearly equal word in its place.
"""

from __future__ import annotations

from itertools import combinations
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.protocols import Tables

LARGEST_DISTANCE_BITS: Final = 32
WORDS: Final = 4
"""A 256-bit hash is four 64-bit words, little-endian."""
_CHUNKS: Final = 16
_CHUNK_VALUES: Final = 1 << 16
_SMALL: Final = 4096
"""Up to so many hashes, looking at each is faster than the tables."""


def _masks(bits: int) -> NDArray[np.uint32]:
    """All 16-bit numbers with at most `bits` ones, fewest first."""
    chosen = [places for count in range(bits + 1) for places in combinations(range(16), count)]
    return np.array([sum(1 << place for place in places) for places in chosen], dtype=np.uint32)


_FIRST_MASKS: Final = _masks(2)
_OTHER_MASKS: Final = _masks(1)


class HammingTable:
    """Hashes, and for each of their sixteen words the hashes in order of it."""

    def __init__(self, tables: Tables) -> None:
        """Take `hashes` uint64 (n, 4), `order` uint32 (16, n), `starts` uint32 (16, 65537); the last two may be empty.

        Raises:
            FormatError: a table is missing, of another type or shape, or points outside another.
        """
        try:
            self._hashes, self._order, self._starts = (tables[name] for name in ("hashes", "order", "starts"))
        except KeyError as error:
            raise FormatError(f"the hash table lacks {error}") from error
        self._check()

    @classmethod
    def build(cls, hashes: NDArray[np.uint64]) -> HammingTable:
        """Index hashes, uint64 (n, 4)."""
        count = len(hashes) if len(hashes) > _SMALL else 0
        chunks = np.ascontiguousarray(hashes[:count]).view("<u2").reshape(count, _CHUNKS)
        order = np.argsort(chunks, axis=0, kind="stable").T.astype(np.uint32)
        starts = [
            np.searchsorted(chunks[order[place], place], np.arange(_CHUNK_VALUES + 1)).astype(np.uint32)
            for place in range(_CHUNKS if count else 0)
        ]
        empty = np.empty((0, _CHUNK_VALUES + 1), dtype=np.uint32)
        return cls({"hashes": hashes, "order": order[: len(starts)], "starts": np.array(starts) if starts else empty})

    def __len__(self) -> int:
        """How many hashes there are."""
        return len(self._hashes)

    def tables(self) -> Tables:
        """All state, by name."""
        return {"hashes": self._hashes, "order": self._order, "starts": self._starts}

    def within(self, query: NDArray[np.uint64], distance_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions, rising, and distances of all hashes within `distance_bits` (at most 32) of one, uint64 (4,)."""
        if not len(self._starts):
            found = _scan(self._hashes, query, distance_bits)
        else:
            masks = (_FIRST_MASKS, _OTHER_MASKS)
            found = np.unique(_probe(self._hashes, self._order, self._starts, query, distance_bits, *masks))
        differences = np.bitwise_count(self._hashes[found] ^ query)
        return found, differences.sum(axis=1, dtype=np.int64)

    def _check(self) -> None:
        count = len(self._hashes)
        shapes = [(self._hashes, (WORDS,), np.uint64), (self._starts, (_CHUNK_VALUES + 1,), np.uint32)]
        if any(one.ndim != 2 or one.shape[1:] != shape or one.dtype != dtype for one, shape, dtype in shapes):
            raise FormatError("the hash table has the wrong shape")
        chunks = len(self._starts)
        indexed = self._order.ndim == 2 and self._order.dtype == np.uint32 and self._order.shape[:1] == (chunks,)
        if chunks not in (0, _CHUNKS) or not indexed or (chunks and self._order.shape[1] != count):
            raise FormatError("the hash table has the wrong shape")
        # Where the tables point is checked as they are read: reading them through here would undo the memory map.


@njit(cache=True)
def _distance(left, right):  # type: ignore[no-untyped-def]
    """Number of bits in which two hashes, uint64 (4,), differ."""
    total = np.int64(0)
    for word in range(WORDS):
        bits = left[word] ^ right[word]
        bits = bits - ((bits >> np.uint64(1)) & np.uint64(0x5555555555555555))
        bits = (bits & np.uint64(0x3333333333333333)) + ((bits >> np.uint64(2)) & np.uint64(0x3333333333333333))
        bits = (bits + (bits >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
        total += np.int64((bits * np.uint64(0x0101010101010101)) >> np.uint64(56))
    return total


@njit(cache=True)
def _scan(hashes, query, distance_bits):  # type: ignore[no-untyped-def]
    """Positions of all hashes within the distance, by looking at each."""
    found = np.empty(len(hashes), dtype=np.int64)
    count = 0
    for position in range(len(hashes)):
        if _distance(hashes[position], query) <= distance_bits:
            found[count] = position
            count += 1
    return found[:count].copy()


@njit(cache=True)
def _probe(hashes, order, starts, query, distance_bits, first_masks, other_masks):  # type: ignore[no-untyped-def]
    """Positions of all hashes within the distance, some more than once, by their words. Bounds are checked."""
    found = np.empty(16, dtype=np.int64)
    count = 0
    for place in range(len(starts)):
        word = np.uint32((query[place // 4] >> np.uint64(16 * (place % 4))) & np.uint64(0xFFFF))
        masks = first_masks if place == 0 else other_masks
        for mask in masks:
            low = starts[place, word ^ mask]
            high = min(starts[place, (word ^ mask) + 1], np.uint32(order.shape[1]))
            for at in range(low, high):
                position = order[place, at]
                if position < len(hashes) and _distance(hashes[position], query) <= distance_bits:
                    if count == len(found):
                        longer = np.empty(2 * count, dtype=np.int64)
                        longer[:count] = found
                        found = longer
                    found[count] = position
                    count += 1
    return found[:count].copy()
