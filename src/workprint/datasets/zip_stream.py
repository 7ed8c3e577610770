"""Reads the directory at the end of a zip archive as a stream, and single members, in constant memory.

The standard library's `zipfile` builds an object of most of a kilobyte per member before the first can be read, for
every part of the archive anew; an archive of a million members would cost a gigabyte in every process.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from workprint.errors import ItemError, Truncated, Undecodable, Unsupported

STORED, DEFLATED = 0, 8
_ENCRYPTED_OR_PATCHED = 0x1 | 0x20 | 0x40
_UTF8_NAME = 0x800
_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_END_64_LOCATOR = struct.Struct("<4sLQL")
_ENTRY = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_FULL_32 = 0xFFFFFFFF
_MAX_COMMENT_BYTES = 0xFFFF
_CHUNK_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class ZipMember:
    """One entry of the directory."""

    name: str
    """As the archive has it; bytes that are no UTF-8 are taken for code page 437, as the format says."""
    flags: int
    method: int
    checksum: int
    """CRC-32 of the unpacked bytes."""
    packed_bytes: int
    size_bytes: int
    offset_bytes: int
    """Where its own header begins in the file."""

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return self.name.endswith("/") and self.size_bytes == 0

    def refusal(self) -> ItemError | None:
        """Why its content cannot be read; None where it can."""
        if self.flags & _ENCRYPTED_OR_PATCHED:
            return Unsupported("the member is encrypted or a patch")
        if self.method not in (STORED, DEFLATED):
            return Unsupported(f"zip compression method {self.method} is not read")
        return None


class ZipDirectory:
    """The directory of an archive, read as a stream. The file must not be read elsewhere while members are listed."""

    def __init__(self, source: BinaryIO) -> None:
        """Find the directory. Raises `Truncated` where there is none."""
        self._source = source
        with _reading():
            self._start_bytes, self._size_bytes, self._shift_bytes = _directory_of(source)

    def members(self, position_bytes: int = 0) -> Iterator[tuple[int, ZipMember]]:
        """Yield the members from an entry of the directory on, each after the position of its entry.

        Raises:
            Truncated: the directory ends too early.
            Undecodable: an entry is damaged.
        """
        self._source.seek(self._start_bytes + position_bytes)
        while position_bytes + _ENTRY.size <= self._size_bytes:
            with _reading():
                fields = _ENTRY.unpack(_exactly(self._source, _ENTRY.size))
                name, extra, comment = fields[10:13]
                rest = _exactly(self._source, name + extra + comment)
            if fields[0] != b"PK\x01\x02":
                raise Undecodable("an entry of the zip directory is damaged; members after it are not known")
            yield position_bytes, _member(fields, rest[:name], rest[name : name + extra], self._shift_bytes)
            position_bytes += _ENTRY.size + len(rest)


class MemberStream:
    """The unpacked bytes of one member; the last read checks their checksum."""

    def __init__(self, source: BinaryIO, member: ZipMember) -> None:
        """Go to the member's data. Raises `Undecodable` where its header is damaged."""
        self._source = source
        self._member = member
        self._packed_left_bytes = member.packed_bytes
        self._left_bytes = member.size_bytes
        self._checksum = 0
        self._unpacker = zlib.decompressobj(-zlib.MAX_WBITS) if member.method == DEFLATED else None
        self._go_to_data()

    def read(self, size_bytes: int) -> bytes:
        """Return up to `size_bytes`, more than nothing unless the data ends too early.

        Raises:
            Undecodable: the packed data is damaged, or its checksum is another.
        """
        wanted_bytes = min(size_bytes, self._left_bytes)
        try:
            data = self._unpacked(wanted_bytes) if self._unpacker else self._packed(wanted_bytes)
        except (OSError, ValueError, OverflowError, zlib.error) as error:
            raise Undecodable(f"the member is damaged: {error}") from error
        self._left_bytes -= len(data)
        self._checksum = zlib.crc32(data, self._checksum)
        if not self._left_bytes and self._checksum != self._member.checksum:
            raise Undecodable("the member is damaged: its checksum is another than the archive says")
        return data

    def _go_to_data(self) -> None:
        try:
            self._source.seek(self._member.offset_bytes)
            header = self._source.read(_LOCAL.size)
            if len(header) < _LOCAL.size or header[:4] != b"PK\x03\x04":
                raise Undecodable("there is no member where the zip directory says")
            name, extra = _LOCAL.unpack(header)[9:]
            self._source.seek(name + extra, io.SEEK_CUR)
        except (OSError, ValueError, OverflowError) as error:
            raise Undecodable(f"the zip directory points outside of the file: {error}") from error

    def _packed(self, size_bytes: int) -> bytes:
        data = self._source.read(min(size_bytes, self._packed_left_bytes))
        self._packed_left_bytes -= len(data)
        return data

    def _unpacked(self, size_bytes: int) -> bytes:
        unpacker, data = self._unpacker, b""
        while unpacker is not None and not data and not unpacker.eof and size_bytes:
            chunk = unpacker.unconsumed_tail or self._packed(_CHUNK_BYTES)
            if not chunk:
                break
            data = unpacker.decompress(chunk, size_bytes)
        return data


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, OverflowError, struct.error) as error:
        raise Truncated(f"the zip directory cannot be read to its end: {error}") from error


