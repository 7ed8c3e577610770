"""Pixels of every mode a decoder may give: what is seen of them, their luma, and their share in a digest.

Everything works in strips, so that beside the decoded picture only little memory is needed.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from PIL import Image as pillow
from PIL.Image import Image

_STRIP_PIXELS = 1 << 21
_FOUR_INKS = "CMYK"
DEEP_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})
"""Modes with one channel of more than 8 bits."""


def as_array(grey: Image) -> NDArray[np.uint8]:
    """The pixels of a picture with one channel of 8 bits: uint8 (h, w), read-only, and not copied where Pillow has
    them in one piece (up to 16 MB), which through NumPy's own interface costs half as much as to decode them."""
    try:
        pixels: NDArray[np.uint8] = pa.array(grey).to_numpy(zero_copy_only=True)
    except ValueError:
        return np.asarray(grey)
    return pixels.reshape(grey.height, grey.width)


def is_see_through(image: Image) -> bool:
    """Whether any pixel of a loaded picture is less than opaque."""
    if not image.has_transparency_data:
        return False
    return any(_alpha_floor(strip) < 255 for _, strip in strips(image, 1))


def _alpha_floor(strip: Image) -> int:
    with_alpha = strip if strip.mode in ("RGBA", "LA") else strip.convert("RGBA")
    lowest, _ = with_alpha.getchannel("A").getextrema()
    return int(lowest)  # type: ignore[arg-type]


def read_luma(image: Image, factor: int, digest: Any) -> tuple[Image, Image | None]:
    """Reduced luma and alpha of a picture of up to 8 bits per channel; feeds its pixels to the digest on the way."""
    see_through = is_see_through(image)
    colours = image.mode if image.mode in (_FOUR_INKS, "LAB") else "RGBA" if see_through else "RGB"
    _open_digest(digest, colours, image.size)
    parts: list[tuple[int, Image, Image | None]] = []
    for top, strip in strips(image, factor):
        seen = as_seen(strip, colours)
        digest.update(_without_hidden(seen) if see_through else seen.tobytes())
        parts.append((top // factor, *_reduced_luma(seen, factor)))
    size = reduced_size(image.size, factor)
    grey = _stacked([(top, part) for top, part, _ in parts], size)
    return grey, _stacked([(top, part) for top, _, part in parts if part], size) if see_through else None


def _stacked(parts: list[tuple[int, Image]], size: tuple[int, int]) -> Image:
    """Put strips below each other; a picture of one strip is it."""
    if len(parts) == 1:
        return parts[0][1]
    whole = pillow.new("L", size)
    for top, part in parts:
        whole.paste(part, (0, top))
    return whole


def as_seen(strip: Image, colours: str) -> Image:
    """Convert to one of few modes."""
    return strip if strip.mode == colours else strip.convert(colours)


def _without_hidden(seen: Image) -> NDArray[np.uint32]:
    """RGBA pixels, zeroed where alpha is zero: colours that nobody sees are the encoder's choice, not content."""
    words = _words_of(seen)
    return np.multiply(words, words > 0xFFFFFF)


def _words_of(seen: Image) -> NDArray[np.uint32]:
    """RGBA pixels, "<u4" (n,), not copied where Pillow has them in one piece."""
    try:
        octets: NDArray[np.uint8] = pa.array(seen).values.to_numpy(zero_copy_only=True)
    except ValueError:
        return np.frombuffer(seen.tobytes(), "<u4")
    return octets.view("<u4")


def _reduced_luma(seen: Image, factor: int) -> tuple[Image, Image | None]:
    if seen.mode == "RGBA":
        # Reduced in colour: that weighs each pixel by its alpha at the cost of one pass less.
        small = seen.reduce(factor) if factor > 1 else seen
        return small.convert("L"), small.getchannel("A")
    grey = seen.getchannel("L") if seen.mode == "LAB" else as_seen(seen, "RGB").convert("L")
    return (grey.reduce(factor) if factor > 1 else grey), None


def read_deep_luma(image: Image, factor: int, digest: Any) -> Image:
    """Reduced 8-bit luma of a grey picture with 16 or 32 bits or floating point values per pixel."""
    _open_digest(digest, image.mode, image.size)
    black, white = _value_range(image)
    reduced = pillow.new("L", reduced_size(image.size, factor))
    for top, strip in strips(image, factor):
        values = np.asarray(strip)
        digest.update(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<"), copy=False).tobytes())
        grey = pillow.fromarray(_eight_bits(values, black, white))
        reduced.paste(grey.reduce(factor) if factor > 1 else grey, (0, top // factor))
    return reduced


def _value_range(image: Image) -> tuple[float, float]:
    """Which values stand for black and white: the narrowest usual range that holds all of them, else all of them."""
    if image.mode.startswith("I;16"):
        return 0.0, 65535.0
    low, high = _finite_extremes(image)
    usual = (65535.0,) if image.mode == "I" else (1.0, 255.0, 65535.0)
    for white in usual:
        if low >= 0 and high <= white:
            return 0.0, white
    return low, high


def _finite_extremes(image: Image) -> tuple[float, float]:
    low, high = np.inf, -np.inf
    for _, strip in strips(image, 1):
        values = np.asarray(strip)
        finite = values[np.isfinite(values)]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 1.0)


def _eight_bits(values: NDArray[Any], black: float, white: float) -> NDArray[np.uint8]:
    scale = 255.0 / (white - black) if white > black else 0.0
    scaled = np.nan_to_num((values.astype(np.float64) - black) * scale, nan=0.0, posinf=255.0, neginf=0.0)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def _open_digest(digest: Any, mode: str, size: tuple[int, int]) -> None:
    kind = "I;16" if mode.startswith("I;16") else mode
    digest.update(f"{kind}:{size[0]}x{size[1]}\0".encode())


def reduced_size(size: tuple[int, int], factor: int) -> tuple[int, int]:
    """Size in pixels after averaging over boxes of `factor`, those at the border counted whole."""
    return -(-size[0] // factor), -(-size[1] // factor)


def strips(image: Image, factor: int) -> Iterator[tuple[int, Image]]:
    """Yield (top row, strip) with a multiple of `factor` rows each, so that strips reduce as the whole would."""
    width, height = image.size
    rows = max(1, _STRIP_PIXELS // (width * factor)) * factor
    if rows >= height:
        yield 0, image
        return
    for top in range(0, height, rows):
        yield top, image.crop((0, top, width, min(height, top + rows)))
