"""Zip archives."""

import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from workprint.datasets.addresses import UniqueNames, container_of, encode_name, member_address, part_id
from workprint.datasets.attributes import MAX_SIDECAR_BYTES, SIDECAR_KEYS, from_sidecars
from workprint.datasets.holding import DEFAULT_LIMITS, Held, failure, hold
from workprint.datasets.kinds import claims_media, ending_of, is_zip
from workprint.datasets.places import head_of, name_of, place_of, require_present
from workprint.errors import DatasetError, ItemError, TooLarge, Truncated, Undecodable, Unsupported
from workprint.model import Item, Limits, PassedOver, Shard
from workprint.protocols import Read

MEMBERS_PER_SHARD = 1024
MAX_SHARDS = 64
"""The directory at the end of the archive is read once per shard, so a large archive has larger shards, not more."""

MAX_EXPANSION = 200
MAX_EXPANSION_FREE_BYTES = 64 << 20
"""What is smaller than this may be packed as tightly as it likes: a flat bitmap really is."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The standard library unpacks the others without a bound on memory."""

_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)


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
                count = len(_members(source))
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
                yield from self._reads(source, shard)
        except ItemError as error:
            yield failure(shard.shard_id, error)
        except OSError as error:
            yield failure(shard.shard_id, ItemError(f"the archive cannot be opened: {error.strerror}"))

    def _reads(self, source: BinaryIO, shard: Shard) -> Iterator[Read]:
        archive = _open(source)
        members = [member for member in archive.infolist() if not member.is_dir()]
        rows = shard.extent if isinstance(shard.extent, range) else range(len(members))
        names, container = UniqueNames(), container_of(shard.shard_id)
        for index, member in enumerate(members[: rows.stop]):
            address = names.name(member_address(container, _name(member)))
            if index < rows.start:
                continue
            ending = ending_of(_name(member))
            if not claims_media(_name(member)):
                yield PassedOver(address, ending)
                continue
            try:
                held = self._held(archive, member)
            except ItemError as error:
                yield failure(address, error)
                continue
            try:
                yield Item(address, shard.shard_id, _attributes(archive, member)), held.blob
            finally:
                held.close()

    def _held(self, archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Held:
        self._check(member)
        try:
            with archive.open(member) as stream:
                held = hold(stream.read, member.file_size)
                if stream.read(1):  # the checksum is compared at the end only
                    raise Undecodable("the member is longer than the archive says")
                return held
        except _DAMAGE as error:
            raise Undecodable(f"the member is damaged: {error}") from error

    def _check(self, member: zipfile.ZipInfo) -> None:
        most = self._limits.max_item_bytes
        if member.file_size > most:
            raise TooLarge(f"{member.file_size:,} bytes are more than the {most:,} allowed for one item")
        expansion = member.file_size / max(1, member.compress_size)
        if member.file_size > MAX_EXPANSION_FREE_BYTES and expansion > MAX_EXPANSION:
            raise TooLarge(
                f"it unpacks to {expansion:,.0f} times its size, as no medium of {member.file_size:,} bytes does"
            )
        if member.flag_bits & _ENCRYPTED:
            raise Unsupported("the member is encrypted")
        if member.compress_type not in _METHODS:
            raise Unsupported(f"zip compression method {member.compress_type} is not read")


def _open(source: BinaryIO) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except _DAMAGE as error:
        raise Truncated(f"the zip archive has no readable directory at its end, so it is cut short: {error}") from error


def _members(source: BinaryIO) -> list[zipfile.ZipInfo]:
    return [member for member in _open(source).infolist() if not member.is_dir()]


def _name(member: zipfile.ZipInfo) -> str:
    return member.orig_filename  # `filename` ends at a NUL


def _attributes(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> dict[str, object]:
    stem = _name(member).removesuffix("." + _name(member).rpartition(".")[2])
    sidecars = {}
    for ending in SIDECAR_KEYS:
        info = archive.NameToInfo.get(stem + ending)
        if info is not None and info.file_size <= MAX_SIDECAR_BYTES and info.compress_type in _METHODS:
            sidecars[ending] = _sidecar(archive, info)
    return from_sidecars(sidecars)


def _sidecar(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    try:
        return archive.read(member)
    except _DAMAGE:
        return b""  # it is only about an item; the item itself is read
