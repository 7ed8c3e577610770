"""How fast are fingerprints made, against `imagehash.phash` and `fpcalc` on the same files in one run?

    python benchmarks/speed.py DIR [--files N] [--rounds N] [--seed N] [--only PART ...] [--json FILE]

One core, one thread, media in the page cache. All ways of doing a thing take turns, round after round, so that what
else the machine does falls on all of them; only ratios within one run count. See docs/benchmarks.md.
"""

# ruff: noqa: E402 - the number of threads has to be set before numpy is imported, which reads it once

import os

for _variable in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM", "NUMBA"):
    os.environ[f"{_variable}_NUM_THREADS"] = "1"

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median

import imagehash
import numpy as np
import soundfile
import soxr
from PIL import Image

from media_folder import MediaFile, Sides, copied, machine, print_machine, split
from simple_edits import Recording, write_sound
from workprint import api
from workprint.errors import ItemError
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Medium, Question, Use
from workprint.screen import Screener

_LARGE_PX = 4_000_000
_LONG_S = 600.0
_LONG_RATE_HZ = 44_100
_ITEMS_PER_SHARD = 100
AIMS = {"workprint, fast": 3.0, "workprint, thorough": 0.6, "workprint": 0.5}
"""Least ratio of each way to the one it is compared with."""
Ways = dict[str, Callable[[Path], object]]
Times = dict[str, list[float]]
"""Seconds of each round, by way."""


@dataclass(frozen=True, slots=True)
class Compared:
    """Ways of doing one thing to one set of files."""

    title: str
    against: str
    """The way that the others are compared with."""
    amount: float
    unit: str
    times: Times

    def lines(self) -> list[dict[str, object]]:
        """One line per way: best and median rate, and the ratio of rates in each round."""
        theirs = self.times[self.against]
        lines = []
        for way, ours in self.times.items():
            ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
            lines.append(
                {
                    "way": way,
                    "best": self.amount / min(ours),
                    "median": self.amount / median(ours),
                    "ratio_of_best": min(theirs) / min(ours),
                    "median_ratio": median(ratios),
                    "ratios": [round(ratio, 3) for ratio in ratios],
                }
            )
        return lines

    def show(self) -> None:
        """Print them as a table."""
        print(f"\n{self.title} ({self.unit} per second)")
        print(f"{'':<46}{'best':>10}{'median':>10}{'best ratio':>12}{'median ratio':>14}")
        for line in self.lines():
            print(
                f"{line['way']:<46}{line['best']:>10.1f}{line['median']:>10.1f}"
                f"{line['ratio_of_best']:>12.2f}{line['median_ratio']:>14.2f}{_gap(line['way'], line['median_ratio'])}"
            )


def _gap(way: str, ratio: float) -> str:
    """By how much the median ratio misses its aim, where it has one."""
    if way not in AIMS:
        return ""
    missing = AIMS[way] - ratio
    return f"  aim {AIMS[way]}: {f'missed by {missing:.2f}' if missing > 0 else 'met'}"


def main() -> int:
    options = _options()
    print_machine(options.seed)
    print(f"load before: {', '.join(f'{load:.1f}' for load in os.getloadavg())}; rounds: {options.rounds}")
    sides = split(options.folder, options.seed)
    figures: dict[str, object] = {"seed": options.seed, "machine": machine(), "load": os.getloadavg()}
    with tempfile.TemporaryDirectory() as scratch:
        for name, part in PARTS.items():
            if not options.only or name in options.only:
                compared = part(sides, Path(scratch), options)
                for one in compared:
                    one.show()
                figures[name] = [
                    {"title": one.title, "against": one.against, "unit": one.unit, "ways": one.lines()}
                    for one in compared
                ]
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR", help="pictures and recordings")
    parser.add_argument("--files", type=int, default=120, help="files of each kind, drawn by seed (default: 120)")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--scan-items", type=int, default=2000, help="items of the scans with 1 and 2 jobs")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", nargs="+", choices=list(PARTS), help="parts to measure (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
    return parser.parse_args()


