"""What a creator supplies, and what was found of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from workprint.model.prints import Segment
from workprint.model.signals import Signal
from workprint.model.subjects import Attributes
from workprint.model.vocabulary import Level, Medium, Outcome, Relation, Use


@dataclass(frozen=True, slots=True)
class Work:
    """One work of a portfolio."""

    work_id: str
    """The path below the folder given to `index`."""
    title: str
    creator: str
    contact: str
    terms_id: str | None
    medium: Medium


@dataclass(frozen=True, slots=True)
class Identity:
    """What a creator is known by, beside works: looked for in what a dataset says of its items."""

    creator: str
    contact: str = ""
    names: tuple[str, ...] = ()
    """Other names: maiden names, pen names, spellings."""
    domains: tuple[str, ...] = ()
    """In small letters, without `www.`; what is below them counts too."""
    urls: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImageTransform:
    """How the work was changed on its way into the item."""

    mirrored: bool = False
    rotation_deg: float = 0.0
    """Counter-clockwise."""
    scale: float = 1.0
    """Pixels of the item per pixel of the work."""
    negative: bool = False


@dataclass(frozen=True, slots=True)
class AudioTransform:
    """How the work was changed on its way into the item."""

    tempo: float = 1.0
    """Above 1: the item plays faster."""
    pitch_ratio: float = 1.0
    """Above 1: the item sounds higher."""
    reversed: bool = False


Transform = ImageTransform | AudioTransform


@dataclass(frozen=True, slots=True)
class Evidence:
    """One measurement behind a match."""

    recipe_id: str
    measure: str
    """What was measured: `distance_bits`, `inliers`, `aligned_landmarks`, `digest`."""
    value: float
    threshold: float
    """The value at which the same measurement would just have been enough."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Proposed by an index. May be wrong."""

    work: int
    """Position of the work in its portfolio."""
    recipe_id: str
    score: float
    detail: Any = None
    """What the proposing index wants its verifier to know."""


@dataclass(frozen=True, slots=True)
class Match:
    """Decided by verification: this item holds this work."""

    item_id: str
    work: int
    """Position of the work in its portfolio."""
    relation: Relation
    confidence: float
    """Likelihood that this is no chance, 0 to 1."""
    item_segment: Segment
    work_segment: Segment
    transform: Transform
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a match amounts to under the terms."""

    outcome: Outcome
    use: Use
    terms_id: str | None
    reason: str
    grounds: tuple[str, ...] = ()
    """The records it rests on (terms, grants, signals, signatures), each in a few words with its id."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A match and its verdict: one line of `findings.jsonl`."""

    finding_id: str
    """Of item, work, use and place only: it survives re-runs, new thresholds and edits of the terms."""
    item: str
    work: str
    """Empty where the finding is about no work: a mention of a creator, or an item that reserves itself."""
    creator: str
    contact: str
    medium: Medium | None
    """None where a table names no medium and no media were at hand."""
    relation: Relation
    confidence: float
    item_segment: Segment | None
    """None where nothing was located: a mention or a reservation."""
    work_segment: Segment | None
    transform: Transform | None
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    level: Level
    attributes: Attributes
    digest: str
    """SHA-256 of the item's bytes."""
    portfolio: str
    """Digest of the portfolio index that holds the work; empty where no portfolio was needed."""
    signals: tuple[Signal, ...] = ()
    """Rights signals in or beside the item."""
    notes: tuple[str, ...] = ()
    """What else a person should know: a notice that the work carried and the item has lost, a licence column that
    contradicts the terms. Sentences; may quote the dataset: untrusted text."""
