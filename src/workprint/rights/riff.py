"""Where RIFF (WAV, WebP) and AIFF files keep metadata. Declared sizes are never trusted."""

from __future__ import annotations

from collections.abc import Iterator

from workprint.rights.pieces import MAX_STEPS, Piece, Pieces, Source

_UNKNOWN_SIZE = 0xFFFFFFFF
_WHOLE = {b"XMP ": "xmp", b"_PMX": "xmp", b"id3 ": "id3", b"ID3 ": "id3", b"bext": "bext"}
_AIFF = {b"(c) ": "copyright", b"AUTH": "artist", b"ANNO": "comment"}
_INFO = {b"ICOP": "copyright", b"IART": "artist", b"ICMT": "comment"}


def pieces(source: Source) -> Pieces:
    """XMP, EXIF, ID3, INFO lists and the broadcast extension, wherever in the file they stand."""
    head = source.at(0, 4)
    order = "big" if head in (b"RIFX", b"FORM") else "little"
    for name, at, size in chunks(source, 12, source.size_bytes, order):
        if name in _WHOLE:
            yield source.piece(_WHOLE[name], at, size)
        elif name == b"EXIF":
            piece = source.piece("exif", at, size)
            yield Piece("exif", piece.data.removeprefix(b"Exif\0\0"), problem=piece.problem)
        elif name == b"LIST" and source.at(at, 4) == b"INFO":
            yield from _info(source, at + 4, at + size, order)
        elif name == b"C2PA":
            yield Piece("c2pa", b"")
        elif name in _AIFF and head == b"FORM":
            yield source.piece(_AIFF[name], at, size, name.decode())


def chunks(source: Source, begin: int, end: int, order: str = "little") -> Iterator[tuple[bytes, int, int]]:
    """Yield (name, offset, bytes) of the chunks of a file; RF64's 64-bit size of the sound is taken from `ds64`."""
    at, long_size = begin, 0
    for _ in range(MAX_STEPS):
        head = source.at(at, 8)
        if len(head) < 8 or at >= end:
            return
        name, size = head[:4], _number(head[4:], order)
        if name == b"ds64":
            long_size = _number(source.at(at + 16, 8), order)
        if name == b"data" and size == _UNKNOWN_SIZE:
            size = long_size or _UNKNOWN_SIZE
        yield name, at + 8, size
        at += 8 + size + (size & 1)


def _info(source: Source, begin: int, end: int, order: str) -> Pieces:
    for name, at, size in chunks(source, begin, end, order):
        if name in _INFO:
            yield source.piece(_INFO[name], at, size, name.decode())


def _number(data: bytes, order: str) -> int:
    return int.from_bytes(data, "big" if order == "big" else "little")
