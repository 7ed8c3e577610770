"""How local image features lie in bytes. Both sides, fingerprinting and matching, import this and nothing else of each
other."""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POINT = np.dtype(
    [
        ("x", "<u2"),  # sixteenths of a pixel of the raster the points were found in
        ("y", "<u2"),
        ("level", "u1"),  # pyramid level; the point's size grows by LEVEL_STEP per level
        ("angle", "u1"),  # 256ths of a turn, from +x towards +y (down)
        ("dark", "u1"),  # 1 where the point is darker than its surroundings, 0 where it is lighter
        ("reserved", "u1"),
        ("descriptor", "<u8", (4,)),
    ]
)
"""One local feature: 40 bytes, little endian, so that descriptors stay aligned to 8 bytes."""

SUBPIXEL = 16
"""Steps per pixel in which `x` and `y` are stored."""

LEVEL_STEP = 1.5**0.5
"""Growth in size from one level to the next. Items use every second level, works all (see `image_features`)."""

MAX_POINTS = 4096
"""No subject has more; also the bound a reader of foreign bytes relies on."""

MAX_SIDE_PX = 4095
"""Longest side of a raster whose points can be stored."""

_HEADER = struct.Struct("<HHI")


@dataclass(frozen=True, slots=True)
class Features:
    """The local features of one picture."""

    width_px: int
    """Size of the raster the points were found in; it fixes the aspect, not the size of the original."""
    height_px: int
    points: NDArray[np.void]
    """(n,) of dtype `POINT`."""


class LayoutError(ValueError):
    """Bytes that are no features."""


def encode(features: Features) -> bytes:
    """Return header (width, height, count) and points as bytes."""
    points = np.ascontiguousarray(features.points, dtype=POINT)
    return _HEADER.pack(features.width_px, features.height_px, len(points)) + points.tobytes()


def decode(data: bytes) -> Features:
    """Read what `encode` wrote.

    Raises:
        LayoutError: the length does not fit the header, or a bound is exceeded. Points may still lie outside the
            raster and carry any level: matching treats all stored numbers as untrusted.
    """
    if len(data) < _HEADER.size:
        raise LayoutError("features are shorter than their header")
    width_px, height_px, count = _HEADER.unpack_from(data)
    if count > MAX_POINTS or not 0 < width_px <= MAX_SIDE_PX or not 0 < height_px <= MAX_SIDE_PX:
        raise LayoutError("features declare an impossible size or count")
    if len(data) != _HEADER.size + count * POINT.itemsize:
        raise LayoutError("features are not as long as they declare")
    return Features(width_px, height_px, np.frombuffer(data, dtype=POINT, offset=_HEADER.size))
