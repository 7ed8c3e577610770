"""Whole stores: compact, merged, verified, counted."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from core_samples import PHASH, image_record
from workprint import store
from workprint.cli import main
from workprint.errors import RecipeMismatch, StoreConflict, UsageError
from workprint.model import Depth, Failure, Fingerprint, FingerprintRecord, Limits, Medium, PassedOver, Stage, TimeSpan
from workprint.serial.image_layout import POINT, Features, encode
from workprint.serial.records import Row
from workprint.stores.compact import compact
from workprint.stores.merge import merge
from workprint.stores.stats import stats
from workprint.stores.verify import verify

FEATURES = "image.features/1;for=tests"
SKETCH = "image.minhash/1;permutations=4"
PEAKS = "audio.peaks/1;for=tests"
RECIPES = (FEATURES, PHASH, SKETCH, PEAKS)


def with_features(subject_id: str, seed: int) -> FingerprintRecord:
    """A picture with a fingerprint of each kind."""
    record = image_record(subject_id, seed)
    others = (Fingerprint(FEATURES, encode(Features(90, 60, np.empty(0, POINT)))), Fingerprint(SKETCH, bytes(16)))
    return FingerprintRecord(
        subject_id,
        record.medium,
        record.digest,
        record.content_digest,
        record.size_bytes,
        record.extent,
        (*record.fingerprints, *others),
    )


def sound(subject_id: str) -> FingerprintRecord:
    """A recording of two hours."""
    print_ = Fingerprint(PEAKS, b"", 1.0, TimeSpan(0.0, 7200.0))
    return FingerprintRecord(subject_id, Medium.AUDIO, "11" * 32, "22" * 32, 1, (7200.0,), (print_,))


def make(folder: Path, names: str, recipes: tuple[str, ...] = RECIPES, dataset: str = "d") -> Path:
    """A finished store with a part for each name: a picture, a recording, a failure, a text beside them."""
    store.create(folder, store.StoreHeader("1", dataset, "folder", Depth.THOROUGH, recipes, Limits()))
    for order, name in enumerate(names):
        rows: list[Row | PassedOver] = [
            (with_features(f"{name}/picture", ord(name)), {"url": f"u-{name}", "caption": "secret"}),
            PassedOver("readme.txt", ".txt"),
            Failure(f"{name}/broken", Stage.DECODE, "truncated", "quotes a secret"),
            (sound(f"{name}/sound"), {}),
        ]
        store.write_part(store.part_for(folder, order, name * 16), name, rows, recipes)
    store.finish(folder, len(names))
    return folder


def rows_of(folder: Path) -> list[Row]:
    """All rows of a store."""
    recipes = store.read_header(folder).recipes
    return [row for part in store.parts(folder) for row in store.read_part(part, recipes)]


def test_a_compact_store_counts_the_same_and_holds_less(tmp_path: Path) -> None:
    """Hash, signature, digests and address stay; features, peaks, captions and quoted text go."""
    source = make(tmp_path / "a", "xy")

    compact(source, tmp_path / "small", ["url"])

    assert [store.read_count(part) for part in store.parts(tmp_path / "small")] == [
        store.read_count(part) for part in store.parts(source)
    ]
    assert store.read_header(tmp_path / "small").recipes == (PHASH, SKETCH)
    for before, after in zip(rows_of(source), rows_of(tmp_path / "small"), strict=True):
        if isinstance(before, Failure):
            assert isinstance(after, Failure)
            assert (after.subject_id, after.code, after.detail) == (before.subject_id, before.code, "")
            continue
        assert not isinstance(after, Failure)
        assert after[0].fingerprints == before[0].made_by(PHASH) + before[0].made_by(SKETCH)
        assert (after[0].digest, after[0].content_digest) == (before[0].digest, before[0].content_digest)
        assert after[1] == {name: value for name, value in before[1].items() if name == "url"}
    assert list(verify(tmp_path / "small")) == []


def test_no_file_of_a_compact_store_holds_what_was_left_out(tmp_path: Path) -> None:
    """Not in the header, not in statistics of columns either."""
    compact(make(tmp_path / "a", "x"), tmp_path / "small")

    for path in (path for path in (tmp_path / "small").rglob("*") if path.is_file()):
        assert b"secret" not in path.read_bytes()
    (part,) = store.parts(tmp_path / "small")
    assert "secret" not in str(pq.read_table(part.path).to_pylist())


def test_merged_stores_hold_the_parts_of_all_in_order(tmp_path: Path) -> None:
    """Bytes of parts are the same; the header names both datasets."""
    sources = [make(tmp_path / "a", "xy", dataset="first"), make(tmp_path / "b", "z", dataset="second")]

    merge(sources, tmp_path / "both")

    assert rows_of(tmp_path / "both") == [row for source in sources for row in rows_of(source)]
    assert store.read_header(tmp_path / "both").dataset == "first + second"
    assert list(verify(tmp_path / "both")) == []


def test_stores_that_do_not_belong_together_are_not_merged(tmp_path: Path) -> None:
    """Other recipes, an address twice, one store only, an unfinished one, a folder that is there."""
    a, b = make(tmp_path / "a", "x"), make(tmp_path / "b", "y")
    for sources, error, said in (
        ([a, make(tmp_path / "c", "z", (*RECIPES, "image.other/1;"))], RecipeMismatch, "other recipes"),
        ([a, make(tmp_path / "d", "x")], StoreConflict, "'x/picture'"),
        ([a], UsageError, "at least two"),
    ):
        with pytest.raises(error, match=said):
            merge(sources, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    with pytest.raises(StoreConflict, match="exists"):
        merge([a, b], b)
    (b / store.COMPLETE).unlink()
    with pytest.raises(StoreConflict, match="only in part"):
        merge([a, b], tmp_path / "out")


def test_verify_finds_a_record_that_was_changed(tmp_path: Path) -> None:
    """Another digest, with all counts as they were; a value of another size; a part that is missing; one cut short."""
    source = make(tmp_path / "a", "x")
    (part,) = store.parts(source)
    counts = {b"workprint": pq.read_metadata(part.path).metadata[b"workprint"]}
    table = pq.read_table(part.path).replace_schema_metadata(counts)
    good = part.path.read_bytes()

    changed = table.to_pylist()
    changed[0]["digest"] = bytes(32)
    pq.write_table(type(table).from_pylist(changed, table.schema), part.path)
    assert "addresses or digests" in next(iter(verify(source)))

    changed = table.to_pylist()
    changed[0]["fingerprints"][0]["value"] = b"short"
    pq.write_table(type(table).from_pylist(changed, table.schema), part.path)
    assert "5 bytes where 32 belong" in next(iter(verify(source)))

    part.path.write_bytes(good[:-100])
    assert "damaged" in next(iter(verify(source)))

    part.path.unlink()
    assert "lacks parts" in next(iter(verify(source)))


def test_verify_finds_counts_that_are_not_so(tmp_path: Path) -> None:
    """A part that says it holds two pictures and no recording."""
    source = make(tmp_path / "a", "x")
    (part,) = store.parts(source)
    table = pq.read_table(part.path)
    summary = json.loads(pq.read_metadata(part.path).metadata[b"workprint"])
    summary["count"]["media"] = {"image": 2}
    pq.write_table(table.replace_schema_metadata({"workprint": json.dumps(summary)}), part.path)

    assert [problem for problem in verify(source) if "not those it counts" in problem]


def test_stats_count_and_weigh(tmp_path: Path) -> None:
    """Items by medium, hours, bytes of each recipe."""
    held = stats(make(tmp_path / "a", "xyz"))

    assert (held.shards, held.seen, held.media, held.failed) == (3, 9, {"audio": 3, "image": 3}, {"truncated": 3})
    assert held.audio_s == 3 * 7200.0
    assert (held.recipes[PHASH].fingerprints, held.recipes[PHASH].value_bytes) == (3, 96)
    assert held.disk_bytes == sum(path.stat().st_size for path in (tmp_path / "a" / "parts").iterdir())


def test_the_commands_do_the_same(tmp_path: Path) -> None:
    """Each says what came of it, and `verify` exits with 3 for a damaged store."""
    a, b = str(make(tmp_path / "a", "x")), str(make(tmp_path / "b", "y"))

    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["store", *arguments])
        return result.exit_code, result.output

    merged, small = str(tmp_path / "m"), str(tmp_path / "s")
    assert "6 seen = 4 fingerprinted (audio 2, image 2) + 2 failed" in run("merge", a, b, "-o", merged)[1]
    assert "4.00 hours" in run("stats", merged)[1]
    code, said = run("compact", merged, "-o", small)
    assert (code, "32 a picture" in said) == (0, True)
    assert run("verify", small)[0] == 0
    (tmp_path / "s" / "complete.json").unlink()
    assert run("verify", small)[0] == 3
    assert run("compact", merged, "-o", small)[0] == 3


def test_of_a_failure_too_only_what_is_named_is_kept(tmp_path: Path) -> None:
    """What a dataset says of an item that could not be read is no less its own."""
    source = tmp_path / "full"
    store.create(source, store.StoreHeader("1", "d", "folder", Depth.THOROUGH, RECIPES, Limits()))
    failed = Failure("x", Stage.DECODE, "truncated", "quotes", {"caption": "secret", "url": "u"})
    store.write_part(store.part_for(source, 0, "0" * 16), "s", [failed], RECIPES)
    store.finish(source, 1)

    compact(source, tmp_path / "small", ["url"])

    header = store.read_header(tmp_path / "small")
    assert header.attributes == ("url",)
    (row,) = store.read_part(store.parts(tmp_path / "small")[0], header.recipes)
    assert row == Failure("x", Stage.DECODE, "truncated", "", {"url": "u"})
