"""Lists of what to take out, as pipelines eat them."""

import io
import json

import numpy as np
import pyarrow.parquet as pq
from report_samples import audio_finding, image_finding, manifest

from workprint.model import Finding, Outcome
from workprint.reports.removal import FILTER, removal_files

UIDS = ["ffffffffffffffff0000000000000001", "0123456789abcdef0000000000000002", "0123456789abcdef0000000000000001"]


def files(*findings: Finding, outcomes: tuple[Outcome, ...] = (Outcome.PROHIBITED,)) -> dict[str, bytes]:
    """The lists of these findings."""
    return removal_files(manifest(), findings, outcomes)


def test_each_item_is_listed_once_by_address_url_and_digest() -> None:
    """However many findings it has; others are left alone."""
    held = files(
        image_finding("f1", item="b.jpg", attributes={"url": "https://x.example/b.jpg"}, digest="bb"),
        image_finding("f2", item="b.jpg", digest="bb", attributes={"url": "https://x.example/b.jpg"}),
        image_finding("f3", item="a.jpg", digest="aa", attributes={"url": "https://x.example/\nevil"}),
        audio_finding("s1", item="c.wav"),
    )

    assert held["items.txt"] == b"a.jpg\nb.jpg\n"
    assert held["urls.txt"] == b"https://x.example/b.jpg\n"
    assert held["sha256.txt"] == b"aa\nbb\n"
    assert json.loads(held["removal.json"])["items"] == 2
    assert json.loads(held["removal.json"])["items_without_url"] == 1
    assert files(audio_finding("s1", item="c.wav"), outcomes=(Outcome.UNKNOWN,))["items.txt"] == b"c.wav\n"


def test_uids_are_sorted_pairs_of_numbers() -> None:
    """As DataComp's tools read them: the halves of the hexadecimal id."""
    held = files(*(image_finding(f"f{at}", item=f"{at}", attributes={"uid": uid}) for at, uid in enumerate(UIDS)))
    array = np.load(io.BytesIO(held["uids.npy"]), allow_pickle=False)

    assert array.dtype == np.dtype("u8,u8")
    assert [f"{int(high):016x}{int(low):016x}" for high, low in array] == sorted(UIDS)
    assert len(np.load(io.BytesIO(files(image_finding(attributes={"uid": "x"}))["uids.npy"]))) == 0


def test_the_filter_can_be_joined_by_row_member_or_digest() -> None:
    """One row per item, with what was found in it."""
    held = files(image_finding("f1", item="t/p.parquet#row=17,column=image"), image_finding("f2", item="x.tar!1.jpg"))
    table = pq.read_table(io.BytesIO(held["filter.parquet"]))

    assert table.schema == FILTER
    assert table.column("container").to_pylist() == ["t/p.parquet", "x.tar"]
    assert table.column("row").to_pylist() == [17, None]
    assert table.column("member").to_pylist() == [None, "1.jpg"]
    assert table.column("finding_ids").to_pylist() == [["f1"], ["f2"]]
