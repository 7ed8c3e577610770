"""`workprint check`, and what `index` excludes, on the command line."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cli_output import without_progress
from conftest import Once
from core_samples import write_pictures
from exclusion_samples import logo, marked, place_of_logo, recording, write_images, write_sounds
from workprint import api
from workprint.api import trials
from workprint.cli import main
from workprint.cli.group import FAILED, NOTHING_TO_ACT_ON, USAGE
from workprint.cli.options import Region
from workprint.cli.portfolios import work_in_words
from workprint.model import Box, CheckedWork, Medium, TimeSpan
from workprint.portfolio import Portfolio


def run(*arguments: object) -> Result:
    """Run a command; whatever happens must have been foreseen."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two edits only."""
    monkeypatch.setattr(trials, "PICTURE_TRIALS", ("mirror", "noise_25"))


@pytest.fixture(scope="session")
def branded(once: Once) -> Path:
    """A folder with `works/a.png`, and `logo.png`, which is a part of it. Not to be changed."""

    def make(folder: Path) -> None:
        write_images(folder / "works", {"a.png": marked(1, 150, 90)})
        write_images(folder, {"logo.png": logo()})

    return once("branded", make)


@pytest.mark.usefixtures("_few")
def test_check_says_what_is_found_after_which_edit(small: Path, tmp_path: Path) -> None:
    """A line per work, then one per edit, and a card that a program can read; nothing on stderr."""
    card = tmp_path / "mine.card.json"

    result = run("check", small / "mine.workprint", "--portfolio-media", small / "works", "-o", card, "-j", 1)

    assert result.exit_code == NOTHING_TO_ACT_ON
    assert without_progress(result.stderr) == ""
    lines = result.stdout.splitlines()
    assert [line.partition(":")[0] for line in lines[:3]] == [f"picture-{at}.png" for at in range(3)]
    assert "found after mirror: 3 of 3 works" in lines[3:]
    assert len(lines) == 5
    assert json.loads(card.read_text())["portfolio"] == Portfolio(small / "mine.workprint").digest
    assert len(api.read_card(card).works) == 3


@pytest.mark.usefixtures("_few")
def test_check_tells_of_works_that_cannot_be_tried(tmp_path: Path) -> None:
    """A work without its file has its line too."""
    works = write_pictures(tmp_path / "works", [1, 2])
    run("index", works, "-o", tmp_path / "p", "-j", 1, "-q")
    (works / "picture-2.png").unlink()

    result = run("check", tmp_path / "p", "--portfolio-media", works, "-j", 1, "--depth", "fast")

    assert result.exit_code == NOTHING_TO_ACT_ON
    assert "picture-2.png: not tried: its file is not in the folder given\n" in result.stdout
    assert "found after mirror: 1 of 1 works" in result.stdout


@pytest.mark.parametrize(
    ("found", "problem", "said"),
    [
        ({"mirror": True, "grey": True}, "", "a: found after 2 of 2 edits"),
        ({"mirror": False, "grey": True, "meme": False}, "", "a: found after 1 of 3 edits; not after mirror, meme"),
        ({}, "cut off", "a: not tried: cut off"),
    ],
)
def test_a_work_of_a_card_in_a_line(found: dict[str, bool], problem: str, said: str) -> None:
    """What was found, and what would hide the work."""
    assert work_in_words(CheckedWork("a", "", Medium.IMAGE, found, problem)) == said


def test_wrong_places_have_their_exit_codes(small: Path, tmp_path: Path) -> None:
    """Usage is 2, a damaged index 3, and each is one sentence."""
    mine, media = small / "mine.workprint", ("--portfolio-media", small / "works", "-j", 1)
    (tmp_path / "damaged").write_bytes(mine.read_bytes()[:-50])

    for arguments, code, said in (
        (("check", tmp_path / "missing", *media), USAGE, "does not exist"),
        (("check", mine, "--portfolio-media", tmp_path, "-j", 1), USAGE, "the folder given to `index`"),
        (("check", mine), USAGE, "--portfolio-media"),
        (("check", mine, *media, "--depth", "deep"), USAGE, "--depth"),
        (("check", tmp_path / "damaged", *media), FAILED, "cut short"),
    ):
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (code, "")
        assert said in result.stderr


@pytest.mark.usefixtures("_few")
def test_a_card_that_cannot_be_written_is_3(small: Path, tmp_path: Path) -> None:
    """A folder that is not there is told in a sentence."""
    mine, media = small / "mine.workprint", ("--portfolio-media", small / "works", "-j", 1, "--depth", "fast")

    result = run("check", mine, *media, "-o", tmp_path / "no" / "card.json")

    assert result.exit_code == FAILED
    assert result.stderr.startswith("workprint: ")


