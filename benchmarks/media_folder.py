"""What the benchmarks share: which files of a folder are works and which are not, and on what they were measured."""

import os
import platform
import random
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from workprint.errors import ItemError
from workprint.media.sniff import picture_format, read_head, sniff
from workprint.model import Blob, Medium

PORTFOLIO = "portfolio"
DISTRACTORS = "distractors"
HOSTILE = "hostile"
_MEASURED_WITH = ("workprint", "pillow", "numpy", "numba", "imagehash", "soundfile", "soxr", "pyarrow")


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A picture or recording."""

    path: Path
    name: str
    """Its path below the folder that was measured."""
    medium: Medium
    format: str
    """`JPEG`, `PNG` and so on; empty for sound."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Works, and what must never match them."""

    works: tuple[MediaFile, ...]
    distractors: tuple[MediaFile, ...]
    how: str
    """How it was decided which is which: a sentence for the reader of the figures."""
    others: tuple[MediaFile, ...] = ()
    """Files that are neither; only their decoding is measured."""


def media_below(folder: Path) -> tuple[MediaFile, ...]:
    """All pictures and recordings below a folder, told by their content, in the order of their names.

    What lies below a folder called `hostile` is passed over: broken files are no measure of speed or recall.
    """
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and HOSTILE not in path.relative_to(folder).parts:
            blob = Blob(path.stat().st_size, lambda path=path: path.open("rb"))
            try:
                medium = sniff(blob)
            except ItemError:
                continue
            form = picture_format(read_head(blob)) or ""
            found.append(MediaFile(path, path.relative_to(folder).as_posix(), medium, form))
    return tuple(found)


def split(folder: Path, seed: int) -> Sides:
    """Tell works from distractors.

    Where the folder has folders called `portfolio` and `distractors` below one folder per medium, they say it. Else a
    seeded half of each medium's files is the portfolio; of the files below `folder/portfolio` only if there is one,
    because what lies beside a portfolio may hold copies of it.
    """
    files = media_below(folder)
    works = tuple(file for file in files if PORTFOLIO in Path(file.name).parts[1:-1])
    distractors = tuple(file for file in files if DISTRACTORS in Path(file.name).parts[1:-1])
    if works and distractors:
        others = tuple(file for file in files if file not in {*works, *distractors})
        how = "works are below folders called portfolio, distractors below folders called distractors"
        return Sides(works, distractors, how, others)
    inner = tuple(file for file in files if Path(file.name).parts[0] == PORTFOLIO)
    chosen = {file.name for medium in Medium for file in _half(inner or files, medium, seed)}
    return Sides(
        tuple(file for file in inner or files if file.name in chosen),
        tuple(file for file in inner or files if file.name not in chosen),
        f"a half of the {len(inner or files)} files, drawn by seed, are works, the others are distractors",
    )


def copied(files: Sequence[MediaFile], folder: Path) -> Path:
    """Copies of files below one folder, under the names they have in the folder that was measured."""
    for file in files:
        target = folder / file.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, target)
    return folder


def _half(files: Sequence[MediaFile], medium: Medium, seed: int) -> list[MediaFile]:
    of_medium = [file for file in files if file.medium is medium]
    return random.Random(seed).sample(of_medium, (len(of_medium) + 1) // 2)


def machine() -> dict[str, str]:
    """Processor, cores and versions."""
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: version(name) for name in _MEASURED_WITH},
    }


def print_machine(seed: int) -> None:
    print(f"seed {seed}; " + ", ".join(f"{name} {value}" for name, value in machine().items()))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
