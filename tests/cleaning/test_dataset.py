"""Copies of datasets without some items: everything else stays as it was."""

import base64
import gzip
import io
import json
import random
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core_samples import picture, write_tar
from workprint.cleaning.dataset import write_clean
from workprint.errors import WorkprintError
from workprint.testing import small_picture

FILES = {
    "000.png": b"zero", "000.json": b"{}", "001.png": b"one", "001.txt": b"cap", "001.cls": b"1",
    "002.png": b"two", "002.wav": b"sound", "002.txt": b"both", "sub/001.png": b"other",
}  # fmt: skip
KEPT = {name for name in FILES if name not in ("001.png", "001.txt", "001.cls", "002.png")}
UNWANTED = ("001.png", "002.png")


def in_tar(path: Path) -> dict[str, bytes]:
    """What a tar archive holds."""
    with tarfile.open(path) as archive:
        return {one.name: archive.extractfile(one).read() for one in archive if one.isfile()}  # type: ignore[union-attr]


def kept() -> dict[str, bytes]:
    """What should be left; a caption stays where another medium of its name does."""
    return {name: FILES[name] for name in KEPT}


@pytest.mark.parametrize("packing", ["", "gzip"])
def test_a_tar_loses_items_and_what_only_speaks_of_them(tmp_path: Path, packing: str) -> None:
    """Long names and headers of what stays are copied byte for byte."""
    long_name = "x" * 150 + ".png"
    source = write_tar(tmp_path / "a.tar", {**FILES, long_name: b"long"})
    plain = source.read_bytes()
    if packing:
        source.write_bytes(gzip.compress(plain))

    write_clean(source, tmp_path / "b.tar", [f"a.tar!{name}" for name in UNWANTED])

    assert in_tar(tmp_path / "b.tar") == {**kept(), long_name: b"long"}
    cleaned = (tmp_path / "b.tar").read_bytes()
    cleaned = gzip.decompress(cleaned) if packing else cleaned
    start = plain.index(b"sub/001.png")
    assert cleaned.endswith(plain[start:])


def test_a_zip_loses_items_and_what_only_speaks_of_them(tmp_path: Path) -> None:
    """Dates, modes, remarks and the way of packing stay."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = b"hello"
        archive.mkdir("sub")
        for name, data in FILES.items():
            archive.writestr(zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)), data, zipfile.ZIP_DEFLATED)

    write_clean(tmp_path / "a.zip", tmp_path / "b.zip", [f"a.zip!{name}" for name in UNWANTED])

    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert archive.testzip() is None
        assert {one.filename: archive.read(one) for one in archive.infolist() if not one.is_dir()} == kept()
        assert "sub/" in archive.namelist()
        assert archive.comment == b"hello"
        assert {one.date_time for one in archive.infolist() if not one.is_dir()} == {(2020, 1, 2, 3, 4, 6)}
        assert {one.compress_type for one in archive.infolist() if not one.is_dir()} == {zipfile.ZIP_DEFLATED}


def test_members_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """The second of them is the one that goes."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for data in (b"first", b"second", b"third"):
            member = tarfile.TarInfo("a.png")
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

    write_clean(tmp_path / "a.tar", tmp_path / "b.tar", ["a.tar!a.png;2"])

    with tarfile.open(tmp_path / "b.tar") as archive:
        assert [archive.extractfile(one).read() for one in archive] == [b"first", b"third"]  # type: ignore[union-attr]


def test_a_folder_loses_files_members_and_rows(tmp_path: Path) -> None:
    """Archives and tables in it are cleaned where they are; the source stays whole."""
    source = tmp_path / "data"
    (source / "sub").mkdir(parents=True)
    for name, data in FILES.items():
        (source / name).write_bytes(data)
    write_tar(source / "sub" / "b%.tar", FILES)
    pq.write_table(pa.table({"image": [picture(1), picture(2)], "n": [1, 2]}), source / "t.parquet")
    before = {path: path.read_bytes() for path in source.rglob("*") if path.is_file()}
    unwanted = [*UNWANTED, *(f"sub/b%25.tar!{name}" for name in UNWANTED), "t.parquet#row=0,column=image"]

    write_clean(source, tmp_path / "clean", unwanted)

    left = {
        path.relative_to(tmp_path / "clean").as_posix() for path in (tmp_path / "clean").rglob("*") if path.is_file()
    }
    assert left == {*KEPT, "sub/b%.tar", "t.parquet"}
    assert in_tar(tmp_path / "clean" / "sub" / "b%.tar") == kept()
    assert pq.read_table(tmp_path / "clean" / "t.parquet").column("n").to_pylist() == [2]
    assert {path: path.read_bytes() for path in source.rglob("*") if path.is_file()} == before


PAIR = b'{"file_name": "a.png", "left_file_name": "b.png"}\n'
ANNOTATED = {
    "metadata.csv": (b'file_name,text\na.png,one\nb.png,"t\nwo"\n', b'file_name,text\nb.png,"t\nwo"\n'),
    "metadata.tsv": (b"text\tfile_name\none\ta.png\ntwo\tb.png", b"text\tfile_name\ntwo\tb.png"),
    "metadata.jsonl": (PAIR + b'{"file_name": "a.png"}\nnonsense\n', PAIR + b"nonsense\n"),
}


