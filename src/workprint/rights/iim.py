"""IPTC-IIM records, and the Photoshop resources that hold them."""

from __future__ import annotations

from collections.abc import Iterator

from workprint.rights.fields import Field, Role
from workprint.rights.pieces import MAX_STEPS, Piece, Pieces

_DATASETS = {
    (2, 40): ("Special Instructions", Role.COMMENT),
    (2, 80): ("By-line", Role.HOLDER),
    (2, 110): ("Credit", Role.HOLDER),
    (2, 116): ("Copyright Notice", Role.NOTICE),
}
_RESOURCES = {0x0404: "iim", 0x0422: "exif", 0x0424: "xmp"}


def fields(data: bytes) -> Iterator[Field]:
    """By-line, credit, copyright notice and special instructions."""
    at = data.find(b"\x1c")
    for _ in range(MAX_STEPS):
        head = data[at : at + 5]
        if at < 0 or len(head) < 5 or head[0] != 0x1C or head[3] & 0x80:
            return
        size = int.from_bytes(head[3:], "big")
        if (head[1], head[2]) in _DATASETS:
            name, role = _DATASETS[head[1], head[2]]
            yield Field(f"{head[1]}:{head[2]} {name}", role, text(data[at + 5 : at + 5 + size]))
        at += 5 + size


def resources(data: bytes) -> Pieces:
    """IPTC, EXIF and XMP among Photoshop's image resources."""
    at = 0
    for _ in range(MAX_STEPS):
        if data[at : at + 4] != b"8BIM":
            return
        kind = int.from_bytes(data[at + 4 : at + 6], "big")
        name_bytes = data[at + 6] if at + 6 < len(data) else 0
        begin = at + 6 + (name_bytes + 2) // 2 * 2
        size = int.from_bytes(data[begin : begin + 4], "big")
        if kind in _RESOURCES:
            yield Piece(_RESOURCES[kind], data[begin + 4 : begin + 4 + size])
        at = begin + 4 + size + (size & 1)


def text(data: bytes) -> str:
    """Text of unknown encoding: UTF-8 if it is, else the Western European one byte per character."""
    try:
        return data.decode("utf-8").strip("\0 ")
    except UnicodeDecodeError:
        return data.decode("latin-1").strip("\0 ")
