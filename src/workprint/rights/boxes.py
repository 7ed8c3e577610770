"""Where files made of boxes (AVIF, HEIC, MP4, M4A) keep metadata: ISO base media, items and QuickTime tags."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workprint.rights.pieces import MAX_STEPS, Piece, Pieces, Source

XMP_UUID = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_C2PA_UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_MAX_BOXES = 2_000
_MAX_ITEMS = 1_000
_HANDLED = {b"moov", b"udta", b"meta", b"ilst"}
_TAGS = {
    b"cprt": "copyright",
    b"\xa9cpy": "copyright",
    b"\xa9ART": "artist",
    b"\xa9aut": "artist",
    b"\xa9cmt": "comment",
}


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type and where its content lies."""

    kind: bytes
    begin: int
    end: int


def pieces(source: Source) -> Pieces:
    """XMP in its own box or as an item, EXIF items, copyright and other tags."""
    for box in boxes(source, 0, source.size_bytes):
        if box.kind == b"uuid":
            yield from _uuid(source, box)
        elif box.kind == b"meta":
            yield from _items(source, box)
        elif box.kind == b"moov":
            yield from _tags(source, box, 0)


def boxes(source: Source, begin: int, end: int) -> Iterator[Box]:
    """Yield the boxes of a stretch; one that claims to reach beyond it ends there."""
    at = begin
    for _ in range(_MAX_BOXES):
        head = source.at(at, 16)
        if at + 8 > end or len(head) < 8:
            return
        size, head_bytes = int.from_bytes(head[:4], "big"), 8
        if size == 1:
            size, head_bytes = int.from_bytes(head[8:16], "big"), 16
        if size == 0:
            size = end - at
        if size < head_bytes:
            return
        yield Box(head[4:8], at + head_bytes, min(at + size, end))
        at += size


def _uuid(source: Source, box: Box) -> Pieces:
    name = source.at(box.begin, 16)
    if name == XMP_UUID:
        yield source.piece("xmp", box.begin + 16, box.end - box.begin - 16)
    elif name == _C2PA_UUID:
        yield Piece("c2pa", b"")


def _tags(source: Source, parent: Box, depth: int) -> Pieces:
    """Tags of `moov/udta` and `moov/udta/meta/ilst`, and XMP beside them."""
    begin = parent.begin
    if parent.kind == b"meta" and source.at(begin + 4, 4) != b"hdlr":
        begin += 4  # version and flags; QuickTime has none
    for box in boxes(source, begin, parent.end):
        if box.kind in _HANDLED and depth < 4:
            yield from _tags(source, box, depth + 1)
        elif box.kind == b"XMP_":
            yield source.piece("xmp", box.begin, box.end - box.begin)
        elif box.kind == b"uuid":
            yield from _uuid(source, box)
        elif parent.kind == b"ilst" and (box.kind in _TAGS or box.kind == b"----"):
            yield from _ilst_tag(source, box)
        elif parent.kind == b"udta" and box.kind in _TAGS:
            # cprt: version, flags and language, 6 bytes; QuickTime's: length and language, 4 bytes
            skipped = 6 if box.kind == b"cprt" else 4
            yield source.piece(_TAGS[box.kind], box.begin + skipped, box.end - box.begin - skipped, _name(box.kind))


def _ilst_tag(source: Source, tag: Box) -> Pieces:
    name, kind = _name(tag.kind), _TAGS.get(tag.kind, "")
    for box in boxes(source, tag.begin, tag.end):
        if box.kind == b"name":
            name, kind = source.at(box.begin + 4, min(box.end - box.begin - 4, 200)).decode("utf-8", "replace"), "tag"
        elif box.kind == b"data" and kind:
            yield source.piece(kind, box.begin + 8, box.end - box.begin - 8, name)


def _name(kind: bytes) -> str:
    return kind.decode("latin-1")


def _items(source: Source, meta: Box) -> Pieces:
    """XMP and EXIF items of a picture: `iinf` says which items there are, `iloc` where they lie."""
    inside = {box.kind: box for box in boxes(source, meta.begin + 4, meta.end)}
    if b"iinf" not in inside or b"iloc" not in inside:
        return
    kinds = dict(_item_kinds(source, inside[b"iinf"]))
    data_begin = inside[b"idat"].begin if b"idat" in inside else 0
    for item, method, extents in _item_places(source, inside[b"iloc"]):
        if item in kinds and method in (0, 1) and len(extents) == 1:
            offset, count = extents[0]
            piece = source.piece(kinds[item], offset + (data_begin if method else 0), count)
            yield _exif(piece) if piece.kind == "exif" and not piece.problem else piece


def _exif(piece: Piece) -> Piece:
    """EXIF as an item begins with the offset of its TIFF header."""
    return Piece("exif", piece.data[4 + int.from_bytes(piece.data[:4], "big") :])


def _item_kinds(source: Source, iinf: Box) -> Iterator[tuple[int, str]]:
    version = source.at(iinf.begin, 1)
    begin = iinf.begin + (6 if version == b"\0" else 8)
    for number, box in enumerate(boxes(source, begin, iinf.end)):
        data = source.at(box.begin, min(box.end - box.begin, 256))
        if number >= _MAX_ITEMS or box.kind != b"infe" or data[:1] not in (b"\2", b"\3"):
            continue
        wide = 4 if data[:1] == b"\3" else 2
        item, kind = int.from_bytes(data[4 : 4 + wide], "big"), data[6 + wide : 10 + wide]
        if kind == b"Exif":
            yield item, "exif"
        elif kind == b"mime" and b"application/rdf+xml" in data[10 + wide :]:
            yield item, "xmp"


def _item_places(source: Source, iloc: Box) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield (item, construction method, [(offset, bytes)])."""
    fields = _Fields(source.at(iloc.begin, iloc.end - iloc.begin))
    version = fields.take(1)
    fields.take(3)
    sizes = fields.take(2)
    offset_bytes, length_bytes, base_bytes, index_bytes = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
    wide = 4 if version == 2 else 2
    for _ in range(min(fields.take(wide), MAX_STEPS)):
        if fields.is_over:
            return
        item = fields.take(wide)
        method = fields.take(2) & 15 if version in (1, 2) else 0
        fields.take(2)
        base = fields.take(base_bytes)
        extents = []
        for _ in range(min(fields.take(2), _MAX_ITEMS)):
            fields.take(index_bytes if version in (1, 2) else 0)
            offset = fields.take(offset_bytes)
            extents.append((base + offset, fields.take(length_bytes)))
        yield item, method, extents


class _Fields:
    """Numbers one after the other; zeros beyond the end."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> int:
        value = int.from_bytes(self._data[self._at : self._at + count], "big")
        self._at += count
        return value

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)
