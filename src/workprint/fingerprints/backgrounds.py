"""What lies behind a picture that is partly transparent: nobody knows, so it is looked at on white and on black."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from workprint.model import Raster

_LEVELS = {"": 255, "on_black": 0}
"""White first: what most programs and most datasets put behind a picture without one."""


def backgrounds(raster: Raster) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    """Yield a name and luminance, uint8 (h, w): of an opaque picture itself, of others on each background."""
    if raster.alpha is None:
        yield "", raster.pixels
        return
    for name, level in _LEVELS.items():
        yield name, flattened(raster.pixels, raster.alpha, level)


def flattened(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8], level: int) -> NDArray[np.uint8]:
    """Put luminance, uint8 (h, w), with alpha of the same shape on a background of one grey level."""
    weight = alpha.astype(np.uint16)
    mixed = pixels * weight + np.uint16(level) * (255 - weight)
    return ((mixed + 127) // 255).astype(np.uint8)
