"""What a pair of peaks says: the nearer and the more alike, the more; displaced ones are counted exactly."""

import numpy as np
import pytest

from workprint.matching.agreement import LEVELS, NATS, PROFILES, displaced_levels, levels, nats_elsewhere
from workprint.matching.constellation import Constellation
from workprint.matching.lines import Line, Sky

LINE = Line(1.0, 0.0, 0.0)
SHIFTS_S, RISES = np.array([-0.4, 0.3]), np.array([-0.04, 0.0, 0.04])


def item(times_s: list[float], octaves: list[float], ranks: list[float]) -> Constellation:
    """Return peaks of an item."""
    return Constellation(np.array(times_s), np.array(octaves, np.float32), 10.0, np.array(ranks, np.float32))


def sky_of(stars: Constellation) -> Sky:
    """Return the same peaks as those of a work."""
    return Sky(stars.times_s, stars.octaves, stars.ranks)


def said(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    """What a peak of an item says that meets one of a work, by the first profile; each is (s, octaves, rank)."""
    stars, work = (item([peak[0]], [peak[1]], [peak[2]]) for peak in (one, other))
    return float(NATS[levels(stars, sky_of(work), LINE)[0, 0]])


def random_stars(seed: int, count: int) -> Constellation:
    """Return peaks at random places."""
    draw = np.random.default_rng(seed)
    times_s = np.sort(draw.uniform(0.0, 5.0, count))
    return item(times_s.tolist(), draw.uniform(1.0, 1.5, count).tolist(), draw.uniform(0.0, 1.0, count).tolist())


def test_a_nearer_peak_says_more() -> None:
    """In time as in pitch; and none that is too far away says anything."""
    in_time = [said((1.0, 2.0, 0.2), (1.0 + late, 2.0, 0.2)) for late in (0.0, 0.003, 0.006, 0.01, 0.018, 0.021)]
    in_pitch = [said((1.0, 2.0, 0.2), (1.0, 2.0 + off, 0.2)) for off in (0.0, 0.0015, 0.003, 0.006, 0.01, 0.015)]
    assert in_time == sorted(in_time, reverse=True)
    assert in_pitch == sorted(in_pitch, reverse=True)
    assert in_time[-1] == in_pitch[-1] == 0.0 < in_time[-2]


def test_a_loud_peak_that_meets_a_faint_one_says_less_than_two_alike() -> None:
    """What is loud in a copy was loud in the work."""
    alike = said((1.0, 2.0, 0.1), (1.0, 2.0, 0.1))
    assert said((1.0, 2.0, 0.1), (1.0, 2.0, 0.9)) < alike - 3.0
    assert said((1.0, 2.0, 0.9), (1.0, 2.0, 0.1)) < alike - 3.0


def test_the_best_of_several_pairs_counts() -> None:
    """Not the first, nor the sum."""
    work = item([0.985, 1.0, 1.015], [2.0, 2.0, 2.0], [0.9, 0.1, 0.9])
    found = levels(item([1.0], [2.0], [0.1]), sky_of(work), LINE)[0, 0]
    assert NATS[found] == said((1.0, 2.0, 0.1), (1.0, 2.0, 0.1))


@pytest.mark.parametrize("seed", range(4))
def test_displacing_is_the_same_as_moving_the_line(seed: int) -> None:
    """Level by level, and in the sums."""
    stars, work = random_stars(seed, 150), sky_of(random_stars(seed + 100, 400))
    counts = np.zeros((PROFILES, 150, LEVELS), np.uint8)
    for shift_s in SHIFTS_S:
        for rise in RISES:
            moved = levels(stars, work, Line(1.0, float(shift_s), -float(rise)))
            counts += np.eye(LEVELS, dtype=np.uint8)[moved]
    differ = displaced_levels(stars, work, LINE, SHIFTS_S, RISES) != counts
    assert differ.mean() < 0.001  # a pair at the very edge of a class may fall to either side of it
    sums = nats_elsewhere(stars, work, LINE, SHIFTS_S)
    for place, shift_s in enumerate(SHIFTS_S):
        assert sums[:, place] == pytest.approx(NATS[levels(stars, work, Line(1.0, float(shift_s), 0.0))].sum(axis=1))


def test_nothing_is_met_where_there_is_nothing() -> None:
    """Neither by no peaks nor in an empty work."""
    nothing, something = item([], [], []), random_stars(1, 20)
    assert levels(nothing, sky_of(something), LINE).shape == (PROFILES, 0)
    assert not levels(something, sky_of(nothing), LINE).any()
