"""How surprising what lies on a line is, and that it must come from many moments to be evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.matching.agreement import LEVELS, NATS, PROFILES
from workprint.matching.significance import (
    DISPLACEMENTS_OCTAVES,
    DISPLACEMENTS_S,
    ChanceParameters,
    Support,
    moments,
    surprise,
    weigh,
)

LIMITS = ChanceParameters()


def support(times_s: np.ndarray) -> Support:
    """Peaks that are all aligned."""
    displaced = np.zeros((PROFILES, times_s.size, LEVELS), np.uint8)
    displaced[:, :, 0] = DISPLACEMENTS_S.size * DISPLACEMENTS_OCTAVES.size
    return Support(times_s, np.full((PROFILES, times_s.size), 12, np.uint8), displaced)


def test_the_partials_of_three_notes_are_three_moments() -> None:
    """However many partials they have."""
    notes = np.repeat([0.1, 0.4, 0.7], 20)
    assert round(moments(support(notes), (0.0, 1.0), LIMITS), 6) == 3.0


def test_peaks_that_are_spread_are_as_many_moments() -> None:
    """And those outside of the stretch are none."""
    assert round(moments(support(np.arange(40) * 0.05), (0.0, 1.0), LIMITS), 6) == 20.0


@given(st.lists(st.floats(0.0, 1.0), max_size=60))
def test_there_are_no_more_moments_than_peaks(times_s: list[float]) -> None:
    """Nor fewer than one, if there is a peak."""
    found = moments(support(np.sort(np.array(times_s, np.float64))), (0.0, 2.0), LIMITS)
    assert (found >= 0.999) == bool(times_s)
    assert found <= len(times_s) + 1e-6


@given(st.integers(1, 60), st.floats(0.1, 20.0))
def test_what_peaks_of_one_level_say_is_as_surprising_as_their_number(met: int, mean: float) -> None:
    """Chernoff's bound of a Poisson law, wherever the halving does not end at its edge."""
    rates = np.zeros(LEVELS)
    rates[5] = mean
    expected = met * math.log(met / mean) - met + mean if met > mean else 0.0
    if math.log(max(1.0, met / mean)) < 2.0 * NATS[5]:
        assert surprise(met * NATS[5], rates) == pytest.approx(expected, abs=1e-3)


@given(st.floats(0.0, 200.0), st.floats(0.0, 50.0))
def test_more_that_is_said_is_no_less_surprising(nats: float, more: float) -> None:
    """And never less than not at all."""
    rates = np.exp(-NATS)
    assert 0.0 <= surprise(nats, rates) <= surprise(nats + more, rates) + 1e-9


def test_one_moment_says_only_so_much() -> None:
    """A click is aligned with any click, in all its peaks."""
    click, spread_out = support(np.full(60, 0.5)), support(np.arange(60) * 0.015)
    weights = [weigh(each, (0.0, 1.0), LIMITS).log10_chance for each in (click, spread_out)]
    assert weights[1] < 3 * weights[0] < 0.0
