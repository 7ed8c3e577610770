"""Parquet and Arrow tables: which columns are media, what the others become, and damage."""

import datetime
import io
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workprint.datasets.arrow import ArrowReader
from workprint.datasets.parquet import ParquetReader
from workprint.errors import DatasetError
from workprint.model import Failure, Limits
from workprint.protocols import DatasetReader, Read
from workprint.testing import address_of, items_in, items_of, small_picture, small_sound

PICTURE = small_picture(5)


def parquet(tmp_path: Path, table: pa.Table, **options: Any) -> str:
    """That table as `t.parquet`."""
    pq.write_table(table, tmp_path / "t.parquet", **options)
    return str(tmp_path / "t.parquet")


def arrow(tmp_path: Path, table: pa.Table) -> str:
    """That table as an IPC stream."""
    with pa.ipc.new_stream(str(tmp_path / "t.arrow"), table.schema) as writer:
        writer.write_table(table)
    return str(tmp_path / "t.arrow")


def reads_of(reader: DatasetReader, uri: str) -> list[Read]:
    """Everything a reader yields."""
    return [read for shard in reader.shards(uri) for read in reader.read(shard)]


def summary(reads: list[Read]) -> list[tuple[str, str]]:
    """Address and outcome of each read."""
    return [(address_of(read), read.code if isinstance(read, Failure) else "item") for read in reads]


def test_structs_and_binary_columns_are_media(tmp_path: Path) -> None:
    """Both shapes are read from one row, other columns are attributes, and empty cells are failures."""
    table = pa.table(
        {
            "image": [{"bytes": PICTURE, "path": "p/a.png"}, {"bytes": None, "path": "p/b.png"}, None],
            "sound": pa.array([small_sound(1), None, small_sound(2)], pa.large_binary()),
            "caption": ["a", "b", None],
        }
    )
    reads = reads_of(ParquetReader(), parquet(tmp_path, table))

    assert summary(reads) == [
        ("t.parquet#row=0,column=image", "item"),
        ("t.parquet#row=0,column=sound", "item"),
        ("t.parquet#row=1,column=image", "missing"),
        ("t.parquet#row=1,column=sound", "missing"),
        ("t.parquet#row=2,column=image", "missing"),
        ("t.parquet#row=2,column=sound", "item"),
    ]
    assert [item.attributes for item, _ in items_in(reads)] == [
        {"path": "p/a.png", "caption": "a"},
        {"caption": "a"},
        {"caption": None},
    ]


def test_cells_may_be_lists(tmp_path: Path) -> None:
    """Lists of structs and lists of bytes give one item per entry, with its index; an empty list gives none."""
    structs = pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    table = pa.table(
        {
            "views": pa.array([[{"bytes": PICTURE, "path": None}, {"bytes": None, "path": "x"}], [], None], structs),
            "raw": [[PICTURE, PICTURE], [], []],
        }
    )

    assert summary(reads_of(ParquetReader(), parquet(tmp_path, table))) == [
        ("t.parquet#row=0,column=views,index=0", "item"),
        ("t.parquet#row=0,column=views,index=1", "missing"),
        ("t.parquet#row=0,column=raw,index=0", "item"),
        ("t.parquet#row=0,column=raw,index=1", "item"),
        ("t.parquet#row=2,column=views", "missing"),
    ]


@pytest.mark.parametrize(("write", "reader"), [(parquet, ParquetReader), (arrow, ArrowReader)])
def test_binary_columns_without_media_are_left_out(write: Any, reader: Any, tmp_path: Path) -> None:
    """Of several binary columns, those whose first cells begin as media do are read."""
    table = pa.table({"embedding": [b"\0" * 32] * 3, "photo": [b"broken", PICTURE, b""], "id": [1, 2, 3]})

    reads = reads_of(reader(), write(tmp_path, table))

    assert [address_of(read).partition("#")[2] for read in reads] == [f"row={row},column=photo" for row in range(3)]


@pytest.mark.parametrize(("write", "reader"), [(parquet, ParquetReader), (arrow, ArrowReader)])
def test_tables_without_media_name_their_columns(write: Any, reader: Any, tmp_path: Path) -> None:
    """The sentence says which columns there are, and which of them were looked into."""
    with pytest.raises(DatasetError, match=r"no column of .* holds media; columns: url, n"):
        reads_of(reader(), write(tmp_path, pa.table({"url": ["x"], "n": [1]})))
    with pytest.raises(DatasetError, match="vector is binary, but does not begin as media do; columns: vector, n"):
        reads_of(reader(), write(tmp_path, pa.table({"vector": [b"12345678"], "n": [1]})))


def test_columns_can_be_named(tmp_path: Path) -> None:
    """What the reader would not find by itself can be asked for."""
    uri = parquet(tmp_path, pa.table({"odd": [b"odd media"], "photo": [PICTURE]}))

    assert [data for _, data in items_of(ParquetReader(columns=["odd"]), uri)] == [b"odd media"]


