"""Pairs of MinHash signatures that are alike, of two collections that need not fit into memory.

Few pairs are looked at one by one. Of many, those that agree in a band are (Indyk and Motwani 1998): a band is three
places of a signature; there are as many bands as places, and each place is in three of them. Of pairs that agree in a
share s of n places, about 1 - (1 - s**3)**n share a band: 87 in 100 at a quarter of 128, 64 in 100 at a fifth.

Signatures are read where they lie, from a file mapped into memory. A band is a table of each collection, sorted by what
stands in its places; tables are made one after another, and a pair is looked at in the first band that it shares, so
that nothing has to be remembered of it. `docs/images.md` has what was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

PLACES_A_BAND: Final = 3
_STEPS: Final = (0, 37, 91)
"""From a band's first place to its others, around the signature's end."""
_FACTORS: Final = (0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D)
_MOST_ALIKE: Final = 256
"""Signatures with the same values in a band that each one is compared with; more of them say what everything says."""
MOST_ONE_BY_ONE: Final = 2 * 10**9
"""Pairs, about 20 s of one processor."""
_TABLE_BYTES: Final = 1 << 29
"""Of the keys of several bands, which are made in one pass through all signatures."""
_BYTES_A_KEY: Final = 8
_ASKED_AT_ONCE: Final = 4096

Signatures = NDArray[np.uint32]
Pairs = NDArray[np.int64]
Tell = Callable[[int, int], None]


def alike(
    asked: Signatures, held: Signatures, least: int, tell: Tell | None = None, most_one_by_one: int = MOST_ONE_BY_ONE
) -> Pairs:
    """Rows of (position in `asked`, position in `held`, equal places), int64 (k, 3), in order; no fewer than `least`.

    Args:
        asked, held: signatures of one recipe, uint32 (m, places) and (n, places), which may be memory-mapped.
        least: equal places, 1 or more.
        tell: called with how many of how many steps are done.
        most_one_by_one: more pairs than this are looked at only where they share a band.
    """
    steps = _each if len(asked) * len(held) <= most_one_by_one else _by_bands
    found = [np.empty((0, 3), np.int64)]
    for pairs, done, of in steps(asked, held, least):
        found.append(pairs)
        if tell:
            tell(done, of)
    joined = np.concatenate(found)
    return joined[np.lexsort((joined[:, 1], joined[:, 0]))]


def _each(asked: Signatures, held: Signatures, least: int) -> Iterator[tuple[Pairs, int, int]]:
    for first in range(0, len(asked), _ASKED_AT_ONCE):
        some = asked[first : first + _ASKED_AT_ONCE]
        pairs = _one_by_one(some, held, least)
        pairs[:, 0] += first
        yield pairs, first + len(some), len(asked)


def _by_bands(asked: Signatures, held: Signatures, least: int) -> Iterator[tuple[Pairs, int, int]]:
    bands = asked.shape[1]
    at_once = max(1, _TABLE_BYTES // (_BYTES_A_KEY * (len(asked) + len(held))))
    for first in range(0, bands, at_once):
        count = min(at_once, bands - first)
        tables = [_keys(signatures, first, count, _steps(bands)) for signatures in (asked, held)]
        for band in range(count):
            for table in tables:
                table[band].sort()
            ours, theirs = tables[0][band], tables[1][band]
            yield _in_band(asked, held, ours, theirs, first + band, least, _steps(bands)), first + band + 1, bands
        del tables, ours, theirs, table  # before the next ones are made


def _steps(places: int) -> NDArray[np.int64]:
    return np.array(_STEPS, np.int64) % places


@njit(cache=True, nogil=True)
def _keys(signatures, first, count, steps):  # type: ignore[no-untyped-def]
    """For each of some bands, of each signature what stands in its places, mixed into 32 bits, and its position below:
    uint64 (count, n)."""
    rows, places = signatures.shape
    keys = np.empty((count, rows), np.uint64)
    for row in range(rows):
        for band in range(count):
            mixed = np.uint32(0)
            for number in range(PLACES_A_BAND):
                value = signatures[row, (first + band + steps[number]) % places]
                mixed = np.uint32((mixed ^ value) * np.uint32(_FACTORS[number]))
                mixed = np.uint32(mixed ^ (mixed >> np.uint32(15)))
            keys[band, row] = (np.uint64(mixed) << np.uint64(32)) | np.uint64(row)
    return keys


@njit(cache=True, nogil=True)
def _in_band(asked, held, ours, theirs, band, least, steps):  # type: ignore[no-untyped-def]
    """The pairs of one band that share none before it, as `alike` returns them but for the order."""
    found = np.empty((64, 3), np.int64)
    count, begin = 0, 0
    for place in range(len(ours)):
        key = ours[place] >> np.uint64(32)
        while begin < len(theirs) and theirs[begin] >> np.uint64(32) < key:
            begin += 1
        for at in range(begin, min(len(theirs), begin + _MOST_ALIKE)):
            if theirs[at] >> np.uint64(32) != key:
                break
            one, other = np.int64(ours[place] & np.uint64(0xFFFFFFFF)), np.int64(theirs[at] & np.uint64(0xFFFFFFFF))
            if _first_shared(asked[one], held[other], band, steps):
                equal = _equal_places(asked[one], held[other])
                if equal >= least:
                    found, count = _added(found, count, (one, other, equal))
    return found[:count]


@njit(cache=True, nogil=True)
def _first_shared(one, other, band, steps):  # type: ignore[no-untyped-def]
    """Whether two signatures agree in a band and in none before it."""
    for earlier in range(band + 1):
        agrees = True
        for number in range(PLACES_A_BAND):
            place = (earlier + steps[number]) % len(one)
            if one[place] != other[place]:
                agrees = False
                break
        if agrees:
            return earlier == band
    return False  # other values that were mixed into the same key


@njit(cache=True, nogil=True)
def _equal_places(one, other):  # type: ignore[no-untyped-def]
    equal = np.uint32(0)
    for place in range(len(one)):
        equal += np.uint32(1) if one[place] == other[place] else np.uint32(0)
    return np.int64(equal)


@njit(cache=True, nogil=True)
def _added(found, count, pair):  # type: ignore[no-untyped-def]
    """The same rows and one more, and how many they are."""
    if count == len(found):
        longer = np.empty((2 * count, 3), np.int64)
        longer[:count] = found
        found = longer
    found[count, 0], found[count, 1], found[count, 2] = pair
    return found, count + 1


@njit(cache=True, nogil=True)
def _one_by_one(asked, held, least):  # type: ignore[no-untyped-def]
    """All pairs with so many equal places."""
    found = np.empty((64, 3), np.int64)
    count = 0
    for other in range(len(held)):
        for one in range(len(asked)):
            equal = _equal_places(asked[one], held[other])
            if equal >= least:
                found, count = _added(found, count, (one, other, equal))
    return found[:count]
