"""Small pictures and recordings that carry rights metadata, made with other people's writers where there are some."""

import io
import struct
from collections.abc import Mapping
from typing import Any

import av
import numpy as np
import pillow_heif
import soundfile
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from workprint.model import Blob, Signal
from workprint.rights.inside import EmbeddedSignals

PROHIBITED = "http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED-AIMLTRAINING"
NOTICE, ARTIST = "(c) 2026 Ada Lumen", "Ada Lumen"
RATE_HZ = 44_100
_HEAD = '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
_TAIL = "</rdf:RDF></x:xmpmeta>"
NAMESPACES = {
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmpRights": "http://ns.adobe.com/xap/1.0/rights/",
    "cc": "http://creativecommons.org/ns#",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "tdm": "http://www.w3.org/ns/tdmrep/",
    "foo": "http://foo.example/DataMining/",
}


def packet(inner: str = "", attributes: str = "") -> str:
    """An XMP packet with one description."""
    names = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    return f'{_HEAD}<rdf:Description rdf:about="" {names} {attributes}>{inner}</rdf:Description>{_TAIL}'


ATTRIBUTE = packet(attributes=f'plus:DataMining="{PROHIBITED}"')
ELEMENT = packet(f"<plus:DataMining>{PROHIBITED}</plus:DataMining>")
RESOURCE = packet(f'<plus:DataMining rdf:resource="{PROHIBITED}"/>')
SERIALISATIONS = {"attribute": ATTRIBUTE, "element": ELEMENT, "resource": RESOURCE}
PICTURES = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "GIF")


def pixels(seed: int = 7) -> NDArray[np.uint8]:
    """A small colourful picture, uint8 (48, 64, 3)."""
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), dtype=np.uint8)


def picture(form: str, xmp: bytes = b"", has_exif: bool = False) -> bytes:
    """A picture of a format, with an XMP packet and EXIF copyright and artist."""
    image = Image.fromarray(pixels())
    stream = io.BytesIO()
    if form == "GIF":
        image.quantize(64).save(stream, form)
        return with_gif_packet(stream.getvalue(), xmp) if xmp else stream.getvalue()
    _writer(form)(image, stream, xmp, has_exif)
    return stream.getvalue()


def _writer(form: str) -> Any:
    def save(image: Image.Image, stream: io.BytesIO, xmp: bytes, has_exif: bool) -> None:
        image.save(stream, form, **({"xmp": xmp} if xmp else {}), **({"exif": exif()} if has_exif else {}))

    def save_png(image: Image.Image, stream: io.BytesIO, xmp: bytes, has_exif: bool) -> None:
        info = PngImagePlugin.PngInfo()
        if xmp:
            info.add_itxt("XML:com.adobe.xmp", xmp.decode(), zip=True)
        image.save(stream, "PNG", pnginfo=info, **({"exif": exif()} if has_exif else {}))

    def save_tiff(image: Image.Image, stream: io.BytesIO, xmp: bytes, has_exif: bool) -> None:
        tags: dict[int, Any] = {700: xmp} if xmp else {}
        image.save(stream, "TIFF", tiffinfo={**tags, **({0x8298: NOTICE, 0x013B: ARTIST} if has_exif else {})})

    def save_heif(image: Image.Image, stream: io.BytesIO, xmp: bytes, has_exif: bool) -> None:
        file = pillow_heif.from_pillow(image)
        file.save(stream, **({"xmp": xmp} if xmp else {}), **({"exif": exif()} if has_exif else {}))

    return {"PNG": save_png, "TIFF": save_tiff, "HEIF": save_heif}.get(form, save)


def exif() -> bytes:
    """EXIF with a copyright and an artist."""
    tags = Image.Exif()
    tags[0x8298], tags[0x013B] = NOTICE, ARTIST
    return tags.tobytes()


def with_gif_packet(data: bytes, xmp: bytes) -> bytes:
    """A GIF with an XMP application extension and the trailer that old readers step over."""
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return data[:-1] + b"\x21\xff\x0bXMP DataXMP" + xmp + trailer + b";"


