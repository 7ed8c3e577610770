"""The whole-picture perceptual hash: 256 bits, as imagehash defines `phash` with `hash_size=16`.

Luminance is resized to 64 x 64 (Lanczos), transformed by a two-dimensional DCT-II, and each of the 16 x 16 lowest
coefficients says whether it is above their median (Zauner, "Implementation and Benchmarking of Perceptual Image Hash
Functions", 2010; `imagehash.phash`). Only the decoder's reduction before that, named in the recipe, is ours.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workprint.errors import LowInformation
from workprint.fingerprints.backgrounds import backgrounds
from workprint.model import Fingerprint, Medium, Raster, Recipe

HASH_SIDE = 16
HASH_BITS = HASH_SIDE * HASH_SIDE
_SIDE = 4 * HASH_SIDE
_NOISE = 128.0
"""What one grey level of rounding noise per pixel amounts to in a DCT coefficient of a 64 x 64 picture (2 * 64)."""
_MIN_QUALITY = 0.2


def _dct_rows() -> NDArray[np.float64]:
    """The first 16 rows of the unnormalised 64-point DCT-II, float64 (16, 64)."""
    frequency, position = np.arange(HASH_SIDE)[:, None], np.arange(_SIDE)[None, :]
    return 2.0 * np.cos(np.pi * frequency * (2 * position + 1) / (2 * _SIDE))


_DCT = _dct_rows()


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
        return self._kept((name, small) for name, small in _reduced(subject))

    def of_work(self, subject: Raster) -> Sequence[Fingerprint]:
        """Sixteen hashes per background: eight orientations, each also as a negative.

        Raises:
            LowInformation: as `of_item`.
        """
        return self._kept(
            (",".join(filter(None, (background, variant))), picture)
            for background, small in _reduced(subject)
            for variant, picture in _variants(small)
        )

    def _kept(self, pictures: Iterator[tuple[str, NDArray[np.uint8]]]) -> Sequence[Fingerprint]:
        prints = []
        for variant, picture in pictures:
            value, quality = perceptual_hash(picture)
            if quality >= _MIN_QUALITY:
                prints.append(Fingerprint(self.recipes[0].recipe_id, value, quality, None, variant))
        if not prints:
            raise LowInformation("the picture is flat or nearly so: it would be like every other flat picture")
        return prints


def perceptual_hash(picture: NDArray[np.uint8]) -> tuple[bytes, float]:
    """The hash of a 64 x 64 picture, 32 bytes, and its quality.

    Quality is the share of bits that stand clear of rounding noise, 0 to 1: a bit whose coefficient lies within it
    could as well be the other one.
    """
    low = _DCT @ picture.astype(np.float64) @ _DCT.T
    clear = low - np.median(low)
    quality = float(np.count_nonzero(np.abs(clear) > _NOISE)) / HASH_BITS
    return np.packbits(clear > 0).tobytes(), quality


def reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Resize luminance, uint8 (h, w), to the 64 x 64 that is hashed."""
    small = Image.fromarray(pixels).resize((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    return np.asarray(small)


def _reduced(raster: Raster) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    return ((background, reduced(pixels)) for background, pixels in backgrounds(raster))


def _variants(small: NDArray[np.uint8]) -> Iterator[tuple[str, NDArray[np.uint8]]]:
    for mirrored in (False, True):
        for quarter_turns in range(4):
            picture = np.rot90(np.fliplr(small) if mirrored else small, quarter_turns)
            name = variant_name(mirrored, 90 * quarter_turns)
            yield name, picture
            yield ",".join(filter(None, (name, "negative"))), 255 - picture


def variant_name(mirrored: bool, rotation_deg: int) -> str:
    """`mirrored,rotated_90` and the like; empty for the picture as it is. Mirrored first, then turned left."""
    return ",".join(filter(None, ("mirrored" if mirrored else "", f"rotated_{rotation_deg}" if rotation_deg else "")))
