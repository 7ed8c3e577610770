"""Fingerprints of the places in a picture: local features, and the MinHash signature of their visual words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from workprint.errors import LowInformation
from workprint.fingerprints.backgrounds import backgrounds
from workprint.fingerprints.image_features import ITEM, WORK, FeatureSettings, extract
from workprint.fingerprints.minhash import minhash_signature
from workprint.fingerprints.visual_words import visual_words
from workprint.model import Fingerprint, Medium, Raster, Recipe
from workprint.serial.image_layout import Features, encode

WORKING_PX = 1024
"""Longest side that features are looked for in."""
_PERMUTATIONS = 128
_SEED = 1
_LEAST_POINTS = 8


class ImageLocal:
    """Fingerprints a picture by its places; survives crops, collages, borders, overlays and rotation."""

    def __init__(self, decode_px: int) -> None:
        """Name the size the decoder reduced pictures to, since it decides bytes."""
        settings = tuple((key, value) for key, value in asdict(ITEM).items() if not isinstance(value, bool))
        params = (*settings, ("sparse_levels", "all"), ("decode_px", decode_px), ("working_px", WORKING_PX))
        sketch = (
            ("permutations", _PERMUTATIONS),
            ("scheme", "affine32"),
            ("seed", _SEED),
            ("tokens", "visual_words/2"),
        )
        self.recipes = (
            Recipe("image.features", 1, Medium.IMAGE, params),
            Recipe("image.minhash", 1, Medium.IMAGE, (*sketch, ("features", "image.features/1"))),
        )

    def of_item(self, subject: Raster) -> Sequence[Fingerprint]:
        """Features and a signature; of a picture with alpha, on white and on black.

        Raises:
            LowInformation: there are too few places that could be told from others.
        """
        return self._prints(subject, ITEM)

    def of_work(self, subject: Raster) -> Sequence[Fingerprint]:
        """The same at every size in between. Mirrored and negative are dealt with when features are looked up.

        Raises:
            LowInformation: as `of_item`.
        """
        return self._prints(subject, WORK)

    def _prints(self, subject: Raster, settings: FeatureSettings) -> Sequence[Fingerprint]:
        prints = [
            print_
            for background, pixels in backgrounds(subject)
            for print_ in self._of_pixels(extract(bounded(pixels), settings), background)
        ]
        if not prints:
            raise LowInformation("the picture has too few places that could be told from others")
        return prints

    def _of_pixels(self, features: Features, background: str) -> Iterator[Fingerprint]:
        if len(features.points) < _LEAST_POINTS:
            return
        local, sketch = (recipe.recipe_id for recipe in self.recipes)
        yield Fingerprint(local, encode(features), 1.0, None, background)
        signature = minhash_signature(visual_words(features.points), _PERMUTATIONS, _SEED).astype("<u4")
        yield Fingerprint(sketch, signature.tobytes(), 1.0, None, background)


def bounded(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Luminance, uint8 (h, w), with its longest side reduced to `WORKING_PX` where it is longer."""
    height, width = pixels.shape
    factor = WORKING_PX / max(height, width)
    if factor >= 1.0:
        return pixels
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0))
