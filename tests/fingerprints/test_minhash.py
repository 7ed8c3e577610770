"""MinHash signatures against datasketch."""

import numpy as np
import pytest
from datasketch import MinHash
from hypothesis import given, settings
from hypothesis import strategies as st

from workprint.fingerprints.minhash import EmptySet, fold_tokens, minhash_signature, signature_similarity


def _by_datasketch(tokens: list[int], permutations: int, seed: int) -> list[int]:
    sketch = MinHash(permutations, seed=seed, scheme="affine32", hashfunc=lambda data: int.from_bytes(data, "little"))
    sketch.update_batch([token.to_bytes(4, "little") for token in tokens])
    return [int(value) for value in sketch.hashvalues]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=200), st.integers(1, 140), st.integers(0, 2**32 - 1))
def test_signatures_are_bit_identical_to_datasketch(tokens: list[int], permutations: int, seed: int) -> None:
    """Any tokens, any number of permutations, any seed: the same bits as datasketch."""
    ours = minhash_signature(np.array(tokens, dtype=np.uint32), permutations, seed)
    assert ours.dtype == np.uint32
    assert ours.tolist() == _by_datasketch(tokens, permutations, seed)


def test_the_empty_set_is_refused() -> None:
    """No tokens, no signature."""
    with pytest.raises(EmptySet):
        minhash_signature(np.empty(0, dtype=np.uint32), 128, 1)


def test_order_and_repetition_do_not_matter() -> None:
    """A signature is of a set."""
    tokens = np.arange(100, dtype=np.uint32)
    again = np.concatenate((tokens[::-1], tokens))
    assert np.array_equal(minhash_signature(tokens, 64, 7), minhash_signature(again, 64, 7))


def test_similarity_estimates_the_share_of_common_tokens() -> None:
    """Two sets with a third of their union in common score about a third."""
    left, right = np.arange(0, 2000, dtype=np.uint32), np.arange(1000, 3000, dtype=np.uint32)
    signatures = [minhash_signature(tokens, 1024, 3) for tokens in (left, right)]
    assert signature_similarity(*signatures) == pytest.approx(1 / 3, abs=0.05)


def test_long_tokens_fold_to_32_bits_and_short_ones_stay() -> None:
    """Folding keeps tokens that fit and spreads the high half of those that do not."""
    tokens = np.array([5, 5 + (1 << 32), 5 + (2 << 32)], dtype=np.uint64)
    folded = fold_tokens(tokens)
    assert folded[0] == 5
    assert len(set(folded.tolist())) == 3
