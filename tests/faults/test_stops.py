"""A run that is stopped at any moment goes on when it is started again, and ends in the same bytes."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from fault_samples import files

MOMENTS = int(os.environ.get("WORKPRINT_FAULT_MOMENTS", "2"))
SEED = 20
SIDE_BY_SIDE = 2
"""Runs are disturbed two at a time, because most of what one does is to start."""


@dataclass(frozen=True)
class Undisturbed:
    """A scan, and what comes of it."""

    arguments: tuple[str, ...]
    outcome: dict[str, bytes]

    def begin(self, output: Path) -> "subprocess.Popen[str]":
        """Start it in a process group of its own."""
        command = [sys.executable, "-c", "from workprint.cli import main; main()", *self.arguments, "-o", str(output)]
        return subprocess.Popen(command, start_new_session=True, stderr=subprocess.PIPE, text=True)

    def finished(self, output: Path) -> dict[str, bytes]:
        """Start it and let it end; everything that is there then."""
        with self.begin(output) as run:
            _, said = run.communicate()
        assert run.returncode == 1, said
        return files(output)


def is_killed(run: "subprocess.Popen[str]", output: Path, most: int, jitter_s: float) -> bool:
    """Kill a run soon after it has so many files; False where it came to its end before."""
    while run.poll() is None and len(list(output.rglob("*"))) < most:
        time.sleep(0.002)
    time.sleep(jitter_s)
    if run.poll() is None:
        os.killpg(run.pid, signal.SIGKILL)
    return run.wait() == -signal.SIGKILL


def disturbed(calm: Undisturbed, output: Path, seed: int) -> int:
    """Kill a run again and again, begin anew where it came to its end, and let it end; how often it was killed."""
    chance, killed = random.Random(seed), 0
    for _ in range(MOMENTS // SIDE_BY_SIDE):
        there = len(list(output.rglob("*")))
        with calm.begin(output) as run:
            most = chance.randint(there + 1, max(there + 1, len(calm.outcome)))
            if is_killed(run, output, most, chance.uniform(0, 0.05)):
                killed += 1
                continue
        assert files(output) == calm.outcome
        shutil.rmtree(output)
    assert calm.finished(output) == calm.outcome
    return killed


@pytest.mark.fault(
    "kill -9 of the whole process group at a random moment, again and again", "the next start ends in the same bytes"
)
def test_a_run_that_is_killed_goes_on(shards: Path, small: Path, tmp_path: Path) -> None:
    """Every file of the results, the store, the report and its pictures; and nothing is left beside them."""
    options = ("-p", str(small / "mine.workprint"), "--jobs", "2", "--as-of", "2026-01-01", "--quiet")
    plan = Undisturbed(("scan", str(shards), *options), {})
    calm = Undisturbed(plan.arguments, plan.finished(tmp_path / "calm"))
    assert {"findings.jsonl", "report.html"} <= calm.outcome.keys()

    with ThreadPoolExecutor(SIDE_BY_SIDE) as both:
        killed = both.map(lambda at: disturbed(calm, tmp_path / f"out-{at}", SEED + at), range(SIDE_BY_SIDE))

        assert sum(killed) > 0
