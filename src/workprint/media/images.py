"""Pictures: bytes in, an upright grey raster at working size out.

What is done, in order: the format is told by content; the size in the header is checked; JPEG is decoded to luma only,
scaled while decoding by the largest of 8, 4, 2 that keeps the longest side at or above the working size; everything
else is decoded whole (first frame of animations). Then alpha is set aside, colours become ITU-R 601 luma, the picture
is averaged over boxes of a whole number of pixels as far as the working size allows, and turned upright.
"""

from contextlib import nullcontext
from hashlib import sha256

from PIL.Image import Image
from PIL.ImageFile import ImageFile

from workprint.media.jpeg import coded_digest
from workprint.media.opened import format_of, open_picture, orientation_of, upright
from workprint.media.pixels import DEEP_MODES, as_array, read_deep_luma, read_luma
from workprint.media.refusals import admit, hushed, refusing
from workprint.model import Blob, Limits, Raster

_DOMAIN = b"workprint:pixels:1\0"


def decode_image(blob: Blob, limits: Limits, working_px: int) -> Raster:
    """Decode a picture to luminance, with alpha beside it.

    Args:
        blob: the file's bytes.
        limits: bounds on bytes and pixels; checked before decoding.
        working_px: the longest side of the raster stays at or above this where the original's is; the raster is the
            smallest that cheap scaling gives (JPEG: by 8, 4 or 2 while decoding; then, for all, by a whole number).

    Returns:
        uint8 (h, w) luminance, upright; `width_px` and `height_px` are those of the upright original.

    Raises:
        Empty, Unsupported, TooLarge, Truncated, Undecodable: one sentence each.
    """
    admit(blob, limits)
    data = blob.read()
    name = format_of(data)
    if name == "JPEG":
        with refusing("JPEG picture"):
            return _decoded_jpeg(open_picture(data, name, limits), data, working_px)
    with refusing(f"{name} picture"), hushed() if name == "TIFF" else nullcontext():
        return _decoded_whole(open_picture(data, name, limits), working_px)


def _decoded_jpeg(image: ImageFile, data: bytes, working_px: int) -> Raster:
    size = image.size
    orientation = orientation_of(image)
    shrink_while_decoding(image, "L", working_px)
    image.load()
    grey = image if image.mode == "L" else image.convert("RGB").convert("L")
    factor = max(grey.size) // working_px
    if factor > 1:
        grey = grey.reduce(factor)
    return _raster(grey, None, size, orientation, coded_digest(data, orientation))


def shrink_while_decoding(image: ImageFile, mode: str, working_px: int) -> None:
    """Ask a JPEG decoder for luma ("L") or colour ("RGB"), at the least scale that still is `working_px` long."""
    width, height = image.size
    longest = max(width, height)
    scale = next((scale for scale in (8, 4, 2) if longest > (working_px - 1) * scale), 1)
    image.draft(mode, (max(1, width // scale), max(1, height // scale)))


def _raster(grey: Image, alpha: Image | None, size: tuple[int, int], orientation: int, digest: str) -> Raster:
    width, height = size if orientation < 5 else (size[1], size[0])
    pixels = as_array(upright(grey, orientation))
    return Raster(pixels, None if alpha is None else as_array(upright(alpha, orientation)), width, height, digest)


def _decoded_whole(image: ImageFile, working_px: int) -> Raster:
    image.load()
    orientation = orientation_of(image)
    # The digest is of what is seen, so a picture that lies on its side is turned before it is read.
    lying: Image = upright(image, orientation)
    factor = max(1, max(lying.size) // working_px)
    digest = sha256(_DOMAIN)
    if lying.mode in DEEP_MODES:
        grey, alpha = read_deep_luma(lying, factor, digest), None
    else:
        grey, alpha = read_luma(lying, factor, digest)
    return _raster(grey, alpha, lying.size, 1, digest.hexdigest())
