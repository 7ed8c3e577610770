"""The dataset as a whole: how many items carry the same work, where they are, where from, under which licence."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import image_finding, manifest, report

from workprint.model import Finding, Relation, ShardCount
from workprint.reports.html import HtmlReport
from workprint.reports.overview import OverviewReport, Share, domain_of, overview, part_of


def found(item: str, work: str = "a.png", digest: str = "aa", **attributes: str) -> Finding:
    """A work found in an item."""
    return image_finding(f"{work} in {item}", item=item, work=work, digest=digest, attributes=attributes)


def test_a_work_is_counted_by_the_items_that_carry_it() -> None:
    """Two places in one item are one item; equal bytes are one content; parts are archives, tables and folders."""
    twice = image_finding("again", item="x.tar!1.jpg", work="a.png", digest="aa")
    in_all = overview(report((found("x.tar!1.jpg"), twice, found("x.tar!2.jpg"), found("y/3.jpg", digest="bb"))))
    (copies,) = in_all.works

    assert (copies.items, copies.contents, copies.parts) == (3, 2, 2)
    assert (in_all.items, in_all.contents) == (3, 2)


def test_an_item_with_two_works_is_one_item() -> None:
    """A collage does not count twice in its archive, and its works are told."""
    in_all = overview(report((found("x.tar!1.jpg"), found("x.tar!1.jpg", "b.png"))))

    assert in_all.items == 1
    assert in_all.parts == (Share("x.tar", 1, 2, None),)


def test_works_are_put_into_classes_by_their_items() -> None:
    """Classes in between that hold no work are kept, so that the plot is honest."""
    findings = (found("1.jpg", "a.png"), *(found(f"{n}.jpg", "b.png") for n in range(7)))

    assert overview(report(findings)).classes == (("1", 1), ("2", 0), ("3–5", 0), ("6–10", 1))


def test_a_part_has_its_denominator_from_all_its_shards() -> None:
    """An archive that was read in two shards is one part."""
    shards = tuple(
        ShardCount(name, 10, number, {"undecodable": 10 - number}, {})
        for name, number in (("p.zip#members=0-9", 10), ("p.zip#members=10-19", 8), ("f/#files=0-9", 9))
    )
    in_all = overview(report((found("p.zip!1.jpg"), found("f/1.jpg")), manifest=manifest(shards=shards)))

    assert {share.name: share.compared for share in in_all.parts} == {"p.zip": 18, "f/": 9}


def test_domains_and_licences_are_what_the_dataset_says() -> None:
    """The host in small letters, without www; spaces in a licence do not make another; silence is a row of its own."""
    findings = (
        found("1.jpg", URL="https://WWW.Example.com/1.jpg", license="CC BY  4.0"),
        found("2.jpg", url="http://example.com:8080/2.jpg", licence=" CC BY 4.0"),
        found("3.jpg", url="no address"),
    )
    in_all = overview(report(findings))

    assert [(share.name, share.items) for share in in_all.domains] == [("example.com", 2), ("", 1)]
    assert [(share.name, share.items) for share in in_all.licences] == [("CC BY 4.0", 2), ("", 1)]


def test_mentions_and_reservations_are_no_copies() -> None:
    """Only what was seen or heard in an item is counted."""
    mention = image_finding("m", relation=Relation.MENTION, item_segment=None, work_segment=None)

    assert overview(report((mention,))).items == 0


def test_nothing_found_is_an_empty_overview() -> None:
    """No class, no part, no row."""
    in_all = overview(report())

    assert (in_all.items, in_all.works, in_all.classes, in_all.parts) == (0, (), (), ())


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("a.jpg", ""),
        ("b/c/a.jpg", "b/c/"),
        ("b/x.zip!c/a.jpg", "b/x.zip"),
        ("x.zip!y.tar!a.jpg", "x.zip"),
        ("t.parquet#row=1,column=image", "t.parquet"),
    ],
)
def test_the_part_of_an_address(address: str, part: str) -> None:
    """What stands before the first `!` or `#`; of a loose file, its folder."""
    assert part_of(address) == part


@given(st.text())
def test_any_text_has_a_domain_or_none(url: str) -> None:
    """Addresses come from strangers."""
    domain = domain_of(url)

    assert domain == domain.lower()
    assert not {*"/?#"} & {*domain}


@pytest.mark.parametrize("url", ["http://[::1", "", "mailto:a@b.c", "//", "https://"])
def test_what_is_no_web_address_has_no_domain(url: str) -> None:
    """It is counted as not said."""
    assert domain_of(url) == ""


def test_the_page_plots_the_overview_and_escapes_what_the_dataset_says() -> None:
    """Bars are drawn without scripts or styles of their own; a hostile licence is text."""
    findings = tuple(
        found(f"{name}.tar!{n}.jpg", url=f"https://{name}.example/{n}", license="<b onclick=x>free</b>")
        for name in ("one", "two")
        for n in range(20)
    )
    stream = io.StringIO()
    HtmlReport().write(report(findings), stream)
    page = " ".join(stream.getvalue().split())

    assert "The dataset as a whole" in page
    assert "40 items carry 1 work; 1 file is different" in page
    assert page.count('class="plot-bar"') == 6 + 1 + 2 + 2 + 1  # classes up to 21–50, works, parts, domains, licences
    assert "&lt;b onclick=x&gt;free" in page
    assert "<b onclick" not in page


def test_the_page_lists_so_many_rows_and_counts_the_rest() -> None:
    """A dataset of ten thousand archives does not make a page of ten thousand rows."""
    stream = io.StringIO()
    HtmlReport().write(report(tuple(found(f"{n}.tar!1.jpg") for n in range(40))), stream)

    assert "28 more rows" in stream.getvalue()


def test_the_overview_is_written_for_programs() -> None:
    """One JSON object with every row."""
    stream = io.StringIO()
    OverviewReport().write(report((found("x.tar!1.jpg", url="https://a.example/1"), found("x.tar!2.jpg"))), stream)
    written = json.loads(stream.getvalue())

    assert written["format"] == "workprint-overview"
    assert written["works_by_items"] == {"1": 0, "2": 1}
    assert written["works"][0] | {"creator": ""} == {
        "creator": "", "work": "a.png", "items": 2, "contents": 1, "parts": 1,
    }  # fmt: skip
    assert written["domains"][0] == {"name": "", "items": 1, "works": 1, "compared": None}
