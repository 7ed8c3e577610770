"""How far a verified candidate is from a look-alike: a log likelihood ratio with one threshold for all.

A look-alike (another shirt on the same floor, another icon with the same hand) also has pairs that agree on a map. What
it lacks is exactness, and agreement over the whole overlap. Seven numbers say so; a logistic model over their
logarithms, fitted by `benchmarks/calibrate_images.py` to copies and to decoys, turns them into evidence.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.feature_index import Hits, Words
from workprint.matching.geometry import Map, apply, expect
from workprint.matching.pose_votes import angle_of, place_of, turn

PAIR_WEIGHTS = (3.1, 0.027, 2.1, 3.0)
"""Log likelihood ratio of one pair: constant; loss per bit, per pixel of the point's level, per radian."""

MODEL = (-14.64, 4.01, -0.5, -2.91, 3.57)
"""Logistic model: constant; logarithms of the pair evidence, of inliers per item point in the overlap, of inliers per
pair, of the covered part of the overlap."""

THRESHOLD = 1.3
"""Evidence at which a match is reported: above every decoy measured (see NOTES: the nearest had 0.84)."""

TAIL = (2.6e-5, 0.57, -3.0)
"""Decoys by evidence: (rate, decay, from): a look-alike and a work reach evidence e with chance
rate * exp(-decay * (e - from)). Measured on look-alikes of the same makers, so far above what strangers give."""

LEAST_PAIRS = 6
LEAST_TOTAL = 8.0
"""Below these, `weigh` cannot reach the threshold."""

MOST = 3.0
"""Most that one pair can say."""

NEAR = 0.12
"""A point is covered by an inlier within this part of the overlap's side."""

Counts = NDArray[np.float64]
"""float64 (7,): pair evidence, inliers, pairs, item points in the overlap, of these covered, print points expected in
the item, item points standing where expected."""


def weigh(counts: Counts) -> float:
    """Log likelihood ratio of a copy against a look-alike."""
    total, inliers, pairs, region, covered = (float(count) for count in counts[:5])
    constant, by_total, by_region, by_pairs, by_cover = MODEL
    return (
        constant
        + by_total * math.log(total + 1)
        + by_region * math.log((inliers + 1) / (region + 2))
        + by_pairs * math.log((inliers + 1) / (pairs + 1))
        + by_cover * math.log((covered + 1) / (region + 2))
    )


def false_match_rate(evidence: float) -> float:
    """How likely one look-alike and one work reach this evidence. Times items, times works: expected false matches."""
    rate, decay, begin = TAIL
    return min(1.0, rate * math.exp(-decay * (evidence - begin)))


def confidence(evidence: float) -> float:
    """Likelihood that a match is no chance, 0 to 1: 0.9 at the threshold."""
    return 1.0 / (1.0 + math.exp(-(evidence - THRESHOLD) - math.log(9.0)))


@njit(cache=True, nogil=True)
def inliers_of(item: Words, words: Words, mapping: Map, pairs: Hits) -> tuple[NDArray[np.int64], float]:
    """The item points of pairs that speak for a copy, and the sum of what they say."""
    found = np.empty(len(pairs), np.int64)
    count = 0
    total = 0.0
    for k in range(len(pairs)):
        i, point, bits = pairs[k]
        where = expect(mapping, words, point)
        x, y = place_of(item, i)
        residual = math.hypot(x - where[0], y - where[1]) / math.exp(where[3])
        angle = abs(turn(angle_of(item, i) - where[2]))
        ratio = PAIR_WEIGHTS[0] - PAIR_WEIGHTS[1] * bits - PAIR_WEIGHTS[2] * residual - PAIR_WEIGHTS[3] * angle
        if ratio > 0.0:
            found[count] = i
            count += 1
            total += min(ratio, MOST)
    return found[:count], total


@njit(cache=True, nogil=True)
def may_matter(item: Words, words: Words, mapping: Map, pairs: Hits) -> bool:
    """Whether pairs could reach the threshold at all; spares most look-alikes the rest of the work."""
    return len(pairs) >= LEAST_PAIRS and inliers_of(item, words, mapping, pairs)[1] >= LEAST_TOTAL


@njit(cache=True, nogil=True)
def count_overlap(item: Words, mapping: Map, work_size: tuple[int, int], inliers: NDArray[np.int64]) -> tuple[int, int]:
    """How many item points lie on the work, and how many of these have an inlier nearby."""
    back = np.linalg.inv(mapping.reshape(3, 3)).ravel()
    inside = np.empty((len(item), 2))
    count = 0
    for i in range(len(item)):
        x, y = place_of(item, i)
        u, v = apply(back / back[8], x, y)
        if 0 <= u < work_size[0] and 0 <= v < work_size[1]:
            inside[count, 0], inside[count, 1] = x, y
            count += 1
    if count == 0:
        return 0, 0
    some = inside[:count]
    reach = NEAR * math.sqrt((np.ptp(some[:, 0]) + 1.0) * (np.ptp(some[:, 1]) + 1.0))
    covered = 0
    for k in range(count):
        for i in inliers:
            x, y = place_of(item, i)
            if (x - some[k, 0]) ** 2 + (y - some[k, 1]) ** 2 <= reach * reach:
                covered += 1
                break
    return count, covered


@njit(cache=True, nogil=True)
def count_agreement(
    item: Words, words: Words, mapping: Map, work_size: tuple[int, int], outcome: tuple[Hits, float, int]
) -> Counts:
    """Measure an outcome of `geometry.verify`: pairs, chances, expected. See `Counts`."""
    pairs, chances, expected = outcome
    inliers, total = inliers_of(item, words, mapping, pairs)
    region, covered = count_overlap(item, mapping, work_size, inliers)
    return np.array([total, len(inliers), len(pairs), region, covered, expected, chances])
