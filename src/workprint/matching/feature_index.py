"""Which prints of a portfolio share local features with an item: sorted key tables, saved as plain arrays.

A *print* is the feature set of one rendering of a work (a work with alpha has one on white and one on black). Every
point is filed under `TABLES` keys, each a run of bits of its descriptor (Indyk & Motwani 1998: bit sampling), once as
it is and once mirrored; the item is looked up once. The tables are bucket offsets and entries, so that opening them is
mapping them, and a look-up touches only the buckets it needs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.serial.image_layout import MAX_POINTS, MAX_SIDE_PX, POINT, Features

TABLES = 4
"""Keys per point. More find more and cost more; `docs/images.md` has the figures."""

KEYS_PER_WORD = 3
MAX_KEY_BITS = 21
MIN_KEY_BITS = 12

SPARSE_POINTS = 600
PROBED_POINTS = 50_000
"""Prints of fewer points are also filed under every key that differs in one bit (Lv et al. 2007: multi-probe, here on
the side that is built once), the sparsest first, as far as this many points reach: 16 bytes an entry, some 20 entries a
point. Line art has few points, of which an edit leaves few; a large portfolio does not grow by it."""

MAX_BUCKET = 12
"""Entries of a bucket that are looked at. Fuller buckets belong to common looks (text, flat edges, patterns)."""

MAX_DISTANCE_BITS = 60
"""Descriptors further apart than this are not proposed. Unrelated ones are about 128 apart."""

NEAREST = 3
"""Most similar portfolio points kept per item point: bounds what an item may cost, whatever the portfolio holds."""

Words = NDArray[np.uint64]
Hits = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FeatureIndex:
    """Feature tables of a portfolio. Arrays may be memory-mapped and come from strangers."""

    sizes: NDArray[np.int32]
    """(prints, 2): width and height of the raster each print was made from."""
    starts: NDArray[np.int64]
    """(prints + 1,): where each print's points begin in `points`."""
    points: NDArray[np.void]
    """(n,) of dtype `layouts.POINT`."""
    offsets: NDArray[np.uint32]
    """(TABLES, 2**bits + 1): where each key's entries begin. Indexes of before have int64."""
    entries: NDArray[np.uint32]
    """(TABLES, m): point * 2 + mirrored; m is 2 n, or more where sparse prints are filed under near keys as well."""

    @classmethod
    def build(cls, prints: Sequence[Features]) -> "FeatureIndex":
        """File the points of all prints."""
        sizes = np.array([(p.width_px, p.height_px) for p in prints], np.int32).reshape(-1, 2)
        starts = np.concatenate([[0], np.cumsum([len(p.points) for p in prints])]).astype(np.int64)
        points = np.concatenate([np.empty(0, POINT), *(p.points for p in prints)])
        return cls(sizes, starts, points, *_file_points(np.ascontiguousarray(words_of(points)[:, 1:]), _sparse(starts)))

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "FeatureIndex":
        """Take up what `arrays` gave.

        Raises:
            ValueError: the arrays do not fit each other. Their content is checked where it is used.
        """
        index = cls(**{name: arrays[name] for name in cls.__slots__})
        index._check()
        return index

    def arrays(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """Yield name and content of each array, to be saved as one file each."""
        for name in self.__slots__:
            yield name, getattr(self, name)

    def print_(self, number: int) -> Features:
        """The features of one print."""
        width_px, height_px = (int(side) for side in self.sizes[number])
        return Features(width_px, height_px, self.points[self.starts[number] : self.starts[number + 1]])

    def _check(self) -> None:
        offset = "i8" if self.offsets.dtype == np.int64 else "u4"
        kinds = ((self.sizes, "i4", 2), (self.starts, "i8", 1), (self.offsets, offset, 2), (self.entries, "u4", 2))
        kinds_fit = self.points.dtype == POINT and self.points.ndim == 1
        kinds_fit = kinds_fit and all(one.dtype == np.dtype(kind) and one.ndim == ndim for one, kind, ndim in kinds)
        shapes_fit = (
            kinds_fit
            and self.sizes.shape == (len(self.starts) - 1, 2)
            and self.entries.shape[0] == TABLES
            and self.entries.shape[1] >= 2 * len(self.points)
            and self.offsets.shape[0] == TABLES
            and self.offsets.shape[1] - 1 in {1 << bits for bits in range(MIN_KEY_BITS, MAX_KEY_BITS + 1)}
        )
        steps = np.diff(self.starts) if kinds_fit else np.empty(0)
        if not shapes_fit or self.starts[0] != 0 or self.starts[-1] != len(self.points) or (steps < 0).any():
            raise ValueError("the feature tables do not fit each other")
        if (steps > MAX_POINTS).any():
            raise ValueError(f"the feature tables have a work of {int(steps.max())} points, more than there can be")
        if len(self.sizes) and (self.sizes.min() < 1 or self.sizes.max() > MAX_SIDE_PX):
            raise ValueError("the feature tables declare impossible picture sizes")


def words_of(points: NDArray[np.void]) -> Words:
    """View points as uint64 (n, 5): places and flags, then the descriptor."""
    return np.ascontiguousarray(points).view(np.uint8).reshape(-1, POINT.itemsize).view(np.uint64)


def _sparse(starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which points are filed under near keys as well: those of the sparsest prints, bool (n,)."""
    counts = np.diff(starts)
    order = np.argsort(counts, kind="stable")
    chosen = np.zeros(len(counts), np.bool_)
    chosen[order] = (counts[order] < SPARSE_POINTS) & (np.cumsum(counts[order]) <= PROBED_POINTS)
    return np.repeat(chosen, counts)


def _file_points(descriptors: Words, sparse: NDArray[np.bool_]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    bits = min(max(int(2 * len(descriptors)).bit_length() + 1, MIN_KEY_BITS), MAX_KEY_BITS)
    offsets = np.empty((TABLES, (1 << bits) + 1), np.uint32)
    filed = np.empty((TABLES, 2 * len(descriptors) + 2 * bits * int(sparse.sum())), np.uint32)
    starts = np.empty((1 << bits) + 1, np.int64)
    for table in range(TABLES):
        _file_table(descriptors, sparse, table, bits, starts, filed[table])
        offsets[table] = starts
    return offsets, filed


@njit(cache=True, nogil=True)
def key_of(descriptors: Words, point: int, mirrored: int, table: int, bits: int) -> int:
    """Key of a point in a table: `bits` bits of its descriptor, whose halves are exchanged where mirrored."""
    word = (table // KEYS_PER_WORD) ^ (2 * mirrored)
    shift = table % KEYS_PER_WORD * MAX_KEY_BITS
    return int((descriptors[point, word] >> np.uint64(shift)) & np.uint64((1 << bits) - 1))


@njit(cache=True, nogil=True)
def _file_table(
    descriptors: Words,
    sparse: NDArray[np.bool_],
    table: int,
    bits: int,
    offsets: NDArray[np.int64],
    filed: NDArray[np.uint32],
) -> None:
    """Counting sort of all entries by key; of one key, first those that have it, then those near it."""
    offsets[:] = 0
    for step in range(bits + 1):
        for point in range(len(descriptors)):
            for mirrored in range(2):
                if step == 0 or sparse[point]:
                    offsets[(key_of(descriptors, point, mirrored, table, bits) ^ ((1 << step) >> 1)) + 1] += 1
    for key in range(1 << bits):
        offsets[key + 1] += offsets[key]
    free = offsets[:-1].copy()
    for step in range(bits + 1):
        for point in range(len(descriptors)):
            for mirrored in range(2):
                if step == 0 or sparse[point]:
                    key = key_of(descriptors, point, mirrored, table, bits) ^ ((1 << step) >> 1)
                    filed[free[key]] = point * 2 + mirrored
                    free[key] += 1


@njit(cache=True, nogil=True)
def ones(value: np.uint64) -> int:
    """Number of set bits (Warren, Hacker's Delight, 5-1); LLVM turns it into one instruction where there is one."""
    value = value - ((value >> np.uint64(1)) & np.uint64(0x5555555555555555))
    value = (value & np.uint64(0x3333333333333333)) + ((value >> np.uint64(2)) & np.uint64(0x3333333333333333))
    value = (value + (value >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((value * np.uint64(0x0101010101010101)) >> np.uint64(56))


@njit(cache=True, nogil=True)
def distance_bits(ours: Words, i: int, theirs: Words, j: int, mirrored: int) -> int:
    """Hamming distance of two points (rows of `words_of`), the second one mirrored or not."""
    swap = 2 * mirrored
    total = 0
    for word in range(4):
        total += ones(ours[i, 1 + word] ^ theirs[j, 1 + (word ^ swap)])
    return total


@njit(cache=True, nogil=True)
def _keep(nearest: Hits, i: int, entry: int, distance: int) -> None:
    """Enter a hit into the sorted list of an item point, unless it is there or too far."""
    rank = NEAREST
    for other in range(NEAREST):
        if nearest[other, 1] == entry:
            return
    while rank > 0 and distance < nearest[rank - 1, 2]:
        rank -= 1
    for lower in range(NEAREST - 1, rank, -1):
        nearest[lower] = nearest[lower - 1]
    if rank < NEAREST:
        nearest[rank, 0], nearest[rank, 1], nearest[rank, 2] = i, entry, distance


@njit(cache=True, nogil=True)
def _scan(item: Words, i: int, words: Words, bucket: NDArray[np.uint32], nearest: Hits) -> None:
    """Compare an item point with the entries of a bucket."""
    for at in range(len(bucket)):
        entry = int(bucket[at])
        if entry >> 1 < len(words):
            distance = distance_bits(item, i, words, entry >> 1, entry & 1)
            if distance < nearest[NEAREST - 1, 2]:
                _keep(nearest, i, entry, distance)


@njit(cache=True, nogil=True)
def look_up(item: Words, words: Words, offsets: NDArray[np.uint32], entries: NDArray[np.uint32]) -> Hits:
    """Find the portfolio's points that are most similar to each item point.

    Args:
        item: `words_of` the item's points.
        words: `words_of` the portfolio's points; indices from `entries` are checked against its length.
        offsets, entries: the tables of a `FeatureIndex`.

    Returns:
        int64 (n, 3) of (item point, portfolio point * 2 + mirrored, distance in bits), by item point.
    """
    hits = np.empty((len(item) * NEAREST, 3), np.int64)
    nearest = np.empty((NEAREST, 3), np.int64)
    last = entries.shape[1]
    bits = 0
    while (1 << bits) < offsets.shape[1] - 1:
        bits += 1
    descriptors = item[:, 1:]
    count = 0
    for i in range(len(item)):
        nearest[:, 1] = -1
        nearest[:, 2] = MAX_DISTANCE_BITS + 1
        for table in range(offsets.shape[0]):
            key = key_of(descriptors, i, 0, table, bits)
            begin = min(max(np.int64(offsets[table, key]), 0), last)
            end = min(max(np.int64(offsets[table, key + 1]), begin), last, begin + MAX_BUCKET)
            _scan(item, i, words, entries[table, begin:end], nearest)
        for rank in range(NEAREST):
            if nearest[rank, 1] >= 0:
                hits[count] = nearest[rank]
                count += 1
    return hits[:count]