def test_a_damaged_card_beside_an_index_is_told_by_report(small: Path, tmp_path: Path) -> None:
    """The report names the card and exits with 3."""
    mine = tmp_path / "mine.workprint"
    mine.write_bytes((small / "mine.workprint").read_bytes())
    run("scan", write_pictures(tmp_path / "data", [50]), "-p", mine, "-o", tmp_path / "out", "-j", 1, "--depth", "fast")
    mine.with_name("mine.card.json").write_text("[]")

    result = run("report", tmp_path / "out", "-o", tmp_path / "page.html")

    assert result.exit_code == FAILED
    assert "mine.card.json" in result.stderr
    assert not (tmp_path / "page.html").exists()


def test_index_excludes_files_and_regions(branded: Path, tmp_path: Path) -> None:
    """Both options may be given more than once, and end in the index."""
    place = ",".join(map(str, place_of_logo(150, 90)))
    write_sounds(tmp_path, {"jingle.flac": recording(5, 1.0)})

    by_file = run("index", branded / "works", "-o", tmp_path / "f", "-j", 1, "--exclude", branded / "logo.png",
                  "--exclude", tmp_path / "jingle.flac")  # fmt: skip
    by_region = run("index", branded / "works", "-o", tmp_path / "r", "-j", 1, "--exclude-region", f"a.png={place}",
                    "--exclude-region", "a.png=0,0,0.1,0.1")  # fmt: skip
    run("index", branded / "works", "-o", tmp_path / "plain", "-j", 1)

    assert (by_file.exit_code, by_region.exit_code) == (0, 0)
    assert {one.subject_id for one in Portfolio(tmp_path / "f").excluded()} == {"logo.png", "jingle.flac"}
    sizes = {
        name: sum(len(one.value) for record in Portfolio(tmp_path / name).records() for one in record.fingerprints)
        for name in ("plain", "f", "r")
    }
    assert sizes["f"] < sizes["plain"]
    assert sizes["r"] < sizes["plain"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--exclude-region", "b.png=0,0,1,1"), "there is no work 'b.png'"),
        (("--exclude-region", "a.png=1,2"), "LEFT,TOP,RIGHT,BOTTOM if it is a picture"),
        (("--exclude-region", "a.png=10,10,90,90"), "fractions from 0 to 1"),
        (("--exclude", "missing.png"), "missing.png does not exist"),
    ],
)
def test_what_cannot_be_excluded_is_2(branded: Path, tmp_path: Path, options: tuple[str, str], said: str) -> None:
    """Each slip has its sentence, and no index is written."""
    result = run("index", branded / "works", "-o", tmp_path / "p", "-j", 1, *options)

    assert result.exit_code == USAGE
    assert said in result.stderr
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("sea.png=0.8,0.9,1,1", ("sea.png", Box(0.8, 0.9, 1, 1))),
        ("a=b.png=0,0,0.5,1e-1", ("a=b.png", Box(0, 0, 0.5, 0.1))),
        ("line.flac=12.5,20", ("line.flac", TimeSpan(12.5, 20))),
        ("line.flac=0,1000000", ("line.flac", TimeSpan(0, 1_000_000))),
    ],
)
def test_a_region_is_a_work_and_a_place(text: str, region: tuple[str, Box | TimeSpan]) -> None:
    """Four numbers are a box, two a span; a name may hold `=`."""
    assert Region().convert(text, None, None) == region


@pytest.mark.parametrize(
    "text",
    ["", "a.png", "=0,0,1,1", "a.png=", "a.png=1", "a.png=0,0,1", "a.png=0,0,1,1,1", "a.png=1,0,0,1", "a.png=0,0,0,1",
     "a.png=-0.1,0,1,1", "a.png=0,0,2,1", "a.png=0,nan,1,1", "a.png=x,y,1,1", "a.flac=5,5", "a.flac=-1,5"],
)  # fmt: skip
def test_what_is_no_region_says_what_is(branded: Path, tmp_path: Path, text: str) -> None:
    """Anything else is wrong usage, with the form that is right."""
    result = run("index", branded / "works", "-o", tmp_path / "p", "--exclude-region", text)

    assert result.exit_code == USAGE
    assert "is not WORK=LEFT,TOP,RIGHT,BOTTOM" in result.stderr


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("check", ("--portfolio-media", "--depth", "--output", "--jobs", "Example:", "NAME.card.json")),
        ("index", ("--exclude ", "--exclude-region", "a logo, a stock texture, a jingle", "START,END", "Example:")),
    ],
)
def test_help_tells_of_the_new_options(command: str, options: tuple[str, ...]) -> None:
    """Each option has its line, and there is an example."""
    text = " ".join(run(command, "--help").stdout.split())

    for option in options:
        assert option in text
