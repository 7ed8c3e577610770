"""Make a portfolio index from a creator's files, or add to one."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from workprint import __version__, plugins
from workprint.consent.terms import read_terms, terms_to_json
from workprint.datasets.addresses import encode_name
from workprint.errors import DatasetError, ItemError, UsageError
from workprint.ingest import Pipeline, failure
from workprint.media.pictures import sound_picture, thumbnail
from workprint.model import (
    Blob,
    Depth,
    Failure,
    FingerprintRecord,
    Limits,
    Medium,
    PassedOver,
    Picture,
    Progress,
    Shard,
    Work,
)
from workprint.portfolio import Portfolio, PortfolioContents, write_portfolio
from workprint.protocols import Tables

Watch = Callable[[Progress], None]
_PREVIEW_PX = 320


@dataclass(frozen=True, slots=True)
class Labels:
    """Whose works they are, and what the index is to say of them."""

    creator: str = ""
    contact: str = ""
    terms: Path | None = None
    previews: bool = False
    """Put small pictures and waveforms of the works into the index."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """What came of indexing."""

    path: Path
    added: int
    replaced: int
    works: int
    """In the index now."""
    unfindable: tuple[Failure, ...]
    """Files of this run that could not be fingerprinted, so that no scan can find them."""
    passed_over: int
    """Files of this run that do not claim to be media."""
    alike: tuple[tuple[str, str], ...]
    """Pairs of works in the index that are the same file twice."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """A work on its way into the index."""

    work: Work
    record: FingerprintRecord
    preview: Picture | None


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of one shard of a creator's files."""

    entries: tuple[_Entry, ...]
    failures: tuple[Failure, ...]
    passed_over: int


@dataclass(frozen=True, slots=True)
class _IndexShard:
    """Fingerprints one shard of a creator's files, in every way that datasets are fingerprinted."""

    reader: str
    prefix: str
    labels: Labels
    limits: Limits

    def __call__(self, shard: Shard) -> _Outcome:
        entries, failures, passed_over = [], [], 0
        for read in plugins.reader(shard.uri, self.reader, self.limits).read(shard):
            if isinstance(read, PassedOver):
                passed_over += 1
            elif isinstance(read, Failure):
                failures.append(replace(read, subject_id=self.prefix + read.subject_id))
            else:
                try:
                    entries.append(self._entry(self.prefix + read[0].item_id, read[1]))
                except (ItemError, OSError) as error:
                    failures.append(failure(self.prefix + read[0].item_id, error))
        return _Outcome(tuple(entries), tuple(failures), passed_over)

    def _entry(self, work_id: str, blob: Blob) -> _Entry:
        record = Pipeline(Depth.THOROUGH, self.limits).record(work_id, blob, as_work=True)
        if record.medium is Medium.IMAGE:
            fast = Pipeline(Depth.FAST, self.limits).record(work_id, blob, as_work=True)
            record = replace(record, fingerprints=(*record.fingerprints, *fast.fingerprints))
        work = Work(work_id, _title(work_id), self.labels.creator, self.labels.contact, None, record.medium)
        return _Entry(work, record, _preview(blob, record.medium, self.limits) if self.labels.previews else None)


def index(
    paths: Sequence[Path],
    output: Path,
    labels: Labels | None = None,
    limits: Limits | None = None,
    jobs: int = 0,
    watch: Watch | None = None,
) -> Indexed:
    """Fingerprint works and write a portfolio index; an index that is there already is added to.

    A work's id is its path below the folder it was found in; with several `paths`, the folder's name comes before
    it. A work of the same id and creator is replaced.

    Raises:
        UsageError: a path or the folder of `output` is missing, two works have one id, or there is no work at all.
        FormatError: `output` is there and is no portfolio index, or the terms cannot be understood.
    """
    limits = limits or Limits()
    if not output.parent.is_dir():
        raise UsageError(f"{output.parent} is no folder; choose a place for the index that is there")
    before = _contents_of(output)
    labels = _completed(labels or Labels(), output, before)
    terms = read_terms(labels.terms) if labels.terms else None
    outcomes = list(_outcomes(paths, labels, limits, (jobs, watch)))
    new = [entry for outcome in outcomes for entry in outcome.entries]
    failures = tuple(one for outcome in outcomes for one in outcome.failures)
    if terms:
        new = [replace(entry, work=replace(entry.work, terms_id=terms.terms_id)) for entry in new]
    _refuse_double(new)
    if not new and not before.works:
        raise UsageError(_nothing_found(paths, failures))
    all_terms = {line["terms_id"]: line for line in (*before.terms, *([terms_to_json(terms)] if terms else ()))}
    contents = _joined(before, new, failures, all_terms)
    write_portfolio(output, contents)
    return Indexed(
        path=output,
        added=len(contents.works) - len(before.works),
        replaced=len(new) - len(contents.works) + len(before.works),
        works=len(contents.works),
        unfindable=failures,
        passed_over=sum(outcome.passed_over for outcome in outcomes),
        alike=tuple(_alike(contents)),
    )


