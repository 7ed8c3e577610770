"""What the page shows and in which order."""

from dataclasses import replace

import pytest
from report_samples import audio_finding, image_finding, report, work

from workprint.model import Failure, Finding, Level, Medium, Outcome, Picture, Stage
from workprint.reports import page


def many(works: int, matches: int) -> tuple[Finding, ...]:
    """Each of `works` works found `matches` times."""
    return tuple(
        image_finding(f"w{w}m{m}", work=f"work{w:03}.png", item=f"{w:03}/{m:03}.jpg", confidence=0.9)
        for w in range(works)
        for m in range(matches)
    )


def test_the_most_serious_work_comes_first() -> None:
    """Works are ordered by their worst match, then by how often they were found."""
    findings = (
        image_finding("f1", Outcome.PERMITTED, work="a"),
        image_finding("f2", Outcome.UNKNOWN, work="b"),
        image_finding("f3", Outcome.PROHIBITED, work="c"),
        image_finding("f4", Outcome.PERMITTED, work="c"),
        image_finding("f5", Outcome.PROHIBITED, work="d"),
        image_finding("f6", Outcome.PROHIBITED, work="d"),
        image_finding("f7", Outcome.PROHIBITED, work="d"),
    )

    assert [group.work_id for group in page.groups(report(findings))] == ["d", "c", "b", "a"]


def test_within_a_work_the_surest_match_comes_first() -> None:
    """Matches of a work are ordered by level, then confidence."""
    findings = (
        image_finding("f1", confidence=0.5),
        image_finding("f2", confidence=0.9),
        image_finding("f3", Outcome.PERMITTED, confidence=1.0, level=Level.NOTE),
    )
    (group,) = page.groups(report(findings))

    assert [card.finding.finding_id for card in group.cards] == ["f2", "f1", "f3"]
    assert (group.matches, group.items, group.outcome) == (3, 3, Outcome.PROHIBITED)


def test_no_work_crowds_out_the_others() -> None:
    """When there are more matches than the page shows, every work gets its first before any gets its second."""
    groups = page.groups(report((*many(1, 300), *(replace(one, work="other") for one in many(1, 2)))))

    assert [len(group.cards) for group in groups] == [page.FULL_MATCHES - 2, 2]
    assert [group.hidden for group in groups] == [102, 0]


def test_more_works_than_the_page_shows() -> None:
    """Works beyond the number of full matches are kept, without cards."""
    groups = page.groups(report(many(page.FULL_MATCHES + 5, 1)))

    assert sum(bool(group.cards) for group in groups) == page.FULL_MATCHES
    assert len(groups) == page.FULL_MATCHES + 5


def test_same_name_of_two_creators_is_two_works() -> None:
    """Works are told apart by creator as well as by path."""
    findings = (image_finding("f1"), image_finding("f2", creator="Someone Else"))

    assert len(page.groups(report(findings))) == 2


def test_pictures_beyond_the_budget_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The page holds a bounded number of bytes of media and says which are left out."""
    of = report(many(3, 1))
    one_pair = 2 * len(next(iter(of.item_pictures.values())).data)
    monkeypatch.setattr(page, "MEDIA_BUDGET_BYTES", one_pair)
    cards = [group.cards[0] for group in page.groups(of)]

    assert [card.item.too_much for card in cards] == [False, True, True]
    assert [bool(card.work.source) for card in cards] == [True, False, False]


@pytest.mark.parametrize(
    ("picture", "medium", "shown"),
    [
        (Picture("image/png", b"x"), Medium.IMAGE, True),
        (Picture("audio/mpeg", b"x"), Medium.AUDIO, True),
        (Picture("image/png", b""), Medium.IMAGE, False),
        (Picture("image/png", b"x"), Medium.AUDIO, False),
        (Picture("image/svg+xml", b"<svg onload=alert(1)>"), Medium.IMAGE, False),
        (Picture("text/html", b"x"), Medium.IMAGE, False),
        (Picture('image/png" onerror="alert(1)', b"x"), Medium.IMAGE, False),
    ],
)
def test_only_plain_media_is_embedded(picture: Picture, medium: Medium, shown: bool) -> None:
    """Types that could act, and media of the wrong kind, are not put on the page."""
    assert page.embeddable(picture, medium) is shown


def test_anchors_are_plain_and_unique() -> None:
    """Finding ids become HTML ids that hold no odd characters and never collide."""
    findings = (image_finding("a b"), image_finding("a\nb"), image_finding('"><script>'))
    (group,) = page.groups(report(findings))
    anchors = {card.anchor for card in group.cards}

    assert anchors == {"finding-a-b", "finding-a-b.2", "finding----script-"}


def test_works_not_found_are_those_without_a_match() -> None:
    """The works that were looked for and not found are listed in the portfolio's order."""
    of = report((image_finding(work="b"),), (work("a"), work("b"), work("c")))

    assert [one.work_id for one in page.not_found(of)] == ["a", "c"]


def test_a_page_without_pictures_of_works_is_noticed() -> None:
    """Missing pictures are told per medium, and only where there are matches of it."""
    bare = replace(report((image_finding(),)), work_pictures={})

    assert page.shows_no_works(bare, Medium.IMAGE)
    assert not page.shows_no_works(bare, Medium.AUDIO)
    assert not page.shows_no_works(report((audio_finding(),)), Medium.AUDIO)


def test_failures_are_counted_by_code() -> None:
    """The most frequent code comes first."""
    failures = [Failure(str(n), Stage.DECODE, code, "") for n, code in enumerate(["a", "b", "b"])]

    assert list(page.by_code(failures).items()) == [("b", 2), ("a", 1)]
