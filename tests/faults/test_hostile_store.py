"""A fingerprint store from a stranger: what is in its parts is checked as it is read, and added up."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core_samples import PHASH, SOUND, contents, image_record, rebuilt
from hostile_samples import THOROUGH
from workprint import store
from workprint.errors import FormatError
from workprint.matching.audio import AudioIndex
from workprint.model import Failure, Fingerprint, FingerprintRecord, Medium, Stage, TimeSpan
from workprint.portfolio import Portfolio, write_portfolio
from workprint.serial.audio_layout import PEAK, encode_peaks
from workprint.serial.record_files import read_rows
from workprint.serial.records import Row, from_table, to_table

RECIPES = (PHASH, SOUND)
FLIPS = 2000 if THOROUGH else 400


@pytest.fixture
def part(tmp_path: Path) -> store.Part:
    """A part with three items, one of them failed."""
    rows: list[Row] = [(image_record("a", 1), {"b": 1}), Failure("c", Stage.READ, "missing", "gone")]
    rows.append((image_record("d", 2), {}))
    made = store.Part(tmp_path / "00000000-0.parquet", 0)
    store.write_part(made, "shard", rows, RECIPES)
    return made


def all_read(part: store.Part) -> int:
    """Read a part in every way; how many rows."""
    list(store.read_part(part, RECIPES))
    columns = list(store.read_columns(part, RECIPES))
    return sum(len(one) for one in columns) + store.read_count(part)[0].seen


@pytest.mark.fault("a store with wrong bytes in 400 ways", "refused, or harmless")
def test_wrong_bytes_anywhere_are_refused_or_harmless(part: store.Part) -> None:
    """In pages and in the footer, where contradictions would end the process if Arrow were asked about them."""
    data = part.path.read_bytes()
    rng = np.random.default_rng(30)
    read = refused = 0
    for _ in range(FLIPS):
        damaged = bytearray(data)
        for _ in range(int(rng.integers(1, 4))):
            damaged[int(rng.integers(4, len(data)))] ^= int(rng.integers(1, 256))
        part.path.write_bytes(damaged)
        try:
            all_read(part)
            read += 1
        except FormatError:
            refused += 1

    assert read + refused == FLIPS
    assert refused > FLIPS // 4


def test_parts_cut_anywhere_are_refused(part: store.Part) -> None:
    """A Parquet file ends with its footer."""
    data = part.path.read_bytes()
    for size in range(0, len(data), max(1, len(data) // 60)):
        part.path.write_bytes(data[:size])
        with pytest.raises(FormatError):
            all_read(part)


def test_counts_that_do_not_add_up_fail_the_run(part: store.Part) -> None:
    """The sum is right, but another item failed, for another reason, than is said."""
    summary = json.loads(pq.read_metadata(part.path).metadata[b"workprint"])
    table = pq.read_table(part.path)
    summary["count"]["failed"] = {"truncated": 1}
    pq.write_table(table.replace_schema_metadata({"workprint": json.dumps(summary)}), part.path)
    assert store.read_count(part)[0].seen == 3

    with pytest.raises(FormatError, match="not what it counts"):
        list(store.read_columns(part, RECIPES))


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ('{"a": NaN}', "a number that is none"),
        ('{"a": [1e999]}', "a number that is none"),
        ("[" * 40 + "]" * 40, "nested too deeply"),
        ('{"a": ' * 40 + "1" + "}" * 40, "nested too deeply"),
        ("[" * 100_000, "damaged record"),
        (json.dumps({"a": "x" * 5_000_000}), "characters"),
    ],
)
def test_attributes_that_could_not_be_written_again_are_refused(attributes: str, reason: str) -> None:
    """They would end the run where its findings are written, hours later."""
    table = to_table([(image_record("a", 1), {"b": 1})], RECIPES)
    at = table.schema.get_field_index("attributes")
    changed = table.set_column(at, table.schema.field(at), pa.array([attributes], pa.string()))

    with pytest.raises(FormatError, match=reason):
        list(from_table(changed, RECIPES, "here"))


def test_more_rows_than_a_file_can_have_are_refused(tmp_path: Path) -> None:
    """A million equal records fit in a few kilobytes, and would be looked up one by one."""
    table = to_table([Failure("a", Stage.READ, "missing", "gone")], RECIPES)
    path = tmp_path / "part"
    pq.write_table(table.take(pa.array(np.zeros(1_000_000, np.int32))), path, compression="zstd")

    with pytest.raises(FormatError, match="claim to hold 1000000 records"):
        list(read_rows(path, RECIPES, "here"))


@pytest.mark.fault("a store in which a long value stands in every row", "read in bounded memory")
@pytest.mark.parametrize("column", ["attributes", "value"])
def test_a_value_that_is_said_in_every_row_is_read_in_bounded_memory(column: str, tmp_path: Path) -> None:
    """A dictionary holds it once; spelled out, a few kilobytes would be any number of gigabytes."""
    long = json.dumps({"a": "x" * 100_000})
    record = image_record("a", 1)
    prints = tuple(replace(one, value=b"x" * 100_000) for one in record.fingerprints)
    row = (record, json.loads(long)) if column == "attributes" else (replace(record, fingerprints=prints), {})
    table = to_table([row], RECIPES)
    many = 4096
    count = {"shard_id": "s", "seen": many, "fingerprinted": many, "failed": {}, "passed_over": {}}
    summary = {"count": {**count, "media": {"image": many}, "signals": {}}, "listing_digest": "00" * 32}
    part = store.Part(tmp_path / "00000000-0.parquet", 0)
    with pq.ParquetWriter(part.path, table.schema, compression="zstd", data_page_size=1 << 30) as writer:
        writer.write_table(pa.concat_tables([table.slice(0, 1)] * many).combine_chunks(), row_group_size=many)
        writer.add_key_value_metadata({"workprint": json.dumps(summary)})
    assert part.path.stat().st_size < 200_000
    before, most = pa.total_allocated_bytes(), 0

    seen = 0
    for columns in store.read_columns(part, RECIPES):
        seen += len(columns)
        most = max(most, pa.total_allocated_bytes() - before)

    assert seen == many
    assert most < 150_000_000


def test_row_groups_of_any_size_are_read(tmp_path: Path) -> None:
    """Groups end early where recordings are long, and rows are read so many at a time that they do not meet."""
    rows: list[Row] = [(image_record(f"{at}", at), {"at": at}) for at in range(1500)]
    path = tmp_path / "part"
    with pq.ParquetWriter(path, to_table([], RECIPES).schema) as writer:
        for chunk in (rows[:700], rows[700:]):
            writer.write_table(to_table(chunk, RECIPES))

    assert list(read_rows(path, RECIPES, "here")) == rows


def recording(peaks: int, step: int, start_s: float = 0.0, end_s: float = 20.0) -> FingerprintRecord:
    """A recording of made-up peaks, so many at each step of time."""
    made = np.zeros(peaks, PEAK)
    made["time"] = np.arange(peaks) // step
    made["frequency"] = 16_000
    print_ = Fingerprint(SOUND, encode_peaks(made), 1.0, TimeSpan(start_s, end_s))
    image = image_record("a", 1)
    return replace(image, medium=Medium.AUDIO, extent=(end_s,), fingerprints=(print_,))


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (recording(60_000, 60_000), "closer together"),
        (recording(100, 1, 0.0, 1e12), "longer recording"),
        (recording(100, 1, 1e12, 1e12 + 1), "longer recording"),
    ],
)
def test_recordings_that_no_one_could_compare_are_refused(record: FingerprintRecord, reason: str) -> None:
    """Too dense, or so long that its windows would be counted for days."""
    index = AudioIndex.build(SOUND, [recording(100, 1)])

    with pytest.raises(FormatError, match=reason):
        index.candidates(record)


def test_tables_with_headers_that_are_no_python_are_refused(tmp_path: Path) -> None:
    """NumPy reads the header of an array as Python, and says so in many ways where it is none."""
    write_portfolio(tmp_path / "p", contents())
    for header in (b"{'a': (", b"'''", b"(" * 900, b"{'descr': '<u4', 'fortran_order': False, 'shape': (2,), }L"):
        data = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
        portfolio = Portfolio(rebuilt(tmp_path / "p", {"tables/x.npy": data}, tables={PHASH: {"x": "tables/x.npy"}}))
        with pytest.raises(FormatError, match="is not a table"):
            portfolio.tables(PHASH)


def test_a_file_of_other_columns_is_told_from_a_damaged_one() -> None:
    """It is a table, and none of ours."""
    stream = io.BytesIO()
    pq.write_table(pa.table({"subject_id": ["a"]}), stream)

    with pytest.raises(FormatError, match="does not have the columns"):
        list(read_rows(pa.BufferReader(stream.getvalue()), RECIPES, "here"))
