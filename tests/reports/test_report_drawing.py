"""Where regions, stretches and waveforms are drawn."""

import math
import re

from hypothesis import given
from hypothesis import strategies as st

from workprint.model import WHOLE, Box, TimeSpan
from workprint.reports.drawing import MAX_BARS, MIN_MARK_WIDTH, WAVE_WIDTH, region, stretch, waveform


def test_a_region_is_drawn_in_percent() -> None:
    """Fractions become percent, and the rest of the picture an even-odd path around them."""
    drawn = region(Box(0.1, 0.2, 0.5, 0.8))

    assert drawn is not None
    assert (drawn.left, drawn.top, drawn.width, drawn.height, drawn.whole) == (10, 20, 40, 60, False)
    assert drawn.outside == "M0 0H100V100H0ZM10 20H50V80H10Z"


def test_the_whole_picture_is_known_as_whole() -> None:
    """A region from edge to edge darkens nothing."""
    drawn = region(WHOLE)

    assert drawn is not None
    assert drawn.whole


def test_what_cannot_be_drawn_is_not() -> None:
    """Empty, reversed and impossible segments draw nothing."""
    assert region(TimeSpan(0, 1)) is None
    assert region(Box(0.5, 0.5, 0.5, 0.9)) is None
    assert region(Box(math.nan, 0, 1, 1)) is None
    assert stretch(WHOLE, 10) is None
    assert stretch(TimeSpan(3, 2), 10) is None
    assert stretch(TimeSpan(0, 1), 0) is None
    assert stretch(TimeSpan(0, math.inf), 10) is None


def test_a_word_in_an_hour_can_still_be_seen() -> None:
    """A very short stretch has a least width and stays inside the drawing."""
    drawn = stretch(TimeSpan(3599.9, 3600), 3600)

    assert drawn is not None
    assert drawn.width == MIN_MARK_WIDTH
    assert drawn.left + drawn.width <= WAVE_WIDTH


@given(*[st.floats(-1e300, 1e300)] * 4)
def test_a_region_never_leaves_the_picture(left: float, top: float, right: float, bottom: float) -> None:
    """Whatever the numbers, what is drawn lies within 0 to 100 percent."""
    drawn = region(Box(left, top, right, bottom))
    if drawn:
        assert 0 <= drawn.left < 100
        assert 0 <= drawn.top < 100
        assert drawn.left + drawn.width <= 100.01
        assert drawn.top + drawn.height <= 100.01


@given(st.lists(st.floats(), max_size=1000))
def test_a_waveform_has_a_bounded_number_of_bars(peaks: list[float]) -> None:
    """Many peaks become few bars, odd numbers silence; all bars lie within the drawing."""
    path = waveform(tuple(peaks))
    bars = re.findall(r"M([\d.]+) ([\d.]+)V([\d.]+)", path)

    assert len(bars) == min(len(peaks), MAX_BARS)
    assert all(0 <= float(x) <= WAVE_WIDTH and 0 <= float(top) <= float(low) <= 100 for x, top, low in bars)
