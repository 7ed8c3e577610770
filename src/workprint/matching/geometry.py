"""Does a print lie in an item? Guided matching under a map that is fitted again and again, ever more exactly.

A candidate's similarity predicts where every point of the print should be. Points found there, looking alike, refine
the map: affine, then a homography (Hartley & Zisserman 2004, chapter 4), each fitted by least squares and re-matched
with a smaller radius. What remains is counted against what chance would give (`chance`).
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.feature_index import Hits, Words, distance_bits
from workprint.matching.pose_votes import LOG_STEP, angle_of, dark_of, level_of, place_of, turn

MAX_DISTANCE_BITS = 84
"""Points where the map expects them may differ by more than points that are proposed."""

CELL_PX = 32
"""Side of the cells by which item points are found."""

RADII_PX = (16.0, 9.0, 6.0, 4.0)
"""Matching radius of each round, in pixels of a point's own level."""

ANGLES = (0.6, 0.5, 0.45, 0.45)
"""Tolerance of each round for the direction, radians."""

HOMOGRAPHY_FROM = 12
"""Pairs below which the map stays affine."""

AFFINE_FROM = 6
SOFT_PX = 1.5
"""Distance, in pixels of a point's level, at which a pair has lost half its weight in a fit."""

SIZE_TOLERANCE = math.log(1.6)

Grid = tuple[NDArray[np.int32], NDArray[np.int32], int]
"""What `cells_of` gives."""

Map = NDArray[np.float64]
"""float64 (9,): a homography, row by row, from print pixels to item pixels."""

Expected = tuple[float, float, float, float]
"""x, y, direction and logarithm of the size in the item; the last is -99 where the map degenerates."""


@njit(cache=True, nogil=True)
def cells_of(item: Words, width: int, height: int) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """File item points by cell: (begin of each cell, points in order, cells per row). Stray points are left out."""
    across = width // CELL_PX + 1
    down = height // CELL_PX + 1
    begins = np.zeros(across * down + 1, np.int32)
    cells = np.empty(len(item), np.int32)
    for i in range(len(item)):
        x, y = place_of(item, i)
        inside = x < width and y < height
        cells[i] = int(y) // CELL_PX * across + int(x) // CELL_PX if inside else -1
        if inside:
            begins[cells[i] + 1] += 1
    begins[:] = np.cumsum(begins)
    order = np.empty(begins[-1], np.int32)
    free = begins[:-1].copy()
    for i in range(len(item)):
        if cells[i] >= 0:
            order[free[cells[i]]] = i
            free[cells[i]] += 1
    return begins, order, across


@njit(cache=True, nogil=True)
def apply(mapping: Map, u: float, v: float) -> tuple[float, float]:
    """Where a place of the print is in the item; far away where the map sends it beyond the horizon."""
    depth = mapping[6] * u + mapping[7] * v + mapping[8]
    if depth < 1e-6:
        return -1e9, -1e9
    return (mapping[0] * u + mapping[1] * v + mapping[2]) / depth, (
        mapping[3] * u + mapping[4] * v + mapping[5]
    ) / depth


@njit(cache=True, nogil=True)
def _local(mapping: Map, u: float, v: float) -> tuple[float, float, float, float]:
    """Jacobian (a, b, c, d) of the map at a place."""
    depth = mapping[6] * u + mapping[7] * v + mapping[8]
    x, y = apply(mapping, u, v)
    return (
        (mapping[0] - mapping[6] * x) / depth,
        (mapping[1] - mapping[7] * x) / depth,
        (mapping[3] - mapping[6] * y) / depth,
        (mapping[4] - mapping[7] * y) / depth,
    )