def images(sides: Sides, _: Path, options: argparse.Namespace) -> list[Compared]:
    """Fingerprints of pictures, by kind of file."""
    ways = {
        "imagehash.phash(Image.open(f))": lambda path: imagehash.phash(Image.open(path)),
        "decoded to colour by Pillow, no more": lambda path: Image.open(path).load(),
        "decoded small by Pillow, no more": _decoded_small,
        "workprint, fast": _fingerprinting(Depth.FAST),
        "workprint, thorough": _fingerprinting(Depth.THOROUGH),
    }
    compared = []
    for title, paths in _kinds_of_pictures(sides).items():
        chosen = _usable(Random(options.seed).sample(paths, min(options.files, len(paths))))
        if chosen:
            times = _in_turns(ways, chosen, options.rounds)
            compared.append(Compared(f"{title}: {len(chosen)} files", next(iter(ways)), len(chosen), "pictures", times))
    return compared


def sound(sides: Sides, scratch: Path, options: argparse.Namespace) -> list[Compared]:
    """Fingerprints of recordings: as they are, and joined to long ones, where starting a program counts for nothing."""
    ways: Ways = {"workprint": _fingerprinting(Depth.THOROUGH)}
    files = [file.path for file in (*sides.works, *sides.distractors) if file.medium is Medium.AUDIO]
    chosen = _usable(Random(options.seed).sample(files, min(options.files, len(files))))
    if shutil.which("fpcalc"):
        ways = {"fpcalc -raw -length 0": _fpcalc, **ways}
        readable = [path for path in chosen if _fpcalc(path)]
        print(f"\n{len(chosen) - len(readable)} of {len(chosen)} recordings left out: fpcalc gives no fingerprint")
        chosen = readable
    if not chosen:
        return []
    compared = [_of_sound("recordings as they are", ways, chosen, options.rounds)]
    for form, subtype in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III"), ("OGG", "VORBIS")):
        long = scratch / f"long.{form.lower()}"
        _join(chosen, long, form, subtype)
        compared.append(_of_sound(f"one long {form}", ways, [long], options.rounds))
    return compared


