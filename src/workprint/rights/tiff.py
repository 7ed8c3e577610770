"""The first directory of a TIFF file, and of EXIF data, which is one."""

from __future__ import annotations

from collections.abc import Iterator

from workprint.rights.pieces import Piece, Pieces, Source

_ARTIST, _COPYRIGHT, _XMP, _IIM, _PHOTOSHOP, _C2PA = 0x013B, 0x8298, 700, 33723, 34377, 52545
_KINDS = {_ARTIST: "artist", _COPYRIGHT: "copyright", _XMP: "xmp", _IIM: "iim", _PHOTOSHOP: "photoshop", _C2PA: "c2pa"}
_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 6: 1, 7: 1, 9: 4}
_MAX_ENTRIES = 1_000


def pieces(source: Source) -> Pieces:
    """Copyright, artist, XMP, IPTC and Photoshop data of the first directory."""
    for tag, place, count in _entries(source):
        if tag in _KINDS:
            piece = source.piece(_KINDS[tag], place, count)
            yield Piece("c2pa", b"") if piece.kind == "c2pa" else piece


def _entries(source: Source) -> Iterator[tuple[int, int, int]]:
    """Yield (tag, offset, bytes) of each entry, in TIFF and BigTIFF."""
    head = source.at(0, 16)
    order = {b"II": "little", b"MM": "big"}.get(head[:2])
    if order is None or len(head) < 8:
        return
    number = _Number(order == "little")
    is_big = number(head[2:4]) == 43
    width = 8 if is_big else 4
    directory = number(head[8:16] if is_big else head[4:8])
    count_bytes = 8 if is_big else 2
    entry_bytes = 20 if is_big else 12
    entries = min(number(source.at(directory, count_bytes)), _MAX_ENTRIES)
    table = source.at(directory + count_bytes, entries * entry_bytes)
    for at in range(0, len(table) - entry_bytes + 1, entry_bytes):
        entry = table[at : at + entry_bytes]
        count = number(entry[4 : 4 + width]) * _TYPE_BYTES.get(number(entry[2:4]), 0)
        value = directory + count_bytes + at + 4 + width
        yield number(entry[:2]), value if count <= width else number(entry[4 + width :]), count


class _Number:
    """Whole numbers in the file's byte order."""

    def __init__(self, is_little: bool) -> None:
        self._is_little = is_little

    def __call__(self, data: bytes) -> int:
        return int.from_bytes(data, "little" if self._is_little else "big")
