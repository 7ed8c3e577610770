"""What happens to one shard: it is ingested into its part of the store, and the part is screened.

These are the functions an engine runs. Each is a frozen object that can be sent to another process, together with a
task that names a shard; what is costly to open is opened once per process.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from workprint import compared, plugins, store
from workprint.datasets.addresses import decode_name
from workprint.errors import WorkprintError
from workprint.ingest import Known, Pipeline, ingest
from workprint.model import Finding, Question, Shard, ShardCount
from workprint.protocols import IDLE, Attempt, DatasetReader
from workprint.rights.beside import Sidecar
from workprint.screen import Screener, settled
from workprint.stopwatch import Activity, added, begin, during, each, taken
from workprint.stores.compact import kept, smaller

COMPARING = 1 << 40
"""The steps of a task from which on items are compared, one for each row of its part; below are those of ingesting."""


@dataclass(frozen=True, slots=True)
class Task:
    """A shard, its position in the dataset, and the state it was in when the dataset was listed."""

    order: int
    shard: Shard
    state: str

    @classmethod
    def of(cls, order: int, shard: Shard, reader: DatasetReader | None = None) -> Task:
        """Look at a shard; with the reader, also at the files that a manifest links to."""
        linked = stamps(reader, shard) if getattr(reader, "links", False) else ()
        return cls(order, shard, state_of(shard, linked))

    def part(self, folder: Path) -> store.Part:
        """Where its records belong."""
        return store.part_for(folder, self.order, self.state)


def stamps(reader: DatasetReader | None, shard: Shard) -> Iterator[str]:
    """The state that each of the files is in that a shard links to; costs no reading of them."""
    for read in reader.read(shard) if reader else ():
        yield read[1].stamp if isinstance(read, tuple) else ""


def state_of(shard: Shard, linked: Iterable[str] = ()) -> str:
    """A digest that changes when a shard does: its name and extent and, where its files are local, their sizes and
    times. What is at a URL is taken to stay as it is while its listing does."""
    state: list[Any] = [shard.shard_id, str(shard.extent)]
    if "://" not in shard.uri:
        names = shard.extent if isinstance(shard.extent, tuple) else ("",)
        state += [_stamp(Path(shard.uri, decode_name(name))) for name in names]
    digest = hashlib.sha256(json.dumps(state).encode())
    for stamp in linked:
        digest.update(json.dumps(stamp).encode())
    return digest.hexdigest()


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):
        return None
    return status.st_size, status.st_mtime_ns


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a shard."""

    order: int
    count: ShardCount
    findings: tuple[Finding, ...] = ()
    spent_s: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Processor seconds by activity."""


@dataclass(frozen=True, slots=True)
class IngestShard:
    """Fingerprints a shard into its part of a store, unless the part is there already."""

    folder: Path
    uri: str
    reader: str
    pipeline: Pipeline
    sidecar: Path | None = None
    """What was captured with the items."""
    retry_failures: bool = False
    """Do again what failed, and only that."""
    profile: bool = False
    """Whether to take the times that it spends."""
    compact: tuple[str, ...] | None = None
    """For a compact store, the attributes that are kept."""

    def __call__(self, task: Task, attempt: Attempt) -> Done:
        """Do it. Raises `OSError` where the store cannot be written."""
        if self.profile:
            begin()
        part = task.part(self.folder)
        recipes = self.pipeline.recipes if self.compact is None else kept(self.pipeline.recipes)
        known = Known()
        if part.path.exists():
            count = store.read_count(part)[0]
            if not (self.retry_failures and count.failed):
                return Done(task.order, count)
            known = Known(store.read_part(part, recipes))
        reader = _reader(self.uri, self.reader, self.pipeline)
        self._require_reach()
        rows = ingest(reader, task.shard, self.pipeline, _sidecar(self.sidecar), attempt, known)
        if self.compact is not None:
            rows = map(partial(smaller, attributes=self.compact), rows)
        with during(Activity.WRITE):
            rows = each(rows, Activity.OTHER)
            count = store.write_part(part, task.shard.shard_id, rows, recipes)
        return Done(task.order, count, spent_s=taken())

    def _require_reach(self) -> None:
        """Refuse to begin where the dataset or the store is not: on a machine of a cluster that does not share them,
        all items would fail. Raises `WorkprintError`."""
        for place in (self.folder, *(() if "://" in self.uri else (Path(self.uri),))):
            if not place.exists():
                raise WorkprintError(
                    f"{place} is not there on {platform.node()}: on a cluster, the dataset has to be at a URL or, like "
                    "the results folder, in a folder that all nodes share"
                )


@dataclass(frozen=True, slots=True)
class Registry:
    """Portfolios that are looked up together: those of one folder, or one by itself."""

    paths: tuple[Path, ...]
    digests: tuple[str, ...]
    """Of the portfolios: what lies at their paths now must be what was opened when the run began."""


@dataclass(frozen=True, slots=True)
class ScreenPart:
    """Compares a part of a store with portfolios."""

    registries: tuple[Registry, ...]
    recipes: tuple[str, ...]
    question: Question
    trusted: frozenset[str] = frozenset()
    """Ids of keys and digests of portfolios that the operator vouches for."""
    names: bool = False
    """Whether captions are searched for creators' names."""
    joined: Path | None = None
    """Where the tables lie that large registries are looked up by."""
    compared: Path | None = None
    """Where what comes of each part and registry is kept, and is taken from where it is known."""
    profile: bool = False
    """Whether to take the times that it spends."""

    def key(self, registry: Registry) -> str:
        """Names all that decides what a registry says of a part."""
        return compared.key_of(registry.digests, self.recipes, self.question, self.trusted, self.names)

    def __call__(self, part: store.Part, attempt: Attempt) -> Done:
        """Do it.

        Raises:
            FormatError: the part is damaged.
            WorkprintError: a portfolio was changed, or an item cannot be compared. Not to compare it would be to say
                that it holds nothing, so none is given up here.
        """
        if self.profile:
            begin()
        attempt.mark(IDLE)
        claims: list[Finding] = []
        unknown: list[Registry] = []
        digest = compared.digest_of(part) if self.compared and self.registries else ""
        for registry in self.registries:
            known = compared.load(self.compared, part, digest, self.key(registry)) if self.compared else None
            claims.extend(known or ())
            unknown.extend([registry] if known is None else [])
        if unknown or not self.registries:
            claims.extend(self._claims(part, tuple(unknown), attempt))
        for registry in unknown:
            own = {*registry.digests, ""}  # what items say of themselves, each would say
            told = (claim for claim in claims if claim.portfolio in own)
            if self.compared:
                compared.save(self.compared, part, digest, self.key(registry), told)
        return Done(part.order, store.read_count(part)[0], tuple(settled(claims)), taken())

    def _claims(self, part: store.Part, registries: tuple[Registry, ...], attempt: Attempt) -> list[Finding]:
        for step in sorted(step for step in attempt.lost if step >= COMPARING):
            raise WorkprintError(
                f"item {step - COMPARING:,} of {store.read_count(part)[0].shard_id}, or one soon after it, cannot be "
                f"compared: {attempt.lost[step]}; find out with which portfolio by leaving them out one by one"
            )
        screener = _screener(replace(self, registries=registries))
        rows = each(store.read_columns(part, self.recipes), Activity.READ_BACK)
        claims = list(screener.claims(rows, lambda row: attempt.mark(COMPARING + row)))
        attempt.mark(IDLE)
        return claims


