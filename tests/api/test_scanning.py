"""The law: a scan is a fingerprint and a match; the same bytes from one process, from two, and after a stop."""

import json
import shutil
import threading
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import Once, Scanned
from core_samples import picture, write_pictures, write_tar
from workprint import api
from workprint.errors import DatasetError, FormatError, RecipeMismatch, StoreConflict, UsageError
from workprint.model import Depth, Level, Limits, Outcome, Progress, Use

FILES = ("findings.jsonl", "failures.jsonl", "run.json")


def outcome(folder: Path) -> dict[str, bytes]:
    """The bytes of a result."""
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="session")
def several(once: Once) -> Path:
    """A dataset of three shards: loose pictures and two archives, with copies of the small portfolio's works."""

    def make(folder: Path) -> None:
        write_pictures(folder / "data" / "loose", [0, 50, 51])
        (folder / "data" / "loose" / "broken.png").write_bytes(picture(1)[:200])
        write_tar(folder / "data" / "a.tar", {"1.png": picture(1), "2.png": picture(52)})
        write_tar(folder / "data" / "b.tar", {"1.png": picture(53), "2.jpg": picture(2, "JPEG"), "3.png": b""})

    return once("several-shards", make) / "data"


@pytest.fixture(scope="session")
def scan_of_several(once: Once, several: Path, small: Path, settings: api.Settings) -> Path:
    """That dataset, scanned in one process."""
    return once(
        "scan-of-several",
        lambda folder: api.scan(str(several), [small / "mine.workprint"], folder, settings) and None,
    )


def test_a_scan_is_a_fingerprint_and_a_match(scanned: Scanned, settings: api.Settings, tmp_path: Path) -> None:
    """On all bundled media, fingerprinting into a store and matching it later gives the bytes of one scan."""
    api.fingerprint(str(scanned.dataset), tmp_path / "store", settings)
    api.match(tmp_path / "store", scanned.portfolios, tmp_path / "out", settings)

    assert outcome(tmp_path / "out") == outcome(scanned.output)


