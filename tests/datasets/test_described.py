"""Rows without media: tables of URLs, and the downloads of img2dataset that failed."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_conventions import PICTURE, failures_of, reads_of, said_of, write
from test_dataset_kits import write_tar

from workprint import plugins
from workprint.datasets.folder import Img2datasetReader
from workprint.datasets.url_table import UrlTableReader
from workprint.errors import DatasetError
from workprint.model import Failure, Limits
from workprint.protocols import DatasetReader
from workprint.testing import DatasetReaderKit, address_of, items_of, some_media

ROWS = {"URL": ["https://ada.example/a.jpg", "https://x.example/b"], "TEXT": ["a pier", "by Ada Lumen"], "id": [1, 2]}


class TestImg2dataset(DatasetReaderKit):
    """img2dataset's WebDataset output: the archive, its table of downloads, and statistics."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return Img2datasetReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        names = [name.rpartition("/")[2].partition(".")[0] for name in media]
        write_tar(folder / "00000.tar", media)
        downloads(folder / "00000.parquet", len(media), key=[*names, "x", "y"])
        return write(folder, {"00000_stats.json": "{}"})

    def damage(self, uri: str) -> bool:
        """See the kit."""
        return super().damage(f"{uri}/00000.tar")


class TestUrlTable(DatasetReaderKit):
    """A table of URLs: its rows are no media, so each comes out as a failure."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return UrlTableReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        return table(folder / "t.csv", {"url": [f"https://x.example/{at}.png" for at, _ in enumerate(media)]})

    def damage(self, uri: str) -> bool:  # noqa: ARG002 - half a text is a shorter one
        """See the kit."""
        return False

    def test_every_medium_comes_out_once_with_its_bytes(self, tmp_path: Path) -> None:
        """There is none; every row is there once."""
        uri = self._dataset(tmp_path)

        assert failures_of(uri) == [(f"t.csv#row={row}", "no_media") for row in range(len(some_media()))]


def downloads(path: Path, good: int, **more: list[object]) -> None:
    """A table of so many downloads that went well, and two that did not."""
    count = good + 2
    columns = {
        "key": [f"{at:09}" for at in range(count)],
        "url": [f"https://x.example/{at}.jpg" for at in range(count)],
        "caption": ["by Ada"] * count,
        "status": ["success"] * good + ["failed_to_download", "failed_to_resize"],
        "error_message": [None] * good + ["HTTP Error 404: Not Found", "image too\nsmall"],
        "sha256": ["ab" * 32] * good + [None, "cd" * 32],
    }
    pq.write_table(pa.table(columns | more), path)


def table(path: Path, rows: Mapping[str, list[object]] = ROWS) -> str:
    """That table in the form which the path's name says."""
    dicts = [dict(zip(rows, cells, strict=True)) for cells in zip(*rows.values(), strict=True)]
    if ".parquet" in path.name:
        pq.write_table(pa.table(dict(rows)), path)
    elif ".arrow" in path.name:
        with pa.ipc.new_stream(str(path), pa.table(dict(rows)).schema) as writer:
            writer.write_table(pa.table(dict(rows)))
    else:
        is_json = ".jsonl" in path.name
        as_csv = [",".join(rows), *(",".join(str(cell) for cell in row.values()) for row in dicts)]
        text = "\n".join(json.dumps(row) for row in dicts) if is_json else "\n".join(as_csv)
        path.write_bytes(gzip.compress(text.encode()) if path.name.endswith(".gz") else text.encode())
    return str(path)


@pytest.mark.parametrize("name", ["t.parquet", "t.csv", "t.jsonl", "t.jsonl.gz"])
def test_tables_of_urls_are_recognised_and_every_row_is_counted(name: str, tmp_path: Path) -> None:
    """Each row is `no_media`, with its address and with all that it says."""
    uri = table(tmp_path / name)
    reads = reads_of(uri)

    assert plugins.reader(uri, None, Limits()).name == "url_table"
    assert [(read.subject_id, read.code) for read in reads if isinstance(read, Failure)] == [
        (f"{name}#row={row}", "no_media") for row in range(2)
    ]
    assert isinstance(reads[1], Failure)
    assert {key: str(value) for key, value in reads[1].attributes.items()} == {
        "URL": "https://x.example/b", "TEXT": "by Ada Lumen", "id": "2",
    }  # fmt: skip


def test_tables_of_urls_in_a_folder_are_counted_row_by_row(tmp_path: Path) -> None:
    """As LAION's parts are, in Parquet or saved as Arrow."""
    table(tmp_path / "a.parquet")
    table(tmp_path / "b.arrow")

    assert failures_of(str(tmp_path)) == [
        *((f"a.parquet#row={row}", "no_media") for row in range(2)),
        *((f"b.arrow#row={row}", "no_media") for row in range(2)),
    ]


