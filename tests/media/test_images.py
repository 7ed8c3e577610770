"""Pictures of every mode and container become the same upright grey raster."""

import io
from hashlib import sha256

import numpy as np
import pillow_heif
import pytest
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from workprint.errors import Empty, ItemError, TooLarge, Truncated, Undecodable, Unsupported
from workprint.media.images import decode_image
from workprint.model import Blob, Limits, Raster

LIMITS = Limits()


def scene(width: int = 160, height: int = 120, seed: int = 3) -> Image.Image:
    """A smooth colourful picture without symmetry."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def saved(image: Image.Image, name: str, **options: object) -> bytes:
    """The bytes of a picture file."""
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def decoded(data: bytes, working_px: int = 1000) -> Raster:
    """Decode within the usual limits."""
    return decode_image(Blob.of(data), LIMITS, working_px)


def grey(image: Image.Image) -> NDArray[np.uint8]:
    """Luma as Pillow defines it."""
    return np.asarray(image.convert("RGB").convert("L"))


def off_by(ours: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> float:
    """Mean difference in grey levels."""
    return float(np.abs(ours.astype(int) - theirs.astype(int)).mean())


@pytest.mark.parametrize("name", ["PNG", "BMP", "TIFF", "WEBP", "PPM", "SGI", "PCX", "JPEG2000", "QOI"])
def test_lossless_containers_give_equal_rasters_and_digests(name: str) -> None:
    """The same pixels in any lossless container have the same luma and the same content digest."""
    image = scene()
    options = {"lossless": True} if name == "WEBP" else {}
    raster = decoded(saved(image, name, **options))

    assert np.array_equal(raster.pixels, grey(image))
    assert raster.alpha is None
    assert raster.content_digest == decoded(saved(image, "PNG")).content_digest


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "PA", "CMYK", "YCbCr"])
def test_every_mode_gives_the_luma_of_what_is_seen(mode: str) -> None:
    """Colours, palettes, inks and bits all become ITU-R 601 luma."""
    image = scene().quantize(200).convert("PA") if mode == "PA" else scene().convert(mode)
    container = "TIFF" if mode in ("CMYK", "YCbCr", "PA") else "PNG"
    raster = decoded(saved(image, container))

    assert off_by(raster.pixels, grey(image)) < 1.5
    assert raster.alpha is None


def test_opaque_alpha_changes_nothing() -> None:
    """A picture with an alpha channel that hides nothing equals the one without."""
    image = scene()
    with_alpha, without = decoded(saved(image.convert("RGBA"), "PNG")), decoded(saved(image, "PNG"))

    assert with_alpha.alpha is None
    assert with_alpha.content_digest == without.content_digest


def test_grey_stored_as_colour_changes_nothing() -> None:
    """A grey picture has one digest, whether it is stored with one channel or three."""
    image = scene().convert("L")

    assert decoded(saved(image, "PNG")).content_digest == decoded(saved(image.convert("RGB"), "BMP")).content_digest


@pytest.mark.parametrize("name", ["PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_kept_beside(name: str, mode: str) -> None:
    """Alpha is handed over beside luma that is not multiplied by it."""
    image = scene()
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda value: max(value, 3)))
    raster = decoded(saved(image.convert(mode), name, **({"lossless": True} if name == "WEBP" else {})))

    assert raster.alpha is not None
    assert np.array_equal(raster.alpha, np.asarray(image.getchannel("A")))
    assert off_by(raster.pixels, grey(image)) < 1.5


def test_palette_transparency_is_alpha() -> None:
    """A transparent palette entry (GIF, PNG) and a transparent colour (PNG tRNS) are alpha."""
    image = Image.new("P", (40, 30), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(0, (0, 0, 20, 30))
    colour = Image.new("RGB", (40, 30), "lime")
    colour.paste("red", (0, 0, 20, 30))
    for data in (
        saved(image, "GIF", transparency=0),
        saved(image, "PNG", transparency=0),
        saved(colour, "PNG", transparency=(255, 0, 0)),
    ):
        raster = decoded(data)
        assert raster.alpha is not None
        assert raster.alpha[0, 0] == 0
        assert raster.alpha[0, 39] == 255


def test_colours_hidden_by_transparency_do_not_enter_the_digest() -> None:
    """Encoders choose freely what lies under full transparency, so it is no part of the content."""
    first, second = Image.new("RGBA", (20, 20), (9, 9, 9, 0)), Image.new("RGBA", (20, 20), (200, 0, 0, 0))
    for image in (first, second):
        image.paste((5, 6, 7, 255), (5, 5, 15, 15))

    assert decoded(saved(first, "PNG")).content_digest == decoded(saved(second, "PNG")).content_digest


def test_reducing_does_not_bleed_hidden_colours() -> None:
    """Colours under full transparency stay out of the average of a box."""
    image = Image.new("RGBA", (64, 64), (255, 255, 255, 0))
    image.paste((0, 0, 0, 255), (3, 3, 61, 61))
    raster = decoded(saved(image, "PNG"), working_px=8)

    assert raster.alpha is not None
    assert raster.pixels[raster.alpha > 0].max() == 0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_exif_orientation_is_applied(name: str, orientation: int) -> None:
    """A picture stored on its side under each of the eight orientations comes out upright, with its upright size."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    image = scene()
    stored = image if orientation == 1 else image.transpose(Image.Transpose(undo[orientation]))
    exif = Image.Exif()
    exif[274] = orientation
    options = {"quality": 95} if name in ("JPEG", "AVIF") else {"lossless": True} if name == "WEBP" else {}
    raster = decoded(saved(stored, name, exif=exif, **options))

    assert (raster.width_px, raster.height_px) == image.size
    assert raster.pixels.shape == (120, 160)
    assert off_by(raster.pixels, grey(image)) < 3


