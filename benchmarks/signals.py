"""What reading rights signals costs: its share of the CPU time of fingerprinting, on a folder of media.

    python benchmarks/signals.py ~/pictures --items 300 --rounds 3

Reading signals and fingerprinting (which includes it) alternate on the same bytes in memory, in one process.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from workprint.errors import ItemError
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, Limits
from workprint.plugins import signal_readers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.is_file())
    random.Random(options.seed).shuffle(paths)
    for depth in Depth:
        blobs = _readable(paths, options.items, Pipeline(depth, Limits()))
        shares = [_share(blobs, Pipeline(depth, Limits())) for _ in range(options.rounds)]
        carrying = sum(bool(reader.read(blob)) for blob in blobs for reader in signal_readers())
        print(
            f"{depth}: {len(blobs)} items, {carrying} with signals, seed {options.seed}: signals take "
            f"{100 * statistics.median(shares):.2f} % of the CPU time of fingerprinting "
            f"({', '.join(f'{100 * share:.2f}' for share in shares)})"
        )


def _readable(paths: Sequence[Path], items: int, pipeline: Pipeline) -> list[Blob]:
    blobs: list[Blob] = []
    for path in paths:
        blob = Blob.of(path.read_bytes())
        try:
            pipeline.record(path.name, blob)
        except (ItemError, OSError):
            continue
        blobs.append(blob)
        if len(blobs) == items:
            break
    return blobs


def _share(blobs: Sequence[Blob], pipeline: Pipeline) -> float:
    readers = signal_readers()
    reading = whole = 0.0
    for blob in blobs:
        reading += _seconds(lambda blob=blob: [reader.read(blob) for reader in readers])
        whole += _seconds(lambda blob=blob: pipeline.record("item", blob))
    return reading / whole


def _seconds(function: Callable[[], object]) -> float:
    begin = time.process_time()
    function()
    return time.process_time() - begin


if __name__ == "__main__":
    main()
