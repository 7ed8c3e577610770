"""How the memory of a scan, of its main process and of its workers, grows with the number of items.

    python benchmarks/memory.py [--items 200000] [--depth fast] [--folder DIR] [--plot memory.png]

Draws small pictures by seed, no two alike but one in a hundred, which is a copy of one of 20 works, into WebDataset
shards of 2,000; scans them as a person would; and looks every second at what the kernel says of the processes.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

import workprint
from processes import descendants

SEED = 5
PER_SHARD = 2000
WORKS = 20
COPY_EVERY = 100
JOBS = 2
WARM_UP = 0.1
"""Share of the items before which nothing is fitted: imports, compiled code and first tables are no growth."""
WORKPRINT = (sys.executable, "-c", "from workprint.cli import main; main()")
COLOURS = {"main": (20, 90, 170), "workers": (190, 80, 20)}


@dataclass(frozen=True, slots=True)
class Sample:
    """What the processes held at one moment, in bytes."""

    second: float
    items: int
    main: int
    workers: int
    main_resident: int
    workers_resident: int


def picture(random: np.random.Generator) -> Image.Image:
    """A noisy picture of soft colours and two shapes, 48 to 96 pixels a side."""
    width, height = (int(side) for side in random.integers(48, 97, 2))
    drawn = Image.fromarray(random.integers(0, 256, (7, 7, 3), np.uint8)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    for shape in (ImageDraw.Draw(drawn).ellipse, ImageDraw.Draw(drawn).rectangle):
        left, top, wide, high = (int(value) for value in random.integers(4, 48, 4))
        shape((left, top, left + wide, top + high), fill=tuple(int(value) for value in random.integers(0, 256, 3)))
    noise = np.frombuffer(random.bytes(width * height * 3), np.uint8).reshape(height, width, 3) >> 4
    return Image.fromarray((np.asarray(drawn) >> 1) + (np.asarray(drawn) >> 2) + noise)


def work(number: int) -> Image.Image:
    return picture(np.random.default_rng((SEED, 0, number)))


def encoded(drawn: Image.Image, kind: str) -> bytes:
    stream = io.BytesIO()
    drawn.save(stream, kind, **({"quality": 88} if kind == "JPEG" else {"compress_level": 1}))
    return stream.getvalue()


def write_shard(folder: Path, number: int, count: int) -> None:
    random = np.random.default_rng((SEED, 1, number))
    path = folder / f"{number:05d}.tar"
    with tarfile.open(path.with_suffix(".part"), "w") as archive:
        for at in range(count):
            drawn = work(at // COPY_EVERY % WORKS) if at % COPY_EVERY == COPY_EVERY - 1 else picture(random)
            kind, ending = ("PNG", "png") if at % 4 == 0 else ("JPEG", "jpg")
            data = encoded(drawn, kind)
            entry = tarfile.TarInfo(f"{number:05d}{at:05d}.{ending}")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    path.with_suffix(".part").replace(path)


def generate(folder: Path, items: int) -> None:
    for name in ("shards", "works"):
        (folder / name).mkdir(parents=True)
    for number in range(WORKS):
        (folder / "works" / f"{number}.png").write_bytes(encoded(work(number), "PNG"))
    firsts = range(0, items, PER_SHARD)
    counts = [min(PER_SHARD, items - first) for first in firsts]
    with ProcessPoolExecutor(JOBS) as pool:
        list(pool.map(partial(write_shard, folder / "shards"), range(len(counts)), counts))


def held(processes: list[int]) -> tuple[int, int]:
    """Proportional and resident set size, bytes: pages that n processes share count as 1/n in each, or as 1."""
    proportional = resident = 0
    for process in processes:
        with suppress(OSError):
            for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
                name, value = line.split()[:2]
                proportional += 1024 * int(value) * (name == "Pss:")
                resident += 1024 * int(value) * (name == "Rss:")
    return proportional, resident


def watched(command: list[str], parts: Path, items: int) -> list[Sample]:
    samples = []
    begin = time.monotonic()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            done = min(items, PER_SHARD * sum(1 for _ in parts.glob("*.parquet")))
            (main, main_rss), (workers, workers_rss) = held([process.pid]), held(descendants(process.pid))
            if main:
                samples.append(Sample(time.monotonic() - begin, done, main, workers, main_rss, workers_rss))
            with suppress(subprocess.TimeoutExpired):
                process.wait(1.0)
    if process.returncode not in (0, 1):
        raise SystemExit(f"the scan failed with exit code {process.returncode}")
    return samples


def slope(samples: list[Sample], name: str, items: int) -> float:
    """Bytes per item, by least squares, after the warm-up and before the results are written."""
    fitted = [one for one in samples if WARM_UP * items <= one.items < items]
    if len({one.items for one in fitted}) < 2:
        return float("nan")
    return float(np.polyfit([one.items for one in fitted], [getattr(one, name) for one in fitted], 1)[0])


def print_figures(samples: list[Sample], items: int) -> None:
    print(f"{'items done':>12} {'main':>9} {'workers':>9}   MB, shared pages divided among those that share them")
    for share in (0.1, 0.5, 1.0):
        one = next((one for one in samples if one.items >= share * items), samples[-1])
        print(f"{one.items:>12,} {one.main / 1e6:>9.1f} {one.workers / 1e6:>9.1f}")
    print(f"{'peak':>12} {max(o.main for o in samples) / 1e6:>9.1f} {max(o.workers for o in samples) / 1e6:>9.1f}")
    for name in ("main", "workers", "main_resident", "workers_resident"):
        print(f"{name}: {slope(samples, name, items):.1f} bytes per item")


def plot(samples: list[Sample], items: int, path: Path) -> None:
    """Draw memory against the items done, with the time in which results are written as a dot at the right."""
    left, top, wide, high = 90, 50, 820, 380
    canvas = Image.new("RGB", (960, 500), "white")
    draw, font = ImageDraw.Draw(canvas), ImageFont.load_default(16)
    most = max(max(one.main, one.workers) for one in samples) / 1e6
    step = next(size for size in (50, 100, 200, 500, 1000, 2000, 5000) if most / size <= 8)
    ceiling = step * (int(most / step) + 1)
    for value in range(0, ceiling + 1, step):
        y = top + high - value * high / ceiling
        draw.line((left, y, left + wide, y), fill=(225, 225, 225))
        draw.text((left - 8, y), f"{value}", fill="black", font=font, anchor="rm")
    for part in range(5):
        draw.text((left + wide * part / 4, top + high + 8), f"{items * part // 4:,}", "black", font, anchor="ma")
    draw.text((left, top - 14), "MB held", "black", font, anchor="rb")
    draw.text((left + wide / 2, 492), "items done", "black", font, anchor="mb")
    for at, (name, colour) in enumerate(COLOURS.items()):
        points = [
            (left + wide * one.items / items, top + high - getattr(one, name) / 1e6 * high / ceiling) for one in samples
        ]
        draw.line(points, fill=colour, width=2)
        label = {"main": "main process", "workers": f"all other processes ({JOBS} workers)"}[name]
        draw.text((left + 60 + 180 * at, top - 14), label, colour, font, anchor="lb")
    canvas.save(path, optimize=True)


def measure(folder: Path, items: int, depth: str) -> list[Sample]:
    begin = time.monotonic()
    generate(folder, items)
    print(f"generated in {time.monotonic() - begin:.0f} s", flush=True)
    index, results = folder / "works.workprint", folder / "results"
    subprocess.run([*WORKPRINT, "index", str(folder / "works"), "-o", str(index), "--creator", "A"], check=True)
    command = [*WORKPRINT, "scan", str(folder / "shards"), "-p", str(index), "-o", str(results)]
    samples = watched([*command, "--depth", depth, "--jobs", str(JOBS)], results / "store" / "parts", items)
    with (results / "findings.jsonl").open(encoding="utf-8") as stream:
        print(f"scanned in {samples[-1].second:.0f} s, {sum(1 for _ in stream):,} lines of findings", flush=True)
    return samples


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--depth", choices=("fast", "thorough"), default="fast")
    parser.add_argument("--folder", type=Path, help="a new folder to keep everything in; else it is temporary")
    parser.add_argument("--plot", type=Path, help="a PNG file to draw")
    parser.add_argument("--json", type=Path, help="a file for all samples")
    options = parser.parse_args()
    versions = f"workprint {workprint.__version__}, Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"seed {SEED}; {versions}; {options.items:,} items, {options.depth}, {JOBS} jobs", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        samples = measure(options.folder or Path(temporary), options.items, options.depth)
    print_figures(samples, options.items)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in samples]) + "\n", encoding="utf-8")
    if options.plot:
        plot(samples, options.items, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
