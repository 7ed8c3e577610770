"""Where bytes come from while containers are walked: bounded reads, and the pieces of metadata that were found."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO

MAX_PIECE_BYTES = 4 << 20
"""Largest piece of metadata that is read. XMP packets and tags are a few kilobytes."""
MAX_STEPS = 100_000
"""Most chunks, boxes or segments that are stepped over in one file."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One stretch of metadata."""

    kind: str
    """Which reader it is for: `xmp`, `exif`, `iim`, `id3`, …"""
    data: bytes
    name: str = ""
    """The field it came from, where the container names it."""
    problem: str = ""
    """Why it could not be taken whole; empty if it was."""


class Source:
    """A file that is looked into here and there; no read is longer than it has to be."""

    def __init__(self, stream: BinaryIO, size_bytes: int) -> None:
        """Take a stream that can be moved in."""
        self._stream = stream
        self.size_bytes = size_bytes

    @classmethod
    def of(cls, data: bytes) -> Source:
        """Bytes that are in memory."""
        return cls(BytesIO(data), len(data))

    def at(self, offset: int, count: int) -> bytes:
        """Up to `count` bytes from `offset` on; fewer where the file ends."""
        if not 0 <= offset < self.size_bytes:
            return b""
        self._stream.seek(offset)
        return self._stream.read(min(count, MAX_PIECE_BYTES))

    def piece(self, kind: str, offset: int, count: int, name: str = "") -> Piece:
        """A stretch of the file, or what is wrong with it."""
        if count > MAX_PIECE_BYTES:
            return Piece(kind, b"", name, f"it claims {count} bytes; at most {MAX_PIECE_BYTES} are read")
        data = self.at(offset, count)
        return Piece(kind, data, name, "" if len(data) == count else "it ends before it should")


Pieces = Iterator[Piece]
