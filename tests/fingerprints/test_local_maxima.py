"""Strongest cells of their rectangles, against looking at each rectangle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workprint.fingerprints.local_maxima import LocalMaxima

FLOOR = np.float32(2.0)
FRAMES = 12


def looked_at_one_by_one(power: np.ndarray, reach_frames: int, reach_bins: int) -> set[tuple[int, int]]:
    """Frame and bin of each cell that is alone the strongest, or the first of the strongest."""
    found = set()
    bins, frames = power.shape
    for frame in range(frames):
        for place in range(1, bins - 1):
            low, left = max(0, place - reach_bins), max(0, frame - reach_frames)
            part = power[low : place + reach_bins + 1, left : frame + reach_frames + 1]
            first = np.argmax(part.T)  # the earliest, then the lowest
            is_it = (left + first // len(part), low + first % len(part)) == (frame, place)
            if is_it and power[place, frame] >= FLOOR:
                found.add((frame, place))
    return found


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 9), st.integers(2, 9))
def test_cells_are_those_of_a_search_one_by_one(seed: int, reach_frames: int, reach_bins: int, levels: int) -> None:
    """In batches, with many that are equal, and none decided before its neighbours are there."""
    power = np.random.default_rng(seed).integers(0, levels, (20, 3 * FRAMES)).astype(np.float32)
    maxima = LocalMaxima((20, FRAMES), reach_frames, reach_bins)
    batches = [*np.split(power, 3, axis=1), np.zeros((20, FRAMES), np.float32)]
    found = np.concatenate([maxima.found(np.ascontiguousarray(batch), FLOOR) for batch in batches])
    places = np.round(found[:, :2]).astype(int)
    expected = looked_at_one_by_one(power, reach_frames, reach_bins)
    assert len(found) == len(expected)
    assert all(any(abs(frame - f) <= 1 and abs(bin_ - b) <= 1 for f, b in expected) for frame, bin_ in places)


@pytest.mark.parametrize("side", [0.5, 1.0])
def test_places_lie_between_cells(side: float) -> None:
    """Towards the stronger neighbour, in the middle where both are equal."""
    power = np.full((20, FRAMES), 1e-3, np.float32)
    power[9:12, 5] = 1.0, 4.0, side
    maxima = LocalMaxima((20, FRAMES), 2, 3)
    found = np.concatenate([maxima.found(power, FLOOR), maxima.found(np.zeros_like(power), FLOOR)])
    [(frame, place, strength)] = found
    assert (frame, strength) == (5.0, 4.0)
    assert (place == 10.0) if side == 1.0 else (9.5 <= place < 10.0)
