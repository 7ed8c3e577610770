"""Where to draw: the matched region over a picture, the matched stretch over a waveform. Numbers only, no markup."""

import math
from dataclasses import dataclass
from itertools import pairwise

from workprint.model import Box, Segment, TimeSpan

WAVE_WIDTH = 1000
WAVE_HEIGHT = 100
MAX_BARS = 200
MIN_MARK_WIDTH = 4.0
"""A word inside an hour would otherwise be thinner than a hair."""
LEAST_BAR = 0.5
"""Percent; a part with one copy in a million is not a part with none."""
ALL_OF_IT = 0.99


@dataclass(frozen=True, slots=True)
class Region:
    """The matched part of a picture, in percent of its width and height."""

    left: float
    top: float
    width: float
    height: float

    @property
    def whole(self) -> bool:
        """Whether it is the picture as a whole, edge to edge."""
        return min(self.width, self.height) >= 100 * ALL_OF_IT

    @property
    def outside(self) -> str:
        """An SVG path (even-odd) of everything but the region, in a 100 × 100 box."""
        right, bottom = self.left + self.width, self.top + self.height
        return f"M0 0H100V100H0ZM{self.left:g} {self.top:g}H{right:g}V{bottom:g}H{self.left:g}Z"


@dataclass(frozen=True, slots=True)
class Stretch:
    """The matched part of a recording, in units of `WAVE_WIDTH`."""

    left: float
    width: float


def region(segment: Segment) -> Region | None:
    """Return where to draw a box; None where there is nothing that can be drawn."""
    if not isinstance(segment, Box):
        return None
    sides = (segment.left, segment.top, segment.right, segment.bottom)
    if not all(math.isfinite(side) for side in sides):
        return None
    left, top, right, bottom = (round(100 * min(max(side, 0.0), 1.0), 2) for side in sides)
    if right <= left or bottom <= top:
        return None
    return Region(left, top, round(right - left, 2), round(bottom - top, 2))


def stretch(segment: Segment, duration_s: float) -> Stretch | None:
    """Return where to mark a stretch of a recording of `duration_s` seconds; None where that cannot be said."""
    if not isinstance(segment, TimeSpan) or not 0 < duration_s < math.inf:
        return None
    if not (math.isfinite(segment.start_s) and math.isfinite(segment.end_s)) or segment.end_s <= segment.start_s:
        return None
    left, right = (WAVE_WIDTH * min(max(at / duration_s, 0.0), 1.0) for at in (segment.start_s, segment.end_s))
    width = max(right - left, MIN_MARK_WIDTH)
    return Stretch(round(min(left, WAVE_WIDTH - width), 2), round(width, 2))


def bar(number: int, largest: int) -> float:
    """Return how wide the bar of a number is, in percent of the largest; what is there at all can be seen."""
    if number <= 0 or largest <= 0:
        return 0.0
    return max(round(100 * min(number / largest, 1.0), 2), LEAST_BAR)


def waveform(peaks: tuple[float, ...]) -> str:
    """Return an SVG path of upright bars for loudnesses from 0 to 1; empty for no peaks."""
    heights = _louder_of_neighbours([min(max(peak, 0.0), 1.0) if math.isfinite(peak) else 0.0 for peak in peaks])
    step = WAVE_WIDTH / max(len(heights), 1)
    middle = WAVE_HEIGHT / 2
    bars = []
    for position, height in enumerate(heights):
        half = max(height * middle * 0.96, 0.8)
        bars.append(f"M{(position + 0.5) * step:.1f} {middle - half:.1f}V{middle + half:.1f}")
    return "".join(bars)


def _louder_of_neighbours(peaks: list[float]) -> list[float]:
    if len(peaks) <= MAX_BARS:
        return peaks
    edges = [len(peaks) * bar // MAX_BARS for bar in range(MAX_BARS + 1)]
    return [max(peaks[start:end]) for start, end in pairwise(edges)]
