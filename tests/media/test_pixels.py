"""Pixels are taken from Pillow without being copied where that can be done, and are the same where it cannot."""

import numpy as np
import pytest
from PIL import Image

from workprint.media.pixels import as_array


@pytest.mark.parametrize("size", [(1, 1), (401, 53), (5000, 4000)])
def test_an_array_holds_the_pixels_and_outlives_the_picture(size: tuple[int, int]) -> None:
    """Also of widths that fill no whole number of words, and of pictures that Pillow keeps in several pieces."""
    width, height = size
    expected = (np.arange(width * height, dtype=np.uint32) % 251).astype(np.uint8).reshape(height, width)
    picture = Image.fromarray(expected)

    pixels = as_array(picture)
    del picture

    assert (pixels == expected).all()
    assert not pixels.flags.writeable
