"""Plain edits: what happens to a picture or recording on its way through websites, without anyone meaning to hide it.

Each takes a decoded work and gives the bytes and the ending of a file.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from random import Random

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image, ImageEnhance, ImageOps

Edited = tuple[str, bytes]
"""The ending of a file and its bytes."""
_CUT_S = 5.0
_MP3_RATES_HZ = frozenset({8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000})


@dataclass(frozen=True)
class Recording:
    """Decoded sound: float32 (frames, channels)."""

    samples: NDArray[np.float32]
    rate_hz: int


def open_image(path: Path) -> Image.Image:
    """A picture, upright, as RGB or with alpha as RGBA."""
    with Image.open(path) as image:
        upright = ImageOps.exif_transpose(image)
        return upright.convert("RGBA" if upright.has_transparency_data else "RGB")


def open_recording(path: Path) -> Recording:
    samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    return Recording(samples, rate_hz)


def on_white(image: Image.Image) -> Image.Image:
    if image.mode == "RGB":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def saved(image: Image.Image, form: str, **options: int | bool) -> Edited:
    stream = BytesIO()
    image.save(stream, form, **options)
    return {"JPEG": "jpg"}.get(form, form.lower()), stream.getvalue()


def kept(image: Image.Image) -> Edited:
    """As a JPEG of quality 90; as a PNG where there is alpha to keep."""
    return saved(image, "JPEG", quality=90) if image.mode == "RGB" else saved(image, "PNG")


def within(image: Image.Image, longest_px: int) -> Image.Image:
    small = image.copy()
    small.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    return small


def on_colours(image: Image.Image, change: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Change the colours of a picture and keep its alpha."""
    changed = change(image.convert("RGB"))
    if image.mode == "RGBA":
        changed.putalpha(image.getchannel("A"))
    return changed


def _turn(transpose: Image.Transpose) -> Callable[[Image.Image], Edited]:
    return lambda image: kept(image.transpose(transpose))


def _coloured(change: Callable[[Image.Image], Image.Image]) -> Callable[[Image.Image], Edited]:
    return lambda image: kept(on_colours(image, change))


IMAGE_EDITS: dict[str, Callable[[Image.Image], Edited]] = {
    "resized to 256 px": lambda image: kept(within(image, 256)),
    "thumbnail of 128 px": lambda image: saved(within(on_white(image), 128), "JPEG", quality=75),
    "JPEG, quality 30": lambda image: saved(on_white(image), "JPEG", quality=30),
    "PNG": lambda image: saved(image, "PNG"),
    "WebP, quality 60": lambda image: saved(image, "WebP", quality=60),
    "grey": _coloured(lambda colours: colours.convert("L").convert("RGB")),
    "brighter by 30 %": _coloured(lambda colours: ImageEnhance.Brightness(colours).enhance(1.3)),
    "darker by 30 %": _coloured(lambda colours: ImageEnhance.Brightness(colours).enhance(0.7)),
    "contrast up by 40 %": _coloured(lambda colours: ImageEnhance.Contrast(colours).enhance(1.4)),
    "contrast down by 40 %": _coloured(lambda colours: ImageEnhance.Contrast(colours).enhance(0.6)),
    "mirrored": _turn(Image.Transpose.FLIP_LEFT_RIGHT),
    "flipped": _turn(Image.Transpose.FLIP_TOP_BOTTOM),
    "rotated by 90°": _turn(Image.Transpose.ROTATE_90),
    "rotated by 180°": _turn(Image.Transpose.ROTATE_180),
    "rotated by 270°": _turn(Image.Transpose.ROTATE_270),
    "negative": _coloured(ImageOps.invert),
}


def _encoded(recording: Recording, form: str, subtype: str | None = None) -> Edited:
    stream = BytesIO()
    write_sound(stream, recording, form, subtype)
    return form.lower(), stream.getvalue()


def write_sound(target: BytesIO | Path, recording: Recording, form: str, subtype: str | None = None) -> None:
    """Write second by second: libsndfile's Vorbis coder puts all that it is given at once on its stack."""
    channels = recording.samples.shape[1]
    with soundfile.SoundFile(target, "w", recording.rate_hz, channels, subtype, format=form) as file:
        for start in range(0, len(recording.samples), recording.rate_hz):
            file.write(recording.samples[start : start + recording.rate_hz])


def _resampled(recording: Recording, rate_hz: int) -> Recording:
    return Recording(soxr.resample(recording.samples, recording.rate_hz, rate_hz), rate_hz)


def _as_mp3(recording: Recording, _: Random) -> Edited:
    allowed = recording if recording.rate_hz in _MP3_RATES_HZ else _resampled(recording, 44100)
    return _encoded(allowed, "MP3")


def _cut(recording: Recording, random: Random) -> Edited | None:
    frames = int(_CUT_S * recording.rate_hz)
    if len(recording.samples) <= frames:
        return None
    start = random.randrange(len(recording.samples) - frames)
    return _encoded(Recording(recording.samples[start : start + frames], recording.rate_hz), "WAV")


AUDIO_EDITS: dict[str, Callable[[Recording, Random], Edited | None]] = {
    "Ogg Vorbis": lambda recording, _: _encoded(recording, "OGG", "VORBIS"),
    "MP3": _as_mp3,
    "FLAC": lambda recording, _: _encoded(recording, "FLAC"),
    "WAV at 16 kHz": lambda recording, _: _encoded(_resampled(recording, 16000), "WAV"),
    "half as loud": lambda recording, _: _encoded(Recording(recording.samples / 2, recording.rate_hz), "FLAC"),
    "cut to 5 s": _cut,
}
"""An edit that a recording is too short for gives None."""
