"""Creators in what a dataset says: what counts as their address or name, and what only looks like it."""

import json

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint.matching.mention_reach import MentionReach
from workprint.matching.mentions import Kind, MentionIndex, fold, is_distinctive
from workprint.model import Identity, Medium, Work

ADA = Identity(
    "Ada Lumen",
    names=("Zoë Müller-O’Hara", "村上 光"),
    domains=("ada-lumen.example", "bücher.example"),
    urls=("https://gallery.example/u/ada", "https://www.shop.example/print.jpg?id=7"),
)
BEN = Identity("Ben", domains=("ben.github.io",))
WORKS = [Work("posters/lighthouse-at-dusk.png", "", "Ada Lumen", "", None, Medium.IMAGE)]
DIGEST = "ab" * 32


def found(names: bool = True, **attributes: object) -> list[tuple[str, str]]:
    """Creator and kind of what is mentioned."""
    index = MentionIndex((ADA, BEN), WORKS, lambda digest: 0 if digest == DIGEST else None, names)
    return [((ADA, BEN)[one.identity].creator, one.kind.value) for one in index.mentions(attributes)]


@pytest.mark.parametrize(
    "text",
    [
        "https://ada-lumen.example/a.jpg",
        "HTTPS://WWW.Ada-Lumen.example:443/a.jpg",
        "//cdn.img.ada-lumen.example/a",
        "https://web.archive.org/web/2020/http://ada-lumen.example/a.jpg",
        "see (ada-lumen.example) for more",
        "mail me@ada-lumen.example.",
        "https://xn--bcher-kva.example/x",
        "http://BÜCHER.example",
    ],
)
def test_a_domain_counts_with_all_that_is_below_it(text: str) -> None:
    """In any spelling of its own, as a host or as a word."""
    assert found(names=False, url=text) == [("Ada Lumen", "domain")]


@pytest.mark.parametrize(
    "text",
    [
        "https://notada-lumen.example/a.jpg",
        "https://ada-lumen.example.evil.test/",
        "https://ada-lumen.examples/",
        "https://evil.test/?from=ada-lumen.example",
        "https://evil.test/ada-lumen.example/a.jpg",
        "https://ada-lumen-example/",
        "https://github.io/ben",
    ],
)
def test_what_only_looks_like_a_domain_does_not(text: str) -> None:
    """Longer names, other ends, and a place in somebody else's path or query."""
    assert found(url=text) == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("https://gallery.example/u/ada", ["url"]),
        ("http://www.gallery.example/u/Ada/#top", ["url"]),
        ("https://gallery.example/u/ada/1.jpg", ["domain"]),
        ("https://gallery.example/u/adam", []),
        ("https://gallery.example/u", []),
        ("https://shop.example/print.jpg?id=7", ["url"]),
        ("https://shop.example/print.jpg?id=70", []),
    ],
)
def test_an_address_is_itself_or_what_is_below_it(text: str, kinds: list[str]) -> None:
    """Below it is a weaker hit; an address that only begins alike is none."""
    assert [kind for _, kind in found(url=text)] == kinds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("A lighthouse by ADA LUMEN, oil on canvas", "says “by” this name"),
        ("photographer: Ada\n Lumen", "says “by” this name"),
        ("a castle in the style of Ada-Lumen, trending", "says “in the style of” this name"),
        ("ada lumen's style, 4k", "says “in the style of” this name"),
        ("Ada Lumen at home", "holds this name"),
        ("portrait of Zoe Muller O'Hara", "holds this name"),
        ("作品：村上 光の絵", "holds this name"),
    ],
)
def test_names_are_found_as_whole_words_in_any_spelling(text: str, said: str) -> None:
    """Case, accents and punctuation do not matter, and how the name is used is told."""
    index = MentionIndex((ADA,), (), lambda _: None, names=True)

    ((mention),) = index.mentions({"caption": text})

    assert mention.kind is Kind.NAME
    assert mention.said.startswith(f"caption {said}: “")


@pytest.mark.parametrize("text", ["Adam Lumens", "Canada Lumen", "Ada and Lumen", "Lumen Ada", "benefit", ""])
def test_parts_of_words_are_no_names(text: str) -> None:
    """Nor are names in another order."""
    assert found(caption=text) == []


def test_names_are_looked_for_only_if_asked() -> None:
    """People share names; addresses are looked for always. Nested values are looked into."""
    said = {"caption": "by Ada Lumen", "meta": {"links": ["https://ada-lumen.example/x"]}}

    assert found(names=False, **said) == [("Ada Lumen", "domain")]
    assert sorted(set(found(**said))) == [("Ada Lumen", "domain"), ("Ada Lumen", "name")]


