"""Marks in JPEG, PNG, WebP, GIF and TIFF files."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator

from workprint.rights import pictures as reading
from workprint.rights import riff, tiff
from workprint.rights.marking.mark import Mark
from workprint.rights.marking.tiff import ARTIST, COPYRIGHT, XMP, with_fields
from workprint.rights.pieces import Piece, Source

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_PNG_XMP = b"XML:com.adobe.xmp\0"
_OPENING_MARKERS = frozenset({*range(0xE0, 0xF0), 0xFE})
_MAX_SEGMENT_BYTES = 65_533
_GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
_GIF_TRAILER = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
_HAS_XMP, _HAS_EXIF, _HAS_ALPHA = 0x04, 0x08, 0x10


def jpeg(data: bytes, mark: Mark) -> bytes:
    """EXIF and XMP segments behind the file's own header; the coded picture stays as it is."""
    held = _held(reading.jpeg(Source.of(data)))
    exif = _segment(0xE1, b"Exif\0\0" + _exif(held.get("exif", b""), mark))
    packet = _segment(0xE1, _JPEG_XMP + mark.packet(held.get("xmp", b"")))
    kept = [data[begin:end] for begin, end in _jpeg_segments(data) if not _is_replaced(data[begin:end])]
    first = kept[:1] if kept and kept[0][:2] == b"\xff\xe0" else []
    rest = data[max((end for _, end in _jpeg_segments(data)), default=2) :]
    return b"".join((data[:2], *first, exif, packet, *kept[len(first) :], rest))


def png(data: bytes, mark: Mark) -> bytes:
    """An `eXIf` and an `iTXt` chunk behind the header."""
    held = _held(reading.png(Source.of(data)))
    made = _png_chunk(b"eXIf", _exif(held.get("exif", b""), mark))
    made += _png_chunk(b"iTXt", _PNG_XMP + bytes(4) + mark.packet(held.get("xmp", b"")))
    kept = [
        data[begin:end]
        for begin, end in _png_chunks(data)
        if data[begin + 4 : begin + 8] != b"eXIf"
        and not (data[begin + 4 : begin + 8] == b"iTXt" and data[begin + 8 : end].startswith(_PNG_XMP))
    ]
    return b"".join((data[:8], kept[0], made, *kept[1:]))


def webp(data: bytes, mark: Mark) -> bytes:
    """`EXIF` and `XMP ` chunks at the end, announced in the extended header."""
    held = _held(riff.pieces(Source.of(data)))
    chunks = {}
    for name, at, size in riff.chunks(Source.of(data), 12, len(data)):
        chunks[name, at] = data[at : at + size]
    kept = [(name, body) for (name, _), body in chunks.items() if name not in (b"EXIF", b"XMP ", b"VP8X")]
    header = next((body for (name, _), body in chunks.items() if name == b"VP8X"), None) or _webp_header(kept)
    header = bytes((header[0] | _HAS_XMP | _HAS_EXIF,)) + header[1:]
    made = [(b"EXIF", _exif(held.get("exif", b""), mark)), (b"XMP ", mark.packet(held.get("xmp", b"")))]
    body = b"WEBP" + b"".join(riff_chunk(name, one) for name, one in [(b"VP8X", header), *kept, *made])
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif(data: bytes, mark: Mark) -> bytes:
    """An application extension with XMP before the end; an earlier one is taken out."""
    held = _held(reading.gif(Source.of(data)))
    begin = data.find(_GIF_XMP)
    if begin >= 0:
        end = data.find(_GIF_TRAILER, begin)
        if end < 0:
            raise ValueError("its XMP has no end")
        data = data[:begin] + data[end + len(_GIF_TRAILER) :]
    if not data.endswith(b";"):
        raise ValueError("it has no end")
    return b"GIF89a" + data[6:-1] + _GIF_XMP + mark.packet(held.get("xmp", b"")) + _GIF_TRAILER + b";"


def tiff_file(data: bytes, mark: Mark) -> bytes:
    """Artist, copyright and XMP in a new first directory."""
    held = _held(tiff.pieces(Source.of(data)))
    return with_fields(data, {**_fields(mark), XMP: mark.packet(held.get("xmp", b""))})


def riff_chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk, padded to an even length."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)


def _held(pieces: Iterable[Piece]) -> dict[str, bytes]:
    """What metadata a file has already."""
    held: dict[str, bytes] = {}
    for piece in pieces:
        if piece.kind == "c2pa":
            raise ValueError("it carries a signed manifest, which a mark would break; mark the file it was made from")
        if piece.problem:
            raise ValueError(f"its {piece.kind} cannot be read: {piece.problem}")
        held.setdefault(piece.kind, piece.data)
    return held


def _exif(existing: bytes, mark: Mark) -> bytes:
    return with_fields(existing, _fields(mark))


def _fields(mark: Mark) -> dict[int, bytes]:
    texts = {ARTIST: mark.creator, COPYRIGHT: mark.notice}
    return {tag: text.encode() + b"\0" for tag, text in texts.items() if text}


def _segment(marker: int, body: bytes) -> bytes:
    if len(body) > _MAX_SEGMENT_BYTES:
        raise ValueError("its metadata would not fit into a JPEG segment")
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def _is_replaced(segment: bytes) -> bool:
    return segment[1] == 0xE1 and segment[4:].startswith((b"Exif\0", _JPEG_XMP))


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of the application and comment segments that open a JPEG."""
    at = 2
    while (
        data[at : at + 1] == b"\xff" and len(data) >= at + 4 and (0xE0 <= data[at + 1] <= 0xEF or data[at + 1] == 0xFE)
    ):
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        yield at, end
        at = end


def _png_chunks(data: bytes) -> Iterator[tuple[int, int]]:
    at = 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield at, end
        at = end


def _png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _webp_header(chunks: list[tuple[bytes, bytes]]) -> bytes:
    """The extended header that a simple WebP file lacks: its size, and whether it has alpha."""
    name, body = chunks[0]
    if name == b"VP8L" and body[:1] == b"\x2f":
        bits = int.from_bytes(body[1:5], "little")
        width, height, flags = bits & 0x3FFF, bits >> 14 & 0x3FFF, _HAS_ALPHA if bits >> 28 & 1 else 0
    elif name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a":
        width, height, flags = (
            (int.from_bytes(body[6:8], "little") & 0x3FFF) - 1, (int.from_bytes(body[8:10], "little") & 0x3FFF) - 1, 0,
        )  # fmt: skip
    else:
        raise ValueError("its picture is of no known kind")
    return bytes((flags, 0, 0, 0)) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
