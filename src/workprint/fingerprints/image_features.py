"""Local image features: up to a few hundred places of a picture with 256 bits each, robust to most edits.

Points follow the picture's size: a level of the pyramid gives one point per `AREA_PER_POINT` pixels, so only large
pictures pay for more. Small pictures are enlarged first, because a crop has few pixels but still many places.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from workprint.fingerprints.point_descriptor import DISC, LAYOUT, TURNS, describe, direction, is_dark, set_offsets
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
_POINT_BYTES = POINT.itemsize
_TABLES = LAYOUT, DISC, np.array([LEVEL_STEP**level for level in range(64)])
"""The last: pixels of the raster per pixel of a level."""


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
    rows: NDArray[np.uint8] = _of_levels(grey, level, (settings.area_per_point, settings.max_points), _TABLES)
    return rows.view(POINT).reshape(-1)


def _joined(found: list[NDArray[np.void]]) -> NDArray[np.void]:
    """Put points together as bytes: NumPy takes 50 microseconds to agree with itself that equal types are equal."""
    rows = [points.view(np.uint8).reshape(-1, POINT.itemsize) for points in found]
    return np.concatenate(rows).view(POINT).reshape(-1)


@njit(cache=True, nogil=True)
def _of_levels(grey, level, bounds, tables):  # type: ignore[no-untyped-def]
    """Return points as bytes, uint8 (n, 40): at most so many, and one for so many pixels of a level."""
    area_per_point, max_points = bounds
    rows = np.zeros((max_points, _POINT_BYTES), np.uint8)
    count = 0
    while min(grey.shape) >= _MIN_LEVEL_PX and count < max_points:
        budget = min(max_points - count, math.ceil(grey.size / area_per_point))
        added = _of_level(grey, level, rows[count : count + budget], tables)
        grey, level, count = two_thirds(grey), level + 2, count + added
    return rows[:count].copy()


@njit(cache=True, nogil=True)
def _of_level(grey, level, rows, tables):  # type: ignore[no-untyped-def]
    """Fill rows of a point array, as many as there may be, and return how many there are."""
    layout, disc, sizes = tables
    shorts, words = rows.view(np.uint16), rows.view(np.uint64)
    image = smooth(grey)
    response = determinants(image)
    best, places = peaks_by_cell(image, response)
    chosen = spread(best, places, len(rows))
    width = grey.shape[1]
    flat = image.ravel()
    steps, are_set = np.empty((TURNS, layout.shape[2]), np.int32), np.zeros(TURNS, np.bool_)
    around = np.empty(disc.shape[1], np.int32)
    set_offsets(disc, width, around)
    for i in range(len(chosen)):
        y, x = chosen[i] // width, chosen[i] % width
        exact_y, exact_x = refine(response, y, x)
        angle = direction(flat, chosen[i], around, disc)
        dark = is_dark(image, y, x)
        if dark:
            angle += math.pi
        turn = angle / (2.0 * math.pi)
        course = round(turn * TURNS) % TURNS
        if not are_set[course]:
            set_offsets(layout[course], width, steps[course])
            are_set[course] = True
        row = words[i, 1:]
        describe(flat, chosen[i], steps[course], row)
        if dark:
            for word in range(4):
                row[word] = ~row[word]
        shorts[i, 0] = min(round(((exact_x + 0.5) * sizes[level] - 0.5) * SUBPIXEL), 65535)
        shorts[i, 1] = min(round(((exact_y + 0.5) * sizes[level] - 0.5) * SUBPIXEL), 65535)
        rows[i, 4] = level
        rows[i, 5] = round(turn * 256.0) % 256
        rows[i, 6] = dark
    return len(chosen)
