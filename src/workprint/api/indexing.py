"""Make a portfolio index from a creator's files, or add to one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from workprint import __version__, plugins
from workprint.api.identities import identities_with
from workprint.api.works import Entry, IndexShard, Labels, Outcome, shards_of
from workprint.consent.terms import read_terms, terms_to_json
from workprint.errors import RecipeMismatch, UsageError
from workprint.ingest import Pipeline
from workprint.model import (
    Box,
    Depth,
    Failure,
    FingerprintRecord,
    Limits,
    Medium,
    Progress,
    Segment,
    Shard,
    Terms,
    Work,
)
from workprint.portfolio import Portfolio, PortfolioContents, write_portfolio
from workprint.protocols import CoarseIndex, Tables
from workprint.signing import SigningKey

Watch = Callable[[Progress], None]


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
    idle_paths: tuple[str, ...] = ()
    """Paths of the terms file that stand for no work of this run."""
    key_id: str = ""
    """Of the key that signed the index."""


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
        UsageError: a path or the folder of `output` is missing, two works have one id, there is no work at all, or
            something that is to be excluded cannot be.
        RecipeMismatch: `output` was made in another way than this Workprint does it.
        FormatError: `output` is there and is no portfolio index, or the terms cannot be understood.
    """
    limits = limits or Limits()
    if not output.parent.is_dir():
        raise UsageError(f"{output.parent} is no folder; choose a place for the index that is there")
    before, was_coarse = _contents_of(output, labels.key if labels else None)
    labels = _completed(labels or Labels(), output, before)
    terms = read_terms(labels.terms) if labels.terms else None
    excluded = _excluded(before, labels.exclude, limits)
    identities = identities_with(before.identities, labels)
    plans = list(_plans(paths, replace(labels, key=None), limits, excluded))  # a key goes to no other process
    outcomes = list(_outcomes(plans, limits, jobs, watch))
    new = [entry for outcome in outcomes for entry in outcome.entries]
    failures = tuple(one for outcome in outcomes for one in outcome.failures)
    agreed: dict[str, Terms] = {}
    if terms:
        agreed = {entry.work.work_id: terms.for_work(entry.work.work_id) for entry in new}
        new = [replace(one, work=replace(one.work, terms_id=agreed[one.work.work_id].terms_id)) for one in new]
    _refuse_double(new)
    _refuse_idle(labels.exclude_regions, new)
    if not new and not before.works:
        raise UsageError(_nothing_found(paths, failures))
    all_terms = {line["terms_id"]: line for line in (*before.terms, *map(terms_to_json, agreed.values()))}
    contents = _joined(before, new, failures, all_terms)
    tables = _tables(contents, labels.coarse_audio or was_coarse)
    contents = replace(contents, tables=tables, excluded=excluded, identities=identities)
    write_portfolio(output, contents, labels.key)
    return Indexed(
        path=output,
        added=len(contents.works) - len(before.works),
        replaced=len(new) - len(contents.works) + len(before.works),
        works=len(contents.works),
        unfindable=failures,
        passed_over=sum(outcome.passed_over for outcome in outcomes),
        alike=tuple(_alike(contents)),
        idle_paths=terms.idle(agreed) if terms else (),
        key_id=labels.key.public.key_id if labels.key else "",
    )


def _plans(
    paths: Sequence[Path], labels: Labels, limits: Limits, excluded: tuple[FingerprintRecord, ...]
) -> Iterator[tuple[IndexShard, list[Shard]]]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist; give a folder or file with works")
        name, shards = shards_of(path, limits)
        prefix = f"{path.resolve().name}/" if len(paths) > 1 and path.is_dir() else ""
        yield IndexShard(name, prefix, labels, limits, excluded), shards


def _outcomes(
    plans: Sequence[tuple[IndexShard, list[Shard]]], limits: Limits, jobs: int, watch: Watch | None
) -> Iterator[Outcome]:
    engine = plugins.engine("local", jobs, limits)
    total = sum(len(shards) for _, shards in plans)
    done = seen = failed = 0
    for function, shards in plans:
        for outcome in engine.map(function, shards):
            done += 1
            seen += len(outcome.entries) + len(outcome.failures)
            failed += len(outcome.failures)
            if watch:
                watch(Progress(done, total, seen, failed))
            yield outcome


def _excluded(before: PortfolioContents, paths: Sequence[Path], limits: Limits) -> tuple[FingerprintRecord, ...]:
    """What the index excluded before, and what is to be excluded from now on."""
    records = list(before.excluded)
    for path in paths:
        outcomes = list(_outcomes(list(_plans([path], Labels(), limits, ())), limits, 1, None))
        for failure in (one for outcome in outcomes for one in outcome.failures):
            raise UsageError(f"{failure.subject_id} cannot be excluded: {failure.detail}")
        found = [entry.record for outcome in outcomes for entry in outcome.entries]
        if not found:
            raise UsageError(f"there is no picture and no recording to exclude in {path}")
        records.extend(found)
    by_content = {record.content_digest: record for record in records}
    return tuple(by_content[digest] for digest in sorted(by_content))


