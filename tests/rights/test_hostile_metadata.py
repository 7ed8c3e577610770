"""Metadata made to do harm cost little, raise nothing, fire nothing, and never pass for "nothing is reserved"."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signal_samples import (
    ATTRIBUTE,
    PICTURES,
    bext,
    chunk,
    found,
    id3,
    info,
    jpeg_with,
    m4a,
    mp3,
    picture,
    read,
    segment,
    sound,
    user_text,
    wav,
    with_gif_packet,
)
from workprint.model import UNREADABLE
from workprint.rights.fields import MAX_SIGNALS

BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "&a;"}">' for n in range(9))
    + "]><x>&a8;</x>"
)
OUTSIDE = '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><x/>'
DAMAGED = {
    "a bomb of entities": BOMB.encode(),
    "a document type": OUTSIDE.encode(),
    "cut short": ATTRIBUTE.encode()[:-40],
    "no XML": b"plus:DataMining=DMI-PROHIBITED",
    "nothing": b"",
    "bytes that are no text": b"\xff\xfe\xd8\x00\xd8",
    "an unknown encoding": b'<?xml version="1.0" encoding="klingon"?><x/>',
    "deeper than any packet": b"<x>" * 300_000,
    "too many elements": b"<x>" + b"<y/>" * 50_000 + b"</x>",
}


@pytest.mark.parametrize("packet", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_packet_that_cannot_be_read_is_a_note(packet: bytes) -> None:
    """It says nothing, and says that it could not be read."""
    signals = found(with_gif_packet(picture("GIF"), b"<" + packet if not packet.startswith(b"<") else packet))

    assert signals[f"xmp {UNREADABLE}"].uses == {}
    assert len(signals) == 1


@pytest.mark.parametrize(
    "packet",
    [
        ATTRIBUTE.encode() + b"\0" * 2000,
        b"\0\0  \n" + ATTRIBUTE.encode() + b"\n \0",
        b"\xef\xbb\xbf" + ATTRIBUTE.encode(),
        ATTRIBUTE.encode("utf-16"),
        ATTRIBUTE.encode("utf-16-le"),
        ATTRIBUTE.encode("utf-16-be") + b"\0\0",
        b"<?xpacket begin='\xef\xbb\xbf' id='W5M0MpCehiHzreSzNTczkc9d'?>" + ATTRIBUTE.encode() + b"<?xpacket end='w'?>",
    ],
    ids=["NULs", "blanks", "UTF-8 mark", "UTF-16 mark", "UTF-16 LE", "UTF-16 BE", "a wrapper"],
)
def test_packets_that_are_only_unusual_are_read(packet: bytes) -> None:
    """Padding and encodings that real tools write."""
    assert found(picture("JPEG", packet))["xmp plus:DataMining"].uses


def test_a_text_that_unfolds_without_end_is_not_unfolded() -> None:
    """A compressed text chunk of 50 MB of blanks."""
    body = b"iTXtXML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(b" " * 50_000_000)
    made = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    data = picture("PNG")

    assert f"xmp {UNREADABLE}" in found(data[:33] + made + data[33:])


@pytest.mark.parametrize("size", [0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 10_000])
@pytest.mark.parametrize("name", [b"LIST", b"bext", b"id3 ", b"_PMX", b"junk", b"EXIF"])
def test_chunks_that_claim_gigabytes_are_harmless(name: bytes, size: int) -> None:
    """A declared size is never believed."""
    assert all(not signal.uses for signal in read(wav(name + struct.pack("<I", size) + b"INFOICOP")))


def test_a_field_of_a_list_that_claims_gigabytes_is_a_note() -> None:
    """The piece is there and cannot be taken."""
    broken = chunk(b"LIST", b"INFOICOP\xff\xff\xff\xff(c)")

    assert read(wav(broken)) is not None


@pytest.mark.parametrize("size", [b"\x7f\x7f\x7f\x7f", b"\0\0\0\0", b"\xff\xff\xff\xff"])
def test_id3_tags_with_wrong_sizes_are_harmless(size: bytes) -> None:
    """Longer than the file, empty, or no size at all."""
    tag = id3(user_text("TDM-RESERVATION", "1"))

    assert len(read(tag[:6] + size + tag[10:])) <= MAX_SIGNALS


def test_many_signals_are_bounded() -> None:
    """A hundred thousand fields give as many signals as one file may."""
    data = mp3(*(user_text("COPYRIGHT", f"nobody {n}") for n in range(20_000)))

    assert len(read(data)) == MAX_SIGNALS


def test_long_texts_are_cut_and_hold_no_controls() -> None:
    """What ends up in a report has a bounded length and stays on its line."""
    signal = read(wav(info(ICOP="\x1b[31m" + "long " * 10_000)))[0]

    assert len(signal.raw_value) == 500
    assert signal.raw_value.isprintable()


def test_profiles_inside_profiles_end() -> None:
    """EXIF that holds Photoshop data that hold EXIF."""
    inner = b"II*\0\x08\0\0\0\0\0"
    for _ in range(20):
        resource = b"8BIM\x04\x22\0\0" + struct.pack(">I", len(inner)) + inner
        inner = b"II*\0\x08\0\0\0" + struct.pack("<HHHII", 1, 34377, 7, len(resource), 26) + b"\0\0\0\0" + resource

    assert read(jpeg_with(segment(0xE1, b"Exif\0\0" + inner))) == ()


SAMPLES = [
    *(picture(form, ATTRIBUTE.encode(), has_exif=form != "GIF") for form in PICTURES),
    wav(info(ICOP="(c)"), bext("Ben"), chunk(b"id3 ", id3(user_text("TDM-RESERVATION", "1")))),
    mp3(user_text("TDM-RESERVATION", "1")),
    sound("FLAC", "PCM_16", copyright="(c)"),
    sound("OGG", "VORBIS", copyright="(c)"),
    m4a(copyright="(c)"),
]


@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_files_raise_nothing(data: bytes, draw: st.DataObject) -> None:
    """Cut anywhere, with bytes changed anywhere in the first kilobytes."""
    damaged = bytearray(data[: draw.draw(st.integers(0, len(data)))])
    for at, byte in draw.draw(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=8)):
        if at < len(damaged):
            damaged[at] = byte

    assert len(read(bytes(damaged))) <= MAX_SIGNALS


MARKS = (
    *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"RIFF\0\0\0\0WAVE"),
    *(b"\0\0\0\x18ftypmp42", b"fLaC", b"OggS", b"ID3", b""),
)


@given(st.sampled_from(MARKS), st.binary(max_size=2000))
def test_any_bytes_behind_any_mark_raise_nothing(mark: bytes, rest: bytes) -> None:
    """Not even nonsense."""
    assert len(read(mark + rest)) <= MAX_SIGNALS
