"""Comparing with a baseline, and lists on disk."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from workprint import api
from workprint.cli import main
from workprint.errors import UsageError
from workprint.findings import Results, write_results
from workprint.model import Level, Use

DAY = date(2026, 1, 1)


@pytest.fixture
def found(small: Path, tmp_path: Path) -> Path:
    """Results of a scan that finds all three works of a small portfolio."""
    settings = api.Settings(as_of=DAY, jobs=1)
    api.scan(str(small / "works"), [small / "mine.workprint"], tmp_path / "out", settings)
    return tmp_path / "out"


def test_only_what_is_new_or_worse_fails(found: Path, small: Path, tmp_path: Path) -> None:
    """The exit code leaves what was there before alone; the summary counts all."""
    held = api.read_results(found)
    first, second, _ = held.findings
    milder = replace(second, level=Level.NOTE)
    write_results(tmp_path / "before", Results(held.manifest, (first, milder)), [])

    states, absent = api.against(held, tmp_path / "before")
    assert sorted(states.values()) == ["new", "unchanged", "updated"]
    assert absent == ()
    assert api.against(Results(held.manifest, ()), tmp_path / "before")[1] == (first, milder)

    scan = ["scan", str(small / "works"), "-p", str(small / "mine.workprint"), "-o", str(tmp_path / "again"), "-q"]
    same = CliRunner().invoke(
        main, [*scan, "--baseline", str(found), "--summary", str(tmp_path / "step.md"), "-j", "1"]
    )
    worse = CliRunner().invoke(main, [*scan, "--baseline", str(tmp_path / "before"), "-j", "1"])
    assert (same.exit_code, worse.exit_code) == (0, 1)
    assert "3 unchanged" in (tmp_path / "step.md").read_text()


def test_a_baseline_about_another_use_or_in_the_way_is_refused(found: Path, tmp_path: Path) -> None:
    """Before anything is scanned."""
    held = api.read_results(found)
    other = Results(replace(held.manifest, use=Use.DATA_MINING), ())
    with pytest.raises(UsageError, match="compare runs of one --use"):
        api.against(other, found)
    wrong = CliRunner().invoke(main, ["scan", "x", "-o", str(found), "--baseline", str(found)])
    missing = CliRunner().invoke(main, ["scan", "x", "-o", str(found), "--baseline", str(tmp_path / "none")])
    assert (wrong.exit_code, missing.exit_code) == (2, 2)


def test_lists_are_written_once_and_whole(found: Path, tmp_path: Path) -> None:
    """Into a folder that is not there yet."""
    run = ["report", str(found), "--format", "removal", "-o", str(tmp_path / "lists")]
    assert CliRunner().invoke(main, run).output.endswith("lists: 3 items\n")
    assert {path.name for path in (tmp_path / "lists").iterdir()} == {
        "items.txt", "urls.txt", "sha256.txt", "uids.npy", "filter.parquet", "removal.json",
    }  # fmt: skip
    assert CliRunner().invoke(main, run).exit_code == 2
    assert CliRunner().invoke(main, run[:4]).exit_code == 2
