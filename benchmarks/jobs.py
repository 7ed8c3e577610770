"""What does a second job bring to a whole scan, and what is not done by both?

    python benchmarks/jobs.py DATASET PORTFOLIO... [--rounds N] [--jobs N]

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
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median


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
    spent["results"] = time.process_time() - imported_s - spent["planning"]
    ready = max(spent["planning"], spent["fork server"])
    return {**spent, "in all": spent["imports"] + ready + spent["longest worker"] + spent["results"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("dataset")
    parser.add_argument("portfolios", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--once", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        print(json.dumps(one_scan(options.dataset, options.portfolios, options.once)))
        return
    runs: dict[int, list[dict[str, float]]] = {1: [], options.jobs: []}
    for _ in range(options.rounds):
        for jobs, taken in runs.items():
            command = [sys.executable, __file__, *sys.argv[1:], "--once", str(jobs)]
            taken.append(json.loads(subprocess.run(command, check=True, capture_output=True).stdout))
    for jobs, taken in runs.items():
        shares = {name: median(one[name] for one in taken) for name in taken[0]}
        print(f"{jobs} jobs: " + ", ".join(f"{name} {spent_s:.2f} s" for name, spent_s in shares.items()))
    ratios = [one["in all"] / many["in all"] for one, many in zip(*runs.values(), strict=True)]
    print(f"ratio of each round: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
