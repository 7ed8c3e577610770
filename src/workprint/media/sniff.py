"""What bytes are, told by the bytes themselves and never by a name."""

import re

from workprint.errors import Empty, Unsupported
from workprint.model import Blob, Medium

HEAD_BYTES = 4096
"""How much of a file is looked at."""

_PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xff\x4f\xff\x51", "JPEG2000"),
    (b"8BPS\0\x01", "PSD"),
    (b"qoif", "QOI"),
    (b"\0\0\x01\0", "ICO"),
    (b"\x01\xda", "SGI"),
)
_SOUNDS: tuple[tuple[bytes, str], ...] = (
    (b"fLaC", "FLAC"),
    (b"OggS", "OGG"),
    (b"ID3", "MP3"),
    (b".snd", "AU"),
    (b"dns.", "AU"),
    (b"caff", "CAF"),
    (b"RF64", "WAV"),
    (b"RIFX", "WAV"),
    (b"riff\x2e\x91\xcf\x11", "W64"),
    (b"NIST_1A", "NIST"),
    (b"ADIF", "AAC"),
    (b"#!AMR", "AMR"),
    (b"MAC ", "APE"),
    (b"wvpk", "WAVPACK"),
    (b"TTA1", "TTA"),
    (b"DSD ", "DSF"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF"),
)
_OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive or an office document"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x1f\x8b", "gzip-compressed data"),
    (b"BZh", "bzip2-compressed data"),
    (b"\xfd7zXZ", "xz-compressed data"),
    (b"(\xb5/\xfd", "Zstandard-compressed data"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"PAR1", "a Parquet table"),
    (b"ARROW1", "an Arrow table"),
    (b"SQLite format 3", "an SQLite database"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"\x89HDF", "an HDF5 file"),
    (b"SIMPLE  =", "a FITS file"),
    (b"MThd", "a MIDI score, which holds notes and no sound"),
    (b"DDS ", "a DDS texture"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"\xd7\xcd\xc6\x9a", "a Windows metafile"),
    (b"\0\0\x01\xba", "a video"),
    (b"\0\0\x01\xb3", "a video"),
    (b"FLV\x01", "a video"),
    (b"\x8aMNG", "a video"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"icns", "a set of icons"),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture"),
)
_BRANDS = {
    "AVIF": (b"avif", b"avis"),
    "HEIF": (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
}
_PORTABLE_PIXMAP = re.compile(rb"P[1-7fF][\s#]")
_MATROSKA_VIDEO = re.compile(rb"\x86[\x80-\xff]?V_(?:VP[89]|AV1|MPEG|THEORA|MS|REAL|UNCOMP|PRORES|FFV1|QUICK)")
_MARKUP = re.compile(r"\s*<(?:!doctype html|html|head|body|title|h1)\b", re.I)


def sniff(blob: Blob) -> Medium:
    """Tell whether bytes are a picture or sound.

    MP4 and WebM files whose first few kilobytes do not show a video track count as sound; `open_sound` refuses them if
    a video track turns up after all.

    Raises:
        Empty: there are no bytes.
        Unsupported: a video, a document, an archive, text, or nothing known; the sentence says which.
    """
    head = read_head(blob)
    if picture_format(head) is not None:
        return Medium.IMAGE
    if sound_format(head) is not None:
        return Medium.AUDIO
    raise Unsupported(f"neither picture nor sound: {likeness(head)}")


def read_head(blob: Blob) -> bytes:
    """The first few kilobytes.

    Raises:
        Empty: there are none.
    """
    if blob.size_bytes == 0:
        raise Empty("the file holds no bytes")
    with blob.open() as stream:
        head = stream.read(HEAD_BYTES)
    if not head:
        raise Empty("the file holds no bytes")
    return head


def picture_format(head: bytes) -> str | None:
    """The name of a picture format that is read (`JPEG`, `PNG`, …), or None."""
    for magic, name in _PICTURES:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return _picture_brand(head)
    if _PORTABLE_PIXMAP.match(head):
        return "PPM"
    if _is_bitmap(head):
        return "BMP"
    return "PCX" if _is_pcx(head) else None


def sound_format(head: bytes) -> str | None:
    """The name of a sound container that is read (`WAV`, `MP3`, `MP4`, …), or None where none, or a video."""
    for magic, name in _SOUNDS:
        if head.startswith(magic):
            return None if name in ("OGG", "ASF") and _shows_video(head) else name
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return "WAV"
    if head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"):
        return "AIFF"
    if head[4:8] == b"ftyp":
        return None if _shows_video(head) or _picture_brand(head) else "MP4"
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return None if _shows_video(head) else "MATROSKA"
    return _mpeg_audio(head.lstrip(b"\0"))


def likeness(head: bytes) -> str:
    """A few words for a person about bytes that are neither picture nor sound."""
    for magic, words in _OTHERS:
        if head.startswith(magic):
            return f"looks like {words}"
    if head[:4] == b"RIFF" and head[8:11] == b"AVI":
        return "a video"
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide") or _shows_video(head) or _is_transport_stream(head):
        return "a video"
    if not head.strip(b"\0"):
        return "it begins with nothing but zero bytes"
    return _kind_of_text(head) or "nothing known"


def _picture_brand(head: bytes) -> str | None:
    box_bytes = int.from_bytes(head[:4], "big")
    brands = {head[8:12]} | {head[at : at + 4] for at in range(16, min(box_bytes, 256, len(head)), 4)}
    for name, names in _BRANDS.items():
        if head[8:12] in names and not (name == "HEIF" and brands & set(_BRANDS["AVIF"])):
            return name
    if head[8:12] in _BRANDS["HEIF"] or head[8:12] == b"miaf":
        return "AVIF" if brands & set(_BRANDS["AVIF"]) else "HEIF"
    return None


def _is_bitmap(head: bytes) -> bool:
    header_bytes = int.from_bytes(head[14:18], "little")
    return head[:2] == b"BM" and (header_bytes in (12, 16, 40, 52, 56, 64, 108, 124) or len(head) < 18)


def _is_pcx(head: bytes) -> bool:
    return len(head) >= 68 and head[0] == 10 and head[1] in (0, 2, 3, 5) and head[2] == 1 and head[3] in (1, 2, 4, 8)


def _mpeg_audio(head: bytes) -> str | None:
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    if head[1] & 0xF6 == 0xF0:
        return "AAC"
    looks_utf16 = head[1] == 0xFE and head[3] == 0
    is_valid = version != 1 and layer != 0 and head[2] >> 4 != 15 and head[2] >> 2 & 3 != 3
    return "MP3" if is_valid and not looks_utf16 else None


def _shows_video(head: bytes) -> bool:
    """Whether a container's beginning names a video track: in MP4, Matroska, Ogg or ASF."""
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _MATROSKA_VIDEO.search(head) is not None
    if head[:4] == b"OggS":
        return any(mark in head[:512] for mark in (b"\x80theora", b"BBCD\0", b"\x01video\0"))
    if head.startswith(b"\x30\x26\xb2\x75"):
        return b"\xc0\xef\x19\xbc\x4d\x5b\xcf\x11\xa8\xfd\x00\x80\x5f\x5c\x44\x2b" in head
    return head[4:8] == b"ftyp" and (re.search(rb"hdlr.{8}vide", head, re.S) is not None)


def _is_transport_stream(head: bytes) -> bool:
    return len(head) > 376 and head[0] == head[188] == head[376] == 0x47


def _kind_of_text(head: bytes) -> str | None:
    text = _as_text(head)
    if text is None:
        return None
    if text.startswith("version https://git-lfs"):
        return "a Git LFS pointer, not the file it stands for"
    if _MARKUP.match(text):
        return "looks like HTML"
    if "<svg" in text[:1024]:
        return "looks like an SVG drawing"
    if text.lstrip().startswith("<?xml"):
        return "looks like XML"
    return "looks like JSON" if re.match(r"\s*[\[{]\s*[\"\]\[{}\d]", text) else "looks like text"


def _as_text(head: bytes) -> str | None:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    if b"\0" in head:
        return None
    try:
        return head.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The last character may have been cut in two.
        return head[: error.start].decode("utf-8-sig") if error.start > HEAD_BYTES - 8 else None
