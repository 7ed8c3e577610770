"""Pictures made again from their hashes, signatures and local features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.fft import idctn
from scipy.ndimage import map_coordinates

from workprint.fingerprints.image_hash import HASH_SIDE
from workprint.fingerprints.minhash import _affine_maps, _mixed
from workprint.fingerprints.point_tests import RADIUS_PX
from workprint.serial.image_layout import LEVEL_STEP, SUBPIXEL, Features

PATCH_PX = 16
RIDGES = (0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
Float64s = NDArray[np.float64]
_WORD = 0xFFFFFFFF


def bits_of(value: bytes) -> Float64s:
    """The bits of a hash as -1 and 1, (256,)."""
    return np.unpackbits(np.frombuffer(value, np.uint8)).astype(np.float64) * 2.0 - 1.0


def from_hash_alone(bits: Float64s, side_px: int) -> Float64s:
    """The picture that a hash suggests to who has seen none: amplitudes fall with frequency, signs are known."""
    rows, columns = np.mgrid[:HASH_SIDE, :HASH_SIDE]
    spectrum = np.zeros((side_px, side_px))
    falling = 1.0 / np.maximum(1.0, np.hypot(rows, columns)) ** 1.5
    spectrum[:HASH_SIDE, :HASH_SIDE] = bits.reshape(HASH_SIDE, HASH_SIDE) * falling
    spectrum[0, 0] = 0.0
    picture = idctn(spectrum, norm="ortho")
    return 128.0 + 55.0 * picture / (picture.std() + 1e-9)


class Prior:
    """Ridge regression from hashes, signatures or both to pictures, learnt from some that were seen before.

    In its dual form: two pictures are as alike as their hash bits agree, and as many places of their signatures are
    equal. How much to trust that is decided by leaving each of the pictures out in turn. Of hashes, what is learnt is
    in what the pictures differ from those of `from_hash_alone`.
    """

    def __init__(
        self, pictures: Float64s, hashes: Float64s | None, signatures: NDArray[np.uint32] | None = None
    ) -> None:
        """Take pictures (n, side, side) and, one of each, bits (n, 256) or signatures (n, places)."""
        self._side_px = pictures.shape[1]
        if hashes is not None:
            pictures = pictures - np.stack([from_hash_alone(bits, self._side_px) for bits in hashes])
        self._mean = pictures.mean(axis=0)
        self._hashes, self._signatures = hashes, signatures
        targets = (pictures - self._mean).reshape(len(pictures), -1)
        best = np.inf
        for weight in (0.25, 1.0, 4.0) if hashes is not None and signatures is not None else (1.0,):
            kernel = self._kernel(hashes, signatures, weight)
            values, vectors = np.linalg.eigh(kernel)
            turned = vectors.T @ targets
            for ridge in RIDGES:
                inverse = 1.0 / (np.maximum(values, 0.0) + 0.01 * ridge * len(pictures) ** 0.5)
                weights = vectors @ (inverse[:, None] * turned)
                alone = np.einsum("ij,j,ij->i", vectors, inverse, vectors)
                error = float(((weights / alone[:, None]) ** 2).mean())
                if error < best:
                    best, self._weights, self._weight = error, weights, weight

    def picture(self, bits: Float64s | None, signature: NDArray[np.uint32] | None = None) -> Float64s:
        """What these bits, this signature, or both are most likely of."""
        asked = None if signature is None else signature[None]
        alike = self._kernel(None if bits is None else bits[None], asked, self._weight)
        learnt = self._mean + (alike @ self._weights).reshape(self._mean.shape)
        return learnt if bits is None else learnt + from_hash_alone(bits, self._side_px)

    def _kernel(self, bits: Float64s | None, signatures: NDArray[np.uint32] | None, weight: float) -> Float64s:
        alike = np.zeros((1, 1))
        if bits is not None and self._hashes is not None:
            alike = alike + bits @ self._hashes.T / bits.shape[1]
        if signatures is not None and self._signatures is not None:
            alike = alike + weight * (signatures[:, None] == self._signatures[None]).mean(axis=2)
        return alike


class Patches:
    """Ridge regression from the bits of a point to what is around it."""

    def __init__(self, pictures: Sequence[tuple[Features, Float64s]]) -> None:
        """Take features, each with the raster that they were found in."""
        bits, patches = [], []
        for features, raster in pictures:
            bits.append(_descriptors(features))
            patches.append(_around(features, raster))
        known, targets = np.concatenate(bits), np.concatenate(patches)
        square = known.T @ known + 10.0 * np.eye(known.shape[1])
        self._weights = np.linalg.solve(square, known.T @ targets)

    def drawn(self, features: Features, side_px: int) -> Float64s:
        """A picture of nothing but patches around a middle grey of 0, smallest last, stretched to a square."""
        picture = np.zeros((features.height_px, features.width_px))
        patches = (_descriptors(features) @ self._weights).reshape(-1, PATCH_PX, PATCH_PX)
        for at in np.argsort(-features.points["level"].astype(int), kind="stable").tolist():
            _paste(picture, features.points[at], patches[at])
        rows = (np.arange(side_px) + 0.5) * features.height_px / side_px - 0.5
        columns = (np.arange(side_px) + 0.5) * features.width_px / side_px - 0.5
        return map_coordinates(picture, np.meshgrid(rows, columns, indexing="ij"), order=1, mode="nearest")


def words_in(
    signature: NDArray[np.uint32], tokens_of: Callable[[NDArray[np.void]], NDArray[np.uint32]], points: NDArray[np.void]
) -> tuple[int, float]:
    """How many different tokens a signature gives away, and the share of them that its subject has.

    Each place of it is a token that went through steps which can all be undone: MurmurHash3's finalizer, and a map
    whose factor is odd.
    """
    factors, offsets = _affine_maps(len(signature), 1)
    mixed = [
        (int(value) - int(offset)) * pow(int(factor), -1, 1 << 32) & _WORD
        for value, factor, offset in zip(signature, factors, offsets, strict=True)
    ]
    there = set(np.asarray(_mixed(np.unique(tokens_of(points)))).tolist())
    return len(set(mixed)), float(np.mean([one in there for one in set(mixed)]))


def _descriptors(features: Features) -> Float64s:
    octets = np.ascontiguousarray(features.points["descriptor"]).view(np.uint8).reshape(-1, 32)
    return np.unpackbits(octets, axis=1, bitorder="little").astype(np.float64) * 2.0 - 1.0


def _grid() -> tuple[Float64s, Float64s]:
    steps = (np.arange(PATCH_PX) + 0.5) * 2 * RADIUS_PX / PATCH_PX - RADIUS_PX
    along, across = np.meshgrid(steps, steps, indexing="ij")
    return along, across


def _around(features: Features, raster: Float64s) -> Float64s:
    """What is around each point, upright as its descriptor sees it, without its mean: (n, PATCH_PX ** 2)."""
    along, across = _grid()
    points = features.points
    angle = points["angle"] / 256.0 * 2 * np.pi
    size = LEVEL_STEP ** points["level"].astype(float)
    cosine, sine = (turn[:, None, None] for turn in (np.cos(angle), np.sin(angle)))
    rows = points["y"][:, None, None] / SUBPIXEL + size[:, None, None] * (along * sine + across * cosine)
    columns = points["x"][:, None, None] / SUBPIXEL + size[:, None, None] * (along * cosine - across * sine)
    patches = map_coordinates(raster, [rows, columns], order=1, mode="nearest").reshape(len(points), -1)
    patches -= patches.mean(axis=1, keepdims=True)
    return patches * np.where(points["dark"], -1.0, 1.0)[:, None]


def _paste(picture: Float64s, point: np.void, patch: Float64s) -> None:
    """Put a patch where its point is; it fades out towards its rim."""
    x, y, size = point["x"] / SUBPIXEL, point["y"] / SUBPIXEL, LEVEL_STEP ** float(point["level"])
    reach = RADIUS_PX * size
    top, left = max(0, int(y - reach)), max(0, int(x - reach))
    bottom, right = min(picture.shape[0], int(y + reach) + 2), min(picture.shape[1], int(x + reach) + 2)
    rows, columns = np.mgrid[top:bottom, left:right]
    angle = point["angle"] / 256.0 * 2 * np.pi
    dx, dy = (columns - x) / size, (rows - y) / size
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    places = [(value + RADIUS_PX) * PATCH_PX / (2 * RADIUS_PX) - 0.5 for value in (along, across)]
    values = map_coordinates(patch, places, order=1, mode="nearest") * (-1.0 if point["dark"] else 1.0)
    weight = np.clip(1.0 - (along**2 + across**2) / RADIUS_PX**2, 0.0, 1.0)
    part = picture[top : top + rows.shape[0], left : left + rows.shape[1]]
    part += weight * (values - part)
