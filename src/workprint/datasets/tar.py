"""Tar archives, packed or not. Files of one key form one group, as WebDataset has it: `000123.jpg`, `000123.json`."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import pairwise, starmap
from pathlib import Path
from typing import BinaryIO

from workprint.datasets.addresses import UniqueNames, container_of, encode_name, member_address, part_id
from workprint.datasets.attributes import MAX_SIDECAR_BYTES, SIDECAR_KEYS, from_sidecars
from workprint.datasets.holding import DEFAULT_LIMITS, Held, failure, hold
from workprint.datasets.kinds import HEAD_BYTES, claims_media, ending_of, is_tar, packing_of, unpacking
from workprint.datasets.places import LocalPlace, Place, head_of, name_of, place_of, require_present
from workprint.datasets.tar_stream import Member, TarStream
from workprint.errors import ItemError, TooLarge
from workprint.model import Blob, Failure, Item, Limits, PassedOver, Shard
from workprint.protocols import Read

RUN_BYTES = 32 << 20
"""A large archive is several shards of at least so many bytes, so that several processes can read it at once."""
LARGE_BYTES = 4 << 30
"""From so many on, if it is one of several archives; alone from two runs on. Finding where runs begin takes a pass."""
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
    """Reads a tar archive in one pass. Archives in it are items as others.

    The whole archive is one shard, or a run of its bytes is: of a large one on this machine that is not packed.
    """

    name = "tar"

    def __init__(self, limits: Limits = DEFAULT_LIMITS, run_bytes: int = RUN_BYTES) -> None:
        """Items above `limits.max_item_bytes` become failures."""
        self._limits = limits
        self._run_bytes = run_bytes

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return is_tar(head_of(uri))

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`."""
        require_present(uri)
        yield from self._shards(uri, encode_name(name_of(uri)), 2 * self._run_bytes)

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]:
        """Yield the shards of an archive whose address in the dataset is `container`."""
        yield from self._shards(uri, container, LARGE_BYTES)

    def _shards(self, uri: str, container: str, large_bytes: int) -> Iterator[Shard]:
        place = place_of(uri)
        bounds = _bounds(place, self._run_bytes) if _is_large(place, large_bytes) else []
        if len(bounds) <= 2:
            yield Shard(container, uri)
            return
        for run in starmap(range, pairwise(bounds)):
            yield Shard(part_id(container, "bytes", run), uri, run)

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
        run = shard.extent if isinstance(shard.extent, range) else None
        try:
            with open_archive() as source:
                if run:
                    source.seek(run.start)
                plain = unpacking(source, packing)
                can_seek = not packing and source.seekable()
                stream = TarStream(plain, can_seek=can_seek, most_bytes=most_bytes if packing else None)
                for member in stream.members():
                    if run and run.start + member.start_bytes >= run.stop:
                        break
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


def _is_large(place: Place, large_bytes: int) -> bool:
    if not isinstance(place, LocalPlace):
        return False
    try:
        return Path(place.uri).stat().st_size >= large_bytes and not packing_of(head_of(place.uri))
    except OSError:
        return False


def _bounds(place: Place, run_bytes: int) -> list[int]:
    """Return the bytes at which runs begin, none within a group, and where the last one ends.

    Nothing where the archive is damaged, which one shard then says, or two members have one name: they are numbered in
    order.
    """
    bounds, names, key = [0], set[int](), ""
    try:
        with place.open() as source:
            for member in TarStream(source, can_seek=True).members():
                before, key = key, _key_of(member.name)
                if key != before and member.start_bytes - bounds[-1] >= run_bytes:
                    bounds.append(member.start_bytes)
                if (name := hash(member.name)) in names:
                    return []
                names.add(name)
            return [*bounds, source.seek(0, io.SEEK_END)]
    except (ItemError, OSError):
        return []


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
