"""Reads a tar archive from a stream, one member at a time, in constant memory.

The standard library's `tarfile` keeps every member it has seen, reads extended headers of any size into memory, and
takes a damaged header in the middle for the end. An auditor must not lose members silently, so this module reads the
few header fields that matter (ustar, GNU long names, pax `path` and `size`) itself.
"""

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from workprint.datasets.kinds import TAR_BLOCK_BYTES, header_holds
from workprint.errors import ItemError, TooLarge, Truncated, Undecodable, UnsafePath, Unsupported

_MAX_EXTENDED_HEADER_BYTES = 1 << 20
_MAX_PADDING_BYTES = 64 << 20
_SKIP_BYTES = 1 << 20
_LINKS = (b"1", b"2")
_SPECIAL_FILES = (b"3", b"4", b"6")
_FOLDER = b"5"
_EXTENDED_HEADERS = (b"x", b"X", b"g", b"L", b"K")


@dataclass(frozen=True, slots=True)
class Member:
    """One header, with what the headers before it said of it."""

    name: str
    """As the archive has it; bytes that are no UTF-8 are surrogates."""
    type_flag: bytes
    size_bytes: int
    is_sparse: bool = False
    start_bytes: int = 0
    """Where its headers begin in the stream."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.type_flag == _FOLDER or (self.size_bytes == 0 and self.name.endswith("/"))

    def refusal(self) -> ItemError | None:
        """Why its content cannot be read; None for a plain file."""
        if self.type_flag in _LINKS:
            return UnsafePath("a link inside an archive is not followed")
        if self.type_flag in _SPECIAL_FILES:
            return UnsafePath("a device or pipe is no plain file")
        if self.is_sparse or self.type_flag not in (b"0", b"\0", b"7"):
            return Unsupported("a sparse file or an unknown kind of tar member is not read")
        return None


@dataclass(slots=True)
class _Extended:
    """What extended headers say of the member that follows them."""

    name: str | None = None
    size_bytes: int | None = None
    is_sparse: bool = False
    start_bytes: int = 0


class TarStream:
    """The members of an archive, and the bytes of the one that was given last."""

    def __init__(self, source: BinaryIO, *, can_seek: bool = False, most_bytes: int | None = None) -> None:
        """Read from the beginning of `source`; what is not wanted is skipped by seeking if that is cheap.

        More than `most_bytes` in all end the reading with `TooLarge`, whatever is read for.
        """
        self._source = source
        self._can_seek = can_seek
        self._most_bytes = most_bytes
        self._left_bytes = 0
        self._padding_bytes = 0
        self._offset_bytes = 0

    def read(self, size_bytes: int) -> bytes:
        """Return up to `size_bytes` of the current member; nothing at its end.

        Raises:
            Truncated: the archive ends inside the member.
            Undecodable: what packs the archive is damaged.
        """
        data = self._take(min(size_bytes, self._left_bytes))
        if not data and size_bytes and self._left_bytes:
            raise Truncated(f"the archive ends after {self._offset_bytes:,} bytes, inside a member")
        self._left_bytes -= len(data)
        return data

    def members(self) -> Iterator[Member]:
        """Yield every member but folders.

        Raises:
            Truncated: the archive ends without its end mark.
            Undecodable: a header is damaged; nothing behind it can be trusted.
        """
        extended: _Extended | None = None
        while (block := self._next_header()) is not None:
            extended = extended or _Extended(start_bytes=self._offset_bytes - TAR_BLOCK_BYTES)
            member = self._member(block, extended)
            if member.type_flag in _EXTENDED_HEADERS:
                self._extend(extended, member)
                continue
            extended = None
            if not member.is_folder:
                yield member
            self._skip(self._left_bytes + self._padding_bytes)

    def _member(self, block: bytes, extended: _Extended) -> Member:
        name, type_flag = _name_in(block), block[156:157]
        size_bytes = _number_in(block[124:136])
        if type_flag not in _EXTENDED_HEADERS:
            name = name if extended.name is None else extended.name
            size_bytes = size_bytes if extended.size_bytes is None else extended.size_bytes
        if type_flag in (*_LINKS, *_SPECIAL_FILES, _FOLDER):
            size_bytes = 0
        self._left_bytes = size_bytes
        self._padding_bytes = -size_bytes % TAR_BLOCK_BYTES
        return Member(name, type_flag, size_bytes, extended.is_sparse or type_flag == b"S", extended.start_bytes)

    def _extend(self, extended: _Extended, header: Member) -> None:
        if header.size_bytes > _MAX_EXTENDED_HEADER_BYTES:
            raise Undecodable(f"an extended tar header of {header.size_bytes:,} bytes is not read, nor what follows it")
        data = bytearray()
        while self._left_bytes:
            data += self.read(self._left_bytes)
        self._skip(self._padding_bytes)
        if header.type_flag == b"L":
            extended.name = bytes(data).partition(b"\0")[0].decode("utf-8", "surrogateescape")
        elif header.type_flag in (b"x", b"X"):
            _apply_pax(extended, bytes(data))

    def _next_header(self) -> bytes | None:
        """Return the next header; None at the end of the archive, and at the end of archives joined to it."""
        zeros_bytes = 0
        while zeros_bytes <= _MAX_PADDING_BYTES:
            block = self._take(TAR_BLOCK_BYTES)
            if header_holds(block):
                return block
            if not block and zeros_bytes:
                return None
            if len(block) < TAR_BLOCK_BYTES and not zeros_bytes:
                raise Truncated(f"the archive ends after {self._offset_bytes:,} bytes, without its end mark")
            if any(block):
                self._refuse_garbage(zeros_bytes)
                return None
            zeros_bytes += TAR_BLOCK_BYTES
        return None

    def _refuse_garbage(self, zeros_bytes: int) -> None:
        """Bytes that are no header end the archive if its end mark came before them."""
        if zeros_bytes < 2 * TAR_BLOCK_BYTES:
            where = self._offset_bytes - TAR_BLOCK_BYTES
            raise Undecodable(f"the tar header at byte {where:,} is damaged; nothing after it is read")

    def _skip(self, size_bytes: int) -> None:
        if size_bytes > _SKIP_BYTES and self._can_seek:
            self._seek(size_bytes)
            self._offset_bytes += size_bytes
            return
        while size_bytes:
            data = self._take(min(size_bytes, _SKIP_BYTES))
            if not data:
                raise Truncated(f"the archive ends after {self._offset_bytes:,} bytes, inside a member")
            size_bytes -= len(data)

    def _seek(self, size_bytes: int) -> None:
        try:
            self._source.seek(size_bytes, 1)
        except (OSError, ValueError, OverflowError):
            raise Truncated(f"a member {self._where()} states more bytes than a file can have") from None

    def _take(self, size_bytes: int) -> bytes:
        """Return `size_bytes`, or fewer only at the end of the source."""
        data = b""
        with self._reading():
            while len(data) < size_bytes:
                more = self._source.read(size_bytes - len(data))
                if not more:
                    break
                data = data + more if data else more
        self._offset_bytes += len(data)
        if self._most_bytes is not None and self._offset_bytes > self._most_bytes:
            raise TooLarge(f"the archive unpacks to more than {self._most_bytes:,} bytes, as none of media does")
        return data

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except EOFError:
            raise Truncated(f"the packed archive ends too early, {self._where()}") from None
        except (OSError, ValueError, OverflowError, zlib.error) as error:
            kind = Truncated if "truncated" in str(error).lower() else Undecodable
            raise kind(f"the archive cannot be read {self._where()}: {error}") from error

    def _where(self) -> str:
        return f"after {self._offset_bytes:,} unpacked bytes"


def _name_in(block: bytes) -> str:
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "surrogateescape")


def _number_in(octets: bytes) -> int:
    if octets[0] & 0x80:  # GNU: the rest is a big-endian number
        return int.from_bytes(octets[1:], "big") if octets[0] == 0x80 else _damaged_number()
    digits = octets.strip(b" \0").partition(b"\0")[0].strip()
    if not digits:
        return 0
    return int(digits, 8) if all(48 <= digit < 56 for digit in digits) else _damaged_number()


def _damaged_number() -> int:
    raise Undecodable("a tar header states a size that is no number; nothing after it is read")


def _apply_pax(extended: _Extended, records: bytes) -> None:
    """Read `length key=value` lines; only the keys that say where the next member begins and what it is called."""
    position = 0
    while position < len(records):
        length, _, _ = records[position : position + 24].partition(b" ")
        if not length.isdigit() or int(length) <= len(length) + 1:
            return
        record = records[position + len(length) + 1 : position + int(length)].rstrip(b"\n")
        key, _, value = record.partition(b"=")
        if key == b"path":
            extended.name = value.decode("utf-8", "surrogateescape")
        elif key == b"size" and value.isdigit() and len(value) < 20:
            extended.size_bytes = int(value)
        elif key.startswith(b"GNU.sparse."):
            extended.is_sparse = True
        position += int(length)
