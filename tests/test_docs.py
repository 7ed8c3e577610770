"""Documentation cannot drift: every command, option, link, file and example in it is checked against the code."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from workprint.cli import main
from workprint.consent.terms import read_terms
from workprint.model import Permission, Use
from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, PEAK, SEGMENT_S, TIME_UNIT_S
from workprint.serial.image_layout import MAX_POINTS, MAX_SIDE_PX, POINT, Features, encode

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OTHERS_OPTIONS = {"--json"}
"""Of the scripts in `benchmarks/`, not of the command line."""


def text_of(path: Path) -> str:
    """A page."""
    return path.read_text(encoding="utf-8")


def blocks(path: Path, language: str) -> list[str]:
    """The code blocks of one language."""
    return [body for name, body in BLOCK.findall(text_of(path)) if name == language]


def code(path: Path) -> Iterator[str]:
    """All that is set as code: lines of blocks without their remarks, and spans in the running text."""
    for _, body in BLOCK.findall(text_of(path)):
        yield from (line.partition("#")[0] for line in body.splitlines())
    yield from (span.replace("\n", " ") for span in re.findall(r"`([^`]+)`", BLOCK.sub("", text_of(path))))


def commands() -> dict[str, click.Command]:
    """All commands."""
    return dict(main.commands)


def options(command: click.Command) -> set[str]:
    """All long and short options of a command, and of the commands below it."""
    below = command.commands.values() if isinstance(command, click.Group) else ()
    return (
        set().union(*map(options, below))
        | {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
        | {"--help", "-h"}
    )


def lines_with_commands(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each `workprint COMMAND …` in a page: the command, and the options that are named with it."""
    for piece in code(path):
        for rest in re.findall(r"(?:^|\s)workprint ((?:(?!&&|\|).)*)", piece):
            words = rest.split()
            if words and re.fullmatch(r"[a-z]+(?:-[a-z]+)*", words[0]):
                yield words[0], [re.split(r"[=\[]", word)[0] for word in words[1:] if word.startswith("-")]


def identified(path: Path) -> str:
    """A page by its name, for the names of tests."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", PAGES, ids=identified)
def test_commands_in_a_page_exist_with_their_options(path: Path) -> None:
    """Whoever types what the page says gets no usage error for it."""
    for name, given in lines_with_commands(path):
        assert name in commands(), f"workprint {name}"
        assert set(given) <= options(commands()[name]), f"workprint {name} {given}"


@pytest.mark.parametrize("path", PAGES, ids=identified)
def test_options_in_a_page_exist(path: Path) -> None:
    """Each option that is named anywhere is one of some command."""
    known = set().union(*(options(command) for command in commands().values())) | OTHERS_OPTIONS
    named = {option for piece in code(path) for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", piece)}

    assert named <= known


def test_the_check_of_commands_is_not_blind() -> None:
    """The README's recipes are seen, with their options."""
    seen = dict(lines_with_commands(ROOT / "README.md"))

    assert {"index", "check", "scan", "fingerprint", "match", "report"} <= seen.keys()
    assert "--portfolio-media" in seen["check"]


@pytest.mark.parametrize("name", commands())
def test_every_command_is_in_a_page(name: str) -> None:
    """A command that nobody is told of is of no use."""
    assert any(name == seen for path in PAGES for seen, _ in lines_with_commands(path)) or any(
        f"make {name}" in text_of(path) for path in PAGES
    )


