"""Folders: what is walked, what is not opened, what the files beside an item say of it."""

import json
import os
import zipfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workprint import plugins
from workprint.datasets.addresses import UniqueNames, decode_name, encode_name
from workprint.datasets.folder import FolderReader
from workprint.datasets.places import Entry, EntryKind, LocalPlace, unrecognised
from workprint.errors import DatasetError
from workprint.model import Failure, Limits, PassedOver
from workprint.protocols import Read
from workprint.testing import items_of, small_picture

PICTURE = small_picture(3)


def reads_of(folder: Path | str, limits: Limits = Limits()) -> list[Read]:  # noqa: B008
    """Everything the reader yields."""
    reader = FolderReader(limits)
    return [read for shard in reader.shards(str(folder)) for read in reader.read(shard)]


def failures_of(folder: Path | str) -> list[tuple[str, str]]:
    """Who failed, and with which code."""
    return [(read.subject_id, read.code) for read in reads_of(folder) if isinstance(read, Failure)]


def ids_of(folder: Path | str) -> list[str]:
    """The addresses of the items."""
    return [item.item_id for item, _ in items_of(FolderReader(), str(folder))]


def test_files_come_in_the_order_of_their_code_points(tmp_path: Path) -> None:
    """Files of a folder first, then its folders, whatever order the file system has."""
    for name in ("b.png", "B.png", "a/z.png", "é.png", "a.png", "c/d/e.png", "10.png", "9.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PICTURE)

    assert ids_of(tmp_path) == ["10.png", "9.png", "B.png", "a.png", "b.png", "é.png", "a/z.png", "c/d/e.png"]


def test_everything_that_does_not_claim_otherwise_is_an_item(tmp_path: Path) -> None:
    """A text named .jpg, an empty file and a file without ending are items; texts and indexes are passed over."""
    for name in ("text.jpg", "blob", "movie.xyz", "README", "notes.md", "x.npy", ".DS_Store", "a.json.gz"):
        (tmp_path / name).write_text("words")
    (tmp_path / "empty.png").touch()

    assert ids_of(tmp_path) == ["blob", "empty.png", "movie.xyz", "text.jpg"]
    assert [(read.item_id, read.ending) for read in reads_of(tmp_path) if isinstance(read, PassedOver)] == [
        (".DS_Store", ".ds_store"),
        ("README", ""),
        ("a.json.gz", ".json"),
        ("notes.md", ".md"),
        ("x.npy", ".npy"),
    ]


def test_runs_hold_256_files_and_keep_neighbours_together(tmp_path: Path) -> None:
    """A shard holds 256 names at most, and a file is not parted from the JSON file beside it."""
    for number in range(171):
        (tmp_path / f"{number:03}.png").write_bytes(PICTURE)
        (tmp_path / f"{number:03}.json").write_text(json.dumps({"n": number}))
        (tmp_path / f"{number:03}.txt").write_text("words")

    shards = list(FolderReader().shards(str(tmp_path)))

    assert [shard.shard_id for shard in shards] == ["#files=0-254", "#files=255-509", "#files=510-512"]
    assert [item.attributes["n"] for item, _ in items_of(FolderReader(), str(tmp_path))] == list(range(171))


def test_links_are_followed_only_inside_the_dataset(tmp_path: Path) -> None:
    """A link to a file inside is an item, one that leads out is a failure, and a loop is not entered."""
    root = tmp_path / "dataset"
    (root / "sub").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(PICTURE)
    (tmp_path / "outside").mkdir()
    (root / "sub" / "a.png").write_bytes(PICTURE)
    (root / "in.png").symlink_to("sub/a.png")
    (root / "out.png").symlink_to("../secret.png")
    (root / "out").symlink_to("../outside")
    (root / "gone.png").symlink_to("sub/none.png")
    (root / "self.png").symlink_to("self.png")
    (root / "sub" / "loop").symlink_to("..")

    assert ids_of(root) == ["in.png", "sub/a.png"]
    assert sorted(failures_of(root)) == [
        ("gone.png", "missing"),
        ("out", "unsafe_path"),
        ("out.png", "unsafe_path"),
        ("self.png", "missing"),
    ]


def test_pipes_are_never_opened(tmp_path: Path) -> None:
    """Opening a pipe would wait for ever; it fails as an unsafe path instead."""
    os.mkfifo(tmp_path / "a.png")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "b.png").write_bytes(PICTURE)

    assert failures_of(tmp_path) == [("a.png", "unsafe_path"), ("pipe", "unsafe_path")]


