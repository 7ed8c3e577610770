"""What a report says of the edits that were tried before the scan."""

from hypothesis import given
from hypothesis import strategies as st
from report_samples import image_finding, report
from test_html_report import Parsed, words_of, written

from workprint.model import CheckedWork, Medium
from workprint.reports.html import ROWS
from workprint.reports.robustness import robustness

CARD = (
    CheckedWork("sea.png", "Ada", Medium.IMAGE, {"mirror": True, "negative": False, "crop_0.4": False}, ""),
    CheckedWork("hill.png", "Ada", Medium.IMAGE, {"mirror": True, "negative": True, "crop_0.4": False}, ""),
    CheckedWork("line.flac", "Ben", Medium.AUDIO, {"clip of 1 s": True}, ""),
    CheckedWork("gone.png", "Ada", Medium.IMAGE, {}, "its file is not in the folder given"),
)


def test_the_hardest_edits_and_the_weakest_works_come_first() -> None:
    """Edits by the share of works found after them, works by the number of edits that hide them."""
    counted = robustness(CARD)

    assert counted is not None
    assert counted.works == 3
    assert counted.shares == (("crop_0.4", 0, 2), ("negative", 1, 2), ("mirror", 2, 2), ("clip of 1 s", 1, 1))
    assert counted.weak == (("sea.png", ("negative", "crop_0.4")), ("hill.png", ("crop_0.4",)))
    assert counted.untried == (("gone.png", "its file is not in the folder given"),)


def test_without_a_card_there_is_nothing_to_count() -> None:
    """Nothing tried is not the same as nothing found."""
    assert robustness(()) is None
    assert robustness(CARD[3:]) is None


works = st.builds(
    CheckedWork, st.text(), st.text(), st.sampled_from(Medium), st.dictionaries(st.text(), st.booleans()), st.text()
)


@given(st.lists(works, max_size=6))
def test_every_outcome_is_counted_once(checked: list[CheckedWork]) -> None:
    """Found and missed add up to what was tried, and no work is dropped."""
    counted = robustness(checked)
    outcomes = [found for work in checked for found in work.found.values()]

    if counted is None:
        assert outcomes == []
        return
    assert sum(tried for _, _, tried in counted.shares) == len(outcomes)
    assert sum(found for _, found, _ in counted.shares) == sum(outcomes)
    assert sum(len(missed) for _, missed in counted.weak) == len(outcomes) - sum(outcomes)
    assert counted.works + len(counted.untried) == len(checked)


def test_the_page_tells_it_in_words() -> None:
    """How many works were tried, each edit with its numbers, what hides which work, and what could not be tried."""
    text = words_of(Parsed(written(report((image_finding(),), checked=CARD))))

    for said in (
        "What would have been found",
        "Before this scan, 3 works of the portfolio were edited",
        "4 edits, the hardest first",
        "crop_0.4 0 of 2",
        "Works that would be missed after some edit (2)",
        "sea.png negative, crop_0.4",
        "Works on which nothing could be tried (1)",
        "gone.png its file is not in the folder given",
    ):
        assert said in text


def test_one_work_is_told_as_one() -> None:
    """Singular where it is one, and no empty tables."""
    text = words_of(Parsed(written(report(checked=CARD[2:3]))))

    assert "1 work of the portfolio was edited" in text
    assert "1 edit, the hardest first" in text
    assert "would be missed" not in text
    assert "nothing could be tried" not in text


def test_a_page_without_a_card_says_nothing_of_it() -> None:
    """The section is there only if there is a card."""
    assert "What would have been found" not in written(report())


def test_hostile_names_in_a_card_do_nothing() -> None:
    """A card may be a stranger's: names of works and edits, and reasons, are escaped, made visible and cut."""
    evil = "<script>alert(1)</script>\u202egpj.exe\x1b[31m" + "long" * 500
    checked = (
        CheckedWork(evil, evil, Medium.IMAGE, {evil: False, "'\"><img src=x onerror=alert(1)>": True}, ""),
        CheckedWork(evil, evil, Medium.IMAGE, {}, evil),
    )

    source = written(report(checked=checked))
    parsed = Parsed(source)

    assert not {"script", "img"} & {tag for tag, _ in parsed.elements}
    assert "⟨U+202E⟩" in source
    assert not {"\u202e", "\x1b"} & set(source)
    assert "long" * 200 not in source


def test_long_cards_are_cut_and_counted() -> None:
    """A card of a thousand works with a thousand edits makes a page of bounded size that says what is left out."""
    found = {f"edit {at}": False for at in range(1_000)}
    checked = tuple(CheckedWork(f"{at}.png", "", Medium.IMAGE, found, "") for at in range(300))

    source = written(report(checked=checked))
    text = words_of(Parsed(source))

    assert f"{1_000 - ROWS} more rows" in text
    assert f"{300 - ROWS} more rows" in text
    assert len(source) < 500_000
