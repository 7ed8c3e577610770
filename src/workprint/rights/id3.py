"""ID3v2 tags, of MP3 files and in the `id3 ` chunk of WAV files."""

from __future__ import annotations

from collections.abc import Iterator

from workprint.rights.fields import Field, Role
from workprint.rights.pieces import MAX_STEPS, Piece, Pieces, Source

HEAD_BYTES = 10
_TEXT_FRAMES = {
    "TCOP": Role.NOTICE, "TCR": Role.NOTICE, "TOWN": Role.HOLDER, "TPE1": Role.HOLDER, "TP1": Role.HOLDER,
    "TSRC": Role.FACT,
}  # fmt: skip
_URL_FRAMES = {"WCOP": Role.LICENCE, "WCP": Role.LICENCE}
USER_TEXTS = {
    "TDMRESERVATION": Role.RESERVATION, "TDMPOLICY": Role.RESERVATION_POLICY, "COPYRIGHT": Role.NOTICE,
    "LICENSE": Role.LICENCE, "LICENCE": Role.LICENCE, "DATAMINING": Role.MINING, "PLUSDATAMINING": Role.MINING,
}  # fmt: skip
"""Names of free fields (TXXX, Vorbis comments, MP4 tags) without their punctuation. No standard names them."""
_CODECS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def plain_name(name: str) -> str:
    """A free field's name as it is compared: `TDM-Reservation`, `tdm_reservation` and `tdm:reservation` are one."""
    return "".join(char for char in name.upper() if char.isalnum())


def tag_bytes(head: bytes) -> int:
    """Length of the tag that these ten bytes begin, header included; 0 where they begin none."""
    if head[:3] != b"ID3" or len(head) < HEAD_BYTES or max(head[6:10]) > 0x7F:
        return 0
    return HEAD_BYTES + _syncsafe(head[6:10]) + (HEAD_BYTES if head[5] & 0x10 else 0)


def pieces(source: Source) -> Pieces:
    """The tag at the beginning of a file."""
    size = tag_bytes(source.at(0, HEAD_BYTES))
    if size:
        # a tag with pictures may be larger than what is read; its first frames are read all the same
        yield Piece("id3", source.at(0, size))


def fields(data: bytes) -> Iterator[Field | Piece]:
    """The fields of a tag that say something of rights, and pieces for other readers.

    Raises:
        ValueError: it is no tag of a version that is read.
    """
    for name, content in _frames(data):
        if name in _TEXT_FRAMES:
            yield Field(name, _TEXT_FRAMES[name], _text(content[:1], content[1:]))
        elif name in _URL_FRAMES:
            yield Field(name, _URL_FRAMES[name], content.split(b"\0", 1)[0].decode("latin-1"))
        elif name in ("USER", "COMM", "COM", "TXXX", "TXX"):
            yield from _described(name, content)
        elif name == "PRIV" and content.startswith(b"XMP\0"):
            yield Piece("xmp", content[4:])
        elif name == "GEOB" and b"c2pa" in content[:200]:
            yield Piece("c2pa", b"")


def _described(name: str, content: bytes) -> Iterator[Field]:
    encoding = content[:1]
    if name == "USER":
        yield Field("USER", Role.NOTICE, _text(encoding, content[4:]))
        return
    has_language = name.startswith("COM")
    description, value = _split(encoding, content[4 if has_language else 1 :])
    if has_language:
        yield Field(name, Role.COMMENT, value)
    elif plain_name(description) in USER_TEXTS:
        yield Field(f"{name}:{description[:60]}", USER_TEXTS[plain_name(description)], value)


def _frames(data: bytes) -> Iterator[tuple[str, bytes]]:
    size = tag_bytes(data[:HEAD_BYTES])
    if not size or data[3] not in (2, 3, 4):
        raise ValueError("no ID3 tag of version 2.2 to 2.4")
    version, flags, body = data[3], data[5], data[HEAD_BYTES:size]
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\0", b"\xff")
    at = _extended_header_bytes(body, version) if flags & 0x40 and version > 2 else 0
    name_bytes, head_bytes = (3, 6) if version == 2 else (4, 10)
    for _ in range(MAX_STEPS):
        head = body[at : at + head_bytes]
        if len(head) < head_bytes or not head[:name_bytes].strip(b"\0"):
            return
        count = head[name_bytes : name_bytes * 2 if version > 2 else 6]
        length = _syncsafe(count) if version == 4 and max(count) < 0x80 else int.from_bytes(count, "big")
        content = body[at + head_bytes : at + head_bytes + length]
        if version == 4 and head[9] & 0x02:
            content = content.replace(b"\xff\0", b"\xff")
        if version == 4 and head[9] & 0x01:
            content = content[4:]
        yield head[:name_bytes].decode("latin-1"), content
        at += head_bytes + length


def _extended_header_bytes(body: bytes, version: int) -> int:
    return _syncsafe(body[:4]) if version == 4 else 4 + int.from_bytes(body[:4], "big")


def _syncsafe(data: bytes) -> int:
    value = 0
    for byte in data:
        value = value << 7 | byte & 0x7F
    return value


def _text(encoding: bytes, data: bytes) -> str:
    codec = _CODECS[encoding[0]] if encoding and encoding[0] < len(_CODECS) else "latin-1"
    return data.decode(codec, "replace").strip("\0\ufeff ").replace("\0", "; ")


def _split(encoding: bytes, data: bytes) -> tuple[str, str]:
    """A description and its text, which a zero of the encoding's width parts."""
    if encoding in (b"\1", b"\2"):
        at = next((at for at in range(0, len(data) - 1, 2) if data[at : at + 2] == b"\0\0"), len(data))
        return _text(encoding, data[:at]), _text(encoding, data[at + 2 :])
    description, _, value = data.partition(b"\0")
    return _text(encoding, description), _text(encoding, value)
