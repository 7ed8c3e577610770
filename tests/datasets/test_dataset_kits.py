"""Every reader against the kit, and the same media out of every container."""

import gzip
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workprint.datasets.archives import TarReader, ZipReader
from workprint.datasets.arrow import ArrowReader
from workprint.datasets.folder import FolderReader
from workprint.datasets.manifest import ManifestReader
from workprint.datasets.parquet import ParquetReader
from workprint.protocols import DatasetReader
from workprint.testing import DatasetReaderKit, items_of, some_media


def write_tar(path: Path, media: Mapping[str, bytes], mode: str = "w") -> str:
    """Write members in the order given."""
    with tarfile.open(path, mode) as archive:
        for name, data in media.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return str(path)


def tar_bytes(media: Mapping[str, bytes]) -> bytes:
    """A tar archive of these members."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in media.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return stream.getvalue()


def zip_bytes(media: Mapping[str, bytes]) -> bytes:
    """A zip archive of these members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in media.items():
            archive.writestr(name, data)
    return stream.getvalue()


def write_files(folder: Path, media: Mapping[str, bytes]) -> str:
    """Write one file per medium."""
    for name, data in media.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return str(folder)


def table_of(media: Mapping[str, bytes]) -> pa.Table:
    """Return a table as Hugging Face datasets have it."""
    cells = [{"bytes": data, "path": name} for name, data in media.items()]
    return pa.table({"image": cells, "caption": [f"about {name}" for name in media]})


class TestFolder(DatasetReaderKit):
    """A folder of files."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return FolderReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        return write_files(folder, media)


class TestFolderOfShards(DatasetReaderKit):
    """A folder of WebDataset shards with what is usually beside them."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return FolderReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        names = list(media)
        for number, part in enumerate((names[:4], names[4:])):
            write_tar(folder / f"{number:05}.tar", {name: media[name] for name in part})
            (folder / f"{number:05}_stats.json").write_text("{}")
        (folder / "README.md").write_text("# shards")
        return str(folder)


class TestFolderInMemory(DatasetReaderKit):
    """A folder behind an fsspec URL."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return FolderReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        root = f"memory://{folder.as_posix()}"
        filesystem = fsspec.filesystem("memory")
        for name, data in media.items():
            filesystem.pipe_file(f"{folder.as_posix()}/{name}", data)
        return root


class TestTar(DatasetReaderKit):
    """One tar archive."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return TarReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        return write_tar(folder / "a.tar", media)


class TestTarInRuns(TestTar):
    """One tar archive that several processes could read, a run of bytes each."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return TarReader(run_bytes=1024)

    def test_it_is_several_shards(self, tmp_path: Path) -> None:
        """Else this kit would say nothing of runs."""
        assert len(list(self.reader().shards(self.write(tmp_path, some_media())))) > 2


class TestTarGz(DatasetReaderKit):
    """One tar archive, packed, under a name that says nothing."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return TarReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        return write_tar(folder / "download", media, "w:gz")


class TestTarBz2(TestTarGz):
    """One tar archive, packed with bzip2."""

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        return write_tar(folder / "a.tbz", media, "w:bz2")


class TestTarZst(TestTarGz):
    """One tar archive, packed with Zstandard."""

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        plain = Path(write_tar(folder / "a.tar", media)).read_bytes()
        with pa.OSFile(str(folder / "a.tar.zst"), "wb") as raw, pa.CompressedOutputStream(raw, "zstd") as packed:
            packed.write(plain)
        return str(folder / "a.tar.zst")


class TestZip(DatasetReaderKit):
    """One zip archive."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return ZipReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        with zipfile.ZipFile(folder / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in media.items():
                archive.writestr(name, data)
        return str(folder / "a.zip")


class TestZipsInTarGz(TestTarGz):
    """Zip archives in a packed tar, one of them deep in others."""

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        names = list(media)
        parts = [{name: media[name] for name in part} for part in (names[:3], names[3:6], names[6:])]
        deep = tar_bytes({"c.zip": zip_bytes(parts[2])})
        inner = {"a.zip": zip_bytes(parts[0]), "b.zip": zip_bytes(parts[1]), "deep": deep}
        return write_tar(folder / "a.tgz", inner, "w:gz")


class TestTarsInZip(TestZip):
    """Tar archives, packed in different ways, in a zip."""

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        names = list(media)
        parts = [{name: media[name] for name in part} for part in (names[:4], names[4:])]
        inner = {"a.tar": tar_bytes(parts[0]), "albums/b.tar.gz": gzip.compress(tar_bytes(parts[1]))}
        (folder / "a.zip").write_bytes(zip_bytes(inner))
        return str(folder / "a.zip")


class TestParquet(DatasetReaderKit):
    """One Parquet file with several row groups."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return ParquetReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        pq.write_table(table_of(media), folder / "a.parquet", row_group_size=3)
        return str(folder / "a.parquet")


class TestArrowStream(DatasetReaderKit):
    """One Arrow IPC stream."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return ArrowReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        table = table_of(media)
        with pa.ipc.new_stream(str(folder / "a.arrow"), table.schema) as writer:
            writer.write_table(table, max_chunksize=4)
        return str(folder / "a.arrow")


class TestArrowFile(TestArrowStream):
    """One Arrow IPC file."""

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        table = table_of(media)
        with pa.ipc.new_file(str(folder / "a.arrow"), table.schema) as writer:
            writer.write_table(table, max_chunksize=4)
        return str(folder / "a.arrow")


class TestManifest(DatasetReaderKit):
    """A JSON Lines manifest beside its media."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return ManifestReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder, media)
        lines = (
            json.dumps({"url": f"http://example.org/{index}.png", "path": name}) for index, name in enumerate(media)
        )
        (folder / "manifest.jsonl").write_text("\n".join(lines))
        return str(folder / "manifest.jsonl")


CONTAINERS = (
    *(TestFolder, TestFolderOfShards, TestTar, TestTarGz, TestZip, TestZipsInTarGz, TestTarsInZip, TestParquet),
    *(TestArrowStream, TestManifest),
)


@pytest.mark.parametrize("kit", CONTAINERS)
def test_equal_media_come_out_of_every_container(kit: type[DatasetReaderKit], tmp_path: Path) -> None:
    """What holds the media changes addresses, never bytes."""
    media = some_media()
    uri = kit().write(tmp_path, media)

    assert sorted(data for _, data in items_of(kit().reader(), uri)) == sorted(media.values())
