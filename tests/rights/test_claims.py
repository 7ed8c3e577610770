"""What signals and columns amount to: they can take away, never give."""

import pytest

from workprint.model import UNREADABLE, Level, Outcome, Permission, Relation, Signal, Use, Verdict
from workprint.rights.claims import contradicts, denial, denial_level, notes, speaks_for_itself

USE = Use.AI_GENERATIVE_TRAINING
DENIES = Signal("xmp", "plus:DataMining", "DMI-PROHIBITED", {USE: Permission.NOT_ALLOWED})
PLAIN_WORDS = Signal("exif", "Copyright", "No AI training", {USE: Permission.NOT_ALLOWED}, conformant=False)
LIMITS = Signal("id3", "TXXX:TDM-RESERVATION", "1", {USE: Permission.CONSTRAINED})
ALLOWS = Signal("xmp", "plus:DataMining", "DMI-ALLOWED", {USE: Permission.ALLOWED})
NOTICE = Signal("exif", "Copyright", "© Ada")
UNKNOWN = Verdict(Outcome.UNKNOWN, USE, None, "no permission on record")
PROHIBITED = Verdict(Outcome.PROHIBITED, USE, "t", "the terms do not allow this use")
PERMITTED = Verdict(Outcome.PERMITTED, USE, "t", "the terms allow this use")


@pytest.mark.parametrize(
    ("said", "outcome", "level"),
    [
        ([DENIES], Outcome.PROHIBITED, Level.ERROR),
        ([ALLOWS, PLAIN_WORDS], Outcome.PROHIBITED, Level.WARNING),
        ([LIMITS, ALLOWS], Outcome.CONDITIONAL, Level.WARNING),
    ],
)
def test_an_item_that_reserves_itself_is_judged_by_its_strictest_signal(
    said: list[Signal], outcome: Outcome, level: Level
) -> None:
    """Plain words are heard, at a milder level."""
    verdict = denial(said, USE)

    assert verdict is not None
    assert (verdict.outcome, denial_level(said, verdict)) == (outcome, level)
    assert verdict.grounds


def test_silence_leave_and_other_uses_are_no_denial() -> None:
    """Nothing is found where nothing is denied."""
    assert denial([], USE) is None
    assert denial([ALLOWS, NOTICE], USE) is None
    assert denial([DENIES], Use.AI_INFERENCE) is None


@pytest.mark.parametrize(
    "licence", ["CC0", "cc-by-4.0", "http://creativecommons.org/licenses/by/4.0/", "Public Domain"]
)
def test_a_licence_column_that_contradicts_the_terms_is_said(licence: str) -> None:
    """And makes the finding serious, even where no terms are on record."""
    (note,) = notes(PROHIBITED, {"License": licence, "author": "someone"}, [], [])

    assert note == (
        f"The dataset declares “{licence}” and credits it to “someone”; the work it matched reserves this use."
    )
    assert contradicts(UNKNOWN, {"license": licence})


@pytest.mark.parametrize("columns", [{}, {"license": ""}, {"license": "all rights reserved"}, {"caption": "CC0"}])
def test_other_columns_contradict_nothing(columns: dict[str, str]) -> None:
    """Nor does a free licence of a work that is permitted."""
    assert not contradicts(PROHIBITED, columns)
    assert not contradicts(PERMITTED, {"license": "CC0"})


def test_a_copy_that_lost_the_notice_of_its_original_is_said() -> None:
    """Only where the copy's metadata could be read and hold no notice at all."""
    (note,) = notes(PROHIBITED, {}, [], [NOTICE, DENIES])

    assert "Rights metadata are gone: the creator's file carries xmp plus:DataMining “DMI-PROHIBITED”" in note
    assert notes(PROHIBITED, {}, [NOTICE], [NOTICE, DENIES]) == ()
    assert notes(PROHIBITED, {}, [], []) == ()
    (other,) = notes(PROHIBITED, {}, [Signal("xmp", UNREADABLE, "?")], [NOTICE])
    assert "could not be read" in other


def test_an_item_that_holds_a_work_among_other_things_speaks_for_the_rest() -> None:
    """A photograph with a logo in it has its own photographer; a copy of a work does not."""
    assert speaks_for_itself([])
    assert speaks_for_itself([Relation.CONTAINS])
    assert not speaks_for_itself([Relation.CONTAINS, Relation.NEAR_DUPLICATE])
