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
    """Rotate all 256 tests to every direction, in whole pixels: int8 (TURNS, 2, 512), dy and dx of the first places
    of all tests, then of the second ones.
    """
    half = tests().astype(np.float64)
    both = np.concatenate([half, half * np.array([1.0, -1.0, 1.0, -1.0])])
    angles = np.arange(TURNS) * (2.0 * math.pi / TURNS)
    cosine, sine = np.cos(angles)[:, None], np.sin(angles)[:, None]
    u = np.concatenate([both[:, 0], both[:, 2]])
    v = np.concatenate([both[:, 1], both[:, 3]])
    whole: NDArray[np.int8] = np.rint(np.stack([u * sine + v * cosine, u * cosine - v * sine], axis=1)).astype(np.int8)
    return whole


LAYOUT = _lay_out()


def _disc() -> NDArray[np.int8]:
    """Every second pixel in a disc of radius 14 as int8 (2, n), dy and dx: where the direction is measured."""
    steps = np.arange(-14, 15, 2)
    dy, dx = np.meshgrid(steps, steps, indexing="ij")
    keep = dy * dy + dx * dx <= 14 * 14
    return np.stack([dy[keep], dx[keep]]).astype(np.int8)


DISC = _disc()


@njit(cache=True, nogil=True)
def is_dark(image: Smooth, y: int, x: int) -> bool:
    """Whether a blob is darker than its surroundings: the sign of the Laplacian."""
    around = image[y - 2, x] + image[y + 2, x] + image[y, x - 2] + image[y, x + 2]
    return bool(around > np.float32(4) * image[y, x])


@njit(cache=True, nogil=True)
def set_offsets(layout: NDArray[np.int8], width: int, steps: NDArray[np.int32]) -> None:
    """Turn (2, n) steps of dy and dx into `steps` (n,) in an image whose rows are `width` apart."""
    along_y, along_x, across = layout[0], layout[1], np.int32(width)
    for i in range(len(steps)):
        steps[i] = np.int32(along_y[i]) * across + np.int32(along_x[i])


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
        along_y += value * np.float32(disc[0, i])
        along_x += value * np.float32(disc[1, i])
    return math.atan2(along_y, along_x)


@njit(cache=True, nogil=True)
def describe(image: Smooth, place: int, steps: NDArray[np.int32], out: NDArray[np.uint64]) -> None:
    """Write 256 bits to `out` (4,): bit i tells whether the first of two places is darker; `steps` (512,)."""
    for word in range(4):
        bits = np.uint64(0)
        for bit in range(64):
            at = word * 64 + bit
            first = image[np.uintp(place + steps[at])]
            second = image[np.uintp(place + steps[at + 256])]
            bits |= np.uint64(first < second) << np.uint64(bit)
        out[word] = bits