def test_hostile_names_become_printable_ids(tmp_path: Path) -> None:
    """Line feeds, escapes, separators and bytes that are no UTF-8 are encoded, and the file is still found."""
    for name in (b"line\nfeed.png", b"\x1b[2J.png", b"a!b#c%d;e.png", b"caf\xe9.png", b"..png", b"-rf", b"*?[a].png"):
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + name)).write_bytes(PICTURE)

    assert sorted(ids_of(tmp_path)) == sorted(
        ["%1B[2J.png", "*?[a].png", "-rf", "..png", "a%21b%23c%25d%3Be.png", "caf%E9.png", "line%0Afeed.png"]
    )


def test_large_files_fail_without_being_read(tmp_path: Path) -> None:
    """The size is looked at before the bytes are."""
    (tmp_path / "a.png").write_bytes(b"x" * 2000)
    (tmp_path / "b.png").write_bytes(b"x")

    codes = [read.code for read in reads_of(tmp_path, Limits(max_item_bytes=1000)) if isinstance(read, Failure)]

    assert codes == ["too_large"]


def test_blobs_of_files_are_opened_late(tmp_path: Path) -> None:
    """Nothing of a file is read before somebody asks for it."""
    (tmp_path / "a.png").write_bytes(b"before")
    (read,) = reads_of(tmp_path)
    (tmp_path / "a.png").write_bytes(b"after!")

    assert isinstance(read, tuple)
    assert read[1].read() == b"after!"


def test_metadata_tables_describe_the_files_below_them(tmp_path: Path) -> None:
    """`metadata.csv` and `metadata.jsonl` give attributes by `file_name`; the nearer one wins."""
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "a.png").write_bytes(PICTURE)
    (tmp_path / "b.png").write_bytes(PICTURE)
    (tmp_path / "metadata.csv").write_text("file_name,artist,year\ntrain/a.png,Ada,1901\nb.png,Bo,1902\n../c.png,X,0\n")
    (tmp_path / "train" / "metadata.jsonl").write_text('{"file_name": "a.png", "artist": "Anna"}\nbroken\n')

    assert {item.item_id: item.attributes for item, _ in items_of(FolderReader(), str(tmp_path))} == {
        "b.png": {"artist": "Bo", "year": "1902"},
        "train/a.png": {"artist": "Anna", "year": "1901"},
    }


def test_archives_and_tables_in_a_folder_are_read_as_such(tmp_path: Path) -> None:
    """They are known by content, also without an ending; tables without media are passed over, damage is a failure."""
    (tmp_path / "sub").mkdir()
    with zipfile.ZipFile(tmp_path / "sub" / "photos", "w") as archive:
        archive.writestr("a.png", PICTURE)
    pq.write_table(pa.table({"image": [PICTURE], "n": [1]}), tmp_path / "part.parquet")
    pq.write_table(pa.table({"url": ["x"]}), tmp_path / "urls.parquet")
    pq.write_table(pa.table({"state": [b"no picture"]}), tmp_path / "state.parquet")
    (tmp_path / "cut.parquet").write_bytes((tmp_path / "part.parquet").read_bytes()[:200])

    assert ids_of(tmp_path) == ["part.parquet#row=0,column=image", "sub/photos!a.png"]
    assert failures_of(tmp_path) == [("cut.parquet", "truncated"), ("state.parquet", "unsupported")]
    assert [read.item_id for read in reads_of(tmp_path) if isinstance(read, PassedOver)] == ["urls.parquet"]


def test_what_tools_keep_is_passed_over_whole(tmp_path: Path) -> None:
    """`.git` and its kind count once, and nothing in them is listed."""
    (tmp_path / ".git" / "objects").mkdir(parents=True)
    (tmp_path / ".git" / "objects" / "ab12").write_bytes(b"x")
    (tmp_path / "a.png").write_bytes(PICTURE)

    assert [read.item_id for read in reads_of(tmp_path) if isinstance(read, PassedOver)] == [".git/"]


