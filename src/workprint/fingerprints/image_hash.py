"""The whole-picture perceptual hash: 256 bits, as imagehash defines `phash` with `hash_size=16`.

Luminance is resized to 64 x 64 (Lanczos), transformed by a two-dimensional DCT-II, and each of the 16 x 16 lowest
coefficients says whether it is above their median (Zauner, "Implementation and Benchmarking of Perceptual Image Hash
Functions", 2010; `imagehash.phash`). Both steps are linear, so they are done as one matrix from each side, without
rounding to whole grey levels in between. A picture of 64 x 64 has imagehash's very hash, others one within a few bits.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workprint.errors import LowInformation
from workprint.fingerprints.backgrounds import backgrounds
from workprint.model import Fingerprint, Medium, Raster, Recipe

HASH_SIDE = 16
HASH_BITS = HASH_SIDE * HASH_SIDE
_SIDE = 4 * HASH_SIDE
_LOBES = 3.0
_NOISE = 128.0
"""What one grey level of rounding noise per pixel amounts to in a DCT coefficient of a 64 x 64 picture (2 * 64)."""
_MIN_QUALITY = 0.2
_LARGEST_PX = 512
"""Pictures with a longer side are first reduced by whole numbers, which is faster and changes no bit that is clear."""
_DECIMALS = 3
"""Coefficients are rounded, so that what is equal but for the order of additions is equal on every machine."""

Extent = tuple[float, float]
"""Height and width of a picture in its own pixels: the last row or column may stand for a part of a pixel only."""
Pixels = NDArray[np.uint8]


class ImageHash:
    """Fingerprints a picture by its whole; survives thumbnails, blur and heavy compression."""

    def __init__(self, decode_px: int) -> None:
        """Name the size the decoder reduced pictures to, since it decides bits."""
        params = (("bits", HASH_BITS), ("decode_px", decode_px))
        self.recipes = (Recipe("image.phash", 1, Medium.IMAGE, params),)

    def of_item(self, subject: Raster) -> Sequence[Fingerprint]:
        """One hash; two for a picture with alpha, on white and on black.

        Raises:
            LowInformation: the picture is flat, or nearly so, on every background.
        """
        extent = _extent_of(subject)
        return self._kept((name, coefficients(pixels, extent)) for name, pixels in backgrounds(subject))

    def of_work(self, subject: Raster) -> Sequence[Fingerprint]:
        """Sixteen hashes per background: eight orientations, each also as a negative.

        Raises:
            LowInformation: as `of_item`.
        """
        extent = _extent_of(subject)
        return self._kept(
            (",".join(filter(None, (background, variant))), _transformed(picture))
            for background, pixels in backgrounds(subject)
            for variant, picture in _variants(resized(pixels, extent))
        )

    def _kept(self, pictures: Iterator[tuple[str, NDArray[np.float64]]]) -> Sequence[Fingerprint]:
        prints = []
        for variant, low in pictures:
            value, quality = hash_of(low)
            if quality >= _MIN_QUALITY:
                prints.append(Fingerprint(self.recipes[0].recipe_id, value, quality, None, variant))
        if not prints:
            raise LowInformation("the picture is flat or nearly so: it would be like every other flat picture")
        return prints


def perceptual_hash(pixels: Pixels) -> tuple[bytes, float]:
    """The hash of luminance, uint8 (h, w), as 32 bytes, and its quality; see `hash_of`."""
    height, width = pixels.shape
    return hash_of(coefficients(pixels, (float(height), float(width))))


def hash_of(low: NDArray[np.float64]) -> tuple[bytes, float]:
    """The hash of coefficients, float64 (16, 16), as 32 bytes, and its quality.

    Quality is the share of bits that stand clear of rounding noise, 0 to 1: a bit whose coefficient lies within it
    could as well be the other one.
    """
    values = low.ravel()
    middle = np.partition(values, (HASH_BITS // 2 - 1, HASH_BITS // 2))
    clear = values - (middle[HASH_BITS // 2 - 1] + middle[HASH_BITS // 2]) / 2.0
    quality = float(np.count_nonzero(np.abs(clear) > _NOISE)) / HASH_BITS
    return np.packbits(clear > 0).tobytes(), quality


def coefficients(pixels: Pixels, extent: Extent) -> NDArray[np.float64]:
    """The lowest DCT coefficients, float64 (16, 16), of luminance, uint8 (h, w), resized to 64 x 64."""
    pixels, (height, width) = _bounded(pixels, extent)
    rows, columns = _dct_of(pixels.shape[0], height), _dct_of(pixels.shape[1], width)
    return np.round(rows @ pixels @ columns.T, _DECIMALS)


def resized(pixels: Pixels, extent: Extent) -> NDArray[np.float64]:
    """Luminance, uint8 (h, w), resized to 64 x 64, float64."""
    pixels, (height, width) = _bounded(pixels, extent)
    return _lanczos(pixels.shape[0], height) @ pixels @ _lanczos(pixels.shape[1], width).T


def variant_name(mirrored: bool, rotation_deg: int) -> str:
    """`mirrored,rotated_90` and the like; empty for the picture as it is. Mirrored first, then turned left."""
    return ",".join(filter(None, ("mirrored" if mirrored else "", f"rotated_{rotation_deg}" if rotation_deg else "")))


def _extent_of(raster: Raster) -> Extent:
    """The decoder reduces by a whole number, so the last row and column may cover only a part of a pixel."""
    height, width = raster.pixels.shape
    factor = max(1, ceil(raster.width_px / width), ceil(raster.height_px / height))
    return min(height, raster.height_px / factor), min(width, raster.width_px / factor)


def _bounded(pixels: Pixels, extent: Extent) -> tuple[Pixels, Extent]:
    factor = max(pixels.shape) // (_LARGEST_PX // 2) if max(pixels.shape) > _LARGEST_PX else 1
    if factor == 1:
        return pixels, extent
    small = np.asarray(Image.fromarray(pixels).reduce(factor))
    return small, (extent[0] / factor, extent[1] / factor)


def _transformed(picture: NDArray[np.float64]) -> NDArray[np.float64]:
    dct = _dct_rows()
    return np.round(dct @ picture @ dct.T, _DECIMALS)


@lru_cache(maxsize=256)
def _dct_of(length: int, extent: float) -> NDArray[np.float64]:
    """Resizing and transforming in one, float64 (16, length)."""
    product: NDArray[np.float64] = _dct_rows() @ _lanczos(length, extent)
    return product


@lru_cache(maxsize=1)
def _dct_rows() -> NDArray[np.float64]:
    """The first 16 rows of the unnormalised 64-point DCT-II, float64 (16, 64)."""
    frequency, position = np.arange(HASH_SIDE)[:, None], np.arange(_SIDE)[None, :]
    return 2.0 * np.cos(np.pi * frequency * (2 * position + 1) / (2 * _SIDE))


@lru_cache(maxsize=256)
def _lanczos(length: int, extent: float) -> NDArray[np.float64]:
    """Resizing of `length` pixels, of which `extent` are covered, to 64 by Lanczos' kernel, float64 (64, length).

    As Pillow does it: the kernel is stretched by the factor of a reduction, and cut at the picture's edge.
    """
    scale = extent / _SIDE
    stretch = max(1.0, scale)
    centres = (np.arange(_SIDE)[:, None] + 0.5) * scale
    offsets = (np.arange(length)[None, :] + 0.5 - centres) / stretch
    weights = np.where(np.abs(offsets) < _LOBES, np.sinc(offsets) * np.sinc(offsets / _LOBES), 0.0)
    normalised: NDArray[np.float64] = weights / weights.sum(axis=1, keepdims=True)
    return normalised


def _variants(small: NDArray[np.float64]) -> Iterator[tuple[str, NDArray[np.float64]]]:
    for mirrored in (False, True):
        for quarter_turns in range(4):
            picture = np.rot90(np.fliplr(small) if mirrored else small, quarter_turns)
            name = variant_name(mirrored, 90 * quarter_turns)
            yield name, picture
            yield ",".join(filter(None, (name, "negative"))), 255.0 - picture
