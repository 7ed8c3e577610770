"""Zip archives."""

from collections.abc import Iterator
from typing import BinaryIO

from workprint.datasets.addresses import UniqueNames, container_of, encode_name, member_address, part_id
from workprint.datasets.attributes import MAX_SIDECAR_BYTES, SIDECAR_KEYS, from_sidecars
from workprint.datasets.holding import DEFAULT_LIMITS, Held, failure, hold
from workprint.datasets.kinds import claims_media, ending_of, is_zip
from workprint.datasets.places import head_of, name_of, place_of, require_present
from workprint.datasets.zip_stream import MemberStream, ZipMember, members_of
from workprint.errors import DatasetError, ItemError, TooLarge
from workprint.model import Item, Limits, PassedOver, Shard
from workprint.protocols import Read

MEMBERS_PER_SHARD = 1024
MAX_SHARDS = 64
"""The directory at the end of the archive is read once per shard, so a large archive has larger shards, not more."""

MAX_EXPANSION = 200
MAX_EXPANSION_FREE_BYTES = 64 << 20
"""What is smaller than this may be packed as tightly as it likes: a flat bitmap really is."""

Sidecars = dict[str, dict[str, ZipMember]]
"""By the name that a medium and the files beside it share, then by their endings."""


class ZipReader:
    """Reads a zip archive; a shard is a range of its members, in the order of the directory at its end."""

    name = "zip"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Items above `limits.max_item_bytes` become failures."""
        self._limits = limits

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return is_zip(head_of(uri))

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`."""
        require_present(uri)
        shards = list(self.shards_at(uri, encode_name(name_of(uri))))
        if not shards:
            raise DatasetError(f"{uri} is a zip archive with no files in it")
        yield from shards

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]:
        """Yield the shards of an archive whose address in the dataset is `container`; one without extent if damaged."""
        try:
            with place_of(uri).open() as source:
                count = sum(1 for _ in _files_in(source))
        except (ItemError, OSError):
            yield Shard(container, uri)
            return
        step = max(MEMBERS_PER_SHARD, -(-count // MAX_SHARDS))
        for start in range(0, count, step):
            rows = range(start, min(start + step, count))
            yield Shard(part_id(container, "members", rows), uri, rows)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`. A `.json` or `.txt` with the name of a medium gives it attributes."""
        try:
            with place_of(shard.uri).open() as source:
                named, damage = _listed(source, shard)
                yield from self._reads(source, shard, named)
                if damage:
                    yield failure(shard.shard_id, damage)
        except OSError as error:
            yield failure(shard.shard_id, ItemError(f"the archive cannot be opened: {error.strerror}"))

    def _reads(self, source: BinaryIO, shard: Shard, named: list[tuple[str, ZipMember]]) -> Iterator[Read]:
        sidecars = _sidecars(source, named)
        for address, member in named:
            if not claims_media(member.name):
                yield PassedOver(address, ending_of(member.name))
                continue
            try:
                attributes = from_sidecars(
                    {ending: _text(source, beside) for ending, beside in sidecars.get(_stem(member.name), {}).items()}
                )
                held = self._held(source, member)
            except ItemError as error:
                yield failure(address, error)
                continue
            try:
                yield Item(address, shard.shard_id, attributes), held.blob
            finally:
                held.close()

    def _held(self, source: BinaryIO, member: ZipMember) -> Held:
        refusal = member.refusal() or self._too_large(member)
        if refusal:
            raise refusal
        return hold(MemberStream(source, member).read, member.size_bytes)

    def _too_large(self, member: ZipMember) -> TooLarge | None:
        most, size_bytes = self._limits.max_item_bytes, member.size_bytes
        if size_bytes > most:
            return TooLarge(f"{size_bytes:,} bytes are more than the {most:,} allowed for one item")
        expansion = size_bytes / max(1, member.packed_bytes)
        if size_bytes > MAX_EXPANSION_FREE_BYTES and expansion > MAX_EXPANSION:
            return TooLarge(f"it unpacks to {expansion:,.0f} times its size, as no medium of {size_bytes:,} bytes does")
        return None


def _files_in(source: BinaryIO) -> Iterator[ZipMember]:
    return (member for member in members_of(source) if not member.is_folder)


def _listed(source: BinaryIO, shard: Shard) -> tuple[list[tuple[str, ZipMember]], ItemError | None]:
    """Return the members of a shard with their addresses, and what kept the rest from being listed."""
    listed: list[tuple[str, ZipMember]] = []
    try:
        for entry in _named(source, shard):
            listed.append(entry)  # noqa: PERF402 - what came before the damage counts
    except ItemError as error:
        return listed, error
    return listed, None


def _named(source: BinaryIO, shard: Shard) -> Iterator[tuple[str, ZipMember]]:
    """Yield the members of a shard with their addresses, which depend on the members before it."""
    names, container = UniqueNames(), container_of(shard.shard_id)
    rows = shard.extent if isinstance(shard.extent, range) else None
    for index, member in enumerate(_files_in(source)):
        if rows is not None and index >= rows.stop:
            return
        address = names.name(member_address(container, member.name))
        if rows is None or index >= rows.start:
            yield address, member


def _sidecars(source: BinaryIO, named: list[tuple[str, ZipMember]]) -> Sidecars:
    """Find the files that say something of a shard's media; they may be anywhere in the archive."""
    stems = {_stem(member.name) for _, member in named if claims_media(member.name)}
    found: Sidecars = {}
    try:
        for member in members_of(source) if stems else ():
            ending, stem = ending_of(member.name), _stem(member.name)
            if ending in SIDECAR_KEYS and stem in stems and member.size_bytes <= MAX_SIDECAR_BYTES:
                found.setdefault(stem, {})[ending] = member
    except ItemError:
        return found  # the damage is said where members are listed
    return found


def _stem(name: str) -> str:
    folder, slash, base = name.rpartition("/")
    return folder + slash + (base.rpartition(".")[0] or base)


def _text(source: BinaryIO, member: ZipMember) -> bytes:
    """Return a file beside an item; nothing if it cannot be read, because the item itself still can."""
    try:
        if member.refusal() is None:
            with hold(MemberStream(source, member).read, member.size_bytes).blob.open() as stream:
                return stream.read()
    except ItemError:
        return b""
    return b""