def test_a_folder_that_cannot_be_listed_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in it is not known, and that is said instead of nothing."""
    (tmp_path / "private").mkdir()
    (tmp_path / "a.png").write_bytes(PICTURE)
    real = LocalPlace.entries

    def entries(place: LocalPlace) -> list[Entry]:
        if place.uri.endswith("private"):
            raise PermissionError(13, "Permission denied")
        return real(place)

    monkeypatch.setattr(LocalPlace, "entries", entries)

    assert failures_of(tmp_path) == [("private/", "unreadable")]


def test_folders_without_media_say_so(tmp_path: Path) -> None:
    """An empty folder, a missing one and one of texts only are errors with a sentence."""
    with pytest.raises(DatasetError, match="is an empty folder"):
        reads_of(tmp_path)
    with pytest.raises(DatasetError, match="no such file or folder"):
        reads_of(tmp_path / "none")
    (tmp_path / "list.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DatasetError, match="name the manifest"):
        reads_of(tmp_path)


def test_what_nothing_recognises_is_explained(tmp_path: Path) -> None:
    """The sentence says whether there is nothing, nothing in it, or something foreign."""
    (tmp_path / "empty").touch()
    (tmp_path / "foreign").write_bytes(b"\x00\x01")

    for missing in ("none", "a\0b"):
        with pytest.raises(DatasetError, match=r"no such file|cannot be read"):
            plugins.reader(str(tmp_path / missing), None, Limits())
    assert "is empty" in str(unrecognised(str(tmp_path / "empty")))
    assert "not a dataset that can be read" in str(unrecognised(str(tmp_path / "foreign")))
    with pytest.raises(DatasetError, match="nosuchprotocol"):
        FolderReader().recognises("nosuchprotocol://x")


def test_remote_folders_are_read_like_local_ones(tmp_path: Path) -> None:
    """Folders, archives and metadata behind a URL give the addresses and bytes that a local copy gives."""
    files = {"a.png": PICTURE, "s/b.png": PICTURE, "s/metadata.jsonl": b'{"file_name": "b.png", "by": "Bo"}'}
    filesystem = fsspec.filesystem("memory")
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
        filesystem.pipe_file(f"/remote-folder/{name}", data)

    local = items_of(FolderReader(), str(tmp_path))

    assert items_of(FolderReader(), "memory://remote-folder") == local
    assert items_of(FolderReader(), f"file://{tmp_path}") == local


def test_remote_listings_cannot_lead_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's names outside of the folder that was asked for are left out."""
    filesystem = fsspec.filesystem("memory")
    filesystem.pipe_file("/served/a.png", PICTURE)
    names = ["/served/a.png", "/other/b.png", "/served/../c.png", "/served/.."]
    monkeypatch.setattr(
        type(filesystem),
        "ls",
        lambda self, path, detail=True: [{"name": name, "type": "file"} for name in names],  # noqa: ARG005
    )

    assert ids_of("memory://served") == ["a.png"]


@given(st.text(max_size=40))
def test_encoding_a_name_can_be_undone(name: str) -> None:
    """Every name comes back from its address, which is printable and holds no separator."""
    raw = os.fsdecode(name.encode("utf-8", "replace"))
    encoded = encode_name(raw)

    assert decode_name(encoded) == raw
    assert not set(encoded) & set("!#;\n\x1b")


@given(st.binary(max_size=40))
def test_bytes_that_are_no_text_survive_as_ids(data: bytes) -> None:
    """The name of any file in Linux comes back from its address."""
    raw = data.decode("utf-8", "surrogateescape")

    assert decode_name(encode_name(raw).encode("utf-8").decode("utf-8")) == raw


def test_names_that_repeat_are_numbered() -> None:
    """The second is `;2`, the third `;3`."""
    names = UniqueNames()

    assert [names.name(name) for name in ("a", "b", "a", "a")] == ["a", "b", "a;2", "a;3"]


def test_special_files_are_told_from_plain_ones(tmp_path: Path) -> None:
    """A device is neither a file nor missing."""
    assert LocalPlace("/dev/null").kind() is EntryKind.SPECIAL
    assert LocalPlace(str(tmp_path / "a\0b")).kind() is EntryKind.MISSING
