"""Conformance kits: what every implementation of a socket has to hold, as tests to inherit.

    class TestMyReader(DatasetReaderKit):
        def reader(self): return MyReader()
        def write(self, folder, media): ...

pytest finds the inherited tests; nothing here needs more than the standard library.
"""

import hashlib
import io
import pickle
import random
import struct
import wave
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from workprint.model import Blob, Failure, Item, PassedOver, Shard, Use, combined
from workprint.protocols import DatasetReader, Read, SignalReader

AWKWARD_NAMES = (
    "plain.png",
    "with space.png",
    "percent%21.png",
    "bang!hash#semi;colon.png",
    "équipe/日本語.png",
    "two.dots.png",
    "comma,equals=.png",
)
"""Names that every container has to give back under different addresses."""


class SignalReaderKit:
    """What a `SignalReader` has to hold. Define `reader`, and `reserved`: files that deny training generative AI."""

    most_signals = 64
    longest_text = 500

    def reader(self) -> SignalReader:
        """Return a new reader."""
        raise NotImplementedError

    def reserved(self) -> Iterable[bytes]:
        """Files, each of which denies the use."""
        raise NotImplementedError

    def test_a_denial_is_read_twice_the_same(self) -> None:
        """Every file says no, and says it again."""
        for data in self.reserved():
            signals = self.reader().read(Blob.of(data))

            assert combined(signals, Use.AI_GENERATIVE_TRAINING) == "not_allowed"
            assert list(self.reader().read(Blob.of(data))) == list(signals)

    def test_files_without_signals_say_nothing(self) -> None:
        """Neither a picture, nor bytes of no kind, nor none."""
        for data in (small_picture(1), b"no media at all", b""):
            assert not self.reader().read(Blob.of(data))

    def test_damaged_files_raise_nothing_and_stay_bounded(self) -> None:
        """Cut anywhere, and with bytes changed anywhere."""
        chance = random.Random(1)
        for data in self.reserved():
            for _ in range(50):
                damaged = bytearray(data[: chance.randrange(1, len(data))])
                damaged[chance.randrange(len(damaged))] = chance.randrange(256)
                signals = self.reader().read(Blob.of(bytes(damaged)))

                assert len(signals) <= self.most_signals
                assert all(len(signal.raw_value) <= self.longest_text for signal in signals)


