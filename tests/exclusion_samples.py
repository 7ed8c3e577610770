"""Works that share a logo, and recordings that share a jingle, all from seeds."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from made_up_pictures import Grey, made_up
from made_up_sounds import RATE_HZ, voice

LOGO_PX = (260, 200)
SIZE_PX = (480, 360)
JINGLE_S = 3.0


@cache
def logo() -> Grey:
    """The logo alone; not to be written to."""
    return made_up(99, *LOGO_PX)


def marked(seed: int, left: int, top: int) -> Grey:
    """A picture of its own with the logo on it."""
    picture = made_up(seed, *SIZE_PX).copy()
    picture[top : top + LOGO_PX[1], left : left + LOGO_PX[0]] = logo()
    return picture


def place_of_logo(left: int, top: int) -> tuple[float, float, float, float]:
    """Where the logo is, as fractions: left, top, right, bottom."""
    width, height = SIZE_PX
    return left / width, top / height, (left + LOGO_PX[0]) / width, (top + LOGO_PX[1]) / height


@cache
def jingle() -> NDArray[np.float32]:
    """The jingle alone; not to be written to."""
    return voice(JINGLE_S, 99)


def recording(seed: int, at_s: float) -> NDArray[np.float32]:
    """Eight seconds of a voice of its own with the jingle in it."""
    sound = voice(8.0, seed).copy()
    start = round(at_s * RATE_HZ)
    sound[start : start + jingle().size] = jingle()
    return sound


def write_images(folder: Path, pictures: Mapping[str, Grey]) -> Path:
    """Write each under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, picture in pictures.items():
        Image.fromarray(picture).save(folder / name)
    return folder


def write_sounds(folder: Path, sounds: Mapping[str, NDArray[np.float32]]) -> Path:
    """Write each under its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, sound in sounds.items():
        soundfile.write(folder / name, sound, RATE_HZ)
    return folder