def _contents_of(output: Path, key: SigningKey | None) -> tuple[PortfolioContents, bool]:
    """What is there already, without its tables, and whether these were built with fewer landmarks."""
    if not output.exists():
        return PortfolioContents((), (), (), (), (), {}), False
    portfolio = Portfolio(output)
    if portfolio.key_id and not key:
        raise UsageError(f"{output} is signed, and what is added changes it; sign it again with --sign KEY")
    if portfolio.works and portfolio.recipes != _recipes():
        raise RecipeMismatch(
            f"{output} was made by another version of Workprint, in another way; make it anew from all works"
        )
    previews = {at: picture for at in range(len(portfolio.works)) if (picture := portfolio.preview(at))}
    contents = PortfolioContents(
        tuple(portfolio.works),
        tuple(portfolio.records()),
        tuple(portfolio.terms.values()),
        portfolio.unfindable,
        portfolio.recipes,
        {},
        previews,
        excluded=tuple(portfolio.excluded()),
        identities=portfolio.identities,
    )
    coarse = _is_coarse(portfolio)
    portfolio.close()
    return contents, coarse


def _completed(labels: Labels, output: Path, before: PortfolioContents) -> Labels:
    """Without a name, an index with one creator goes on being theirs; a new one is named after its file."""
    creators = {work.creator for work in before.works}
    return replace(labels, creator=labels.creator or (creators.pop() if len(creators) == 1 else output.stem))


def _joined(
    before: PortfolioContents, new: Sequence[Entry], failures: Sequence[Failure], terms: Mapping[str, Any]
) -> PortfolioContents:
    entries = {
        _key(work): Entry(work, record, before.previews.get(at))
        for at, (work, record) in enumerate(zip(before.works, before.records, strict=True))
    }
    entries.update({_key(entry.work): entry for entry in new})
    kept = [entries[key] for key in sorted(entries)]  # in a fixed order: the same works are the same bytes
    failed = {one.subject_id: one for one in (*before.unfindable, *failures)}
    for entry in new:
        failed.pop(entry.work.work_id, None)
    recipes = _recipes()
    records = tuple(entry.record for entry in kept)
    used = {entry.work.terms_id for entry in kept}
    return PortfolioContents(
        works=tuple(entry.work for entry in kept),
        records=records,
        terms=tuple(terms[terms_id] for terms_id in sorted(terms) if terms_id in used),
        unfindable=tuple(failed[subject] for subject in sorted(failed)),
        recipes=recipes,
        tables={},
        previews={at: entry.preview for at, entry in enumerate(kept) if entry.preview},
        tool_version=__version__,
    )


def _recipes() -> tuple[str, ...]:
    return tuple(dict.fromkeys(recipe for depth in Depth for recipe in Pipeline(depth, Limits()).recipes))


def _tables(contents: PortfolioContents, coarse: bool) -> dict[str, Tables]:
    tables = {}
    for recipe in (plugins.DIGEST_RECIPE, *contents.recipes):
        if one := plugins.index_class(recipe):
            build = one.build_coarse if coarse and issubclass(one, CoarseIndex) else one.build
            tables[recipe] = build(recipe, contents.records).tables()
    return tables


def _is_coarse(portfolio: Portfolio) -> bool:
    """Whether an index was built with fewer landmarks."""
    classes = {recipe: plugins.index_class(recipe) for recipe in portfolio.recipes}
    return any(
        one.is_coarse(portfolio.tables(recipe) or {})
        for recipe, one in classes.items()
        if one and issubclass(one, CoarseIndex)
    )


def _refuse_double(entries: Sequence[Entry]) -> None:
    names = Counter(entry.work.work_id for entry in entries)
    for name, times in names.items():
        if times > 1:
            raise UsageError(
                f"{times} works are called {name!r}; index their folders one after the other, or rename one"
            )


def _refuse_idle(regions: Sequence[tuple[str, Segment]], entries: Sequence[Entry]) -> None:
    """A slip in a work's name must not leave a region in the index that its creator believes to be excluded."""
    media = {entry.work.work_id: entry.work.medium for entry in entries}
    for work_id, place in regions:
        if work_id not in media:
            raise UsageError(f"there is no work {work_id!r} among those added now, so no region of it can be excluded")
        if isinstance(place, Box) != (media[work_id] is Medium.IMAGE):
            raise UsageError(f"{work_id!r} takes LEFT,TOP,RIGHT,BOTTOM if it is a picture, START,END if a recording")


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
