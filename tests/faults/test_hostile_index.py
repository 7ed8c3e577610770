"""A portfolio index from a stranger: refused with a reason, or harmless; it never crashes and matches nothing it is not
like."""

import io
import os
import struct
import subprocess
import sys
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core_samples import contents, image_record, rebuilt
from hostile_samples import THOROUGH, harmed, npy, tables_of
from workprint import store
from workprint.errors import FormatError
from workprint.matching.constellation import Constellation
from workprint.matching.feature_index import FeatureIndex
from workprint.matching.feature_matcher import judge, prepare, propose
from workprint.matching.hamming import HammingTable
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.landmark_tables import IndexDamaged
from workprint.model import Failure, Question, Use
from workprint.portfolio import Portfolio, write_portfolio
from workprint.screen import Screener
from workprint.serial.image_layout import POINT, Features, decode
from workprint.serial.records import Row, to_table

Scanned = Any
"""`conftest.Scanned`, which a second `conftest` here hides."""
ASKED = Question(Use.AI_TRAINING, date(2026, 1, 1))
TAMPERED = 200 if THOROUGH else 24
PIECES = 100 if THOROUGH else 25


@pytest.fixture(scope="module")
def rows(scanned: Scanned) -> list[Row]:
    """All items of the bundled dataset that have fingerprints."""
    header = store.read_header(scanned.output / "store")
    parts = store.parts(scanned.output / "store")
    return [row for part in parts for row in store.read_part(part, header.recipes) if not isinstance(row, Failure)]


def screened(path: Path, scanned: Scanned, every: int = 1) -> int:
    """How many findings a portfolio makes in every so manieth part of the dataset; -1 where it is refused."""
    recipes = store.read_header(scanned.output / "store").recipes
    parts = store.parts(scanned.output / "store")[::every]
    columns = (columns for part in parts for columns in store.read_columns(part, recipes))
    try:
        return len(list(Screener([[path]], recipes, ASKED).screened(columns)))
    except FormatError:
        return -1


@pytest.mark.fault("tables of an index tampered with: shuffled, random, cut, of other types", "refused, or harmless")
def test_tables_that_were_tampered_with_are_refused_or_harmless(scanned: Scanned, tmp_path: Path) -> None:
    """Shuffled, random, extreme, cut, of other types and shapes: nothing is raised but a `FormatError`."""
    rng = np.random.default_rng(20)
    tables = [(path, entry, table) for path in scanned.portfolios for _, _, entry, table in tables_of(path)]
    outcomes = []
    for number in range(TAMPERED):
        path, entry, table = tables[number % len(tables)]
        copy = tmp_path / "p.workprint"
        copy.write_bytes(path.read_bytes())
        outcomes.append(screened(rebuilt(copy, {entry: npy(harmed(table, rng))}), scanned, every=2))

    assert -1 in outcomes
    assert max(outcomes) >= 0


@pytest.mark.skipif("WORKPRINT_BOUNDS" not in os.environ, reason="compiles every kernel anew, in minutes: make bounds")
def test_no_table_leads_out_of_bounds(scanned: Scanned, tmp_path: Path) -> None:
    """The same with kernels compiled to check every index: compiled code does not do so of itself."""
    environment = {**os.environ, "NUMBA_BOUNDSCHECK": "1", "NUMBA_CACHE_DIR": str(tmp_path)}
    test = f"{__file__}::{test_tables_that_were_tampered_with_are_refused_or_harmless.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", test]

    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stdout[-4000:]
    assert scanned.portfolios


