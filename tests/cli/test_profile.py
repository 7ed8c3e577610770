"""`--profile` says where time went, and changes nothing else."""

import json
from pathlib import Path

from click.testing import CliRunner

from conftest import Scanned
from workprint.cli import main
from workprint.cli.profile import Profile, profiled
from workprint.model import Progress
from workprint.stopwatch import Activity


def test_shares_are_of_all_that_the_workers_did() -> None:
    """The largest first; whoever shows progress is told as before."""
    told: list[Progress] = []
    profile = Profile(told.append)
    progress = Progress(2, 2, 10, 0, 1, {"decode": 1.0, "write": 3.0})

    profile(progress)

    lines = list(profile.lines())
    assert [line.split() for line in lines[1:4]] == [
        ["write", "3.00", "s", "75.0%"],
        ["decode", "1.00", "s", "25.0%"],
        ["all", "4.00", "s"],
    ]
    assert told == [progress]


def test_a_run_without_shards_has_a_profile_of_nothing() -> None:
    """Rather than a division by zero."""
    assert "0.00 s" in list(Profile(None).lines())[1]
    with profiled(None, wanted=False) as watch:
        assert watch is None


def test_a_profile_changes_no_file(scanned: Scanned, tmp_path: Path) -> None:
    """Times are printed, never written: results stay the same bytes."""
    portfolios = [word for path in scanned.portfolios for word in ("-p", str(path))]
    common = ["match", str(scanned.output / "store"), *portfolios, "--as-of", "2026-01-01", "--quiet", "--jobs", "1"]

    plain = CliRunner().invoke(main, [*common, "-o", str(tmp_path / "plain")])
    told = CliRunner().invoke(main, [*common, "-o", str(tmp_path / "told"), "--profile"])

    assert (plain.exit_code, plain.stdout) == (told.exit_code, "")
    assert {"verify", "look"} <= {line.split()[0] for line in told.stdout.splitlines()}
    for name in ("findings.jsonl", "run.json", "report.html"):
        assert (tmp_path / "plain" / name).read_bytes() == (tmp_path / "told" / name).read_bytes()


def test_a_profile_for_programs_holds_the_same_seconds(scanned: Scanned, tmp_path: Path) -> None:
    """By activity, in a file of its own; nothing is printed that was not asked for."""
    portfolios = [word for path in scanned.portfolios for word in ("-p", str(path))]
    command = ["match", str(scanned.output / "store"), *portfolios, "--as-of", "2026-01-01", "--quiet", "--jobs", "1"]
    file = tmp_path / "profile.json"

    told = CliRunner().invoke(main, [*command, "-o", str(tmp_path / "told"), "--profile-json", str(file)])

    figures = json.loads(file.read_text())
    assert told.stdout == ""
    assert list(figures) == ["worker_s", "waiting_process_s", "elapsed_s"]
    assert set(figures["worker_s"]) <= set(Activity)
    assert all(spent_s >= 0 for spent_s in figures["worker_s"].values())
    assert figures["worker_s"]["look up"] > 0


def test_a_profile_that_cannot_be_written_is_refused_before_the_run(tmp_path: Path) -> None:
    """Not after hours of it."""
    command = [
        "fingerprint",
        str(tmp_path),
        "-o",
        str(tmp_path / "store"),
        "--profile-json",
        str(tmp_path / "no" / "p"),
    ]

    refused = CliRunner().invoke(main, command)

    assert refused.exit_code == 2
    assert "No such file" in refused.output
    assert not (tmp_path / "store").exists()
