"""Where the entries of a ZIP archive without compression lie, so that they can be read in place.

The archive comes from a stranger. Nothing in it is taken for granted: each entry lies within the file, apart from all
others, under a name of its own, as it is and not packed; anything else is a trick, or damage.
"""

import hashlib
import mmap
import struct
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MAX_ENTRIES = 1_000_000
MAX_DIRECTORY_BYTES = 64 << 20
"""`zipfile` makes an object of each entry of the directory before the first can be looked at."""
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64_BYTES = 20
_LOCAL_HEADER_BYTES = 30
_UTF8_NAME = 0x800
_LARGE_BYTES = 1 << 26
"""From so many on, digests are made by several threads."""
_CHECKED_BYTES = 1 << 18
"""At a time: they stay in the processor's cache between being read and being hashed."""


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """The bytes of one entry, from `begin` to before `end`."""

    begin: int
    end: int
    checksum: int
    """CRC-32, as the directory says."""

    @property
    def size_bytes(self) -> int:
        """How many there are."""
        return self.end - self.begin


def changed_entries(path: Path, places: Mapping[str, StoredEntry], digests: Mapping[str, str]) -> list[str]:
    """The names, of those in `digests` (SHA-256, hexadecimal), whose bytes have another digest.

    Raises:
        OSError: the archive cannot be read.
    """
    names = sorted(digests, key=lambda name: places[name].size_bytes, reverse=True)

    def has_changed(name: str) -> bool:
        return _digest_of(path, places[name]) != digests[name]

    if sum(places[name].size_bytes for name in names) < _LARGE_BYTES:
        return list(filter(has_changed, names))
    with ThreadPoolExecutor() as threads:  # hashing needs no interpreter, so threads share it
        return [name for name, changed in zip(names, threads.map(has_changed, names), strict=True) if changed]


def _digest_of(path: Path, place: StoredEntry) -> str:
    """Of the bytes that are there, read and not mapped: what is only checked is not held."""
    chunk, digest, left = memoryview(bytearray(_CHECKED_BYTES)), hashlib.sha256(), place.size_bytes
    with path.open("rb", buffering=0) as stream:
        stream.seek(place.begin)
        while left and (size := stream.readinto(chunk[: min(left, _CHECKED_BYTES)])):
            digest.update(chunk[:size])
            left -= size
    return digest.hexdigest() if not left else "cut short"


def stored_entries(stream: IO[bytes], data: mmap.mmap) -> Mapping[str, StoredEntry]:
    """List an archive, by name; `data` are the bytes of `stream`.

    Raises:
        ValueError: it is no such archive; the sentence says why.
        OSError, zipfile.BadZipFile, NotImplementedError, struct.error: it is no archive.
    """
    if _directory_bytes(data) > MAX_DIRECTORY_BYTES:
        raise ValueError("its directory is larger than that of any portfolio")
    with zipfile.ZipFile(stream) as archive:
        infos = archive.infolist()
    entries = {info.filename: _entry(info, data) for info in infos}
    if len(entries) != len(infos) or len(infos) > MAX_ENTRIES:
        raise ValueError("it has two entries of one name, or too many")
    _refuse_overlaps(entries)
    return entries


def _directory_bytes(data: mmap.mmap) -> int:
    """How long the directory says that it is. What is written here has no comment behind it."""
    at = len(data) - _END.size
    if at < 0 or data[at : at + 4] != b"PK\x05\x06":
        raise ValueError("it does not end as an archive does")
    size = int(_END.unpack_from(data, at)[5])
    at -= _LOCATOR_64_BYTES
    if at < _END_64.size or data[at : at + 4] != b"PK\x06\x07":
        return size
    return int(_END_64.unpack_from(data, at - _END_64.size)[8])


def _entry(info: zipfile.ZipInfo, data: mmap.mmap) -> StoredEntry:
    if info.compress_type != zipfile.ZIP_STORED or info.compress_size != info.file_size:
        raise ValueError(f"{info.filename!r} is compressed")
    if info.flag_bits & ~_UTF8_NAME:
        raise ValueError(f"{info.filename!r} is encrypted, or of another kind than entries are")
    at = info.header_offset
    header = data[at : at + _LOCAL_HEADER_BYTES] if at >= 0 else b""
    if len(header) < _LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
        raise ValueError(f"{info.filename!r} does not begin where the directory says")
    name, extra = struct.unpack_from("<2H", header, _LOCAL_HEADER_BYTES - 4)
    begin = at + _LOCAL_HEADER_BYTES + name + extra
    if not begin <= begin + info.file_size <= len(data):
        raise ValueError(f"{info.filename!r} ends outside it")
    return StoredEntry(begin, begin + info.file_size, info.CRC)


def _refuse_overlaps(entries: Mapping[str, StoredEntry]) -> None:
    """Entries that share bytes would make a small file unfold to any size, and take any time to check."""
    places: Iterator[tuple[int, int]] = iter(sorted((entry.begin, entry.end) for entry in entries.values()))
    last = 0
    for begin, end in places:
        if begin < last:
            raise ValueError("two of its entries share bytes")
        last = end
