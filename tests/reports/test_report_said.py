"""What items say of their own rights, as the page counts it."""

import io

from report_samples import image_finding, manifest, report

from workprint.model import Outcome, Permission, Relation, ShardCount, Signal, Use
from workprint.reports.html import HtmlReport
from workprint.reports.said import speaking, table

COUNTS = {"any": 7, "xmp": 5, "exif": 2, "unreadable": 1, "not checked": 2, "ai_training=not_allowed": 4,
          "ai_training=constrained": 1}  # fmt: skip
SHARDS = (ShardCount("a", 9, 9, {}, {}, {"image": 9}, COUNTS),)


def test_items_are_counted_by_what_they_say_and_where() -> None:
    """Refused, on conditions, said to be free; sources by number."""
    said = table(report(manifest=manifest(shards=SHARDS, signals="vocabulary=1")))

    training = next(row for row in said.uses if row.use is Use.AI_TRAINING)
    assert (training.refused, training.conditional, training.free) == (4, 1, 0)
    assert said.sources == (("xmp", 5), ("exif", 2))


def test_the_page_says_how_many_items_speak_and_that_silence_is_no_permission() -> None:
    """Unread and unchecked metadata are said as loudly."""
    stream = io.StringIO()
    HtmlReport().write(report(manifest=manifest(shards=SHARDS, signals="vocabulary=1")), stream)
    page = " ".join(stream.getvalue().split())

    assert "7 items of the 9 compared carry a notice" in page
    assert "silence is no permission" in page
    assert "The metadata of 1 item could not be read" in page
    assert "2 items carry a C2PA manifest that was not checked" in page
    assert "vocabulary=1" in page


def test_a_scan_that_read_no_signals_claims_nothing_of_them() -> None:
    """Results of an older version have no such section."""
    stream = io.StringIO()
    HtmlReport().write(report(manifest=manifest()), stream)

    assert "What items say of their own rights" not in stream.getvalue()


def test_signals_that_speak_of_the_use_come_first() -> None:
    """A page shows a few of many."""
    notice = Signal("exif", "Copyright", "©")
    denies = Signal("xmp", "plus:DataMining", "no", {image_finding().verdict.use: Permission.NOT_ALLOWED})

    finding = image_finding("r", Outcome.PROHIBITED, relation=Relation.RESERVED, signals=(notice, denies))

    assert speaking(finding) == (denies, notice)
