"""What is done to one shard: once, and against the portfolio that was opened."""

import os
import pickle
from datetime import date
from pathlib import Path

import pytest

from core_samples import PHASH, contents, write_pictures
from workprint import store
from workprint.datasets.folder import FolderReader
from workprint.errors import WorkprintError
from workprint.ingest import Pipeline
from workprint.model import Depth, Limits, Question, Shard, Use
from workprint.portfolio import Portfolio, write_portfolio
from workprint.protocols import Attempt
from workprint.shards import IngestShard, Registry, ScanShard, ScreenPart, Task

PIPELINE = Pipeline(Depth.FAST, Limits())


@pytest.fixture
def plan(tmp_path: Path) -> tuple[Task, IngestShard]:
    """One shard with a picture, and a store to put it in."""
    dataset = write_pictures(tmp_path / "data", [1])
    folder = tmp_path / "store"
    header = store.StoreHeader("1", str(dataset), "folder", Depth.FAST, PIPELINE.recipes, Limits())
    store.create(folder, header)
    (shard,) = FolderReader().shards(str(dataset))
    return Task.of(0, shard), IngestShard(folder, str(dataset), "folder", PIPELINE)


def screen(path: Path) -> ScreenPart:
    """What compares a part with a portfolio."""
    registry = Registry((path,), (Portfolio(path).digest,))
    return ScreenPart((registry,), (PHASH,), Question(Use.AI_TRAINING, date(2026, 1, 1)))


def test_a_part_that_is_there_is_not_made_again(plan: tuple[Task, IngestShard]) -> None:
    """That is what makes a stopped run go on."""
    task, ingest = plan
    first = ingest(task, Attempt())
    path = task.part(ingest.folder).path
    os.utime(path, (1, 1))

    assert ingest(task, Attempt()) == first
    assert path.stat().st_mtime == 1


def test_both_halves_in_one_are_the_halves_one_after_the_other(plan: tuple[Task, IngestShard], tmp_path: Path) -> None:
    """`ScanShard` is by construction `IngestShard`, then `ScreenPart`."""
    task, ingest = plan
    write_portfolio(tmp_path / "p", contents())

    both = ScanShard(ingest, screen(tmp_path / "p"))(task, Attempt())

    assert [finding.work for finding in both.findings] == ["work-1.png"]
    assert both == screen(tmp_path / "p")(task.part(ingest.folder), Attempt())


def test_a_portfolio_that_grew_is_read_again(plan: tuple[Task, IngestShard], tmp_path: Path) -> None:
    """In one process, a second run against the same path sees what is there now."""
    task, ingest = plan
    ingest(task, Attempt())
    part, path = task.part(ingest.folder), tmp_path / "p"

    write_portfolio(path, contents(works=1))
    before = screen(path)(part, Attempt())
    write_portfolio(path, contents(works=2))
    after = screen(path)(part, Attempt())

    assert (len(before.findings), len(after.findings)) == (0, 1)


def test_a_portfolio_that_changes_during_a_run_ends_it(plan: tuple[Task, IngestShard], tmp_path: Path) -> None:
    """Half a run against one portfolio and half against another would be neither."""
    task, ingest = plan
    ingest(task, Attempt())
    write_portfolio(tmp_path / "p", contents(works=1))
    begun = screen(tmp_path / "p")
    write_portfolio(tmp_path / "p", contents(works=2))

    with pytest.raises(WorkprintError, match="was changed during the run"):
        begun(task.part(ingest.folder), Attempt())


def test_a_part_belongs_to_the_state_of_its_shard(plan: tuple[Task, IngestShard]) -> None:
    """A shard whose files changed is another part, so that old fingerprints do not pass for new ones."""
    task, ingest = plan
    write_pictures(Path(task.shard.uri), [1])
    os.utime(Path(task.shard.uri, "picture-1.png"), (5, 5))

    again = Task.of(0, task.shard)

    assert again.part(ingest.folder) != task.part(ingest.folder)
    assert again == Task.of(0, task.shard)


@pytest.mark.parametrize("missing", ["data", "store"])
def test_a_machine_without_the_dataset_or_the_store_says_so(
    plan: tuple[Task, IngestShard], tmp_path: Path, missing: str
) -> None:
    """On a cluster: otherwise every item would fail, each with a reason of its own."""
    task, ingest = plan
    (tmp_path / missing).rename(tmp_path / "elsewhere")

    with pytest.raises(WorkprintError, match=f"{missing} is not there on .*all nodes share"):
        ingest(task, Attempt())


@pytest.mark.parametrize("name", ["../../etc/passwd", "a\0b", "\udcff", "x" * 5_000])
def test_a_hostile_name_stays_in_the_store(tmp_path: Path, name: str) -> None:
    """The name of a part holds no text from the dataset, only its digest."""
    task = Task.of(3, Shard(name, name))

    assert task.part(tmp_path).path.parent == tmp_path / "parts"
    assert task.part(tmp_path).path.name.startswith("00000003-")


def test_the_work_can_be_sent_to_another_process(plan: tuple[Task, IngestShard], tmp_path: Path) -> None:
    """Functions and tasks are plain data."""
    task, ingest = plan
    write_portfolio(tmp_path / "p", contents())
    both = ScanShard(ingest, screen(tmp_path / "p"))

    assert pickle.loads(pickle.dumps((both, task))) == (both, task)  # noqa: S301 - our own bytes
