"""Fields added to the first directory of a TIFF file or of EXIF data.

The old bytes stay where they are: a new directory is put behind them, and the header points at it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

_ASCII, _BYTES = 2, 1
ARTIST, COPYRIGHT, XMP = 0x013B, 0x8298, 700
_EMPTY = b"II*\0\x08\0\0\0\0\0\0\0\0\0"
_MAX_BYTES = 1 << 32


def with_fields(data: bytes, fields: Mapping[int, bytes]) -> bytes:
    """The file with these fields; texts (artist, copyright) end with a zero byte.

    Raises:
        ValueError: it is no TIFF of 32-bit offsets, or its directory is damaged.
    """
    data = data or _EMPTY
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(data[:4])
    if order is None:
        raise ValueError("no TIFF with 32-bit offsets")
    try:
        entries, following = _entries(data, order)
    except struct.error as error:
        raise ValueError("its first directory is damaged") from error
    body = data + b"\0" * (len(data) & 1)
    values = b""
    start = len(body) + 2 + 12 * len(entries.keys() | fields.keys()) + 4
    for tag, value in fields.items():
        kind = _BYTES if tag == XMP else _ASCII
        inline = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", start + len(values))
        entries[tag] = struct.pack(order + "HHI", tag, kind, len(value)) + inline
        values += (value + b"\0" * (len(value) & 1)) if len(value) > 4 else b""
    if start + len(values) >= _MAX_BYTES:
        raise ValueError("it would not fit into 32-bit offsets")
    directory = struct.pack(order + "H", len(entries)) + b"".join(entry for _, entry in sorted(entries.items()))
    whole = body + directory + struct.pack(order + "I", following) + values
    return whole[:4] + struct.pack(order + "I", len(body)) + whole[8:]


def _entries(data: bytes, order: str) -> tuple[dict[int, bytes], int]:
    (at,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, at)
    entries = {}
    for number in range(count):
        begin = at + 2 + 12 * number
        (tag,) = struct.unpack_from(order + "H", data, begin)
        entries[tag] = data[begin : begin + 12]
    (following,) = struct.unpack_from(order + "I", data, at + 2 + 12 * count)
    return entries, following
