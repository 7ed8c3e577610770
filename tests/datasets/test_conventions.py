"""Folders whose files are spoken of by tables, in each convention: against the kit, and what reaches the items."""

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from test_dataset_kits import write_files

from workprint import plugins
from workprint.datasets.annotations import conventions_of
from workprint.datasets.folder import (
    CocoReader,
    CommonVoiceReader,
    FolderReader,
    ImageFolderReader,
    LibriSpeechReader,
    LjSpeechReader,
    SavedDatasetReader,
)
from workprint.errors import DatasetError
from workprint.model import Failure, Limits, PassedOver
from workprint.protocols import DatasetReader, Read
from workprint.testing import DatasetReaderKit, address_of, items_of, small_picture, small_sound

PICTURE = small_picture(3)
SOUND = small_sound(4)


def write(folder: Path, files: Mapping[str, bytes | str]) -> str:
    """Write files, texts as UTF-8."""
    return write_files(
        folder, {name: data if isinstance(data, bytes) else data.encode() for name, data in files.items()}
    )


def reads_of(uri: str, reader: DatasetReader | None = None) -> list[Read]:
    """Everything that a reader yields; the one that recognises the dataset if none is given."""
    reader = reader or plugins.reader(uri, None, Limits())
    return [read for shard in reader.shards(uri) for read in reader.read(shard)]


def failures_of(uri: str) -> list[tuple[str, str]]:
    """Address and code of what failed."""
    return [(read.subject_id, read.code) for read in reads_of(uri) if isinstance(read, Failure)]


def said_of(uri: str) -> dict[str, Mapping[str, object]]:
    """The attributes of every item."""
    return {item.item_id: item.attributes for item, _ in items_of(plugins.reader(uri, None, Limits()), uri)}


class _FolderKit(DatasetReaderKit):
    """A folder is damaged by taking away a file that a table names."""

    def damage(self, uri: str) -> bool:
        """See the kit."""
        next(Path(uri).rglob("plain.png")).unlink()
        return True


class TestCommonVoice(_FolderKit):
    """Common Voice."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return CommonVoiceReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder / "en" / "clips", media)
        rows = "".join(f"speaker{at}\t{name}\tsaid {at}\n" for at, name in enumerate(media))
        return write(folder, {"en/validated.tsv": "client_id\tpath\tsentence\n" + rows})


class TestLjSpeech(_FolderKit):
    """LJSpeech."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return LjSpeechReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder / "wavs", media)
        return write(folder, {"metadata.csv": "".join(f"{name}|said|said\n" for name in media)})


class TestLibriSpeech(_FolderKit):
    """LibriSpeech."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return LibriSpeechReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        flac = {f"84/121123/84-121123-{at:04}.flac": data for at, data in enumerate(media.values())}
        lines = "".join(f"84-121123-{at:04} SAID\n" for at in range(len(media)))
        write_files(folder, flac)
        return write(folder, {"84/121123/84-121123.trans.txt": lines})

    def damage(self, uri: str) -> bool:
        """See the kit."""
        next(Path(uri).rglob("*.flac")).unlink()
        return True


class TestCoco(_FolderKit):
    """COCO."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return CocoReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder / "train2017", media)
        images = [{"id": at, "file_name": name, "license": 1} for at, name in enumerate(media)]
        return write(folder, {"annotations/captions_train2017.json": json.dumps({"images": images})})