def test_digests_and_file_names_lead_to_works() -> None:
    """A SHA-256 in any column, and a distinctive file name at the end of a path or URL."""
    assert found(sha256=DIGEST.upper()) == [("Ada Lumen", "sha256")]
    assert found(url="https://x.test/img/Lighthouse-at%2Ddusk.png?w=640") == [("Ada Lumen", "file_name")]
    assert found(path="lighthouse-at-dusk.png") == [("Ada Lumen", "file_name")]
    assert found(path="lighthouse-at-dusk.png.html", sha256="cd" * 32, other="at-dusk.png") == []


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("lighthouse-at-dusk.png", True),
        ("harbour_morning_03.jpg", True),
        ("8f14e45fceea167a5a36dedd4bea2543.jpg", True),
        ("img_1234.jpg", False),
        ("lighthouse.png", False),
        ("cover-image-final.png", False),
        ("000000012345678901.jpg", False),
        ("a-b-c-d-e-f-g-h.png", False),
        (".png", False),
    ],
)
def test_common_file_names_are_not_looked_for(name: str, expected: bool) -> None:
    """A camera's numbers and one common word are everybody's."""
    assert is_distinctive(name) is expected


def test_a_stranger_s_identities_do_no_harm() -> None:
    """Patterns that would be everywhere, or are none, are left out."""
    wild = Identity(
        "x", names=("", "a", " - "), domains=("", "com", ".", "." * 300, "\udcff.x"), urls=("", "http://", "x")
    )

    assert MentionIndex((wild,), (), lambda _: None, names=True).mentions({"t": "a com . x http://x.com/a -"}) == []


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_search_and_a_name_is_found_anywhere(before: str, after: str) -> None:
    """Between any two texts, set off by blanks."""
    assert ("Ada Lumen", "name") in found(caption=f"{before} Ada Lumen {after}")
    assert found(names=False, caption=before, url=after) is not None


SNIPPETS = (
    *("by", " ", "\n", '"', "\\", "é", "%20", "/", "Ada", "Lumen", "Ada Lumen", "ADA-LUMEN.example", "https://", "?x="),
    *("gallery.example/u/ada", "Zoë Müller O'Hara", "村上 光", "lighthouse-at-dusk.png", "lighthouse%2Dat-dusk.PNG"),
    *(DIGEST, DIGEST.upper(), "bücher.example", "BÜCHER.EXAMPLE"),
)


@given(
    st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from(SNIPPETS), max_size=4).map("".join), max_size=3)
)
def test_the_quick_look_misses_nothing(said: dict[str, str]) -> None:
    """Whatever is mentioned is within reach of the one pass over the JSON that a store keeps."""
    index = MentionIndex((ADA, BEN), WORKS, lambda digest: 0 if digest == DIGEST else None, names=True)
    other = MentionIndex((), (), lambda _: None, names=True)
    reach = MentionReach([other, index], lambda digest: [1] if digest.hex() == DIGEST else [])

    for text in (json.dumps(said), json.dumps(said, ensure_ascii=False)):
        found = reach.owners_in(text)
        assert not found or found == {1}
        assert found or not index.mentions(said)


@given(st.lists(st.lists(st.sampled_from(SNIPPETS), max_size=4).map("".join), max_size=5), st.booleans())
def test_rows_are_looked_at_together_as_they_are_one_by_one(values: list[str], names: bool) -> None:
    """Those that are passed over in a column mention nobody."""
    index = MentionIndex((ADA, BEN), WORKS, lambda digest: 0 if digest == DIGEST else None, names)
    reach = MentionReach([index], lambda digest: [0] if digest.hex() == DIGEST else [])
    said = [None, *(json.dumps({"a": value, "b": "\n"[: len(value) % 2]}, ensure_ascii=False) for value in values)]

    alone = {row: owners for row, text in enumerate(said) if (owners := reach.owners_in(text or ""))}
    assert dict(reach.owners_in_rows(pa.array(said, pa.string()))) == alone


def test_everybody_whose_pattern_is_in_a_text_is_named() -> None:
    """Also where one pattern lies within another, and where two have the same."""
    inner = Identity("Inner", domains=("b.example",))
    outer = Identity("Outer", domains=("a.b.example",))
    indexes = [MentionIndex((one,), (), lambda _: None, names=False) for one in (inner, outer, inner)]
    reach = MentionReach(indexes, lambda _: [])

    assert reach.owners_in(json.dumps({"url": "https://A.B.example/x"})) == {0, 1, 2}
    assert reach.owners_in(json.dumps({"url": "https://c.b.example/x"})) == {0, 2}
    assert reach.owners_in("") == set()


def test_what_cannot_be_read_is_left_to_everybody() -> None:
    """Whoever reads the row says that it is damaged."""
    reach = MentionReach([MentionIndex((ADA,), (), lambda _: None, names=False)] * 2, lambda _: [])

    assert reach.owners_in('{"\\') == {0, 1}


@given(st.text(max_size=80))
def test_folding_twice_changes_nothing(text: str) -> None:
    """Folded text is in its last form, but for letters that only fold in steps."""
    assert fold(fold(fold(text))) == fold(fold(text))
