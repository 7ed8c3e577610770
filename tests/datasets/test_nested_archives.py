"""Archives in archives: addresses that lead through all of them, and bounds on what strangers pack."""

import gzip
import tarfile
import tracemalloc
from datetime import date
from pathlib import Path

import pytest
from test_dataset_kits import tar_bytes as tar
from test_dataset_kits import zip_bytes as packed

from core_samples import picture
from workprint import api
from workprint.datasets import archives
from workprint.datasets.archives import TarReader, ZipReader
from workprint.datasets.folder import FolderReader
from workprint.errors import WorkprintError
from workprint.model import Failure, PassedOver
from workprint.protocols import DatasetReader, Read
from workprint.testing import items_of, small_picture

PICTURE = small_picture(7)


def reads_of(reader: DatasetReader, tmp_path: Path, data: bytes) -> list[Read]:
    """Everything that is read in an archive called `a`."""
    (tmp_path / "a").write_bytes(data)
    return [read for shard in reader.shards(str(tmp_path / "a")) for read in reader.read(shard)]


def said_of(reads: list[Read]) -> list[tuple[str, str]]:
    """Addresses, and what became of them."""
    return [
        (read.subject_id, read.code)
        if isinstance(read, Failure)
        else ((read.item_id, "passed over") if isinstance(read, PassedOver) else (read[0].item_id, "item"))
        for read in reads
    ]


def test_an_address_leads_through_all_archives(tmp_path: Path) -> None:
    """Whatever the archives are called, and with characters of addresses in every name; repeated names are numbered."""
    album = packed({"d/1!.png": PICTURE, "2.png": PICTURE})
    data = tar({"x!y.jpg": album, "b": gzip.compress(tar({"c.zip": album, "README": b"x"}))})

    assert said_of(reads_of(TarReader(), tmp_path, data)) == [
        ("a!x%21y.jpg!d/1%21.png", "item"),
        ("a!x%21y.jpg!2.png", "item"),
        ("a!b!c.zip!d/1%21.png", "item"),
        ("a!b!c.zip!2.png", "item"),
        ("a!b!README", "passed over"),
    ]


def test_items_belong_to_the_shard_of_the_outermost(tmp_path: Path) -> None:
    """What is said beside an inner archive is said of all in it, unless nearer files say otherwise."""
    album = packed({"1.png": PICTURE, "1.txt": b"near", "2.png": PICTURE})
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.zip").write_bytes(
        packed({"k.zip": album, "k.json": b'{"license": "CC0", "caption": "far"}'})
    )

    items = [item for item, _ in items_of(FolderReader(), str(tmp_path / "data"))]

    assert [(item.item_id, item.shard_id, item.attributes) for item in items] == [
        ("a.zip!k.zip!1.png", "a.zip#members=0-1", {"license": "CC0", "caption": "near"}),
        ("a.zip!k.zip!2.png", "a.zip#members=0-1", {"license": "CC0", "caption": "far"}),
    ]


def test_what_lies_too_deep_is_one_failure(tmp_path: Path) -> None:
    """Three archives in the outermost are opened, the fourth is not; what is beside it is read."""
    deepest = packed({"1.png": PICTURE})
    data = packed({"1": tar({"2": packed({"3": tar({"4": deepest, "5.png": PICTURE})})})})

    reads = reads_of(ZipReader(), tmp_path, data)

    assert said_of(reads) == [("a!1!2!3!4", "unsupported"), ("a!1!2!3!5.png", "item")]


def test_tables_in_archives_are_failures(tmp_path: Path) -> None:
    """They are not opened, and not silently dropped either."""
    assert said_of(reads_of(TarReader(), tmp_path, tar({"a.parquet": b"PAR1" + bytes(99)}))) == [
        ("a!a.parquet", "unsupported")
    ]


def test_a_damaged_archive_in_an_archive_costs_itself_only(tmp_path: Path) -> None:
    """Under its own address."""
    inner = tar({"1.png": PICTURE[:500], "2.png": PICTURE[:500]})
    reads = reads_of(TarReader(), tmp_path, tar({"cut.tar": inner[:1800], "cut.zip": packed({"a": b"x" * 99})[:60],
                                                 "after.png": PICTURE}))  # fmt: skip

    assert said_of(reads) == [
        ("a!cut.tar!1.png", "item"),
        ("a!cut.tar", "truncated"),
        ("a!cut.zip", "truncated"),
        ("a!after.png", "item"),
    ]


def test_archives_that_multiply_are_one_failure(tmp_path: Path) -> None:
    """As 42.zip: each layer holds the next many times. What is beside is read."""
    layer = packed({f"{number}.png": bytes(60 << 20) for number in range(2)})
    for _ in range(2):
        layer = packed({f"{number}.zip": layer for number in range(20)})
    tracemalloc.start()
    said = said_of(reads_of(TarReader(), tmp_path, tar({"bomb.zip": layer, "after.png": PICTURE})))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert said[-2:] == [("a!bomb.zip", "too_large"), ("a!after.png", "item")]
    assert len(said) < 60
    assert peak_bytes < 200 << 20


def test_a_packed_tar_that_unpacks_to_anything_is_one_failure(tmp_path: Path) -> None:
    """Also where nothing of it is an item, because a large member would only be passed over."""
    head = tarfile.TarInfo("large.txt")
    head.size = 1 << 33
    bomb = gzip.compress(head.tobuf() + bytes(100 << 20))

    assert said_of(reads_of(ZipReader(), tmp_path, packed({"b.tgz": bomb, "after.png": PICTURE}))) == [
        ("a!b.tgz!large.txt", "passed over"),
        ("a!b.tgz", "too_large"),
        ("a!after.png", "item"),
    ]


def test_very_many_members_in_all_are_one_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However they are spread over the archives in it."""
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    inner = packed({f"{number}.png": b"x" for number in range(4)})
    said = said_of(reads_of(TarReader(), tmp_path, tar({"b.zip": packed({f"{n}.zip": inner for n in range(4)})})))

    assert len(said) == 9
    assert said[-1] == ("a!b.zip", "too_large")


def test_a_work_in_an_archive_in_an_archive_is_found(small: Path, tmp_path: Path) -> None:
    """With its picture for the report; and a copy without it is refused in a sentence that says what to do."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.tar").write_bytes(tar({"b.zip": packed({"1.png": picture(0), "2.png": picture(70)})}))
    out = tmp_path / "out"

    results = api.scan(str(data), [small / "mine.workprint"], out, api.Settings(as_of=date(2026, 1, 1), jobs=1))

    assert [finding.item for finding in results.findings] == ["a.tar!b.zip!1.png"]
    assert results.manifest.seen == results.manifest.fingerprinted == 2
    assert len(list((out / "pictures").iterdir())) == 1
    everything = {finding.verdict.outcome for finding in results.findings}
    with pytest.raises(WorkprintError, match=r"a\.tar!b\.zip is an archive in an archive.*unpack it"):
        api.clean(data, out, tmp_path / "clean", everything)
    assert not (tmp_path / "clean").exists()
