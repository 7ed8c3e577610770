"""What lies on a line must come from many moments to be evidence."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workprint.matching.significance import ChanceParameters, Support, moments

LIMITS = ChanceParameters()


def support(times_s: np.ndarray) -> Support:
    """Peaks that are all aligned."""
    hits, chances = np.ones(times_s.size, np.bool_), np.zeros(times_s.size)
    return Support(times_s, hits, hits, chances, chances)


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