def scans(sides: Sides, scratch: Path, options: argparse.Namespace) -> list[Compared]:
    """Whole scans with one job and with two."""
    index = scratch / "works.workprint"
    api.index([copied(sides.works, scratch / "works")], index)
    dataset = scratch / "dataset"
    _write_shards((*sides.works, *sides.distractors), dataset, options)
    compared = []
    for depth in Depth:
        times: Times = {}
        for turn in range(max(2, options.rounds // 2)):
            for jobs in (1, 2):
                settings = api.Settings(depth=depth, jobs=jobs)
                start = time.perf_counter()
                api.scan(str(dataset), [index], scratch / f"out-{depth}-{jobs}-{turn}", settings)
                times.setdefault(f"{jobs} job{'s' * (jobs > 1)}", []).append(time.perf_counter() - start)
        title = f"scan, {depth}: {options.scan_items} items in shards of {_ITEMS_PER_SHARD}"
        compared.append(Compared(title, "1 job", options.scan_items, "items", times))
    return compared


def look_up(sides: Sides, scratch: Path, options: argparse.Namespace) -> list[Compared]:
    """What comparing one item with the portfolio costs beside fingerprinting it."""
    index = scratch / "looked-up.workprint"
    api.index([copied(sides.works, scratch / "works")], index)
    compared = []
    for medium in Medium:
        paths = [file.path for file in sides.distractors if file.medium is medium]
        chosen = _usable(Random(options.seed).sample(paths, min(options.files, len(paths))))
        if chosen:
            compared += [_looked_up(depth, medium, chosen, index, options.rounds) for depth in Depth]
    return compared


PARTS = {"images": images, "sound": sound, "scans": scans, "look-up": look_up}


def _looked_up(depth: Depth, medium: Medium, chosen: Sequence[Path], index: Path, rounds: int) -> Compared:
    pipeline = Pipeline(depth, Limits())
    screener = Screener([[index]], pipeline.recipes, Question(Use.AI_GENERATIVE_TRAINING, date.min))
    records = {path: _record(pipeline, path) for path in chosen}
    ways: Ways = {
        "fingerprinted": lambda path: _record(pipeline, path),
        "looked up": lambda path: list(screener.findings(records[path], {})),
    }
    works = sum(work.medium is medium for work in screener.works)
    title = f"{medium}, {depth}: {len(chosen)} items that match nothing, {works} works"
    return Compared(title, "fingerprinted", len(chosen), "items", _in_turns(ways, chosen, rounds))


def _of_sound(title: str, ways: Ways, paths: Sequence[Path], rounds: int) -> Compared:
    seconds = sum(soundfile.info(path).duration for path in paths)
    full = f"{title}: {len(paths)} files, {seconds:.0f} s"
    return Compared(full, next(iter(ways)), seconds, "seconds of sound", _in_turns(ways, paths, rounds))


def _in_turns(ways: Ways, paths: Sequence[Path], rounds: int) -> Times:
    """Seconds each way takes for all files, once per round; the round before the first warms caches up."""
    times: Times = {name: [] for name in ways}
    for turn in range(rounds + 1):
        for name, way in ways.items():
            start = time.perf_counter()
            for path in paths:
                way(path)
            if turn:
                times[name].append(time.perf_counter() - start)
    return times


def _kinds_of_pictures(sides: Sides) -> dict[str, list[Path]]:
    kinds: dict[str, list[Path]] = {"JPEG": [], "JPEG, large": [], "PNG with alpha": [], "others": []}
    for file in (*sides.works, *sides.distractors, *sides.others):
        if file.medium is Medium.IMAGE:
            kinds[_kind_of_picture(file)].append(file.path)
    return kinds


def _kind_of_picture(file: MediaFile) -> str:
    try:
        with Image.open(file.path) as image:
            if file.format == "JPEG":
                return "JPEG, large" if image.width * image.height >= _LARGE_PX else "JPEG"
            return "PNG with alpha" if file.format == "PNG" and image.has_transparency_data else "others"
    except OSError:
        return "others"


def _usable(paths: Sequence[Path]) -> list[Path]:
    """Files that can be fingerprinted; reading them also brings them into the page cache."""
    return [path for path in paths if _can_be_fingerprinted(path)]


def _can_be_fingerprinted(path: Path) -> bool:
    try:
        _record(_FAST, path)
    except ItemError:
        return False
    return True


def _record(pipeline: Pipeline, path: Path) -> FingerprintRecord:
    return pipeline.record(path.name, Blob(path.stat().st_size, lambda: path.open("rb")))


def _fingerprinting(depth: Depth) -> Callable[[Path], object]:
    pipeline = Pipeline(depth, Limits())
    return lambda path: _record(pipeline, path)


def _decoded_small(path: Path) -> None:
    image = Image.open(path)
    image.draft("L", (max(1, image.width // 8), max(1, image.height // 8)))
    image.load()


def _fpcalc(path: Path) -> bool:
    """Whether it gives a fingerprint. Its exit code says something else: it complains of the end of many files."""
    done = subprocess.run(["fpcalc", "-raw", "-length", "0", str(path)], capture_output=True, check=False)
    return b"FINGERPRINT=" in done.stdout


def _join(paths: Sequence[Path], target: Path, form: str, subtype: str) -> None:
    """Recordings one after the other, mono, over and over until there are enough."""
    parts, seconds = [], 0.0
    while seconds < _LONG_S:
        for path in paths:
            samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
            parts.append(soxr.resample(samples.mean(axis=1), rate_hz, _LONG_RATE_HZ))
            seconds += len(parts[-1]) / _LONG_RATE_HZ
            if seconds >= _LONG_S:
                break
    joined = np.clip(np.concatenate(parts), -1.0, 1.0).astype(np.float32)
    write_sound(target, Recording(joined[:, None], _LONG_RATE_HZ), form, subtype)


def _write_shards(files: Sequence[MediaFile], folder: Path, options: argparse.Namespace) -> None:
    """Files drawn by seed, again where there are too few, as tar archives."""
    folder.mkdir()
    drawn = Random(options.seed).choices(files, k=options.scan_items)
    for start in range(0, len(drawn), _ITEMS_PER_SHARD):
        with tarfile.open(folder / f"{start // _ITEMS_PER_SHARD:05}.tar", "w") as archive:
            for number, file in enumerate(drawn[start : start + _ITEMS_PER_SHARD], start):
                data = file.path.read_bytes()
                member = tarfile.TarInfo(f"{number:06}{file.path.suffix.lower()}")
                member.size = len(data)
                archive.addfile(member, BytesIO(data))


_FAST = Pipeline(Depth.FAST, Limits())

if __name__ == "__main__":
    sys.exit(main())
