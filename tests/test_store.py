"""The fingerprint store: whole or absent, counted, and checked when it comes from somewhere else."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core_samples import PHASH, SOUND, attributes, failures, image_record, records, stored
from workprint import store
from workprint.errors import FormatError, NewerFormatError, StoreConflict
from workprint.model import Depth, Failure, Limits, PassedOver, ShardCount, Stage
from workprint.store import StoreHeader

RECIPES = (PHASH, SOUND)
HEADER = StoreHeader("1.0", "data", "folder", Depth.FAST, RECIPES, Limits())
EMPTY = Failure("b.png", Stage.DECODE, "empty", "no bytes")
rows = st.lists(
    st.tuples(records(), attributes) | failures | st.builds(PassedOver, st.text(max_size=5), st.just(".txt")),
    max_size=5,
)


def files(folder: Path) -> list[str]:
    """Names of all files below a folder."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with one part: a record, a failure and a file passed over."""
    place = tmp_path / "store"
    store.create(place, HEADER)
    written = [(image_record("a.png", 1), {"url": "u"}), EMPTY, PassedOver("c.txt", ".txt")]
    store.write_part(store.part_for(place, 0, "shard"), "shard", written, RECIPES)
    store.finish(place, 1)
    return place


def the_part(folder: Path) -> store.Part:
    """The only part."""
    (part,) = store.parts(folder)
    return part


@settings(max_examples=20)
@given(rows)
def test_a_part_gives_back_what_was_put_in(given_rows: list[Any]) -> None:
    """Records and failures come back in order, files passed over are counted only, and the counts add up."""
    with TemporaryDirectory() as name:
        store.create(Path(name), HEADER)
        written = store.write_part(store.part_for(Path(name), 0, "s"), "s", iter(given_rows), RECIPES)
        part = the_part(Path(name))
        back = list(store.read_part(part, RECIPES))
        read, _ = store.read_count(part)

    kept = [row for row in given_rows if not isinstance(row, PassedOver)]
    assert back == [stored(row) for row in kept]
    assert read == written
    assert read.seen == len(kept) == read.fingerprinted + sum(read.failed.values())
    assert read.fingerprinted == sum(read.media.values())
    assert sum(read.passed_over.values()) == len(given_rows) - len(kept)


def test_a_part_of_many_rows_keeps_their_order(tmp_path: Path) -> None:
    """More rows than are written at once are written as a stream."""
    record = image_record("a", 1)
    store.create(tmp_path, HEADER)
    count = 5_000
    many = ((replace(record, subject_id=f"{at:05d}"), {}) for at in range(count))
    written = store.write_part(store.part_for(tmp_path, 0, "s"), "s", many, RECIPES)

    back = [row[0].subject_id for row in store.read_part(the_part(tmp_path), RECIPES) if not isinstance(row, Failure)]

    assert written.seen == count
    assert back == [f"{at:05d}" for at in range(count)]


def test_a_header_comes_back(folder: Path) -> None:
    """What a store says of itself is read as it was written."""
    assert store.read_header(folder) == HEADER


