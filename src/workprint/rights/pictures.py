"""Where JPEG, PNG and GIF keep metadata."""

from __future__ import annotations

import zlib

from workprint.rights.pieces import MAX_PIECE_BYTES, MAX_STEPS, Piece, Pieces, Source

_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
_MORE_XMP_HEAD_BYTES = len(_MORE_XMP) + 32 + 8
_PHOTOSHOP = b"Photoshop 3.0\0"
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
_GIF_XMP = b"\x21\xff\x0bXMP DataXMP"
_GIF_C2PA = b"\x21\xff\x0bC2PA_GIF"
_GIF_COMMENT = b"\x21\xfe"
_GIF_TRAILER = b"\x01\xff\xfe\xfd\xfc"
_MAX_GIF_BYTES = 64 << 20
_PNG_NAMES = {"copyright": "copyright", "author": "artist", "disclaimer": "notice", "comment": "comment"}
_PNG_PROFILES = {"xmp": "xmp", "iptc": "photoshop", "8bim": "photoshop", "exif": "exif", "app1": "exif"}


def jpeg(source: Source) -> Pieces:
    """Application segments before the picture. XMP that is spread over several is put together again."""
    extended: dict[int, bytes] = {}
    photoshop = b""
    at = 2
    for _ in range(MAX_STEPS):
        head = source.at(at, 4)
        if len(head) < 4 or head[0] != 0xFF or head[1] in (0xDA, 0xD9):
            break
        if head[1] == 0xFF or head[1] in _BARE_MARKERS:
            at += 1 if head[1] == 0xFF else 2
            continue
        size = int.from_bytes(head[2:], "big") - 2
        if head[1] == 0xE1:
            yield from _app1(source.at(at + 4, max(size, 0)), size, extended)
        elif head[1] == 0xED and (data := source.at(at + 4, max(size, 0))).startswith(_PHOTOSHOP):
            photoshop += data[len(_PHOTOSHOP) :]
        elif head[1] == 0xEB and source.at(at + 4, 2) == b"JP":
            yield Piece("c2pa", b"")
        at += 4 + size if size >= 0 else 4
    if photoshop:
        yield Piece("photoshop", photoshop)
    if extended:
        yield Piece("xmp", b"".join(data for _, data in sorted(extended.items())))


def _app1(data: bytes, size: int, extended: dict[int, bytes]) -> Pieces:
    problem = "" if len(data) == size else "it ends before it should"
    if data.startswith(_XMP):
        yield Piece("xmp", data[len(_XMP) :], problem=problem)
    elif data.startswith(b"Exif\0"):
        yield Piece("exif", data[6:], problem=problem)
    elif data.startswith(_MORE_XMP) and sum(map(len, extended.values())) + len(data) <= MAX_PIECE_BYTES:
        offset = int.from_bytes(data[_MORE_XMP_HEAD_BYTES - 4 : _MORE_XMP_HEAD_BYTES], "big")
        extended[offset] = data[_MORE_XMP_HEAD_BYTES:]


def png(source: Source) -> Pieces:
    """Text, EXIF and C2PA chunks, before and after the picture."""
    at = 8
    for _ in range(MAX_STEPS):
        head = source.at(at, 8)
        if len(head) < 8 or head[4:] == b"IEND":
            return
        size = int.from_bytes(head[:4], "big")
        if head[4:] in (b"iTXt", b"tEXt", b"zTXt"):
            yield from _png_text(head[4:], source.piece("comment", at + 8, size))
        elif head[4:] == b"eXIf":
            yield source.piece("exif", at + 8, size)
        elif head[4:] == b"caBX":
            yield Piece("c2pa", b"")
        at += 12 + size


def _png_text(kind: bytes, chunk: Piece) -> Pieces:
    keyword, _, rest = chunk.data.partition(b"\0")
    name = keyword.decode("latin-1").lower()
    profile = _PNG_PROFILES.get(name.removeprefix("raw profile type ")) if name.startswith("raw profile") else None
    if name != "xml:com.adobe.xmp" and name not in _PNG_NAMES and profile is None:
        return
    wanted = profile or _PNG_NAMES.get(name, "xmp")
    if chunk.problem:
        yield Piece(wanted, b"", problem=chunk.problem)
        return
    is_packed = kind == b"zTXt"
    if kind == b"iTXt":
        is_packed = rest[:1] == b"\1"
        rest = rest[2:].split(b"\0", 2)[-1]
    elif kind == b"zTXt":
        rest = rest[1:]
    piece = _unpacked(wanted, rest) if is_packed else Piece(wanted, rest)
    yield _profile(piece) if profile else piece


def _unpacked(kind: str, data: bytes) -> Piece:
    unpacker = zlib.decompressobj()
    try:
        plain = unpacker.decompress(data, MAX_PIECE_BYTES)
    except zlib.error as error:
        return Piece(kind, b"", problem=f"it cannot be unpacked ({error})")
    return Piece(kind, plain, problem="it unfolds to too many bytes" if unpacker.unconsumed_tail else "")


def _profile(piece: Piece) -> Piece:
    """ImageMagick's way to carry a profile: its name, its length, then hexadecimal digits."""
    parts = piece.data.split(None, 2)
    try:
        data = bytes.fromhex(parts[2].decode("ascii")) if len(parts) == 3 else b""
    except ValueError:
        return Piece(piece.kind, b"", problem="a profile that is not hexadecimal")
    return Piece(piece.kind, data.removeprefix(b"Exif\0\0"), problem=piece.problem)


def gif(source: Source) -> Pieces:
    """The application extensions of XMP and C2PA, and comments."""
    data = b"".join(source.at(at, 1 << 20) for at in range(0, min(source.size_bytes, _MAX_GIF_BYTES), 1 << 20))
    begin = data.find(_GIF_XMP)
    if begin >= 0:
        yield _gif_xmp(data, begin + len(_GIF_XMP))
    if _GIF_C2PA in data:
        yield Piece("c2pa", b"")
    comment = data.find(_GIF_COMMENT)
    if comment >= 0:
        yield Piece("comment", _sub_blocks(data, comment + 2))


def _gif_xmp(data: bytes, begin: int) -> Piece:
    """A packet as it is up to the "magic trailer" that makes old readers skip it; some tools cut it into sub-blocks."""
    if data[begin : begin + 1] == b"<" or data[begin : begin + 2] in (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb"):
        end = data.find(_GIF_TRAILER, begin)
        return Piece("xmp", data[begin:end]) if end >= 0 else Piece("xmp", b"", problem="it ends before it should")
    return Piece("xmp", _sub_blocks(data, begin))


def _sub_blocks(data: bytes, at: int) -> bytes:
    blocks = []
    for _ in range(MAX_STEPS):
        size = data[at] if at < len(data) else 0
        if not size:
            break
        blocks.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return b"".join(blocks)
