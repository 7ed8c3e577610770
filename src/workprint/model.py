"""All nouns of Workprint. Frozen, slotted; reading this file should teach the project.

Every number carries its unit in its name. Coordinates of a `Box` are fractions of the picture's width and height, so
that they hold for every size of the same picture.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from io import BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

from workprint.errors import RecipeMismatch

if TYPE_CHECKING:  # numpy takes longer to import than `workprint --help` may take in all
    import numpy as np
    from numpy.typing import NDArray


class Medium(StrEnum):
    """What kind of thing a fingerprint was made from."""

    IMAGE = "image"
    AUDIO = "audio"


class Relation(StrEnum):
    """How an item relates to a work."""

    IDENTICAL = "identical"
    """Same bytes, or same decoded pixels or samples."""
    NEAR_DUPLICATE = "near_duplicate"
    """The whole work, edited."""
    EXCERPT = "excerpt"
    """The item shows or plays a part of the work."""
    CONTAINS = "contains"
    """The work is a part of the item."""


class Use(StrEnum):
    """What a dataset is for; the vocabulary of the CAWG training and data mining assertion, and voice replicas."""

    DATA_MINING = "data_mining"
    AI_INFERENCE = "ai_inference"
    AI_TRAINING = "ai_training"
    AI_GENERATIVE_TRAINING = "ai_generative_training"
    VOICE_REPLICA = "voice_replica"


class Permission(StrEnum):
    """What a creator's terms say of one use."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not_allowed"
    CONSTRAINED = "constrained"


class Outcome(StrEnum):
    """What a match amounts to once the terms are read. Silence is `unknown`, never `permitted`."""

    PERMITTED = "permitted"
    CONDITIONAL = "conditional"
    UNKNOWN = "unknown"
    PROHIBITED = "prohibited"


class Level(StrEnum):
    """How serious a finding is, in the words of SARIF."""

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for the mildest."""
        return list(Level).index(self)


class Depth(StrEnum):
    """How much work goes into each image: its whole-picture hash only, or local features beside it."""

    FAST = "fast"
    THOROUGH = "thorough"


class Stage(StrEnum):
    """Where on its way an item failed."""

    READ = "read"
    DECODE = "decode"
    FINGERPRINT = "fingerprint"


Attributes = Mapping[str, Any]
"""What the dataset says of an item: URL, caption, licence and other columns. JSON values only. Untrusted text."""

Extent = tuple[str, ...] | range | None
"""The part of a container that a shard covers: member names, a range of rows, or all of it."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One unit of work in a dataset: an archive, a range of rows, or a run of files."""

    shard_id: str
    """Unique in the dataset, the same on every machine: a path below the dataset, and the part if it has several."""
    uri: str
    """Where the container can be opened: a local path or an fsspec URL."""
    extent: Extent = None


@dataclass(frozen=True, slots=True)
class Item:
    """One record in a shard."""

    item_id: str
    """The address that leads back to the row: `path`, `archive!member`, `table#row=17,column=image`."""
    shard_id: str
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Blob:
    """The bytes of an item, in memory or behind something that can be opened more than once."""

    size_bytes: int
    open: Callable[[], BinaryIO]

    @classmethod
    def of(cls, data: bytes) -> Blob:
        """Wrap bytes that are already in memory."""
        return cls(len(data), lambda: BytesIO(data))

    def read(self) -> bytes:
        """Return all bytes."""
        with self.open() as stream:
            return stream.read()


@dataclass(frozen=True, slots=True)
class Failure:
    """An item that could not be processed, and why."""

    subject_id: str
    stage: Stage
    code: str
    """One of the `code`s in `workprint.errors`."""
    detail: str
    """A sentence for a person. May quote the dataset: untrusted text."""


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A file in a dataset that does not claim to be media (`README.md`, a caption), by its ending."""

    item_id: str
    ending: str


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one item may cost. They are part of a run's manifest, because they decide what fails."""

    max_pixels: int = 200_000_000
    max_seconds: float = 12 * 3600.0
    max_item_bytes: int = 4 * 1024**3


@dataclass(frozen=True, slots=True)
class Raster:
    """A decoded picture, upright (EXIF orientation applied), in luminance, at its working size."""

    pixels: NDArray[np.uint8]
    """uint8 (height, width), ITU-R 601 luma as JPEG and Pillow define it; not multiplied by alpha."""
    alpha: NDArray[np.uint8] | None
    """uint8 (height, width); None where every pixel is opaque."""
    width_px: int
    """Width of the upright original; `pixels` may be smaller."""
    height_px: int
    content_digest: str
    """SHA-256 (hex) of what is seen: all decoded pixels, or a JPEG's coded image data without its metadata."""


