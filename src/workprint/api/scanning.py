"""Fingerprint a dataset, match a store, or both at once."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from workprint import __version__, plugins, store
from workprint.api.comparing import Comparison
from workprint.api.keys import trusted_ids
from workprint.api.pictures import CollectPictures, Shown, collect_pictures
from workprint.api.registry import registries_at
from workprint.errors import DatasetError, FormatError, NoMedia, UsageError, WorkprintError
from workprint.findings import Results, write_results
from workprint.ingest import Pipeline
from workprint.matching import thresholds
from workprint.model import Depth, Failure, Finding, Limits, Medium, Progress, Question, RunManifest, ShardCount, Use
from workprint.protocols import Attempt, Engine
from workprint.rights.beside import Sidecar, beside
from workprint.run_lock import only_run
from workprint.shards import Done, IngestShard, ScanShard, ScreenPart, Task
from workprint.stopwatch import added
from workprint.stores.compact import compacted

Watch = Callable[[Progress], None]
STORE = "store"
"""The folder in a scan's results that keeps the fingerprints."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How to scan. The defaults are those of the command line."""

    use: Use = Use.AI_GENERATIVE_TRAINING
    as_of: date = field(default_factory=date.today)
    licensee: str = ""
    """Who wants to use the dataset; grants are to someone."""
    purposes: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    publication_media: tuple[str, ...] = ()
    """What grants may be limited to: what for, where, and in what it will appear."""
    trust: tuple[str, ...] = ()
    """Ids of keys, files of public keys, and indexes that count as their creators' word."""
    depth: Depth = Depth.THOROUGH
    jobs: int = 0
    """Processes; 0 for one per core."""
    engine: str = "local"
    address: str = ""
    """Of the cluster that the engine is to use; empty for `RAY_ADDRESS`, or else this machine."""
    reader: str | None = None
    """Name of the dataset reader; None to recognise the dataset by its content."""
    media_root: str = ""
    """The folder that paths in a manifest are below; empty for the manifest's own."""
    names: bool = False
    """Whether captions and the like are searched for the creators' names."""
    limits: Limits = field(default_factory=Limits)
    profile: bool = False
    """Whether `Progress` says what the processors spend their time on; costs 1 to 2 % of it."""
    retry_failures: bool = False
    """Do again what failed in an earlier run, and only that."""
    signals: Path | None = None
    """What was captured with the items; None to take `signals.jsonl` at the dataset's root if there is one."""

    compact: tuple[str, ...] | None = None
    """For `fingerprint`: write a compact store with these attributes; None for a full one."""

    @property
    def question(self) -> Question:
        """What is asked of the terms."""
        limits = (self.licensee, self.purposes, self.territories, self.publication_media)
        return Question(self.use, self.as_of, *limits)


def fingerprint(
    dataset: str, output: Path, settings: Settings | None = None, watch: Watch | None = None
) -> tuple[ShardCount, ...]:
    """Fingerprint a dataset into a store, or go on where an earlier run was stopped.

    Returns the denominator of each shard.

    Raises:
        UsageError: there is nothing at `dataset`, or `output` lies inside it.
        DatasetError: nothing in `dataset` can be read.
        StoreConflict: `output` holds the store of something else.
    """
    settings = settings or Settings()
    engine = _engine(settings, settings.limits)
    plan = _plan(dataset, output, settings, settings.compact)
    with only_run(output):
        _take_up(plan)
        done = _run(engine, plan, plan.ingest, watch)
        store.finish(output, len(plan.tasks))
    return tuple(one.count for one in done)


