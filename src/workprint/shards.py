"""What happens to one shard: it is ingested into its part of the store, and the part is screened.

These are the functions an engine runs. Each is a frozen object that can be sent to another process, together with a
task that names a shard; what is costly to open is opened once per process.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from workprint import plugins, store
from workprint.ingest import Pipeline, ingest
from workprint.model import Finding, Shard, ShardCount, Use
from workprint.protocols import DatasetReader
from workprint.screen import Screener


@dataclass(frozen=True, slots=True)
class Task:
    """A shard, and its position in the dataset."""

    order: int
    shard: Shard


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a shard."""

    order: int
    count: ShardCount
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class IngestShard:
    """Fingerprints a shard into its part of a store, unless the part is there already."""

    folder: Path
    uri: str
    reader: str
    pipeline: Pipeline

    def __call__(self, task: Task) -> Done:
        """Do it. Raises `OSError` where the store cannot be written."""
        part = store.part_for(self.folder, task.order, task.shard.shard_id)
        if part.path.exists():
            return Done(task.order, store.read_count(part)[0])
        rows = ingest(_reader(self.uri, self.reader, self.pipeline), task.shard, self.pipeline)
        return Done(task.order, store.write_part(part, task.shard.shard_id, rows, self.pipeline.recipes))


@dataclass(frozen=True, slots=True)
class ScreenPart:
    """Compares a part of a store with portfolios."""

    portfolios: tuple[Path, ...]
    recipes: tuple[str, ...]
    use: Use

    def __call__(self, part: store.Part) -> Done:
        """Do it. Raises `FormatError` where the part is damaged."""
        screener = _screener(self.portfolios, self.recipes, self.use)
        findings = tuple(screener.screened(store.read_part(part, self.recipes)))
        return Done(part.order, store.read_count(part)[0], findings)


@dataclass(frozen=True, slots=True)
class ScanShard:
    """Both, one after the other: by construction the same as doing them apart."""

    ingest: IngestShard
    screen: ScreenPart

    def __call__(self, task: Task) -> Done:
        """Do it. Raises as its two halves."""
        self.ingest(task)
        return self.screen(store.part_for(self.ingest.folder, task.order, task.shard.shard_id))


@cache
def _reader(uri: str, name: str, pipeline: Pipeline) -> DatasetReader:
    return plugins.reader(uri, name, pipeline.limits)


@cache
def _screener(portfolios: tuple[Path, ...], recipes: tuple[str, ...], use: Use) -> Screener:
    return Screener(portfolios, recipes, use, verify=False)
