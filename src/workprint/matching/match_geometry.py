"""What a map from print to item says: the regions matched, the transformation, the relation."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workprint.matching.geometry import Map

Corners = NDArray[np.float64]

WHOLE_WORK = 0.85
"""Part of the work's area that has to be visible for the whole work to be there."""

WHOLE_ITEM = 0.6
"""Part of the item that the work has to cover for the item to be (an edit of) the work, not to contain it."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a work lies in an item. Boxes are (left, top, right, bottom) in fractions of width and height."""

    item_box: tuple[float, float, float, float]
    work_box: tuple[float, float, float, float]
    item_covered: float
    """Part of the item's area that the work covers."""
    work_visible: float
    """Part of the work's area that lies within the item."""
    mirrored: bool
    rotation_deg: float
    """Counter-clockwise as seen, -180 to 180; after mirroring left to right."""
    scale: float
    """Pixels of the item's raster per pixel of the work's raster."""

    @property
    def relation(self) -> str:
        """`near_duplicate`, `excerpt` or `contains`."""
        if self.work_visible < WHOLE_WORK:
            return "excerpt"
        return "near_duplicate" if self.item_covered >= WHOLE_ITEM else "contains"


def place(mapping: Map, work_size: tuple[int, int], item_size: tuple[int, int]) -> Placement | None:
    """Read a map from work pixels to item pixels; None where it is no possible view of the work.

    Args:
        mapping: float64 (9,), a homography row by row.
        work_size, item_size: (width, height) of the rasters in pixels.
    """
    outline = _rectangle(work_size)
    seen = _project(mapping, outline)
    if seen is None or not _is_view(seen):
        return None
    shown = _clip(seen, *item_size)
    inverse = _inverse(mapping)
    if inverse is None:
        return None
    back = _project(inverse.ravel(), shown) if len(shown) > 2 else None
    if back is None:
        return None
    middle = np.array([work_size[0] / 2, work_size[1] / 2], np.float64)
    a, b, c, d = _slope(mapping, middle)
    mirrored = a * d - b * c < 0
    rotation = math.atan2(-c, a) if not mirrored else math.atan2(c, -a)
    return Placement(
        _box(shown, item_size),
        _box(back, work_size),
        min(_area(shown) / (item_size[0] * item_size[1]), 1.0),
        min(_area(back) / (work_size[0] * work_size[1]), 1.0),
        mirrored,
        math.degrees(rotation),
        math.sqrt(abs(a * d - b * c)),
    )


def _inverse(mapping: Map) -> Map | None:
    """The map back; None where there is none, as points crafted to lie on one line may bring about."""
    try:
        inverse: Map = np.linalg.inv(mapping.reshape(3, 3)).astype(np.float64)
    except np.linalg.LinAlgError:
        return None
    return inverse


def _rectangle(size: tuple[int, int]) -> Corners:
    width, height = size
    return np.array([(0.0, 0.0), (width, 0.0), (width, height), (0.0, height)])


def _project(mapping: Map, places: Corners) -> Corners | None:
    """Map places (n, 2); None where one lies on or behind the horizon."""
    matrix = mapping.reshape(3, 3)
    lifted = np.column_stack([places, np.ones(len(places))]) @ matrix.T
    depth = lifted[:, 2]
    if depth.min() <= 1e-6 * np.abs(depth).max() and depth.max() >= -1e-6 * np.abs(depth).max():
        return None
    return lifted[:, :2] / depth[:, None]


def _cross(corners: Corners) -> Corners:
    """Signed turn at each corner."""
    ahead = np.roll(corners, -1, axis=0) - corners
    after = np.roll(ahead, -1, axis=0)
    return ahead[:, 0] * after[:, 1] - ahead[:, 1] * after[:, 0]


def _is_view(corners: Corners) -> bool:
    """Whether a quadrilateral is convex and no side is more than six times as long as the one across from it."""
    turns = _cross(corners)
    sides = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    across = np.roll(sides, 2)
    return bool((turns > 0).all() or (turns < 0).all()) and bool((sides <= 6.0 * across).all())


def _clip(corners: Corners, width: int, height: int) -> Corners:
    """Cut a convex polygon to the item's rectangle (Sutherland & Hodgman 1974)."""
    for axis, bound, sign in ((0, 0.0, 1.0), (0, width, -1.0), (1, 0.0, 1.0), (1, height, -1.0)):
        corners = _clip_side(corners, axis, float(bound), sign)
    return corners


def _clip_side(corners: Corners, axis: int, bound: float, sign: float) -> Corners:
    kept: list[NDArray[np.float64]] = []
    for here, then in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside, next_inside = sign * (here[axis] - bound) >= 0, sign * (then[axis] - bound) >= 0
        if inside:
            kept.append(here)
        if inside != next_inside:
            kept.append(here + (then - here) * ((bound - here[axis]) / (then[axis] - here[axis])))
    return np.array(kept).reshape(-1, 2)


def _area(corners: Corners) -> float:
    x, y = corners.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _box(corners: Corners, size: tuple[int, int]) -> tuple[float, float, float, float]:
    fractions = np.clip(corners / np.array(size, float), 0.0, 1.0)
    (left, top), (right, bottom) = fractions.min(axis=0), fractions.max(axis=0)
    return float(left), float(top), float(right), float(bottom)


def _slope(mapping: Map, at: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Jacobian of the map at a place."""
    depth = mapping[6] * at[0] + mapping[7] * at[1] + mapping[8]
    x, y = (mapping[0:2] @ at + mapping[2]) / depth, (mapping[3:5] @ at + mapping[5]) / depth
    return (
        float((mapping[0] - mapping[6] * x) / depth),
        float((mapping[1] - mapping[7] * x) / depth),
        float((mapping[3] - mapping[6] * y) / depth),
        float((mapping[4] - mapping[7] * y) / depth),
    )