class TestImageFolder(_FolderKit):
    """A folder of pictures with a table of metadata in Parquet."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return ImageFolderReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        write_files(folder, media)
        pq.write_table(pa.table({"file_name": list(media), "text": ["said"] * len(media)}), folder / "metadata.parquet")
        return str(folder)


class TestSavedDataset(_FolderKit):
    """What `save_to_disk` writes, for one split, with a file in the folder that some tool left."""

    def reader(self) -> DatasetReader:
        """See the kit."""
        return SavedDatasetReader()

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """See the kit."""
        names = list(media)
        shards = {"data-00000-of-00002.arrow": names[:4], "data-00001-of-00002.arrow": names[4:]}
        train = folder / "train"
        train.mkdir()
        for name, part in shards.items():
            _write_arrow(train / name, {inner: media[inner] for inner in part})
        _write_arrow(train / "cache-1234.arrow", media)
        state = json.dumps({"_data_files": [{"filename": name} for name in shards], "_split": "train"}, indent=2)
        return write(folder, {"dataset_dict.json": "{}", "train/state.json": state, "train/dataset_info.json": "{}"})

    def damage(self, uri: str) -> bool:
        """See the kit."""
        next(Path(uri).rglob("data-00001*")).unlink()
        return True


def _write_arrow(path: Path, media: Mapping[str, bytes]) -> None:
    cells = [{"bytes": data, "path": name} for name, data in media.items()]
    table = pa.table({"image": cells, "caption": [f"about {name}" for name in media]})
    with pa.ipc.new_stream(str(path), table.schema) as writer:
        writer.write_table(table)


KITS = (TestCommonVoice, TestLjSpeech, TestLibriSpeech, TestCoco, TestImageFolder, TestSavedDataset)


@pytest.mark.parametrize("kit", KITS)
def test_each_kind_is_recognised_by_its_content(kit: type[DatasetReaderKit], tmp_path: Path) -> None:
    """Without being told, the reader is the one of that convention, and it alone claims the folder."""
    uri = kit().write(
        tmp_path, {"plain.png": PICTURE, "b.wav": SOUND, "c.png": PICTURE, "d.png": PICTURE, "e": PICTURE}
    )

    assert plugins.reader(uri, None, Limits()).name == kit().reader().name
    assert conventions_of(uri) == [kit().reader().name]


def test_speakers_and_sentences_reach_the_clips_of_common_voice(tmp_path: Path) -> None:
    """Quotation marks are text, as the corpus has it; old tables leave the ending out; two tables add up."""
    uri = write(
        tmp_path,
        {
            "clips/a.mp3": SOUND,
            "clips/b.mp3": SOUND,
            "train.tsv": 'client_id\tpath\tsentence\tlicence\nannie\ta.mp3\t"Quoted, never closed\tCC0-1.0\n',
            "validated.tsv": "client_id\tpath\tage\nannie\ta\tthirties\nbert\tb\tforties\n",
        },
    )

    assert said_of(uri) == {
        "clips/a.mp3": {
            "client_id": "annie", "sentence": '"Quoted, never closed', "licence": "CC0-1.0", "age": "thirties",
        },
        "clips/b.mp3": {"client_id": "bert", "age": "forties"},
    }  # fmt: skip
    assert failures_of(uri) == []


def test_what_tables_name_and_is_not_there_fails_once(tmp_path: Path) -> None:
    """A clip in two tables is one clip; a name that leads out of the dataset names nothing."""
    uri = write(
        tmp_path,
        {
            "clips/a.mp3": SOUND,
            "train.tsv": "client_id\tpath\nx\tgone.mp3\nx\t../../etc/passwd\n",
            "validated.tsv": "client_id\tpath\nx\ta.mp3\nx\tgone.mp3\n",
        },
    )

    assert failures_of(uri) == [("train.tsv#row=0,column=path", "missing")]


def test_transcripts_reach_ljspeech_and_librispeech(tmp_path: Path) -> None:
    """Both are read without a header; LibriSpeech's speaker is a part of the name."""
    lj = write(tmp_path / "lj", {"wavs/LJ001-0001.wav": SOUND, "metadata.csv": 'LJ001-0001|He said "no|He said "no\n'})
    libri = write(
        tmp_path / "libri",
        {"test/84/121123/84-121123-0000.flac": SOUND, "test/84/121123/84-121123.trans.txt": "84-121123-0000 GO ON\n"},
    )

    assert said_of(lj)["wavs/LJ001-0001.wav"] == {
        "id": "LJ001-0001",
        "transcription": 'He said "no',
        "normalized_transcription": 'He said "no',
    }
    assert said_of(libri)["test/84/121123/84-121123-0000.flac"] == {
        "id": "84-121123-0000",
        "transcription": "GO ON",
        "speaker_id": "84",
        "chapter_id": "121123",
    }


