"""How matching grows with stored records, and with works: time against reading, memory of all processes, recall.

    python benchmarks/scale.py [--records 100000,1000000,10000000] [--works 1000] [--folder DIR] [--json FILE]
    python benchmarks/scale.py --records 1000 --works 1000000

Draws by seed a compact store of pictures (hash, signature, digests, address, URL) and a portfolio, plants copies of
works at every distance from 0 to 24 bits, and matches with one job, as `workprint match` does: what the main process
and its worker spend and hold is added up. Hashes are random bits: those of real pictures fill the buckets less evenly.
10,000,000 records take 7 GB. They stay where `--folder` says, and a run that was stopped goes on with them; without it
they are deleted afterwards.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from processes import descendants
from synthetic_store import PHASH, SEED, SKETCH, Planted, hashes_of_works, make_portfolio, make_store
from workprint import store
from workprint.matching.hamming import HammingTable
from workprint.portfolio import Portfolio

THRESHOLD_BITS = 20
TASKS = ("bare", "start", "read", "read-portfolio", "check-portfolio", "match")
"""Python and its imports; matching one record; reading the store (every column is unpacked); reading the portfolio's
bytes, and nothing else; opening the portfolio, for which every byte is read and hashed; matching the store."""
SAMPLE_S = 0.05
SPENT = [0.0]
"""Processor time of the processes that have ended, all together."""
LEAST_S = 0.1
"""Less than this is noise, and so is what is told as so many times it."""
LINEAR_PAIRS = 5 * 10**9
"""So many pairs at most are looked at one by one, to hold the answer against, if nothing else is said."""


def read_once(folder: Path) -> None:
    """The yardstick: every column of every part, decompressed and thrown away."""
    for part in store.parts(folder):
        with pq.ParquetFile(part.path) as file:
            for _ in file.iter_batches(batch_size=16_384):
                pass


def timed(what: str, folder: Path, records: int, works: int) -> dict[str, float]:
    """Time and memory of one thing in processes of their own, all added up: its own, and its workers'."""
    command = [sys.executable, __file__, "--task", what, "--folder", str(folder)]
    command += ["--records", str(records), "--works", str(works)]
    begin = time.perf_counter()
    peaks = {"own_bytes": 0.0, "all_bytes": 0.0}
    workers_s: dict[int, float] = {}
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            below = descendants(process.pid)
            held = [memory(pid) for pid in (process.pid, *below)]
            for name in peaks:
                peaks[name] = max(peaks[name], sum(one[name] for one in held))
            for pid in below:  # nobody waits for a worker's server, so that its time reaches us in no other way
                workers_s[pid] = max(workers_s.get(pid, 0.0), processor_s(pid))
            time.sleep(SAMPLE_S)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        raise SystemExit(f"{what} failed with exit code {process.returncode}")
    main_s = usage.ru_utime + usage.ru_stime - SPENT[0]
    SPENT[0] += main_s
    return {"wall_s": time.perf_counter() - begin, "cpu_s": main_s + sum(workers_s.values()), **peaks}


def processor_s(process: int) -> float:
    with suppress(OSError):  # it may end while we look
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def memory(process: int) -> dict[str, float]:
    """What a process holds: memory of its own, and with it mapped files, divided among those who share them."""
    figures = {"own_bytes": 0.0, "all_bytes": 0.0}
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]:
            name, value = line.split()[:2]
            figures["all_bytes"] += 1024.0 * int(value) * (name == "Pss:")
            figures["own_bytes"] += 1024.0 * int(value) * (name == "Pss_Anon:")
    return figures


def task(what: str, folder: Path, records: int, works: int) -> None:
    from workprint import api

    matched = store_of(folder, records if what == "match" else 1, works)
    if what in ("match", "start"):
        api.make_ready("local", matched)  # as the command does
    matching = api.match  # what it needs is imported when it is asked for
    if what == "bare":
        return
    if what == "read":
        read_once(store_of(folder, records, works))
    elif what == "read-portfolio":
        with portfolio_of(folder, works).open("rb") as stream:
            while stream.read(1 << 20):
                pass
    elif what == "check-portfolio":
        Portfolio(portfolio_of(folder, works))
    else:
        settings = api.Settings(jobs=1, as_of=date(2026, 1, 1))
        shutil.rmtree(folder / "results", ignore_errors=True)
        matching(matched, [portfolio_of(folder, works)], folder / "results", settings)


def store_of(folder: Path, records: int, works: int) -> Path:
    return folder / f"store-{records}-{works}"


def portfolio_of(folder: Path, works: int) -> Path:
    return folder / f"{works}.workprint"


def missed_and_false(folder: Path, planted: list[Planted]) -> tuple[int, int]:
    found = set()
    for line in (folder / "results" / "findings.jsonl").open():
        finding = json.loads(line)
        found.add((finding["item"], int(finding["work"][5:12])))
    wanted = {(one.item, one.work) for one in planted if one.distance_bits <= THRESHOLD_BITS}
    return len(wanted - found), len(found - wanted)