@pytest.mark.parametrize("name", ANNOTATED)
def test_tables_lose_the_rows_about_files_that_are_gone(name: str, tmp_path: Path) -> None:
    """A row that names another file as well, which is still there, stays, and so does what cannot be read."""
    source, (text, left) = tmp_path / "data", ANNOTATED[name]
    (source / "train").mkdir(parents=True)
    for picture_name in ("a.png", "b.png"):
        (source / "train" / picture_name).write_bytes(small_picture(1))
    (source / "train" / name).write_bytes(text)

    write_clean(source, tmp_path / "clean", ["train/a.png"])

    assert (tmp_path / "clean" / "train" / name).read_bytes() == left
    assert (source / "train" / name).read_bytes() == text


def test_tables_of_speech_lose_the_rows_about_files_that_are_gone(tmp_path: Path) -> None:
    """Tables without a header, beside the files or above them, and Parquet."""
    source, clean = tmp_path / "data", tmp_path / "clean"
    tables = {
        "ljspeech/metadata.csv": (b'1|He said: "no|He said: "no\n2|Yes.|Yes.\n', b"2|Yes.|Yes.\n"),
        "84/84-1.trans.txt": (b"1 NO\n2 YES\n", b"2 YES\n"),
    }
    for name in ("ljspeech/wavs/1.wav", "ljspeech/wavs/2.wav", "84/1.flac", "84/2.flac", "p/1.wav", "p/2.wav"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(b"sound")
    for name, (text, _) in tables.items():
        (source / name).write_bytes(text)
    pq.write_table(pa.table({"file_name": ["1.wav", "2.wav"]}), source / "p" / "metadata.parquet")

    write_clean(source, clean, ["ljspeech/wavs/1.wav", "84/1.flac", "p/1.wav"])

    assert {name: (clean / name).read_bytes() for name in tables} == {name: left for name, (_, left) in tables.items()}
    assert pq.read_table(clean / "p" / "metadata.parquet").to_pylist() == [{"file_name": "2.wav"}]


def test_a_table_that_lies_elsewhere_is_not_touched(tmp_path: Path) -> None:
    """A link out of the dataset is copied as a link, and what it leads to stays as it is."""
    source, other = tmp_path / "data", tmp_path / "metadata.csv"
    source.mkdir()
    (source / "a.png").write_bytes(small_picture(1))
    (source / "b.png").write_bytes(small_picture(2))
    other.write_bytes(b"file_name\na.png\n")
    (source / "metadata.csv").symlink_to(other)

    write_clean(source, tmp_path / "clean", ["a.png"])

    assert other.read_bytes() == b"file_name\na.png\n"
    assert (tmp_path / "clean" / "metadata.csv").is_symlink()


@pytest.mark.parametrize("new", [True, False])
def test_a_parquet_file_keeps_its_schema_its_groups_and_its_other_rows(tmp_path: Path, new: bool) -> None:
    """Nested columns, lists in their new and old form, and metadata too."""
    table = pa.table(
        {"image": [{"bytes": bytes([n]), "path": str(n)} for n in range(10)], "tags": [["a"] * n for n in range(10)]}
    ).replace_schema_metadata({"huggingface": "{}"})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=4, compression="zstd", use_compliant_nested_type=new)

    write_clean(tmp_path / "a.parquet", tmp_path / "b.parquet",
                ["a.parquet#row=1,column=image", "a.parquet#row=9,column=image,index=0"])  # fmt: skip

    cleaned = pq.ParquetFile(tmp_path / "b.parquet")
    source = pq.ParquetFile(tmp_path / "a.parquet")
    assert cleaned.schema_arrow.equals(source.schema_arrow, check_metadata=True)
    assert cleaned.schema.equals(source.schema)
    assert cleaned.read().equals(source.read().take([0, 2, 3, 4, 5, 6, 7, 8]))
    assert [cleaned.metadata.row_group(at).num_rows for at in range(3)] == [3, 4, 1]
    assert cleaned.metadata.row_group(0).column(0).compression == "ZSTD"


@pytest.mark.parametrize("kind", ["stream", "file"])
def test_arrow_keeps_its_schema_and_its_other_rows(tmp_path: Path, kind: str) -> None:
    """As a stream, as Hugging Face saves datasets, and as a file."""
    table = pa.table({"image": [picture(n) for n in range(6)], "n": list(range(6))})
    make = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    with (tmp_path / "a.arrow").open("wb") as sink, make(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=4)

    write_clean(tmp_path / "a.arrow", tmp_path / "b.arrow", ["a.arrow#row=4,column=image"])

    with (tmp_path / "b.arrow").open("rb") as stream:
        opened = pa.ipc.open_stream(stream) if kind == "stream" else pa.ipc.open_file(stream)
        assert opened.read_all().equals(table.take([0, 1, 2, 3, 5]))


