"""Marks in MP3, WAV, FLAC, Ogg and MP4 files."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from workprint.rights import boxes, id3, riff, vorbis
from workprint.rights.marking.mark import Mark
from workprint.rights.marking.pictures import riff_chunk
from workprint.rights.pieces import Piece, Source

_REPLACED_FRAMES = {"TCOP", "TOWN", "USER", "WCOP"}
_OGG_PAGE_BYTES = 255 * 255
_MAX_RIFF_BYTES = (1 << 32) - 1


def mp3(data: bytes, mark: Mark) -> bytes:
    """An ID3 tag; the frames of an earlier one that speak of other things stay."""
    size = id3.tag_bytes(data[: id3.HEAD_BYTES])
    version, kept = 3, b""
    if size:
        version = data[3]
        if version not in (3, 4) or data[5] & 0xC0:
            raise ValueError("its ID3 tag is of a kind that is not rewritten (version 2.2, unsynchronised or extended)")
        kept = b"".join(_kept_frames(data[:size]))
    return _tag(kept + b"".join(_new_frames(mark, version)), version) + data[size:]


def wav(data: bytes, mark: Mark) -> bytes:
    """An INFO list, an ID3 tag and XMP, behind everything else."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise ValueError("a kind of WAV that is not rewritten (RF64, RIFX)")
    kept, existing = b"", b""
    for name, at, size in riff.chunks(Source.of(data), 12, len(data)):
        body = data[at : at + size]
        if name == b"C2PA":
            raise ValueError("it carries a signed manifest, which a mark would break; mark the file it was made from")
        if name == b"_PMX":
            existing = body
        elif name == b"LIST" and body[:4] == b"INFO":
            kept += riff_chunk(b"LIST", b"INFO" + b"".join(_kept_info(body)))
        else:
            kept += riff_chunk(name, body)
    fields = ((b"ICOP", mark.notice), (b"IART", mark.creator))
    info = b"".join(riff_chunk(name, text.encode() + b"\0") for name, text in fields if text)
    made = riff_chunk(b"LIST", b"INFO" + info) if info else b""
    made += riff_chunk(b"id3 ", _tag(b"".join(_new_frames(mark, 3, has_packet=False)), 3))
    body = b"WAVE" + kept + made + riff_chunk(b"_PMX", mark.packet(existing))
    if len(body) > _MAX_RIFF_BYTES:
        raise ValueError("it would grow beyond what a WAV file can hold")
    return b"RIFF" + struct.pack("<I", len(body)) + body


def flac(data: bytes, mark: Mark) -> bytes:
    """Vorbis comments in the file's comment block."""
    if data[:4] != b"fLaC":
        raise ValueError("a FLAC file with something before its beginning")
    blocks: list[tuple[int, bytes]] = []
    at, comment = 4, b""
    while True:
        kind, size = data[at] & 0x7F, int.from_bytes(data[at + 1 : at + 4], "big")
        body = data[at + 4 : at + 4 + size]
        comment, blocks = (body, blocks) if kind == 4 else (comment, [*blocks, (kind, body)])
        is_last, at = data[at] & 0x80, at + 4 + size
        if is_last or at + 4 > len(data):
            break
    blocks.insert(1, (4, _comments(comment, mark)))
    coded = [bytes((kind,)) + len(body).to_bytes(3, "big") + body for kind, body in blocks]
    coded[-1] = bytes((coded[-1][0] | 0x80,)) + coded[-1][1:]
    return data[:4] + b"".join(coded) + data[at:]


def mp4(data: bytes, mark: Mark) -> bytes:
    """XMP in a box of its own at the end, so that no offset in the file changes."""
    existing, parts = b"", []
    for box in boxes.boxes(Source.of(data), 0, len(data)):
        begin = box.begin - (16 if data[box.begin - 16 : box.begin - 12] == b"\0\0\0\1" else 8)
        if box.kind == b"uuid" and data[box.begin : box.begin + 16] == boxes.XMP_UUID:
            existing = data[box.begin + 16 : box.end]
            if box.end != len(data):
                raise ValueError("its XMP stands before its sound, where it cannot be replaced without moving that")
        else:
            parts.append(data[begin : box.end])
    if any(isinstance(piece, Piece) and piece.kind == "c2pa" for piece in boxes.pieces(Source.of(data))):
        raise ValueError("it carries a signed manifest, which a mark would break; mark the file it was made from")
    body = boxes.XMP_UUID + mark.packet(existing)
    return b"".join(parts) + struct.pack(">I", len(body) + 8) + b"uuid" + body


def ogg(data: bytes, mark: Mark) -> bytes:
    """Vorbis comments in the second packet; pages are numbered and summed anew where that changes."""
    pages = list(_pages(data))
    serial = pages[0][14:18]
    heads = {b"\x01vorbis": 2, b"OpusHead": 1}
    first = _body(pages[0])
    count = next((count for head, count in heads.items() if first.startswith(head)), None)
    if count is None or any(page[14:18] != serial for page in pages):
        raise ValueError("an Ogg file that is neither Vorbis nor Opus alone")
    packets, used = _header_packets(pages[1:], count)
    head = b"\x03vorbis" if count == 2 else b"OpusTags"
    if not packets[0].startswith(head):
        raise ValueError("its comments are not where they belong")
    packets[0] = head + _comments(packets[0].removeprefix(head), mark) + (b"\1" if count == 2 else b"")
    made = list(_paged(packets, serial))
    rest = pages[1 + used :]
    shift = len(made) - used
    if shift:
        rest = [_numbered(page, int.from_bytes(page[18:22], "little") + shift) for page in rest]
    return b"".join((pages[0], *made, *rest))


