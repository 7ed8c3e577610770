"""Results on disk, and the identity of a finding."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from workprint.errors import FormatError, UsageError
from workprint.findings import (
    FAILURES,
    FINDINGS,
    RUN,
    Results,
    finding_id,
    read_failures,
    read_results,
    write_results,
)
from workprint.model import (
    WHOLE,
    Depth,
    Evidence,
    Failure,
    Finding,
    ImageTransform,
    Level,
    Limits,
    Medium,
    Outcome,
    Relation,
    RunManifest,
    Stage,
    Use,
    Verdict,
    Work,
)

WORK = Work("posters/a.png", "a", "Nell Drawn", "", None, Medium.IMAGE)
MANIFEST = RunManifest(
    "1.0", "data", "0" * 64, "folder", Depth.FAST, (), {}, Limits(), (), Use.AI_TRAINING, date(2026, 1, 2), (), {}, 0.0
)
FINDING = Finding(
    "0123456789abcdef", "a.png", "posters/a.png", "Nell Drawn", "", Medium.IMAGE, Relation.NEAR_DUPLICATE, 1.0, WHOLE,
    WHOLE, ImageTransform(), (Evidence("r", "distance_bits", 3.0, 32.0),),
    Verdict(Outcome.UNKNOWN, Use.AI_TRAINING, None, "no permission on record"), Level.WARNING, {"url": "u\udc80"},
    "00" * 32, "11" * 32,
)  # fmt: skip
FAILED = (Failure("b.png", Stage.DECODE, "empty", "no bytes"), Failure("c\udc80", Stage.READ, "missing", "\n"))


def test_results_come_back(tmp_path: Path) -> None:
    """Manifest, findings and failures are read as they were written, half surrogates included."""
    results = Results(replace(MANIFEST, dataset="d\udcff"), (FINDING,))

    write_results(tmp_path / "out", results, FAILED)

    assert read_results(tmp_path / "out") == results
    assert tuple(read_failures(tmp_path / "out")) == FAILED
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [FAILURES, FINDINGS, RUN]


def test_the_files_are_utf8_lines(tmp_path: Path) -> None:
    """One line per finding and failure, whatever line breaks are in it."""
    write_results(tmp_path, Results(MANIFEST, (FINDING, FINDING)), FAILED)

    assert (tmp_path / FINDINGS).read_bytes().decode("utf-8").count("\n") == 2
    assert (tmp_path / FAILURES).read_bytes().decode("utf-8").count("\n") == 2


def test_nothing_found_is_an_empty_file(tmp_path: Path) -> None:
    """No findings is a result, too."""
    write_results(tmp_path, Results(MANIFEST, ()), ())

    assert (tmp_path / FINDINGS).read_bytes() == b""
    assert read_results(tmp_path).findings == ()


def test_an_interrupted_write_is_no_result(tmp_path: Path) -> None:
    """Where writing ends in an error, no `run.json` of an earlier run vouches for what is there."""
    write_results(tmp_path, Results(MANIFEST, ()), ())

    def broken() -> Any:
        yield FAILED[0]
        raise ZeroDivisionError("the disk")

    with pytest.raises(ZeroDivisionError):
        write_results(tmp_path, Results(MANIFEST, (FINDING,)), broken())

    with pytest.raises(UsageError, match=r"there is no run\.json"):
        read_results(tmp_path)
    assert not list(tmp_path.glob("*.tmp"))


@pytest.mark.parametrize("name", [FINDINGS, RUN])
@pytest.mark.parametrize("data", [b"{", b"\xff\xfe", b"[]\n", b"5\n", b"[" * 10**5, b'{"format": "workprint-run"}'])
def test_damaged_results_are_refused(tmp_path: Path, name: str, data: bytes) -> None:
    """Whatever is in the files, the answer is a `FormatError`."""
    write_results(tmp_path, Results(MANIFEST, (FINDING,)), ())
    (tmp_path / name).write_bytes(data)

    with pytest.raises(FormatError):
        read_results(tmp_path)


@pytest.mark.parametrize("data", [b"{", b"\xff\xfe", b"[]\n", b'{"item": "a"}', b'{"stage": []}'])
def test_damaged_failures_are_refused(tmp_path: Path, data: bytes) -> None:
    """The same for the list of failures."""
    (tmp_path / FAILURES).write_bytes(data)

    with pytest.raises(FormatError):
        list(read_failures(tmp_path))


@pytest.mark.parametrize("read", [read_results, lambda folder: list(read_failures(folder))])
def test_no_results_are_told(tmp_path: Path, read: Any) -> None:
    """A folder without results is a usage error that names what is missing."""
    with pytest.raises(UsageError, match="there is no"):
        read(tmp_path)


def test_results_without_findings_are_unfinished(tmp_path: Path) -> None:
    """A results folder from which the findings were taken is not one with nothing found."""
    write_results(tmp_path, Results(MANIFEST, ()), ())
    (tmp_path / FINDINGS).unlink()

    with pytest.raises(UsageError, match=r"there is no findings\.jsonl"):
        read_results(tmp_path)


def test_an_id_is_of_item_work_use_and_place() -> None:
    """Sixteen digits that change with each of these."""
    ids = {
        finding_id("a", WORK, Use.AI_TRAINING, 0),
        finding_id("b", WORK, Use.AI_TRAINING, 0),
        finding_id("a", replace(WORK, work_id="b"), Use.AI_TRAINING, 0),
        finding_id("a", replace(WORK, creator="b"), Use.AI_TRAINING, 0),
        finding_id("a", WORK, Use.DATA_MINING, 0),
        finding_id("a", WORK, Use.AI_TRAINING, 1),
    }

    assert len(ids) == 6
    assert {len(one) for one in ids} == {16}
    assert all(set(one) <= set("0123456789abcdef") for one in ids)


def test_an_id_stays_when_words_about_the_work_change() -> None:
    """Title, contact and terms are not part of an identity, so that decisions stay with their finding."""
    other = replace(WORK, title="b", contact="c", terms_id="d")

    assert finding_id("a", WORK, Use.AI_TRAINING, 0) == finding_id("a", other, Use.AI_TRAINING, 0)


def test_an_id_is_the_same_in_every_release() -> None:
    """Decisions are kept by id, so it may never change."""
    assert finding_id("shards/a.tar!1.jpg", WORK, Use.AI_TRAINING, 0) == "fd771cda5463ac9f"
