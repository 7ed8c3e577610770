"""The summary in words."""

from dataclasses import replace

import pytest
from report_samples import audio_finding, image_finding, manifest, report, rich_report, work

from workprint.model import Failure, Finding, Medium, Outcome, Report, ShardCount, Stage
from workprint.reports import summary


def headline(of: Report) -> str:
    """The first sentence of a report."""
    return summary.headline(summary.tally(of))


def found(*outcomes: Outcome) -> tuple[Finding, ...]:
    """One finding per outcome, of three works."""
    names = ("lighthouse", "a", "b")
    return tuple(
        image_finding(f"f{n}", outcome, work=f"posters/{names[n % 3]}.png") for n, outcome in enumerate(outcomes)
    )


P, U, C, A = Outcome.PROHIBITED, Outcome.UNKNOWN, Outcome.CONDITIONAL, Outcome.PERMITTED


@pytest.mark.parametrize(
    ("outcomes", "said"),
    [
        ((P,) * 7, "3 of your 12 works are in this dataset, 7 times; the terms forbid it."),
        ((P, U, U, U, U, U, U), "3 of your 12 works are in this dataset, 7 times; nothing permits it."),
        ((U,), "1 of your 12 works is in this dataset, once; nothing permits it."),
        ((A, A), "2 of your 12 works are in this dataset, twice; the terms permit it."),
        ((C,), "1 of your 12 works is in this dataset, once; the terms permit it only under conditions."),
        ((C, A), "2 of your 12 works are in this dataset, twice; the terms permit it, in part only under conditions."),
        ((A, U), "2 of your 12 works are in this dataset, twice; nothing permits one of them."),
        ((A, U, P), "3 of your 12 works are in this dataset, 3 times; nothing permits 2 of them."),
    ],
)
def test_what_was_found_and_what_permits_it(outcomes: tuple[Outcome, ...], said: str) -> None:
    """The headline counts works and matches, and says what permits them."""
    assert headline(report(found(*outcomes))) == said


def test_nothing_found_is_said_of_what_was_compared() -> None:
    """A scan that found nothing speaks of the items it could compare, never of the dataset."""
    said = headline(report(manifest=manifest({"undecodable": 7})))

    assert said == (
        "None of your 12 works was found in the 143 items that could be compared; 7 items could not be compared."
    )


def test_nothing_found_in_a_complete_scan() -> None:
    """A complete scan that found nothing says how many items that was."""
    assert headline(report()) == "None of your 12 works was found in the 150 items that were compared."


def test_the_only_work() -> None:
    """A portfolio of one work is spoken of in the singular."""
    only = (work("posters/lighthouse.png"),)

    assert headline(report((), only)) == "Your work was not found in the 150 items that were compared."
    assert headline(report((image_finding(),), only)) == "Your work is in this dataset, once; the terms forbid it."


def test_all_works_found() -> None:
    """Finding every work is told as all of them."""
    both = tuple(work(f"posters/{name}.png") for name in ("lighthouse", "a"))

    assert headline(report(found(P, P), both)).startswith("All of your 2 works are in this dataset")


def test_several_creators_are_not_called_you() -> None:
    """With more than one creator the works are theirs, and each creator is counted."""
    of = report((image_finding(), audio_finding()), (work("a"), work("b"), work("c", "Grace Hopper", Medium.AUDIO)))

    assert headline(of) == "2 of the 3 works by 2 creators are in this dataset, twice; nothing permits it."
    assert [(row.creator, row.works, row.found, row.matches) for row in summary.by_creator(of)] == [
        ("Ada Lovelace", 2, 1, 1),
        ("Grace Hopper", 1, 1, 1),
    ]


def test_works_that_no_scan_can_find_are_counted() -> None:
    """A work without a fingerprint belongs to the portfolio but is not among those that were looked for."""
    of = report(unfindable=(Failure("white.png", Stage.FINGERPRINT, "low_information", ""),))

    assert headline(of) == (
        "Of your 13 works, none of the 12 that can be found was found in the 150 items that were compared."
    )
    assert summary.unfindable(summary.tally(of)) == "1 work could not be fingerprinted, so no scan can find it."


