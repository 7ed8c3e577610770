"""Mentions from end to end: a creator says where they are to be found, and a table without media names them."""

import json
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core_samples import picture, write_pictures
from workprint import api
from workprint.api.identities import checked_domain, checked_name, checked_url
from workprint.errors import UsageError
from workprint.findings import FAILURES
from workprint.model import Depth, Level, Relation
from workprint.portfolio import Portfolio

FAST = api.Settings(as_of=date(2026, 1, 1), jobs=1, depth=Depth.FAST)
NAMES = api.Settings(as_of=date(2026, 1, 1), jobs=1, depth=Depth.FAST, names=True)


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """An index of one work by Ada, with a domain, an address and another name."""
    works = write_pictures(tmp_path / "works", [1])
    labels = api.Labels(
        "Ada Lumen", "ada@example.org", aliases=("A. L. Umen",), domains=("ada-lumen.example",),
        urls=("https://gallery.example/u/ada/1.jpg",),
    )  # fmt: skip
    api.index([works], tmp_path / "mine.workprint", labels, jobs=1)
    return tmp_path / "mine.workprint"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """Four rows: an address of hers, her domain, her name in a caption, and nothing of hers."""
    urls = [
        "https://gallery.example/u/ada/1.jpg",
        "https://img.ada-lumen.example/x.jpg",
        "https://x.test/3",
        "https://x.test/4",
    ]
    captions = ["one", "two", "pier by A.L. Umen", "four"]
    pq.write_table(pa.table({"URL": urls, "TEXT": captions}), tmp_path / "laion.parquet")
    return tmp_path / "laion.parquet"


def test_a_table_of_urls_is_looked_through_and_counted(mine: Path, table: Path, tmp_path: Path) -> None:
    """Every row is counted as without media; mentions are weak, and an exact address is worth a look."""
    results = api.scan(str(table), [mine], tmp_path / "out", FAST)

    manifest = results.manifest
    assert (manifest.seen, manifest.fingerprinted, manifest.failed) == (4, 0, {"no_media": 4})
    assert dict(manifest.findings) == {"mention": 2}
    assert [(one.item, one.relation, one.level, one.notes) for one in results.findings] == [
        ("laion.parquet#row=0", Relation.MENTION, Level.WARNING, ("URL is the address gallery.example/u/ada/1.jpg",)),
        ("laion.parquet#row=1", Relation.MENTION, Level.NOTE, ("URL names the domain ada-lumen.example",)),
    ]
    assert results.findings[0].creator == "Ada Lumen"
    assert (tmp_path / "out" / FAILURES).read_text() == ""


def test_names_are_looked_for_if_asked_and_matching_a_store_says_the_same(
    mine: Path, table: Path, tmp_path: Path
) -> None:
    """The words are in the store, so `match` needs the dataset no more than for media."""
    scanned = api.scan(str(table), [mine], tmp_path / "out", NAMES)
    matched = api.match(tmp_path / "out" / "store", [mine], tmp_path / "again", NAMES)

    assert [one.item for one in scanned.findings] == [f"laion.parquet#row={row}" for row in range(3)]
    assert scanned.findings[2].notes == ("TEXT says “by” this name: “pier by a l umen”",)
    assert matched.findings == scanned.findings
    for name in ("findings.jsonl", "run.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_media_are_looked_through_as_well_but_a_match_says_it_all(mine: Path, tmp_path: Path) -> None:
    """An item that holds a work is a match, and no mention of its creator beside it."""
    folder = tmp_path / "data"
    for name, seed in (("hers", 1), ("other", 7)):
        write_pictures(folder, [seed])
        (folder / f"picture-{seed}.png").rename(folder / f"{name}.png")
        (folder / f"{name}.json").write_text(json.dumps({"url": "https://ada-lumen.example/1.png"}))
    (folder / "broken.png").write_bytes(picture(3)[:60])
    (folder / "broken.url").write_text("https://ada-lumen.example/2.png")

    results = api.scan(str(folder), [mine], tmp_path / "out", FAST)

    assert [(one.item, one.relation.value) for one in results.findings] == [
        ("broken.png", "mention"), ("hers.png", "identical"), ("other.png", "mention"),
    ]  # fmt: skip


def test_identities_add_up_and_indexes_without_them_are_read(mine: Path, tmp_path: Path) -> None:
    """A second run adds to what the creator is known by; an index of before has none."""
    works = write_pictures(tmp_path / "more", [5])
    api.index([works], mine, api.Labels(domains=("umen.example",)), jobs=1)
    api.index([works], tmp_path / "plain.workprint", api.Labels("Ben"), jobs=1)

    (identity,) = Portfolio(mine).identities
    assert (identity.creator, identity.contact) == ("Ada Lumen", "ada@example.org")
    assert identity.domains == ("ada-lumen.example", "umen.example")
    assert identity.names == ("A. L. Umen",)
    assert Portfolio(tmp_path / "plain.workprint").identities == ()


@pytest.mark.parametrize("domain", ["co.uk", "com", "github.io", "", "localhost", "https:///x"])
def test_domains_of_everybody_are_refused(domain: str) -> None:
    """A public suffix would mention half of the world."""
    with pytest.raises(UsageError):
        checked_domain(domain)


@pytest.mark.parametrize("domain", ["ada.co.uk", "https://www.Ada.co.uk/about", "ada.co.uk."])
def test_domains_are_taken_in_any_form(domain: str) -> None:
    """As people copy them from the address bar."""
    assert checked_domain(domain) == "ada.co.uk"


def test_names_and_addresses_that_say_nothing_are_refused() -> None:
    """Two letters, and a URL that is a host, or none."""
    for wrong in ("", "Al", " - "):
        with pytest.raises(UsageError, match="too short"):
            checked_name(wrong)
    for wrong in ("ada.example/x", "ftp://x/y", "https://x.example/", "https:///y"):
        with pytest.raises(UsageError):
            checked_url(wrong)
    assert checked_name("光") == "光"