@pytest.mark.fault("an index cut anywhere", "refused")
def test_an_index_cut_anywhere_is_refused(scanned: Scanned, tmp_path: Path) -> None:
    """At regular places through all of its tables, and within its directory."""
    data = scanned.portfolios[1].read_bytes()
    copy = tmp_path / "p.workprint"
    for size in {*(len(data) * at // PIECES for at in range(PIECES)), *range(len(data) - 60, len(data), 3)}:
        copy.write_bytes(data[:size])
        with pytest.raises(FormatError):
            Portfolio(copy)


def test_wrong_bytes_in_every_region_are_refused(scanned: Scanned, tmp_path: Path) -> None:
    """Digests cover every entry, and the directory and the manifest are checked by themselves."""
    data = scanned.portfolios[0].read_bytes()
    rng = np.random.default_rng(21)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = [info for info in archive.infolist() if info.file_size]
    for info in entries:
        damaged = bytearray(data)
        start = info.header_offset + 30 + sum(struct.unpack_from("<2H", data, info.header_offset + 26))
        damaged[start + int(rng.integers(info.file_size))] ^= int(rng.integers(1, 256))
        (tmp_path / "p").write_bytes(damaged)
        with pytest.raises(FormatError, match="is damaged"):
            Portfolio(tmp_path / "p")


def small(path: Path) -> tuple[Path, bytearray]:
    """A small portfolio, and its bytes to change."""
    write_portfolio(path, contents())
    return path, bytearray(path.read_bytes())


def refused(path: Path, data: bytes | bytearray, reason: str) -> None:
    """Assert that a file is refused, for a reason."""
    path.write_bytes(data)
    with pytest.raises(FormatError, match=reason):
        Portfolio(path)


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    """Which of the two is meant would depend on who reads it."""
    path, _ = small(tmp_path / "p")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(path, "a") as archive:
        archive.writestr("works.json", b"[]")

    refused(path, path.read_bytes(), "two entries of one name")


def test_entries_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """A small file could otherwise unfold to any size, and take any time to check."""
    path, data = small(tmp_path / "p")
    first = data.index(b"PK\x01\x02")
    second = data.index(b"PK\x01\x02", first + 4)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]

    refused(path, data, "share bytes")


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        (8, b"\x01\x00", "encrypted"),
        (8, b"\x20\x00", "another kind|patched"),
        (10, b"\x08\x00", "compressed"),
        (10, b"\x63\x00", "compressed"),
        (20, b"\x01\x00\x00\x00", "compressed"),
        (42, b"\xfe\xff\xff\xff", "does not begin|ends outside|cut short"),
    ],
)
def test_entries_that_are_not_plain_are_refused(tmp_path: Path, field: int, value: bytes, reason: str) -> None:
    """Encrypted, patched, packed, of another size than stated, or elsewhere."""
    path, data = small(tmp_path / "p")
    at = data.index(b"PK\x01\x02") + field
    data[at : at + len(value)] = value

    refused(path, data, reason)


@pytest.mark.parametrize("claimed", [10**9, 2**63])
def test_a_directory_that_claims_to_be_huge_is_refused_unread(tmp_path: Path, claimed: int) -> None:
    """In 32 bits or in 64; an object for each of 10⁹ entries would fill any memory."""
    path, data = small(tmp_path / "p")
    end = data.rindex(b"PK\x05\x06")
    if claimed < 2**32:
        data[end + 12 : end + 16] = claimed.to_bytes(4, "little")
    else:
        record = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, claimed, claimed, claimed, 0)
        data[end:end] = record + struct.pack("<4sLQL", b"PK\x06\x07", 0, end, 1)

    refused(path, data, "directory is larger")


def test_tables_of_more_works_than_there_are_are_refused(scanned: Scanned, tmp_path: Path) -> None:
    """Each index says of how many works it is; one work fewer in the list, and a match could name none."""
    path = tmp_path / "p.workprint"
    for portfolio in scanned.portfolios:
        path.write_bytes(portfolio.read_bytes())
        with zipfile.ZipFile(path) as archive:
            lines = archive.read("works.json").rstrip(b"]\n").rsplit(b",\n", 1)[0] + b"\n]\n"

        assert screened(rebuilt(path, {"works.json": lines}), scanned) == -1


def bomb(value_bytes: int, prints: int) -> bytes:
    """One record that is small in a file and large in memory: a value said again and again is held once."""
    table = to_table([(image_record("a", 1), {})], contents().recipes)
    known = table["fingerprints"].chunk(0).values[:1]
    columns = {field.name: known.field(field.name).take(pa.array([0] * prints)) for field in known.type}
    columns["value"] = pa.DictionaryArray.from_arrays(np.zeros(prints, np.int32), pa.array([b"x" * value_bytes]))
    fields = [pa.field(name, column.type, nullable=known.type.field(name).nullable) for name, column in columns.items()]
    repeated = pa.StructArray.from_arrays(list(columns.values()), fields=fields)
    at = table.schema.get_field_index("fingerprints")
    table = table.set_column(at, "fingerprints", pa.ListArray.from_arrays([0, prints], repeated))
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd", store_schema=False)
    return stream.getvalue()


