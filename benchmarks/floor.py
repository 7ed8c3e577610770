"""How far is decoding from the least that it can cost: what Pillow and libsndfile alone take for the same files?

    python benchmarks/floor.py DIR [--rounds N] [--files N]

The floor of a JPEG picture is Pillow opening it and decoding it to luma at the same scale; of a recording, libsndfile
or FFmpeg reading it whole to nowhere. Beside that, Workprint tells the format, checks limits, hashes what was decoded
and, of recordings, averages channels and resamples. Processor time of one thread; all ways take turns.
"""

import workprint.engines.one_thread  # noqa: F401 isort: skip - before numpy, which reads the number of threads once

import argparse
import time
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from statistics import median

import av
import soundfile
from PIL import Image

from media_folder import media_below, print_machine
from workprint import plugins
from workprint.media.images import decode_image, shrink_while_decoding
from workprint.media.sound import open_sound
from workprint.model import Blob, Depth, Limits, Medium

_LIMITS = Limits()
Ways = dict[str, Callable[[bytes], object]]


def pillow(working_px: int, data: bytes) -> None:
    image = Image.open(BytesIO(data))
    shrink_while_decoding(image, "L", working_px)
    image.load()


def libsndfile(data: bytes) -> None:
    with soundfile.SoundFile(BytesIO(data)) as file:
        while len(file.read(1 << 16, dtype="float32")):
            pass


def ffmpeg(data: bytes) -> None:
    with av.open(BytesIO(data)) as container:
        for _ in container.decode(audio=0):
            pass


def workprint_sound(data: bytes) -> None:
    for _ in open_sound(Blob.of(data), _LIMITS, plugins.SOUND_RATE_HZ):
        pass


def ways_of(medium: Medium) -> Ways:
    if medium is Medium.AUDIO:
        return {"libsndfile": libsndfile, "FFmpeg": ffmpeg, "workprint": workprint_sound}
    ways: Ways = {}
    for depth in Depth:
        working_px = plugins.DECODE_PX[depth]
        ways[f"Pillow, {depth}"] = partial(pillow, working_px)
        ways[f"workprint, {depth}"] = lambda data, px=working_px: decode_image(Blob.of(data), _LIMITS, px)
    return ways


def measure(ways: Ways, files: list[bytes], rounds: int) -> dict[str, float]:
    """Median milliseconds of processor time per file."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began_s = time.process_time()
            for data in files:
                way(data)
            times[name].append(time.process_time() - began_s)
    return {name: 1000 * median(taken) / len(files) for name, taken in times.items()}


def readable(data: bytes, ways: Ways) -> bool:
    try:
        for way in ways.values():
            way(data)
    except Exception:  # noqa: BLE001 - decoders of others raise what they like; only what all of them read is compared
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=700, help="At most so many of each medium.")
    options = parser.parse_args()
    print_machine(0)
    for medium in Medium:
        found = [one for one in media_below(options.folder) if one.medium is medium and one.format in ("JPEG", "")]
        ways = ways_of(medium)
        files = [data for one in found[: options.files] if readable(data := one.path.read_bytes(), ways)]
        if files:
            print(f"{medium}: {len(files)} files, {sum(map(len, files)) / len(files) / 1000:.0f} kB each")
            for name, spent_ms in measure(ways, files, options.rounds).items():
                print(f"  {name:<20}{spent_ms:8.3f} ms per file")


if __name__ == "__main__":
    main()
