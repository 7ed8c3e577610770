"""How far a verified candidate is from a look-alike: a log likelihood ratio with one threshold for all.

A look-alike (another shirt on the same floor, another icon with the same hand) also has pairs that agree on a map. What
it lacks is exactness, and agreement over the whole overlap. A logistic model over eight measurements, fitted by
`benchmarks/calibrate_images.py` to copies and to decoys, turns them into evidence.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching import thresholds
from workprint.matching.feature_index import Hits, Words
from workprint.matching.geometry import Map, apply, expect
from workprint.matching.pose_votes import LOG_STEP, angle_of, place_of, turn

PAIR_WEIGHTS = (3.1, 0.027, 2.1, 3.0)
"""Log likelihood ratio of one pair: constant; loss per bit, per pixel of the point's level, per radian."""

MODEL = (-12.83, 3.43, 1.80, 4.78, -1.39, 1.66, 1.75, -1.45)
"""Logistic model: constant, and weights of what `logarithms` gives."""

DRIFT_LIMIT_PX = 0.9
DRIFT_COST = 3.3
"""What a pixel of drift above the limit costs. In a copy, what is left of the distances after fitting is noise; where
an artist reused a part, neighbouring points are off in the same direction."""

THRESHOLD = thresholds.IMAGE_LIKELIHOOD

TAIL = (2.42e-5, 0.86, -11.48)
"""Decoys by evidence: (rate, decay, from): an unrelated picture and a work reach evidence e with chance
rate * exp(-decay * (e - from)). Through the 16 strongest of 660,232 pairs of strangers; look-alikes by one maker
reach the threshold thousands of times as often."""

LEAST_PAIRS = 12
LEAST_TOTAL = 8.0
"""Below these nothing is weighed: no copy of the calibration reached the threshold with fewer than 23 inliers."""

MOST = 3.0
"""Most that one pair can say."""

NEAR = 0.05
"""A point has another beside it within this part of the overlap's side."""

CELLS = 8
"""The overlap is compared in so many cells across and down."""

ITEM_POINTS = 2
PRINT_POINTS = 3
"""A cell without inliers speaks against a copy from so many points of the item or of the print on."""

EDGE_PX = 19
"""No point is found nearer than this, in pixels of its level, to the border of a picture."""

_OFFSETS = np.array([1.0, 1.0, 0.05, 0.05, 0.05, 0.05, 0.05])
"""Added to numbers and parts before their logarithm is taken."""

Counts = NDArray[np.float64]
"""float64 (..., 8): inliers; cells that agree; their part of the cells with something to see; parts of the work's
points that are away from all inliers, where the item shows nothing (missing) and where it shows something else
(replaced); the same of the item's points (added, clashing); drift in pixels."""

Places = NDArray[np.float64]
"""float64 (n, 3): x and y in item pixels, and 1 where the point is an inlier."""


def logarithms(counts: Counts) -> NDArray[np.float64]:
    """What the model weighs, float64 (..., 7): logarithms of all counts but the drift.

    What is replaced or added speaks for a copy that has something laid over it; what is missing, or shown differently,
    against any copy.
    """
    measured: NDArray[np.float64] = np.log(counts[..., :7] + _OFFSETS)
    return measured


def drift_cost(counts: Counts) -> NDArray[np.float64]:
    """What is subtracted for drift, float64 (...)."""
    return DRIFT_COST * np.maximum(0.0, counts[..., 7] - DRIFT_LIMIT_PX)


def weigh(counts: Counts) -> float:
    """Log likelihood ratio of a copy against a look-alike."""
    return float(MODEL[0] + logarithms(counts) @ np.array(MODEL[1:]) - drift_cost(counts))


def false_match_rate(evidence: float) -> float:
    """How likely one unrelated picture and one work reach this evidence. Times items, times works: false matches."""
    rate, decay, begin = TAIL
    return min(1.0, rate * math.exp(-decay * (evidence - begin)))


def confidence(evidence: float) -> float:
    """Likelihood that a match is no look-alike, 0 to 1: 0.9 at the threshold."""
    return 1.0 / (1.0 + math.exp(-(evidence - THRESHOLD) - math.log(9.0)))


@njit(cache=True, nogil=True)
def inliers_of(item: Words, words: Words, mapping: Map, pairs: Hits) -> tuple[Hits, float]:
    """The pairs that speak for a copy, and the sum of what they say."""
    found = np.empty(pairs.shape, np.int64)
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
            found[count] = pairs[k]
            count += 1
            total += min(ratio, MOST)
    return found[:count], total


@njit(cache=True, nogil=True)
def may_matter(item: Words, words: Words, mapping: Map, pairs: Hits) -> bool:
    """Whether pairs could reach the threshold at all; spares most look-alikes the rest of the work."""
    return len(pairs) >= LEAST_PAIRS and inliers_of(item, words, mapping, pairs)[1] >= LEAST_TOTAL


@njit(cache=True, nogil=True)
def drift_of(item: Words, words: Words, mapping: Map, pairs: Hits) -> float:
    """Root of the mean product of neighbouring pairs' offsets, in pixels of their levels: what is no mere noise."""
    count = len(pairs)
    offsets = np.empty((count, 2))
    places = np.empty((count, 2))
    for k in range(count):
        where = expect(mapping, words, pairs[k, 1])
        places[k, 0], places[k, 1] = place_of(item, pairs[k, 0])
        size = math.exp(where[3])
        offsets[k, 0], offsets[k, 1] = (places[k, 0] - where[0]) / size, (places[k, 1] - where[1]) / size
    product = 0.0
    for k in range(count):
        nearest, least = -1, 1e18
        for other in range(count):
            gap = (places[k, 0] - places[other, 0]) ** 2 + (places[k, 1] - places[other, 1]) ** 2
            if other != k and 4.0 < gap < least:
                nearest, least = other, gap
        if nearest >= 0:
            product += offsets[k, 0] * offsets[nearest, 0] + offsets[k, 1] * offsets[nearest, 1]
    return math.sqrt(max(product, 0.0) / max(count, 1))


