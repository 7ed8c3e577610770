"""From a creator's files to works with their fingerprints, on their way into a portfolio index."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from workprint import plugins
from workprint.datasets.addresses import encode_name
from workprint.errors import DatasetError, ItemError
from workprint.exclusion import Exclusions, without
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
    Segment,
    Shard,
    Work,
)
from workprint.protocols import Attempt
from workprint.signing import SigningKey

_PREVIEW_PX = 320


@dataclass(frozen=True, slots=True)
class Labels:
    """Whose works they are, and what the index is to say of them."""

    creator: str = ""
    contact: str = ""
    terms: Path | None = None
    previews: bool = False
    """Put small pictures and waveforms of the works into the index."""
    aliases: tuple[str, ...] = ()
    """Other names of the creator, looked for in captions if a scan is asked to."""
    domains: tuple[str, ...] = ()
    """Domains of the creator's: `ada-lumen.example`."""
    urls: tuple[str, ...] = ()
    """Addresses of pages and files of the creator's elsewhere."""
    exclude: tuple[Path, ...] = ()
    """Pictures and recordings (logo, stock texture, jingle) that never count where they are part of a work."""
    exclude_regions: tuple[tuple[str, Segment], ...] = ()
    """Parts of works that never count: a work's id and a box or time span, as often as needed."""
    coarse_audio: bool = False
    """Fewer landmarks of recordings, for portfolios of tens of hours; an index that has fewer keeps it so."""
    key: SigningKey | None = None
    """To sign the index with."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A work on its way into the index."""

    work: Work
    record: FingerprintRecord
    preview: Picture | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one shard of a creator's files."""

    entries: tuple[Entry, ...]
    failures: tuple[Failure, ...]
    passed_over: int


@dataclass(frozen=True, slots=True)
class IndexShard:
    """Fingerprints one shard of a creator's files, in every way that datasets are fingerprinted."""

    reader: str
    prefix: str
    labels: Labels
    limits: Limits
    excluded: tuple[FingerprintRecord, ...] = ()

    def __call__(self, shard: Shard, attempt: Attempt) -> Outcome:
        """Do it; what cannot be fingerprinted is a failure in the outcome."""
        outcomes = list(self._outcomes(shard, attempt))
        return Outcome(
            entries=tuple(one for one in outcomes if isinstance(one, Entry)),
            failures=tuple(one for one in outcomes if isinstance(one, Failure)),
            passed_over=sum(isinstance(one, PassedOver) for one in outcomes),
        )

    def _outcomes(self, shard: Shard, attempt: Attempt) -> Iterator[Entry | Failure | PassedOver]:
        try:
            for read, lost in attempt.over(plugins.reader(shard.uri, self.reader, self.limits).read(shard)):
                if isinstance(read, PassedOver):
                    yield read
                elif isinstance(read, Failure):
                    yield replace(read, subject_id=self.prefix + read.subject_id)
                else:
                    yield self._entry_or_failure(self.prefix + read[0].item_id, read[1], lost)
        except ItemError as error:  # of `over` alone: readers yield theirs
            yield failure(self.prefix + shard.shard_id, error)

    def _entry_or_failure(self, work_id: str, blob: Blob, lost: ItemError | None) -> Entry | Failure:
        try:
            if lost:
                raise lost
            return self._entry(work_id, blob)
        except (ItemError, OSError, MemoryError) as error:
            return failure(work_id, error)

    def _entry(self, work_id: str, blob: Blob) -> Entry:
        record = Pipeline(Depth.THOROUGH, self.limits).record(work_id, blob, as_work=True)
        if record.medium is Medium.IMAGE:
            fast = Pipeline(Depth.FAST, self.limits).record(work_id, blob, as_work=True)
            record = replace(record, fingerprints=(*record.fingerprints, *fast.fingerprints))
        record = self._without_excluded(record, blob)
        work = Work(work_id, _title(work_id), self.labels.creator, self.labels.contact, None, record.medium)
        return Entry(work, record, _preview(blob, record.medium, self.limits) if self.labels.previews else None)

    def _without_excluded(self, record: FingerprintRecord, blob: Blob) -> FingerprintRecord:
        regions = [place for work_id, place in self.labels.exclude_regions if work_id == record.subject_id]
        record = without(record, regions)
        if not self.excluded:
            return record
        as_item = Pipeline(Depth.THOROUGH, self.limits).record(record.subject_id, blob)
        return Exclusions(self.excluded).taken_out(as_item, record)


def shards_of(path: Path, limits: Limits) -> tuple[str, list[Shard]]:
    """The reader to use, and what it is to read: a folder, a container, or one file in its folder."""
    try:
        reader = plugins.reader(str(path), None, limits)
    except DatasetError:
        if not path.is_file():
            raise
        return "folder", [Shard(path.name, str(path.parent), (encode_name(path.name),))]
    return reader.name, list(reader.shards(str(path)))


def _title(work_id: str) -> str:
    return PurePosixPath(work_id).stem.replace("-", " ").replace("_", " ").strip() or work_id


def _preview(blob: Blob, medium: Medium, limits: Limits) -> Picture | None:
    if medium is Medium.IMAGE:
        return thumbnail(blob, limits, _PREVIEW_PX)
    return replace(sound_picture(blob, limits, None), mime_type="", data=b"")
