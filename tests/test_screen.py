"""The second half: records to findings, and portfolios that cannot be trusted."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from core_samples import PHASH, contents, image_record, pixels, rebuilt
from workprint.consent.terms import terms_to_json
from workprint.errors import FormatError, RecipeMismatch, UsageError
from workprint.fingerprints.image_hash import perceptual_hash
from workprint.model import Failure, Level, Medium, Outcome, Permission, Question, Relation, Signal, Stage, Terms, Use
from workprint.portfolio import write_portfolio
from workprint.screen import Screener
from workprint.serial.columns import RecordColumns
from workprint.serial.records import to_table

ASKED = Question(Use.AI_TRAINING, date(2026, 1, 1))
TERMS_ID = "2ac1a3fb3f7db0e1"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small portfolio."""
    write_portfolio(tmp_path / "a.workprint", contents())
    return tmp_path / "a.workprint"


def test_an_equal_file_is_identical(path: Path) -> None:
    """Same digest: one finding, with everything a reader needs to know."""
    record = image_record("loose/copy.png", 1)

    (finding,) = Screener([[path]], [PHASH], ASKED).findings(record, {"url": "u"})

    assert (finding.item, finding.work, finding.creator) == ("loose/copy.png", "work-1.png", "Nell Drawn")
    assert (finding.relation, finding.confidence) == (Relation.IDENTICAL, 1.0)
    assert (finding.verdict.outcome, finding.level) == (Outcome.UNKNOWN, Level.WARNING)
    assert (finding.attributes, finding.digest, finding.contact) == ({"url": "u"}, record.digest, "nell@example.org")


def test_an_edited_copy_is_a_near_duplicate(path: Path) -> None:
    """Other bytes, nearly the same hash: found by distance, with what was measured."""
    edited = np.clip(pixels(1).astype(int) + 12, 0, 255).astype(np.uint8)
    value, _ = perceptual_hash(edited)
    record = image_record("a", 1)
    record = replace(
        record, digest="00" * 32, content_digest="00" * 32, fingerprints=(replace(record.fingerprints[0], value=value),)
    )

    (finding,) = Screener([[path]], [PHASH], ASKED).findings(record, {})

    assert (finding.work, finding.relation) == ("work-1.png", Relation.NEAR_DUPLICATE)
    (evidence,) = finding.evidence
    assert (evidence.recipe_id, evidence.measure) == (PHASH, "distance_bits")
    assert evidence.value <= evidence.threshold


def test_another_picture_is_not_found(path: Path) -> None:
    """A picture that no work is in gives nothing."""
    assert list(Screener([[path]], [PHASH], ASKED).findings(image_record("a", 99), {})) == []


def test_failures_in_the_stream_are_passed_over(path: Path) -> None:
    """Only what was fingerprinted is compared, in order."""
    failed = Failure("b", Stage.DECODE, "empty", "")
    rows = [(image_record("c", 1), {}), failed, (image_record("a", 0), {})]

    columns = RecordColumns(to_table(rows, [PHASH]).to_batches()[0], [PHASH], "here")

    assert [finding.item for finding in Screener([[path]], [PHASH], ASKED).screened([columns])] == ["c", "a"]


def test_columns_give_what_records_give(path: Path) -> None:
    """Nothing that an index would have found is passed over: by bytes, by content, by hash."""
    screener = Screener([[path, path]], [PHASH], ASKED)
    value = image_record("a", 1).fingerprints[0].value
    records = [image_record(f"same-{seed}", seed) for seed in range(4)]
    for bits in range(0, 40, 2):
        turned = bytes(byte ^ (0xFF if 8 * at < bits else 0) for at, byte in enumerate(value))
        print_ = replace(records[1].fingerprints[0], value=turned)
        records.append(replace(image_record(f"near-{bits}", 50 + bits), fingerprints=(print_,)))
    records.append(replace(image_record("content", 60), content_digest=records[0].content_digest))
    columns = RecordColumns(to_table([(one, {}) for one in records], [PHASH]).to_batches()[0], [PHASH], "here")

    found = list(screener.screened([columns]))

    assert found == [finding for record in records for finding in screener.findings(record, {})]
    assert {"same-0", "same-1", "near-8", "content"} <= {finding.item for finding in found}


def test_two_portfolios_are_asked_both(path: Path, tmp_path: Path) -> None:
    """One item may hold works of two creators; each finding names its own index."""
    given = contents()
    other = tmp_path / "b.workprint"
    write_portfolio(other, replace(given, works=tuple(replace(work, creator="Someone Else") for work in given.works)))

    screener = Screener([[path, other]], [PHASH], ASKED)
    found = list(screener.findings(image_record("a", 1), {}))

    assert [finding.creator for finding in found] == ["Nell Drawn", "Someone Else"]
    assert len({finding.finding_id for finding in found}) == 2
    assert tuple(finding.portfolio for finding in found) == screener.digests
    assert [summary.creators for summary in screener.summaries] == [("Nell Drawn",), ("Someone Else",)]
    assert len(screener.works) == 4


def test_a_recording_is_no_picture(tmp_path: Path) -> None:
    """A work of another medium is not matched, whatever its digest says."""
    given = contents()
    write_portfolio(
        tmp_path / "b", replace(given, works=tuple(replace(one, medium=Medium.AUDIO) for one in given.works))
    )

    assert list(Screener([[tmp_path / "b"]], [PHASH], ASKED).findings(image_record("a", 1), {})) == []


