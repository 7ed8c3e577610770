"""What a local feature looks like: a direction and 256 bits that stay the same under rotation and inversion.

Steered binary tests as in BRIEF (Calonder et al. 2010) and ORB (Rublee et al. 2011), with two changes that let the
portfolio pay for nothing twice:

- Points darker than their surroundings are described as if the picture were inverted, so a negative has the same bits.
- Tests come in pairs that mirror each other about the point's direction, the mirror twin of test i is test i + 128.
  The mirrored picture's descriptor is therefore the descriptor with its halves exchanged.
"""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.fingerprints.point_detector import Smooth
from workprint.fingerprints.point_tests import tests

TURNS = 64
"""Directions for which the tests are laid out."""


def _lay_out() -> NDArray[np.int8]:
    """Rotate all 256 tests to every direction: int8 (TURNS, 256, 4) of (dy1, dx1, dy2, dx2) in whole pixels."""
    half = tests().astype(np.float64)
    both = np.concatenate([half, half * np.array([1.0, -1.0, 1.0, -1.0])])
    angles = np.arange(TURNS) * (2.0 * math.pi / TURNS)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    columns = []
    for first in (0, 2):
        u, v = both[None, :, first], both[None, :, first + 1]
        columns += [u * sine + v * cosine, u * cosine - v * sine]
    whole: NDArray[np.int8] = np.rint(np.stack(columns, axis=-1)).astype(np.int8)
    return whole


LAYOUT = _lay_out()


def _disc() -> NDArray[np.int8]:
    """Every second pixel in a disc of radius 14 as int8 (n, 2) of (dy, dx): where the direction is measured."""
    steps = np.arange(-14, 15, 2)
    dy, dx = np.meshgrid(steps, steps, indexing="ij")
    keep = dy * dy + dx * dx <= 14 * 14
    return np.stack([dy[keep], dx[keep]], axis=-1).astype(np.int8)


DISC = _disc()


@njit(cache=True, nogil=True)
def is_dark(image: Smooth, y: int, x: int) -> bool:
    """Whether a blob is darker than its surroundings: the sign of the Laplacian."""
    around = image[y - 2, x] + image[y + 2, x] + image[y, x - 2] + image[y, x + 2]
    return bool(around > np.float32(4) * image[y, x])


@njit(cache=True, nogil=True)
def offsets(layout: NDArray[np.int8], width: int) -> NDArray[np.int32]:
    """Turn (…, 2k) steps of (dy, dx) into (…, k) steps in an image whose rows are `width` apart."""
    flat = layout.reshape(-1, 2)
    out = np.empty(len(flat), np.int32)
    for i in range(len(flat)):
        out[i] = np.int32(flat[i, 0]) * np.int32(width) + np.int32(flat[i, 1])
    return out


@njit(cache=True, nogil=True)
def direction(image: Smooth, place: int, steps: NDArray[np.int32], disc: NDArray[np.int8]) -> float:
    """Angle in radians from a point to the centroid of its neighbourhood's light (Rosin 1999), +y is down.

    `image` is flat here and below, and indices are unsigned: without the test for negative indices this is twice as
    fast. `MARGIN_PX` keeps every step inside.
    """
    along_y = np.float32(0)
    along_x = np.float32(0)
    for i in range(len(steps)):
        value = image[np.uintp(place + steps[i])]
        along_y += value * np.float32(disc[i, 0])
        along_x += value * np.float32(disc[i, 1])
    return math.atan2(along_y, along_x)


@njit(cache=True, nogil=True)
def describe(image: Smooth, place: int, steps: NDArray[np.int32], out: NDArray[np.uint64]) -> None:
    """Write 256 bits to `out` (4,): bit i tells whether the first of two places (`steps` (256, 2)) is darker."""
    for word in range(4):
        bits = np.uint64(0)
        for bit in range(64):
            at = word * 64 + bit
            first = image[np.uintp(place + steps[at, 0])]
            second = image[np.uintp(place + steps[at, 1])]
            bits |= np.uint64(first < second) << np.uint64(bit)
        out[word] = bits
