"""Take what was found out of a dataset, and say what is left after somebody did."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from workprint import plugins, store
from workprint.api.acting import PROHIBITED
from workprint.api.scanning import STORE, Settings, Watch, scan
from workprint.cleaning.dataset import write_clean
from workprint.errors import UsageError, WorkprintError
from workprint.findings import Results, read_results
from workprint.model import Failure, Finding, Outcome, PassedOver, RunManifest, Standing

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What came of cleaning."""

    seen: int
    """Items of the dataset."""
    removed: int
    not_compared: int
    """Items that could not be compared, so that they are in the copy and may hold anything."""


@dataclass(frozen=True, slots=True)
class Again:
    """How to scan a second time, where it is not as the first time."""

    portfolios: tuple[Path, ...] = ()
    """Empty: those of the first scan, where they were."""
    outcomes: Collection[Outcome] = PROHIBITED
    signals: Path | None = None
    """What was captured with the items; None to take `signals.jsonl` at the dataset's root if there is one."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What a second scan found of what should be gone."""

    before: int
    """Items that were to be taken out."""
    left: tuple[Finding, ...]
    """The same bytes, still there."""
    other: tuple[Finding, ...]
    """Items with such a finding that were not known before."""
    results: Results

    @property
    def gone(self) -> int:
        """Items that are no longer there."""
        return self.before - len({finding.item for finding in self.left})


def clean(dataset: Path, results: Path, output: Path, outcomes: Collection[Outcome] = PROHIBITED) -> Cleaned:
    """Write a copy of a dataset without the items that have a finding of one of these outcomes.

    Raises:
        UsageError: the dataset or the results are not there, or something is at `output`.
        WorkprintError: the dataset is not what was scanned, or cannot be copied.
    """
    if not dataset.exists():
        raise UsageError(f"{dataset} does not exist; give the dataset that was scanned, on this machine")
    if output.exists():
        raise UsageError(f"{output} is there already; choose another place for the copy")
    if output.resolve().is_relative_to(dataset.resolve()):
        raise UsageError(f"{output} lies inside the dataset; choose a place outside it")
    held = read_results(results)
    _require_unchanged(dataset, results, held)
    unwanted = {finding.item for finding in held.findings if finding.verdict.outcome in outcomes}
    write_clean(dataset, output, unwanted)
    return Cleaned(held.manifest.seen, len(unwanted), sum(held.manifest.failed.values()))


def verify_removal(
    results: Path,
    dataset: str,
    output: Path,
    again: Again | None = None,
    watch: Watch | None = None,
) -> Remaining:
    """Scan a dataset as an earlier run did, and compare: what was to be taken out is recognised by its bytes.

    Raises:
        UsageError: there are no results, a portfolio is gone or changed, and as `scan`.
    """
    again = again or Again()
    held = read_results(results)
    settings = replace(_settings_of(held.manifest), signals=again.signals)
    second = scan(dataset, list(again.portfolios) or _portfolios_of(held.manifest), output, settings, watch)
    before = {finding.item: finding.digest for finding in held.findings if finding.verdict.outcome in again.outcomes}
    known = Counter(before.values())
    now: dict[str, list[Finding]] = {}
    for finding in second.findings:
        if finding.verdict.outcome in again.outcomes:
            now.setdefault(finding.item, []).append(finding)
    left: list[Finding] = []
    other: list[Finding] = []
    for findings in now.values():
        digest = findings[0].digest
        (left if known[digest] > 0 else other).append(findings[0])
        known[digest] -= 1
    return Remaining(len(before), tuple(left), tuple(other), second)


def _settings_of(manifest: RunManifest) -> Settings:
    trusted = tuple(one.path for one in manifest.portfolios if one.standing is Standing.TRUSTED)
    names = ("use", "as_of", "depth", "limits", "licensee", "purposes", "territories", "publication_media")
    return replace(Settings(), trust=trusted, **{name: getattr(manifest, name) for name in names})


def _portfolios_of(manifest: RunManifest) -> list[Path]:
    for one in manifest.portfolios:
        if not Path(one.path).is_file():
            raise UsageError(f"the portfolio index {one.path} of that scan is not there; name it with -p")
    return [Path(one.path) for one in manifest.portfolios]


def _require_unchanged(dataset: Path, results: Path, held: Results) -> None:
    """Every item's bytes are those of the scan, as far as its store is there; those with a finding, in any case."""
    found = {finding.item: finding.digest for finding in held.findings if finding.digest}
    scanned = _scanned(results / STORE, held.manifest)
    seen = 0
    for address, digest in _items(dataset, held.manifest):
        seen += 1
        expected = next(scanned, None) if scanned else None
        if expected and (expected[0] != address or expected[1] not in ("", digest)):
            raise _changed(dataset, address)
        if digest and found.pop(address, digest) != digest:
            raise _changed(dataset, address)
    if found or seen != held.manifest.seen:
        raise _changed(dataset, next(iter(found), f"{seen} items where {held.manifest.seen} were"))


def _changed(dataset: Path, where: str) -> WorkprintError:
    return WorkprintError(f"{dataset} is not what was scanned ({where}); scan it again, then clean it")


def _items(dataset: Path, manifest: RunManifest) -> Iterator[tuple[str, str]]:
    """Every item's address and SHA-256, in order; without a digest where it cannot be read."""
    reader = plugins.reader(str(dataset), manifest.reader, manifest.limits)
    for shard in reader.shards(str(dataset)):
        for read in reader.read(shard):
            if isinstance(read, Failure):
                yield read.subject_id, ""
            elif not isinstance(read, PassedOver):
                item, blob = read
                digest = hashlib.sha256()
                with blob.open() as stream:
                    while chunk := stream.read(_CHUNK_BYTES):
                        digest.update(chunk)
                yield item.item_id, digest.hexdigest()


def _scanned(folder: Path, manifest: RunManifest) -> Iterator[tuple[str, str]] | None:
    """The same from the store that a scan keeps; None where there is none. Failures have no digest."""
    if not (folder / store.COMPLETE).is_file():
        return None
    rows = (row for part in store.parts(folder) for row in store.read_part(part, manifest.recipes))
    return ((row.subject_id, "") if isinstance(row, Failure) else (row[0].subject_id, row[0].digest) for row in rows)
