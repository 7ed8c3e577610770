"""The index of perceptual hashes, against the slow reference."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_samples import HASHER, PHASH, image_record, pixels
from workprint.distance import hamming
from workprint.errors import FormatError
from workprint.matching.image_hash import HashIndex
from workprint.matching.thresholds import HASH_DISTANCE_BITS
from workprint.model import Fingerprint, FingerprintRecord, ImageTransform, Match, Medium, Raster, Relation

hashes = st.binary(min_size=32, max_size=32)


def record(values: Sequence[bytes], extent: tuple[float, ...] = (100.0, 50.0)) -> FingerprintRecord:
    """A picture with these hashes."""
    prints = tuple(Fingerprint(PHASH, value) for value in values)
    return FingerprintRecord("item", Medium.IMAGE, "00" * 32, "00" * 32, 1, extent, prints)


def near(value: bytes, bits: Sequence[int]) -> bytes:
    """The hash with some bits turned."""
    number = int.from_bytes(value, "big")
    for bit in bits:
        number ^= 1 << bit
    return number.to_bytes(32, "big")


@given(st.lists(st.lists(hashes, max_size=3), max_size=6), st.data())
def test_it_finds_what_the_slow_reference_finds(works: list[list[bytes]], data: st.DataObject) -> None:
    """Every work within the threshold of the item is a candidate with its least distance, and no other."""
    known = [value for values in works for value in values]
    turned = data.draw(st.lists(st.integers(0, 255), max_size=40, unique=True))
    query = near(data.draw(st.sampled_from(known)) if known else bytes(32), turned)
    index = HashIndex.build(PHASH, [record(values) for values in works])

    found = {one.work: one.score for one in index.candidates(record([query]))}

    nearest = {at: min(hamming(query, value) for value in values) for at, values in enumerate(works) if values}
    assert found == {at: float(bits) for at, bits in nearest.items() if bits <= HASH_DISTANCE_BITS}


@pytest.mark.parametrize(("bits", "found"), [(HASH_DISTANCE_BITS, 1), (HASH_DISTANCE_BITS + 1, 0)])
def test_the_threshold_is_the_last_distance_that_counts(bits: int, found: int) -> None:
    """A distance at the threshold is a candidate, one bit more is none."""
    index = HashIndex.build(PHASH, [record([bytes(32)])])

    assert len(index.candidates(record([near(bytes(32), range(bits))]))) == found


def test_many_works_are_searched_exactly() -> None:
    """Among thousands of hashes, what is within the threshold is found, wherever the bits differ."""
    random = np.random.default_rng(4)
    values = [random.bytes(32) for _ in range(3_000)]
    index = HashIndex.build(PHASH, [record([value]) for value in values])
    for at in range(0, 3_000, 300):
        query = near(values[at], random.choice(256, HASH_DISTANCE_BITS, replace=False).tolist())

        assert [(one.work, one.score) for one in index.candidates(record([query]))] == [(at, HASH_DISTANCE_BITS)]


def test_a_work_without_hashes_is_passed_over() -> None:
    """A recording has a position in the portfolio, but no hash."""
    sound = FingerprintRecord("w", Medium.AUDIO, "00" * 32, "00" * 32, 1, (3.0,), ())
    index = HashIndex.build(PHASH, [sound, image_record("b", 1, as_work=True)])

    assert [one.work for one in index.candidates(image_record("a", 1))] == [1]


def test_an_empty_portfolio_finds_nothing() -> None:
    """No works, no candidates, and no chance of a false one."""
    index = HashIndex.build(PHASH, [])

    assert list(index.candidates(image_record("a", 1))) == []
    assert index.expected_false_matches() == 0.0


def matches(work: FingerprintRecord, item: FingerprintRecord) -> list[Match]:
    """Everything that one work's index says of an item."""
    index = HashIndex.build(PHASH, [work])
    return [match for one in index.candidates(item) for match in index.verify(item, one)]


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turns", range(4))
@pytest.mark.parametrize("negative", [False, True])
def test_a_match_says_how_the_work_was_changed(mirrored: bool, turns: int, negative: bool) -> None:
    """Mirrored, turned, negative and scale are those of the item."""
    hasher = HASHER
    data = pixels(3, 120, 80)
    changed = np.rot90(np.fliplr(data) if mirrored else data, turns)
    changed = np.ascontiguousarray(255 - changed if negative else changed)
    height, width = changed.shape

    work = record([], (120.0, 80.0))
    work = replace(work, fingerprints=tuple(hasher.of_work(Raster(data, None, 120, 80, ""))))
    item = record([], (2.0 * width, 2.0 * height))
    item = replace(item, fingerprints=tuple(hasher.of_item(Raster(changed, None, width, height, ""))))
    (match,) = matches(work, item)

    assert match.transform == ImageTransform(mirrored, 90.0 * turns, 2.0, negative)
    assert match.relation is Relation.NEAR_DUPLICATE


def test_nearer_is_more_certain() -> None:
    """Confidence falls with distance, and stays a likelihood."""
    work = record([bytes(32)])
    at = [matches(work, record([near(bytes(32), range(bits))]))[0].confidence for bits in (0, 16, HASH_DISTANCE_BITS)]

    assert 1.0 >= at[0] >= at[1] >= at[2] > 0.9


def test_tables_come_back() -> None:
    """What `tables` gives, `load` takes, and it finds the same."""
    index = HashIndex.build(PHASH, [image_record("a", at, as_work=True) for at in range(3)])
    item = image_record("a", 2)

    again = HashIndex.load(PHASH, index.tables())

    assert again.candidates(item) == index.candidates(item)
    assert again.expected_false_matches() == index.expected_false_matches()


TABLES = HashIndex.build(PHASH, [image_record("a", at, as_work=True) for at in range(3)]).tables()


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("change", ["missing", "shorter", "other type", "more dimensions", "none"])
def test_damaged_tables_are_refused(name: str, change: str) -> None:
    """A table that is missing, of another type or of another shape is a `FormatError`."""
    table = TABLES[name]
    if not table.size and change in ("shorter", "none"):
        return  # empty in so small an index: there is nothing to take away
    changed = {
        "missing": {key: value for key, value in TABLES.items() if key != name},
        "shorter": {**TABLES, name: table[:-1]},
        "other type": {**TABLES, name: table.astype(np.float64)},
        "more dimensions": {**TABLES, name: table[..., None]},
        "none": {**TABLES, name: table[:0]},
    }[change]

    with pytest.raises(FormatError):
        HashIndex.load(PHASH, changed)


def test_a_work_beyond_the_portfolio_is_refused() -> None:
    """A table that names a work that is not there is a `FormatError`."""
    with pytest.raises(FormatError, match="does not have"):
        HashIndex.load(PHASH, {**TABLES, "works": TABLES["works"] + np.uint32(1)})


@pytest.mark.parametrize("size", [0, 8, 31, 33, 64])
def test_a_hash_of_another_length_is_refused(size: int) -> None:
    """A store from a stranger may hold anything for a hash."""
    index = HashIndex.load(PHASH, TABLES)

    with pytest.raises(FormatError, match=f"a hash of {size} bytes"):
        index.candidates(record([bytes(size)]))
