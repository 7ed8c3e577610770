"""Two runs at once, datasets that change, and what failed done again."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from fault_samples import DEEDS, files

from core_samples import picture, write_pictures, write_tar
from workprint import api, plugins
from workprint.errors import StoreConflict
from workprint.model import Limits
from workprint.run_lock import only_run


@pytest.mark.fault("two runs that write to one folder", "the second is refused, the first is not disturbed")
def test_a_second_run_on_a_folder_is_refused(
    shards: Path, small: Path, undisturbed: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """While the first lives; afterwards the folder is free, and nothing is left in it."""
    portfolios = [small / "mine.workprint"]
    with only_run(tmp_path / "out"):
        with pytest.raises(StoreConflict, match="another run"):
            api.scan(str(shards), portfolios, tmp_path / "out", settings)
        with pytest.raises(StoreConflict, match="another run"):
            api.match(undisturbed / "store", portfolios, tmp_path / "out", settings)
        with pytest.raises(StoreConflict, match="another run"):
            api.fingerprint(str(shards), tmp_path / "out", settings)
    assert files(tmp_path / "out") == {}

    api.scan(str(shards), portfolios, tmp_path / "out", settings)

    assert files(tmp_path / "out") == files(undisturbed)


@pytest.mark.fault("a store of another depth, other limits or another dataset", "refused, with what is different")
def test_a_store_made_otherwise_is_refused(shards: Path, undisturbed: Path, settings: api.Settings) -> None:
    """Parts that were made in different ways never mix."""
    before = files(undisturbed)
    for other in (replace(settings, limits=Limits(max_item_seconds=1)), replace(settings, limits=Limits(max_pixels=9))):
        with pytest.raises(StoreConflict, match="with another limits"):
            api.fingerprint(str(shards), undisturbed / "store", other)
    assert files(undisturbed) == before


@pytest.mark.fault("a file is replaced behind a manifest that stays the same", "noticed; the store is not continued")
def test_a_file_behind_a_manifest_is_not_replaced_unnoticed(settings: api.Settings, tmp_path: Path) -> None:
    """Also when it has the same size and only its time tells."""
    folder = write_pictures(tmp_path / "data", [1, 2])
    (folder / "list.csv").write_text("file\npicture-1.png\npicture-2.png\n")
    api.fingerprint(str(folder / "list.csv"), tmp_path / "store", settings)
    api.fingerprint(str(folder / "list.csv"), tmp_path / "store", settings)
    os.utime(folder / "picture-2.png", ns=(1, 1))

    with pytest.raises(StoreConflict, match="has changed"):
        api.fingerprint(str(folder / "list.csv"), tmp_path / "store", settings)


@pytest.mark.fault(
    "items that failed for a passing reason, done again", "only they are done; the same bytes as a fresh run"
)
def test_what_failed_is_done_again_when_asked(
    shards: Path, small: Path, undisturbed: Path, settings: api.Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A worker that died twice of something else than its item."""
    monkeypatch.setitem(plugins.ENGINES, "faulty", "fault_samples:FaultyEngine")
    portfolios, out = [small / "mine.workprint"], tmp_path / "out"
    monkeypatch.setenv(DEEDS, "kill 5 ")
    api.scan(str(shards), portfolios, out, replace(settings, engine="faulty"))
    assert files(out)["failures.jsonl"] != files(undisturbed)["failures.jsonl"]
    whole = out / "store" / "parts"
    times = {path.name: path.stat().st_mtime_ns for path in whole.iterdir()}

    api.scan(str(shards), portfolios, out, settings)
    assert b"worker_lost" in files(out)["failures.jsonl"]
    api.scan(str(shards), portfolios, out, replace(settings, retry_failures=True))

    assert files(out) == files(undisturbed)
    assert [path.stat().st_mtime_ns for path in whole.iterdir() if path.name.startswith("00000004")] == [
        times[name] for name in times if name.startswith("00000004")
    ], "a shard without failures was done again"


def test_good_items_are_not_fingerprinted_again(settings: api.Settings, tmp_path: Path) -> None:
    """Of a shard with failures, only these are worked on: the record of another one is kept as it is."""
    from workprint.ingest import Known, Pipeline, ingest
    from workprint.model import FingerprintRecord

    write_tar(tmp_path / "a.tar", {"1.png": picture(1), "2.png": b"", "3.png": picture(3)})
    pipeline = Pipeline(settings.depth, settings.limits)
    reader = plugins.reader(str(tmp_path / "a.tar"), None, settings.limits)
    (shard,) = reader.shards(str(tmp_path / "a.tar"))
    rows = [row for row in ingest(reader, shard, pipeline) if isinstance(row, tuple)]
    marked = [(replace(record, size_bytes=7), said) for record, said in rows if isinstance(record, FingerprintRecord)]

    again = list(ingest(reader, shard, pipeline, known=Known(iter(marked))))

    assert [row[0].size_bytes for row in again if isinstance(row, tuple)] == [7, 7]
