"""All 256-bit hashes within a Hamming distance of a query, exactly, without looking at each.

Multi-index hashing (Norouzi, Punjani, Fleet, "Fast exact search in Hamming space with multi-index hashing", 2014): a
hash is cut into `m` words. If two hashes differ in at most `r` bits, then one of their first `r % m + 1` words differs
in at most `r // m` bits, or one of the others in at most `r // m - 1`; so it is enough to look at the hashes that share
a nearly equal word in its place. Wider words make buckets emptier and probes more; the number of hashes decides.
`docs/adr/0018-look-up-in-large-stores.md` has what was measured.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.protocols import Tables
from workprint.serial.arrays import let_go

LARGEST_DISTANCE_BITS: Final = 32
WORDS: Final = 4
"""A 256-bit hash is four 64-bit words, little-endian."""
_BITS: Final = 256
_LARGE_BYTES: Final = 1 << 28
_SMALL: Final = 256
"""Up to so many hashes, looking at each is faster than the tables."""
_PAIR_SHIFT: Final = 32
_PAIR_MASK: Final = (1 << _PAIR_SHIFT) - 1
"""A pair in one number: the query's position above, the hash's below."""
CUTS: Final = ((_SMALL, 0), (1 << 11, 28), (1 << 14, 21), (1 << 17, 16), (1 << 20, 13), (1 << 22, 12), (1 << 40, 11))
"""Up to so many hashes, so many words; none where each is looked at."""


@lru_cache(maxsize=64)
def _masks(width_bits: int, distance_bits: int) -> NDArray[np.uint32]:
    """All numbers of a width with at most so many ones, fewest first; none for a distance below zero."""
    chosen = [places for count in range(distance_bits + 1) for places in combinations(range(width_bits), count)]
    return np.array([sum(1 << place for place in places) for places in chosen], dtype=np.uint32)


def _edges(words: int) -> NDArray[np.int64]:
    """Where each word begins in the hash, and where the last one ends, int64 (words + 1,)."""
    return np.arange(words + 1) * _BITS // words


@lru_cache(maxsize=64)
def _probes(words: int, distance_bits: int) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """What is put over each word in turn, and where the masks of each word begin, int64 (words + 1,)."""
    whole, rest = divmod(distance_bits, words)
    widths = np.diff(_edges(words))
    masks = [_masks(int(width), whole if place <= rest else whole - 1) for place, width in enumerate(widths)]
    return np.concatenate(masks), np.concatenate([[0], np.cumsum([len(one) for one in masks])]).astype(np.int64)


class HammingTable:
    """Hashes, and for each of their words the hashes in order of it."""

    def __init__(self, tables: Tables) -> None:
        """Take `hashes` uint64 (n, 4), `order` uint32 (words, n), `starts` uint32 (words, 2**width + 1); the last two
        may be empty.

        Raises:
            FormatError: a table is missing, of another type or shape, or points outside another.
        """
        try:
            self._hashes, self._order, self._starts = (tables[name] for name in ("hashes", "order", "starts"))
        except KeyError as error:
            raise FormatError(f"the hash table lacks {error}") from error
        self._check()
        self._edges = _edges(max(1, len(self._starts)))

    @classmethod
    def build(cls, hashes: NDArray[np.uint64], words: int | None = None) -> HammingTable:
        """Index hashes, uint64 (n, 4); cut into so many words, one of `CUTS`, or as their number makes it best."""
        if words is None:
            words = next(words for most, words in CUTS if len(hashes) <= most)
        edges = _edges(max(1, words))
        values = 1 << int(np.diff(edges).max()) if words else 1
        order = np.empty((words, len(hashes) if words else 0), dtype=np.uint32)
        starts = np.zeros((words, values + 1), dtype=np.uint32)
        for place in range(words):
            keys = _keys(hashes, edges[place], edges[place + 1])
            order[place] = np.argsort(keys, kind="stable")
            np.cumsum(np.bincount(keys, minlength=values), out=starts[place, 1:])
        return cls({"hashes": hashes, "order": order, "starts": starts})

    def __len__(self) -> int:
        """How many hashes there are."""
        return len(self._hashes)

    def tables(self) -> Tables:
        """All state, by name."""
        return {"hashes": self._hashes, "order": self._order, "starts": self._starts}

    def within(self, query: NDArray[np.uint64], distance_bits: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions, rising, and distances of all hashes within `distance_bits` of one, uint64 (4,).

        Raises:
            ValueError: the distance is not 0 to `LARGEST_DISTANCE_BITS`.
        """
        _, found = self.pairs_within(query[None, :], distance_bits)
        differences = np.bitwise_count(self._hashes[found] ^ query)
        return found, differences.sum(axis=1, dtype=np.int64)

    def pairs_within(
        self, queries: NDArray[np.uint64], distance_bits: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """All pairs of a query, of uint64 (n, 4), and a hash within `distance_bits` of it, by position, in order.

        Raises:
            ValueError: the distance is not 0 to `LARGEST_DISTANCE_BITS`.
        """
        if not 0 <= distance_bits <= LARGEST_DISTANCE_BITS:
            raise ValueError(f"a distance of {distance_bits} bits; the table is for 0 to {LARGEST_DISTANCE_BITS}")
        queries = np.ascontiguousarray(queries, dtype=np.uint64)
        if not len(self._starts):
            pairs = _scan(self._hashes, queries, distance_bits)
        else:
            pairs = np.unique(self._probed(queries, distance_bits))
        return pairs >> _PAIR_SHIFT, pairs & _PAIR_MASK

    def _probed(self, queries: NDArray[np.uint64], distance_bits: int) -> NDArray[np.int64]:
        """All pairs, some more than once. Of large tables, what belongs to one word is held at a time."""
        masks, first_masks = _probes(len(self._starts), distance_bits)
        large = self._order.nbytes + self._starts.nbytes > _LARGE_BYTES
        step = 1 if large else len(self._starts)
        found = []
        for first in range(0, len(self._starts), step):
            places = slice(first, first + step)
            order, starts, edges = self._order[places], self._starts[places], self._edges[first : first + step + 1]
            ranges = first_masks[first : first + step + 1]
            found.append(_probe(self._hashes, order, starts, edges, queries, distance_bits, masks, ranges))
            if large:
                let_go(order)
                let_go(starts)
        return np.concatenate(found)

    def _check(self) -> None:
        count = len(self._hashes)
        tables = [(self._hashes, np.uint64), (self._starts, np.uint32), (self._order, np.uint32)]
        if any(one.ndim != 2 or one.dtype != dtype for one, dtype in tables) or self._hashes.shape[1] != WORDS:
            raise FormatError("the hash table has the wrong shape")
        words = len(self._starts)
        known = words in {words for _, words in CUTS if words}
        values = 1 << int(np.diff(_edges(words)).max()) if known else 0
        if words and (self._starts.shape[1] != values + 1 or self._order.shape != (words, count)):
            raise FormatError("the hash table has the wrong shape")
        for starts in self._starts:
            if not _rising(starts, count):
                raise FormatError("the hash table does not say where the hashes of a word begin")
            let_go(starts)
        # Where `order` points is checked as it is read: reading it through here would undo the memory map.


def _rising(starts: NDArray[np.uint32], count: int) -> bool:
    """Whether a row rises from 0 to `count`: overlapping buckets would be looked through again and again.

    By NumPy: a process that only opens tables need not load compiled code for it, which takes longer than this.
    """
    return bool(starts[0] == 0 and starts[-1] == count and not (starts[1:] < starts[:-1]).any())


def _keys(hashes: NDArray[np.uint64], begin: int, end: int) -> NDArray[np.uint32]:
    """Bits `begin` to `end` of each hash, uint32 (n,)."""
    word, shift = divmod(int(begin), 64)
    bits = hashes[:, word] >> np.uint64(shift)
    if end > 64 * (word + 1):
        bits = bits | (hashes[:, word + 1] << np.uint64(64 - shift))
    return (bits & np.uint64((1 << int(end - begin)) - 1)).astype(np.uint32)


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


@njit(cache=True, nogil=True)
def _longer(pairs):  # type: ignore[no-untyped-def]
    """The same pairs with room for twice as many."""
    longer = np.empty(2 * len(pairs), dtype=np.int64)
    longer[: len(pairs)] = pairs
    return longer


@njit(cache=True, nogil=True)
def _scan(hashes, queries, distance_bits):  # type: ignore[no-untyped-def]
    """All pairs within the distance, in order, by looking at each: int64 (pairs,)."""
    pairs = np.empty(16, dtype=np.int64)
    count = 0
    for asked in range(len(queries)):
        for position in range(len(hashes)):
            if _distance(hashes[position], queries[asked]) <= distance_bits:
                if count == len(pairs):
                    pairs = _longer(pairs)
                pairs[count] = (asked << _PAIR_SHIFT) + np.int64(position)
                count += 1
    return pairs[:count]


@njit(cache=True, nogil=True)
def _word(query, begin, end):  # type: ignore[no-untyped-def]
    """Bits `begin` to `end` of a hash, uint64 (4,)."""
    word, shift = begin // 64, np.uint64(begin % 64)
    bits = query[word] >> shift
    if end > 64 * (word + 1):
        bits |= query[word + 1] << (np.uint64(64) - shift)
    return np.uint32(bits & np.uint64((1 << (end - begin)) - 1))


@njit(cache=True, nogil=True)
def _probe(hashes, order, starts, edges, queries, distance_bits, masks, first_masks):  # type: ignore[no-untyped-def]
    """All pairs within the distance, some more than once, by their words: int64 (pairs,). Bounds are checked."""
    pairs = np.empty(16, dtype=np.int64)
    count = 0
    for asked in range(len(queries)):
        query = queries[asked]
        for place in range(len(starts)):
            word = _word(query, edges[place], edges[place + 1])
            for at_mask in range(first_masks[place], first_masks[place + 1]):
                key = word ^ masks[at_mask]
                for at in range(starts[place, key], min(starts[place, key + 1], np.uint32(order.shape[1]))):
                    position = order[place, at]
                    if position < len(hashes) and _distance(hashes[position], query) <= distance_bits:
                        if count == len(pairs):
                            pairs = _longer(pairs)
                        pairs[count] = (asked << _PAIR_SHIFT) + np.int64(position)
                        count += 1
    return pairs[:count]
