"""NumPy arrays in files, read where they lie: `.npy` format version 1.0, plain numbers only."""

from __future__ import annotations

import io
import mmap
import tokenize
from typing import Any

import numpy as np
from numpy.typing import NDArray

_HEADER_BYTES = 1024
_NO_ARRAY = (ValueError, TypeError, OverflowError, SyntaxError, tokenize.TokenError, RecursionError, MemoryError)
"""What NumPy raises for the header of an array that is none."""


def npy(table: NDArray[Any]) -> bytes:
    """An array as the bytes of a file."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(table), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def array_in(view: memoryview) -> NDArray[Any]:
    """The array that the bytes of such a file hold, as a view of them.

    Raises:
        ValueError: they hold none, or anything but a plain array of the size that they say.
    """
    stream = io.BytesIO(view[:_HEADER_BYTES])
    try:
        if np.lib.format.read_magic(stream) != (1, 0):
            raise ValueError("another version of the npy format")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream, max_header_size=_HEADER_BYTES - 24)
        if fortran or dtype.hasobject or any(side < 0 for side in shape):
            raise ValueError("not a plain array")
        if int(np.prod(shape, dtype=object)) * dtype.itemsize != len(view) - stream.tell():
            raise ValueError("its size is not what it says")
        return np.frombuffer(view, dtype=dtype, offset=stream.tell()).reshape(shape)
    except _NO_ARRAY as error:
        raise ValueError(str(error)) from error


def let_go(array: NDArray[Any]) -> None:
    """Hold the pages of an array no longer that lies in a mapped file; they are read again when they are asked for.

    A process otherwise counts every page of a table as its own that it has once looked at. Nothing happens to arrays
    that lie elsewhere, that may be written to, or that are in pieces.
    """
    file = _mapping_of(array)
    if file is None or not array.size or not array.flags.c_contiguous or not hasattr(mmap, "MADV_DONTNEED"):
        return
    start = array.ctypes.data - np.frombuffer(file, np.uint8).ctypes.data
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    size_bytes = start + array.nbytes - first
    if size_bytes >= mmap.PAGESIZE:
        file.madvise(mmap.MADV_DONTNEED, first, size_bytes)


def _mapping_of(array: NDArray[Any]) -> mmap.mmap | None:
    """The mapped file that an array lies in, if it can only be read there."""
    base: Any = array
    while isinstance(base, np.ndarray) and not base.flags.writeable:
        base = base.base
    if isinstance(base, memoryview):
        base = base.obj
    return base if isinstance(base, mmap.mmap) else None
