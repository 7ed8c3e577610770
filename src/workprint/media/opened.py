"""Opening picture files of an allowed kind, within bounds, before a pixel is decoded.

Pillow's own guard against huge pictures is one number for the whole process, and belongs to whoever runs the process.
It is neither read nor changed here: the class of the sniffed format is called directly, which also keeps every other
format's parser away from hostile bytes, and the size in the header is checked before decoding. Where Pillow applies
its guard on its own (inside GIF, ICO and tiled TIFF files), what it refuses is refused here as well.
"""

from collections.abc import Callable
from io import BytesIO

from PIL.AvifImagePlugin import AvifImageFile
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.IcoImagePlugin import IcoImageFile
from PIL.Image import Image, Transpose
from PIL.ImageFile import ImageFile
from PIL.Jpeg2KImagePlugin import Jpeg2KImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PcxImagePlugin import PcxImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.PpmImagePlugin import PpmImageFile
from PIL.PsdImagePlugin import PsdImageFile
from PIL.QoiImagePlugin import QoiImageFile
from PIL.SgiImagePlugin import SgiImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from workprint.errors import TooLarge, Undecodable, Unsupported
from workprint.media.jpeg import count_scans
from workprint.media.png import without_text
from workprint.media.sniff import HEAD_BYTES, likeness, picture_format
from workprint.model import Limits

_ORIENTATION_TAG = 274
_ORIENTATIONS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_DECODER_COPIES = {"JPEG2000": 4, "WEBP": 3, "AVIF": 3, "HEIF": 3}
"""How many times the memory of other formats a decoder takes per pixel; its share of the pixel limit is smaller."""
_SCAN_PIXELS = 8_000_000_000
"""Scans times pixels of a progressive JPEG, each of which costs time even where it holds nothing."""


def _heif(stream: BytesIO) -> ImageFile:
    from pillow_heif import HeifImageFile

    opened: ImageFile = HeifImageFile(stream)  # type: ignore[no-untyped-call]
    return opened


def _png(stream: BytesIO) -> ImageFile:
    return PngImageFile(BytesIO(without_text(stream.getvalue())))


_OPENERS: dict[str, Callable[[BytesIO], ImageFile]] = {
    "JPEG": JpegImageFile,
    "PNG": _png,
    "GIF": GifImageFile,
    "WEBP": WebPImageFile,
    "BMP": BmpImageFile,
    "TIFF": TiffImageFile,
    "JPEG2000": Jpeg2KImageFile,
    "AVIF": AvifImageFile,
    "HEIF": _heif,
    "ICO": IcoImageFile,
    "PSD": PsdImageFile,
    "PPM": PpmImageFile,
    "QOI": QoiImageFile,
    "SGI": SgiImageFile,
    "PCX": PcxImageFile,
}


def format_of(data: bytes) -> str:
    """The name of the picture format of these bytes.

    Raises:
        Unsupported: it is no picture of a kind that is read.
    """
    name = picture_format(data[:HEAD_BYTES])
    if name is None:
        raise Unsupported(f"no picture: {likeness(data[:HEAD_BYTES])}")
    return name


def open_picture(data: bytes, name: str, limits: Limits) -> ImageFile:
    """Read the header of a picture of format `name`. To be called inside `refusing`.

    Raises:
        TooLarge: it claims more pixels than allowed.
        Undecodable: it claims none.
    """
    image = _OPENERS[name](BytesIO(data))
    _within(image.size, limits.max_pixels // _DECODER_COPIES.get(name, 1))
    if name == "JPEG" and "progressive" in image.info:
        _bounded_scans(count_scans(data), image.size)
    return image


def orientation_of(image: Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it makes no sense."""
    if "exif" not in image.info:
        return 1
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, ArithmeticError):
        return 1
    return orientation if isinstance(orientation, int) and 1 <= orientation <= 8 else 1


def upright(image: Image, orientation: int) -> Image:
    """The picture as it is meant to be seen."""
    return image if orientation == 1 else image.transpose(_ORIENTATIONS[orientation])


def _within(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise Undecodable(f"its header claims a size of {width} × {height} pixels")
    if width * height > max_pixels:
        raise TooLarge(f"{width} × {height} pixels are more than the {max_pixels} allowed for its format")


def _bounded_scans(scans: int, size: tuple[int, int]) -> None:
    if scans * size[0] * size[1] > _SCAN_PIXELS:
        raise TooLarge(f"{scans} scans over {size[0]} × {size[1]} pixels would take too long to decode")
