"""What a crawler captured beside media: read as each standard says, found by the item's address."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.errors import FormatError, UsageError
from workprint.model import UNREADABLE, Medium, Permission, Signal, Use
from workprint.rights.beside import Sidecar, beside
from workprint.rights.paths import matches, path_of
from workprint.rights.robots import content_signal, content_usage, of_ai_txt, of_robots_txt, robots_tag
from workprint.rights.rsl import of_rsl

USE = Use.AI_GENERATIVE_TRAINING
DENIED, LIMITED, ALLOWED = Permission.NOT_ALLOWED, Permission.CONSTRAINED, Permission.ALLOWED
URL = "https://a.example/art/sea.jpg"


def said(folder: Path, medium: Medium = Medium.IMAGE, **entry: Any) -> list[Signal]:
    """What one line of a sidecar says."""
    (folder / "signals.jsonl").write_text(json.dumps({"path": "a.jpg", "url": URL, **entry}) + "\n")
    return list(Sidecar(folder / "signals.jsonl").signals("a.jpg", {}, medium))


@pytest.mark.parametrize(
    ("entry", "permission"),
    [
        ({"headers": {"X-Robots-Tag": "noindex, NoAI"}}, DENIED),
        ({"headers": {"x-robots-tag": ["noimageai", "nofollow"]}}, DENIED),
        ({"html_meta": {"robots": "noai"}}, DENIED),
        ({"headers": {"x-robots-tag": "noindex, nofollow"}}, None),
        ({"headers": {"x-robots-tag": "otherbot: noai"}}, None),
        ({"headers": {"tdm-reservation": "1"}}, DENIED),
        ({"headers": {"tdm-reservation": "1", "tdm-policy": "https://a.example/p"}}, LIMITED),
        ({"headers": {"tdm-reservation": "yes"}}, None),
        ({"headers": {"content-usage": "train-ai=n"}}, DENIED),
        ({"headers": {"content-signal": "search=yes, ai-train=no"}}, DENIED),
        ({"headers": {"content-signal": "search=yes"}}, None),
        ({}, None),
    ],
)
def test_headers_and_meta_tags_are_read(tmp_path: Path, entry: dict[str, Any], permission: Permission | None) -> None:
    """Names in any case; silence and `noindex` say nothing of training."""
    uses = [signal.uses[USE] for signal in said(tmp_path, **entry) if USE in signal.uses]

    assert uses == ([permission] if permission else [])


def test_noimageai_is_about_pictures() -> None:
    """A recording is none."""
    assert robots_tag("noimageai", Medium.IMAGE)
    assert not robots_tag("noimageai", Medium.AUDIO)


def test_a_page_outweighs_a_header_and_that_the_sites_file(tmp_path: Path) -> None:
    """What is not said leaves the weaker word standing."""
    (tmp_path / "tdmrep.json").write_text('[{"location": "/art/*", "tdm-reservation": 1, "tdm-policy": "https://p"}]')

    def places(**entry: Any) -> list[tuple[str, Permission | None]]:
        signals = said(tmp_path, tdmrep="tdmrep.json", **entry)
        return [(signal.locator, signal.uses.get(USE)) for signal in signals]

    assert places() == [("tdmrep.json", LIMITED)]
    assert places(headers={"tdm-reservation": "0"}) == [("header", None)]
    assert places(headers={"tdm-reservation": "0"}, html_meta={"tdm-reservation": "1"}) == [("meta", DENIED)]
    assert places(headers={"tdm-reservation": "?"}) == [("tdmrep.json", LIMITED)]


@pytest.mark.parametrize(
    ("pattern", "path", "covers"),
    [
        ("/", "/anything", True),
        ("/art", "/art/sea.jpg", True),
        ("/Art", "/art/sea.jpg", False),
        ("/*.jpg", "/art/sea.jpg?size=2", True),
        ("/*.jpg$", "/art/sea.jpg?size=2", False),
        ("/*.jpg$", "/art/sea.jpg.jpg", True),
        ("/a*a$", "/a", False),
        ("/art/sea.jpg$", "/art/sea.jpg", True),
        ("*.png", "/art/sea.png", True),
    ],
)
def test_patterns_of_paths(pattern: str, path: str, covers: bool) -> None:
    """As in robots.txt: `*`, `$`, and case."""
    assert matches(pattern, path) is covers


def test_a_pattern_made_to_be_slow_is_not() -> None:
    """Thousands of stars against a long path."""
    assert not matches("/" + "*a" * 5_000 + "b$", "/" + "a" * 50_000)


def test_the_first_rule_that_covers_a_path_counts(tmp_path: Path) -> None:
    """Order decides, not length."""
    rules = [{"location": "/art/sea*", "tdm-reservation": 0}, {"location": "/art/", "tdm-reservation": 1}]
    (tmp_path / "t.json").write_text(json.dumps(rules))

    (signal,) = said(tmp_path, tdmrep="t.json")
    (other,) = said(tmp_path, tdmrep="t.json", url="https://a.example/art/hill.jpg")

    assert (signal.raw_value, other.raw_value) == ("0", "1")


@pytest.mark.parametrize(
    ("value", "uses"),
    [
        ("train-ai=n", {USE: DENIED}),
        ("train-ai=n;x=1, search=y", {USE: DENIED}),
        ("train-ai=n, train-ai=y", {USE: ALLOWED}),
        ("train-genai=n", {USE: DENIED}),
        ("Train-AI=n", {}),
        ('train-ai="n"', {}),
        ("train-ai", {}),
        ("train-ai=(n)", {}),
        ("train-ai=maybe", {}),
        ("", {}),
        ("träin", {}),
    ],
)
def test_content_usage_is_a_structured_field(value: str, uses: dict[Use, Permission]) -> None:
    """The last of two equal labels wins; what does not parse says nothing at all."""
    assert content_usage(value) == uses


ROBOTS = """
User-agent: nosybot
Content-Signal: ai-train=yes