@dataclass(frozen=True, slots=True)
class Waveform:
    """A stretch of decoded sound, mono."""

    samples: NDArray[np.float32]
    """float32 (n,), full scale is ±1."""
    sample_rate_hz: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """The named, versioned way a fingerprint is made. Whatever changes its bytes changes the recipe."""

    name: str
    """`medium.algorithm`, for example `image.phash`."""
    version: int
    medium: Medium
    params: tuple[tuple[str, str | int | float], ...] = ()

    @property
    def recipe_id(self) -> str:
        """`name/version;key=value,…` with keys in order: equal ids make equal bytes of equal input."""
        params = ",".join(f"{key}={value}" for key, value in sorted(self.params))
        return f"{self.name}/{self.version};{params}"


def same_recipe(ours: str, theirs: str) -> None:
    """Raise `RecipeMismatch` unless two recipe ids are equal."""
    if ours != theirs:
        raise RecipeMismatch(f"fingerprints made by {theirs!r} cannot be compared with those made by {ours!r}")


@dataclass(frozen=True, slots=True)
class TimeSpan:
    """A stretch of a recording."""

    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in fractions of its width and height."""

    left: float
    top: float
    right: float
    bottom: float


WHOLE = Box(0.0, 0.0, 1.0, 1.0)
Segment = Box | TimeSpan


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Derived bytes, and how they were derived."""

    recipe_id: str
    value: bytes
    """Laid out as `workprint.serial` says for the recipe."""
    quality: float = 1.0
    """0 (says nothing) to 1."""
    segment: Segment | None = None
    """The part of the subject it covers; None for the whole."""
    variant: str = ""
    """The transformation of the subject it was made from (`mirrored`, `on_black`, …); empty for the subject itself."""


@dataclass(frozen=True, slots=True)
class FingerprintRecord:
    """All fingerprints of one subject. The same type for items and works."""

    subject_id: str
    medium: Medium
    digest: str
    """SHA-256 of the bytes, hex."""
    content_digest: str
    """SHA-256 of what is seen or heard: decoded pixels or samples, or a JPEG without its metadata."""
    size_bytes: int
    extent: tuple[float, ...]
    """(width_px, height_px) of the upright picture, or (duration_s,)."""
    fingerprints: tuple[Fingerprint, ...]

    def made_by(self, recipe_id: str) -> tuple[Fingerprint, ...]:
        """The fingerprints of one recipe."""
        return tuple(print_ for print_ in self.fingerprints if print_.recipe_id == recipe_id)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a creator permits."""

    terms_id: str
    uses: Mapping[Use, Permission]
    """Uses that are not named are unknown."""
    statement: str = ""
    """The creator's own words, shown with each verdict."""
    contact: str = ""


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


@dataclass(frozen=True, slots=True)
class Finding:
    """A match and its verdict: one line of `findings.jsonl`."""

    finding_id: str
    """Of item, work, use and place only: it survives re-runs, new thresholds and edits of the terms."""
    item: str
    work: str
    creator: str
    contact: str
    medium: Medium
    relation: Relation
    confidence: float
    item_segment: Segment
    work_segment: Segment
    transform: Transform
    evidence: tuple[Evidence, ...]
    verdict: Verdict
    level: Level
    attributes: Attributes
    digest: str
    """SHA-256 of the item's bytes."""
    portfolio: str
    """Digest of the portfolio index that holds the work."""


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


@dataclass(frozen=True, slots=True)
class PortfolioSummary:
    """What a run says of a portfolio it used."""

    path: str
    digest: str
    works: int
    creators: tuple[str, ...]


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
    def passed_over(self) -> dict[str, int]:
        """Files that do not claim to be media, by ending."""
        return _added(shard.passed_over for shard in self.shards)


def _added(counts: Any) -> dict[str, int]:
    total: dict[str, int] = {}
    for count in counts:
        for key, number in count.items():
            total[key] = total.get(key, 0) + number
    return dict(sorted(total.items()))


@dataclass(frozen=True, slots=True)
class Picture:
    """What a report shows of one side of a match: a thumbnail, or a waveform and perhaps a player."""

    mime_type: str
    """Of `data`; empty where there is nothing to show or play."""
    data: bytes
    peaks: tuple[float, ...] = ()
    """Sound: loudness of equal stretches, 0 to 1, to draw."""
    duration_s: float = 0.0
    play_offset_s: float = 0.0
    """Sound: where in the recording `data` begins."""


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


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run has come; handed to whoever wants to show it."""

    shards_done: int
    shards_total: int
    seen: int
    failed: int
    found: int
