"""The first half: bytes to records, or failures with a reason."""

import hashlib
import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PIL import Image

from core_samples import picture, pixels
from signal_samples import ATTRIBUTE
from workprint.errors import LowInformation, TooLarge, Unsupported
from workprint.fingerprints.image_hash import perceptual_hash
from workprint.ingest import Pipeline, ingest
from workprint.model import (
    UNREADABLE,
    Blob,
    Depth,
    Failure,
    Item,
    Limits,
    Medium,
    PassedOver,
    Permission,
    Shard,
    Stage,
    Use,
    combined,
)

FAST = Pipeline(Depth.FAST, Limits())
SHARD = Shard("s", "s")


class Reads:
    """A reader of what it was given."""

    name = "given"

    def __init__(self, *reads: Any) -> None:
        """Take what is to be read."""
        self._reads = reads

    def recognises(self, uri: str) -> bool:  # noqa: ARG002 - the socket's signature
        """See the socket."""
        return True

    def shards(self, uri: str) -> Iterator[Shard]:  # noqa: ARG002 - the socket's signature
        """See the socket."""
        yield SHARD

    def read(self, shard: Shard) -> Iterator[Any]:  # noqa: ARG002 - the socket's signature
        """See the socket."""
        yield from self._reads


def item(name: str, data: bytes) -> tuple[Item, Blob]:
    """What a reader yields for an item."""
    return Item(name, "s", {"about": name}), Blob.of(data)


def blank() -> bytes:
    """A picture of nothing."""
    stream = io.BytesIO()
    Image.fromarray(np.full((64, 64), 200, dtype=np.uint8)).save(stream, "PNG")
    return stream.getvalue()


def test_a_picture_becomes_a_record() -> None:
    """Digest, size, extent and hash are those of the picture."""
    data = picture(1)

    record = FAST.record("a.png", Blob.of(data))

    assert (record.subject_id, record.medium, record.size_bytes) == ("a.png", Medium.IMAGE, len(data))
    assert record.digest == hashlib.sha256(data).hexdigest()
    assert record.extent == (120.0, 90.0)
    assert [one.recipe_id for one in record.fingerprints] == [FAST.recipes[0]]
    assert record.fingerprints[0].value == perceptual_hash(pixels(1))[0]


def test_the_same_picture_in_another_file_has_the_same_content() -> None:
    """Lossless files of equal pixels share their content digest, and not their digest."""
    png, bmp = (FAST.record("a", Blob.of(picture(1, form))) for form in ("PNG", "BMP"))

    assert png.digest != bmp.digest
    assert png.content_digest == bmp.content_digest
    assert png.fingerprints == bmp.fingerprints


def test_a_work_is_fingerprinted_in_every_orientation() -> None:
    """The portfolio pays: sixteen hashes for a work, one for an item."""
    assert len(FAST.record("a", Blob.of(picture(1)), as_work=True).fingerprints) == 16
    assert len(FAST.record("a", Blob.of(picture(1))).fingerprints) == 1


def test_depths_are_different_recipes() -> None:
    """What was decoded to another size is not compared."""
    assert set(FAST.recipes).isdisjoint({Pipeline(Depth.THOROUGH, Limits()).recipes[0]})


def test_an_item_that_is_too_large_is_not_read() -> None:
    """The limit is checked before a byte is touched."""

    def refuse() -> Any:
        raise AssertionError("opened")

    with pytest.raises(TooLarge, match="5000 bytes"):
        Pipeline(Depth.FAST, Limits(max_item_bytes=4_999)).record("a", Blob(5_000, refuse))


def test_bytes_that_cannot_be_read_are_a_failure() -> None:
    """A disk error costs one item."""

    def fail() -> Any:
        raise OSError(5, "Input/output error")

    (row,) = ingest(Reads((Item("a.png", "s"), Blob(10, fail))), SHARD, FAST)

    assert isinstance(row, Failure)
    assert (row.stage, row.code) == (Stage.READ, "unreadable")
    assert "Input/output error" in row.detail


def test_text_is_no_media() -> None:
    """A file is what its bytes say, whatever its name says."""
    with pytest.raises(Unsupported):
        FAST.record("a.jpg", Blob.of(b"Dear reader, this is a letter."))


def test_a_flat_picture_is_refused_as_item_and_as_work() -> None:
    """A blank picture would be like every other blank picture."""
    for as_work in (False, True):
        with pytest.raises(LowInformation):
            FAST.record("a", Blob.of(blank()), as_work)


def test_a_stream_keeps_its_order_and_loses_nothing() -> None:
    """Records, failures of both halves and files passed over come out in the reader's order."""
    missing = Failure("d.png", Stage.READ, "missing", "gone")
    passed = PassedOver("e.txt", ".txt")
    reader = Reads(item("a.png", picture(1)), item("b.png", b""), item("c.png", b"letter"), missing, passed)

    rows = list(ingest(reader, SHARD, FAST))

    record, attributes = rows[0]  # type: ignore[misc]
    assert (record.subject_id, attributes) == ("a.png", {"about": "a.png"})
    assert [(row.subject_id, row.stage, row.code) for row in rows[1:4] if isinstance(row, Failure)] == [
        ("b.png", Stage.DECODE, "empty"),
        ("c.png", Stage.DECODE, "unsupported"),
        ("d.png", Stage.READ, "missing"),
    ]
    assert rows[4] == passed


def test_a_failure_says_where_and_why() -> None:
    """Stage, code and sentence are those of the error."""
    (row,) = ingest(Reads(item("a.png", blank())), SHARD, FAST)

    assert isinstance(row, Failure)
    assert (row.stage, row.code) == (Stage.FINGERPRINT, "low_information")
    assert row.detail.startswith("the picture is flat")


def test_a_file_keeps_what_it_says_of_its_rights() -> None:
    """Items and works alike; metadata that cannot be read are a note and no failure."""
    image = Image.open(io.BytesIO(picture(1)))
    reserved, damaged = io.BytesIO(), io.BytesIO()
    image.save(reserved, "JPEG", xmp=ATTRIBUTE.encode())
    image.save(damaged, "JPEG", xmp=b"<not xml")

    said = [FAST.record("a.jpg", Blob.of(reserved.getvalue()), as_work).signals for as_work in (False, True)]
    (note,) = FAST.record("a.jpg", Blob.of(damaged.getvalue())).signals

    assert said[0] == said[1]
    assert combined(said[0], Use.AI_GENERATIVE_TRAINING) is Permission.NOT_ALLOWED
    assert (note.locator, note.uses) == (UNREADABLE, {})
