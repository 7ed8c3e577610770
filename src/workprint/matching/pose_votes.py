"""From similar points to candidates: points of one print that agree on a position, direction and size.

One pair of points already fixes a similarity (Lowe 2004, section 7.3). Each hit of a print proposes its own, and the
other hits vote: exact for the few hits a print has, and with no bins to fall between.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.matching.feature_index import Hits, Words
from workprint.serial.image_layout import LEVEL_STEP, SUBPIXEL

MAX_GROUP = 96
"""Hits of one print that take part."""

MIN_VOTES = 3
"""Hits that have to agree, the proposing one among them."""

MANY_POINTS = 700
"""Items with more points than this have to show one vote more: they propose more by chance."""

MAX_CANDIDATES = 24
"""Candidates per item, the most votes first."""

ANGLE_TOLERANCE = 0.5
"""Radians by which two hits may disagree on the rotation."""

SIZE_TOLERANCE = math.log(1.7)
"""Natural logarithm of the ratio by which two hits may disagree on the size."""

PLACE_TOLERANCE = 0.22
"""Distance from the voted place, as a part of the distance to the proposing hit, plus `PLACE_SLACK_PX`."""

PLACE_SLACK_PX = 6.0

MAX_LEVEL = 24
LOG_STEP = math.log(LEVEL_STEP)


@njit(cache=True, nogil=True)
def place_of(words: Words, i: int) -> tuple[float, float]:
    """x and y in pixels of the raster."""
    packed = np.int64(words[i, 0])
    return (packed & 0xFFFF) / SUBPIXEL, ((packed >> 16) & 0xFFFF) / SUBPIXEL


@njit(cache=True, nogil=True)
def level_of(words: Words, i: int) -> int:
    """Pyramid level, bounded because stored bytes may say anything."""
    return min(int((np.int64(words[i, 0]) >> 32) & 0xFF), MAX_LEVEL)


@njit(cache=True, nogil=True)
def angle_of(words: Words, i: int) -> float:
    """Direction in radians, from +x towards +y."""
    return ((np.int64(words[i, 0]) >> 40) & 0xFF) * (2.0 * math.pi / 256.0)


@njit(cache=True, nogil=True)
def dark_of(words: Words, i: int) -> int:
    """1 where the point is darker than its surroundings."""
    return int((np.int64(words[i, 0]) >> 48) & 1)


@njit(cache=True, nogil=True)
def turn(angle: float) -> float:
    """Bring an angle to -pi to pi."""
    return angle - 2.0 * math.pi * math.floor(angle / (2.0 * math.pi) + 0.5)


@njit(cache=True, nogil=True)
def similarity_of(item: Words, i: int, words: Words, entry: int, out: NDArray[np.float64]) -> None:
    """Write the similarity that one pair of points fixes, as (rotation, log size, a, b, tx, ty), to `out` (6,).

    Work (x, y) goes to item (a x' - b y + tx, b x' + a y + ty), x' = -x where mirrored.
    """
    point = entry >> 1
    x, y = place_of(item, i)
    u, v = place_of(words, point)
    direction = angle_of(words, point)
    if entry & 1:
        u, direction = -u, math.pi - direction
    rotation = turn(angle_of(item, i) - direction)
    log_size = (level_of(item, i) - level_of(words, point)) * LOG_STEP
    a = math.exp(log_size) * math.cos(rotation)
    b = math.exp(log_size) * math.sin(rotation)
    out[0], out[1], out[2], out[3] = rotation, log_size, a, b
    out[4], out[5] = x - a * u + b * v, y - b * u - a * v


@njit(cache=True, nogil=True)
def _flags(item: Words, words: Words, hit: NDArray[np.int64]) -> int:
    """mirrored + 2 * negative: what two hits must share to agree."""
    point = hit[1] >> 1
    return int(hit[1] & 1) + 2 * (dark_of(item, hit[0]) ^ dark_of(words, point))


@njit(cache=True, nogil=True)
def _agrees(
    pose: NDArray[np.float64], other: NDArray[np.float64], places: NDArray[np.float64], anchor: NDArray[np.float64]
) -> bool:
    """Whether a hit with pose `other` and `places` (x, y, u, v) votes for the `pose` of the hit at `anchor`."""
    if abs(turn(pose[0] - other[0])) > ANGLE_TOLERANCE or abs(pose[1] - other[1]) > SIZE_TOLERANCE:
        return False
    x = pose[2] * places[2] - pose[3] * places[3] + pose[4]
    y = pose[3] * places[2] + pose[2] * places[3] + pose[5]
    reach = math.hypot(places[0] - anchor[0], places[1] - anchor[1])
    slack = PLACE_SLACK_PX * math.exp(max(pose[1], 0.0))
    return math.hypot(x - places[0], y - places[1]) <= PLACE_TOLERANCE * reach + slack


@njit(cache=True, nogil=True)
def poll(item: Words, words: Words, group: Hits) -> tuple[int, int, NDArray[np.bool_]]:
    """Find the hit of one print that most others agree with: (votes, flags, which hits agree)."""
    count = min(len(group), MAX_GROUP)
    poses = np.empty((count, 6))
    places = np.empty((count, 4))
    flags = np.empty(count, np.int64)
    for i in range(count):
        point, mirrored = group[i, 1] >> 1, group[i, 1] & 1
        similarity_of(item, group[i, 0], words, group[i, 1], poses[i])
        places[i, 0], places[i, 1] = place_of(item, group[i, 0])
        u, places[i, 3] = place_of(words, point)
        places[i, 2] = -u if mirrored else u
        flags[i] = _flags(item, words, group[i])
    votes = winner = 0
    for i in range(count):
        total = 0
        last = -1
        for j in range(count):
            if flags[j] == flags[i] and (j == i or _agrees(poses[i], poses[j], places[j], places[i])):
                total += group[j, 0] != last
                last = group[j, 0]
        if total > votes:
            votes, winner = total, i
    agreeing = np.zeros(count, np.bool_)
    if votes >= MIN_VOTES:
        for j in range(count):
            agrees = j == winner or _agrees(poses[winner], poses[j], places[j], places[winner])
            agreeing[j] = agrees and flags[j] == flags[winner]
    return votes, flags[winner], agreeing


@njit(cache=True, nogil=True)
def candidates(
    item: Words, words: Words, starts: NDArray[np.int64], hits: Hits
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Group hits by print and poll each group.

    Returns:
        int64 (c, 3) of (print, votes, mirrored + 2 * negative), most votes first, and float64 (c, 6): the affine map
        (a, b, tx, c, d, ty) from work to item pixels that fits the agreeing hits best.
    """
    owners = np.searchsorted(starts, hits[:, 1] >> 1, side="right") - 1
    order = np.argsort(owners, kind="mergesort")
    found = np.empty((len(hits) // MIN_VOTES + 1, 3), np.int64)
    maps = np.empty((len(found), 6))
    needed = MIN_VOTES + (len(item) > MANY_POINTS)
    count = begin = 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and owners[order[end]] == owners[order[begin]]:
            end += 1
        if end - begin >= needed:
            group = hits[order[begin:end]]
            votes, flags, agreeing = poll(item, words, group)
            if votes >= needed:
                found[count, 0], found[count, 1], found[count, 2] = owners[order[begin]], votes, flags
                maps[count] = _similarity_fit(item, words, group[: len(agreeing)][agreeing])
                count += 1
        begin = end
    best = np.argsort(-found[:count, 1], kind="mergesort")[:MAX_CANDIDATES]
    return found[best], maps[best]


@njit(cache=True, nogil=True)
def _similarity_fit(item: Words, words: Words, group: Hits) -> NDArray[np.float64]:
    """Least-squares similarity (Umeyama 1991, in the plane) through hits; a single place keeps its own pose."""
    pose = np.empty(6)
    similarity_of(item, group[0, 0], words, group[0, 1], pose)
    sign = -1.0 if group[0, 1] & 1 else 1.0
    n = len(group)
    table = np.empty((n, 4))
    for i in range(n):
        table[i, 0], table[i, 1] = place_of(item, group[i, 0])
        u, table[i, 3] = place_of(words, group[i, 1] >> 1)
        table[i, 2] = sign * u
    mean = np.array([table[:, 0].mean(), table[:, 1].mean(), table[:, 2].mean(), table[:, 3].mean()])
    dot = cross = norm = 0.0
    for i in range(n):
        x, y, u, v = table[i, 0] - mean[0], table[i, 1] - mean[1], table[i, 2] - mean[2], table[i, 3] - mean[3]
        dot += x * u + y * v
        cross += y * u - x * v
        norm += u * u + v * v
    a, b = (dot / norm, cross / norm) if norm > 16.0 else (pose[2], pose[3])
    tx = mean[0] - a * mean[2] + b * mean[3]
    ty = mean[1] - b * mean[2] - a * mean[3]
    return np.array([a * sign, -b, tx, b * sign, a, ty])
