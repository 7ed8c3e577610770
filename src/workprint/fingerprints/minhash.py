"""MinHash signatures (Broder 1997), bit-identical to datasketch's, many tokens at a time.

The definition is that of `datasketch.MinHash(num_perm, seed, scheme="affine32", hashfunc=int_of_bytes)` of version 2:
tokens are 32-bit integers that are hashed already, so the hash function is the identity (datasketch is given each
as its four little-endian bytes, `hashfunc=lambda data: int.from_bytes(data, "little")`). datasketch mixes each token
with the finalizer of MurmurHash3 and takes, for each of `permutations` affine maps modulo 2**32, the least value.
Tokens of 64 bits are folded first, see `fold_tokens`.
"""

from functools import lru_cache
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

UInt32s = NDArray[np.uint32]

_FIRST_FACTOR: Final = np.uint32(0x85EBCA6B)
_SECOND_FACTOR: Final = np.uint32(0xC2B2AE35)


class EmptySet(ValueError):
    """There is no signature of nothing; datasketch would call two of them equal."""


def minhash_signature(tokens: UInt32s, permutations: int, seed: int) -> UInt32s:
    """Return the signature (permutations,) of a set of 32-bit tokens (n,); repeated tokens count once.

    Raises:
        EmptySet: there are no tokens.
    """
    if tokens.size == 0:
        raise EmptySet("a MinHash signature needs at least one token")
    factors, offsets = _affine_maps(permutations, seed)
    least: UInt32s = _least_values(_mixed(np.ascontiguousarray(tokens, dtype=np.uint32)), factors, offsets)
    return least


def signature_similarity(left: UInt32s, right: UInt32s) -> float:
    """Return the estimated Jaccard similarity of the sets behind two signatures of the same recipe."""
    return float(np.count_nonzero(left == right)) / left.size


def fold_tokens(tokens: NDArray[np.uint64]) -> UInt32s:
    """Fold 64-bit tokens (n,) to 32 bits: the high half times the golden ratio, exclusive-or the low half."""
    high = (tokens >> np.uint64(32)).astype(np.uint32)
    return (high * np.uint32(0x9E3779B9)) ^ (tokens & np.uint64(0xFFFFFFFF)).astype(np.uint32)


@lru_cache(maxsize=16)
def _affine_maps(permutations: int, seed: int) -> tuple[UInt32s, UInt32s]:
    """Return the odd factors and the offsets, (permutations,) each, in the order in which datasketch draws them."""
    draw = np.random.RandomState(seed)
    factors = draw.randint(0, 1 << 31, permutations, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    return factors, draw.randint(0, 1 << 32, permutations, dtype=np.uint32)


def _mixed(tokens: UInt32s) -> UInt32s:
    """Apply the finalizer of MurmurHash3."""
    mixed = tokens ^ (tokens >> np.uint32(16))
    mixed = mixed * _FIRST_FACTOR
    mixed = mixed ^ (mixed >> np.uint32(13))
    mixed = mixed * _SECOND_FACTOR
    return np.asarray(mixed ^ (mixed >> np.uint32(16)), dtype=np.uint32)


@njit(cache=True)
def _least_values(tokens, factors, offsets):  # type: ignore[no-untyped-def]
    """Return for each affine map the least value over all tokens."""
    least = np.full(factors.size, np.uint32(0xFFFFFFFF), dtype=np.uint32)
    for token in tokens:
        for place in range(factors.size):
            value = np.uint32(token * factors[place] + offsets[place])
            least[place] = min(least[place], value)
    return least