def test_rows_count_through_the_file(tmp_path: Path) -> None:
    """Small row groups are read together, and rows are not counted from the start of a group."""
    table = pa.table({"image": [PICTURE] * 700})
    uri = parquet(tmp_path, table, row_group_size=100)
    shards = list(ParquetReader().shards(uri))

    assert [shard.shard_id for shard in shards] == [
        "t.parquet#rows=0-299",
        "t.parquet#rows=300-599",
        "t.parquet#rows=600-699",
    ]
    assert address_of(next(iter(ParquetReader().read(shards[1])))) == "t.parquet#row=300,column=image"


def test_attributes_are_bounded_json_values(tmp_path: Path) -> None:
    """Dates, decimals, NaN, nested and long values become JSON of bounded size; bytes are left out."""
    when = datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=datetime.UTC)
    table = pa.table(
        {
            "image": [PICTURE],
            "when": [when],
            "exact": pa.array([1_700_000_000_123_456_789], pa.timestamp("ns")),
            "day": [when.date()],
            "price": [Decimal("1.50")],
            "score": [float("nan")],
            "tags": [["a", "b"]],
            "nested": [{"a": {"b": [1, None]}}],
            "long": ["x" * 5000],
            "hash": pa.array([b"12345678"], pa.binary(8)),
            "secret": [{"inner": b"bytes"}],
        }
        | {f"column{number}": [number] for number in range(80)}
    )
    ((item, _),) = items_of(ParquetReader(), parquet(tmp_path, table))

    assert len(item.attributes) == 64
    assert {key: item.attributes[key] for key in ("day", "price", "score", "tags", "nested", "column0")} == {
        "day": "2024-05-06",
        "price": "1.50",
        "score": None,
        "tags": ["a", "b"],
        "nested": {"a": {"b": [1, None]}},
        "column0": 0,
    }
    assert item.attributes["exact"] == "2023-11-14 22:13:20.123456789"
    assert item.attributes["when"].startswith("2024-05-06 07:08:09.123456")
    assert item.attributes["long"] == "x" * 4095 + "…"
    assert not {"hash", "secret", "image"} & set(item.attributes)


def test_text_that_is_no_utf8_is_replaced(tmp_path: Path) -> None:
    """A damaged caption does not cost the picture."""
    caption = pa.array([b"caf\xe9"], pa.binary()).view(pa.string())
    ((item, _),) = items_of(ParquetReader(), parquet(tmp_path, pa.table({"image": [PICTURE], "caption": caption})))

    assert item.attributes == {"caption": "caf\ufffd"}


def test_large_cells_are_failures(tmp_path: Path) -> None:
    """A cell above the limit is refused, the others are read."""
    uri = parquet(tmp_path, pa.table({"image": [PICTURE, PICTURE * 10]}))

    assert [code for _, code in summary(reads_of(ParquetReader(Limits(max_item_bytes=len(PICTURE))), uri))] == [
        "item",
        "too_large",
    ]


def test_names_of_columns_are_encoded(tmp_path: Path) -> None:
    """A name that looks like a part of an address cannot be taken for one."""
    uri = parquet(tmp_path, pa.table({"a,index=1#\n": [PICTURE]}))

    assert [item.item_id for item, _ in items_of(ParquetReader(), uri)] == [
        "t.parquet#row=0,column=a%2Cindex%3D1%23%0A"
    ]


def test_tables_without_rows_say_so(tmp_path: Path) -> None:
    """There is nothing to scan, and that is an error."""
    with pytest.raises(DatasetError, match="without rows"):
        reads_of(ParquetReader(), parquet(tmp_path, pa.table({"image": pa.array([], pa.binary())})))


def test_a_damaged_page_is_a_failure(tmp_path: Path) -> None:
    """Rows before the damage are read; the failure says which are not."""
    uri = parquet(tmp_path, pa.table({"image": [small_picture(n, 20) for n in range(600)]}), row_group_size=300)
    data = bytearray(Path(uri).read_bytes())
    start = pq.ParquetFile(uri).metadata.row_group(1).column(0).data_page_offset
    data[start : start + 40] = b"\xff" * 40
    Path(uri).write_bytes(data)

    reads = reads_of(ParquetReader(), uri)

    assert len(items_in(reads)) == 300
    assert isinstance(reads[-1], Failure)
    assert (reads[-1].subject_id, reads[-1].code) == ("t.parquet#rows=300-599", "undecodable")
    assert "rows 300 to 599 are not read" in reads[-1].detail


