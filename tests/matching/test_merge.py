"""From many answers to at most one per work and place."""

import random
from itertools import permutations

import pytest

from workprint.matching.merge import merge
from workprint.model import WHOLE, Box, Evidence, ImageTransform, Match, Relation, Segment, TimeSpan

BITS = ("image.phash/1;", "distance_bits")
DIGEST = ("digest.sha256/1;", "digest")
PEAKS = ("audio.peaks/1;", "aligned_landmarks")


def match(
    work: int, relation: Relation, source: tuple[str, str] = BITS, value: float = 1.0, place: Segment = WHOLE
) -> Match:
    """A match by one index."""
    confidence = 1.0 - value / 1000
    return Match("a", work, relation, confidence, place, place, ImageTransform(), (Evidence(*source, value, 32.0),))


def test_nothing_stays_nothing() -> None:
    """No matches, no findings."""
    assert list(merge([])) == []


def test_an_identical_file_is_one_match() -> None:
    """However many indexes saw it, same bytes are one match, and its own kind of evidence comes with it."""
    seen = [match(0, Relation.NEAR_DUPLICATE), match(0, Relation.IDENTICAL, DIGEST), match(0, Relation.EXCERPT, PEAKS)]

    (merged,) = merge(seen)

    assert merged.relation is Relation.IDENTICAL
    assert merged.evidence[0].measure == "digest"


def test_of_works_like_each_other_the_nearest_is_kept() -> None:
    """An item that is a whole picture is a copy of one work."""
    seen = [match(0, Relation.NEAR_DUPLICATE, value=20.0), match(1, Relation.NEAR_DUPLICATE, value=4.0)]

    assert [one.work for one in merge(seen)] == [1]


def test_identical_outdoes_near() -> None:
    """Another work that is merely near an identical one is not named."""
    seen = [match(0, Relation.NEAR_DUPLICATE, value=0.0), match(1, Relation.IDENTICAL, DIGEST)]

    assert [one.work for one in merge(seen)] == [1]


def test_two_works_as_near_are_both_kept() -> None:
    """The same picture twice in a portfolio is found twice."""
    seen = [match(1, Relation.IDENTICAL, DIGEST), match(0, Relation.IDENTICAL, DIGEST)]

    assert [one.work for one in merge(seen)] == [0, 1]


def test_parts_of_several_works_are_all_kept() -> None:
    """A collage holds many works, and a recording many places of one."""
    left, right = Box(0.0, 0.0, 0.5, 1.0), Box(0.5, 0.0, 1.0, 1.0)
    seen = [match(1, Relation.CONTAINS, place=right), match(0, Relation.CONTAINS, place=left)]
    places = [match(2, Relation.EXCERPT, PEAKS, place=TimeSpan(start, start + 2.0)) for start in (0.0, 9.0)]

    merged = merge([*seen, *places])

    assert [one.work for one in merged] == [0, 1, 2, 2]
    assert [one.item_segment for one in merged[2:]] == [TimeSpan(0.0, 2.0), TimeSpan(9.0, 11.0)]


def test_works_come_in_their_order() -> None:
    """The order of the answers does not decide the order of the findings."""
    places = [Box(work / 6, 0.0, (work + 1) / 6, 1.0) for work in range(6)]
    seen = [match(work, Relation.EXCERPT, value=float(work), place=places[5 - work]) for work in range(6)]
    random.Random(1).shuffle(seen)

    assert [one.work for one in merge(seen)] == list(range(6))


@pytest.mark.parametrize("relation", [Relation.NEAR_DUPLICATE, Relation.EXCERPT])
def test_the_order_of_indexes_does_not_matter(relation: Relation) -> None:
    """Whichever index answers first, the same match is kept for a work."""
    seen = [
        match(0, relation, PEAKS, 3.0),
        match(0, Relation.NEAR_DUPLICATE, BITS, 9.0),
        match(1, relation, PEAKS, 5.0),
    ]

    kept = {tuple((one.work, one.relation, one.confidence) for one in merge(order)) for order in permutations(seen)}

    assert len(kept) == 1


LIKELIHOOD = ("image.features/1;", "likelihood")


def test_one_place_shows_one_work() -> None:
    """Two works that share a drawing are both seen in a copy of one; the one that explains it best is named."""
    strong = match(0, Relation.EXCERPT, LIKELIHOOD, value=30.0, place=Box(0.0, 0.0, 0.9, 1.0))
    shadow = match(1, Relation.EXCERPT, LIKELIHOOD, value=7.0, place=Box(0.1, 0.0, 1.0, 1.0))

    assert [one.work for one in merge([shadow, strong])] == [0]


def test_a_work_without_a_distance_is_not_nearer_than_one_with() -> None:
    """What one index does not measure is no evidence for another work."""
    seen = [match(0, Relation.NEAR_DUPLICATE, value=6.0), match(0, Relation.EXCERPT, LIKELIHOOD, value=30.0)]
    other = match(1, Relation.EXCERPT, LIKELIHOOD, value=5.0)

    assert [one.work for one in merge([*seen, other])] == [0]


def test_a_work_seen_twice_in_one_place_is_one_match_and_in_two_places_two() -> None:
    """A picture laid on white and on black is looked up twice; a sheet may show a work twice."""
    here, there = Box(0.0, 0.0, 0.5, 1.0), Box(0.5, 0.0, 1.0, 1.0)
    seen = [match(0, Relation.CONTAINS, LIKELIHOOD, value=value, place=here) for value in (9.0, 12.0)]
    seen.append(match(0, Relation.CONTAINS, LIKELIHOOD, value=8.0, place=there))

    assert [one.item_segment for one in merge(seen)] == [here, there]


def test_what_was_placed_by_its_parts_is_told_by_its_parts() -> None:
    """A hash says that a picture is like the work, local features where: both are evidence, the place is theirs."""
    place = Box(0.0, 0.1, 1.0, 0.9)
    seen = [match(0, Relation.NEAR_DUPLICATE, value=2.0), match(0, Relation.CONTAINS, LIKELIHOOD, 9.0, place)]

    (merged,) = merge(seen)

    assert merged.item_segment == place
    assert [one.measure for one in merged.evidence] == ["likelihood", "distance_bits"]


def test_the_picture_as_a_whole_tells_versions_of_a_drawing_apart() -> None:
    """Two versions share most places; the one whose whole picture is near is the one."""
    right = [match(0, Relation.NEAR_DUPLICATE, value=8.0), match(0, Relation.NEAR_DUPLICATE, LIKELIHOOD, value=4.0)]
    version = match(1, Relation.NEAR_DUPLICATE, LIKELIHOOD, value=9.0)

    assert [one.work for one in merge([*right, version])] == [0]