def test_scans_that_say_nothing() -> None:
    """Where nothing could be compared, nothing is claimed."""
    lost = tuple(Failure(f"{n}.png", Stage.DECODE, "undecodable", "") for n in range(12))
    nothing_compared = manifest({"undecodable": 100}, seen=150, shards=())

    assert headline(report(manifest=nothing_compared)) == (
        "No item could be compared, so this scan says nothing about your 12 works."
    )
    assert headline(Report(manifest(), (), lost, (), (), {}, {})) == (
        "None of your 12 works could be fingerprinted, so no scan can find them."
    )
    assert headline(Report(manifest(), (), (), (), (), {}, {})) == (
        "The portfolio holds no works, so nothing was looked for."
    )


def test_an_incomplete_scan_says_so() -> None:
    """What could not be compared is named as unknown; a complete scan has nothing to add."""
    partly = summary.tally(report(manifest=manifest({"undecodable": 1})))

    assert summary.incomplete(partly) == (
        "This scan is incomplete: 1 of 150 items could not be compared, and nothing is known about it."
    )
    assert summary.incomplete(summary.tally(report())) == ""


@pytest.mark.parametrize(
    ("recipes", "media", "said"),
    [
        (("image.phash/1", "image.features/1", "audio.peaks/1"), {"image": 2, "audio": 1}, ""),
        (("image.phash/1", "audio.peaks/1"), {"audio": 1}, ""),
        (("image.phash/1", "audio.peaks/1"), {"image": 2, "audio": 1}, "Depth fast compares pictures as wholes only"),
        (("image.phash/1", "image.minhash/1"), {"image": 2}, "A compact store lets one compare pictures as wholes"),
        (("image.phash/1", "audio.minhash/1"), {"audio": 1}, "A compact store lets one compare recordings by their"),
        (("image.phash/1", "audio.minhash/1"), {"image": 2, "audio": 1}, "unseen; and recordings by their bytes"),
        (("image.phash/1", "audio.minhash/1"), {}, ""),
    ],
)
def test_what_was_not_looked_for_is_said(recipes: tuple[str, ...], media: dict[str, int], said: str) -> None:
    """A store without features or peaks was not searched for parts and edits, and "not found" says nothing of them."""
    items = sum(media.values())
    text = summary.unseen(replace(manifest(), recipes=recipes, shards=(ShardCount("a", items, items, {}, {}, media),)))

    assert (said in text) if said else not text


def test_counts_that_do_not_add_up_are_not_glossed_over() -> None:
    """A manifest whose numbers contradict each other is called unreliable."""
    counts = summary.Tally(("Ada",), 1, 1, 0, {}, 0, seen=10, compared=8, failed=1)

    assert "do not add up" in summary.incomplete(counts)


def test_the_breakdown_names_each_outcome() -> None:
    """Mixed outcomes are counted one by one; a single one needs no breakdown."""
    assert summary.breakdown(summary.tally(rich_report())) == (
        "Twice forbidden by the terms, twice with no permission on record, "
        "once permitted only under conditions and once permitted by the terms."
    )
    assert summary.breakdown(summary.tally(report(found(P, P)))) == ""


def test_the_most_serious_outcome_comes_first() -> None:
    """Forbidden outranks unknown, which outranks every permission."""
    assert summary.most_serious([A, C, U]) is U
    assert summary.most_serious([A, P, U]) is P


def test_rows_without_media_are_not_said_to_be_damaged() -> None:
    """A table of URLs is incomplete by nature: nothing was looked for in it but words."""
    counts = replace(summary.tally(report()), seen=5, compared=0, failed=5, without_media=5)

    assert summary.incomplete(counts).startswith("5 rows of this dataset hold no media.")
    assert "could not be compared" in summary.incomplete(replace(counts, without_media=4))