def _outcomes(
    paths: Sequence[Path], labels: Labels, limits: Limits, run: tuple[int, Watch | None]
) -> Iterator[_Outcome]:
    jobs, watch = run
    seen = failed = 0
    plans = []
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; give a folder or file with works")
        name, shards = _shards(path, limits)
        prefix = f"{path.resolve().name}/" if len(paths) > 1 and path.is_dir() else ""
        plans.append((_IndexShard(name, prefix, labels, limits), shards))
    total = sum(len(shards) for _, shards in plans)
    done = 0
    for function, shards in plans:
        for outcome in plugins.engine("local", jobs or len(os.sched_getaffinity(0))).map(function, shards):
            done += 1
            seen += len(outcome.entries) + len(outcome.failures)
            failed += len(outcome.failures)
            if watch:
                watch(Progress(done, total, seen, failed))
            yield outcome


def _shards(path: Path, limits: Limits) -> tuple[str, list[Shard]]:
    """The reader to use, and what it is to read: a folder, a container, or one file in its folder."""
    try:
        reader = plugins.reader(str(path), None, limits)
    except DatasetError:
        if not path.is_file():
            raise
        return "folder", [Shard(path.name, str(path.parent), (encode_name(path.name),))]
    return reader.name, list(reader.shards(str(path)))


def _contents_of(output: Path) -> PortfolioContents:
    if not output.exists():
        return PortfolioContents((), (), (), (), (), {})
    portfolio = Portfolio(output)
    previews = {at: picture for at in range(len(portfolio.works)) if (picture := portfolio.preview(at))}
    contents = PortfolioContents(
        portfolio.works,
        tuple(portfolio.records()),
        tuple(portfolio.terms.values()),
        portfolio.unfindable,
        portfolio.recipes,
        {},
        previews,
    )
    portfolio.close()
    return contents


def _completed(labels: Labels, output: Path, before: PortfolioContents) -> Labels:
    """Without a name, an index with one creator goes on being theirs; a new one is named after its file."""
    creators = {work.creator for work in before.works}
    return replace(labels, creator=labels.creator or (creators.pop() if len(creators) == 1 else output.stem))


def _joined(
    before: PortfolioContents, new: Sequence[_Entry], failures: Sequence[Failure], terms: Mapping[str, Any]
) -> PortfolioContents:
    entries = {
        _key(work): _Entry(work, record, before.previews.get(at))
        for at, (work, record) in enumerate(zip(before.works, before.records, strict=True))
    }
    entries.update({_key(entry.work): entry for entry in new})
    kept = [entries[key] for key in sorted(entries)]  # in a fixed order: the same works are the same bytes
    failed = {one.subject_id: one for one in (*before.unfindable, *failures)}
    for entry in new:
        failed.pop(entry.work.work_id, None)
    recipes = tuple(dict.fromkeys(recipe for depth in Depth for recipe in Pipeline(depth, Limits()).recipes))
    records = tuple(entry.record for entry in kept)
    used = {entry.work.terms_id for entry in kept}
    return PortfolioContents(
        works=tuple(entry.work for entry in kept),
        records=records,
        terms=tuple(terms[terms_id] for terms_id in sorted(terms) if terms_id in used),
        unfindable=tuple(failed[subject] for subject in sorted(failed)),
        recipes=recipes,
        tables=_tables(records, recipes),
        previews={at: entry.preview for at, entry in enumerate(kept) if entry.preview},
        tool_version=__version__,
    )


def _tables(records: Sequence[FingerprintRecord], recipes: Sequence[str]) -> dict[str, Tables]:
    classes = {recipe: plugins.index_class(recipe) for recipe in (plugins.DIGEST_RECIPE, *recipes)}
    return {recipe: one.build(recipe, records).tables() for recipe, one in classes.items() if one}


def _refuse_double(entries: Sequence[_Entry]) -> None:
    names = Counter(entry.work.work_id for entry in entries)
    for name, times in names.items():
        if times > 1:
            raise UsageError(
                f"{times} works are called {name!r}; index their folders one after the other, or rename one"
            )


def _nothing_found(paths: Sequence[Path], failures: Sequence[Failure]) -> str:
    where = ", ".join(str(path) for path in paths)
    if failures:
        first = failures[0]
        return f"none of the {len(failures)} files in {where} can be indexed; {first.subject_id}: {first.detail}"
    return f"there is no picture and no recording in {where}"


def _alike(contents: PortfolioContents) -> Iterator[tuple[str, str]]:
    first: dict[str, str] = {}
    for work, record in zip(contents.works, contents.records, strict=True):
        if record.content_digest in first:
            yield first[record.content_digest], work.work_id
        else:
            first[record.content_digest] = work.work_id


def _key(work: Work) -> tuple[str, str]:
    return work.creator, work.work_id


def _title(work_id: str) -> str:
    return PurePosixPath(work_id).stem.replace("-", " ").replace("_", " ").strip() or work_id


def _preview(blob: Blob, medium: Medium, limits: Limits) -> Picture | None:
    if medium is Medium.IMAGE:
        return thumbnail(blob, limits, _PREVIEW_PX)
    return replace(sound_picture(blob, limits, None), mime_type="", data=b"")
