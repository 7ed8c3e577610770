"""What a report shows of a match: a small picture, or the course of a recording with a clip to play.

Both are made from scratch: no metadata of the original enters a report.
"""

from collections.abc import Iterator, Sequence
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
        colours = as_seen(strip.getchannel("L") if strip.mode == "LAB" else strip, reduced.mode)
        reduced.paste(colours.reduce(factor), (0, top // factor))
    if not see_through:
        return reduced
    white = pillow.new("RGBA", reduced.size, "white")
    return pillow.alpha_composite(white, reduced).convert("RGB")


def sound_picture(blob: Blob, limits: Limits, span: TimeSpan | None) -> Picture:
    """The course of a recording and an Ogg clip of it; see `sound_pictures`."""
    return sound_pictures(blob, limits, (span,))[0]


def sound_pictures(blob: Blob, limits: Limits, spans: Sequence[TimeSpan | None]) -> tuple[Picture, ...]:
    """The course of a recording with one Ogg clip per span, in one pass over it.

    `peaks` are the loudest samples of at most 240 equal stretches from the beginning to `duration_s`, 0 to 1; `data`
    is a clip of at most 30 s around the span (from the beginning for None) that begins at `play_offset_s`, and is
    empty where the span lies beyond the end.

    Raises:
        Empty, Unsupported, TooLarge, Truncated, Undecodable: as `open_sound`.
    """
    offsets_s = [_clip_offset_s(span) for span in spans]
    clips: list[list[NDArray[np.float32]]] = [[] for _ in spans]
    peaks: list[NDArray[np.float32]] = []
    at = 0
    with open_sound(blob, limits, _CLIP_RATE_HZ) as sound:
        for block in sound:
            for offset_s, clip in zip(offsets_s, clips, strict=True):
                clip.append(_part(block.samples, at, offset_s))
            peaks.append(_fine_peaks(block.samples))
            at += len(block.samples)
        duration_s = sound.duration_s
    course = _pooled(np.concatenate(peaks))
    return tuple(
        _played(np.concatenate(clip), course, duration_s, offset_s)
        for offset_s, clip in zip(offsets_s, clips, strict=True)
    )


def _part(samples: NDArray[np.float32], at: int, offset_s: float) -> NDArray[np.float32]:
    """What a block that begins `at` samples into the recording holds of the clip that begins at `offset_s`."""
    first, last = int(offset_s * _CLIP_RATE_HZ), int((offset_s + _CLIP_S) * _CLIP_RATE_HZ)
    return samples[max(0, first - at) : max(0, last - at)].copy()


def _played(samples: NDArray[np.float32], course: tuple[float, ...], duration_s: float, offset_s: float) -> Picture:
    data = _encoded(samples)
    return Picture("audio/ogg" if data else "", data, course, duration_s, offset_s)


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