@pytest.mark.parametrize("path", [*PAGES, ROOT / "CHANGELOG.md", *ROOT.glob("fixtures/*.md")], ids=identified)
def test_links_lead_somewhere(path: Path) -> None:
    """Each link to a file of the repository finds it, and each `#` finds a heading."""
    for target in re.findall(r"\]\(([^)\s]+)\)", BLOCK.sub("", text_of(path))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, heading = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        assert file.exists(), f"{path.name} links to {target}"
        if heading:
            assert heading in headings(file), f"{path.name} links to {target}"


@pytest.mark.parametrize("path", PAGES, ids=identified)
def test_nothing_is_left_to_be_filled_in(path: Path) -> None:
    """No line of running text is a placeholder."""
    text = BLOCK.sub("", text_of(path))

    assert re.findall(r"^\{\w+\}$|\bTODO\b|\bTBD\b", text, re.MULTILINE) == []


def headings(path: Path) -> set[str]:
    """The anchors of a page, as code hosts make them from its headings."""
    titles = re.findall(r"^#+ (.+)$", BLOCK.sub("", text_of(path)), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", PAGES, ids=identified)
def test_files_named_in_a_page_exist(path: Path) -> None:
    """A page names no module, script or test that is not there."""
    for piece in code(path):
        for name in re.findall(r"(?:src|tests|benchmarks|docs|fixtures)/[\w/.-]*\w\.(?:py|md|j2)", piece):
            assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", PAGES, ids=identified)
def test_json_in_a_page_is_json(path: Path) -> None:
    """Each example can be parsed, as one value or as one per line."""
    for body in blocks(path, "json"):
        try:
            values = [json.loads(body)]
        except ValueError:
            values = [json.loads(line) for line in body.splitlines()]
        assert all(isinstance(value, dict) for value in values)


@pytest.mark.parametrize("path", [path for path in PAGES if blocks(path, "yaml")], ids=identified)
def test_terms_in_a_page_are_terms(path: Path, tmp_path: Path) -> None:
    """A creator may copy them as they stand."""
    for body in blocks(path, "yaml"):
        (tmp_path / "terms.yaml").write_text(body, encoding="utf-8")
        terms = read_terms(tmp_path / "terms.yaml").for_work("")
        assert terms.uses[Use.DATA_MINING] is Permission.ALLOWED
        assert terms.uses[Use.AI_GENERATIVE_TRAINING] is Permission.NOT_ALLOWED


def test_every_format_has_a_page_that_is_linked() -> None:
    """Each page below `docs/` is reached from another one or by its folder."""
    linked = {
        (path.parent / target.partition("#")[0]).resolve()
        for path in PAGES
        for target in re.findall(r"\]\(([^)\s]+)\)", text_of(path))
    }

    for page in PAGES[1:]:
        assert page in linked or page.parent in linked or page.parent.name == "adr", page


def test_byte_layouts_are_those_of_the_page() -> None:
    """The numbers in `docs/formats/store.md` are those of the code."""
    page = text_of(ROOT / "docs" / "formats" / "store.md")
    features, peaks = (next(line for line in page.splitlines() if f"| `{name}/1` |" in line)
                       for name in ("image.features", "audio.peaks"))  # fmt: skip
    header = len(encode(Features(1, 1, [])))  # type: ignore[arg-type]

    for said in (
        f"header of {header} bytes",
        f"Then {POINT.itemsize} bytes a point",
        f"{MAX_POINTS:,}",
        f"{MAX_SIDE_PX:,}",
    ):
        assert said in features
    steps = (f"steps of {TIME_UNIT_S * 1000:g} ms", f"1/{1 / FREQUENCY_UNIT_HZ:g} Hz", f"up to {SEGMENT_S:g} s")
    for said in (f"{PEAK.itemsize} bytes each", *steps):
        assert said in peaks


def test_every_entry_of_an_index_is_in_its_page(small: Path) -> None:
    """What a portfolio index holds is documented, entry by entry."""
    page = text_of(ROOT / "docs" / "formats" / "portfolio.md")
    with zipfile.ZipFile(small / "mine.workprint") as archive:
        names = [name for name in archive.namelist() if not name.startswith("tables/")]

    assert [name for name in names if f"`{name}`" not in page] == []
    assert all(f"`{name}`" in page for name in ("signature.json", "signer.pem"))