def test_captions_licences_and_addresses_reach_the_pictures_of_coco(tmp_path: Path) -> None:
    """Three lists are joined, whichever comes first; pictures of another split keep their own names."""
    train = {
        "annotations": [{"image_id": 7, "caption": "A pier. "}, {"image_id": 7, "caption": "Waves"}, {"image_id": 8}],
        "images": [{"id": 7, "file_name": "1.jpg", "license": 2, "coco_url": "http://images.example/1.jpg"}],
        "licenses": [{"id": 2, "name": "Attribution", "url": "http://cc.example/by"}],
    }
    uri = write(
        tmp_path,
        {
            "train2017/1.jpg": PICTURE,
            "val2017/1.jpg": PICTURE,
            "annotations/captions_train2017.json": json.dumps(train),
            "annotations/notes.json": '{"unrelated": 1}',
        },
    )

    assert said_of(uri) == {
        "train2017/1.jpg": {
            "image_id": 7, "coco_url": "http://images.example/1.jpg", "license": "Attribution",
            "license_url": "http://cc.example/by", "caption": "A pier.; Waves",
        },
        "val2017/1.jpg": {},
    }  # fmt: skip


def test_a_broken_table_does_not_cost_its_pictures(tmp_path: Path) -> None:
    """COCO's JSON that ends early is one failure; the pictures are read without attributes."""
    uri = write(tmp_path, {"train/1.jpg": PICTURE, "annotations/train.json": '{"images": [{"id": 1, "file_name": "1.j'})

    assert failures_of(uri) == [("annotations/train.json", "undecodable")]
    assert said_of(uri) == {"train/1.jpg": {}}


def test_files_that_saved_datasets_do_not_name_are_passed_over(tmp_path: Path) -> None:
    """What a tool cached beside the data is no part of it, and is counted."""
    uri = TestSavedDataset().write(tmp_path, dict.fromkeys("abcdef", PICTURE))
    passed = [read.item_id for read in reads_of(uri) if isinstance(read, PassedOver)]

    assert "train/cache-1234.arrow" in passed
    assert len(items_of(SavedDatasetReader(), uri)) == 6


def test_pictures_in_an_archive_beside_their_table_are_not_missed(tmp_path: Path) -> None:
    """A table may speak of files in an archive, so its names are not looked for in the folder then."""
    uri = write(tmp_path, {"metadata.csv": "file_name,text\nx.png,said\n", "a.png": PICTURE})
    assert failures_of(uri) == [("metadata.csv#row=0,column=file_name", "missing")]

    with zipfile.ZipFile(tmp_path / "more.zip", "w") as archive:
        archive.writestr("x.png", PICTURE)
    assert failures_of(uri) == []


def test_asking_for_the_wrong_convention_is_an_error(tmp_path: Path) -> None:
    """`--reader` names a convention; a folder that does not follow it is refused in a sentence."""
    uri = write(tmp_path, {"a.png": PICTURE})

    with pytest.raises(DatasetError, match="is not laid out as common_voice"):
        reads_of(uri, CommonVoiceReader())
    assert [address_of(read) for read in reads_of(uri, FolderReader())] == ["a.png"]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_row_may_name_several_files(form: str, tmp_path: Path) -> None:
    """As Hugging Face's folders do: by columns that end in `file_name`, and by lists. Each gets what the row says."""
    rows = [
        {"left_file_name": "a.png", "right_file_name": "b.png", "file_names": [], "caption": "two views"},
        {
            "left_file_name": None,
            "right_file_name": "../out.png",
            "file_names": ["c.png", "gone.png"],
            "caption": "many",
        },
    ]
    uri = write(tmp_path, {"a.png": PICTURE, "b.png": PICTURE, "c.png": PICTURE})
    if form == "jsonl":
        write(tmp_path, {"metadata.jsonl": "\n".join(map(json.dumps, rows))})
    else:
        pq.write_table(pa.Table.from_pylist(rows), tmp_path / "metadata.parquet")

    assert plugins.reader(uri, None, Limits()).name == "imagefolder"
    assert said_of(uri) == {
        "a.png": {"caption": "two views"},
        "b.png": {"caption": "two views"},
        "c.png": {"caption": "many"},
    }
    assert failures_of(uri) == [(f"metadata.{form}#row=1,column=file_names,index=1", "missing")]
