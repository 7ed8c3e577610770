"""The first half, before the store: from a dataset to fingerprint records. Nothing here knows a portfolio."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from workprint import plugins
from workprint.errors import ItemError, LowInformation, OutOfMemory, TooLarge
from workprint.media.images import decode_image
from workprint.media.sniff import sniff
from workprint.media.sound import open_sound
from workprint.model import (
    Blob,
    Depth,
    Failure,
    Fingerprint,
    FingerprintRecord,
    Item,
    Limits,
    Medium,
    PassedOver,
    Shard,
    Stage,
)
from workprint.protocols import IDLE, Attempt, DatasetReader, Fingerprinter, Read, SignalReader
from workprint.rights.beside import Sidecar
from workprint.rights.inside import reading
from workprint.serial.lines import encodable
from workprint.serial.records import Row
from workprint.stopwatch import Activity, during, each

_CHUNK_BYTES = 1 << 20
_READ_AT_ONCE_BYTES = 16 << 20


@dataclass(frozen=True)
class Pipeline:
    """From bytes to a record, in one way for items and works."""

    depth: Depth
    limits: Limits

    @cached_property
    def images(self) -> list[Fingerprinter[Any]]:
        """What is made of pictures."""
        return plugins.fingerprinters(Medium.IMAGE, self.depth)

    @cached_property
    def sounds(self) -> list[Fingerprinter[Any]]:
        """What is made of recordings."""
        return plugins.fingerprinters(Medium.AUDIO, self.depth)

    @cached_property
    def signal_readers(self) -> list[SignalReader]:
        """What reads the rights signals of every file."""
        return plugins.signal_readers()

    @property
    def recipes(self) -> tuple[str, ...]:
        """The recipe ids of everything it makes."""
        return tuple(recipe.recipe_id for maker in (*self.images, *self.sounds) for recipe in maker.recipes)

    @property
    def signals(self) -> str:
        """What decides which rights signals are read."""
        return reading()

    def record(self, subject_id: str, blob: Blob, as_work: bool = False) -> FingerprintRecord:
        """Fingerprint one subject; a work in every variant that it shall be found by.

        Raises:
            ItemError: it cannot be done; says where and why.
            OSError: its bytes cannot be read.
        """
        if blob.size_bytes > self.limits.max_item_bytes:
            raise TooLarge(f"{blob.size_bytes} bytes; the limit is {self.limits.max_item_bytes}")
        if blob.size_bytes <= _READ_AT_ONCE_BYTES:
            with during(Activity.READ):
                blob = Blob.of(blob.read())  # the file is looked into three times, and opened once
        medium = sniff(blob)
        if medium is Medium.IMAGE:
            with during(Activity.DECODE):
                raster = decode_image(blob, self.limits, plugins.DECODE_PX[self.depth])
            prints = _fingerprints(self.images, raster, as_work)
            content_digest = raster.content_digest
            extent: tuple[float, ...] = (float(raster.width_px), float(raster.height_px))
        else:
            with during(Activity.DECODE):
                sound = open_sound(blob, self.limits, plugins.SOUND_RATE_HZ)
            prints = _fingerprints(self.sounds, each(sound, Activity.DECODE), as_work)
            content_digest, extent = sound.content_digest, (sound.duration_s,)
        with during(Activity.DIGEST):
            digest = _digest(blob)
            signals = tuple(signal for reader in self.signal_readers for signal in reader.read(blob))
        return FingerprintRecord(
            subject_id=subject_id,
            medium=medium,
            digest=digest,
            content_digest=content_digest,
            size_bytes=blob.size_bytes,
            extent=extent,
            fingerprints=prints,
            signals=signals,
        )


def ingest(
    reader: DatasetReader,
    shard: Shard,
    pipeline: Pipeline,
    sidecar: Sidecar | None = None,
    attempt: Attempt | None = None,
    known: Known | None = None,
) -> Iterator[Row | PassedOver]:
    """Yield a record, a failure or a file passed over for everything in a shard, in the reader's order."""
    attempt, known = attempt or Attempt(), known or Known()
    try:
        for read, lost in attempt.over(each(reader.read(shard), Activity.READ)):
            row = known.row(read) or _row(read, lost, pipeline, sidecar)
            attempt.mark(IDLE)  # what becomes of a row is not its item's fault
            yield row
    except (ItemError, MemoryError) as problem:  # of `over` and of the reader's own work: readers yield their failures
        error = (
            OutOfMemory("it needs more memory than a worker may use") if isinstance(problem, MemoryError) else problem
        )
        yield Failure(shard.shard_id, Stage.READ, error.code, f"nothing more of this could be read: {error}")


class Known:
    """What an earlier run made of a shard, in the reader's order."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        """Nothing, or the rows of a part."""
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def row(self, read: Read) -> Row | None:
        """The row of an item that did not fail then. To be asked for everything that is read, in order."""
        before = self._next
        if before is None or isinstance(read, PassedOver):
            return None
        if encodable(_subject(read)) != _subject(before):
            return None
        self._next = next(self._rows, None)
        if isinstance(read, Failure) or isinstance(before, Failure):
            return None
        return before[0], read[0].attributes


def _subject(read: Read | Row) -> str:
    if isinstance(read, Failure | PassedOver):
        return read.subject_id if isinstance(read, Failure) else read.item_id
    return read[0].item_id if isinstance(read[0], Item) else read[0].subject_id


def _row(read: Read, lost: ItemError | None, pipeline: Pipeline, sidecar: Sidecar | None) -> Row | PassedOver:
    if isinstance(read, Failure | PassedOver):
        return read
    item, blob = read
    try:
        if lost:
            raise lost
        record = pipeline.record(item.item_id, blob)
        if sidecar:
            captured = sidecar.signals(item.item_id, item.attributes, record.medium)
            record = replace(record, signals=(*record.signals, *captured))
        return record, item.attributes
    except (ItemError, OSError, MemoryError) as error:
        return replace(failure(item.item_id, error), attributes=item.attributes)


def failure(subject_id: str, error: ItemError | OSError | MemoryError) -> Failure:
    """The line that an item costs which could not be processed."""
    if isinstance(error, MemoryError):
        error = OutOfMemory("it needs more memory than a worker may use")
    if isinstance(error, OSError):  # it was there when the dataset was listed
        error = ItemError(f"the bytes cannot be read: {error.strerror or error}")
    return Failure(subject_id, Stage(error.stage), error.code, str(error))


def _digest(blob: Blob) -> str:
    digest = hashlib.sha256()
    with blob.open() as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _fingerprints(makers: Sequence[Fingerprinter[Any]], subject: Any, as_work: bool) -> tuple[Fingerprint, ...]:
    prints: list[Fingerprint] = []
    refusals: list[LowInformation] = []
    with during(Activity.FINGERPRINT):
        for maker in makers:
            try:
                prints.extend(maker.of_work(subject) if as_work else maker.of_item(subject))
            except LowInformation as error:
                refusals.append(error)
    if not prints:
        raise refusals[0]
    return tuple(prints)
