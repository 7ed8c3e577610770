"""Findings, failures and runs as JSON: they come back as they were, in the shape that is documented."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core_samples import attributes, digests, failures, odd_texts
from workprint.errors import FormatError, NewerFormatError, WorkprintError
from workprint.model import (
    AudioTransform,
    Box,
    Depth,
    Evidence,
    Finding,
    ImageTransform,
    Level,
    Limits,
    Medium,
    Outcome,
    Permission,
    PortfolioSummary,
    Relation,
    RunManifest,
    ShardCount,
    Signal,
    TimeSpan,
    Use,
    Verdict,
)
from workprint.serial.lines import (
    check_format,
    dumps,
    failure_from_json,
    failure_to_json,
    finding_from_json,
    finding_to_json,
    manifest_from_json,
    manifest_to_json,
)

numbers = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
counts = st.dictionaries(odd_texts, st.integers(0, 10**12), max_size=3)
verdicts = st.builds(
    Verdict,
    *(st.sampled_from(Outcome), st.sampled_from(Use), st.none() | odd_texts, odd_texts),
    st.lists(odd_texts, max_size=2).map(tuple),
)
signals = st.builds(
    Signal,
    *(odd_texts, odd_texts, odd_texts),
    st.dictionaries(st.sampled_from(Use), st.sampled_from(Permission), max_size=3),
    *(st.booleans(), odd_texts, odd_texts),
)
measures = st.sampled_from(["distance_bits", "inliers", "aligned_landmarks", "digest"])
plain_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def findings(draw: st.DrawFn) -> Finding:
    """Any finding."""
    medium = draw(st.sampled_from(Medium))
    claim = draw(st.booleans())  # a mention or a reservation, which has no place in the item
    segments = (
        st.none()
        if claim
        else st.builds(Box, *[numbers] * 4)
        if medium is Medium.IMAGE
        else st.builds(TimeSpan, numbers, numbers)
    )
    transforms: Any = (
        st.builds(ImageTransform, st.booleans(), numbers, numbers, st.booleans())
        if medium is Medium.IMAGE
        else st.builds(AudioTransform, numbers, numbers, st.booleans())
    )
    evidence = st.builds(Evidence, odd_texts, measures, numbers, numbers)
    texts = {name: draw(odd_texts) for name in ("finding_id", "item", "work", "creator", "contact", "portfolio")}
    return Finding(
        **texts,
        medium=None if claim else medium,
        relation=draw(st.sampled_from(Relation)),
        confidence=draw(numbers),
        item_segment=draw(segments),
        work_segment=draw(segments),
        transform=None if claim else draw(transforms),
        evidence=tuple(draw(st.lists(evidence, max_size=3))),
        verdict=draw(verdicts),
        level=draw(st.sampled_from(Level)),
        attributes=draw(attributes),
        digest=draw(digests),
        signals=tuple(draw(st.lists(signals, max_size=2))),
        notes=tuple(draw(st.lists(odd_texts, max_size=2))),
    )


shards = st.integers(0, 10**12).flatmap(
    lambda n: st.builds(ShardCount, odd_texts, st.just(n), st.just(n), *[counts] * 3)
)
manifests = st.builds(
    RunManifest,
    tool_version=odd_texts,
    dataset=odd_texts,
    dataset_digest=digests,
    reader=odd_texts,
    depth=st.sampled_from(Depth),
    recipes=st.lists(odd_texts, max_size=3).map(tuple),
    thresholds=st.dictionaries(odd_texts, st.floats(allow_nan=False, allow_infinity=False), max_size=3),
    limits=st.builds(Limits, st.integers(1, 10**12), st.floats(0.1, 1e9), st.integers(1, 10**12)),
    portfolios=st.lists(
        st.builds(
            PortfolioSummary, odd_texts, digests, st.integers(0, 10**9), st.lists(odd_texts, max_size=3).map(tuple)
        ),
        max_size=2,
    ).map(tuple),
    use=st.sampled_from(Use),
    as_of=st.dates(),
    shards=st.lists(shards, max_size=3).map(tuple),
    findings=counts,
    expected_false_matches=st.floats(0, 1e9),
)


def there_and_back(value: Any) -> Any:
    """Write a value as one line of a file, and read it."""
    line = dumps(value).encode("utf-8")
    assert b"\n" not in line
    return json.loads(line)


@given(findings())
def test_a_finding_comes_back(finding: Finding) -> None:
    """Every field of a finding, whatever the dataset says, survives one line of UTF-8."""
    assert finding_from_json(there_and_back(finding_to_json(finding))) == finding


@given(failures)
def test_a_failure_comes_back(failure: Any) -> None:
    """Every field of a failure survives one line of UTF-8."""
    assert failure_from_json(there_and_back(failure_to_json(failure))) == failure


@given(manifests)
def test_a_run_comes_back(manifest: RunManifest) -> None:
    """Every field of a run survives JSON."""
    assert manifest_from_json(there_and_back(manifest_to_json(manifest))) == manifest


FINDING = Finding(
    finding_id="00112233aabbccdd",
    item="shard-00001.tar!000123.jpg",
    work="posters/lighthouse.png",
    creator="Ada Lumen",
    contact="ada@example.org",
    medium=Medium.IMAGE,
    relation=Relation.EXCERPT,
    confidence=0.9980000001,
    item_segment=Box(0.1, 0.0, 0.9, 0.8),
    work_segment=Box(0.2, 0.2, 1.0, 1.0),
    transform=ImageTransform(mirrored=True, rotation_deg=4.0, scale=0.52),
    evidence=(Evidence("image.features/1;", "inliers", 61.0, 11.0),),
    verdict=Verdict(Outcome.PROHIBITED, Use.AI_GENERATIVE_TRAINING, "t1", "the terms do not allow this use"),
    level=Level.ERROR,
    attributes={"url": "https://example.org/é", "caption": "a\nb"},
    digest="ab" * 32,
    portfolio="cd" * 32,
)


def test_the_line_of_a_finding_has_the_documented_shape() -> None:
    """Names, order and nesting of `findings.jsonl` are a promise to other programs."""
    assert dumps(finding_to_json(FINDING)) == (
        '{"finding_id": "00112233aabbccdd", "item": "shard-00001.tar!000123.jpg", "work": "posters/lighthouse.png", '
        '"creator": "Ada Lumen", "contact": "ada@example.org", "medium": "image", "relation": "excerpt", '
        '"confidence": 0.998, "item_segment": {"left": 0.1, "top": 0.0, "right": 0.9, "bottom": 0.8}, '
        '"work_segment": {"left": 0.2, "top": 0.2, "right": 1.0, "bottom": 1.0}, '
        '"transform": {"mirrored": true, "rotation_deg": 4.0, "scale": 0.52, "negative": false}, '
        '"evidence": [{"recipe_id": "image.features/1;", "inliers": 61.0, "threshold": 11.0}], '
        '"verdict": {"outcome": "prohibited", "use": "ai_generative_training", "terms_id": "t1", '
        '"reason": "the terms do not allow this use", "grounds": []}, "level": "error", '
        '"attributes": {"url": "https://example.org/é", "caption": "a\\nb"}, '
        f'"digest": "{"ab" * 32}", "portfolio": "{"cd" * 32}", "signals": [], "notes": []}}'
    )


def test_places_in_sound_are_seconds() -> None:
    """An audio finding says where in seconds, and how it was changed in ratios."""
    fields = {name: getattr(FINDING, name) for name in Finding.__slots__}
    sound = {"medium": Medium.AUDIO, "item_segment": TimeSpan(1.0, 2.5), "transform": AudioTransform(1.1, 0.9, True)}

    line = finding_to_json(Finding(**{**fields, **sound}))

    assert line["item_segment"] == {"start_s": 1.0, "end_s": 2.5}
    assert line["transform"] == {"tempo": 1.1, "pitch_ratio": 0.9, "reversed": True}


def test_a_run_counts_its_whole_denominator() -> None:
    """`run.json` says what was seen, compared, failed by code, and passed over, in all and per shard."""
    shard = ShardCount("a", 3, 2, {"empty": 1}, {".txt": 4}, {"image": 2})
    manifest = RunManifest(
        "1.0", "d", "0" * 64, "folder", Depth.FAST, (), {}, Limits(), (), Use.AI_TRAINING, date(2026, 1, 2), (shard,),
        {"unknown": 1}, 0.5,
    )  # fmt: skip

    line = manifest_to_json(manifest)

    assert line["counts"] == {
        "seen": 3,
        "fingerprinted": 2,
        "failed": 1,
        "failed_by_code": {"empty": 1},
        "passed_over": {".txt": 4},
        "findings": {"unknown": 1},
    }
    assert line["shards"][0]["failed"] == {"empty": 1}
    assert (line["use"], line["as_of"]) == ("ai_training", "2026-01-02")


@given(plain_json, st.sampled_from(sorted(finding_to_json(FINDING))))
def test_a_damaged_finding_is_refused_or_of_the_right_types(value: Any, key: str) -> None:
    """Any JSON in any field is a `FormatError` or a finding that can be written again; nothing else."""
    try:
        finding = finding_from_json({**finding_to_json(FINDING), key: value})
    except FormatError:
        return
    assert isinstance(finding, Finding)
    assert all(isinstance(getattr(finding, name), str) for name in ("item", "work", "creator", "digest"))


@given(plain_json)
def test_no_json_breaks_the_readers(value: Any) -> None:
    """What is no finding, failure or run at all is a `FormatError`, never another exception."""
    for read in (finding_from_json, failure_from_json, manifest_from_json):
        with pytest.raises(FormatError):
            read(value)


@given(plain_json, st.sampled_from(["limits", "portfolios", "shards", "counts", "as_of", "recipes", "thresholds"]))
def test_a_damaged_run_is_refused(value: Any, key: str) -> None:
    """Any JSON in any field of `run.json` is a `FormatError` or a manifest whose sums can be taken."""
    shard = ShardCount("a", 1, 1, {}, {}, {"image": 1})
    manifest = RunManifest(
        "1.0", "d", "0" * 64, "folder", Depth.FAST, (), {}, Limits(), (), Use.AI_TRAINING, date(2026, 1, 2), (shard,),
        {}, 0.0,
    )  # fmt: skip
    try:
        read = manifest_from_json({**manifest_to_json(manifest), key: value})
    except FormatError:
        return
    assert (read.seen, sum(read.failed.values()), read.media) in [(1, 0, {"image": 1}), (0, 0, {})]


def test_numbers_that_json_does_not_have_are_refused() -> None:
    """NaN and infinity would make lines that other programs cannot read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dumps({"value": float("nan")})


def test_a_newer_version_is_told_from_a_foreign_file() -> None:
    """A newer file asks for an update; a foreign one, or a version that never was, is refused."""
    check_format({"format": "x", "version": 1}, "x", 1, "here")
    with pytest.raises(NewerFormatError, match="update Workprint"):
        check_format({"format": "x", "version": 2}, "x", 1, "here")
    for header in ({"format": "y", "version": 1}, {"format": "x", "version": "1"}, {"format": "x"}, [], None):
        with pytest.raises(FormatError, match="here is not a x file") as caught:
            check_format(header, "x", 1, "here")
        assert not isinstance(caught.value, NewerFormatError)
    with pytest.raises(WorkprintError, match="never was"):
        check_format({"format": "x", "version": 0}, "x", 1, "here")
