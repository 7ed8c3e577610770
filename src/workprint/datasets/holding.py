"""Keeps the bytes of one archive member at hand: a few in memory, many in a temporary file."""

import io
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, BinaryIO

from workprint.errors import ItemError, Truncated
from workprint.model import Attributes, Blob, Failure, Limits, Stage

DEFAULT_LIMITS = Limits()
MAX_BYTES_IN_MEMORY = 64 << 20
MAX_EXPANSION = 200
MAX_EXPANSION_FREE_BYTES = 64 << 20
"""What is smaller than this may be packed as tightly as it likes: a flat bitmap really is."""
_CHUNK_BYTES = 1 << 20

ReadChunk = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Held:
    """A member's bytes; the temporary file behind them goes when it is closed."""

    blob: Blob
    file: IO[bytes] | None = None

    def close(self) -> None:
        """Give the bytes up."""
        if self.file is not None:
            self.file.close()


def hold(read: ReadChunk, size_bytes: int) -> Held:
    """Return the next `size_bytes` that `read(n)` gives; it is never asked for more.

    Raises:
        Truncated: it gives fewer.
    """
    if size_bytes <= MAX_BYTES_IN_MEMORY:
        buffer = io.BytesIO()
        _copy(read, size_bytes, buffer)
        return Held(Blob.of(buffer.getvalue()))
    return _hold_on_disk(read, size_bytes)


def failure(subject_id: str, error: ItemError, attributes: Attributes | None = None) -> Failure:
    """Return what an error while reading means for an item. Its detail is valid Unicode, whatever it quotes."""
    detail = str(error).encode("utf-8", "replace").decode("utf-8")
    return Failure(subject_id, Stage.READ, error.code, detail, attributes or {})


def _hold_on_disk(read: ReadChunk, size_bytes: int) -> Held:
    file = tempfile.NamedTemporaryFile(prefix="workprint-")  # noqa: SIM115 - lives as long as the blob
    try:
        _copy(read, size_bytes, file)
        file.flush()
    except BaseException:
        file.close()
        raise
    return Held(Blob(size_bytes, partial(_open, file.name)), file)


def _open(path: str) -> BinaryIO:
    return Path(path).open("rb")


def _copy(read: ReadChunk, size_bytes: int, target: IO[bytes]) -> None:
    left_bytes = size_bytes
    while left_bytes:
        chunk = read(min(_CHUNK_BYTES, left_bytes))
        if not chunk:
            raise Truncated(f"the data ends {left_bytes:,} bytes too early")
        target.write(chunk)
        left_bytes -= len(chunk)