@pytest.mark.parametrize("name", ["t.parquet", "t.csv"])
def test_tables_with_neither_media_nor_urls_are_none(name: str, tmp_path: Path) -> None:
    """Numbers and words alone are refused, also where the reader is named."""
    uri = table(tmp_path / name, {"n": [1, 2], "text": ["a", "b"]})

    assert not UrlTableReader().recognises(uri)
    with pytest.raises(DatasetError, match="no table of URLs"):
        reads_of(uri, UrlTableReader())


def test_a_table_of_media_is_no_table_of_urls(tmp_path: Path) -> None:
    """Naming the reader does not hide media."""
    uri = table(tmp_path / "t.parquet", {**ROWS, "jpg": [PICTURE, PICTURE]})

    assert plugins.reader(uri, None, Limits()).name == "parquet"
    with pytest.raises(DatasetError, match="no table of URLs"):
        reads_of(uri, UrlTableReader())


def test_failed_downloads_are_counted_with_their_reason(tmp_path: Path) -> None:
    """The archive holds what was downloaded; the table's other rows are missing, and say why."""
    uri = TestImg2dataset().write(tmp_path, {"000000000.jpg": PICTURE, "000000001.jpg": PICTURE})
    gone = [read for read in reads_of(uri) if isinstance(read, Failure)]

    assert plugins.reader(uri, None, Limits()).name == "img2dataset"
    assert [(one.subject_id, one.code, one.detail) for one in gone] == [
        ("00000.parquet#row=2", "missing",
         "the dataset says that it was not downloaded: failed_to_download: HTTP Error 404: Not Found"),
        ("00000.parquet#row=3", "missing",
         "the dataset says that it was not downloaded: failed_to_resize: image too%0Asmall"),
    ]  # fmt: skip
    assert gone[0].attributes["url"] == "https://x.example/2.jpg"
    assert len(items_of(Img2datasetReader(), uri)) == 2


def test_downloads_that_are_not_in_the_archive_are_missing(tmp_path: Path) -> None:
    """The table says that all went well; a text of a row is no medium, and what lies behind damage is not there."""
    uri = TestImg2dataset().write(tmp_path, {f"{at:09}.jpg": PICTURE for at in range(4)})
    members = {"000000000.jpg": PICTURE, "000000001.txt": b"x", "000000002.jpg": PICTURE, "000000003.jpg": PICTURE}
    whole = Path(write_tar(tmp_path / "00000.tar", members)).read_bytes()
    (tmp_path / "00000.tar").write_bytes(whole[: whole.index(b"000000003.jpg")])
    gone = [read for read in reads_of(uri) if isinstance(read, Failure)]

    assert [(one.subject_id, one.code) for one in gone[:3]] == [
        ("00000.parquet#row=1", "missing"),
        ("00000.parquet#row=3", "missing"),
        ("00000.parquet#row=4", "missing"),
    ]
    assert gone[0].detail == "the dataset says that it was downloaded, and it is not stored beside the table"
    assert gone[0].attributes["url"] == "https://x.example/1.jpg"


def test_loose_files_that_are_not_there_are_missing(tmp_path: Path) -> None:
    """The same where img2dataset wrote files."""
    uri = write(tmp_path, {"00000/000000001.jpg": PICTURE, "00000_stats.json": "{}"})
    downloads(tmp_path / "00000.parquet", 2)

    assert failures_of(uri)[0] == ("00000.parquet#row=0", "missing")


def test_loose_files_of_img2dataset_have_their_json(tmp_path: Path) -> None:
    """Its `files` output: a folder for each shard."""
    said = json.dumps({"url": "https://x.example/0.jpg", "caption": "A pier", "status": "success"})
    uri = write(tmp_path, {"00000/000000000.jpg": PICTURE, "00000/000000000.json": said, "00000_stats.json": "{}"})
    downloads(tmp_path / "00000.parquet", 1)

    assert plugins.reader(uri, None, Limits()).name == "img2dataset"
    assert said_of(uri)["00000/000000000.jpg"]["caption"] == "A pier"
    assert failures_of(uri) == [(f"00000.parquet#row={row}", "missing") for row in (1, 2)]


def test_parquet_of_img2dataset_holds_its_own_media(tmp_path: Path) -> None:
    """Its `parquet` output: cells of failed downloads are empty, and say why."""
    downloads(tmp_path / "00000.parquet", 2, jpg=[PICTURE, PICTURE, None, None])
    uri = write(tmp_path, {"00000_stats.json": "{}"})
    reads = reads_of(uri)

    assert [address_of(read) for read in reads if isinstance(read, tuple)] == [
        f"00000.parquet#row={row},column=jpg" for row in (0, 1)
    ]
    assert next(read.detail for read in reads if isinstance(read, Failure)).endswith("HTTP Error 404: Not Found")


def test_a_table_of_downloads_alone_is_a_table_of_urls(tmp_path: Path) -> None:
    """Where the archive is not there, nothing of it can be read, and rows that went well are no exception."""
    downloads(tmp_path / "00000.parquet", 1)

    assert failures_of(str(tmp_path)) == [
        ("00000.parquet#row=0", "no_media"),
        ("00000.parquet#row=1", "missing"),
        ("00000.parquet#row=2", "missing"),
    ]
