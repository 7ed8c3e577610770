"""Small made-up pictures, the same on every run."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Grey = NDArray[np.uint8]


def made_up(seed: int, width: int = 320, height: int = 240) -> Grey:
    """Grey shapes and grain at several sizes, uint8 (height, width)."""
    random = np.random.default_rng(seed)
    picture = np.zeros((height, width), np.float32)
    for cells in (4, 9, 23, 61):
        grain = Image.fromarray(random.integers(0, 256, (cells, cells), dtype=np.uint8))
        picture += np.asarray(grain.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 4
    for _ in range(25):
        y, x = random.integers(0, height - 30), random.integers(0, width - 30)
        h, w = random.integers(6, 40, 2)
        picture[y : y + h, x : x + w] = random.integers(0, 256)
    return picture.clip(0, 255).astype(np.uint8)


@cache
def made_up_pictures() -> tuple[Grey, ...]:
    """Twelve different pictures; not to be written to."""
    return tuple(made_up(seed) for seed in range(12))