def samples(seed: int = 3) -> NDArray[np.float32]:
    """Half a second of a soft noise, float32."""
    return np.random.default_rng(seed).normal(0, 0.1, RATE_HZ // 2).astype(np.float32)


def sound(form: str, subtype: str | None = None, **tags: str) -> bytes:
    """A recording written by libsndfile, with tags of its own names."""
    stream = io.BytesIO()
    with soundfile.SoundFile(stream, "w", RATE_HZ if subtype != "OPUS" else 48_000, 1, subtype, format=form) as file:
        for name, value in tags.items():
            setattr(file, name, value)
        file.write(samples())
    return stream.getvalue()


def m4a(**tags: str) -> bytes:
    """A recording written by FFmpeg as AAC in MP4, with tags."""
    stream = io.BytesIO()
    with av.open(stream, "w", format="ipod") as container:
        container.metadata.update(tags)
        track = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples()[None, :], "fltp", "mono")
        frame.sample_rate = RATE_HZ
        for packed in (*track.encode(frame), *track.encode(None)):
            container.mux(packed)
    return stream.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    """A RIFF chunk."""
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)


def wav(*chunks: bytes) -> bytes:
    """A WAV file with further chunks behind the sound."""
    body = sound("WAV", "PCM_16")[12:] + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body


def bext(originator: str) -> bytes:
    """A broadcast extension chunk."""
    return chunk(b"bext", b"A take".ljust(256, b"\0") + originator.encode().ljust(32, b"\0") + bytes(314))


def info(**fields: str) -> bytes:
    """A LIST INFO chunk."""
    parts = (chunk(name.encode(), value.encode() + b"\0") for name, value in fields.items())
    return chunk(b"LIST", b"INFO" + b"".join(parts))


def frame(name: str, content: bytes, version: int = 4) -> bytes:
    """An ID3 frame."""
    size = len(content)
    if version == 4:
        size = sum((size >> 7 * at & 0x7F) << 8 * at for at in range(4))
    return name.encode() + struct.pack(">IH", size, 0) + content


def id3(*frames: bytes, version: int = 4) -> bytes:
    """An ID3 tag."""
    size = sum(map(len, frames))
    coded = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3" + bytes((version, 0, 0)) + coded + b"".join(frames)


def user_text(description: str, value: str, version: int = 4) -> bytes:
    """A TXXX frame in UTF-8, or in UTF-16 where the version has no UTF-8."""
    if version == 4:
        return frame("TXXX", b"\3" + description.encode() + b"\0" + value.encode(), version)
    coded = [text.encode("utf-16") for text in (description, value)]
    return frame("TXXX", b"\1" + coded[0] + b"\0\0" + coded[1], version)


def mp3(*frames: bytes, version: int = 4) -> bytes:
    """An MP3 file with a tag."""
    return id3(*frames, version=version) + sound("MP3", "MPEG_LAYER_III")


def iim(datasets: Mapping[tuple[int, int], str]) -> bytes:
    """IPTC-IIM datasets in a Photoshop resource, as a JPEG's APP13 carries them."""
    records = b"".join(
        b"\x1c" + bytes(key) + struct.pack(">H", len(value.encode())) + value.encode()
        for key, value in datasets.items()
    )
    return b"8BIM\x04\x04\0\0" + struct.pack(">I", len(records)) + records + b"\0" * (len(records) & 1)


def segment(marker: int, data: bytes) -> bytes:
    """A JPEG application segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(data) + 2) + data


def jpeg_with(*segments: bytes) -> bytes:
    """A JPEG with further segments at its beginning."""
    data = picture("JPEG")
    return data[:2] + b"".join(segments) + data[2:]


def read(data: bytes) -> tuple[Signal, ...]:
    """What our reader finds in a file."""
    return EmbeddedSignals().read(Blob.of(data))


def found(data: bytes) -> dict[str, Signal]:
    """What our reader finds in a file, by source and locator."""
    return {f"{signal.source} {signal.locator}": signal for signal in read(data)}