User-agent: *
Content-Signal: search=yes, ai-train=no
Content-Usage: train-ai=y
Content-Usage: /art/ train-ai=n   # longer
Content-Usage: /art/ train-ai=y
Disallow: /private
"""


def test_robots_txt_says_it_for_paths() -> None:
    """Only what is said to all crawlers; the longest path; of equal ones the strictest comes first."""
    lines = list(of_robots_txt(ROBOTS, "/art/sea.jpg"))

    assert [name for name, _, _ in lines] == ["Content-Signal", "Content-Usage", "Content-Usage"]
    assert lines[0][2][USE] is DENIED
    assert lines[1][1:] == ("/art/ train-ai=n", {USE: DENIED})
    assert list(of_robots_txt(ROBOTS, "/x"))[1][2] == {USE: ALLOWED}


def test_ai_txt_is_read_by_its_grammar() -> None:
    """Endings, the longest rule, and nothing where there is no rule."""
    text = "User-Agent: *\nDisallow: *.jpg\nAllow: /free/\n"

    assert of_ai_txt(text, "/art/sea.jpg") is not None
    assert of_ai_txt(text, "/art/sea.jpg")[1][USE] is DENIED  # type: ignore[index]
    assert of_ai_txt(text, "/free/sea.png")[1][USE] is ALLOWED  # type: ignore[index]
    assert of_ai_txt(text, "/art/sea.png") is None
    assert of_ai_txt("# AI policy\nWe love robots.", "/art/sea.jpg") is None


def rsl(inner: str, attributes: str = 'url="/"') -> bytes:
    """An RSL document with one content."""
    return f'<rsl xmlns="https://rslstandard.org/rsl"><content {attributes}>{inner}</content></rsl>'.encode()


@pytest.mark.parametrize(
    ("inner", "attributes", "permission"),
    [
        ('<license><prohibits type="usage">ai-train ai-input</prohibits></license>', 'url="/"', DENIED),
        ('<license><prohibits type="usage">search,ai-all</prohibits></license>', 'url="/art/*"', DENIED),
        ('<license><permits type="usage">search</permits></license>', 'url="/"', DENIED),
        ('<license><permits type="usage">ai-train</permits></license>', 'url="/"', ALLOWED),
        ('<license><permits type="usage">all</permits><payment type="training"/></license>', 'url="/"', LIMITED),
        ('<license><permits type="usage">all</permits></license>', 'url="/" server="https://s"', LIMITED),
        (
            '<license><permits type="usage">search</permits></license>'
            '<license><permits type="usage">ai-train</permits><payment type="purchase"/></license>',
            'url="https://a.example/art/"',
            LIMITED,
        ),
        ('<license><prohibits type="usage">ai-train</prohibits></license>', 'url="/music/"', None),
        ('<license><permits type="geo">DE</permits></license>', 'url="/"', None),
    ],
)
def test_rsl_licences_are_offers(inner: str, attributes: str, permission: Permission | None) -> None:
    """Lists are exhaustive, prices are conditions, and one offer is enough."""
    uses = {
        use: value for _, meaning in of_rsl(rsl(inner, attributes), "/art/sea.jpg") for use, value in meaning.items()
    }

    assert uses.get(USE) is permission


def test_an_rsl_bomb_is_a_note(tmp_path: Path) -> None:
    """It is not unfolded, and not taken for silence."""
    (tmp_path / "r.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><rsl xmlns="https://rslstandard.org/rsl">&a;</rsl>')

    (note,) = said(tmp_path, rsl="r.xml")

    assert (note.source, note.locator, note.uses) == ("sidecar.rsl", UNREADABLE, {})


@pytest.mark.parametrize("place", ["../secret.txt", "/etc/passwd", "missing.txt", "\0"])
def test_files_outside_the_folder_are_never_read(tmp_path: Path, place: str) -> None:
    """Nor is a missing one taken for silence."""
    (tmp_path / "secret.txt").write_text("User-agent: *\nContent-Signal: ai-train=no\n")
    folder = tmp_path / "inner"
    folder.mkdir()

    (note,) = said(folder, robots_txt=place)

    assert (note.locator, note.uses) == (UNREADABLE, {})


def test_the_time_of_retrieval_is_kept(tmp_path: Path) -> None:
    """Preferences hold for when they were fetched."""
    (signal,) = said(tmp_path, headers={"x-robots-tag": "noai"}, retrieved_at="2026-03-01T10:00:00Z")

    assert signal.raw_value == "noai (fetched 2026-03-01T10:00:00Z)"


def test_items_are_found_by_address_or_by_their_url(tmp_path: Path) -> None:
    """The address in the dataset first; rows of tables by the URL that they name."""
    lines = [{"path": "a.jpg", "headers": {"x-robots-tag": "noai"}}, {"url": URL, "headers": {"tdm-reservation": "1"}}]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    sidecar = Sidecar(tmp_path / "s.jsonl")

    assert [one.source for one in sidecar.signals("a.jpg", {}, Medium.IMAGE)] == ["sidecar.robots"]
    assert [one.source for one in sidecar.signals("t#row=1", {"url": URL}, Medium.IMAGE)] == ["sidecar.tdmrep"]
    assert sidecar.signals("b.jpg", {}, Medium.IMAGE) == ()


@pytest.mark.parametrize("line", ["{", "[1]", '{"headers": {}}', "[" * 10_000])
def test_a_damaged_line_ends_the_run_with_its_number(tmp_path: Path, line: str) -> None:
    """A reservation must not get lost silently."""
    (tmp_path / "s.jsonl").write_text('{"path": "a"}\n' + line + "\n")

    with pytest.raises(FormatError, match="line 2"):
        Sidecar(tmp_path / "s.jsonl")


def test_a_missing_sidecar_is_named(tmp_path: Path) -> None:
    """As any other missing file."""
    with pytest.raises(UsageError, match="cannot be read"):
        Sidecar(tmp_path / "s.jsonl")
    assert beside(str(tmp_path)) is None


@given(st.text(max_size=200), st.text(max_size=60))
def test_any_text_raises_nothing(text: str, path: str) -> None:
    """Whatever a site served."""
    list(of_robots_txt(text, path))
    of_ai_txt(text, path)
    content_usage(text)
    content_signal(text)
    matches(text, path_of(path))
