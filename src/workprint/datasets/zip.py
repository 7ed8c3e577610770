"""Zip archives."""

from array import array
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import BinaryIO

from workprint.datasets.addresses import UniqueNames, container_of, encode_name, member_address, part_id
from workprint.datasets.attributes import MAX_SIDECAR_BYTES, SIDECAR_KEYS, from_sidecars
from workprint.datasets.holding import DEFAULT_LIMITS, MAX_EXPANSION, MAX_EXPANSION_FREE_BYTES, Held, failure, hold
from workprint.datasets.kinds import claims_media, ending_of, is_zip
from workprint.datasets.places import head_of, name_of, place_of, require_present
from workprint.datasets.positions import PositionIndex
from workprint.datasets.remote import without_secrets
from workprint.datasets.zip_stream import MemberStream, ZipDirectory, ZipMember
from workprint.errors import DatasetError, ItemError, TooLarge, Undecodable
from workprint.model import Blob, Item, Limits, PassedOver, Shard
from workprint.protocols import Read

MEMBERS_PER_SHARD = 1024


@dataclass(frozen=True, slots=True)
class _Survey:
    """What a pass through the directory finds out; positions are those of entries in the directory."""

    count: int
    starts_bytes: tuple[int, ...]
    """Where each run of `MEMBERS_PER_SHARD` members begins."""
    repeats: Mapping[int, str]
    """What is put behind a name that an earlier member has, by the member's number."""
    sidecars: PositionIndex
    """Files that may say something of a medium, by their name without its ending."""
    is_damaged: bool


_Listed = tuple[ZipMember, str, dict[str, ZipMember]]
"""A member, what is put behind its name to make it unique, and by ending the files that say something of it."""


class ZipArchive:
    """Reads a zip archive; a shard is a range of its members, in the order of the directory at its end.

    Archives in it are items as others.
    """

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
            raise DatasetError(f"{without_secrets(uri)} is a zip archive with no files in it")
        yield from shards

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]:
        """Yield the shards of an archive whose address in the dataset is `container`; one without extent if damaged."""
        try:
            survey = _survey(uri)
        except (ItemError, OSError):
            survey = None
        if survey is None or survey.is_damaged:
            yield Shard(container, uri)
            return
        for start in range(0, survey.count, MEMBERS_PER_SHARD):
            rows = range(start, min(start + MEMBERS_PER_SHARD, survey.count))
            yield Shard(part_id(container, "members", rows), uri, rows)

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`. A `.json` or `.txt` with the name of a medium gives it attributes."""
        yield from self._read(shard, lambda: place_of(shard.uri).open(), lambda: _survey(shard.uri))

    def read_blob(self, blob: Blob, shard: Shard, most_bytes: int) -> Iterator[Read]:  # noqa: ARG002
        """Yield what is in an archive that is an item itself, at the address that is the shard's id.

        Nothing is unpacked before its size is known, so whoever asks can stop.
        """
        yield from self._read(shard, blob.open, lambda: _survey_of(blob.open))

    def _read(
        self, shard: Shard, open_archive: Callable[[], BinaryIO], survey_it: Callable[[], _Survey]
    ) -> Iterator[Read]:
        rows = shard.extent if isinstance(shard.extent, range) else None
        try:
            survey = survey_it()
            with open_archive() as source:
                for start in range(0, survey.count, MEMBERS_PER_SHARD) if rows is None else (rows.start,):
                    yield from self._reads(source, shard, _listed(source, survey, start))
                if survey.is_damaged:
                    yield failure(
                        shard.shard_id, Undecodable("the zip directory is damaged; some members are not known")
                    )
        except ItemError as error:
            yield failure(shard.shard_id, error)
        except OSError as error:
            yield failure(shard.shard_id, ItemError(f"the archive cannot be opened: {error.strerror}"))

    def _reads(self, source: BinaryIO, shard: Shard, listed: list[_Listed]) -> Iterator[Read]:
        container = container_of(shard.shard_id)
        for member, repeat, sidecars in listed:
            address = member_address(container, member.name) + repeat
            if not claims_media(member.name):
                yield PassedOver(address, ending_of(member.name))
                continue
            try:
                held = self._held(source, member)
            except ItemError as error:
                yield failure(address, error)
                continue
            try:
                said = {ending: _text(source, sidecar) for ending, sidecar in sidecars.items()}
                yield Item(address, shard.shard_id, from_sidecars(said)), held.blob
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


def _survey(uri: str) -> _Survey:
    return _surveyed(uri, place_of(uri).stamp())


@lru_cache(maxsize=4)  # every shard needs it, and it takes a pass through the whole directory
def _surveyed(uri: str, stamp: str) -> _Survey:  # noqa: ARG001 - the stamp tells one state of the file from another
    return _survey_of(place_of(uri).open)


def _survey_of(open_archive: Callable[[], BinaryIO]) -> _Survey:
    names, starts_bytes, count, is_damaged = UniqueNames(), array("q"), 0, False
    repeats: dict[int, str] = {}
    with open_archive() as source:
        directory = ZipDirectory(source)
        try:
            for position_bytes, member in _files_in(directory):
                if count % MEMBERS_PER_SHARD == 0:
                    starts_bytes.append(position_bytes)
                unique = names.name(member.name)
                if unique != member.name:
                    repeats[count] = unique.removeprefix(member.name)
                count += 1
        except ItemError:
            is_damaged = True
        index = PositionIndex.of(_sidecar_positions(directory))
    return _Survey(count, tuple(starts_bytes), repeats, index, is_damaged)


def _sidecar_positions(directory: ZipDirectory) -> Iterator[tuple[str, int]]:
    with suppress(ItemError):  # said by whoever lists the members
        for position_bytes, member in _files_in(directory):
            if ending_of(member.name) in SIDECAR_KEYS and member.size_bytes <= MAX_SIDECAR_BYTES:
                yield _stem(member.name), position_bytes


def _files_in(directory: ZipDirectory, position_bytes: int = 0) -> Iterator[tuple[int, ZipMember]]:
    return (entry for entry in directory.members(position_bytes) if not entry[1].is_folder)


def _listed(source: BinaryIO, survey: _Survey, start: int) -> list[_Listed]:
    """Return the run of members that begins with the `start`-th, as far as they are known."""
    directory = ZipDirectory(source)
    rows = range(start, min(start + MEMBERS_PER_SHARD, survey.count))
    entries = islice(_files_in(directory, survey.starts_bytes[start // MEMBERS_PER_SHARD]), len(rows))
    members = [member for _, member in entries]
    return [
        (member, survey.repeats.get(row, ""), _sidecars(directory, survey, member))
        for row, member in zip(rows, members, strict=True)
    ]


def _sidecars(directory: ZipDirectory, survey: _Survey, medium: ZipMember) -> dict[str, ZipMember]:
    if not claims_media(medium.name):
        return {}
    found: dict[str, ZipMember] = {}
    for position_bytes in survey.sidecars.find(_stem(medium.name), len(SIDECAR_KEYS)):
        _, member = next(directory.members(position_bytes))
        if _stem(member.name) == _stem(medium.name):  # else a name of the same hash
            found[ending_of(member.name)] = member
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
