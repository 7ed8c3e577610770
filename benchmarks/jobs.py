"""What does a second job bring to a whole scan, and what is not done by both?

    python benchmarks/jobs.py DATASET PORTFOLIO... [--rounds N] [--jobs N]

Beside it: how much more two processes that know nothing of each other do than one, which no scan can be better than
on that machine. And the elapsed time, which counts on a machine that does nothing else.

On a machine that does other things as well, elapsed time says nothing. So each process is asked how long it computed
and how long it waited for a processor (Linux, /proc/PID/schedstat), and the scan is put together from that as if nobody
else were there: imports, then the longer of planning and of making the fork server ready, then the worker that is
busy or blocked longest, then results and report. One job and several take turns.
"""

import argparse
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from statistics import median

_ALONE_ITEMS = 150
_ALONE_S = 5.0


def scheduled(process: int) -> tuple[float, float]:
    """Seconds computed, and seconds alive without computing or waiting for a processor."""
    computed, waited = (int(word) / 1e9 for word in Path(f"/proc/{process}/schedstat").read_text().split()[:2])
    begun_s = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
    alive_s = time.clock_gettime(time.CLOCK_BOOTTIME) - begun_s
    return computed, max(0.0, alive_s - computed - waited)


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def one_scan(dataset: str, portfolios: Sequence[Path], jobs: int) -> dict[str, float]:
    """In a fresh process: seconds by what was done."""
    from workprint import api
    from workprint.model import Progress

    began_s = time.monotonic()
    api.make_ready("local")  # as the command does; what a scan needs is imported meanwhile, and counts as planning
    imported_s = time.process_time()
    spent: dict[str, float] = {"imports": imported_s}

    def watch(progress: Progress) -> None:
        if progress.shards_done == 1:
            spent["planning"] = time.process_time() - imported_s
        if progress.shards_done == progress.shards_total:
            servers = [one for one in children(os.getpid()) if children(one)]
            workers = [scheduled(worker) for server in servers for worker in children(server)]
            spent["fork server"] = sum(scheduled(server)[0] for server in servers)
            spent["all workers"] = sum(computed for computed, _ in workers)
            spent["longest worker"] = max(map(sum, workers))

    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "out")
        api.scan(dataset, portfolios, output, api.Settings(jobs=jobs), watch)
        with (output / api.REPORT).open("w") as stream:
            api.report(output, stream)
    spent["elapsed"] = time.monotonic() - began_s
    spent["results"] = time.process_time() - imported_s - spent["planning"]
    ready = max(spent["planning"], spent["fork server"])
    return {**spent, "in all": spent["imports"] + ready + spent["longest worker"] + spent["results"]}


def items_of(dataset: Path) -> Iterator[bytes]:
    """Items of its archives, or its files."""
    for path in sorted(path for path in dataset.rglob("*") if path.is_file()):
        if path.suffix != ".tar":
            yield path.read_bytes()
            continue
        with tarfile.open(path) as archive:
            for member in archive:
                if held := archive.extractfile(member):
                    yield held.read()


def alone(dataset: Path) -> float:
    """Items fingerprinted per second in this process, as soon as it is warm and a line on standard input says go."""
    from workprint.errors import ItemError
    from workprint.ingest import Pipeline
    from workprint.model import Blob, Depth, Limits

    pipeline = Pipeline(Depth.THOROUGH, Limits())
    blobs = [Blob.of(data) for data in islice(items_of(dataset), _ALONE_ITEMS)]

    def all_once() -> None:
        for number, blob in enumerate(blobs):
            with suppress(ItemError):
                pipeline.record(str(number), blob)

    all_once()
    print("ready", flush=True)
    sys.stdin.readline()
    began_s, done = time.monotonic(), 0
    while time.monotonic() - began_s < _ALONE_S:
        all_once()
        done += len(blobs)
    return done / (time.monotonic() - began_s)


def rate_of(processes: int) -> float:
    """Items per second of so many processes that begin together and share nothing."""
    command = [sys.executable, __file__, *sys.argv[1:], "--alone"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    one_thread = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    running = [subprocess.Popen(command, env=one_thread, **pipes) for _ in range(processes)]
    for one in running:
        one.stdout.readline()
    for one in running:
        one.stdin.write("go\n")
        one.stdin.flush()
    return sum(float(one.communicate()[0]) for one in running)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("portfolios", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--once", type=int, default=0, help=argparse.SUPPRESS)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone:
        print(alone(Path(options.dataset)))
        return
    if options.once:
        print(json.dumps(one_scan(options.dataset, options.portfolios, options.once)))
        return
    runs: dict[int, list[dict[str, float]]] = {1: [], options.jobs: []}
    unrelated: list[float] = []
    for _ in range(options.rounds):
        one_rate = rate_of(1)
        unrelated.append(rate_of(options.jobs) / one_rate)
        for jobs, taken in runs.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--once", str(jobs)]
            taken.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    for jobs, taken in runs.items():
        shares = {name: median(one[name] for one in taken) for name in taken[0]}
        print(f"{jobs} jobs: " + ", ".join(f"{name} {spent_s:.2f} s" for name, spent_s in shares.items()))
    for name in ("in all", "elapsed"):
        show(f"ratio of each round, {name}", [one[name] / many[name] for one, many in zip(*runs.values(), strict=True)])
    show(f"{options.jobs} processes that know nothing of each other", unrelated)


def show(what: str, ratios: Sequence[float]) -> None:
    print(f"{what}: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
