"""Plain-language sentences."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from report_samples import PHASH, audio_finding, image_finding

from workprint import errors
from workprint.model import (
    WHOLE,
    AudioTransform,
    Box,
    Evidence,
    ImageTransform,
    Level,
    Medium,
    Outcome,
    Relation,
    TimeSpan,
    Use,
)
from workprint.reports import words


@pytest.mark.parametrize(
    ("evidence", "said"),
    [
        (Evidence("f/1;", "inliers", 61, 11), "61 matching points where 11 would have been enough"),
        (Evidence("f/1;", "inliers", 1, 1), "1 matching point where 1 would have been enough"),
        (Evidence(PHASH, "distance_bits", 6, 40), "hash differs in 6 of 256 bits; 40 would still count"),
        (Evidence("image.phash/1;bits=64", "distance_bits", 0, 8), "hash differs in 0 of 64 bits; 8 would still count"),
        (Evidence("image.phash/1;", "distance_bits", 1, 8), "hash differs in 1 bit; 8 would still count"),
        (Evidence("d/1;", "digest", 1, 1), "the same bytes"),
        (Evidence("d/1;", "content_digest", 1, 1), "the same pixels, in a file that differs around them"),
        (
            Evidence("a/1;", "aligned_landmarks", 1212, 24),
            "1,212 matching sound landmarks where 24 would have been enough",
        ),
        (Evidence("x/1;", "new_measure", 0.25, 0.1), "new measure: 0.25, where 0.1 would have been enough"),
        (Evidence("x/1;", "new_measure", 0.25, 0.0), "new measure: 0.25"),
        (Evidence("f/1;", "inliers", 61, 0), "61 matching points"),
        (Evidence("f/1;", "inliers", 1, 0), "1 matching point"),
        (Evidence("f/1;", "likelihood", 7.4, 1.3), "likelihood 7.4 where 1.3 would have been enough"),
        (Evidence("f/1;", "likelihood", 7.999, 1.7), "likelihood 7.9 where 1.7 would have been enough"),
        (Evidence("f/1;", "likelihood", 12.0, 1.7), "likelihood 12 where 1.7 would have been enough"),
        (Evidence("f/1;", "likelihood", 1234.56, 1.7), "likelihood 1,234 where 1.7 would have been enough"),
        (Evidence("f/1;", "likelihood", math.nan, 1.7), "likelihood ? where 1.7 would have been enough"),
    ],
)
def test_evidence_is_told_with_what_would_have_been_enough(evidence: Evidence, said: str) -> None:
    """Each measure becomes a phrase that names its value and its threshold."""
    assert words.evidence_in_words(evidence, Medium.IMAGE) == said


def test_equal_sound_is_told_as_samples() -> None:
    """Equal content of recordings is called samples, not pixels."""
    said = words.evidence_in_words(Evidence("d/1;", "content_digest", 1, 1), Medium.AUDIO)

    assert said.startswith("the same samples")


def test_the_proof_joins_evidence_and_changes() -> None:
    """The proof of a finding is one line: measurements first, then what was done to the work."""
    assert words.proof_in_words(image_finding()) == (
        "61 matching points where 11 would have been enough; hash differs in 6 of 256 bits; 40 would still count; "
        "mirrored; turned 4° counter-clockwise; at 52 % of its size"
    )


@pytest.mark.parametrize(
    ("transform", "said"),
    [
        (ImageTransform(), []),
        (ImageTransform(rotation_deg=-90.2, negative=True), ["as a negative", "turned 90° clockwise"]),
        (ImageTransform(scale=0.001), ["at under 1 % of its size"]),
        (ImageTransform(rotation_deg=math.nan, scale=math.inf), []),
        (AudioTransform(), []),
        (AudioTransform(0.8, 0.5, True), ["played backwards", "played 20 % slower", "12 semitones lower"]),
        (AudioTransform(1.25, 2 ** (1 / 12)), ["played 25 % faster", "1 semitone higher"]),
        (AudioTransform(math.nan, 0.0), []),
    ],
)
def test_changes_are_told_only_where_there_are_any(transform: ImageTransform | AudioTransform, said: list[str]) -> None:
    """An unchanged work has no changes to tell; numbers that are none are passed over."""
    assert words.transform_in_words(transform) == said


def test_every_failure_code_has_words() -> None:
    """A creator never reads a bare code of ours."""
    codes = {kind.code for kind in (errors.ItemError, *errors.ItemError.__subclasses__())}

    assert codes <= set(words.FAILURES)
    assert words.failure_in_words("brand_new") == "brand new"


def test_every_use_outcome_level_and_relation_has_words() -> None:
    """No member of our vocabularies is without words."""
    assert all(words.use_in_words(use) for use in Use)
    assert all(words.outcome_in_words(outcome) for outcome in Outcome)
    assert all(words.level_in_words(level) for level in Level)
    assert len({words.relation_in_words(relation, medium) for relation in Relation for medium in Medium}) == 10


def test_unknown_permission_never_sounds_like_permission() -> None:
    """The badge of an unknown permission says that there is none on record."""
    assert words.outcome_in_words(Outcome.UNKNOWN) == "No permission on record"


@pytest.mark.parametrize(
    ("confidence", "said"),
    [
        (1.0, "100 %"),
        (0.999999, "over 99.99 %"),
        (0.99834, "99.83 %"),
        (0.9899, "98 %"),
        (0.0, "0 %"),
        (2.0, "100 %"),
        (math.nan, "not stated"),
    ],
)
def test_confidence_is_never_rounded_up(confidence: float, said: str) -> None:
    """Only certainty is called 100 %."""
    assert words.confidence_in_words(confidence) == said


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        (0.0, "none expected, because only equal bytes"),
        (1e-12, "practically none expected"),
        (0.00042, "one expected in about 2,300 scans"),
        (0.3, "one expected in about 3 scans"),
        (2.2, "Up to about 3 of the matches"),
        (math.nan, "not known"),
        (-1.0, "not known"),
        (5e-324, "practically none expected"),
    ],
)
def test_expected_false_matches_in_words(expected: float, said: str) -> None:
    """The expected number becomes a frequency that a person can picture."""
    assert said in words.false_matches_in_words(expected)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0:00"), (7.46, "0:07.5"), (59.96, "1:00"), (61.2, "1:01"), (3723, "1:02:03"), (-3, "0:00"), (math.inf, "?")],
)
def test_times_read_like_a_player(seconds: float, said: str) -> None:
    """Times are minutes and seconds; tenths only where they matter."""
    assert words.time_in_words(seconds) == said


def test_segments_are_told_as_time_or_share() -> None:
    """A stretch is told by its times, a region by its share, a whole as all of it."""
    assert words.segment_in_words(audio_finding().item_segment, Medium.AUDIO) == "from 0:03.2 to 0:08.3"
    assert words.segment_in_words(Box(0, 0, 0.5, 0.5), Medium.IMAGE) == "25 % of its area"
    assert words.segment_in_words(Box(0, 0, 0.05, 0.05), Medium.IMAGE) == "under 1 % of its area"
    assert words.segment_in_words(WHOLE, Medium.IMAGE) == "all of it"
    assert words.segment_in_words(TimeSpan(math.nan, 3), Medium.AUDIO) == "from ? to 0:03"


def test_plurals_and_lists() -> None:
    """One is singular, all else plural, nothing included; the last of a list is joined by 'and'."""
    assert [words.counted(n, "item", "items") for n in (0, 1, 1200)] == ["0 items", "1 item", "1,200 items"]
    assert [words.listed(list("abc")[:n]) for n in range(4)] == ["", "a", "a and b", "a, b and c"]


@given(st.text(max_size=40), st.floats(), st.floats(), st.sampled_from(Medium))
def test_any_evidence_can_be_told(recipe_id: str, value: float, threshold: float, medium: Medium) -> None:
    """No number and no recipe id makes the words fail."""
    for measure in ("inliers", "likelihood", "distance_bits", "digest", "other"):
        assert words.evidence_in_words(Evidence(recipe_id, measure, value, threshold), medium)


@given(st.floats(), st.floats())
def test_any_transform_can_be_told(one: float, other: float) -> None:
    """No number makes the words fail."""
    words.transform_in_words(ImageTransform(rotation_deg=one, scale=other))
    words.transform_in_words(AudioTransform(tempo=one, pitch_ratio=other))
    words.confidence_in_words(one)
    assert words.false_matches_in_words(one)
    assert words.time_in_words(other)
    assert words.segment_in_words(Box(one, other, other, one), Medium.IMAGE)