@njit(cache=True, nogil=True)
def _print_places(words: Words, mapping: Map, item_size: tuple[int, int], inliers: Hits) -> Places:
    """The print's points that the item should show."""
    matched = np.zeros(len(words))
    for k in range(len(inliers)):
        matched[inliers[k, 1]] = 1.0
    found = np.empty((len(words), 3))
    count = 0
    for point in range(len(words)):
        where = expect(mapping, words, point)
        if -LOG_STEP - 0.01 < where[3] < 12.0:
            edge = EDGE_PX * math.exp(where[3])
            if edge < where[0] < item_size[0] - edge and edge < where[1] < item_size[1] - edge:
                found[count, 0], found[count, 1], found[count, 2] = where[0], where[1], matched[point]
                count += 1
    return found[:count]


@njit(cache=True, nogil=True)
def _item_places(item: Words, mapping: Map, work_size: tuple[int, int], inliers: Hits) -> Places:
    """The item's points that lie on the work."""
    matched = np.zeros(len(item))
    for k in range(len(inliers)):
        matched[inliers[k, 0]] = 1.0
    back = np.linalg.inv(mapping.reshape(3, 3)).ravel()
    back = back / back[8]
    found = np.empty((len(item), 3))
    count = 0
    for i in range(len(item)):
        x, y = place_of(item, i)
        u, v = apply(back, x, y)
        if 0 <= u < work_size[0] and 0 <= v < work_size[1]:
            found[count, 0], found[count, 1], found[count, 2] = x, y, matched[i]
            count += 1
    return found[:count]


@njit(cache=True, nogil=True)
def _has_near(places: Places, x: float, y: float, reach: float) -> bool:
    for k in range(len(places)):  # noqa: SIM110 -- numba compiles no generator
        if (places[k, 0] - x) ** 2 + (places[k, 1] - y) ** 2 <= reach * reach:
            return True
    return False


@njit(cache=True, nogil=True)
def _away(places: Places, inliers: Places, others: Places, reach: float) -> tuple[float, float]:
    """Parts of the places with no inlier near: where the other picture has no point near, and where it has one."""
    alone = faced = 0
    for k in range(len(places)):
        x, y = places[k, 0], places[k, 1]
        if not _has_near(inliers, x, y, reach):
            if _has_near(others, x, y, reach):
                faced += 1
            else:
                alone += 1
    return alone / len(places), faced / len(places)


@njit(cache=True, nogil=True)
def _tally(places: Places, box: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Points and inliers in each cell of a box (left, top, width, height)."""
    points = np.zeros(CELLS * CELLS, np.int64)
    inliers = np.zeros(CELLS * CELLS, np.int64)
    for k in range(len(places)):
        column = min(int((places[k, 0] - box[0]) / box[2] * CELLS), CELLS - 1)
        row = min(int((places[k, 1] - box[1]) / box[3] * CELLS), CELLS - 1)
        points[row * CELLS + column] += 1
        inliers[row * CELLS + column] += places[k, 2] > 0.0
    return points, inliers


@njit(cache=True, nogil=True)
def _agreeing(of_item: Places, of_print: Places, box: NDArray[np.float64]) -> tuple[float, int]:
    """Part of the cells with enough to see in them that have an inlier, and how many have one."""
    seen, item_inliers = _tally(of_item, box)
    expected, print_inliers = _tally(of_print, box)
    agree = differ = 0
    for cell in range(CELLS * CELLS):
        if item_inliers[cell] + print_inliers[cell] > 0:
            agree += 1
        elif seen[cell] >= ITEM_POINTS or expected[cell] >= PRINT_POINTS:
            differ += 1
    return agree / max(agree + differ, 1), agree


@njit(cache=True, nogil=True)
def count_agreement(
    item: Words, words: Words, mapping: Map, sizes: tuple[tuple[int, int], tuple[int, int]], pairs: Hits
) -> Counts:
    """Measure an outcome of `geometry.verify`, see `Counts`; `sizes` are those of the print's and the item's raster."""
    inliers, _ = inliers_of(item, words, mapping, pairs)
    of_print = _print_places(words, mapping, sizes[1], inliers)
    of_item = _item_places(item, mapping, sizes[0], inliers)
    if len(of_print) == 0 or len(of_item) == 0:
        return np.zeros(8)
    left = min(of_print[:, 0].min(), of_item[:, 0].min())
    top = min(of_print[:, 1].min(), of_item[:, 1].min())
    width = max(of_print[:, 0].max(), of_item[:, 0].max()) + 1.0 - left
    height = max(of_print[:, 1].max(), of_item[:, 1].max()) + 1.0 - top
    box = np.array([left, top, width, height])
    reach = NEAR * math.sqrt(width * height)
    near = of_item[of_item[:, 2] > 0.0]
    missing, replaced = _away(of_print, near, of_item, reach)
    added, clashing = _away(of_item, near, of_print, reach)
    agreeing, cells = _agreeing(of_item, of_print, box)
    drift = drift_of(item, words, mapping, pairs)
    return np.array([float(len(inliers)), float(cells), agreeing, missing, replaced, added, clashing, drift])