@dataclass(frozen=True, slots=True)
class ScanShard:
    """Both, one after the other: by construction the same as doing them apart."""

    ingest: IngestShard
    screen: ScreenPart

    def __call__(self, task: Task, attempt: Attempt) -> Done:
        """Do it. Raises as its two halves."""
        ingested = self.ingest(task, attempt)
        screened = self.screen(task.part(self.ingest.folder), attempt)
        return replace(screened, spent_s=added(ingested.spent_s, screened.spent_s))


@lru_cache(maxsize=1)
def _sidecar(path: Path | None) -> Sidecar | None:
    return Sidecar(path) if path else None


@lru_cache(maxsize=1)
def _reader(uri: str, name: str, pipeline: Pipeline) -> DatasetReader:
    return plugins.reader(uri, name, pipeline.limits)


@lru_cache(maxsize=1)
def _screener(screen: ScreenPart) -> Screener:
    paths = [registry.paths for registry in screen.registries]
    screener = Screener(paths, screen.recipes, screen.question, screen.trusted, verify=False, names=screen.names)
    expected = [digest for registry in screen.registries for digest in registry.digests]
    for summary, digest in zip(screener.summaries, expected, strict=True):
        if summary.digest != digest:
            raise WorkprintError(f"{summary.path} was changed during the run; start the same command again")
    if screen.joined:
        screener.take([screen.joined / screen.key(registry) for registry in screen.registries])
    return screener
