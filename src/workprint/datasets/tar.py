"""Tar archives, packed or not. Files of one key form one group, as WebDataset has it: `000123.jpg`, `000123.json`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from workprint.datasets.addresses import UniqueNames, container_of, encode_name, member_address
from workprint.datasets.attributes import MAX_SIDECAR_BYTES, SIDECAR_KEYS, from_sidecars
from workprint.datasets.holding import DEFAULT_LIMITS, Held, failure, hold
from workprint.datasets.kinds import HEAD_BYTES, claims_media, ending_of, is_tar, packing_of, unpacking
from workprint.datasets.places import head_of, name_of, place_of, require_present
from workprint.datasets.tar_stream import Member, TarStream
from workprint.errors import ItemError, TooLarge
from workprint.model import Blob, Failure, Item, Limits, PassedOver, Shard
from workprint.protocols import Read

MAX_GROUP_MEMBERS = 64
MAX_GROUP_BYTES = 256 << 20

OpenArchive = Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class _Part:
    """One member of a group: its bytes, or what is to be said of it instead."""

    key: str
    address: str
    outcome: Held | Failure | PassedOver
    sidecar: tuple[str, bytes] | None = None

    @property
    def held_bytes(self) -> int:
        return self.outcome.blob.size_bytes if isinstance(self.outcome, Held) else 0


class TarArchive:
    """Reads a tar archive in one pass; the whole archive is one shard. Archives in it are items as others."""

    name = "tar"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Items above `limits.max_item_bytes` become failures."""
        self._limits = limits

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return is_tar(head_of(uri))

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`."""
        require_present(uri)
        yield from self.shards_at(uri, encode_name(name_of(uri)))

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]:
        """Yield the shards of an archive whose address in the dataset is `container`."""
        yield Shard(container, uri)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`. Media of one group have the same attributes; a group ends where its key ends."""
        packing = packing_of(head_of(shard.uri))
        yield from self._grouped(shard, lambda: place_of(shard.uri).open(), packing)

    def read_blob(self, blob: Blob, shard: Shard, most_bytes: int) -> Iterator[Read]:
        """Yield what is in an archive that is an item itself, at the address that is the shard's id.

        Of a packed one no more than `most_bytes` are unpacked.
        """
        with blob.open() as stream:
            packing = packing_of(stream.read(HEAD_BYTES))
        yield from self._grouped(shard, blob.open, packing, most_bytes)

    def _grouped(
        self, shard: Shard, open_archive: OpenArchive, packing: str, most_bytes: int | None = None
    ) -> Iterator[Read]:
        group: list[_Part] = []
        try:
            for part in self._parts(shard, open_archive, packing, most_bytes):
                if group and (part.key != group[0].key or _is_full(group)):
                    yield from _reads(group, shard.shard_id)
                    group = []
                group.append(part)
            yield from _reads(group, shard.shard_id)
        finally:
            for part in group:
                if isinstance(part.outcome, Held):
                    part.outcome.close()

    def _parts(self, shard: Shard, open_archive: OpenArchive, packing: str, most_bytes: int | None) -> Iterator[_Part]:
        container = container_of(shard.shard_id)
        names = UniqueNames()
        try:
            with open_archive() as source:
                plain = unpacking(source, packing)
                can_seek = not packing and source.seekable()
                stream = TarStream(plain, can_seek=can_seek, most_bytes=most_bytes if packing else None)
                for member in stream.members():
                    yield self._part(stream, member, names.name(member_address(container, member.name)))
        except ItemError as error:
            yield _Part("", shard.shard_id, failure(shard.shard_id, error))
        except OSError as error:
            yield _Part(
                "",
                shard.shard_id,
                failure(shard.shard_id, ItemError(f"the archive cannot be opened: {error.strerror}")),
            )

    def _part(self, stream: TarStream, member: Member, address: str) -> _Part:
        part = partial(_Part, _key_of(member.name), address)
        ending = ending_of(member.name)
        if not claims_media(member.name):
            is_sidecar = ending in SIDECAR_KEYS and member.refusal() is None and member.size_bytes <= MAX_SIDECAR_BYTES
            sidecar = (ending, _read_whole(stream, member.size_bytes)) if is_sidecar else None
            return part(PassedOver(address, ending), sidecar)
        refusal = member.refusal() or self._too_large(member)
        if refusal:
            return part(failure(address, refusal))
        return part(hold(stream.read, member.size_bytes))

    def _too_large(self, member: Member) -> TooLarge | None:
        most = self._limits.max_item_bytes
        if member.size_bytes <= most:
            return None
        return TooLarge(f"{member.size_bytes:,} bytes are more than the {most:,} allowed for one item")


def _reads(group: list[_Part], shard_id: str) -> Iterator[Read]:
    attributes = from_sidecars(dict(part.sidecar for part in group if part.sidecar))
    for part in group:
        if isinstance(part.outcome, Held):
            yield Item(part.address, shard_id, attributes), part.outcome.blob
            part.outcome.close()
        else:
            yield part.outcome


def _is_full(group: list[_Part]) -> bool:
    return len(group) >= MAX_GROUP_MEMBERS or sum(part.held_bytes for part in group) > MAX_GROUP_BYTES


def _key_of(name: str) -> str:
    """WebDataset's key: the path up to the first dot of the last part."""
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def _read_whole(stream: TarStream, size_bytes: int) -> bytes:
    with_rest = bytearray()
    while len(with_rest) < size_bytes:
        with_rest += stream.read(size_bytes - len(with_rest))
    return bytes(with_rest)
