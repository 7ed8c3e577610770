"""Tar and zip archives: groups, damage, and members that nobody should open."""

import gzip
import io
import json
import struct
import tarfile
import tracemalloc
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from workprint.datasets import holding
from workprint.datasets.archives import TarReader, ZipReader
from workprint.errors import DatasetError
from workprint.model import Failure, Item, Limits, PassedOver
from workprint.protocols import DatasetReader, Read
from workprint.testing import address_of, items_in, items_of, small_picture

PICTURE = small_picture(7)


def reads_of(reader: DatasetReader, path: Path) -> list[Read]:
    """Everything a reader yields."""
    return [read for shard in reader.shards(str(path)) for read in reader.read(shard)]


def failures_of(reader: DatasetReader, path: Path) -> list[tuple[str, str]]:
    """Who failed, and with which code."""
    return [(read.subject_id, read.code) for read in reads_of(reader, path) if isinstance(read, Failure)]


def tar_bytes(members: list[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT, **fields: object) -> bytes:
    """A tar archive with these members, in order; `fields` are set on every header."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in members:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for key, value in fields.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def tar_file(tmp_path: Path, data: bytes) -> Path:
    """Those bytes as `a.tar`."""
    (tmp_path / "a.tar").write_bytes(data)
    return tmp_path / "a.tar"


def test_files_of_one_key_share_their_attributes(tmp_path: Path) -> None:
    """Two media and their texts under one key are two items with the same attributes, whatever the order."""
    said = json.dumps({"url": "https://example.org/1", "width": 12}).encode()
    members = [("d/1.jpg", PICTURE), ("d/1.json", said), ("d/1.thumb.png", PICTURE), ("d/1.txt", b"a boat\n")]
    path = tar_file(tmp_path, tar_bytes([*members, ("d/2.jpg", PICTURE)]))

    items = [item for item, _ in items_of(TarReader(), str(path))]

    both = {"url": "https://example.org/1", "width": 12, "caption": "a boat"}
    assert [(item.item_id, item.attributes) for item in items] == [
        ("a.tar!d/1.jpg", both),
        ("a.tar!d/1.thumb.png", both),
        ("a.tar!d/2.jpg", {}),
    ]


def test_texts_and_indexes_in_archives_are_passed_over(tmp_path: Path) -> None:
    """What does not claim to be media is counted, by its ending, and is no item."""
    path = tar_file(tmp_path, tar_bytes([("README", b"x"), ("1.cls", b"3"), ("1.jpg", b""), ("._1.jpg", b"x")]))

    reads = reads_of(TarReader(), path)

    assert [(read.item_id, read.ending) for read in reads if isinstance(read, PassedOver)] == [
        ("a.tar!README", ""),
        ("a.tar!1.cls", ".cls"),
        ("a.tar!._1.jpg", ".jpg"),
    ]
    assert [(item.attributes, data) for item, data in items_in(reads)] == [({"cls": "3"}, b"")]


def said_by(reader: TarReader, path: Path) -> list[object]:
    """All that is read, whatever the shard."""
    return [
        (read[0].item_id, read[0].attributes, read[1].open().read()) if isinstance(read, tuple) else read
        for read in reads_of(reader, path)
    ]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_come_out_of_every_tar_format(form: int, tmp_path: Path) -> None:
    """Names beyond 100 characters are whole, in the three ways tar has of writing them."""
    name = "folder/" * 15 + "x" * 60 + ".png"
    path = tar_file(tmp_path, tar_bytes([(name, PICTURE), ("after.png", PICTURE)], form))

    assert [item.item_id for item, _ in items_of(TarReader(), str(path))] == [f"a.tar!{name}", "a.tar!after.png"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    members=st.lists(
        st.tuples(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=120), st.binary(max_size=900)),
        min_size=1,
        max_size=8,
    ),
    form=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]),
    run_bytes=st.integers(1, 5000),
)
def test_the_tar_reader_agrees_with_the_standard_library(
    members: list[tuple[str, bytes]], form: int, run_bytes: int, tmp_path: Path
) -> None:
    """Whatever `tarfile` writes, our reader finds the same contents in the same order, under unique ids, as a whole and
    in runs."""
    named = [(f"{name.encode('utf-8', 'replace').decode()}.bin", b"\1" + data) for name, data in members]
    path = tar_file(tmp_path, tar_bytes(named, form))

    assert said_by(TarReader(run_bytes=run_bytes), path) == said_by(TarReader(), path)
    found = items_of(TarReader(), str(path))
    others = [read for read in reads_of(TarReader(), path) if not isinstance(read, tuple)]

    passed_over = [read.item_id for read in others if isinstance(read, PassedOver)]
    assert len(found) + len(passed_over) == len(named)
    assert [data for _, data in found] == [data for name, data in named if not name.rpartition("/")[2].startswith(".")]
    assert len({item.item_id for item, _ in found}) == len(found)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_tar_raises(data: st.DataObject, tmp_path: Path) -> None:
    """Bytes changed anywhere, or the end cut off anywhere: items and failures, and no exception."""
    whole = bytearray(tar_bytes([("a.png", PICTURE), ("b" * 120 + ".png", PICTURE), ("c.json", b"{}")]))
    for position in data.draw(st.lists(st.integers(512, len(whole) - 1), max_size=6)):
        whole[position] = data.draw(st.integers(0, 255))
    path = tar_file(tmp_path, bytes(whole[: data.draw(st.integers(513, len(whole)))]))

    for read in reads_of(TarReader(), path):
        assert address_of(read).startswith("a.tar")
    assert said_by(TarReader(run_bytes=700), path) == said_by(TarReader(), path)


def test_a_run_ends_where_a_group_ends(tmp_path: Path) -> None:
    """What is said of a medium stands in files of its key, and none of them is in another run."""
    members = []
    for key in ("a", "b", "c"):
        said = json.dumps({"caption": key}).encode()
        members += [(f"{key}.png", PICTURE), (f"{key}.json", said), (f"{key}.txt", b"text"), (f"{key}.wav", b"sound")]
    path = tar_file(tmp_path, tar_bytes(members))
    reader = TarReader(run_bytes=600)

    shards = list(reader.shards(str(path)))
    assert [len([read for read in reader.read(shard) if isinstance(read, tuple)]) for shard in shards] == [2, 2, 2]
    assert shards[0].shard_id == f"a.tar#bytes=0-{len(shards[0].extent or ()) - 1}"
    assert said_by(reader, path) == said_by(TarReader(), path)


def test_members_of_one_name_are_numbered_in_one_run(tmp_path: Path) -> None:
    """Who reads a part only could not tell the second from the first."""
    path = tar_file(tmp_path, tar_bytes([(name, PICTURE) for name in ("a.png", "b.png", "c.png", "a.png")]))

    assert [shard.shard_id for shard in TarReader(run_bytes=600).shards(str(path))] == ["a.tar"]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_zip_raises(data: st.DataObject, tmp_path: Path) -> None:
    """The same for zip archives."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a.png", "b.png", "b.json"):
            archive.writestr(name, PICTURE)
    whole = bytearray(buffer.getvalue())
    for position in data.draw(st.lists(st.integers(4, len(whole) - 1), max_size=6)):
        whole[position] = data.draw(st.integers(0, 255))
    path = tmp_path / "a.zip"
    path.write_bytes(whole[: data.draw(st.integers(4, len(whole)))])

    try:
        reads = reads_of(ZipReader(), path)
    except DatasetError:
        return
    for read in reads:
        assert address_of(read).startswith("a.zip")


