"""The HTML page: complete, harmless, self-contained, accessible."""

import io
import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_samples import audio_finding, image_finding, manifest, report, rich_report, work

from workprint.model import Failure, Outcome, Picture, Relation, Report, ShardCount, Signal, Stage
from workprint.reports.html import HtmlReport, contact, linked

CELLS = {"td", "th", "dt", "dd", "p"}
VOID = {"meta", "img", "br", "rect", "path"}


class Parsed(HTMLParser):
    """A page as a browser sees it: elements, text, and whether every tag is closed."""

    def __init__(self, source: str) -> None:
        """Parse at once."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(source)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element without content."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Every closing tag must close what was opened last."""
        assert self._open.pop() == tag
        self.text += " " if tag in CELLS else ""

    def handle_data(self, data: str) -> None:
        """Collect the text outside the style sheet."""
        if "style" not in self._open:
            self.text += data

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of each element of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def written(of: Report) -> str:
    """The page as text."""
    stream = io.StringIO()
    HtmlReport().write(of, stream)
    return stream.getvalue()


def words_of(parsed: Parsed) -> str:
    """The text of a page on one line."""
    return " ".join(parsed.text.split())


def test_a_creator_reads_the_answer_and_the_evidence() -> None:
    """The page says what was found, on what evidence, where it is, and whom to ask."""
    text = words_of(Parsed(written(report((image_finding(),)))))

    for said in (
        "1 of your 12 works is in this dataset, once; the terms forbid it.",
        "training generative AI",
        "24 November 2026",
        "150 items seen = 150 compared + 0 not compared",
        "61 matching points where 11 would have been enough",
        "hash differs in 6 of 256 bits; 40 would still count",
        "mirrored, turned 4° counter-clockwise, at 52 % of its size",
        "The item shows a part of this picture.",
        "shard-00001.tar!f1.jpg",
        "https://example.com/a.jpg",
        "a lighthouse at dusk",
        "CC-BY 4.0",
        "contact: ada@example.org",
        "99.83 % that this is no chance",
        "one expected in about 2,300 scans of this size",
    ):
        assert said in text


def test_both_pictures_carry_the_matched_region() -> None:
    """Work and item stand side by side, each with its own outline."""
    parsed = Parsed(written(report((image_finding(),))))
    outlines = [
        (one["x"], one["y"], one["width"], one["height"]) for one in parsed.all("rect") if one["class"] == "outline"
    ]

    assert outlines == [("20.0", "20.0", "80.0", "80.0"), ("10.0", "0.0", "80.0", "80.0")]
    assert [image["alt"] for image in parsed.all("img")] == [
        "The work posters/lighthouse.png",
        "The item shard-00001.tar!f1.jpg",
    ]


def test_sound_has_waveforms_and_a_player() -> None:
    """Two waveforms with the matched stretch, and a player for the item's clip only."""
    parsed = Parsed(written(report((audio_finding(),))))
    marks = [one for one in parsed.all("rect") if one["class"] == "mark"]

    assert len([one for one in parsed.all("svg") if one["class"] == "wave"]) == 2
    assert [mark["x"] for mark in marks] == ["677.78", "266.67"]
    assert [player["src"][:22] for player in parsed.all("audio")] == ["data:audio/wav;base64,"]
    assert "Matched: from 0:03.2 to 0:08.3" in words_of(parsed)


def test_nothing_is_loaded_and_nothing_runs() -> None:
    """No script, no handler, no style attribute, no address but data: URIs, links to pages and anchors."""
    parsed = Parsed(written(rich_report()))

    assert not {"script", "iframe", "object", "embed", "link", "form", "base"} & {tag for tag, _ in parsed.elements}
    for _tag, attributes in parsed.elements:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "srcset", "action")]
        assert attributes.get("src", "data:").startswith("data:")
        assert re.match(r"#|https?://|mailto:", attributes.get("href", "#"))


def test_the_page_forbids_itself_everything_else() -> None:
    """The policy allows data: media and the one style sheet whose digest it names."""
    source = written(rich_report())
    policies = [meta["content"] for meta in Parsed(source).all("meta") if "http-equiv" in meta]
    style = re.search(r"<style>(.*?)</style>", source, re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()

    assert policies == [
        f"default-src 'none'; img-src data:; media-src data:; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'"
    ]


def test_every_link_out_is_guarded() -> None:
    """Links to the web hand over neither this page's address nor a handle on it."""
    out = [link for link in Parsed(written(rich_report())).all("a") if link["href"].startswith("http")]

    assert out
    assert all(link["rel"] == "noopener noreferrer nofollow" for link in out)


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "</style><script>alert(1)</script>",
        "{{ 7 * 7 }}{% raw %}",
        "javascript:alert(1)",
        "\u202e\x1b]0;title\x07\udc80\x00",
        "x" * 100_000,
        "<!--",
        "&lt;script&gt;",
    ],
)
def test_hostile_text_stays_text_wherever_it_stands(hostile: str) -> None:
    """Whatever field of the dataset, portfolio or manifest it is in, it is shown and does nothing."""
    plain = written(everywhere("harmless"))
    source = written(everywhere(hostile))

    assert tags(source) == tags(plain)
    assert len(source) < len(plain) + 60_000
    assert not set("\u202e\x1b\x07\x00\udc80") & set(source)
    source.encode("utf-8")


