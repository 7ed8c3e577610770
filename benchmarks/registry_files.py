"""What matching a store with a registry of recordings costs as a person does it: from files, with two jobs.

    python benchmarks/registry_files.py DIR OUT [--portfolios 500] [--works 2] [--seed 1]

DIR and what the works are filled up with as for `registry_audio.py`. Portfolios and a store of what matches nothing, in
four shards, are written to OUT, unless they are there; `workprint match` is run twice, the first time for what is kept
of compiled code. Prints its times, and the most memory of its main process and its workers (Linux).
"""

import argparse
import io
import itertools
import json
import subprocess
import tarfile
import time
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import soundfile as sf

from memory import WORKPRINT, held
from processes import descendants
from quality_audio import RATE_HZ, RECIPE_ID, negatives, record_of, sounds_below
from registry_audio import filled_up
from workprint import plugins
from workprint.ingest import Pipeline
from workprint.matching.audio import AudioIndex
from workprint.matching.landmark_index import LandmarkIndex
from workprint.model import Depth, Limits, Medium, Work
from workprint.portfolio import PortfolioContents, write_portfolio

SHARDS = 4
JOBS = 2
RECIPES = Pipeline(Depth.THOROUGH, Limits()).recipes


def main() -> None:
    """Make what is not there, match, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--portfolios", type=int, default=500)
    parser.add_argument("--works", type=int, default=2, help="works in each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clips", type=int, default=1, help="scenes that edits of the distractors draw on")
    options = parser.parse_args()
    registry = options.out / f"registry-{options.portfolios}-{options.works}"
    if not registry.is_dir():
        write_registry(options, registry)
    if not (options.out / "store").is_dir():
        write_store(options)
    size = sum(path.stat().st_size for path in registry.iterdir())
    print(f"seed {options.seed}; {options.portfolios} portfolios of {options.works} works, {size / 1e6:.0f} MB")
    for _ in range(2):
        match(options, registry)


def write_registry(options: argparse.Namespace, folder: Path) -> None:
    """Write portfolios of real and made-up works."""
    sounds = sounds_below(options.folder / "portfolio")
    real = [record for name, sound in sounds.items() if (record := record_of(name, sound))]
    works = iter(filled_up(real, options.portfolios * options.works, options.seed))
    folder.mkdir(parents=True)
    seconds = 0.0
    for number in range(options.portfolios):
        own = list(itertools.islice(works, options.works))
        records = [
            replace(record, subject_id=f"{at}.wav", digest=sha256(f"{number}-{at}".encode()).hexdigest(), signals=())
            for at, (record, _) in enumerate(own)
        ]
        seconds += sum(stars.duration_s for _, stars in own)
        tables = {}
        for recipe in (plugins.DIGEST_RECIPE, *RECIPES):
            if recipe == RECIPE_ID:
                tables[recipe] = AudioIndex(recipe, LandmarkIndex.build([stars for _, stars in own])).tables()
            elif kind := plugins.index_class(recipe):
                tables[recipe] = kind.build(recipe, [replace(one, fingerprints=()) for one in records]).tables()
        nouns = tuple(Work(one.subject_id, "", f"C{number}", "", None, Medium.AUDIO) for one in records)
        contents = PortfolioContents(nouns, tuple(records), (), (), tuple(RECIPES), tables)
        write_portfolio(folder / f"{number:05d}.workprint", contents)
    print(f"{options.portfolios} portfolios, {seconds / 3600:.1f} h", flush=True)


def write_store(options: argparse.Namespace) -> None:
    """Fingerprint every ninth of what matches nothing, from archives."""
    (options.out / "data").mkdir(parents=True, exist_ok=True)
    items = list(itertools.islice(negatives(options), 0, None, 9))
    for shard in range(SHARDS):
        with tarfile.open(options.out / "data" / f"{shard}.tar", "w") as archive:
            for at, (_, sound) in enumerate(items[shard::SHARDS]):
                stream = io.BytesIO()
                sf.write(stream, sound, RATE_HZ, format="WAV")
                entry = tarfile.TarInfo(f"{at:03d}.wav")
                entry.size = len(stream.getvalue())
                archive.addfile(entry, io.BytesIO(stream.getvalue()))
    command = ["fingerprint", options.out / "data", "-o", options.out / "store", "-q", "--allow-failures"]
    subprocess.run([*WORKPRINT, *map(str, command)], check=False)
    print(f"{len(items)} items, {sum(sound.size for _, sound in items) / RATE_HZ:.0f} s", flush=True)


def match(options: argparse.Namespace, registry: Path) -> None:
    """Match from nothing, and look at the processes ten times a second."""
    output, profile = options.out / f"out-{registry.name}", options.out / "profile.json"
    for kept in (output / "compared").glob("*"):
        kept.unlink()
    command = [
        "match",
        options.out / "store",
        "-p",
        registry,
        "-o",
        output,
        "-j",
        JOBS,
        "-q",
        "--profile-json",
        profile,
    ]
    command += ["--fail-on", "never", "--allow-failures"]
    most = {"main": (0, 0), "workers": (0, 0)}
    joined_bytes, begin = 0, time.monotonic()
    with subprocess.Popen([*WORKPRINT, *map(str, command)]) as process:
        while process.poll() is None:
            for name, processes in (("main", [process.pid]), ("workers", descendants(process.pid))):
                most[name] = max(most[name], held(processes))
            with suppress(OSError):  # it may go while we look
                found = sum(path.stat().st_size for path in (output / "joined.tmp").rglob("*.npy"))
                joined_bytes = max(joined_bytes, found)
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.1)
    print(f"matched in {time.monotonic() - begin:.1f} s, exit code {process.returncode}")
    print(f"  joined tables {joined_bytes / 1e6:.0f} MB; {json.dumps(json.loads(profile.read_text()))}")
    for name, (proportional, resident) in most.items():
        print(
            f"  {name}: {proportional / 1e6:.0f} MB, shared pages divided; {resident / 1e6:.0f} MB resident", flush=True
        )


if __name__ == "__main__":
    main()
