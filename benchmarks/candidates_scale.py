"""What comparing the signatures of two large stores takes: time against reading them, memory, and what is missed.

    python benchmarks/candidates_scale.py [--records 1000000] [--others 1000000] [--folder DIR]

Both stores are drawn by one seed, so that the smaller one's records are the first of the larger: each of these pairs
has to be listed, once, and no other. Random signatures have no crowds; those of real pictures do. Beside the stores
(640 bytes a record), temporary files take 512 bytes for each record while it runs.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np

from scale import read_once
from synthetic_store import PART_RECORDS, SEED, make_store
from workprint.stores.candidates import candidates


class Peak(threading.Thread):
    """The most memory that this process held while it ran."""

    def __init__(self) -> None:
        """Nothing yet; it ends with the process."""
        super().__init__(daemon=True)
        self.own_bytes = self.file_bytes = 0

    def run(self) -> None:
        """Look ten times a second."""
        while True:
            held = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            self.own_bytes = max(self.own_bytes, 1024 * int(held["RssAnon"].split()[0]))
            self.file_bytes = max(self.file_bytes, 1024 * int(held["RssFile"].split()[0]))
            time.sleep(0.1)


def measure(folder: Path, records: int, others: int) -> None:
    stores = []
    for count in (records, others):
        stores.append(folder / f"store-{count}")
        make_store(stores[-1], count, 1000)
    begin = time.process_time()
    for one in stores:
        read_once(one)
    read_s, peak = time.process_time() - begin, Peak()
    peak.start()
    begin, elapsed = time.process_time(), time.perf_counter()
    listed = sum(candidates(*stores, folder / "pairs").values())
    spent_s, elapsed_s = time.process_time() - begin, time.perf_counter() - elapsed
    wrong = sum(one["item"] != one["other"] for one in map(json.loads, (folder / "pairs").open()))
    print(f"{records:,} and {others:,} records: {spent_s:.1f} s of processor time, {elapsed_s:.1f} s elapsed")
    print(f"  {spent_s / read_s:.1f} times reading both stores once ({read_s:.1f} s)")
    print(f"  {peak.own_bytes / 1e9:.2f} GB of memory, and at most {peak.file_bytes / 1e9:.2f} GB of mapped files")
    print(f"  {min(records, others):,} pairs are equal: {listed - wrong:,} listed; {wrong} that are not")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10**6, help=f"whole {PART_RECORDS:,}s")
    parser.add_argument("--others", type=int, default=10**6, help=f"whole {PART_RECORDS:,}s")
    parser.add_argument("--folder", type=Path, help="what is made stays here; else in a temporary folder")
    arguments = parser.parse_args()
    if arguments.records % PART_RECORDS or arguments.others % PART_RECORDS:
        parser.error(f"records are drawn in parts of {PART_RECORDS:,}; give whole numbers of these")
    print(f"seed {SEED}, {platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}", flush=True)
    if arguments.folder:
        arguments.folder.mkdir(parents=True, exist_ok=True)
    with nullcontext(arguments.folder) if arguments.folder else tempfile.TemporaryDirectory() as name:
        measure(Path(name), arguments.records, arguments.others)


if __name__ == "__main__":
    main()