def everywhere(text: str) -> Report:
    """A report that holds the same text in every field that others write."""
    image = image_finding(
        text,
        item=text,
        work=text,
        creator=text,
        contact=text,
        attributes={"url": text, "caption": text, "license": text, text + "key": {text: [text]}},
        digest=text,
        portfolio=text,
    )
    verdict = replace(image.verdict, reason=text, terms_id=text)
    evidence = tuple(replace(one, recipe_id=text) for one in image.evidence)
    image = replace(image, verdict=verdict, evidence=evidence)
    voice = audio_finding(text + "2", item=text, work=text + "2", creator=text, attributes={text: text})
    failure = Failure(text, Stage.DECODE, text, text)
    run = manifest(
        tool_version=text,
        dataset=text,
        dataset_digest=text,
        reader=text,
        recipes=(text,),
        thresholds={text: 1.0},
        shards=(ShardCount(text, 3, 2, {text: 1}, {text: 4}),),
    )
    run = replace(
        run, portfolios=tuple(replace(one, path=text, digest=text, creators=(text,)) for one in run.portfolios)
    )
    works = tuple(replace(work(text + end, text), title=text + end, contact=text) for end in ("", "2", "3"))
    return replace(report((image, voice), works, manifest=run), unfindable=(failure,), failures=(failure,))


def tags(source: str) -> Counter[str]:
    """How many elements of each kind a page has, links aside."""
    return Counter(tag for tag, _ in Parsed(source).elements if tag != "a")


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_makes_the_same_page(text: str) -> None:
    """The structure of the page does not depend on what the dataset says."""
    source = written(report((image_finding(item=text, attributes={"caption": "c" + text, "x" + text: text}),)))

    assert tags(source)["article"] == 1
    source.encode("utf-8")


def test_a_page_without_pictures_says_how_to_get_them() -> None:
    """Missing pictures of works name the two options; missing pictures of items are told as such."""
    bare = replace(report((image_finding(), audio_finding())), work_pictures={}, item_pictures={})
    text = words_of(Parsed(written(bare)))

    assert "The portfolio holds no pictures" in text
    assert "--portfolio-media DIR" in text
    assert "--previews" in text
    assert "No picture of the item" in text
    assert "No waveform of the item" in text


def test_a_recording_without_a_clip_says_so() -> None:
    """A waveform alone is drawn, and the missing player is explained."""
    silent = replace(report((audio_finding(),)), item_pictures={"s1": Picture("", b"", (0.1, 0.9), 10.0)})
    parsed = Parsed(written(silent))

    assert "There is no clip to play." in words_of(parsed)
    assert parsed.all("audio") == []


def test_a_clip_from_the_middle_says_where_it_begins() -> None:
    """The player's first second is placed in the recording."""
    assert "The player begins at 29:59 of the recording." in words_of(Parsed(written(rich_report())))


def test_an_incomplete_scan_says_so_before_the_answer() -> None:
    """The warning stands above the headline, the reasons under what was compared."""
    text = words_of(Parsed(written(report(manifest=manifest({"undecodable": 7})))))

    assert text.index("This scan is incomplete: 7 of 150 items") < text.index("None of your 12 works was found")
    assert "damaged: it claims to be a picture or a recording but cannot be opened undecodable 7" in text
    assert "53 files passed over, because they do not claim to be a picture or a recording: 50 .txt, 3 .json." in text


def test_long_tables_are_cut_and_counted() -> None:
    """A thousand failures and shards do not make a page of a thousand rows, and the rest is counted."""
    failures = tuple(Failure(f"{n}.jpg", Stage.DECODE, "undecodable", "bad") for n in range(1000))
    shards = tuple(ShardCount(f"{n}.tar", 1, 0, {"undecodable": 1}, {}) for n in range(1000))
    parsed = Parsed(written(report(manifest=manifest(shards=shards), failures=failures)))

    assert words_of(parsed).count("800 more rows in") == 2
    assert len(parsed.all("tr")) < 420