def test_two_jobs_give_the_same_bytes_as_one(
    several: Path, scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """The number of processes leaves no trace."""
    api.scan(str(several), [small / "mine.workprint"], tmp_path / "out", replace(settings, jobs=2))

    assert outcome(tmp_path / "out") == outcome(scan_of_several)


@pytest.mark.parametrize("lost", [(0,), (1, 2), (0, 1, 2)])
def test_a_stopped_scan_goes_on(
    several: Path, scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path, lost: tuple[int, ...]
) -> None:
    """With some parts gone, a second start makes those and leaves the others, and ends in the same bytes."""
    out = tmp_path / "out"
    shutil.copytree(scan_of_several, out)
    for name in (*FILES, "store/complete.json"):
        (out / name).unlink()
    parts = sorted((out / "store" / "parts").iterdir())
    for at in lost:
        parts[at].unlink()
    kept = {path: path.stat().st_mtime_ns for path in parts if path.exists()}

    api.scan(str(several), [small / "mine.workprint"], out, settings)

    assert outcome(out) == outcome(scan_of_several)
    assert {path: path.stat().st_mtime_ns for path in kept} == kept


def test_nothing_is_left_beside_the_results(scan_of_several: Path) -> None:
    """No temporary file stays behind."""
    assert not list(scan_of_several.rglob("*.tmp"))


def test_every_item_is_accounted_for(scan_of_several: Path) -> None:
    """What was seen was compared or failed, in all and in each shard, and every failure has its line."""
    manifest = api.read_results(scan_of_several).manifest
    failures = list(api.read_failures(scan_of_several))

    assert (manifest.seen, manifest.fingerprinted) == (9, 7)
    assert [(one.subject_id, one.code) for one in failures] == [
        ("b.tar!3.png", "empty"),
        ("loose/broken.png", "truncated"),
    ]
    assert all(shard.seen == shard.fingerprinted + sum(shard.failed.values()) for shard in manifest.shards)


def test_findings_come_in_order_with_their_verdict(scan_of_several: Path) -> None:
    """Copies of the works are found, by address, and judged by the terms."""
    findings = api.read_results(scan_of_several).findings

    assert [(one.item, one.work) for one in findings] == [
        ("a.tar!1.png", "picture-1.png"),
        ("b.tar!2.jpg", "picture-2.png"),
        ("loose/picture-0.png", "picture-0.png"),
    ]
    assert {(one.verdict.outcome, one.level) for one in findings} == {(Outcome.PROHIBITED, Level.ERROR)}


def test_the_run_says_how_it_was_made(scan_of_several: Path, several: Path, small: Path) -> None:
    """Dataset, portfolio, use, day, recipes and thresholds are in `run.json`, and no clock."""
    manifest = api.read_results(scan_of_several).manifest

    assert (manifest.dataset, manifest.reader) == (str(several), "folder")
    assert (manifest.use, manifest.as_of) == (Use.AI_GENERATIVE_TRAINING, date(2026, 1, 1))
    assert [(one.path, one.works) for one in manifest.portfolios] == [(str(small / "mine.workprint"), 3)]
    assert manifest.thresholds
    assert 0.0 < manifest.expected_false_matches < 0.01


def test_another_use_is_another_verdict(
    scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A store can be matched again for another use: the terms are silent on mining."""
    mining = replace(settings, use=Use.DATA_MINING)

    results = api.match(scan_of_several / "store", [small / "mine.workprint"], tmp_path / "out", mining)

    assert {(one.verdict.outcome, one.level) for one in results.findings} == {(Outcome.UNKNOWN, Level.WARNING)}


def test_two_portfolios_in_one_run(scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Works of two creators are looked for at once; each finding names its creator."""
    write_pictures(tmp_path / "works", [50])
    other = tmp_path / "other.workprint"
    api.index([tmp_path / "works"], other, api.Labels("Someone Else"), jobs=1)

    results = api.match(scan_of_several / "store", [small / "mine.workprint", other], tmp_path / "out", settings)

    assert [(one.item, one.creator) for one in results.findings if one.creator != "Nell Drawn"] == [
        ("loose/picture-50.png", "Someone Else")
    ]
    assert len(results.findings) == 4


def test_works_that_were_added_are_found_in_the_same_process(
    scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """An index that grew between two runs of one program is read anew."""
    mine = tmp_path / "mine.workprint"
    shutil.copy(small / "mine.workprint", mine)
    before = api.match(scan_of_several / "store", [mine], tmp_path / "before", settings)
    write_pictures(tmp_path / "more", [50])
    api.index([tmp_path / "more"], mine, jobs=1)

    after = api.match(scan_of_several / "store", [mine], tmp_path / "after", settings)

    assert (len(before.findings), len(after.findings)) == (3, 4)


def test_a_store_of_something_else_is_not_continued(
    several: Path, scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """Another dataset or another depth needs another folder."""
    out, portfolios = tmp_path / "out", [small / "mine.workprint"]
    shutil.copytree(scan_of_several, out)
    write_pictures(tmp_path / "other", [1])

    with pytest.raises(StoreConflict, match="of another dataset"):
        api.scan(str(tmp_path / "other"), portfolios, out, settings)
    with pytest.raises(StoreConflict, match="with another depth and recipes"):
        api.scan(str(several), portfolios, out, replace(settings, depth=Depth.FAST))
    with pytest.raises(StoreConflict, match="with another limits"):
        api.scan(str(several), portfolios, out, replace(settings, limits=Limits(max_pixels=10)))
    assert outcome(out) == outcome(scan_of_several)


def test_a_dataset_that_changed_is_not_continued(small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Fingerprints of files that are others now do not pass for theirs."""
    dataset, portfolios = write_pictures(tmp_path / "data", [50]), [small / "mine.workprint"]
    assert api.scan(str(dataset), portfolios, tmp_path / "out", settings).findings == ()
    (dataset / "picture-50.png").write_bytes(picture(1))

    with pytest.raises(StoreConflict, match="has changed"):
        api.scan(str(dataset), portfolios, tmp_path / "out", settings)
    assert len(api.scan(str(dataset), portfolios, tmp_path / "new", settings).findings) == 1


def test_an_unfinished_store_is_not_matched(
    scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """What was not fingerprinted would pass for not found."""
    shutil.copytree(scan_of_several / "store", tmp_path / "store")
    (tmp_path / "store" / "complete.json").unlink()

    with pytest.raises(StoreConflict, match="only in part"):
        api.match(tmp_path / "store", [small / "mine.workprint"], tmp_path / "out", settings)


def test_a_store_of_another_depth_has_no_match_in_the_portfolio(
    several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A portfolio serves both depths."""
    fast = replace(settings, depth=Depth.FAST)

    assert len(api.scan(str(several), [small / "mine.workprint"], tmp_path / "out", fast).findings) == 3


def test_a_store_of_another_recipe_is_refused(
    scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A store by another version of a fingerprint is never compared."""
    shutil.copytree(scan_of_several / "store", tmp_path / "store")
    header = tmp_path / "store" / "store.json"
    header.write_text(header.read_text().replace("image.phash/1;", "image.phash/0;"))

    with pytest.raises(RecipeMismatch, match=r"image\.phash/0"):
        api.match(tmp_path / "store", [small / "mine.workprint"], tmp_path / "out", settings)


def test_progress_is_told_shard_by_shard(several: Path, small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Whoever watches is told of each shard, and at last of all."""
    told: list[Progress] = []

    api.scan(str(several), [small / "mine.workprint"], tmp_path / "out", settings, told.append)

    assert [one.shards_done for one in told] == [1, 2, 3]
    assert told[-1] == Progress(3, 3, 9, 2, 3)


@pytest.mark.parametrize("jobs", [-1, -100])
def test_a_number_of_jobs_that_is_none_is_refused(several: Path, small: Path, tmp_path: Path, jobs: int) -> None:
    """Only 0 and more can be run."""
    with pytest.raises(UsageError, match="cannot be run"):
        api.scan(str(several), [small / "mine.workprint"], tmp_path / "out", api.Settings(jobs=jobs))


def test_results_are_not_written_into_the_dataset(small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """The next scan would take them for items."""
    write_pictures(tmp_path / "data", [1])

    with pytest.raises(UsageError, match="lies inside the dataset"):
        api.scan(str(tmp_path / "data"), [small / "mine.workprint"], tmp_path / "data" / "out", settings)


def test_a_store_is_taken_for_no_dataset(several: Path, small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Whoever scans one is told to match it, and results are not written into it."""
    store, portfolios = tmp_path / "store", [small / "mine.workprint"]
    api.fingerprint(str(several), store, settings)

    with pytest.raises(UsageError, match="compare it with `workprint match`"):
        api.scan(str(store), portfolios, tmp_path / "out", settings)
    with pytest.raises(UsageError, match="lies inside the store"):
        api.match(store, portfolios, store / "out", settings)
    assert not (tmp_path / "out").exists()


def test_a_dataset_without_an_item_is_an_error(settings: api.Settings, tmp_path: Path) -> None:
    """A table in which nothing is an item is not one in which nothing was found."""
    (tmp_path / "data").mkdir()
    pq.write_table(pa.table({"number": [1, 2]}), tmp_path / "data" / "a.parquet")

    with pytest.raises(DatasetError, match=r"data holds no item: 1 \.parquet passed over"):
        api.scan(str(tmp_path / "data"), [], tmp_path / "out", settings)
    assert not (tmp_path / "out" / "findings.jsonl").exists()


def test_wrong_paths_are_told_before_anything_is_written(small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Each missing thing is named, and no folder is made for it."""
    portfolio, out = small / "mine.workprint", tmp_path / "out"
    (tmp_path / "empty").mkdir()

    with pytest.raises(UsageError, match="missing does not exist"):
        api.scan(str(tmp_path / "missing"), [portfolio], out, settings)
    with pytest.raises(UsageError, match="missing does not exist"):
        api.fingerprint(str(tmp_path / "missing"), out, settings)
    with pytest.raises(UsageError, match="missing does not exist"):
        api.match(tmp_path / "missing", [portfolio], out, settings)
    with pytest.raises(FormatError, match="is not a fingerprint store"):
        api.match(tmp_path / "empty", [portfolio], out, settings)
    with pytest.raises(DatasetError, match="empty"):
        api.scan(str(tmp_path / "empty"), [portfolio], out, settings)
    assert not out.exists()


def test_names_that_are_no_text_are_scanned(small: Path, settings: api.Settings, tmp_path: Path) -> None:
    """A folder whose name is not UTF-8 is a folder like any other, and so is a caption of half a surrogate."""
    dataset = tmp_path / "data\udcff"
    write_pictures(dataset, [1])
    (dataset / "picture-1.png").rename(dataset / "\udcfe.png")

    results = api.scan(str(dataset), [small / "mine.workprint"], tmp_path / "out", settings)

    assert [one.item for one in results.findings] == [one.item for one in api.read_results(tmp_path / "out").findings]
    assert len(results.findings) == 1
    assert api.read_results(tmp_path / "out").manifest.dataset == str(dataset)


@pytest.mark.parametrize(
    ("uri", "written"),
    [
        ("s3://bucket/data", "s3://bucket/data"),
        ("https://me:secret@example.org/data?signature=abc", "https://example.org/data"),
        ("data?x@y", "data?x@y"),
    ],
)
def test_credentials_are_not_written_down(uri: str, written: str) -> None:
    """User names, passwords and signatures stay out of headers and reports."""
    from workprint.api.scanning import without_credentials

    assert without_credentials(uri) == written


def test_it_runs_beside_other_threads(
    scan_of_several: Path, small: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """Two matches at once in one process do not disturb each other."""

    def run(name: str) -> None:
        api.match(scan_of_several / "store", [small / "mine.workprint"], tmp_path / name, settings)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert outcome(tmp_path / "a")["findings.jsonl"] == outcome(tmp_path / "b")["findings.jsonl"]
    assert outcome(tmp_path / "a")["findings.jsonl"] == outcome(scan_of_several)["findings.jsonl"]


def test_a_sidecar_at_the_root_speaks_for_items_without_any_portfolio(tmp_path: Path, settings: api.Settings) -> None:
    """An item is found by its address; `--signals` names another file; both halves agree."""
    data = write_pictures(tmp_path / "data", [1, 2])
    line = {"path": "picture-2.png", "headers": {"x-robots-tag": "noai"}}
    (data / "signals.jsonl").write_text(json.dumps(line) + "\n")
    (tmp_path / "other.jsonl").write_text(json.dumps({**line, "path": "picture-1.png"}) + "\n")

    results = api.scan(str(data), [], tmp_path / "out", settings)
    other = api.scan(str(data), [], tmp_path / "other", replace(settings, signals=tmp_path / "other.jsonl"))
    api.match(tmp_path / "out" / "store", [], tmp_path / "matched", settings)

    assert [(one.item, one.relation.value) for one in results.findings] == [("picture-2.png", "reserved")]
    assert [one.item for one in other.findings] == ["picture-1.png"]
    assert results.manifest.seen == 2
    assert results.manifest.said["ai_training=not_allowed"] == 1
    same = [(tmp_path / folder / "findings.jsonl").read_bytes() for folder in ("out", "matched")]
    assert same[0] == same[1]