def terms() -> dict[str, object]:
    """Terms that forbid training, as a portfolio holds them, without their id."""
    return terms_to_json(Terms("", {Use.AI_TRAINING: Permission.NOT_ALLOWED}))


@pytest.mark.parametrize(
    "lines", [[{**terms(), "terms_id": "00"}], [{"terms_id": "00", "uses": {"ai_training": ["allowed"]}}]]
)
def test_terms_that_were_changed_are_refused(path: Path, lines: list[object]) -> None:
    """Terms whose id is not that of their content never reach a verdict."""
    with pytest.raises(FormatError):
        Screener([[rebuilt(path, {"terms.json": json.dumps(lines).encode()})]], [PHASH], ASKED)


def test_a_work_whose_terms_are_not_there_is_unknown(tmp_path: Path) -> None:
    """A reference to terms that cannot be found permits nothing."""
    given = contents()
    write_portfolio(tmp_path / "b", replace(given, works=tuple(replace(one, terms_id="x") for one in given.works)))

    (finding,) = Screener([[tmp_path / "b"]], [PHASH], ASKED).findings(image_record("a", 1), {})

    assert finding.verdict.outcome is Outcome.UNKNOWN


def test_a_portfolio_of_another_recipe_is_refused(path: Path) -> None:
    """Fingerprints made in different ways are never compared; the message says what to do."""
    with pytest.raises(RecipeMismatch, match="workprint index"):
        Screener([[path]], ["image.phash/1;bits=256,decode_px=99"], ASKED)


def test_a_recipe_without_an_index_is_carried_only(path: Path) -> None:
    """Signatures for publishing are not looked up, so that a portfolio needs no table of them."""
    assert len(list(Screener([[path]], [PHASH, "audio.minhash/1;"], ASKED).findings(image_record("a", 1), {}))) == 1


def test_a_missing_portfolio_is_told(tmp_path: Path) -> None:
    """A wrong path is a usage error."""
    with pytest.raises(UsageError, match="does not exist"):
        Screener([[tmp_path / "missing"]], [PHASH], ASKED)


def test_chance_grows_with_the_dataset_of_that_medium(path: Path) -> None:
    """Expected false matches are proportional to the pictures in the dataset, and do not count recordings."""
    screener = Screener([[path]], [PHASH], ASKED)

    one, many = (screener.expected_false_matches({Medium.IMAGE: items}) for items in (1_000, 1_000_000))

    assert 0.0 < one < many
    assert many == pytest.approx(1_000 * one)
    assert screener.expected_false_matches({Medium.AUDIO: 1_000_000}) == 0.0


def table_entry(path: Path, recipe: str, name: str) -> str:
    """The name of a table in the archive."""
    with zipfile.ZipFile(path) as archive:
        return str(json.loads(archive.read("manifest.json"))["tables"][recipe][name])


@pytest.mark.parametrize(
    "works",
    [
        np.full(32, 2, dtype=np.uint32),
        np.full(32, 2**32 - 1, dtype=np.uint32),
        np.full(32, -1, dtype=np.int64),
        np.full(32, np.nan),
        np.full(32, "a"),
        np.zeros(32, dtype=[("a", "<u4")]),
        np.zeros(32, dtype="<M8[s]"),
    ],
    ids=["one more", "many more", "below zero", "no number", "text", "fields", "dates"],
)
def test_a_table_that_names_a_work_that_is_not_there_is_refused(path: Path, works: np.ndarray) -> None:  # type: ignore[type-arg]
    """Positions of works are checked before anything is looked up by them."""
    stream = io.BytesIO()
    np.save(stream, works)

    with pytest.raises(FormatError):
        Screener([[rebuilt(path, {table_entry(path, PHASH, "works"): stream.getvalue()})]], [PHASH], ASKED)


DENIES = Signal("xmp", "plus:DataMining", "DMI-PROHIBITED", {ASKED.use: Permission.NOT_ALLOWED}, holder="Someone Else")


def test_an_item_that_reserves_itself_is_found_without_any_portfolio() -> None:
    """It is about no work, and says who claims what."""
    (finding,) = Screener([], [PHASH], ASKED).findings(replace(image_record("a", 9), signals=(DENIES,)), {})

    assert (finding.relation, finding.level, finding.work) == (Relation.RESERVED, Level.ERROR, "")
    assert (finding.creator, finding.signals) == ("Someone Else", (DENIES,))
    assert not list(Screener([], [PHASH], ASKED).findings(image_record("a", 9), {}))


def test_an_item_that_is_a_work_is_one_finding_with_its_signals(path: Path) -> None:
    """The work's terms speak for it; its own refusal is a further ground."""
    record = replace(image_record("copy.png", 1), signals=(DENIES,))

    (finding,) = Screener([[path]], [PHASH], ASKED).findings(record, {"license": "CC0"})

    assert (finding.relation, finding.verdict.outcome) == (Relation.IDENTICAL, Outcome.PROHIBITED)
    assert (finding.signals, finding.level) == ((DENIES,), Level.ERROR)
    assert "declares “CC0”" in finding.notes[0]


def test_a_copy_without_the_originals_reservation_is_said(tmp_path: Path) -> None:
    """The portfolio remembers what the creator's file carried."""
    made = contents()
    records = (made.records[0], replace(made.records[1], signals=(DENIES,)))
    write_portfolio(tmp_path / "b.workprint", replace(made, records=records))

    (finding,) = Screener([[tmp_path / "b.workprint"]], [PHASH], ASKED).findings(image_record("copy.png", 1), {})

    assert finding.verdict.outcome is Outcome.PROHIBITED
    assert "Rights metadata are gone" in finding.notes[0]
