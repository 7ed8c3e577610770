"""What it would cost to fingerprint and match datasets of a billion items, extrapolated from a folder of media.

    python benchmarks/costs.py DIR [--json FILE]

Scans copies of the pictures and of the recordings of DIR as a person would, with one job, once with few items and once
with many: what an item costs is the difference, so that starting up is not counted for each of them. Processor time of
all processes together, whatever else the machine does. Then it multiplies.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import media_folder as media
from workprint.model import Depth, Medium
from workprint.stores.stats import stats

ONE_JOB = ("--jobs", "1", "--quiet")
WORKPRINT = (sys.executable, "-c", "from workprint.cli import main; main()")
PR_SET_CHILD_SUBREAPER = 36
FEW, MANY = 1, 6
"""Copies of the media in the small and in the large dataset."""
PICTURES = 5.85e9
HOURS = 1e6


@dataclass(frozen=True, slots=True)
class Rate:
    """What one picture, or one hour of sound, costs."""

    medium: str
    depth: str
    units: float
    """Pictures or hours in the large dataset."""
    failed: int
    fingerprint_s: float
    """Processor seconds."""
    match_s: float
    media_bytes: float
    full_bytes: float
    """In a store, on disk."""
    compact_bytes: float


def cpu_of(*arguments: str) -> float:
    """Run a command; return the processor seconds of it and of every process it started."""
    before = _children_s()
    done = subprocess.run([*WORKPRINT, *arguments], capture_output=True, text=True)
    while True:  # orphans come to this process, so that none of their time is lost
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    if done.returncode not in (0, 1, 4):
        sys.exit(f"workprint {' '.join(arguments)}: {done.stderr.strip()}")
    return _children_s() - before


def measured(medium: Medium, depth: Depth, files: Sequence[media.MediaFile], portfolio: Path, folder: Path) -> Rate:
    """Measure one medium at one depth, few items against many."""
    fingerprint_s, match_s, units, held, compact = [], [], [], [], []
    for copies in (FEW, MANY):
        here = folder / f"{medium}-{depth}-{copies}"
        for number in range(copies):
            media.copied(files, here / "dataset" / str(number))
        store, small = str(here / "store"), here / "compact"
        fingerprint_s.append(cpu_of("fingerprint", str(here / "dataset"), "-o", store, "--depth", depth, *ONE_JOB))
        match_s.append(cpu_of("match", store, "-p", str(portfolio), "-o", str(here / "out"), *ONE_JOB))
        cpu_of("store", "compact", store, "-o", str(small))
        counted = stats(here / "store")
        units.append(counted.audio_s / 3600 if medium is Medium.AUDIO else sum(counted.media.values()))
        held.append(counted.disk_bytes)
        compact.append(stats(small).disk_bytes)
        failed = sum(counted.failed.values())
        shutil.rmtree(here)
    per = 1 / (units[1] - units[0])
    return Rate(
        medium,
        depth,
        units[1],
        failed,
        fingerprint_s=(fingerprint_s[1] - fingerprint_s[0]) * per,
        match_s=max(match_s[1] - match_s[0], 0.0) * per,  # below what can be measured, where it is 0
        media_bytes=sum(file.path.stat().st_size for file in files) * MANY / units[1],
        full_bytes=(held[1] - held[0]) * per,
        compact_bytes=(compact[1] - compact[0]) * per,
    )


def extrapolated(rate: Rate, prices: Mapping[str, float]) -> dict[str, float]:
    """Core-hours, terabytes and money for `PICTURES` or `HOURS`."""
    units = HOURS if rate.medium == Medium.AUDIO else PICTURES
    core_hours = units * rate.fingerprint_s / 3600
    match_core_hours = units * rate.match_s / 3600
    return {
        "units": units,
        "fingerprint_core_hours": core_hours,
        "match_core_hours": match_core_hours,
        "fingerprint_money": core_hours * prices["core_hour"],
        "match_money": match_core_hours * prices["core_hour"],
        "full_store_tb": units * rate.full_bytes / 1e12,
        "compact_store_tb": units * rate.compact_bytes / 1e12,
        "full_store_money_a_month": units * rate.full_bytes / 1e9 * prices["gigabyte_month"],
        "compact_store_money_a_month": units * rate.compact_bytes / 1e9 * prices["gigabyte_month"],
    }


def print_tables(rates: Sequence[Rate], prices: Mapping[str, float]) -> None:
    print("| what | ms of processor, fingerprint | match | bytes of media | full store | compact store |")
    print("|---|---|---|---|---|---|")
    for rate in rates:
        name = f"{'an hour of sound' if rate.medium == Medium.AUDIO else 'a picture'}, `{rate.depth}`"
        sizes = " | ".join(f"{size:,.0f}" for size in (rate.media_bytes, rate.full_bytes, rate.compact_bytes))
        print(f"| {name} | {rate.fingerprint_s * 1e3:,.2f} | {rate.match_s * 1e3:,.2f} | {sizes} |")
    print()
    print("| what | core-hours, fingerprint | match | money, fingerprint | match | full store | compact store |")
    print("|---|---|---|---|---|---|---|")
    for rate in rates:
        cost = extrapolated(rate, prices)
        name = f"{cost['units']:.3g} {'hours' if rate.medium == Medium.AUDIO else 'pictures'}, `{rate.depth}`"
        print(
            f"| {name} | {cost['fingerprint_core_hours']:,.0f} | {cost['match_core_hours']:,.0f} "
            f"| {cost['fingerprint_money']:,.0f} | {cost['match_money']:,.0f} "
            f"| {cost['full_store_tb']:,.2f} TB, {cost['full_store_money_a_month']:,.0f} a month "
            f"| {cost['compact_store_tb']:,.2f} TB, {cost['compact_store_money_a_month']:,.0f} a month |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--core-hour", type=float, default=0.04, help="price of a core for an hour")
    parser.add_argument("--gigabyte-month", type=float, default=0.023, help="price of a gigabyte for a month")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    prices = {"core_hour": arguments.core_hour, "gigabyte_month": arguments.gigabyte_month}
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    media.print_machine(0)
    sides = media.split(arguments.folder, 0)
    rates = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        cpu_of("demo", "-o", str(folder / "warm"), "-q")  # compiles what has to be compiled
        for medium, depths in ((Medium.IMAGE, tuple(Depth)), (Medium.AUDIO, (Depth.THOROUGH,))):
            works = [file for file in sides.works if file.medium is medium]
            others = [file for file in sides.distractors if file.medium is medium]
            index = folder / f"{medium}.workprint"
            cpu_of("index", str(media.copied(works, folder / f"works-{medium}")), "-o", str(index), "-q")
            print(f"{medium}: {len(works)} works, {len(others)} other files, {MANY} times over")
            rates += [measured(medium, depth, others, index, folder) for depth in depths]
    print_tables(rates, prices)
    if arguments.json:
        arguments.json.write_text(json.dumps({"prices": prices, "rates": [asdict(rate) for rate in rates]}, indent=1))


def _children_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


if __name__ == "__main__":
    main()
