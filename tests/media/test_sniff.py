"""What bytes are, told by content."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from workprint.errors import Empty, Unsupported
from workprint.media.sniff import sniff
from workprint.model import Blob, Medium


def test_empty_bytes_are_empty() -> None:
    """No bytes are `Empty`, not unsupported."""
    with pytest.raises(Empty):
        sniff(Blob.of(b""))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "JPEG2000", "AVIF", "ICO", "PPM", "SGI"])
def test_every_picture_format_is_an_image(name: str) -> None:
    """Whatever Pillow writes in an allowed format is told to be a picture."""
    stream = io.BytesIO()
    Image.new("RGB", (32, 32), "teal").save(stream, name)

    assert sniff(Blob.of(stream.getvalue())) is Medium.IMAGE


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"once upon a time", "text"),
        ("naïve café ".encode() * 1000, "text"),
        (b"<!DOCTYPE html><html><body>404", "HTML"),
        (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (b'{"error": "gone"}', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "LFS"),
        (b"%PDF-1.7\n", "PDF"),
        (b"PK\x03\x04rest", "ZIP"),
        (b"\xff\xfeh\0e\0l\0l\0o\0", "text"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\0\0\x01\xba\x44", "video"),
        (b"\0\0\0\x20ftypisom\0\0\0\0isom" + b"\0\0\0\x20hdlr" + bytes(8) + b"vide" + bytes(20), "video"),
        (b"\x1a\x45\xdf\xa3webm\x86\x8fV_VP9" + bytes(40), "video"),
        (bytes(500), "zero bytes"),
    ],
)
def test_what_is_no_media_is_named(data: bytes, words: str) -> None:
    """What is neither picture nor sound is refused with words that say what it looks like."""
    with pytest.raises(Unsupported, match=words):
        sniff(Blob.of(data))


def answer(data: bytes) -> str:
    """The medium, or the sentence of the refusal."""
    try:
        return sniff(Blob.of(data)).value
    except Unsupported as error:
        return str(error)


@given(st.binary(min_size=1, max_size=400))
def test_any_bytes_get_an_answer(data: bytes) -> None:
    """Bytes of any kind are told to be picture, sound or unsupported, without any other exception."""
    assert answer(data).isprintable()


@given(
    st.sampled_from([b"\0\0\0\x18ftyp", b"OggS", b"RIFF", b"\x1a\x45\xdf\xa3", b"\xff", b"BM", b"\x0a\x05\x01"]),
    st.binary(),
)
def test_beginnings_of_containers_with_any_rest_get_an_answer(head: bytes, rest: bytes) -> None:
    """A container's first bytes followed by rubbish never crash the look at it."""
    assert answer(head + rest).isprintable()


def test_utf16_text_is_not_mpeg_sound() -> None:
    """The byte order mark of UTF-16 text, which looks like an MPEG frame, is not taken for sound."""
    with pytest.raises(Unsupported):
        sniff(Blob.of("Hello".encode("utf-16")))


def test_noise_is_never_text() -> None:
    """Random bytes are said to be nothing known."""
    noise = np.random.default_rng(5).integers(1, 255, 3000, np.uint8).tobytes()

    with pytest.raises(Unsupported, match="nothing known"):
        sniff(Blob.of(b"\x01" + noise))
