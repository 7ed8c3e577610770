"""A run that is stopped at any moment goes on when it is started again, and ends in the same bytes."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fault_samples import files

MOMENTS = int(os.environ.get("WORKPRINT_FAULT_MOMENTS", "3"))
SEED = 20


def begin(shards: Path, small: Path, output: Path) -> "subprocess.Popen[str]":
    """Start a scan in a process group of its own."""
    command = [sys.executable, "-m", "workprint.cli", "scan", str(shards), "-p", str(small / "mine.workprint")]
    options = ["-o", str(output), "--jobs", "2", "--as-of", "2026-01-01", "--quiet"]
    return subprocess.Popen([*command, *options], start_new_session=True, stderr=subprocess.PIPE, text=True)


@pytest.mark.fault(
    "kill -9 of the whole process group at a random moment, again and again", "the next start ends in the same bytes"
)
def test_a_run_that_is_killed_goes_on(shards: Path, small: Path, tmp_path: Path) -> None:
    """Every file of the results, the store, the report and its pictures; and nothing is left beside them."""
    started_s = time.monotonic()
    with begin(shards, small, tmp_path / "calm") as calm:
        _, said = calm.communicate()
    assert calm.returncode == 1, said
    lasts_s = time.monotonic() - started_s
    chance = random.Random(SEED)

    for _ in range(MOMENTS):
        with begin(shards, small, tmp_path / "out") as run:
            time.sleep(chance.uniform(0.2, 1.1) * lasts_s)
            if run.poll() is None:
                os.killpg(run.pid, signal.SIGKILL)
    with begin(shards, small, tmp_path / "out") as last:
        _, said = last.communicate()

    assert last.returncode == 1, said
    assert files(tmp_path / "out") == files(tmp_path / "calm")