@pytest.mark.parametrize(
    ("name", "lines", "left"),
    [
        ("m.csv", ["path,caption\r\n", "a.jpg,\"two\nlines\"\r\n", "b.jpg,x\r\n", "c.jpg,ü\r\n"], [0, 1, 3]),
        ("m.tsv", ["path\tcaption\n", "a.jpg\tx\n", "b.jpg\ty\n", "c.jpg\tz"], [0, 1, 3]),
        ("m.jsonl", [json.dumps({"path": f"{n}.jpg"}) + "\n" for n in "abc"], [0, 2]),
    ],
)  # fmt: skip
def test_a_manifest_loses_a_line_and_nothing_else(tmp_path: Path, name: str, lines: list[str], left: list[int]) -> None:
    """Byte for byte, line ends too; a row may have several lines."""
    (tmp_path / name).write_bytes("".join(lines).encode())

    write_clean(tmp_path / name, tmp_path / "clean", [f"{name}#row=1,column=path"])

    assert (tmp_path / "clean").read_bytes() == "".join(lines[at] for at in left).encode()


def test_an_item_that_is_not_there_leaves_nothing_behind(tmp_path: Path) -> None:
    """No half of a copy passes for a clean one, and no address leads out of it."""
    source = write_tar(tmp_path / "a.tar", FILES)
    (tmp_path / "data").mkdir()
    for path, address in ((source, "a.tar!nothing.png"), (tmp_path / "data", "../a.tar"), (tmp_path / "data", "x.png")):
        with pytest.raises(WorkprintError):
            write_clean(path, tmp_path / "copy", [address])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar", "data"]
    assert source.exists()


def test_a_damaged_archive_is_not_copied(tmp_path: Path) -> None:
    """In one sentence."""
    (tmp_path / "a.tar").write_bytes(write_tar(tmp_path / "b.tar", FILES).read_bytes()[:700])
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04nothing")
    for name in ("a.tar", "a.zip"):
        with pytest.raises(WorkprintError):
            write_clean(tmp_path / name, tmp_path / "copy", [f"{name}!002.png"])


@pytest.mark.parametrize("kind", ["tar", "tgz", "zip"])
def test_archives_damaged_anywhere_are_copied_or_refused(kind: str, tmp_path: Path) -> None:
    """Nothing else is raised, whatever byte is wrong, and nothing is left of what is refused."""
    chance = random.Random(6)
    source, stream = tmp_path / f"a.{kind}", io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in ("a.png", "b.png"):
                archive.writestr(name, small_picture(1))
    else:
        with tarfile.open(fileobj=stream, mode="w:gz" if kind == "tgz" else "w") as archive:
            for name in ("a.png", "b.png"):
                member = tarfile.TarInfo(name)
                member.size = len(small_picture(1))
                archive.addfile(member, io.BytesIO(small_picture(1)))
    refused = 0
    for number in range(150):
        damaged = bytearray(stream.getvalue()[: None if number % 3 else chance.randrange(1, len(stream.getvalue()))])
        for _ in range(chance.randrange(1, 5)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        source.write_bytes(damaged)
        try:
            write_clean(source, tmp_path / "copy", [f"a.{kind}!a.png"])
            (tmp_path / "copy").unlink()
        except WorkprintError:
            refused += 1

    assert refused > 10
    assert [path.name for path in tmp_path.iterdir()] == [f"a.{kind}"]


def test_a_zip_that_points_before_its_beginning_is_refused(tmp_path: Path) -> None:
    """Found by fuzzing: the operating system refuses the place, and not the archive."""
    damaged = base64.b64decode(
        "UEsDBBQA//////////8AAAgAOQR5XSzUx9m6AwBQSwECFAMUAAAACAA5BHldLNReRZYVAACRFQAABQAAAAAAAAAAAAAAgAEAAAAAYS5wbmdQSwEC"
        "FAMUAAAACAA5BHldBHV3PwsAAAAJAAAABQAAAAAAAAAAAAAAgAG5FQAAYS90eHRQSwUGAAAAAAIAAgBmAAAA5xUAAAAA"
    )
    (tmp_path / "a.zip").write_bytes(damaged)

    with pytest.raises(WorkprintError, match="repack it"):
        write_clean(tmp_path / "a.zip", tmp_path / "copy", ["a.zip!a.png"])


def test_a_zip_with_a_member_without_a_name_is_refused(tmp_path: Path) -> None:
    """Found by fuzzing."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"one")
        archive.writestr("x", b"two")
    data = (tmp_path / "a.zip").read_bytes()
    last = data.rindex(b"PK\x01\x02")
    nameless = data[:last] + data[last : last + 28] + b"\0\0" + data[last + 30 : last + 46] + data[last + 47 :]
    end = nameless.rindex(b"PK\x05\x06")
    size = int.from_bytes(nameless[end + 12 : end + 16], "little") - 1
    (tmp_path / "a.zip").write_bytes(nameless[: end + 12] + size.to_bytes(4, "little") + nameless[end + 16 :])

    with pytest.raises(WorkprintError, match="cannot be copied"):
        write_clean(tmp_path / "a.zip", tmp_path / "copy", ["a.zip!a.png"])