def match(
    store_folder: Path,
    portfolios: Sequence[Path],
    output: Path,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Results:
    """Compare a store with portfolios and write the results to `output`. Needs no media.

    A folder among `portfolios` stands for all indexes below it.

    Raises:
        UsageError: the store or a portfolio is not there.
        FormatError: the store or a portfolio is damaged, or not one.
        StoreConflict: the store does not cover its dataset.
        RecipeMismatch: store and portfolio were made in different ways.
    """
    settings, registries = settings or Settings(), registries_at(portfolios)
    if not store_folder.exists():
        raise UsageError(f"{store_folder} does not exist; `workprint fingerprint` makes a fingerprint store")
    _refuse_inside("store", str(store_folder), output)
    header = store.read_header(store_folder)
    store.require_finished(store_folder)
    engine = _engine(settings, header.limits, header.recipes)
    comparison = Comparison.of(registries, _asked(settings, header.recipes), output)
    parts = store.parts(store_folder)
    with only_run(output), comparison.prepared(parts):
        done = _watched(engine.map(comparison.screen, parts), len(parts), watch)
        return _finished(store_folder, output, settings, comparison, done)


def scan(
    dataset: str,
    portfolios: Sequence[Path],
    output: Path,
    settings: Settings | None = None,
    watch: Watch | None = None,
) -> Results:
    """Fingerprint a dataset, compare it with portfolios, and write the results to `output`.

    The same as `fingerprint` into `output/store` and `match` of that, in one pass; and it keeps small pictures and
    clips of what was found, for the report.

    Raises: as `fingerprint` and `match`.
    """
    settings, registries = settings or Settings(), registries_at(portfolios)
    engine = _engine(settings, settings.limits)
    recipes = Pipeline(settings.depth, settings.limits).recipes
    comparison = Comparison.of(registries, _asked(settings, recipes), output)  # before anything is written
    plan = _plan(dataset, output / STORE, settings)
    with only_run(output):
        _take_up(plan)
        with comparison.prepared([task.part(output / STORE) for task in plan.tasks]):
            done = _run(engine, plan, ScanShard(plan.ingest, comparison.screen), watch)
        store.finish(output / STORE, len(plan.tasks))
        results = _finished(output / STORE, output, settings, comparison, done)
        shown = [Shown(one.order, plan.tasks[one.order].shard, tuple(_matches(one))) for one in done]
        collect = CollectPictures(dataset, plan.reader.name, settings.limits)
        collect_pictures(engine, collect, shown, output)
    return results


def _asked(settings: Settings, recipes: Sequence[str]) -> ScreenPart:
    """What is asked of portfolios, which are still to be named."""
    trusted = trusted_ids(settings.trust)
    return ScreenPart((), tuple(recipes), settings.question, trusted, settings.names, profile=settings.profile)


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is to be done for a dataset."""

    reader: Any
    tasks: list[Task]
    ingest: IngestShard
    header: store.StoreHeader


def _plan(dataset: str, folder: Path, settings: Settings, compact: tuple[str, ...] | None = None) -> _Plan:
    if "://" not in dataset and not Path(dataset).exists():
        raise UsageError(f"{dataset} does not exist; give the path or URL of a dataset")
    _refuse_store(dataset)
    _refuse_inside("dataset", dataset, folder)
    pipeline = Pipeline(settings.depth, settings.limits)
    sidecar = settings.signals or beside(dataset)
    reader = plugins.reader(dataset, settings.reader, settings.limits, absolute(settings.media_root))
    tasks = [Task.of(order, shard, reader) for order, shard in enumerate(reader.shards(dataset))]
    if not tasks:
        raise DatasetError(f"{dataset} is empty: there is nothing to scan")
    header = store.StoreHeader(
        __version__,
        without_credentials(dataset),
        reader.name,
        settings.depth,
        pipeline.recipes,
        settings.limits,
        _signals_read(pipeline, sidecar),
    )
    if compact is not None:
        header = compacted(header, compact)
    how = (settings.retry_failures, settings.profile, compact)
    ingest = IngestShard(folder, dataset, reader.name, pipeline, sidecar, *how)
    return _Plan(reader, tasks, ingest, header)


def _take_up(plan: _Plan) -> None:
    """Begin a store, or go on with the one that is there, if it is of the same dataset and made in the same way."""
    folder = plan.ingest.folder
    store.create(folder, plan.header)
    store.require_current(folder, [task.part(folder) for task in plan.tasks])


def _signals_read(pipeline: Pipeline, sidecar: Path | None) -> str:
    """What decides which rights signals the records hold."""
    return f"{pipeline.signals},sidecar={Sidecar(sidecar).digest if sidecar else 'none'}"


def _run(engine: Engine, plan: _Plan, function: Callable[[Task, Attempt], Done], watch: Watch | None) -> list[Done]:
    try:
        done = _watched(engine.map(function, plan.tasks), len(plan.tasks), watch)
    except OSError as error:
        raise WorkprintError(
            f"{plan.ingest.folder} cannot be written ({error.strerror or error}); nothing that is there is lost: "
            "start the same command again when that is mended"
        ) from error
    if not any(one.count.seen for one in done):  # nothing was compared, which must not look like nothing found
        passed_over = sum((Counter(one.count.passed_over) for one in done), Counter[str]())
        files = ", ".join(f"{number} {ending or 'without ending'}" for ending, number in sorted(passed_over.items()))
        raise DatasetError(f"{plan.header.dataset} holds no item: {files or 'no files'} passed over, and nothing else")
    return done


def _watched(done: Iterator[Done], total: int, watch: Watch | None) -> list[Done]:
    """All results in the dataset's order, telling `watch` of each as it comes."""
    finished: list[Done] = []
    seen = failed = found = 0
    spent_s: dict[str, float] = {}
    for one in done:
        finished.append(one)
        seen, failed = seen + one.count.seen, failed + one.count.seen - one.count.fingerprinted
        found += len(_matches(one))
        spent_s = added(spent_s, one.spent_s)
        if watch:
            watch(Progress(len(finished), total, seen, failed, found, spent_s))
    return sorted(finished, key=lambda one: one.order)


def _finished(folder: Path, output: Path, settings: Settings, comparison: Comparison, done: Sequence[Done]) -> Results:
    findings = sorted((finding for one in done for finding in one.findings), key=lambda one: (one.item, one.finding_id))
    counts = tuple(one.count for one in done)
    media = {medium: sum(count.media.get(medium, 0) for count in counts) for medium in Medium}
    header = store.read_header(folder)
    manifest = RunManifest(
        tool_version=__version__,
        dataset=header.dataset,
        dataset_digest=_dataset_digest(folder),
        reader=header.reader,
        depth=header.depth,
        recipes=header.recipes,
        thresholds=thresholds.ALL,
        limits=header.limits,
        signals=header.signals,
        portfolios=comparison.screener.summaries,
        use=settings.use,
        as_of=settings.as_of,
        shards=counts,
        findings=dict(sorted(Counter(map(_kind, findings)).items())),
        expected_false_matches=comparison.screener.expected_false_matches(media),
        licensee=settings.licensee,
        purposes=settings.purposes,
        territories=settings.territories,
        publication_media=settings.publication_media,
    )
    results = Results(manifest, tuple(findings))
    write_results(output, results, _failures(folder, header.recipes))
    return results


def _kind(finding: Finding) -> str:
    """How a manifest counts a finding: a match by its outcome, else what it is instead."""
    return finding.verdict.outcome.value if finding.relation.is_match else finding.relation.value


def _matches(done: Done) -> list[Finding]:
    return [finding for finding in done.findings if finding.relation.is_match]


def _failures(folder: Path, recipes: Sequence[str]) -> Iterator[Failure]:
    """All failures but rows without media: those are counted, and a table of them may have a thousand million."""
    for part in store.parts(folder):
        if store.read_count(part)[0].failed.keys() - {NoMedia.code}:
            rows = store.read_part(part, recipes)
            yield from (row for row in rows if isinstance(row, Failure) and row.code != NoMedia.code)


def _dataset_digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for part in store.parts(folder):
        digest.update(bytes.fromhex(store.read_count(part)[1]))
    return digest.hexdigest()


def _engine(settings: Settings, limits: Limits, stored: Sequence[str] | None = None) -> Engine:
    """To be made first: what it needs gets ready while the rest is planned."""
    if settings.jobs < 0:
        raise UsageError(f"{settings.jobs} jobs cannot be run; give 1 or more, or 0 for one per core")
    return plugins.engine(settings.engine, settings.jobs, limits, settings.address, stored)


def _refuse_store(dataset: str) -> None:
    """Refuse to scan a store, in which there are no media: nothing would be found in it."""
    with suppress(FormatError):
        store.read_header(Path(dataset))
        raise UsageError(f"{dataset} is a fingerprint store and holds no media; compare it with `workprint match`")


def _refuse_inside(kind: str, place: str, folder: Path) -> None:
    """Refuse to write results into a dataset or store: the next run would take them for a part of it."""
    if "://" not in place and folder.resolve().is_relative_to(Path(place).resolve()):
        raise UsageError(f"the results folder {folder} lies inside the {kind} {place}; choose one outside it")


def absolute(root: str) -> str:
    """A folder's path as it is in every process; addresses with a scheme, and nothing, as they are."""
    return root if "://" in root or not root else str(Path(root).absolute())


def without_credentials(uri: str) -> str:
    """A dataset's address without user names, passwords and signed query strings, fit to be written down."""
    if "://" not in uri:
        return uri
    return re.sub(r"(?<=://)[^/@]*@", "", uri).partition("?")[0]
