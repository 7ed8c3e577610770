"""Output that nobody reads to its end: `workprint inspect dataset/ | head -1`."""

import os
import subprocess
import sys

import pytest

from conftest import Scanned


@pytest.mark.parametrize(
    "command", [["inspect", "."], ["inspect", "--reader", "folder", "store"], ["report", ".", "--format", "jsonl"]]
)
def test_commands_leave_quietly_when_nobody_reads(command: list[str], scanned: Scanned) -> None:
    """Whether they write line by line or at once."""
    reads, writes = os.pipe()
    os.close(reads)
    program = [sys.executable, "-c", "from workprint.cli import main; main()", *command]

    run = subprocess.run(program, stdout=writes, stderr=subprocess.PIPE, text=True, check=False, cwd=scanned.output)
    os.close(writes)

    assert (run.returncode, run.stderr) == (128 + 13, "")
