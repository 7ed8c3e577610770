"""Worker processes that crash, hang and are killed in the middle of a scan."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fault_samples import DEEDS, FaultyEngine, files

from workprint import api, plugins
from workprint.model import Limits
from workprint.shards import COMPARING

WORKING_ON_THE_THIRD = 5
READING_THE_THIRD = 4


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch, settings: api.Settings) -> api.Settings:
    """Settings that run accidents."""
    monkeypatch.setitem(plugins.ENGINES, "faulty", "fault_samples:FaultyEngine")
    return replace(settings, engine="faulty")


def failures(folder: Path) -> list[dict[str, str]]:
    """The lines of `failures.jsonl`."""
    return [json.loads(line) for line in (folder / "failures.jsonl").read_text().splitlines()]


@pytest.mark.fault("a worker process is killed once, at any step of a shard", "the same bytes as undisturbed")
@pytest.mark.parametrize("step", [0, 1, READING_THE_THIRD, WORKING_ON_THE_THIRD, 10, COMPARING])
def test_a_kill_leaves_no_trace(
    step: int, shards: Path, small: Path, undisturbed: Path, faulty: api.Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """The process is replaced and the shard done again."""
    monkeypatch.setenv(DEEDS, f"kill {step} {tmp_path / 'once'}")

    api.scan(str(shards), [small / "mine.workprint"], tmp_path / "out", faulty)

    assert (tmp_path / "once").exists()
    assert files(tmp_path / "out") == files(undisturbed)


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        pytest.param(
            "crash", "worker_lost",
            marks=pytest.mark.fault("an item crashes every process that works on it", "`worker_lost` for it alone"),
        ),
        pytest.param(
            "hang", "timed_out",
            marks=pytest.mark.fault("an item never comes to an end", "`timed_out` for it alone"),
        ),
    ],
)  # fmt: skip
def test_a_deadly_item_costs_itself(
    deed: str, code: str, shards: Path, small: Path, undisturbed: Path, faulty: api.Settings, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """All other lines are those of an undisturbed run, and the item is accounted for."""
    monkeypatch.setenv(DEEDS, f"{deed} {WORKING_ON_THE_THIRD} ")
    limits = Limits(max_item_seconds=3 if deed == "hang" else 600)

    results = api.scan(str(shards), [small / "mine.workprint"], tmp_path / "out", replace(faulty, limits=limits))

    before, now = failures(undisturbed), failures(tmp_path / "out")
    (lost,) = [line for line in now if line not in before]
    assert (lost["item"], lost["code"]) == ("0.tar!24.png", code)
    assert [line for line in now if line != lost] == before
    assert results.manifest.seen == results.manifest.fingerprinted + len(now) == 27
    assert all(
        line in files(undisturbed)["findings.jsonl"] for line in files(tmp_path / "out")["findings.jsonl"].splitlines()
    )


@pytest.mark.fault("a reader crashes between two items", "the shard ends there, with a failure that says so")
def test_a_crash_in_reading_ends_the_shard(
    shards: Path, small: Path, undisturbed: Path, faulty: api.Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read before is kept, and other shards are not touched."""
    monkeypatch.setenv(DEEDS, f"crash {READING_THE_THIRD} ")

    results = api.scan(str(shards), [small / "mine.workprint"], tmp_path / "out", faulty)

    (lost,) = [line for line in failures(tmp_path / "out") if line not in failures(undisturbed)]
    assert (lost["item"], lost["stage"], lost["code"]) == ("0.tar", "read", "worker_lost")
    assert results.manifest.shards[0].fingerprinted == 2
    assert [shard.seen for shard in results.manifest.shards[1:]] == [6, 6, 6, 3]


@pytest.mark.fault(
    "a work crashes every process while a portfolio is indexed", "it is named as one that cannot be found"
)
def test_indexing_survives_a_deadly_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other works are in the index."""
    from core_samples import write_pictures

    monkeypatch.setitem(plugins.ENGINES, "local", "fault_samples:FaultyEngine")
    monkeypatch.setenv(DEEDS, "crash 3 ")

    done = api.index([write_pictures(tmp_path / "works", [1, 2, 3])], tmp_path / "p", jobs=1)

    assert [(one.subject_id, one.code) for one in done.unfindable] == [("picture-2.png", "worker_lost")]
    assert done.works == 2


@pytest.mark.fault(
    "a picture for the report crashes every process that makes it", "it is not shown; all else is as ever"
)
def test_a_deadly_picture_is_not_shown(
    shards: Path, undisturbed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results themselves are written by then."""
    from workprint.api.pictures import PICTURES, CollectPictures, Shown, collect_pictures
    from workprint.findings import read_results

    monkeypatch.setenv(DEEDS, "crash 1 ")
    tasks = list(plugins.reader(str(shards), "folder", Limits()).shards(str(shards)))
    found = read_results(undisturbed).findings
    shown = [
        Shown(order, shard, tuple(one for one in found if one.item.partition("!")[0] == shard.shard_id))
        for order, shard in enumerate(tasks)
    ]
    assert shown[0].findings
    assert shown[0].findings[0].item == "0.tar!0.png", "the item of the step that crashes"

    collect_pictures(FaultyEngine(1, Limits()), CollectPictures(str(shards), "folder", Limits()), shown, tmp_path)

    expected = {path.name for path in (undisturbed / PICTURES).iterdir()}
    gone = expected - {path.name for path in (tmp_path / PICTURES).iterdir()}
    assert {f"{finding.finding_id}.json" for finding in shown[0].findings if finding.item == "0.tar!0.png"} <= gone
