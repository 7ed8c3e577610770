"""What a report shows of a match: a small picture, or the course of a recording with a clip to play.

Both are made from scratch: no metadata of the original enters a report.
"""

from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image as pillow
from PIL.Image import Image, Resampling

from workprint.media.images import shrink_while_decoding
from workprint.media.opened import format_of, open_picture, orientation_of, upright
from workprint.media.pixels import DEEP_MODES, as_seen, is_see_through, read_deep_luma, reduced_size, strips
from workprint.media.refusals import admit, hushed, refusing
from workprint.media.sound import open_sound
from workprint.model import Blob, Limits, Picture, TimeSpan

_JPEG_QUALITY = 82
_CLIP_RATE_HZ = 24_000
_CLIP_S = 30.0
_STRETCHES = 240
_FINE_STRETCH_S = 0.02


def thumbnail(blob: Blob, limits: Limits, longest_px: int = 480) -> Picture:
    """An upright JPEG in colour of at most `longest_px` on its longest side, on white, without metadata.

    Raises:
        Empty, Unsupported, TooLarge, Truncated, Undecodable: as `decode_image`.
    """
    admit(blob, limits)
    data = blob.read()
    name = format_of(data)
    with refusing(f"{name} picture"), hushed():
        image = open_picture(data, name, limits)
        if name == "JPEG":
            shrink_while_decoding(image, "RGB", longest_px)
        image.load()
        small = upright(_on_white(image, max(1, max(image.size) // longest_px)), orientation_of(image))
        small.thumbnail((longest_px, longest_px), Resampling.LANCZOS)
        stream = BytesIO()
        small.save(stream, "JPEG", quality=_JPEG_QUALITY, optimize=True)
    return Picture("image/jpeg", stream.getvalue())


def _on_white(image: Image, factor: int) -> Image:
    """The picture reduced by a whole number, in plain RGB."""
    if image.mode in DEEP_MODES:
        return read_deep_luma(image, factor, sha256()).convert("RGB")
    see_through = is_see_through(image)
    reduced = pillow.new("RGBA" if see_through else "RGB", reduced_size(image.size, factor))
    for top, strip in strips(image, factor):
        colours = strip.getchannel("L") if strip.mode == "LAB" else strip
        reduced.paste(as_seen(colours, reduced.mode).reduce(factor), (0, top // factor))
    if not see_through:
        return reduced
    white = pillow.new("RGBA", reduced.size, "white")
    return pillow.alpha_composite(white, reduced).convert("RGB")


def sound_picture(blob: Blob, limits: Limits, span: TimeSpan | None) -> Picture:
    """The course of a recording and an Ogg clip of it.

    `peaks` are the loudest samples of at most 240 equal stretches from the beginning to `duration_s`, 0 to 1; `data`
    is a clip of at most 30 s around `span` (from the beginning without one) that begins at `play_offset_s`.

    Raises:
        Empty, Unsupported, TooLarge, Truncated, Undecodable: as `open_sound`.
    """
    offset_s = _clip_offset_s(span)
    first, last = int(offset_s * _CLIP_RATE_HZ), int((offset_s + _CLIP_S) * _CLIP_RATE_HZ)
    peaks: list[NDArray[np.float32]] = []
    clip: list[NDArray[np.float32]] = []
    at = 0
    with open_sound(blob, limits, _CLIP_RATE_HZ) as sound:
        for block in sound:
            clip.append(block.samples[max(0, first - at) : max(0, last - at)].copy())
            peaks.append(_fine_peaks(block.samples))
            at += len(block.samples)
        duration_s = sound.duration_s
    data = _encoded(np.concatenate(clip))
    return Picture("audio/ogg" if data else "", data, _pooled(np.concatenate(peaks)), duration_s, offset_s)


def _clip_offset_s(span: TimeSpan | None) -> float:
    """Where the clip begins, so that the span lies in its middle, or at its beginning where it is longer."""
    if span is None:
        return 0.0
    lead_s = max(0.0, (_CLIP_S - (span.end_s - span.start_s)) / 2)
    return max(0.0, span.start_s - lead_s)


def _fine_peaks(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    step = int(_FINE_STRETCH_S * _CLIP_RATE_HZ)
    missing = -len(samples) % step
    loudness = np.abs(np.pad(samples, (0, missing)))
    peaks: NDArray[np.float32] = loudness.reshape(-1, step).max(axis=1)
    return peaks


def _pooled(fine: NDArray[np.float32]) -> tuple[float, ...]:
    stretches = min(_STRETCHES, len(fine))
    starts = np.arange(stretches) * len(fine) // stretches
    return tuple(round(min(1.0, float(peak)), 3) for peak in np.maximum.reduceat(fine, starts))


def _encoded(samples: NDArray[np.float32]) -> bytes:
    if len(samples) == 0:
        return b""
    stream = BytesIO()
    with soundfile.SoundFile(stream, "w", _CLIP_RATE_HZ, 1, format="OGG", subtype="VORBIS") as file:
        for start in range(0, len(samples), _CLIP_RATE_HZ):
            file.write(samples[start : start + _CLIP_RATE_HZ])
    return _with_fixed_serial(stream.getvalue())


def _with_fixed_serial(ogg: bytes) -> bytes:
    """Give every page of an Ogg stream the same serial number, which the encoder draws by chance: equal sound shall
    make equal reports."""
    return b"".join(_sealed(page) for page in _pages(ogg))


def _pages(ogg: bytes) -> Iterator[bytearray]:
    at = 0
    while at + 27 <= len(ogg):
        table = ogg[at + 27 : at + 27 + ogg[at + 26]]
        end = at + 27 + len(table) + sum(table)
        yield bytearray(ogg[at:end])
        at = end


def _sealed(page: bytearray) -> bytes:
    page[14:18] = b"work"
    page[22:26] = bytes(4)
    page[22:26] = _checksum(page).to_bytes(4, "little")
    return bytes(page)


def _checksum(page: bytes | bytearray) -> int:
    """The CRC of Ogg pages: polynomial 0x04C11DB7, no reflection, no inversion."""
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _CHECKSUMS[value >> 24 ^ byte]
    return value


def _checksum_of_byte(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 & 0xFFFFFFFF) ^ (0x04C11DB7 if value >> 31 else 0)
    return value


_CHECKSUMS = tuple(_checksum_of_byte(byte) for byte in range(256))
