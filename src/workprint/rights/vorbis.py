"""Vorbis comments, in FLAC and Ogg (Vorbis, Opus, FLAC, Speex) files."""

from __future__ import annotations

from collections.abc import Iterator

from workprint.rights.fields import Field, Role
from workprint.rights.id3 import USER_TEXTS, plain_name, tag_bytes
from workprint.rights.pieces import MAX_PIECE_BYTES, MAX_STEPS, Piece, Pieces, Source

_ROLES = {
    "COPYRIGHT": Role.NOTICE, "LICENSE": Role.LICENCE, "LICENCE": Role.LICENCE, "ARTIST": Role.HOLDER,
    "PERFORMER": Role.HOLDER, "ORGANIZATION": Role.HOLDER, "CONTACT": Role.FACT, "ISRC": Role.FACT,
    "COMMENT": Role.COMMENT, "DESCRIPTION": Role.COMMENT,
}  # fmt: skip
_COMMENT_BLOCK = 4
_COMMENT_HEADS = (b"\x03vorbis", b"OpusTags")
_MAX_COMMENTS = 10_000


def flac(source: Source) -> Pieces:
    """The comment block of a FLAC file; C2PA manifests stand in an ID3 tag before it."""
    at = tag_bytes(source.at(0, 10))
    if at:
        yield Piece("id3", source.at(0, at))
    at += 4
    for _ in range(MAX_STEPS):
        head = source.at(at, 4)
        if len(head) < 4:
            return
        size = int.from_bytes(head[1:], "big")
        if head[0] & 0x7F == _COMMENT_BLOCK:
            yield source.piece("vorbis", at + 4, size)
        if head[0] & 0x80:
            return
        at += 4 + size


def ogg(source: Source) -> Pieces:
    """The second packet of an Ogg stream, which holds the comments."""
    packets = _packets(source)
    first, second = next(packets, b""), next(packets, b"")
    for head in _COMMENT_HEADS:
        second = second.removeprefix(head)
    if first.startswith(b"\x7fFLAC"):
        second = second[4:]
    if second:
        yield Piece("vorbis", second)


def fields(data: bytes) -> Iterator[Field | Piece]:
    """The comments that say something of rights.

    Raises:
        ValueError: they end too early.
    """
    for name, value in comments(data)[1]:
        role = _ROLES.get(name.upper()) or USER_TEXTS.get(plain_name(name))
        if role:
            yield Field(name[:60], role, value)


def comments(data: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """The vendor string, and all comments as (name, value). Raises `ValueError` where they end too early."""
    vendor, at = _counted(data, 0)
    entries = []
    for _ in range(min(int.from_bytes(data[at : at + 4], "little"), _MAX_COMMENTS)):
        text, end = _counted(data, at + 4)
        at = end - 4
        name, _, value = text.decode("utf-8", "replace").partition("=")
        entries.append((name, value))
    return vendor, entries


def _counted(data: bytes, at: int) -> tuple[bytes, int]:
    size = int.from_bytes(data[at : at + 4], "little")
    if at + 4 + size > len(data):
        raise ValueError("comments that end too early")
    return data[at + 4 : at + 4 + size], at + 4 + size


def _packets(source: Source) -> Iterator[bytes]:
    """The packets of the first logical stream, up to the size of a piece in all."""
    at, held, taken, serial = 0, b"", 0, None
    for _ in range(MAX_STEPS):
        head = source.at(at, 27 + 255)
        if head[:4] != b"OggS" or len(head) < 27 or taken > MAX_PIECE_BYTES:
            return
        lacing = head[27 : 27 + head[26]]
        body = source.at(at + 27 + head[26], sum(lacing))
        serial = serial or head[14:18]
        if head[14:18] == serial:
            place = 0
            for length in lacing:
                held += body[place : place + length]
                place += length
                if length < 255:
                    yield held
                    held = b""
            taken += len(body)
        at += 27 + head[26] + sum(lacing)