def test_a_cut_stream_gives_the_batches_before(tmp_path: Path) -> None:
    """What was read before the cut stands; then the shard fails."""
    table = pa.table({"image": [small_picture(number) for number in range(40)]})
    with pa.ipc.new_stream(str(tmp_path / "t.arrow"), table.schema) as writer:
        writer.write_table(table, max_chunksize=10)
    path = tmp_path / "t.arrow"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])

    reads = reads_of(ArrowReader(), str(path))

    assert len(items_in(reads)) == 20
    assert summary(reads)[-1] == ("t.arrow", "truncated")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), kind=st.sampled_from([(parquet, ParquetReader), (arrow, ArrowReader)]))
def test_no_damage_to_a_table_raises(data: st.DataObject, kind: Any, tmp_path: Path) -> None:
    """Bytes changed anywhere, or the end cut off: items and failures, or a sentence about the whole."""
    write, reader = kind
    path = Path(write(tmp_path, pa.table({"image": [PICTURE, None, PICTURE], "text": ["a", "b", "c"]})))
    whole = bytearray(path.read_bytes())
    for position in data.draw(st.lists(st.integers(8, len(whole) - 1), max_size=5)):
        whole[position] = data.draw(st.integers(0, 255))
    path.write_bytes(whole[: data.draw(st.integers(12, len(whole)))])

    try:
        reads = reads_of(reader(), str(path))
    except DatasetError:
        return
    assert all(address_of(read).startswith(path.name) for read in reads)


def test_large_row_groups_are_read_in_small_pieces(tmp_path: Path) -> None:
    """A row group of 64 MB passes through in a fraction of that, where its pages are small."""
    cells = [bytes([number]) * (1 << 20) for number in range(64)]
    uri = parquet(tmp_path, pa.table({"image": [PICTURE, *cells]}), use_dictionary=False, write_batch_size=4)
    pool = pa.default_memory_pool()
    before_bytes, peak_bytes = pool.bytes_allocated(), 0

    for shard in ParquetReader().shards(uri):
        for _ in ParquetReader().read(shard):
            peak_bytes = max(peak_bytes, pool.bytes_allocated() - before_bytes)

    assert peak_bytes < 40 << 20


def test_bytes_that_repeat_do_not_multiply(tmp_path: Path) -> None:
    """A dictionary of one large cell and many rows costs a few copies at a time."""
    buffer = io.BytesIO()
    pq.write_table(pa.table({"image": [PICTURE + bytes(1 << 20)] * 300}), buffer)
    (tmp_path / "t.parquet").write_bytes(buffer.getvalue())
    assert len(buffer.getvalue()) < 3 << 20

    reads = ParquetReader().read(next(ParquetReader().shards(str(tmp_path / "t.parquet"))))
    pool = pa.default_memory_pool()
    peak_bytes = max(pool.bytes_allocated() for _ in reads)

    assert peak_bytes < 60 << 20


def packed_table(caption: str, rows: int = 1) -> bytes:
    """A Parquet file that says one thing of many rows, and holds no media."""
    stream = io.BytesIO()
    table = pa.table({"n": range(rows), "caption": pa.array([caption] * rows)})
    pq.write_table(table, stream, compression="zstd", write_statistics=False, store_schema=False)
    return stream.getvalue()


def lying(data: bytes) -> bytes:
    """The same file with smaller sizes in its footer; numbers there are of variable length, and keep it."""
    group = pq.read_metadata(io.BytesIO(data)).row_group(0)
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[start:]
    for claimed in (group.total_byte_size, group.column(1).total_uncompressed_size):
        sevens = [2 * claimed >> shift & 127 for shift in range(0, 35, 7) if 2 * claimed >> shift]
        true = bytes([*(seven | 128 for seven in sevens[:-1]), sevens[-1]])
        assert footer.count(true) == 1
        footer = footer.replace(true, bytes([200, *[128] * (len(true) - 2), 0]))
    return data[:start] + footer


def test_a_table_that_unfolds_to_what_no_media_are_is_refused(tmp_path: Path) -> None:
    """By what it says itself, before a page of it is read."""
    (tmp_path / "a.parquet").write_bytes(packed_table("x" * (80 << 20)))

    assert summary(reads_of(ParquetReader(), str(tmp_path / "a.parquet"))) == [("a.parquet", "too_large")]


def test_a_table_that_lies_about_its_pages_is_bounded_by_memory(tmp_path: Path) -> None:
    """What it says of itself is not believed; listing it goes on, in a process that must not die."""
    (tmp_path / "a.parquet").write_bytes(lying(packed_table("http://x" * (10 << 20))))
    code = (
        "import sys; from workprint.datasets import memory; from workprint.datasets.parquet import ParquetReader\n"
        "memory.MAX_LOOK_BYTES = 60_000_000\n"
        "reader = ParquetReader()\n"
        "for shard in reader.shards_at(sys.argv[1], 'a'): print(shard.extent, list(reader.read(shard)))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.parquet")]

    said = subprocess.run(command, capture_output=True, text=True, check=False)

    assert said.stdout.startswith("None [Failure("), said.stderr
    assert "out_of_memory" in said.stdout