class DatasetReaderKit:
    """What a `DatasetReader` has to hold. Define `reader` and `write`; `damage` where the container can be cut."""

    def reader(self) -> DatasetReader:
        """Return a new reader."""
        raise NotImplementedError

    def write(self, folder: Path, media: Mapping[str, bytes]) -> str:
        """Write a dataset with these media, by name, below an empty folder and return its path or URL."""
        raise NotImplementedError

    def damage(self, uri: str) -> bool:
        """Cut the dataset short in place; return False where that cannot be done to this kind."""
        path = Path(uri)
        if not path.is_file():
            return False
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        return True

    def test_it_recognises_its_own_kind_and_nothing_else(self, tmp_path: Path) -> None:
        """A reader knows its kind by content, and neither a missing path nor a picture is of its kind."""
        reader = self.reader()
        picture = tmp_path / "picture.bin"
        picture.write_bytes(small_picture(1))

        assert reader.recognises(self._dataset(tmp_path))
        assert not reader.recognises(str(tmp_path / "missing"))
        assert not reader.recognises(str(picture))

    def test_every_medium_comes_out_once_with_its_bytes(self, tmp_path: Path) -> None:
        """The digests of the items are those of the media that were put in."""
        uri = self._dataset(tmp_path)

        found = sorted(hashlib.sha256(data).hexdigest() for _, data in items_of(self.reader(), uri))

        assert found == sorted(hashlib.sha256(data).hexdigest() for data in some_media().values())

    def test_reading_twice_gives_the_same(self, tmp_path: Path) -> None:
        """Two readers, and one reader twice, give equal shards and equal items in equal order."""
        uri, reader = self._dataset(tmp_path), self.reader()

        once = items_of(reader, uri)

        assert list(reader.shards(uri)) == list(self.reader().shards(uri))
        assert once == items_of(reader, uri) == items_of(self.reader(), uri)

    def test_shards_travel_to_another_process(self, tmp_path: Path) -> None:
        """A shard can be pickled, and says all that another reader needs, in any order of shards."""
        uri = self._dataset(tmp_path)
        shards: list[Shard] = pickle.loads(pickle.dumps(list(self.reader().shards(uri))))  # noqa: S301 - our own bytes

        backwards = [item for shard in reversed(shards) for item, _ in items_in(self.reader().read(shard))]

        assert sorted(item.item_id for item in backwards) == sorted(
            item.item_id for item, _ in items_of(self.reader(), uri)
        )

    def test_addresses_are_unique_printable_text(self, tmp_path: Path) -> None:
        """Ids are unique in the dataset, valid Unicode, on one line, and free of controls."""
        uri, reader = self._dataset(tmp_path), self.reader()
        shards = list(reader.shards(uri))
        addresses = [address_of(read) for shard in shards for read in reader.read(shard)]

        assert len(set(addresses)) == len(addresses)
        assert len({shard.shard_id for shard in shards}) == len(shards)
        for text in [*addresses, *(shard.shard_id for shard in shards)]:
            assert text.encode("utf-8").decode("utf-8") == text
            assert all(character >= " " and character != "\x7f" for character in text)

    def test_items_name_their_shard(self, tmp_path: Path) -> None:
        """Every item carries the id of the shard it came from."""
        uri, reader = self._dataset(tmp_path), self.reader()
        for shard in reader.shards(uri):
            assert all(item.shard_id == shard.shard_id for item, _ in items_in(reader.read(shard)))

    def test_a_cut_dataset_gives_failures_not_exceptions(self, tmp_path: Path) -> None:
        """Half a container gives what is left of it and at least one failure."""
        uri = self._dataset(tmp_path)
        if self.damage(uri):
            reads = [read for shard in self.reader().shards(uri) for read in self.reader().read(shard)]

            assert any(isinstance(read, Failure) for read in reads)

    def test_a_blob_opens_twice(self, tmp_path: Path) -> None:
        """A blob can be opened again, and says its size."""
        uri, reader = self._dataset(tmp_path), self.reader()
        for shard in reader.shards(uri):
            for read in reader.read(shard):
                if isinstance(read, tuple):
                    assert read[1].read() == read[1].read()
                    assert read[1].size_bytes == len(read[1].read())

    def _dataset(self, tmp_path: Path) -> str:
        folder = tmp_path / "dataset"
        folder.mkdir()
        return self.write(folder, some_media())


def small_picture(seed: int, side_px: int = 12) -> bytes:
    """Return a PNG of coloured noise, `side_px` square."""
    noise = random.Random(seed)
    rows = b"".join(b"\0" + noise.randbytes(3 * side_px) for _ in range(side_px))
    header = struct.pack(">IIBBBBB", side_px, side_px, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def small_sound(seed: int, frames: int = 200) -> bytes:
    """Return a WAV file of noise, mono, 16 bit, 8 kHz, `frames` long."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(random.Random(seed).randbytes(2 * frames))
    return buffer.getvalue()


def some_media() -> dict[str, bytes]:
    """Return a few pictures and sounds under names that are hard to address."""
    pictures = {name: small_picture(seed) for seed, name in enumerate(AWKWARD_NAMES)}
    return pictures | {f"sounds/{seed}.wav": small_sound(seed) for seed in range(3)}


def items_in(reads: Iterable[Read]) -> list[tuple[Item, bytes]]:
    """Return the items among what a reader yields, with their bytes."""
    return [(read[0], read[1].read()) for read in reads if isinstance(read, tuple)]


def items_of(reader: DatasetReader, uri: str) -> list[tuple[Item, bytes]]:
    """Return all items of a dataset with their bytes, shard by shard."""
    return [item for shard in reader.shards(uri) for item in items_in(reader.read(shard))]


def address_of(read: Read) -> str:
    """Return the address of whatever a reader yields."""
    if isinstance(read, Failure):
        return read.subject_id
    return read.item_id if isinstance(read, PassedOver) else read[0].item_id


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
