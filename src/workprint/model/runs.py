"""What a run says of itself, and what a report is made of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from workprint.model.matches import Finding, Work
from workprint.model.permissions import Standing
from workprint.model.subjects import Failure, Limits, Picture
from workprint.model.vocabulary import Depth, Medium, Use


@dataclass(frozen=True, slots=True)
class ShardCount:
    """The denominator of one shard."""

    shard_id: str
    seen: int
    fingerprinted: int
    failed: Mapping[str, int]
    """By failure code."""
    passed_over: Mapping[str, int]
    """Files that do not claim to be media, by ending."""
    media: Mapping[str, int] = field(default_factory=dict)
    """Fingerprinted, by medium."""
    signals: Mapping[str, int] = field(default_factory=dict)
    """Fingerprinted items by what they say of their rights (`workprint.model.sayings`)."""


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """What a run says of a portfolio it used."""

    path: str
    digest: str
    works: int
    creators: tuple[str, ...]
    standing: Standing = Standing.UNSIGNED
    """Whether somebody vouches for its terms."""
    key_id: str = ""
    """Of the key that signed it."""


@dataclass(frozen=True, slots=True)
class RunManifest:
    """What was scanned, how, and how far it got: `run.json`. Holds no clock, so equal runs are equal bytes."""

    tool_version: str
    dataset: str
    dataset_digest: str
    """SHA-256 over the items' addresses and digests, in order."""
    reader: str
    depth: Depth
    recipes: tuple[str, ...]
    thresholds: Mapping[str, float]
    limits: Limits
    portfolios: tuple[PortfolioSummary, ...]
    use: Use
    as_of: date
    shards: tuple[ShardCount, ...]
    findings: Mapping[str, int]
    """By outcome."""
    expected_false_matches: float
    signals: str = ""
    """What decided which rights signals were read; empty where none were."""
    licensee: str = ""
    """Who asked; empty for anyone."""
    purposes: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    publication_media: tuple[str, ...] = ()

    @property
    def seen(self) -> int:
        """Items in the dataset."""
        return sum(shard.seen for shard in self.shards)

    @property
    def fingerprinted(self) -> int:
        """Items that were compared."""
        return sum(shard.fingerprinted for shard in self.shards)

    @property
    def failed(self) -> dict[str, int]:
        """Items that could not be compared, by failure code."""
        return _added(shard.failed for shard in self.shards)

    @property
    def media(self) -> dict[str, int]:
        """Items that were compared, by medium."""
        return _added(shard.media for shard in self.shards)

    @property
    def said(self) -> dict[str, int]:
        """Items by what they say of their rights."""
        return _added(shard.signals for shard in self.shards)

    @property
    def passed_over(self) -> dict[str, int]:
        """Files that do not claim to be media, by ending."""
        return _added(shard.passed_over for shard in self.shards)


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for key, number in count.items():
            total[key] = total.get(key, 0) + number
    return dict(sorted(total.items()))


@dataclass(frozen=True, slots=True)
class CheckedWork:
    """What became of one work when its edits were looked for."""

    work_id: str
    creator: str
    medium: Medium
    found: Mapping[str, bool]
    """By the name of the edit."""
    problem: str
    """Why nothing could be tried; empty if it could."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything a report writer needs; it opens no file and asks no network."""

    manifest: RunManifest
    works: tuple[Work, ...]
    unfindable: tuple[Failure, ...]
    """Works that could not be fingerprinted, so no scan can find them."""
    findings: tuple[Finding, ...]
    failures: tuple[Failure, ...]
    item_pictures: Mapping[str, Picture]
    """By finding id."""
    work_pictures: Mapping[str, Picture]
    """By work id and creator, joined by a line feed."""
    checked: tuple[CheckedWork, ...] = ()
    """The robustness cards of the portfolios, if their creators made any."""
    baseline: Mapping[str, str] | None = None
    """`new`, `updated` or `unchanged` since an earlier run, by finding id; None where none was compared with."""
    absent: tuple[Finding, ...] = ()
    """Findings of that earlier run that are gone."""

    @property
    def matches(self) -> tuple[Finding, ...]:
        """Findings of a work in the media of an item."""
        return tuple(finding for finding in self.findings if finding.relation.is_match)

    @property
    def claims(self) -> tuple[Finding, ...]:
        """Findings about what is said of an item or by it: mentions and reservations."""
        return tuple(finding for finding in self.findings if not finding.relation.is_match)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; handed to whoever wants to show it."""

    shards_done: int
    shards_total: int
    seen: int
    failed: int
    found: int | None = None
    """Matches so far; None where nothing is being matched."""
    spent_s: Mapping[str, float] = field(default_factory=dict, compare=False)
    """Processor seconds by activity, of all worker processes so far."""
    unit: str = "shards"
    """What is counted as done, if it is no shards."""