@njit(cache=True, nogil=True)
def expect(mapping: Map, words: Words, point: int) -> Expected:
    """Where a print's point should be in the item, and how it should look there."""
    u, v = place_of(words, point)
    x, y = apply(mapping, u, v)
    direction, log_size = 0.0, -99.0
    if x > -1e8:
        a, b, c, d = _local(mapping, u, v)
        area = abs(a * d - b * c)
        angle = angle_of(words, point)
        direction = math.atan2(c * math.cos(angle) + d * math.sin(angle), a * math.cos(angle) + b * math.sin(angle))
        if area > 1e-9:
            log_size = 0.5 * math.log(area) + level_of(words, point) * LOG_STEP
    return x, y, direction, log_size


@njit(cache=True, nogil=True)
def match_under(
    item: Words,
    grid: Grid,
    words: Words,
    mapping: Map,
    flags: int,
    limits: tuple[float, float],
) -> tuple[Hits, float, int]:
    """Match the points of a print to those of an item where the map expects them.

    Args:
        item: `words_of` the item's points.
        grid: what `cells_of` gave for them.
        words: `words_of` the print's points.
        mapping: from print to item pixels.
        flags: mirrored + 2 * negative.
        limits: radius in pixels of a point's level, tolerance of direction in radians.

    Returns:
        int64 (n, 3) of (item point, print point, bits), at most one per item point; how many item points stood where
        they were expected, whatever they look like; and how many print points were expected inside the item.
    """
    begins, order, across = grid
    radius, tolerance = limits
    down = (len(begins) - 1) // across
    partner = np.full(len(item), -1, np.int64)
    bits = np.full(len(item), MAX_DISTANCE_BITS + 1, np.int64)
    chances = 0.0
    expected = 0
    for point in range(len(words)):
        place = expect(mapping, words, point)
        if (
            place[3] < -LOG_STEP
            or place[3] > 12.0
            or not (0 <= place[0] < across * CELL_PX and 0 <= place[1] < down * CELL_PX)
        ):
            continue
        expected += 1
        reach = radius * math.exp(min(place[3], 3.0))
        best, best_bits = -1, MAX_DISTANCE_BITS + 1
        for row in range(max(int(place[1] - reach), 0) // CELL_PX, min(int(place[1] + reach) // CELL_PX + 1, down)):
            first = row * across + max(int(place[0] - reach), 0) // CELL_PX
            last = row * across + min(int(place[0] + reach) // CELL_PX, across - 1)
            for at in range(begins[first], begins[last + 1]):
                i = order[at]
                if (
                    not _stands(item, i, place, reach, tolerance)
                    or dark_of(item, i) ^ dark_of(words, point) != flags >> 1
                ):
                    continue
                chances += 1.0
                distance = distance_bits(item, i, words, point, flags & 1)
                if distance < best_bits:
                    best, best_bits = i, distance
        if best >= 0 and best_bits < bits[best]:
            partner[best], bits[best] = point, best_bits
    found = np.flatnonzero(partner >= 0)
    pairs = np.empty((len(found), 3), np.int64)
    pairs[:, 0], pairs[:, 1], pairs[:, 2] = found, partner[found], bits[found]
    return pairs, chances, expected


@njit(cache=True, nogil=True)
def _stands(item: Words, i: int, place: Expected, reach: float, tolerance: float) -> bool:
    """Whether an item point is near an expected place, of the expected size and direction."""
    if abs(level_of(item, i) * LOG_STEP - place[3]) > SIZE_TOLERANCE:  # first, because it is cheap and turns most away
        return False
    x, y = place_of(item, i)
    return math.hypot(x - place[0], y - place[1]) <= reach and abs(turn(angle_of(item, i) - place[2])) <= tolerance


@njit(cache=True, nogil=True)
def fit(item: Words, words: Words, pairs: Hits, perspective: bool) -> Map:
    """Fit an affine map or a homography through pairs; those that lie far off lose their weight (Cauchy, twice)."""
    n = len(pairs)
    places = np.empty((n, 4))
    weights = np.empty(n)
    sizes = np.empty(n)
    for k in range(n):
        places[k, 0], places[k, 1] = place_of(words, pairs[k, 1])
        places[k, 2], places[k, 3] = place_of(item, pairs[k, 0])
        sizes[k] = math.exp(level_of(item, pairs[k, 0]) * LOG_STEP)
        weights[k] = math.exp(-pairs[k, 2] / 25.0) / sizes[k]
    mapping = _least_squares(places, weights, perspective)
    softened = np.empty(n)
    for _ in range(2):
        for k in range(n):
            x, y = apply(mapping, places[k, 0], places[k, 1])
            off = math.hypot(x - places[k, 2], y - places[k, 3]) / (sizes[k] * SOFT_PX)
            softened[k] = weights[k] / (1.0 + off * off)
        mapping = _least_squares(places, softened, perspective)
    return mapping


@njit(cache=True, nogil=True)
def _least_squares(places: NDArray[np.float64], weights: NDArray[np.float64], perspective: bool) -> Map:
    """Weighted least squares for rows (u, v, x, y).

    Places are centred and scaled first (Hartley 1997), and a faint pull towards no change keeps the equations
    solvable however the places lie.
    """
    unknowns = 8 if perspective else 6
    means = np.array([places[:, c].mean() for c in range(4)])
    spreads = np.array(
        [max(places[:, 0].std(), places[:, 1].std(), 1.0), max(places[:, 2].std(), places[:, 3].std(), 1.0)]
    )
    normal = np.zeros((unknowns, unknowns))
    right = np.zeros(unknowns)
    for axis in range(2):
        line = np.zeros(unknowns)
        for k in range(len(places)):
            u, v = (places[k, 0] - means[0]) / spreads[0], (places[k, 1] - means[1]) / spreads[0]
            target = (places[k, 2 + axis] - means[2 + axis]) / spreads[1]
            line[axis * 3], line[axis * 3 + 1], line[axis * 3 + 2] = u, v, 1.0
            if perspective:
                line[6], line[7] = -u * target, -v * target
            for a in range(unknowns):
                right[a] += weights[k] * line[a] * target
                for b in range(unknowns):
                    normal[a, b] += weights[k] * line[a] * line[b]
    mass = weights.sum() + 1e-9
    for a in range(unknowns):
        normal[a, a] += mass * (1e-6 if a < 6 else 1e-3)
    inner = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0])
    inner[:unknowns] = np.linalg.solve(normal, right)
    return _unscale(inner, means, spreads)