def test_heic_is_read() -> None:
    """HEIC pictures are decoded."""
    image = scene()
    stream = io.BytesIO()
    pillow_heif.from_pillow(image).save(stream, quality=95)
    raster = decoded(stream.getvalue())

    assert (raster.width_px, raster.height_px) == image.size
    assert off_by(raster.pixels, grey(image)) < 4


@pytest.mark.parametrize("container", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_and_not_clipped(container: str) -> None:
    """Sixteen-bit grey uses its whole range."""
    values = (np.linspace(0, 65535, 160 * 120).reshape(120, 160)).astype(np.uint16)
    raster = decoded(saved(Image.fromarray(values), container))

    assert off_by(raster.pixels, np.rint(values / 257).astype(np.uint8)) == 0


@pytest.mark.parametrize("top", [1.0, 255.0, 65535.0, 3e9])
def test_floating_point_pictures_use_their_range(top: float) -> None:
    """Floating point values are scaled by the usual range that holds them; broken ones are black or white."""
    values = np.linspace(0, top, 64 * 64, dtype=np.float32).reshape(64, 64)
    values[0, 5], values[0, 6] = np.nan, np.inf
    raster = decoded(saved(Image.fromarray(values), "TIFF"))

    assert raster.pixels[63, 63] == 255
    assert raster.pixels[0, 0] == 0
    assert abs(int(raster.pixels[32, 0]) - 128) <= 1
    assert raster.pixels[0, 6] == 255


def test_inverted_inks_of_adobe_jpeg_are_understood() -> None:
    """A CMYK JPEG looks like the picture it was made from."""
    image = scene()

    assert off_by(decoded(saved(image.convert("CMYK"), "JPEG", quality=95)).pixels, grey(image)) < 4


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP"])
def test_animations_give_their_first_frame(name: str) -> None:
    """Only the first frame of an animation is looked at."""
    first = scene().quantize(100).convert("RGB")
    data = saved(first, name, save_all=True, append_images=[scene(seed=9)], duration=50, lossless=True)

    assert off_by(decoded(data).pixels, grey(first)) < 4


@pytest.mark.parametrize("name", ["JPEG", "PNG"])
@pytest.mark.parametrize("working_px", [16, 64, 100, 400])
def test_rasters_are_small_but_not_below_the_working_size(name: str, working_px: int) -> None:
    """The longest side stays at or above the working size and below about twice it; the size told is the original's."""
    raster = decoded(saved(scene(640, 427), name), working_px)

    assert working_px <= max(raster.pixels.shape) < 2 * working_px
    assert (raster.width_px, raster.height_px) == (640, 427)


def test_small_pictures_are_not_enlarged() -> None:
    """A picture below the working size stays as it is."""
    assert decoded(saved(scene(30, 20), "JPEG"), 512).pixels.shape == (20, 30)


@pytest.mark.parametrize("size", [(1, 1), (5000, 1), (1, 3000)])
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_thin_pictures_are_read(name: str, size: tuple[int, int]) -> None:
    """Pictures of a single row, column or pixel are decoded."""
    raster = decoded(saved(scene().resize(size), name), 64)

    assert (raster.width_px, raster.height_px) == size
    assert min(raster.pixels.shape) >= 1


def test_large_pictures_are_read_in_strips_like_small_ones() -> None:
    """A picture of several strips gives the raster that reducing it whole gives."""
    image = scene(2100, 2300)
    raster = decoded(saved(image, "BMP"), 256)

    assert np.array_equal(raster.pixels, np.asarray(image.convert("L").reduce(8)))
    assert raster.content_digest != decoded(saved(scene(2100, 2300, seed=4), "BMP"), 256).content_digest


def test_stripping_jpeg_metadata_keeps_the_digest() -> None:
    """The same coded JPEG has one digest with and without EXIF, comments, profiles and trailing bytes."""
    exif = Image.Exif()
    exif[271] = "a camera"
    plain = saved(scene(), "JPEG", quality=90)
    rich = saved(scene(), "JPEG", quality=90, exif=exif, comment=b"hello", icc_profile=b"p" * 70_000, dpi=(300, 300))

    assert plain != rich
    assert decoded(plain).content_digest == decoded(rich).content_digest == decoded(rich + b"trailer").content_digest
    assert decoded(plain).content_digest != decoded(saved(scene(seed=4), "JPEG", quality=90)).content_digest


def test_turning_a_jpeg_by_exif_changes_the_digest() -> None:
    """Orientation changes what is seen, so it is part of the content."""
    exif = Image.Exif()
    exif[274] = 6

    assert decoded(saved(scene(), "JPEG")).content_digest != decoded(saved(scene(), "JPEG", exif=exif)).content_digest


def test_progressive_jpeg_is_read() -> None:
    """Progressive JPEG gives the same pixels, but is other coded data."""
    plain, progressive = (decoded(saved(scene(), "JPEG", progressive=flag)) for flag in (False, True))

    assert np.array_equal(plain.pixels, progressive.pixels)


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF"])
def test_more_pixels_than_allowed_are_refused_by_the_header(name: str) -> None:
    """The size in the header decides, before anything is decoded."""
    with pytest.raises(TooLarge, match="pixels"):
        decode_image(Blob.of(saved(scene(), name)), Limits(max_pixels=160 * 120 - 1), 64)


def test_more_bytes_than_allowed_are_refused() -> None:
    """The number of bytes is checked first."""
    with pytest.raises(TooLarge, match="bytes"):
        decode_image(Blob.of(saved(scene(), "PNG")), Limits(max_item_bytes=100), 64)


def test_limits_above_the_library_guard_hold() -> None:
    """The limit asked for counts, and the decoding library's own guard for the process is left as it was."""
    before = Image.MAX_IMAGE_PIXELS
    Image.MAX_IMAGE_PIXELS = 1000
    try:
        assert decoded(saved(scene(), "PNG")).width_px == 160
        assert Image.MAX_IMAGE_PIXELS == 1000
    finally:
        Image.MAX_IMAGE_PIXELS = before


def test_scan_bombs_are_refused() -> None:
    """A progressive JPEG that repeats its scans without end is refused before it costs time."""
    data = saved(scene(3000, 3000), "JPEG", progressive=True)
    end = data.rindex(b"\xff\xda")
    with pytest.raises(TooLarge, match="scans"):
        decoded(data[:end] + data[end:-2] * 1200 + b"\xff\xd9")


def test_text_bombs_in_png_do_not_hide_the_picture() -> None:
    """Text that would unfold to many megabytes is never unfolded, and the picture is decoded all the same."""
    info = PngImagePlugin.PngInfo()
    info.add_text("note", "a" * 30_000_000, zip=True)
    info.add_itxt("other", "b" * 3_000_000, zip=True)
    bare, heavy = decoded(saved(scene(), "PNG")), decoded(saved(scene(), "PNG", pnginfo=info, icc_profile=b"p" * 99))

    assert heavy.content_digest == bare.content_digest


def test_further_pictures_behind_a_jpeg_do_not_enter_the_digest() -> None:
    """A phone's second picture behind the first, announced in an MPF segment, is no part of what is seen."""
    plain = saved(scene(), "JPEG")
    stream = io.BytesIO()
    scene().save(stream, "MPO", save_all=True, append_images=[scene(seed=9)])

    assert decoded(stream.getvalue()).content_digest == decoded(plain).content_digest


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF", "PPM"])
def test_truncation_at_every_tenth_is_an_item_error(name: str) -> None:
    """A file cut anywhere is refused with one sentence, or was whole already."""
    data = saved(scene(), name)
    for tenth in range(1, 10):
        with pytest.raises(ItemError) as refusal:
            decoded(data[: len(data) * tenth // 10])
        assert str(refusal.value).isprintable()


def test_truncated_photographs_say_so() -> None:
    """JPEG and PNG cut in their image data are `Truncated`, not merely undecodable."""
    for name in ("JPEG", "PNG"):
        data = saved(scene(), name)
        with pytest.raises(Truncated):
            decoded(data[: len(data) * 7 // 10])


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP", "JPEG2000", "AVIF", "ICO", "PPM", "SGI"])
def test_flipped_bytes_never_crash(name: str) -> None:
    """Damaged files decode to something or are refused, with the same outcome twice and no address in the sentence."""
    data = saved(scene(48, 48), name)
    random = np.random.default_rng(int.from_bytes(sha256(name.encode()).digest()[:4], "big"))
    for _ in range(40):
        damaged = bytearray(data)
        for at in random.integers(0, min(len(data), 400), 3):
            damaged[at] = random.integers(0, 256)
        outcomes = []
        for _ in range(2):
            try:
                outcomes.append(decoded(bytes(damaged), 64).content_digest)
            except ItemError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1]
        assert "0x" not in outcomes[0]


def test_other_kinds_are_refused_by_kind() -> None:
    """Empty files, text named as a picture and formats that start other programs are told apart."""
    with pytest.raises(Empty):
        decoded(b"")
    with pytest.raises(Unsupported, match="text"):
        decoded(b"this is no picture")
    with pytest.raises(Unsupported, match="PostScript"):
        decoded(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")
    with pytest.raises(Undecodable):
        decoded(b"\0\0\0\x0cjP  \r\n\x87\n" + b"rubbish" * 9)


def test_broken_exif_does_not_cost_the_picture() -> None:
    """A picture whose EXIF block is rubbish is decoded as if it had none."""
    data = saved(scene(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")

    assert decoded(data).width_px == 160