def _directory_of(source: BinaryIO) -> tuple[int, int, int]:
    """Return where the directory begins, its size, and what was put before the archive, such as a program; in bytes."""
    file_bytes = source.seek(0, io.SEEK_END)
    tail_bytes = min(file_bytes, _MAX_COMMENT_BYTES + _END.size + _END_64_LOCATOR.size)
    source.seek(file_bytes - tail_bytes)
    tail = _exactly(source, tail_bytes)
    position = tail.rfind(b"PK\x05\x06")
    if position < 0 or len(tail) < position + _END.size:
        raise Truncated("the zip archive has no directory at its end, so it is cut short")
    end_bytes = file_bytes - tail_bytes + position
    _, _, _, _, _, size_bytes, offset_bytes, _ = _END.unpack_from(tail, position)
    locator = tail[position - _END_64_LOCATOR.size : position] if position >= _END_64_LOCATOR.size else b""
    if locator[:4] == b"PK\x06\x07":
        end_bytes, size_bytes, offset_bytes = _end_64(source, end_bytes - _END_64_LOCATOR.size - _END_64.size)
    shift_bytes = end_bytes - size_bytes - offset_bytes
    if shift_bytes < 0:
        raise Truncated("the zip directory states more bytes than the file has")
    return offset_bytes + shift_bytes, size_bytes, shift_bytes


def _end_64(source: BinaryIO, position_bytes: int) -> tuple[int, int, int]:
    source.seek(max(0, position_bytes))
    fields = _END_64.unpack(_exactly(source, _END_64.size))
    if fields[0] != b"PK\x06\x06":
        raise Truncated("the zip archive's 64-bit directory is damaged")
    return position_bytes, fields[8], fields[9]


def _member(fields: tuple[int, ...], name: bytes, extra: bytes, shift_bytes: int) -> ZipMember:
    flags, method, checksum, packed_bytes, size_bytes, offset_bytes = fields[3], fields[4], *fields[7:10], fields[16]
    if _FULL_32 in (packed_bytes, size_bytes, offset_bytes):
        size_bytes, packed_bytes, offset_bytes = _in_64_bits(extra, [size_bytes, packed_bytes, offset_bytes])
    text = _name(name, is_utf8=bool(flags & _UTF8_NAME))
    return ZipMember(text, flags, method, checksum, packed_bytes, size_bytes, offset_bytes + shift_bytes)


def _in_64_bits(extra: bytes, numbers: list[int]) -> list[int]:
    """Replace the numbers that 32 bits cannot hold by those of the 64-bit extra field."""
    position = 0
    while position + 4 <= len(extra):
        kind, size_bytes = struct.unpack_from("<2H", extra, position)
        if kind == 1:
            field = extra[position + 4 : position + 4 + size_bytes]
            large = iter(struct.unpack(f"<{len(field) // 8}Q", field[: len(field) // 8 * 8]))
            return [next(large, number) if number == _FULL_32 else number for number in numbers]
        position += 4 + size_bytes
    return numbers


def _name(name: bytes, *, is_utf8: bool) -> str:
    """Most tools write UTF-8, with the flag that says so or without."""
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("utf-8", "surrogateescape") if is_utf8 else name.decode("cp437")


def _exactly(source: BinaryIO, size_bytes: int) -> bytes:
    data = source.read(size_bytes)
    if len(data) < size_bytes:
        raise Truncated("the zip archive ends too early")
    return data
