"""The command line: exit codes, sentences instead of tracebacks, and results on stdout."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from cli_output import without_progress
from conftest import Scanned
from core_samples import picture, rebuilt, write_pictures, write_tar
from workprint import __version__
from workprint.cli import main
from workprint.cli.group import FAILED, FINDINGS, INCOMPLETE, NOTHING_TO_ACT_ON, USAGE, printable
from workprint.portfolio import write_portfolio

COMMANDS = tuple(main.commands)


def run(*arguments: object) -> Result:
    """Run a command; whatever happens must have been foreseen."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def sentence(result: Result, code: int) -> str:
    """The one line on stderr that a command ended with."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("workprint: ")
    return result.stderr


@pytest.fixture
def mine(small: Path) -> Path:
    """A portfolio of three pictures."""
    return small / "mine.workprint"


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    """A dataset that holds none of them."""
    return write_pictures(tmp_path / "clean", [50, 51])


@pytest.fixture
def taken(tmp_path: Path) -> Path:
    """A dataset that holds one of them."""
    return write_pictures(tmp_path / "taken", [1, 50])


@pytest.fixture
def scan(mine: Path, tmp_path: Path) -> Callable[..., Result]:
    """Scan something with that portfolio."""
    return lambda dataset, *options: run("scan", dataset, "-p", mine, "-o", tmp_path / "out", "-j", 1, *options)


def test_a_match_with_a_compact_store_says_what_it_cannot_find(clean: Path, mine: Path, tmp_path: Path) -> None:
    """In what is printed, in the report, and in each summary: nothing found is not nothing there."""
    run("fingerprint", clean, "-o", tmp_path / "store", "--compact", "-j", 1)
    told = run(
        "match", tmp_path / "store", "-p", mine, "-o", tmp_path / "out", "-j", 1, "--summary", tmp_path / "step.md"
    )
    page, step = (tmp_path / "out" / "report.html").read_text(), (tmp_path / "step.md").read_text()
    sarif = run("report", tmp_path / "out", "--format", "sarif").stdout

    assert told.exit_code == NOTHING_TO_ACT_ON
    for said in (told.stdout, page, step, sarif):
        assert "A compact store lets one compare pictures as wholes only" in said
    assert "in their parts" not in page


def test_a_password_is_not_asked_for_where_nobody_is(tmp_path: Path) -> None:
    """Without a terminal the sentence names the variable, and nothing that is piped in is taken and shown."""
    command = [sys.executable, "-c", "from workprint.cli import main; main()", "key", "new", str(tmp_path / "my.key")]
    ended = subprocess.run(
        command, input="hush\nhush\n", capture_output=True, text=True, check=False, start_new_session=True
    )

    assert ended.returncode == USAGE
    assert ended.stderr.count("\n") == 1
    assert "WORKPRINT_KEY_PASSWORD" in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_help_has_an_example_for_every_command() -> None:
    """Each command shows how it is used."""
    assert set(COMMANDS) >= {"index", "scan", "fingerprint", "match", "report", "inspect", "demo"}
    for name in COMMANDS:
        result = run(name, "--help")

        assert result.exit_code == 0
        assert "Example:" in result.stdout
        assert f"workprint {name}" in result.stdout.partition("Example:")[2]


def test_the_first_page_says_what_it_is_for() -> None:
    """Purpose, all commands in the order of their use, and the exit codes."""
    text = run("--help").stdout

    assert "Are these creators' works in this training dataset" in text
    assert "Exit codes: 0 nothing to act on, 1 findings" in text
    places = [text.index(f"\n  {name} ") for name in COMMANDS]
    assert places == sorted(places)


def test_the_version() -> None:
    """`--version` says which it is."""
    assert run("--version").stdout == f"workprint, version {__version__}\n"


def test_nothing_found_is_0(scan: Callable[..., Result], clean: Path, tmp_path: Path) -> None:
    """A clean dataset, all of it compared."""
    result = scan(clean)

    assert result.exit_code == NOTHING_TO_ACT_ON == 0
    assert result.stdout == (
        f"2 items seen = 2 compared + 0 failed\nfindings: none\n{tmp_path / 'out' / 'report.html'}\n"
    )
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "compared", "failures.jsonl", "findings.jsonl", "report.html", "run.json", "store",
    ]  # fmt: skip


def test_findings_are_1(scan: Callable[..., Result], taken: Path) -> None:
    """A work without permission in the dataset."""
    result = scan(taken)

    assert result.exit_code == FINDINGS == 1
    assert "findings: 1 prohibited" in result.stdout


@pytest.mark.parametrize(("level", "use", "code"), [
    ("error", "ai_generative_training", 1),
    ("error", "data_mining", 0),
    ("warning", "data_mining", 1),
    ("note", "data_mining", 1),
    ("never", "ai_generative_training", 0),
])  # fmt: skip
def test_fail_on_says_which_findings_count(
    scan: Callable[..., Result], taken: Path, level: str, use: str, code: int
) -> None:
    """Only findings of the level or above decide the exit code."""
    assert scan(taken, "--fail-on", level, "--use", use).exit_code == code


@pytest.mark.parametrize("arguments", [
    [], ["scan"], ["scan", "data"], ["scan", "data", "-p", "x"], ["nope"], ["index"], ["scan", "--nope"],
    ["scan", "d", "-p", "x", "-o", "o", "--use", "fun"], ["scan", "d", "-p", "x", "-o", "o", "--as-of", "yesterday"],
    ["scan", "d", "-p", "x", "-o", "o", "-j", "-1"], ["scan", "d", "-p", "x", "-o", "o", "--max-pixels", "0"],
    ["report", "out", "--format", "pdf"],
])  # fmt: skip
def test_wrong_usage_is_2(arguments: list[str]) -> None:
    """What cannot be asked for says what can."""
    result = run(*arguments)

    assert result.exit_code == USAGE == 2
    assert "Usage: " in result.stderr


def test_a_missing_path_is_2(mine: Path, clean: Path, tmp_path: Path) -> None:
    """Every command names the path that is not there, and makes nothing for it."""
    missing, out = tmp_path / "missing", tmp_path / "out"
    for arguments in (
        ("scan", missing, "-p", mine, "-o", out),
        ("scan", clean, "-p", missing, "-o", out / "o", "-j", 1),
        ("fingerprint", missing, "-o", out),
        ("match", missing, "-p", mine, "-o", out),
        ("index", missing, "-o", out),
        ("inspect", missing),
    ):
        assert "missing does not exist" in sentence(run(*arguments), USAGE)
    assert "there is no run.json" in sentence(run("report", missing), USAGE)


def test_a_damaged_index_is_3(mine: Path, clean: Path, tmp_path: Path) -> None:
    """An index that lost a byte on its way is not believed."""
    data = bytearray(mine.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "p").write_bytes(data)

    result = run("scan", clean, "-p", tmp_path / "p", "-o", tmp_path / "out")

    assert "is damaged" in sentence(result, FAILED)
    assert FAILED == 3


def test_failures_are_4_unless_they_are_allowed(scan: Callable[..., Result], clean: Path, tmp_path: Path) -> None:
    """An incomplete scan is never 0 unawares: text named .jpg and a file of no bytes."""
    (clean / "letter.jpg").write_text("Dear reader")
    (clean / "nothing.jpg").write_bytes(b"")

    result = scan(clean)

    assert result.exit_code == INCOMPLETE == 4
    assert "4 items seen = 2 compared + 2 failed (empty 1, unsupported 1)" in result.stdout
    failures = [json.loads(line) for line in (tmp_path / "out" / "failures.jsonl").read_text().splitlines()]
    assert [(one["item"], one["code"]) for one in failures] == [("letter.jpg", "unsupported"), ("nothing.jpg", "empty")]
    assert "looks like text" in failures[0]["detail"]
    assert scan(clean, "--allow-failures").exit_code == NOTHING_TO_ACT_ON


def test_findings_come_before_failures(scan: Callable[..., Result], taken: Path) -> None:
    """Where both are, there is something to act on."""
    (taken / "nothing.jpg").write_bytes(b"")

    assert scan(taken).exit_code == FINDINGS


def test_an_empty_folder_is_told(scan: Callable[..., Result], tmp_path: Path) -> None:
    """Nothing to scan is not nothing found."""
    (tmp_path / "empty").mkdir()

    assert "empty" in sentence(scan(tmp_path / "empty"), FAILED)


def test_what_is_no_index_is_told(clean: Path, tmp_path: Path) -> None:
    """Another file in place of the portfolio."""
    (tmp_path / "letter.txt").write_text("Dear reader")

    result = run("scan", clean, "-p", tmp_path / "letter.txt", "-o", tmp_path / "out")

    assert "letter.txt is not a portfolio index" in sentence(result, FAILED)


def test_an_index_from_the_future_is_told(mine: Path, clean: Path, tmp_path: Path) -> None:
    """A newer index asks for an update."""
    newer = rebuilt(Path(shutil.copy(mine, tmp_path / "p")), {}, version=99)

    assert "update Workprint" in sentence(run("scan", clean, "-p", newer, "-o", tmp_path / "out"), FAILED)


def test_a_truncated_archive_is_incomplete(scan: Callable[..., Result], tmp_path: Path) -> None:
    """What is left of it is compared; that it ended too early is a failure."""
    path = write_tar(tmp_path / "a.tar", {"1.png": picture(50), "2.png": picture(51)})
    path.write_bytes(path.read_bytes()[: 512 + len(picture(50)) + 1400])

    result = scan(path)

    assert result.exit_code == INCOMPLETE
    assert "1 compared" in result.stdout
    assert "truncated" in result.stdout


def test_a_table_without_media_is_told(scan: Callable[..., Result], tmp_path: Path) -> None:
    """A Parquet file whose columns hold no media is no dataset of ours, in one sentence."""
    pq.write_table(pa.table({"text": ["a", "b"], "number": [1, 2]}), tmp_path / "a.parquet")

    assert "a.parquet" in sentence(scan(tmp_path / "a.parquet"), FAILED)


def test_a_store_is_made_and_matched(mine: Path, taken: Path, tmp_path: Path) -> None:
    """The two halves of a scan, each with its own exit code."""
    (taken / "nothing.jpg").write_bytes(b"")

    halted = run("fingerprint", taken, "-o", tmp_path / "store", "-j", 1)
    allowed = run("fingerprint", taken, "-o", tmp_path / "store", "-j", 1, "--allow-failures")
    matched = run("match", tmp_path / "store", "-p", mine, "-o", tmp_path / "out", "-j", 1)

    assert halted.exit_code == INCOMPLETE
    assert halted.stdout == f"{tmp_path / 'store'}: 3 items seen = 2 fingerprinted + 1 failed\n"
    assert allowed.exit_code == NOTHING_TO_ACT_ON
    assert matched.exit_code == FINDINGS
    assert (tmp_path / "out" / "report.html").is_file()


def test_quiet_says_nothing(mine: Path, clean: Path, tmp_path: Path) -> None:
    """With `--quiet`, the exit code is all there is."""
    for arguments in (
        ("scan", clean, "-p", mine, "-o", tmp_path / "out"),
        ("fingerprint", clean, "-o", tmp_path / "store"),
        ("match", tmp_path / "store", "-p", mine, "-o", tmp_path / "matched"),
        ("index", clean, "-o", tmp_path / "p"),
    ):
        result = run(*arguments, "-j", 1, "--quiet")

        assert (result.exit_code, result.output) == (NOTHING_TO_ACT_ON, "")


def test_options_reach_the_run(scan: Callable[..., Result], clean: Path, tmp_path: Path) -> None:
    """Use, day, depth and limits are in `run.json` as they were given."""
    scan(clean, "--use", "voice_replica", "--as-of", "2024-02-29", "--depth", "fast", "--max-pixels", 5_000)

    written = json.loads((tmp_path / "out" / "run.json").read_text())

    assert (written["use"], written["as_of"], written["depth"]) == ("voice_replica", "2024-02-29", "fast")
    assert written["limits"]["max_pixels"] == 5_000
    assert written["counts"]["failed_by_code"] == {"too_large": 2}


def test_unknown_readers_and_engines_are_told(scan: Callable[..., Result], clean: Path) -> None:
    """The message lists the known ones."""
    assert "there is no reader 'nope'; there are" in sentence(scan(clean, "--reader", "nope"), USAGE)
    assert "there is no engine 'nope'; there are" in sentence(scan(clean, "--engine", "nope"), USAGE)


def test_index_names_what_cannot_be_found_and_what_is_twice(tmp_path: Path) -> None:
    """On stderr, at once; the result is on stdout."""
    works = write_pictures(tmp_path / "works", [1])
    (works / "same.png").write_bytes(picture(1))
    (works / "letter.jpg").write_text("Dear reader")

    result = run("index", works, "-o", tmp_path / "p", "-j", 1)

    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path / 'p'}: 2 works (2 added, 0 replaced)\n"
    assert "cannot be found: letter.jpg: neither picture nor sound" in result.stderr
    assert "the same twice: picture-1.png and same.png" in result.stderr


@pytest.mark.parametrize(
    ("form", "begins"), [("html", "<!doctype html>"), ("csv", "finding_id"), ("jsonl", '{"finding_id"')]
)
def test_reports_go_to_stdout_or_a_file(scanned: Scanned, tmp_path: Path, form: str, begins: str) -> None:
    """The same text either way."""
    shown = run("report", scanned.output, "--format", form)
    to_file = run("report", scanned.output, "--format", form, "-o", tmp_path / "report")

    assert (shown.exit_code, to_file.exit_code, to_file.output) == (0, 0, "")
    assert shown.stdout.lower().lstrip("\ufeff").startswith(begins.lower())
    assert (tmp_path / "report").read_bytes().decode("utf-8") == shown.stdout_bytes.decode("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_a_report_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    """A mistake in the path of the results does not cost the report that is there."""
    (tmp_path / "report.html").write_text("earlier")

    sentence(run("report", tmp_path / "nothing", "-o", tmp_path / "report.html"), USAGE)

    assert (tmp_path / "report.html").read_text() == "earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_inspect_tells_each_kind(scanned: Scanned, mine: Path, clean: Path) -> None:
    """A portfolio, results, a store and a dataset."""
    kinds = {
        mine: "portfolio index",
        scanned.output: "results of a scan",
        scanned.output / "store": "fingerprint store",
        clean: "dataset (folder)",
    }
    for path, kind in kinds.items():
        result = run("inspect", path)

        assert result.exit_code == 0
        assert f"kind:            {kind}\n" in result.stdout


def test_no_name_commands_the_terminal(mine: Path, tmp_path: Path) -> None:
    """Escape sequences in names, captions and creators are shown, not obeyed."""
    hostile = "\x1b[2J\x1b]0;owned\x07\u202e\r"
    works = tmp_path / "works"
    works.mkdir()
    (works / f"a{hostile}.jpg").write_text("Dear reader")
    (works / "b.png").write_bytes(picture(1))
    results = [
        run("index", works, "-o", tmp_path / "p.workprint", "--creator", hostile, "-j", 1),
        run("inspect", tmp_path / "p.workprint"),
        run("inspect", write_tar(tmp_path / "a.tar", {"1.png": b"x", "1.txt": hostile.encode()})),
        run("inspect", tmp_path / f"missing{hostile}"),
        run("scan", works, "-p", mine, "-o", tmp_path / "out", "-j", 1),
    ]

    for result in results:
        assert not set(result.stdout + result.stderr) & set("\x1b\x07\u202e\r")


def test_odd_text_is_written_out() -> None:
    """Controls, marks of direction and half surrogates become their codes; other text stays."""
    assert printable("a\x1b[0m\u202eé日\udcff\n") == "a\\x1b[0m\\x202eé日\\xdcff\\x0a"


def test_an_index_in_a_folder_that_is_not_there_is_told(clean: Path, tmp_path: Path) -> None:
    """Before the works are read, not after."""
    assert "is no folder" in sentence(run("index", clean, "-o", tmp_path / "no" / "p"), USAGE)


def test_another_run_in_the_same_folder_is_refused(scan: Callable[..., Result], clean: Path, taken: Path) -> None:
    """Results of one dataset are not mixed with those of another."""
    scan(clean)

    assert "of another dataset" in sentence(scan(taken), FAILED)


def test_the_installed_command(mine: Path, taken: Path, tmp_path: Path) -> None:
    """As a program of its own, with two processes: the exit code, the summary, and no noise."""
    command = [sys.executable, "-c", "from workprint.cli import main; main()"]
    arguments = ["scan", str(taken), "-p", str(mine), "-o", str(tmp_path / "out"), "-j", "2"]

    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)

    assert done.returncode == FINDINGS
    assert without_progress(done.stderr) == ""
    assert done.stdout.startswith("2 items seen = 2 compared + 0 failed\nfindings: 1 prohibited\n")


def test_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, small: Path, taken: Path) -> None:
    """`demo` indexes both creators, scans, writes the page and prints where it is last."""
    demo = import_module("workprint.api.demo")
    media = tmp_path / "media"
    shutil.copytree(taken, media / "dataset")
    (media / "terms").mkdir()
    for name in ("ada-lumen", "ben-okoro"):
        shutil.copytree(small / "works", media / "portfolio" / name)
        shutil.copy(small / "terms.yaml", media / "terms" / f"{name}.yaml")
    monkeypatch.setattr(demo, "_media", lambda: media)

    for _ in range(2):  # a second time, too
        result = run("demo", "-o", tmp_path / "demo", "-j", 1)

        assert result.exit_code == 0
        page = tmp_path / "demo" / "results" / "report.html"
        assert result.stdout.splitlines()[-1] == str(page.resolve())
        assert "Ada Lumen" in page.read_text(encoding="utf-8")
        assert "findings: 2 prohibited" in result.stdout


def test_a_portfolio_without_works_is_scanned_with(clean: Path, tmp_path: Path) -> None:
    """An index of no works, made by someone's script, finds nothing or is refused in a sentence."""
    from core_samples import contents

    write_portfolio(tmp_path / "p", contents(works=0))

    result = run("scan", clean, "-p", tmp_path / "p", "-o", tmp_path / "out", "-j", 1)

    assert "no fingerprints of the kind" in sentence(result, FAILED)
