"""The perceptual hash: imagehash's definition, in every orientation, and never of nothing."""

import imagehash
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from core_samples import pixels
from workprint.distance import hamming
from workprint.errors import LowInformation
from workprint.fingerprints.backgrounds import flattened
from workprint.fingerprints.image_hash import ImageHash, perceptual_hash, variant_name
from workprint.model import Raster

HASHER = ImageHash(512)


def raster(data: NDArray[np.uint8], alpha: NDArray[np.uint8] | None = None) -> Raster:
    """A decoded picture."""
    return Raster(data, alpha, data.shape[1], data.shape[0], "")


def rough(seed: int) -> NDArray[np.uint8]:
    """64 x 64 pixels of soft shapes and noise."""
    noise = np.random.default_rng(seed).integers(-20, 20, (64, 64))
    return np.clip(pixels(seed, 64, 64) + noise, 0, 255).astype(np.uint8)


@given(st.integers(0, 2**32 - 1))
def test_it_is_the_hash_of_imagehash(seed: int) -> None:
    """On 64 x 64 grey pixels the bits are those of `imagehash.phash(hash_size=16)`, and its hex form holds them."""
    picture = rough(seed)
    theirs = imagehash.phash(Image.fromarray(picture), hash_size=16)

    ours, _ = perceptual_hash(picture)

    assert ours.hex() == str(theirs)
    assert imagehash.hex_to_hash(ours.hex()) == theirs


@pytest.mark.parametrize("seed", range(5))
def test_larger_pictures_are_reduced_as_imagehash_does(seed: int) -> None:
    """A grey picture of any size gives imagehash's bits, but for those that rounding in between decides."""
    picture = pixels(seed, 301, 187)
    theirs = bytes.fromhex(str(imagehash.phash(Image.fromarray(picture), hash_size=16)))

    assert hamming(perceptual_hash(picture)[0], theirs) <= 6


@pytest.mark.parametrize("seed", range(5))
def test_a_turned_picture_is_near_even_if_the_decoder_left_a_part_of_a_pixel(seed: int) -> None:
    """205 pixels by 4 are 51 and a quarter: the last column counts as the quarter that it is, on whichever side."""
    picture = np.asarray(Image.fromarray(pixels(seed, 41, 41)).resize((205, 205), Image.Resampling.BICUBIC))
    upright, turned = (
        Raster(np.asarray(Image.fromarray(side).reduce(4)), None, 205, 205, "")
        for side in (picture, np.ascontiguousarray(picture[::-1, ::-1]))
    )
    by_name = {print_.variant: print_.value for print_ in HASHER.of_work(upright)}

    (found,) = HASHER.of_item(turned)

    assert hamming(by_name["rotated_180"], found.value) <= 8


def test_bits_are_the_same_in_every_release() -> None:
    """Stores and portfolios are compared across versions: other bits are another recipe."""
    rows, columns = np.mgrid[0:64, 0:64]
    picture = ((rows * 5 + columns * 3 + (rows * columns) // 7) % 256).astype(np.uint8)

    assert perceptual_hash(picture)[0].hex() == "83f7942a01f71efeb80132ffadf12a0e5c7749c859915b6f5a5852a1546254cd"
    assert HASHER.recipes[0].recipe_id == "image.phash/1;bits=256,decode_px=512"


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("quarter_turns", range(4))
@pytest.mark.parametrize("negative", [False, True])
def test_each_variant_is_the_hash_of_that_picture(mirrored: bool, quarter_turns: int, negative: bool) -> None:
    """The hash called `mirrored,rotated_90,negative` is what a picture changed in this way hashes to."""
    picture = pixels(3, 64, 64)
    name = variant_name(mirrored, 90 * quarter_turns)
    name = ",".join(filter(None, (name, "negative" if negative else "")))
    by_name = {print_.variant: print_.value for print_ in HASHER.of_work(raster(picture))}
    image = Image.fromarray(picture)
    image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else image
    image = image.rotate(90 * quarter_turns, expand=True)
    changed = np.asarray(image) if not negative else 255 - np.asarray(image)

    (found,) = HASHER.of_item(raster(changed))

    assert len(by_name) == 16
    assert hamming(by_name[name], found.value) <= 2  # a bit at the median may fall either way


def test_the_variants_of_a_picture_differ() -> None:
    """Sixteen variants are sixteen hashes, far from each other."""
    values = [print_.value for print_ in HASHER.of_work(raster(pixels(3)))]

    assert min(hamming(one, two) for at, one in enumerate(values) for two in values[:at]) > 40


@pytest.mark.parametrize("level", [0, 127, 255])
def test_a_flat_picture_is_refused(level: int) -> None:
    """A flat picture has no hash, as item or as work."""
    flat = raster(np.full((80, 60), level, dtype=np.uint8))
    for make in (HASHER.of_item, HASHER.of_work):
        with pytest.raises(LowInformation, match="flat"):
            make(flat)


def test_a_nearly_flat_picture_is_refused() -> None:
    """One grey level of noise says nothing."""
    noise = np.random.default_rng(1).integers(100, 102, (200, 200), dtype=np.uint8)

    with pytest.raises(LowInformation):
        HASHER.of_item(raster(noise))


def test_quality_says_how_many_bits_stand_clear() -> None:
    """A picture full of contrast is near 1; the same picture, faint, is below."""
    strong, faint = pixels(1, 64, 64), (pixels(1, 64, 64) // 40 + 100).astype(np.uint8)

    assert 0.0 <= perceptual_hash(faint)[1] < perceptual_hash(strong)[1] <= 1.0


def shape_on_nothing(level: int) -> Raster:
    """Soft shapes of about one level, seen through an alpha channel of their own."""
    alpha = pixels(5)
    return raster(np.full(alpha.shape, level, dtype=np.uint8), alpha)


def test_alpha_is_seen_on_white_and_on_black() -> None:
    """A picture with alpha has a hash on each background, each that of the flattened picture."""
    subject = raster(pixels(1), pixels(5))
    assert subject.alpha is not None

    prints = HASHER.of_item(subject)

    assert [print_.variant for print_ in prints] == ["", "on_black"]
    for print_, level in zip(prints, (255, 0), strict=True):
        assert print_.value == perceptual_hash(flattened(subject.pixels, subject.alpha, level))[0]
    assert len(HASHER.of_work(subject)) == 32


@pytest.mark.parametrize(("level", "kept"), [(255, "on_black"), (0, "")])
def test_a_background_on_which_nothing_is_seen_is_left_out(level: int, kept: str) -> None:
    """White on white is flat; white on black is not."""
    assert [print_.variant for print_ in HASHER.of_item(shape_on_nothing(level))] == [kept]


def test_flattening_is_exact_at_both_ends() -> None:
    """Opaque pixels stay, clear ones are the background, half of both is in the middle."""
    values = np.array([[10, 10, 10]], dtype=np.uint8)
    alpha = np.array([[255, 0, 128]], dtype=np.uint8)

    assert flattened(values, alpha, 255).tolist() == [[10, 255, 132]]


def test_edits_keep_most_bits_and_others_do_not() -> None:
    """Brightness, a smaller size and JPEG stay near; another picture is far."""
    picture = pixels(7, 400, 300)
    original, _ = perceptual_hash(picture)
    brighter = np.clip(picture * 1.2, 0, 255).astype(np.uint8)
    smaller = np.asarray(Image.fromarray(picture).resize((90, 70)))

    assert hamming(original, perceptual_hash(brighter)[0]) < 32
    assert hamming(original, perceptual_hash(smaller)[0]) < 32
    assert hamming(original, perceptual_hash(pixels(8, 400, 300))[0]) > 60
