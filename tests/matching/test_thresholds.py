"""Numbers that decide: monotone, and likelihoods."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.matching.thresholds import ALL, HASH_DISTANCE_BITS, confidence, hash_false_match_rate


@given(st.integers(0, 255))
def test_a_longer_distance_is_more_often_chance(bits: int) -> None:
    """The rate of false matches is a likelihood that grows with distance."""
    assert 0.0 < hash_false_match_rate(bits) <= hash_false_match_rate(bits + 1) <= 1.0


@given(st.floats(0, 1e9), st.floats(0, 1e9))
def test_what_chance_explains_convinces_less(one: float, two: float) -> None:
    """Confidence is a likelihood that falls with what is expected by chance."""
    less, more = sorted((one, two))

    assert 1.0 >= confidence(less) >= confidence(more) > 0.0


def test_what_chance_cannot_do_is_as_good_as_certain() -> None:
    """A match that is never expected by chance is believed."""
    assert confidence(0.0) > 0.999


@pytest.mark.parametrize("works", [1, 1_000])
def test_even_among_look_alikes_false_matches_are_few(works: int) -> None:
    """If all of a million items were look-alikes, a dozen false matches per thousand works would come of it."""
    variants = 16

    assert hash_false_match_rate(HASH_DISTANCE_BITS) * works * variants * 1e6 < 12.0 * works / 1_000


def test_the_manifest_names_every_threshold() -> None:
    """A run says by which numbers it decided."""
    assert ALL["image.phash"] == HASH_DISTANCE_BITS
    assert all(isinstance(value, float) for value in ALL.values())