@njit(cache=True, nogil=True)
def _unscale(inner: Map, means: NDArray[np.float64], spreads: NDArray[np.float64]) -> Map:
    """Turn a map between centred, scaled places into one between pixels."""
    before = np.array(
        [
            [1.0 / spreads[0], 0.0, -means[0] / spreads[0]],
            [0.0, 1.0 / spreads[0], -means[1] / spreads[0]],
            [0.0, 0.0, 1.0],
        ]
    )
    after = np.array([[spreads[1], 0.0, means[2]], [0.0, spreads[1], means[3]], [0.0, 0.0, 1.0]])
    whole = after @ inner.reshape(3, 3) @ before
    depth = float(whole[2, 2])
    return np.ascontiguousarray(whole).ravel() / (depth if abs(depth) > 1e-9 else 1.0)


@njit(cache=True, nogil=True)
def verify(
    item: Words, grid: Grid, words: Words, start: NDArray[np.float64], flags: int
) -> tuple[Map, Hits, float, int]:
    """Refine a candidate's affine `start` (6,) round by round.

    Returns:
        The final map, the pairs that agree with it, and the two counts of `match_under` in the last round.
    """
    mapping = np.zeros(9)
    mapping[:6] = start
    mapping[8] = 1.0
    pairs, chances, expected = match_under(item, grid, words, mapping, flags, (RADII_PX[0], ANGLES[0]))
    for step in range(1, len(RADII_PX)):
        if len(pairs) < AFFINE_FROM:
            break
        mapping = fit(item, words, pairs, len(pairs) >= HOMOGRAPHY_FROM and step > 1)
        pairs, chances, expected = match_under(item, grid, words, mapping, flags, (RADII_PX[step], ANGLES[step]))
    return mapping, pairs, chances, expected
