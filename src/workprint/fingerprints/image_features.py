"""Local image features: up to a few hundred places of a picture with 256 bits each, robust to most edits.

Points follow the picture's size: a level of the pyramid gives one point per `AREA_PER_POINT` pixels, so only large
pictures pay for more. Small pictures are enlarged first, because a crop has few pixels but still many places.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.fingerprints.point_descriptor import DISC, LAYOUT, TURNS, describe, direction, is_dark, offsets
from workprint.fingerprints.point_detector import (
    MARGIN_PX,
    Grey,
    determinants,
    peaks_by_cell,
    refine,
    resample,
    smooth,
    spread,
    two_thirds,
)
from workprint.serial.image_layout import LEVEL_STEP, MAX_POINTS, POINT, SUBPIXEL, Features


@dataclass(frozen=True, slots=True)
class FeatureSettings:
    """What decides the bytes of the features; part of the recipe."""

    area_per_point: int = 900
    """Pixels of a level that one point stands for."""
    min_side_px: int = 400
    """Pictures whose longest side is shorter are enlarged to it, at most `max_enlargement` times."""
    max_enlargement: float = 3.0
    max_points: int = 2000
    sparse: int = 160
    """Pictures with fewer points (line art, flat drawings) are done again at twice the size, on all levels."""
    interleaved: bool = False
    """Works: also the levels between an item's levels, so that any size of the work is near one of them."""


ITEM = FeatureSettings()
WORK = FeatureSettings(area_per_point=560, sparse=560, interleaved=True)

MAX_SPARSE_SIDE_PX = 640

_MIN_LEVEL_PX = 2 * MARGIN_PX + 8


def extract(grey: Grey, settings: FeatureSettings = ITEM) -> Features:
    """Find and describe the local features of a picture.

    Args:
        grey: uint8 (height, width) luminance, already bounded in size by the decoder.
        settings: `ITEM` for what is scanned, `WORK` for what is searched for.
    """
    features = _extract(enlarge(np.ascontiguousarray(grey), settings), settings)
    if len(features.points) < settings.sparse and max(features.width_px, features.height_px) <= MAX_SPARSE_SIDE_PX:
        return _extract(
            resample(grey, 2 * features.height_px, 2 * features.width_px), replace(settings, interleaved=True)
        )
    return features


def _extract(raster: Grey, settings: FeatureSettings) -> Features:
    height, width = raster.shape
    found = [_of_pyramid(raster, 0, settings)]
    if settings.interleaved:
        between = resample(raster, *(max(1, round(side / LEVEL_STEP)) for side in raster.shape))
        found.append(_of_pyramid(between, 1, settings))
    points = _joined(found)[: min(settings.max_points * len(found), MAX_POINTS)]
    return Features(width, height, points)


def enlarge(grey: Grey, settings: FeatureSettings) -> Grey:
    """Bring a small picture to the working size."""
    height, width = grey.shape
    factor = min(settings.min_side_px / max(height, width), settings.max_enlargement)
    return resample(grey, round(height * factor), round(width * factor)) if factor > 1.0 else grey


def _of_pyramid(grey: Grey, level: int, settings: FeatureSettings) -> NDArray[np.void]:
    """Points of a raster and its reductions by 1.5; `level` is that of the raster itself."""
    found: list[NDArray[np.void]] = []
    room = settings.max_points
    while min(grey.shape) >= _MIN_LEVEL_PX and room > 0:
        budget = min(room, math.ceil(grey.size / settings.area_per_point))
        points = np.zeros(budget, POINT)
        count = _of_level(grey, budget, LEVEL_STEP**level, LAYOUT, DISC, *_columns(points))
        points["level"] = level
        found.append(points[:count])
        room -= count
        grey, level = two_thirds(grey), level + 2
    return _joined(found)


def _joined(found: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Put points together as bytes: NumPy takes 50 microseconds to agree with itself that equal types are equal."""
    rows = [points.view(np.uint8).reshape(-1, POINT.itemsize) for points in found]
    return np.concatenate([np.empty((0, POINT.itemsize), np.uint8), *rows]).view(POINT).reshape(-1)


def _columns(points: NDArray[np.void]) -> tuple[NDArray[np.uint16], NDArray[np.uint8], NDArray[np.uint64]]:
    """Views that compiled code can write to: (n, 2) places, (n, 4) bytes, (n, 4) descriptors."""
    rows = points.view(np.uint8).reshape(-1, POINT.itemsize)
    return rows.view("<u2"), rows, rows.view("<u8")


@njit(cache=True, nogil=True)
def _of_level(
    grey: Grey,
    budget: int,
    size: float,
    layout: NDArray[np.int8],
    disc: NDArray[np.int8],
    shorts: NDArray[np.uint16],
    octets: NDArray[np.uint8],
    words: NDArray[np.uint64],
) -> int:
    """Fill the rows of a point array, return how many. `size` is the pixels of the raster per pixel of this level."""
    image = smooth(grey)
    response = determinants(image)
    best, places = peaks_by_cell(image, response)
    chosen = spread(best, places, budget)
    width = grey.shape[1]
    flat = image.ravel()
    steps = offsets(layout, width).reshape(TURNS, 256, 2)
    around = offsets(disc, width)
    for i in range(len(chosen)):
        y, x = chosen[i] // width, chosen[i] % width
        exact_y, exact_x = refine(response, y, x)
        angle = direction(flat, chosen[i], around, disc)
        dark = is_dark(image, y, x)
        if dark:
            angle += math.pi
        turn = angle / (2.0 * math.pi)
        row = words[i, 1:]
        describe(flat, chosen[i], steps[round(turn * TURNS) % TURNS], row)
        if dark:
            for word in range(4):
                row[word] = ~row[word]
        shorts[i, 0] = min(round(((exact_x + 0.5) * size - 0.5) * SUBPIXEL), 65535)
        shorts[i, 1] = min(round(((exact_y + 0.5) * size - 0.5) * SUBPIXEL), 65535)
        octets[i, 5] = round(turn * 256.0) % 256
        octets[i, 6] = dark
    return len(chosen)
