"""Disks that are full, and folders that cannot be written."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from fault_samples import files

from workprint.cli import main

KIB = 1024


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system of its own, in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = (
        os.geteuid() == 0
        and not subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=4k", "none", str(place)], capture_output=True, check=False
        ).returncode
    )
    if not mounted:
        pytest.skip("only root can mount a small file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def remount(place: Path, options: str) -> None:
    """Change a file system's size, or whether it can be written."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(place)], check=True)


def scan(shards: Path, small: Path, output: Path) -> Result:
    """Run the command."""
    arguments = ["scan", shards, "-p", small / "mine.workprint", "-o", output, "--as-of", "2026-01-01", "-j", 2, "-q"]
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.mark.fault(
    "a disk that fills up in the middle of a scan", "a sentence, exit code 3; with more room, the same bytes"
)
def test_a_full_disk_is_told_and_survived(shards: Path, small: Path, disk: Path, tmp_path: Path) -> None:
    """At whatever point it is full: in the store, in the results, in the report."""
    assert scan(shards, small, tmp_path / "calm").exit_code == 1
    needed = sum(len(data) + 4 * KIB for data in files(tmp_path / "calm").values())

    for size in range(12 * KIB, needed - 8 * KIB, needed // 5):
        remount(disk, f"size={size}")
        result = scan(shards, small, disk / "out")
        assert result.exit_code == 3, size
        assert "No space left on device" in result.stderr
        assert len(result.stderr.splitlines()) == 1
    remount(disk, "size=64m")

    assert scan(shards, small, disk / "out").exit_code == 1
    assert files(disk / "out") == files(tmp_path / "calm")


@pytest.mark.fault("a results folder that cannot be written", "a sentence, exit code 3, before any work is done")
def test_a_read_only_folder_is_told(shards: Path, small: Path, disk: Path) -> None:
    """Nobody waits for an hour to be told."""
    remount(disk, "ro")

    result = scan(shards, small, disk / "out")

    assert result.exit_code == 3
    assert f"{disk / 'out'} cannot be written" in result.stderr
    assert len(result.stderr.splitlines()) == 1
