"""The edits that `check` tries on a creator's works: what commonly happens on the way into a dataset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workprint.edits import pictures, sounds
from workprint.errors import TooShort
from workprint.media.pictures import thumbnail
from workprint.media.sound import open_sound
from workprint.model import Blob, Limits, Medium

PICTURE_TRIALS = (
    "identity", "letterbox_256", "centre_crop_512", "thumbnail_128", "thumbnail_64", "jpeg_8", "grey", "sepia",
    "negative", "brightness_0.6", "contrast_0.4", "posterise_3", "blur_3", "sharpen_200", "noise_25", "pixelate_64",
    "fade_0.5", "mirror", "flip", "rotate_15", "rotate_90", "crop_0.6", "crop_0.4", "crop_0.25", "aspect_1.3",
    "skew_0.15", "perspective_0.2", "border_0.2", "frame_0.1", "text_0.2", "emoji_3", "stripes_0.3",
    "picture_on_top_0.15", "meme",
    "screenshot_1280", "collage_0.15", "grid_2",
)  # fmt: skip
CLIP_LENGTHS_S = (1, 2, 3, 5, 8)
SOUND_TRIALS = (
    "mp3 24k", "opus 24k", "telephone", "quiet -20 dB", "compressed 4", "denoised", "white 10 dB", "babble 10 dB",
    "music 10 dB", "reverb 0.3 s", "speed 0.9", "speed 1.1", "tempo 1.25", "pitch +2", "reversed",
    "silence cut", "spliced",
)  # fmt: skip
"""Each on a clip of `_TRIAL_CLIP_S`."""
_TRIAL_CLIP_S = 3
_PICTURE_PX = 1600
_RATE_HZ = 16_000
_MOST_S = 600.0
_SEED = 7


@dataclass(frozen=True, slots=True)
class Edits:
    """The edits to try, by name; as data, so that another process tries the same."""

    pictures: tuple[str, ...] = field(default_factory=lambda: PICTURE_TRIALS)
    sounds: tuple[str, ...] = field(default_factory=lambda: SOUND_TRIALS)
    clips_s: tuple[int, ...] = field(default_factory=lambda: CLIP_LENGTHS_S)


@dataclass(frozen=True, slots=True)
class Trial:
    """A work as it might turn up in a dataset."""

    name: str
    data: bytes


def trials_of(blob: Blob, medium: Medium, limits: Limits, edits: Edits | None = None) -> Iterator[Trial]:
    """Yield a work in every edit; a recording also in clips of several lengths.

    Raises:
        ItemError: the work cannot be decoded, or is too short to cut anything from it.
    """
    edits = edits or Edits()
    if medium is Medium.IMAGE:
        yield from _of_picture(blob, limits, edits)
    else:
        yield from _of_sound(blob, limits, edits)


def _of_picture(blob: Blob, limits: Limits, edits: Edits) -> Iterator[Trial]:
    picture = pictures.opened(thumbnail(blob, limits, _PICTURE_PX).data)
    for name in edits.pictures:
        yield Trial(name, pictures.render(pictures.EDITS[name], picture, _SEED))


def _of_sound(blob: Blob, limits: Limits, edits: Edits) -> Iterator[Trial]:
    samples = _samples(blob, limits)
    scene = sounds.made_up_scene(_RATE_HZ, _SEED)
    for seconds in edits.clips_s:
        if samples.size >= seconds * _RATE_HZ:
            yield Trial(f"clip of {seconds} s", _encoded(_clip(samples, seconds)))
    for name in edits.sounds:
        yield Trial(f"{name}, {_TRIAL_CLIP_S} s", _encoded(sounds.EDITS[name](_clip(samples, _TRIAL_CLIP_S), scene)))


def _samples(blob: Blob, limits: Limits) -> NDArray[np.float32]:
    blocks, seconds = [], 0.0
    with open_sound(blob, limits, _RATE_HZ) as sound:
        for block in sound:
            blocks.append(block.samples)
            seconds += block.samples.size / _RATE_HZ
            if seconds >= _MOST_S:  # enough to cut clips from
                break
    if seconds < CLIP_LENGTHS_S[0]:
        raise TooShort(f"{seconds:.1f} s of sound; edits are tried on clips of {CLIP_LENGTHS_S[0]} s and more")
    return np.concatenate(blocks)


def _clip(samples: NDArray[np.float32], seconds: int) -> NDArray[np.float32]:
    """The loudest stretch: where a dataset's cutter, which cuts at pauses, would find speech."""
    size = min(samples.size, seconds * _RATE_HZ)
    energy = np.concatenate(([0.0], np.cumsum(samples.astype(np.float64) ** 2)))
    start = int(np.argmax(energy[size:] - energy[:-size]))
    return samples[start : start + size]


def _encoded(samples: NDArray[Any]) -> bytes:
    import soundfile  # slow to import; only sounds need it

    stream = BytesIO()
    soundfile.write(stream, np.clip(samples, -1.0, 1.0), _RATE_HZ, format="FLAC")
    return stream.getvalue()