def linear_disagrees(folder: Path, records: int, works: int, most_pairs: int) -> tuple[int, int]:
    """Look at so many pairs one by one at most; at how many items, and on how many both ways differ."""
    targets = hashes_of_works(works)
    found = {json.loads(line)["item"] for line in (folder / "results" / "findings.jsonl").open()}
    looked_at = differ = 0
    agreed: set[str] = set()
    plain = HammingTable.build(targets, 0)
    for columns in stored(store_of(folder, records, works)):
        if (looked_at + len(columns)) * len(targets) > most_pairs and looked_at:
            break
        hashes = columns.values(PHASH, 32).view("<u8").reshape(-1, 4)
        asked, _ = plain.pairs_within(hashes, THRESHOLD_BITS)
        within = np.unique(asked)
        seen = {row[0].subject_id for row in columns.rows(within) if isinstance(row, tuple)}
        differ += len(seen - found)
        agreed |= seen
        looked_at += len(columns)
    if looked_at == records:
        differ += len(found - agreed)
    return looked_at, differ


def stored(folder: Path) -> Iterator[Any]:
    for part in store.parts(folder):
        yield from store.read_columns(part, (PHASH, SKETCH))


def measure(folder: Path, records: int, works: int, most_pairs: int) -> dict[str, Any]:
    make_store(store_of(folder, 1, works), 1, works)
    planted = make_store(store_of(folder, records, works), records, works)
    disk = sum(part.path.stat().st_size for part in store.parts(store_of(folder, records, works)))
    timed("start", folder, records, works)  # kernels are compiled once
    rounds = []
    for _ in range(3 if records < 10**7 else 2):
        rounds.append({what: timed(what, folder, records, works) for what in TASKS})
    best = {what: min((one[what] for one in rounds), key=lambda one: one["cpu_s"]) for what in rounds[0]}
    missed, false = missed_and_false(folder, planted)
    looked_at, differ = linear_disagrees(folder, records, works, most_pairs)
    return {
        "records": records, "works": works, "bytes_a_record": disk / records, **best,
        "planted_within": sum(one.distance_bits <= THRESHOLD_BITS for one in planted), "missed": missed,
        "planted_beyond": sum(one.distance_bits > THRESHOLD_BITS for one in planted), "false": false,
        "linear_items": looked_at, "linear_differ": differ,
    }  # fmt: skip


def say(figures: dict[str, Any]) -> None:
    """Figures and aims, and by how much these are missed. What Python and its imports take is taken off."""
    print(f"{figures['records']:,} records, {figures['works']:,} works, {figures['bytes_a_record']:.0f} bytes a record")
    for clock, name in (("cpu_s", "CPU"), ("wall_s", "elapsed")):
        bare = figures["bare"][clock]
        started, read, portfolio, checked, match = (figures[what][clock] - bare for what in TASKS[1:])
        print(
            f"  {name}: store read {read:.2f} s, portfolio read {portfolio:.2f} s, and checked {checked:.2f} s, ",
            end="",
        )
        print(f"one record matched {started:.2f} s, all {match:.2f} s")
        if read > LEAST_S:
            print(f"  {name}: {(match - started) / read:.1f} times reading the store, without what one record takes")
            aim(f"{name}, times reading the store", match / read, 10)
        if read + portfolio > LEAST_S:
            aim(f"{name}, times reading store and portfolio", match / (read + portfolio), 10)
        if read + checked > LEAST_S:
            print(
                f"  {name}: {match / (read + checked):.1f} times reading the store and the portfolio with its digests"
            )
    aim("memory of all processes, mapped files included, GB", figures["match"]["all_bytes"] / 1e9, 2)
    print(f"  {figures['match']['own_bytes'] / 1e9:.2f} GB of it are not mapped files")
    print(f"  {figures['planted_within']} copies within {THRESHOLD_BITS} bits: {figures['missed']} missed; ", end="")
    print(f"{figures['planted_beyond']} further away; {figures['false']} found that are none")
    print(f"  linear scan of {figures['linear_items']:,} records: {figures['linear_differ']} differ", flush=True)


def aim(what: str, value: float, most: float) -> None:
    told = "met" if value <= most else f"missed by {100 * (value / most - 1):.0f} %"
    print(f"  {what}: {value:.2f} (aim {most}: {told})")


def exponent(figures: list[dict[str, Any]], start: bool) -> float:
    """Of the growth of time with records, between the least and the most; without what one record takes, or with."""
    less = "bare" if start else "start"
    spent = [one["match"]["cpu_s"] - one[less]["cpu_s"] for one in (figures[0], figures[-1])]
    return math.log(spent[1] / spent[0]) / math.log(figures[-1]["records"] / figures[0]["records"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", default="100000,1000000,10000000")
    parser.add_argument("--works", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="what is made stays here; else in a temporary folder")
    parser.add_argument("--linear-pairs", type=float, default=LINEAR_PAIRS, help="pairs to look at one by one")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--task", choices=TASKS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.task:
        task(arguments.task, arguments.folder, int(arguments.records), arguments.works)
        return
    print(f"seed {SEED}, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}", flush=True)
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    with nullcontext(arguments.folder) if arguments.folder else tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_portfolio(portfolio_of(folder, arguments.works), arguments.works)
        figures = []
        for records in map(int, arguments.records.split(",")):
            figures.append(measure(folder, records, arguments.works, int(arguments.linear_pairs)))
            say(figures[-1])
        if len(figures) > 1:
            print(f"exponent {exponent(figures, False):.2f}, {exponent(figures, True):.2f} with what one record takes")
        if arguments.json:
            arguments.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