@pytest.mark.parametrize("mode", ["plain", "gzip"])
def test_a_truncated_tar_gives_what_came_before(mode: str, tmp_path: Path) -> None:
    """Members before the cut are items; then the shard fails once, as truncated."""
    whole = tar_bytes([(f"{number}.png", small_picture(number, 40)) for number in range(8)])
    data = whole[: len(whole) // 2] if mode == "plain" else gzip.compress(whole)[: len(gzip.compress(whole)) // 2]
    path = tar_file(tmp_path, data)

    reads = reads_of(TarReader(), path)

    assert len(items_in(reads)) >= 2
    assert isinstance(reads[-1], Failure)
    assert (reads[-1].subject_id, reads[-1].code) == ("a.tar", "truncated")
    assert sum(isinstance(read, Failure) for read in reads) == 1


def test_a_tar_cut_between_two_members_is_truncated(tmp_path: Path) -> None:
    """A missing end mark is noticed, though every member is whole."""
    path = tar_file(tmp_path, tar_bytes([("a.png", b"1" * 512), ("b.png", b"2" * 512)])[:1024])

    assert [read.code for read in reads_of(TarReader(), path) if isinstance(read, Failure)] == ["truncated"]


def test_joined_tars_are_read_to_the_end(tmp_path: Path) -> None:
    """Members behind a first end mark are items too."""
    path = tar_file(tmp_path, tar_bytes([("a.png", PICTURE)]) + tar_bytes([("b.png", PICTURE)]))

    assert [item.item_id for item, _ in items_of(TarReader(), str(path))] == ["a.tar!a.png", "a.tar!b.png"]


def test_a_damaged_header_is_not_taken_for_the_end(tmp_path: Path) -> None:
    """Members behind a damaged header cannot be found, and that is said."""
    whole = bytearray(tar_bytes([("a.png", PICTURE), ("b.png", PICTURE)]))
    second = 512 + len(PICTURE) + -len(PICTURE) % 512
    whole[second + 3] ^= 0xFF

    assert failures_of(TarReader(), tar_file(tmp_path, bytes(whole))) == [("a.tar", "undecodable")]


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_in_a_tar_are_never_opened(kind: bytes, tmp_path: Path) -> None:
    """They fail as unsafe paths, and what follows them is read."""
    data = tar_bytes([("a.png", b"")], type=kind, linkname="/etc/passwd")[:512] + tar_bytes([("b.png", PICTURE)])
    path = tar_file(tmp_path, data)

    assert failures_of(TarReader(), path) == [("a.tar!a.png", "unsafe_path")]
    assert [item.item_id for item, _ in items_of(TarReader(), str(path))] == ["a.tar!b.png"]


def test_names_in_archives_open_nothing_and_stay_apart(tmp_path: Path) -> None:
    """Paths that climb, line feeds, escapes and repeated names are ids like others."""
    names = ["../../etc/a.png", "/abs.png", "line\nfeed.png", "\x1b[31mred.png", "same.png", "same.png", "same.png;2"]
    path = tar_file(tmp_path, tar_bytes([(name, PICTURE) for name in names]))

    assert [item.item_id.partition("!")[2] for item, _ in items_of(TarReader(), str(path))] == [
        "../../etc/a.png",
        "/abs.png",
        "line%0Afeed.png",
        "%1B[31mred.png",
        "same.png",
        "same.png;2",
        "same.png%3B2",
    ]


def test_names_that_are_no_utf8_are_valid_ids(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are percent-encoded."""
    path = tar_file(tmp_path, tar_bytes([("caf\udce9.png", PICTURE)], tarfile.GNU_FORMAT))

    assert [item.item_id for item, _ in items_of(TarReader(), str(path))] == ["a.tar!caf%E9.png"]


def test_large_members_fail_without_being_read(tmp_path: Path) -> None:
    """More bytes than the limits allow are skipped over, in both kinds of archive."""
    limits = Limits(max_item_bytes=1000)
    path = tar_file(tmp_path, tar_bytes([("a.png", b"1" * 5_000_000), ("b.png", PICTURE[:1000])]))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a.png", b"1" * 5000)
        archive.writestr("b.png", PICTURE[:1000])

    assert failures_of(TarReader(limits), path) == [("a.tar!a.png", "too_large")]
    assert failures_of(ZipReader(limits), tmp_path / "a.zip") == [("a.zip!a.png", "too_large")]
    assert len(items_of(TarReader(limits), str(path))) == len(items_of(ZipReader(limits), str(tmp_path / "a.zip"))) == 1


def test_a_header_that_promises_too_much_costs_nothing(tmp_path: Path) -> None:
    """A member that states terabytes, and an extended header that does, end in a failure at once."""
    huge = tarfile.TarInfo("a.png")
    huge.size = 1 << 44
    pax = tarfile.TarInfo("pax")
    pax.type, pax.size = tarfile.XHDTYPE, 1 << 33

    first = failures_of(TarReader(), tar_file(tmp_path, huge.tobuf(tarfile.GNU_FORMAT) + PICTURE))
    second = failures_of(TarReader(), tar_file(tmp_path, pax.tobuf(tarfile.GNU_FORMAT) + PICTURE))

    assert [code for _, code in first] == ["too_large", "truncated"]
    assert second == [("a.tar", "undecodable")]


def test_large_members_are_held_on_disk_and_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A member above the bound lies in a temporary file, for as long as it or its group is being read."""
    monkeypatch.setattr(holding, "MAX_BYTES_IN_MEMORY", 1000)
    monkeypatch.setattr(holding.tempfile, "tempdir", str(tmp_path / "held"))
    (tmp_path / "held").mkdir()
    big = small_picture(1, 40)
    path = tar_file(tmp_path, tar_bytes([("a.png", big), ("b.png", big)]))
    reads = TarReader().read(next(TarReader().shards(str(path))))

    first = next(reads)
    assert isinstance(first, tuple)
    assert first[1].read() == first[1].read() == big
    assert list((tmp_path / "held").iterdir())
    assert len(items_in(reads)) == 1
    assert not list((tmp_path / "held").iterdir())


def test_a_long_tar_is_read_in_constant_memory(tmp_path: Path) -> None:
    """Three thousand members, all of one key, cost no more than a few."""
    path = tar_file(tmp_path, tar_bytes([("key.png", b"x" * 2000)] * 3000))
    tracemalloc.start()

    count = sum(1 for _ in TarReader().read(next(TarReader().shards(str(path)))))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 3000
    assert peak_bytes < 3_000_000


def test_a_damaged_zip_member_costs_only_itself(tmp_path: Path) -> None:
    """A wrong checksum is a failure; the members after it are read."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.png", "b.png", "c.png"):
            archive.writestr(name, name.encode() * 50)
    path.write_bytes(path.read_bytes().replace(b"b.pngb.png", b"b.pngB.png", 1))

    assert failures_of(ZipReader(), path) == [("a.zip!b.png", "undecodable")]
    assert [item.item_id for item, _ in items_of(ZipReader(), str(path))] == ["a.zip!a.png", "a.zip!c.png"]


def test_a_zip_bomb_is_refused(tmp_path: Path) -> None:
    """A member that unpacks to far more than media can is not unpacked."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.png", "w") as member:
        for _ in range(66):
            member.write(bytes(1 << 20))

    assert failures_of(ZipReader(), path) == [("a.zip!a.png", "too_large")]


def test_encrypted_and_oddly_packed_members_are_unsupported(tmp_path: Path) -> None:
    """What cannot be opened without a password or without bounds is a failure of its own."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", PICTURE, zipfile.ZIP_LZMA)
        archive.writestr("b.png", PICTURE)
    data = bytearray(path.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    data[second + 8 : second + 10] = struct.pack("<H", 1)
    path.write_bytes(data)

    assert failures_of(ZipReader(), path) == [("a.zip!a.png", "unsupported"), ("a.zip!b.png", "unsupported")]


def test_files_beside_a_zip_member_become_its_attributes(tmp_path: Path) -> None:
    """A JSON file and a text of the same name say something of the member."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("d/a.png", PICTURE)
        archive.writestr("d/a.json", '{"license": "CC0", "score": NaN}')
        archive.writestr("d/a.txt", "a cat")

    ((item, _),) = items_of(ZipReader(), str(path))

    assert item == Item("a.zip!d/a.png", "a.zip#members=0-2", {"license": "CC0", "score": None, "caption": "a cat"})


def test_zip_shards_cover_every_member_once(tmp_path: Path) -> None:
    """Ranges of members meet without gap or overlap, and duplicates keep their numbers across shards."""
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that names repeat is what is tested
        for number in range(1500):
            archive.writestr(f"{number % 1200}.png", b"x")

    shards = list(ZipReader().shards(str(path)))
    addresses = [item.item_id for item, _ in items_of(ZipReader(), str(path))]

    assert [shard.shard_id for shard in shards] == ["a.zip#members=0-1023", "a.zip#members=1024-1499"]
    assert len(addresses) == len(set(addresses)) == 1500
    assert addresses[-1] == "a.zip!299.png;2"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    members=st.lists(
        st.tuples(st.text(st.characters(exclude_characters="\0"), min_size=1, max_size=60), st.binary(max_size=900)),
        min_size=1,
        max_size=8,
    ),
    method=st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED]),
    prefix=st.binary(max_size=40),
    comment=st.binary(max_size=40),
    limit=st.sampled_from([zipfile.ZIP64_LIMIT, 100]),
)
def test_the_zip_reader_agrees_with_the_standard_library(
    members: list[tuple[str, bytes]], method: int, prefix: bytes, comment: bytes, limit: int, tmp_path: Path
) -> None:
    """Whatever `zipfile` writes, in 32 or 64 bits, behind a program or before a comment, comes out in order."""
    buffer = io.BytesIO()
    named = [(f"x{name.encode('utf-8', 'replace').decode()}.bin", b"\1" + data) for name, data in members]
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        patch.setattr(zipfile, "ZIP64_LIMIT", limit)
        with zipfile.ZipFile(buffer, "w", method) as archive:
            archive.comment = comment.replace(b"PK", b"")
            for name, data in named:
                archive.writestr(name, data)
    path = tmp_path / "a.zip"
    path.write_bytes(prefix + buffer.getvalue())

    found = items_of(ZipReader(), str(path))

    assert [data for _, data in found] == [data for name, data in named if not name.rpartition("/")[2].startswith(".")]
    assert len({item.item_id for item, _ in found}) == len(found)


def test_archives_without_anything_to_read_say_so(tmp_path: Path) -> None:
    """An empty zip is an error, a zip without its end a failure, a missing file an error."""
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04" + bytes(100))

    with pytest.raises(DatasetError, match="no files in it"):
        list(ZipReader().shards(str(tmp_path / "empty.zip")))
    with pytest.raises(DatasetError, match="no such file"):
        list(TarReader().shards(str(tmp_path / "missing.tar")))
    assert failures_of(ZipReader(), tmp_path / "cut.zip") == [("cut.zip", "truncated")]
