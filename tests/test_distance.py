"""The slow references: small enough to be checked by eye."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.distance import hamming, jaccard

hashes = st.binary(min_size=32, max_size=32)
sets = st.frozensets(st.integers(0, 2**32 - 1), min_size=1, max_size=20)


def test_hamming_counts_bits() -> None:
    """Distance is the number of bits that differ."""
    assert hamming(b"\x00\xff", b"\x01\x0f") == 5


@given(hashes, hashes, hashes)
def test_hamming_is_a_metric(one: bytes, two: bytes, three: bytes) -> None:
    """Zero to itself only, the same both ways, and no detour is shorter."""
    assert (hamming(one, two) == 0) == (one == two)
    assert hamming(one, two) == hamming(two, one) <= hamming(one, three) + hamming(three, two)


def test_hamming_refuses_unequal_lengths() -> None:
    """Hashes of other lengths were made in other ways."""
    with pytest.raises(ValueError, match="32 and 8 bytes"):
        hamming(bytes(32), bytes(8))


@given(sets, sets)
def test_jaccard_is_a_share(one: frozenset[int], two: frozenset[int]) -> None:
    """Between 0 and 1, the same both ways, and 1 for equal sets only."""
    assert 0.0 <= jaccard(one, two) == jaccard(two, one) <= 1.0
    assert (jaccard(one, two) == 1.0) == (one == two)


def test_jaccard_refuses_two_empty_sets() -> None:
    """Silence is not like silence."""
    with pytest.raises(ValueError, match="empty"):
        jaccard(frozenset(), frozenset())