def test_records_that_unfold_to_any_size_are_refused(tmp_path: Path) -> None:
    """600 MB of fingerprints from a few kilobytes is never spelled out."""
    path, _ = small(tmp_path / "p")
    data = bomb(1 << 20, 600)
    assert len(data) < 50_000

    with pytest.raises(FormatError, match=r"one of its records is \d"):
        list(Portfolio(rebuilt(path, {"records.parquet": data})).records())


def test_records_of_other_works_are_refused(tmp_path: Path) -> None:
    """One record for each work, neither more nor fewer."""
    path, _ = small(tmp_path / "p")

    with pytest.raises(FormatError, match="1 records for 2 works"):
        list(Portfolio(rebuilt(path, {"records.parquet": bomb(32, 1)})).records())


def crowded(points: int, side_px: int, rng: np.random.Generator, known: Any) -> Features:
    """A picture that is nothing but points, with looks that are common in pictures."""
    made = np.zeros(points, POINT)
    made["x"], made["y"] = rng.integers(0, side_px * 16, (2, points))
    made["level"], made["angle"], made["dark"] = (rng.integers(0, most, points) for most in (8, 256, 2))
    made["descriptor"] = known["descriptor"][rng.integers(0, len(known), points)]
    return Features(side_px, side_px, made)


@pytest.mark.parametrize("side_px", [16, 64, 300, 1024])
def test_a_picture_full_of_common_points_matches_nothing(rows: list[Row], side_px: int) -> None:
    """Points at every place, size and direction, with the looks of the items themselves: geometry is what decides."""
    items = [decode(one.value) for row in rows for one in row[0].fingerprints if one.recipe_id.startswith("image.feat")]
    rng = np.random.default_rng(22)
    known = np.concatenate([item.points for item in items])
    index = FeatureIndex.build([crowded(4096, side_px, rng, known)])

    proposed = [(item, proposal) for item in map(prepare, items[:60]) for proposal in propose(index, item)]

    assert not any(judge(index, item, proposal) for item, proposal in proposed)


def test_a_picture_of_too_many_points_is_refused(rows: list[Row]) -> None:
    """What no picture gives, no work may have."""
    known = next(decode(one.value).points for row in rows for one in row[0].fingerprints if "features" in one.recipe_id)
    made = FeatureIndex.build([crowded(5000, 300, np.random.default_rng(23), known)])

    with pytest.raises(ValueError, match="5000 points"):
        FeatureIndex.from_arrays(dict(made.arrays()))


def test_a_bucket_that_holds_all_keys_is_refused() -> None:
    """A table in which every word leads to every hash would make each look-up a pass through all, many times."""
    hashes = np.random.default_rng(24).integers(0, 2**64, (5000, 4), dtype=np.uint64)
    tables = dict(HammingTable.build(hashes, words=16).tables())
    words, buckets = tables["starts"].shape
    tables["starts"] = np.tile(np.array([0, 5000], np.uint32), (words, buckets))[:, :buckets]

    with pytest.raises(FormatError, match="where the hashes of a word begin"):
        HammingTable(tables)


def sky(rate_hz: int, duration_s: float) -> Constellation:
    """A recording with peaks at every moment and every pitch."""
    rng = np.random.default_rng(25)
    count = int(rate_hz * duration_s)
    times, octaves = np.sort(rng.uniform(0, duration_s, count)), rng.uniform(0.5, 5.2, count).astype(np.float32)
    return Constellation(times, octaves, duration_s, rng.uniform(0, 1, count).astype(np.float32))


def test_a_recording_of_more_peaks_than_sound_can_have_is_refused() -> None:
    """It would take part in every vote, and cost each item the time to look through it."""
    with pytest.raises(IndexDamaged, match="match everything"):
        LandmarkIndex.build([sky(8000, 3.0)])


def test_times_that_lead_nowhere_are_refused() -> None:
    """Works that overlap, peaks outside of all works, pitches that there are not."""
    good = LandmarkIndex.build([sky(100, 20.0), sky(100, 10.0)]).tables
    changes = {
        "work_durations_s": np.array([-1.0, 10.0]),
        "work_starts_s": np.array([60.0, 61.0]),
        "peak_times_s": good["peak_times_s"] + 1e9,
        "peak_octaves": good["peak_octaves"] * np.float32(1e30),
        "peak_ranks": good["peak_ranks"] - np.float32(2),
    }
    for name, table in changes.items():
        with pytest.raises(IndexDamaged):
            LandmarkIndex({**good, name: table})
