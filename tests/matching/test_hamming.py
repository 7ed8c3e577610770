"""Multi-index hashing, against looking at each pair."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.matching.hamming import CUTS, LARGEST_DISTANCE_BITS, HammingTable

Hashes = NDArray[np.uint64]
SIZES = [words for _, words in CUTS if words <= 21]
"""Numbers of words whose tables are small enough for a quick test of all of them."""


def random_hashes(count: int, seed: int) -> Hashes:
    """Hashes without any structure."""
    return np.random.default_rng(seed).integers(0, 1 << 63, (count, 4), dtype=np.uint64) * np.uint64(2)


def turned(hashes: Hashes, bits: list[int]) -> Hashes:
    """The hashes with these bits turned."""
    mask = np.zeros(4, dtype=np.uint64)
    for bit in bits:
        mask[bit // 64] |= np.uint64(1) << np.uint64(bit % 64)
    return hashes ^ mask


def by_looking_at_each(hashes: Hashes, queries: Hashes, distance_bits: int) -> set[tuple[int, int]]:
    """The slow reference."""
    distances = np.bitwise_count(queries[:, None, :] ^ hashes[None, :, :]).sum(axis=2)
    return {(int(query), int(at)) for query, at in np.argwhere(distances <= distance_bits)}


@given(
    words=st.sampled_from(SIZES),
    distance_bits=st.integers(0, LARGEST_DISTANCE_BITS),
    bits=st.lists(st.integers(0, 255), max_size=LARGEST_DISTANCE_BITS + 2, unique=True),
    seed=st.integers(0, 50),
)
@settings(max_examples=20, deadline=None)  # tables of few long words are large
def test_every_pair_within_the_distance_is_found_and_no_other(
    words: int, distance_bits: int, bits: list[int], seed: int
) -> None:
    """However a hash is cut, and wherever two of them differ."""
    hashes = random_hashes(40, seed)
    queries = np.concatenate([turned(hashes[:7], bits), random_hashes(3, seed + 1000)])
    table = HammingTable.build(hashes, words)

    asked, found = table.pairs_within(queries, distance_bits)

    pairs = list(zip(asked.tolist(), found.tolist(), strict=True))
    assert pairs == sorted(by_looking_at_each(hashes, queries, distance_bits))


@pytest.mark.parametrize("words", [words for _, words in CUTS if words > 12])
@pytest.mark.parametrize("distance_bits", [1, 20, LARGEST_DISTANCE_BITS])
def test_bits_that_differ_side_by_side_or_spread_out_are_found(words: int, distance_bits: int) -> None:
    """All of them in one word, or as many words as possible spoilt."""
    hashes = random_hashes(30, 5)
    table = HammingTable.build(hashes, words)
    spread = [256 * at // distance_bits for at in range(distance_bits)]
    for bits in (list(range(distance_bits)), list(range(256 - distance_bits, 256)), spread):
        asked, found = table.pairs_within(turned(hashes, bits), distance_bits)

        assert {(at, at) for at in range(30)} <= set(zip(asked.tolist(), found.tolist(), strict=True))


def test_equal_hashes_are_all_found() -> None:
    """A bucket may hold everything."""
    table = HammingTable.build(np.zeros((3000, 4), dtype=np.uint64))

    assert len(table.within(np.zeros(4, dtype=np.uint64), 3)[0]) == 3000


@pytest.mark.parametrize("distance_bits", [-1, LARGEST_DISTANCE_BITS + 1])
def test_a_distance_that_the_tables_cannot_answer_for_is_refused(distance_bits: int) -> None:
    """Rather than an answer that leaves some out."""
    table = HammingTable.build(random_hashes(20, 1))

    with pytest.raises(ValueError, match=f"a distance of {distance_bits} bits"):
        table.within(np.zeros(4, dtype=np.uint64), distance_bits)


def test_tables_of_another_cut_are_refused() -> None:
    """Word counts that are never written, and starts that are too few."""
    tables = dict(HammingTable.build(random_hashes(300, 1), 28).tables())

    for name, rows in (("order", 27), ("starts", 27)):
        with pytest.raises(FormatError):
            HammingTable({**tables, name: tables[name][:rows]})
    with pytest.raises(FormatError):
        HammingTable({**tables, "starts": tables["starts"][:, :-1]})


def test_tables_that_point_outside_are_read_safely() -> None:
    """A table from a stranger may hold any number; it costs its own answers, nothing else."""
    tables = dict(HammingTable.build(random_hashes(300, 1), 28).tables())
    wild = {**tables, "order": tables["order"] + np.uint32(1 << 31)}

    with pytest.raises(FormatError, match="where the hashes of a word begin"):
        HammingTable({**tables, "starts": tables["starts"][:, ::-1].copy()})
    assert len(HammingTable(wild).within(random_hashes(1, 1)[0], 20)[0]) == 0