def test_rare_failures_are_not_hidden_by_frequent_ones() -> None:
    """The rarest kind of failure is listed first."""
    failures = (
        *(Failure(f"{n}.jpg", Stage.FINGERPRINT, "low_information", "flat") for n in range(1000)),
        Failure("odd.jpg", Stage.READ, "truncated", "ends early"),
    )

    assert "odd.jpg" in written(report(failures=failures))


def test_more_matches_than_shown_are_counted() -> None:
    """Matches beyond the cap are counted for their work."""
    many = tuple(image_finding(f"f{n}", item=f"{n}.jpg") for n in range(230))

    source = written(replace(report(many), item_pictures={}, work_pictures={}))

    assert "30 more matches of this work are in" in words_of(Parsed(source))


def test_works_that_no_scan_can_find_are_named() -> None:
    """A flat work is listed with its reason."""
    text = words_of(Parsed(written(rich_report())))

    assert "1 work could not be fingerprinted, so no scan can find it." in text
    assert "posters/white.png blank, silent or a plain tone" in text


def test_the_page_reads_well_aloud() -> None:
    """It names its language, has one first heading, skips no level, names each picture and has no id twice."""
    parsed = Parsed(written(rich_report()))
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch(r"h[1-6]", tag)]
    ids = Counter(attributes["id"] for _, attributes in parsed.elements if "id" in attributes)
    named = [one for one in parsed.all("svg") if one.get("role") == "img"]

    assert parsed.all("html") == [{"lang": "en"}]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert set(ids.values()) == {1}
    assert all(one["alt"] for one in parsed.all("img"))
    assert all(one["aria-label"] for one in named)
    for _, attributes in parsed.elements:
        targets = {attributes["href"][1:]} if attributes.get("href", "").startswith("#") else set()
        assert targets | set(attributes.get("aria-labelledby", "").split()) <= set(ids)


@pytest.mark.parametrize("outcome", Outcome)
def test_each_outcome_has_a_word_and_a_colour(outcome: Outcome) -> None:
    """The badge never relies on colour alone."""
    source = written(report((image_finding(outcome=outcome),)))

    assert f'class="badge {outcome.value}">' in source
    assert f".badge.{outcome.value} {{" in source


def test_text_can_be_told_from_its_background() -> None:
    """Every pair of text and background has a contrast of at least 4.5, light and dark."""
    source = written(report())
    schemes = re.findall(r":root \{(.*?)\}", source, re.DOTALL)[:2]
    assert len(schemes) == 2
    for scheme in schemes:
        colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", scheme))
        pairs = [(text, paper) for text in ("ink", "quiet", "link") for paper in ("paper", "card", "soft")]
        pairs += [(name, f"{name}-soft") for name in ("red", "amber", "blue", "green")]
        pairs += [("ink", "amber-soft"), ("link", "amber-soft"), ("accent", "paper")]
        assert {
            pair: _contrast(*(colours[name] for name in pair))
            for pair in pairs
            if _contrast(*(colours[name] for name in pair)) < 4.5
        } == {}


def _contrast(one: str, other: str) -> float:
    """The ratio of relative luminances, as WCAG 2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_equal_reports_are_equal_bytes() -> None:
    """No clock and no chance in a page."""
    assert written(rich_report()) == written(rich_report())


def test_contacts_become_links_only_when_they_are_plain() -> None:
    """A mail or web address can be clicked; anything else is text."""
    assert contact("ada@example.org") == '<a href="mailto:ada@example.org">ada@example.org</a>'
    assert "href" not in contact("ada@example.org?subject=x&bcc=y")
    assert "href" not in linked("javascript:alert(1)")


def test_what_is_said_of_items_stands_apart_from_the_matches() -> None:
    """A mention or a reservation is no match: it counts as none, and has a table of its own, escaped."""
    plain: dict[str, Any] = {"item_segment": None, "work_segment": None, "transform": None, "evidence": ()}
    signal = Signal("xmp", "plus:DataMining", "<b>DMI-PROHIBITED</b>")
    mention = image_finding("m1", Outcome.UNKNOWN, relation=Relation.MENTION, medium=None, work="", **plain)
    reserved = image_finding(
        "r1", relation=Relation.RESERVED, work="", signals=(signal,), notes=("a <i>note",), **plain
    )

    source = written(report((mention, reserved)))

    assert "None of your 12 works was found" in source
    assert "The dataset names the creator here." in source
    assert "The item says of itself that this use is reserved." in source
    assert "&lt;b&gt;DMI-PROHIBITED&lt;/b&gt;" in source
    assert "a &lt;i&gt;note" in source
