"""Archives without some of their members; what stays is copied as it is."""

from __future__ import annotations

import bz2
import copy
import errno
import gzip
import shutil
import struct
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from workprint.datasets.addresses import UniqueNames, member_address
from workprint.datasets.attributes import SIDECAR_KEYS
from workprint.datasets.kinds import claims_media, ending_of, packing_of, unpacking
from workprint.datasets.places import head_of
from workprint.errors import UsageError, WorkprintError

_BLOCK_BYTES = 512
Entry = TypeVar("Entry")
_CHUNK_BYTES = 1 << 20
_DAMAGE = (ValueError, EOFError, OverflowError, LookupError, struct.error, zlib.error)
"""What the standard library raises where an archive is not what it says; `LookupError` for members without a name."""


def clean_tar(source: Path, target: Path, container: str, unwanted: Collection[str]) -> set[str]:
    """Copy a tar archive without some members and the files that only speak of them; return the addresses left out.

    Files of one key that stand together (WebDataset's samples) belong together: captions and labels go with the last
    medium of their key. Every other byte of the archive, headers and padding too, is copied as it stands.

    Raises:
        UsageError: it is packed in a way that cannot be written.
        WorkprintError: it is damaged.
    """
    packing = packing_of(head_of(str(source)))
    if packing not in _PACKERS:
        raise UsageError(f"{source} is packed with {packing}, which cannot be written; unpack it first")
    with _plain(source, packing) as archive, _PACKERS[packing](target) as output:
        members = _members(archive, source)
        gone = _unwanted(((member.name, member) for member in members), container, unwanted, _key_in_tar)
        position = 0
        for _, member in gone.values():
            _copy(archive, output, position, member.offset)
            position = member.offset_data + -(-member.size // _BLOCK_BYTES) * _BLOCK_BYTES
        _copy(archive, output, position, None)
    return set(gone) & set(unwanted)


def clean_zip(source: Path, target: Path, container: str, unwanted: Collection[str]) -> set[str]:
    """Copy a zip archive without some members and their sidecar files; return the addresses left out.

    The content, name, date and mode of every other member stay; it may be packed a little differently.

    Raises:
        WorkprintError: a member cannot be copied, because it is damaged or encrypted.
    """
    try:
        with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as output:
            infos = archive.infolist()
            named = ((info.filename, info) for info in infos if not info.is_dir())
            gone = _unwanted(named, container, unwanted, _stem)
            left_out = {id(info) for _, info in gone.values()}
            for info in infos:
                if id(info) not in left_out:
                    _copy_member(archive, output, info)
            output.comment = archive.comment
    except (*_DAMAGE, zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError) as error:
        if (
            isinstance(error, OSError) and error.errno != errno.EINVAL
        ):  # which is how a place before the file is refused
            raise
        raise WorkprintError(f"{source} cannot be copied: {error}; repack it, and scan it again") from error
    return set(gone) & set(unwanted)


def _unwanted(
    named: Iterable[tuple[str, Entry]], container: str, unwanted: Collection[str], key: Callable[[str], str]
) -> dict[str, tuple[str, Entry]]:
    """What is to be left out, by address: members, and sidecar files whose key has no other medium left."""
    names = UniqueNames()
    listed = [(names.name(member_address(container, name)), name, entry) for name, entry in named]
    gone: dict[str, tuple[str, Entry]] = {}
    for _, group in groupby(listed, key=lambda one: key(one[1])) if key is _key_in_tar else _grouped(listed, key):
        together = list(group)
        out = {address for address, _, _ in together if address in unwanted}
        alone = out and not any(claims_media(name) and address not in out for address, name, _ in together)
        for address, name, entry in together:
            if address in out or (alone and (key is _key_in_tar or ending_of(name) in SIDECAR_KEYS)):
                gone[address] = (name, entry)
    return gone


def _grouped(
    listed: list[tuple[str, str, Entry]], key: Callable[[str], str]
) -> Iterator[tuple[str, list[tuple[str, str, Entry]]]]:
    groups: dict[str, list[tuple[str, str, Entry]]] = {}
    for one in listed:
        groups.setdefault(key(one[1]), []).append(one)
    return iter(groups.items())


def _key_in_tar(name: str) -> str:
    folder, slash, base = name.rpartition("/")
    return folder + slash + base.partition(".")[0]


def _stem(name: str) -> str:
    folder, slash, base = name.rpartition("/")
    return folder + slash + (base.rpartition(".")[0] or base)


def _members(archive: BinaryIO, source: Path) -> list[tarfile.TarInfo]:
    try:
        with tarfile.open(fileobj=archive, mode="r:") as members:
            return [member for member in members if not member.isdir()]
    except (*_DAMAGE, tarfile.TarError) as error:
        raise WorkprintError(f"{source} cannot be copied: it is damaged ({error})") from error


@contextmanager
def _plain(source: Path, packing: str) -> Iterator[BinaryIO]:
    """The archive unpacked, so that it can be read at any place."""
    with source.open("rb") as packed:
        if not packing:
            yield packed
            return
        with tempfile.TemporaryFile(prefix="workprint-") as plain:
            try:
                shutil.copyfileobj(unpacking(packed, packing), plain, _CHUNK_BYTES)
            except (*_DAMAGE, OSError) as error:
                raise WorkprintError(f"{source} cannot be copied: it is damaged ({error})") from error
            plain.seek(0)
            yield cast(BinaryIO, plain)


@contextmanager
def _gzip_file(target: Path) -> Iterator[BinaryIO]:
    with target.open("wb") as stream, gzip.GzipFile("", "wb", fileobj=stream, mtime=0) as packed:
        yield cast(BinaryIO, packed)


_PACKERS: dict[str, Callable[[Path], Any]] = {
    "": lambda target: target.open("wb"),
    "gzip": _gzip_file,
    "bz2": lambda target: bz2.BZ2File(target, "wb"),
}


def _copy(source: BinaryIO, target: BinaryIO, start: int, stop: int | None) -> None:
    source.seek(start)
    left = stop - start if stop is not None else None
    while left is None or left > 0:
        chunk = source.read(_CHUNK_BYTES if left is None else min(_CHUNK_BYTES, left))
        if not chunk:
            return
        target.write(chunk)
        left = None if left is None else left - len(chunk)


def _copy_member(archive: zipfile.ZipFile, output: zipfile.ZipFile, info: zipfile.ZipInfo) -> None:
    same = copy.copy(info)
    if info.is_dir():
        output.writestr(same, b"")
        return
    with archive.open(info) as stream, output.open(same, "w", force_zip64=info.file_size > 1 << 30) as copied:
        shutil.copyfileobj(stream, copied, _CHUNK_BYTES)