def _comments(existing: bytes, mark: Mark) -> bytes:
    vendor, entries = vorbis.comments(existing) if existing else (b"workprint", [])
    named = (("COPYRIGHT", mark.notice), ("CONTACT", mark.contact), ("LICENSE", mark.usage_terms), *mark.reservation)
    made = [(name, text) for name, text in named if text]
    replaced = {name for name, _ in made}
    if mark.creator and not any(name.upper() == "ARTIST" for name, _ in entries):
        made.insert(0, ("ARTIST", mark.creator))
    kept = [(name, text) for name, text in entries if name.upper() not in replaced]
    coded = [f"{name}={text}".encode() for name, text in (*kept, *made)]
    texts = b"".join(struct.pack("<I", len(text)) + text for text in coded)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(coded)) + texts


def _kept_frames(tag: bytes) -> Iterator[bytes]:
    at, version = id3.HEAD_BYTES, tag[3]
    while at + 10 <= len(tag) and tag[at : at + 4].strip(b"\0"):
        count = tag[at + 4 : at + 8]
        size = _from_syncsafe(count) if version == 4 else int.from_bytes(count, "big")
        name, body = tag[at : at + 4].decode("latin-1"), tag[at + 10 : at + 10 + size]
        if name == "GEOB" and b"c2pa" in body[:200]:
            raise ValueError("it carries a signed manifest, which a mark would break; mark the file it was made from")
        is_ours = (name == "TXXX" and b"T\0D\0M" in body[:20]) or body[1:5] == b"TDM-"
        if name not in _REPLACED_FRAMES and not is_ours and not (name == "PRIV" and body.startswith(b"XMP\0")):
            yield tag[at : at + 10 + size]
        at += 10 + size


def _new_frames(mark: Mark, version: int, has_packet: bool = True) -> Iterator[bytes]:
    for name, text in (("TCOP", mark.notice), ("TOWN", mark.creator)):
        if text:
            yield _frame(name, b"\1" + text.encode("utf-16"), version)
    if mark.usage_terms:
        yield _frame("USER", b"\1eng" + mark.usage_terms.encode("utf-16"), version)
    if mark.policy_url:
        yield _frame("WCOP", mark.policy_url.encode("ascii", "replace"), version)
    for name, text in mark.reservation:
        yield _frame("TXXX", b"\1" + name.encode("utf-16") + b"\0\0" + text.encode("utf-16"), version)
    if has_packet:
        yield _frame("PRIV", b"XMP\0" + mark.packet(), version)


def _frame(name: str, body: bytes, version: int) -> bytes:
    size = _syncsafe(len(body)) if version == 4 else struct.pack(">I", len(body))
    return name.encode() + size + b"\0\0" + body


def _tag(frames: bytes, version: int) -> bytes:
    return b"ID3" + bytes((version, 0, 0)) + _syncsafe(len(frames)) + frames


def _syncsafe(number: int) -> bytes:
    if number >= 1 << 28:
        raise ValueError("its tag would be larger than ID3 allows")
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _from_syncsafe(data: bytes) -> int:
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def _kept_info(body: bytes) -> Iterator[bytes]:
    for name, at, size in riff.chunks(Source.of(body), 4, len(body)):
        if name not in (b"ICOP", b"IART"):
            yield riff_chunk(name, body[at : at + size])


def _pages(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        if data[at : at + 4] != b"OggS" or at + 27 > len(data):
            raise ValueError("an Ogg page that is damaged")
        lacing = data[at + 27 : at + 27 + data[at + 26]]
        end = at + 27 + len(lacing) + sum(lacing)
        if end > len(data):
            raise ValueError("an Ogg page that is damaged: it ends too early")
        yield data[at:end]
        at = end


def _body(page: bytes) -> bytes:
    return page[27 + page[26] :]


def _header_packets(pages: list[bytes], count: int) -> tuple[list[bytes], int]:
    """The first packets, and how many pages they fill; they end a page, as both codecs demand."""
    packets, held = [], b""
    for number, page in enumerate(pages, 1):
        at = 27 + page[26]
        for length in page[27 : 27 + page[26]]:
            held += page[at : at + length]
            at += length
            if length < 255:
                packets.append(held)
                held = b""
        if len(packets) >= count:
            if len(packets) > count or held:
                raise ValueError("its headers do not end a page")
            return packets, number
    raise ValueError("its headers are cut short")


def _paged(packets: list[bytes], serial: bytes) -> Iterator[bytes]:
    """Packets as pages, numbered from 1."""
    lacing = [length for packet in packets for length in (*[255] * (len(packet) // 255), len(packet) % 255)]
    body, is_continued = b"".join(packets), False
    for number, at in enumerate(range(0, len(lacing), 255), 1):
        part = lacing[at : at + 255]
        count, is_ended = sum(part), any(length < 255 for length in part)
        granule = b"\0" * 8 if is_ended else b"\xff" * 8
        head = b"OggS\0" + bytes((int(is_continued),)) + granule + serial + bytes(8) + bytes((len(part), *part))
        yield _numbered(head + body[:count], number)
        body, is_continued = body[count:], part[-1] == 255


def _numbered(page: bytes, number: int) -> bytes:
    page = page[:18] + struct.pack("<I", number) + bytes(4) + page[26:]
    return page[:22] + struct.pack("<I", _checksum(page)) + page[26:]


def _checksum(data: bytes) -> int:
    """Ogg's CRC-32: polynomial 0x04C11DB7, highest bit first, no complement."""
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ _CRC[value >> 24 ^ byte]
    return value


def _crc_of(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)
    return value & 0xFFFFFFFF


_CRC = tuple(map(_crc_of, range(256)))
