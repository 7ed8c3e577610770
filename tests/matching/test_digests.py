"""Exact look-up of digests."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_samples import digests
from workprint.errors import FormatError
from workprint.matching.digests import DigestIndex
from workprint.model import FingerprintRecord, Medium, Relation, TimeSpan
from workprint.plugins import DIGEST_RECIPE


def record(digest: str, content: str, medium: Medium = Medium.IMAGE) -> FingerprintRecord:
    """A subject with these digests."""
    extent = (10.0, 10.0) if medium is Medium.IMAGE else (3.5,)
    return FingerprintRecord("a", medium, digest, content, 1, extent, ())


few = st.sampled_from([f"{number:064x}" for number in (0, 1, 2, 255, 2**255, 2**256 - 1)])


@given(st.lists(st.tuples(few | digests, few | digests), max_size=8), few, few)
def test_it_finds_exactly_the_works_with_an_equal_digest(pairs: list[tuple[str, str]], one: str, two: str) -> None:
    """Every work that shares a digest with the item is a candidate, once, and no other."""
    index = DigestIndex.build(DIGEST_RECIPE, [record(*pair) for pair in pairs])

    found = [candidate.work for candidate in index.candidates(record(one, two))]

    assert sorted(found) == [at for at, pair in enumerate(pairs) if {one, two} & set(pair)]


@pytest.mark.parametrize("equal", ["digest", "content_digest"])
def test_the_evidence_says_what_is_equal(equal: str) -> None:
    """Same bytes and same content are told apart; either is identical, without doubt."""
    work = record("aa" * 32, "bb" * 32)
    item = record("aa" * 32, "cc" * 32) if equal == "digest" else record("cc" * 32, "bb" * 32)
    index = DigestIndex.build(DIGEST_RECIPE, [work])

    (match,) = index.verify(item, index.candidates(item)[0])

    assert (match.relation, match.confidence) == (Relation.IDENTICAL, 1.0)
    assert [evidence.measure for evidence in match.evidence] == [equal]
    assert index.expected_false_matches() == 0.0


def test_a_recording_is_identical_over_its_whole_length() -> None:
    """The place of an identical recording is all of it, in seconds."""
    item = record("aa" * 32, "bb" * 32, Medium.AUDIO)
    index = DigestIndex.build(DIGEST_RECIPE, [item])

    (match,) = index.verify(item, index.candidates(item)[0])

    assert match.item_segment == match.work_segment == TimeSpan(0.0, 3.5)


def test_tables_come_back() -> None:
    """What `tables` gives, `load` takes."""
    work = record("aa" * 32, "bb" * 32)
    index = DigestIndex.load(DIGEST_RECIPE, DigestIndex.build(DIGEST_RECIPE, [work]).tables())

    assert [candidate.work for candidate in index.candidates(work)] == [0]


GOOD = DigestIndex.build(DIGEST_RECIPE, [record("aa" * 32, "bb" * 32)]).tables()


@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"digests": GOOD["digests"]},
        {"works": GOOD["works"]},
        {**GOOD, "works": GOOD["works"][:1]},
        {**GOOD, "works": GOOD["works"].astype(np.int64)},
        {**GOOD, "digests": GOOD["digests"][:, :31]},
        {**GOOD, "digests": GOOD["digests"].astype(np.uint16)},
        {**GOOD, "digests": GOOD["digests"].ravel()},
    ],
    ids=["nothing", "no works", "no digests", "fewer works", "another type", "short", "wide", "flat"],
)
def test_damaged_tables_are_refused(tables: dict[str, np.ndarray]) -> None:  # type: ignore[type-arg]
    """A table that is missing, of another type or of another shape is a `FormatError`."""
    with pytest.raises(FormatError):
        DigestIndex.load(DIGEST_RECIPE, tables)