def test_a_store_is_taken_up_again(folder: Path) -> None:
    """The same dataset in the same way goes on; nothing is written anew."""
    before = files(folder)

    store.create(folder, replace(HEADER, tool_version="1.1"))

    assert files(folder) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dataset": "other"}, r"of another dataset \(data\)"),
        ({"depth": Depth.THOROUGH}, "with another depth"),
        ({"reader": "tar"}, "with another reader"),
        ({"limits": Limits(max_pixels=5), "recipes": (PHASH,)}, "with another recipes and limits"),
    ],
)
def test_another_store_is_not_overwritten(folder: Path, change: dict[str, Any], message: str) -> None:
    """Fingerprints made otherwise do not belong into one store, and the message says in what they differ."""
    with pytest.raises(StoreConflict, match=message):
        store.create(folder, replace(HEADER, **change))


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file in the way is a sentence, not a traceback."""
    (tmp_path / "file").write_text("")

    with pytest.raises(StoreConflict, match="cannot be written"):
        store.create(tmp_path / "file" / "store", HEADER)


def test_a_finished_store_is_accepted(folder: Path) -> None:
    """Every shard has its part."""
    store.require_finished(folder)


def test_an_unfinished_store_is_refused(folder: Path) -> None:
    """What is not in it would pass for not found."""
    (folder / store.COMPLETE).unlink()

    with pytest.raises(StoreConflict, match="only in part"):
        store.require_finished(folder)


@pytest.mark.parametrize("shards", [0, 2, -1, 10**30])
def test_a_store_that_lacks_parts_is_refused(folder: Path, shards: int) -> None:
    """The number of parts must be what the finished run said, whatever number that is."""
    with pytest.raises(FormatError, match="lacks parts"):
        store.finish(folder, shards)
    (folder / store.COMPLETE).write_text(json.dumps({"shards": shards}))

    with pytest.raises(FormatError, match="lacks parts"):
        store.require_finished(folder)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"shards": "x"}', '{"shards": null}', '{"shards": 1e999}', "[" * 10**5]
)
def test_a_damaged_end_mark_is_refused(folder: Path, text: str) -> None:
    """Whatever is in `complete.json`, the answer is a `FormatError`."""
    (folder / store.COMPLETE).write_text(text)

    with pytest.raises(FormatError, match=r"complete\.json is damaged"):
        store.require_finished(folder)


@pytest.mark.parametrize("name", ["x.parquet", "²-0.parquet", "-0.parquet"])
def test_a_foreign_file_among_the_parts_is_refused(folder: Path, name: str) -> None:
    """Names that are not ours are not guessed at."""
    (folder / "parts" / name).write_bytes(b"")

    with pytest.raises(FormatError, match="is not a part"):
        store.parts(folder)


def test_nothing_is_left_of_a_part_that_failed(tmp_path: Path) -> None:
    """Where the rows end in an error, neither a part nor a temporary file stays."""

    def broken() -> Iterator[Any]:
        yield from many
        raise ZeroDivisionError("the disk")

    store.create(tmp_path, HEADER)
    before = files(tmp_path)
    many = [(image_record("a", 1), {})] * 5_000

    with pytest.raises(ZeroDivisionError):
        store.write_part(store.part_for(tmp_path, 0, "s"), "s", broken(), RECIPES)

    assert files(tmp_path) == before


def test_an_earlier_file_stays_if_its_successor_cannot_be_written(tmp_path: Path) -> None:
    """`write_atomically` replaces a file or leaves it, and leaves nothing beside it."""
    store.write_atomically(tmp_path / "a", b"first")
    with pytest.raises(TypeError):
        store.write_atomically(tmp_path / "a", "no bytes")  # type: ignore[arg-type]

    assert (tmp_path / "a").read_bytes() == b"first"
    assert files(tmp_path) == ["a"]


def test_a_newer_header_asks_for_an_update(folder: Path) -> None:
    """A store from a newer Workprint is told from a damaged one."""
    header = json.loads((folder / store.HEADER).read_text())
    (folder / store.HEADER).write_text(json.dumps({**header, "version": store.VERSION + 1}))

    with pytest.raises(NewerFormatError, match="update Workprint"):
        store.read_header(folder)


@pytest.mark.parametrize("text", ["", "{}", "[" * 10**5, '{"format": "workprint-store", "version": 1}', "\udc80"])
def test_a_damaged_header_is_refused(folder: Path, text: str) -> None:
    """Whatever is in `store.json`, the answer is a `FormatError`."""
    (folder / store.HEADER).write_text(text, errors="surrogateescape")

    with pytest.raises(FormatError):
        store.read_header(folder)


@pytest.mark.parametrize("change", [{"depth": "deep"}, {"recipes": None}, {"limits": {"max_rows": 1}}, {"limits": 5}])
def test_a_header_of_other_types_is_refused(folder: Path, change: dict[str, Any]) -> None:
    """Each field is checked."""
    header = json.loads((folder / store.HEADER).read_text())
    (folder / store.HEADER).write_text(json.dumps({**header, **change}))

    with pytest.raises(FormatError, match=r"store\.json is damaged"):
        store.read_header(folder)


def test_no_store_is_told(tmp_path: Path) -> None:
    """An empty folder is no store."""
    with pytest.raises(FormatError, match="is not a fingerprint store"):
        store.read_header(tmp_path)


def rewritten(part: store.Part, summary: Any) -> None:
    """Write a part anew with another summary."""
    table = pq.read_table(part.path)
    pq.write_table(table.replace_schema_metadata({"workprint": json.dumps(summary)}), part.path)


def summary_of(part: store.Part) -> Any:
    """The summary in a part."""
    return json.loads(pq.read_metadata(part.path).metadata[b"workprint"])


@pytest.mark.parametrize(
    "change",
    [{"seen": 3}, {"fingerprinted": 2}, {"failed": {}}, {"seen": 1, "failed": {}}, {"seen": 3, "fingerprinted": 2}],
)
def test_counts_that_do_not_add_up_are_refused(folder: Path, change: dict[str, Any]) -> None:
    """`seen` is what was fingerprinted and what failed, and as many rows are there."""
    part = the_part(folder)
    summary = summary_of(part)
    rewritten(part, {**summary, "count": {**summary["count"], **change}})

    with pytest.raises(FormatError, match="do not add up"):
        store.read_count(part)


@pytest.mark.parametrize(
    "change", [{"seen": "2"}, {"failed": []}, {"failed": {"empty": "1"}}, {"shard_id": 1}, {"media": None}, {"more": 1}]
)
def test_counts_of_other_types_are_refused(folder: Path, change: dict[str, Any]) -> None:
    """Each field of the summary is checked."""
    part = the_part(folder)
    summary = summary_of(part)
    rewritten(part, {**summary, "count": {**summary["count"], **change}})

    with pytest.raises(FormatError, match="no readable counts"):
        store.read_count(part)


@pytest.mark.parametrize("summary", [None, [], {"count": 1}, {"count": {}, "listing_digest": "x"}])
def test_a_part_without_a_summary_is_refused(folder: Path, summary: Any) -> None:
    """A Parquet file of someone else is none of ours."""
    rewritten(the_part(folder), summary)

    with pytest.raises(FormatError, match="no readable counts"):
        store.read_count(the_part(folder))


def test_a_digest_that_is_none_is_refused(folder: Path) -> None:
    """The digest of the listing is hexadecimal."""
    rewritten(the_part(folder), {**summary_of(the_part(folder)), "listing_digest": "../.."})

    with pytest.raises(FormatError, match="no readable counts"):
        store.read_count(the_part(folder))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_part_that_is_cut_short_is_refused(folder: Path, share: float) -> None:
    """A part that lost its end is a `FormatError` to both readers of it."""
    part = the_part(folder)
    data = part.path.read_bytes()
    part.path.write_bytes(data[: int(len(data) * share)])

    with pytest.raises(FormatError, match="is damaged"):
        list(store.read_part(part, RECIPES))
    with pytest.raises(FormatError, match="is damaged"):
        store.read_count(part)


def test_a_part_with_a_damaged_page_is_refused(folder: Path) -> None:
    """Bytes in the middle that were overwritten are found when they are read."""
    part = the_part(folder)
    data = bytearray(part.path.read_bytes())
    data[4 : len(data) // 3] = bytes(len(data) // 3 - 4)
    part.path.write_bytes(data)

    with pytest.raises(FormatError, match="is damaged"):
        list(store.read_part(part, RECIPES))


def test_equal_shards_have_equal_digests(tmp_path: Path) -> None:
    """The digest of the listing changes with an item's address, digest or failure, and with nothing else."""

    def listing(name: str, *given_rows: Any) -> str:
        part = store.part_for(tmp_path, 0, name)
        store.write_part(part, name, given_rows, RECIPES)
        return store.read_count(part)[1]

    store.create(tmp_path, HEADER)
    record = image_record("a", 1)

    assert listing("1", (record, {}), EMPTY) == listing("2", (record, {"url": "u"}), replace(EMPTY, detail="other"))
    assert listing("3", (record, {}), EMPTY) != listing("4", EMPTY, (record, {}))
    assert listing("5", (record, {})) != listing("6", (replace(record, digest="00" * 32), {}))


def test_an_empty_shard_is_a_part(tmp_path: Path) -> None:
    """A shard without anything in it is done, too."""
    store.create(tmp_path, HEADER)

    count = store.write_part(store.part_for(tmp_path, 0, "s"), "s", [], RECIPES)

    assert count == ShardCount("s", 0, 0, {}, {}, {})
    assert list(store.read_part(the_part(tmp_path), RECIPES)) == []
