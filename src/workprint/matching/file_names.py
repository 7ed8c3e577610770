"""Which of many texts may end in the file name of a work, without an object for each text.

Names are compared by 64-bit hashes (Fowler, Noll, Vo: FNV-1a) of their small letters. Two names may share one: whoever
asks looks at what is told, and what is not told names no work. What is hard to say byte by byte is told, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
from numba import njit
from numpy.typing import NDArray

from workprint.serial.works import WorkList

_QUOTE, _BACKSLASH, _SLASH, _PERCENT, _SPACE = (ord(letter) for letter in '"\\/% ')
_QUESTION, _FRAGMENT = ord("?"), ord("#")
_NEAR_END_BYTES = 40
"""A blank so near the end, and a text is no address; `mentions.file_name_in` counts characters, which are no fewer."""
_SHA256_HEX_DIGITS = 64
_FNV_OFFSET = np.uint64(0xCBF29CE484222325)
_FNV_PRIME = np.uint64(0x100000001B3)


def hashes_of_names(paths: Iterable[str] | WorkList) -> NDArray[np.uint64]:
    """The hashes of the file names that paths, or the ids of works, end in: uint64 (n,), rising."""
    if isinstance(paths, WorkList):
        return np.sort(np.concatenate([_of_chunk(chunk) for chunk in paths.texts("work_id").chunks]))
    names = [path.rpartition("/")[2].casefold().encode("utf-8", "surrogatepass") for path in paths]
    return np.sort(_hashes(*_laid_out(names)))


def rows_in_question(said: pa.StringArray, names: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Of texts of JSON, those in which a string may end in one of the names, or be a SHA-256, or hold an escape."""
    data, offsets = _buffers(said)
    return _in_question(data, offsets, names)  # type: ignore[no-any-return]


def _of_chunk(paths: pa.StringArray) -> NDArray[np.uint64]:
    hashes, plain = _hashes_of_paths(*_buffers(paths))
    others = [path.as_py().rpartition("/")[2].casefold().encode() for path in paths.filter(pa.array(~plain))]
    return np.concatenate([hashes[plain], _hashes(*_laid_out(others))])


def _laid_out(texts: Sequence[bytes]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    ends = np.cumsum([0, *map(len, texts)], dtype=np.int64)
    return np.frombuffer(b"".join(texts), dtype=np.uint8), ends


def _buffers(texts: pa.StringArray) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Bytes, and where each text begins and the last one ends; int64 (n + 1,)."""
    _, offsets, data = texts.buffers()
    if not len(texts) or offsets is None:
        return np.empty(0, np.uint8), np.zeros(1, np.int64)
    ends = np.frombuffer(offsets, dtype=np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    return np.frombuffer(data or b"", dtype=np.uint8), ends


@njit(cache=True, nogil=True)
def _small(letter):  # type: ignore[no-untyped-def]
    return letter + 32 if 65 <= letter <= 90 else letter


@njit(cache=True, nogil=True)
def _hash(data, begin, end):  # type: ignore[no-untyped-def]
    value = _FNV_OFFSET
    for at in range(begin, end):
        value = (value ^ np.uint64(_small(data[at]))) * _FNV_PRIME
    return value


@njit(cache=True, nogil=True)
def _hashes(data, offsets):  # type: ignore[no-untyped-def]
    """Of each text, uint64 (n,)."""
    hashes = np.empty(len(offsets) - 1, dtype=np.uint64)
    for row in range(len(hashes)):
        hashes[row] = _hash(data, offsets[row], offsets[row + 1])
    return hashes


@njit(cache=True, nogil=True)
def _hashes_of_paths(data, offsets):  # type: ignore[no-untyped-def]
    """Of what each path ends in, uint64 (n,), and whether the path is ASCII, whose small letters are one byte each."""
    hashes = np.zeros(len(offsets) - 1, dtype=np.uint64)
    plain = np.ones(len(offsets) - 1, dtype=np.bool_)
    for row in range(len(hashes)):
        begin = offsets[row]
        for at in range(offsets[row], offsets[row + 1]):
            if data[at] == _SLASH:
                begin = at + 1
            plain[row] &= data[at] < 128
        hashes[row] = _hash(data, begin, offsets[row + 1])
    return hashes, plain


@njit(cache=True, nogil=True)
def _in_question(data, offsets, names):  # type: ignore[no-untyped-def]
    found = np.zeros(len(offsets) - 1, dtype=np.bool_)
    for row in range(len(found)):
        begin = offsets[row]
        for at in range(offsets[row], offsets[row + 1] + 1):
            if at < offsets[row + 1] and data[at] == _BACKSLASH:
                found[row] = True
                break
            if at == offsets[row + 1] or data[at] == _QUOTE:
                if _is_digest(data, begin, at) or _names_one(data, begin, at, names):
                    found[row] = True
                    break
                begin = at + 1
    return found


@njit(cache=True, nogil=True)
def _is_digest(data, begin, end):  # type: ignore[no-untyped-def]
    if end - begin != _SHA256_HEX_DIGITS:
        return False
    for at in range(begin, end):
        letter = _small(data[at])
        if not (48 <= letter <= 57 or 97 <= letter <= 102):
            return False
    return True


@njit(cache=True, nogil=True)
def _names_one(data, begin, end, names):  # type: ignore[no-untyped-def]
    """Whether what an address or a path ends in may be one of the names."""
    for at in range(max(begin, end - _NEAR_END_BYTES), end):
        if data[at] == _SPACE:
            return False
    first, last = begin, begin
    while last < end and data[last] != _QUESTION and data[last] != _FRAGMENT:
        last += 1
        if data[last - 1] == _SLASH:
            first = last
    for at in range(first, last):
        if data[at] == _PERCENT or data[at] >= 128:
            return True
    if first == last:
        return False
    value = _hash(data, first, last)
    place = np.searchsorted(names, value)
    return place < len(names) and names[place] == value
