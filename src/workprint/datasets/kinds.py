"""What a file is: by its first bytes where that decides how to open it, by its name where it claims not to be media."""

import bz2
import gzip
import io
import re
import zlib
from collections.abc import Callable
from typing import BinaryIO


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


HEAD_BYTES = 8192
"""How much of a file is looked at to tell what it is."""

PACKED_HEAD_BYTES = 1 << 20
"""How much of a packed file: zstd and bz2 give nothing before a whole block, which may be this long."""

TAR_BLOCK_BYTES = 512

_TEXT_AND_INDEX_ENDINGS = _words(
    ".txt .text .json .jsonl .ndjson .csv .tsv .md .rst .html .htm .xml .yaml .yml .toml .ini .cfg .conf .log .py .sh "
    ".js .css .npy .idx .index .lock .cls .label .caption .url .md5 .sha1 .sha256 .sha512 .srt .vtt .lrc .sql "
    ".gitattributes .gitignore"
)
_MEDIA_ENDINGS = _words(
    ".jpg .jpeg .jpe .jfif .png .gif .webp .bmp .dib .tif .tiff .heic .heif .avif .jp2 .j2k .jxl .ico .tga .ppm .pgm "
    ".pbm .pnm .psd .svg .wav .wave .flac .mp3 .ogg .oga .opus .m4a .m4b .aac .aif .aiff .aifc .au .caf .wma .amr .ac3 "
    ".mp4 .m4v .mov .mkv .webm .avi .mpg .mpeg"
)
_COMPRESSION_ENDINGS = frozenset((".gz", ".zst", ".bz2", ".xz"))
_NAMES_WITHOUT_ENDING = _words(
    "readme license licence copying notice authors changelog contributing citation makefile dockerfile _success "
    "thumbs.db desktop.ini"
)
_ENDING = re.compile(r"[a-z0-9_+~-]{1,16}")
_MEDIA_HEADS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|BM.{4}\0\0\0\0|II\*\0|MM\0\*|RIFF.{4}(?:WEBP|WAVE|AVI )|.{4}ftyp|OggS|fLaC|ID3"
    rb"|FORM.{4}AIF[FC]|\x1a\x45\xdf\xa3|\xff\x0a|\0\0\0\x0cJXL |\0\0\0\x0cjP|\xff\x4f\xff\x51|8BPS|caff|\.snd|wvpk"
    rb"|\xff[\xe2-\xe7\xf0-\xfd][^\0\xff]|P[1-7]\s|qoif|RF64.{4}WAVE|#!AMR|0\x26\xb2\x75|\0\0\x01\0"
    rb"|\s*(?:<\?xml[^>]*>\s*)?<svg",
    re.DOTALL,
)


def base_name(name: str) -> str:
    """Return the last part of a path."""
    return name.rstrip("/").rpartition("/")[2]


def ending_of(name: str) -> str:
    """Return the ending of a name in small letters, with its dot (of `a.json.gz`: `.json`), or nothing."""
    stem, dot, ending = base_name(name).lower().rpartition(".")
    if dot and stem and f".{ending}" in _COMPRESSION_ENDINGS:
        inner = ending_of(stem)
        return inner if inner in _TEXT_AND_INDEX_ENDINGS else f".{ending}"
    return f".{ending}" if dot and _ENDING.fullmatch(ending) else ""


def claims_media(name: str) -> bool:
    """Whether a file of this name is an item. Everything is, unless its name says clearly that it is something else."""
    base, ending = base_name(name).lower(), ending_of(name)
    if base.startswith("."):
        return ending in _MEDIA_ENDINGS and not base.startswith("._")  # ._name: what macOS leaves beside a file
    return ending not in _TEXT_AND_INDEX_ENDINGS and base not in _NAMES_WITHOUT_ENDING


def has_media_ending(name: str) -> bool:
    """Whether the name ends as pictures, sound or films do."""
    return ending_of(name) in _MEDIA_ENDINGS


def looks_like_media(head: bytes) -> bool:
    """Whether bytes begin as pictures, sound or films do."""
    return _MEDIA_HEADS.match(head) is not None


def is_tar(head: bytes) -> bool:
    """Whether bytes begin with a tar header, packed or not."""
    return header_holds(unpacked_head(head)[:TAR_BLOCK_BYTES])


def is_zip(head: bytes) -> bool:
    """Whether bytes begin as a zip archive does."""
    return head.startswith((b"PK\x03\x04", b"PK\x05\x06"))


def is_parquet(head: bytes) -> bool:
    """Whether bytes begin as a Parquet file does (`PAR1`, or `PARE` where its footer is encrypted)."""
    return head.startswith((b"PAR1", b"PARE"))


def is_arrow(head: bytes) -> bool:
    """Whether bytes begin as an Arrow IPC file or stream does."""
    if head.startswith(b"ARROW1\0\0"):
        return True
    size_bytes = int.from_bytes(head[4:8], "little", signed=True)
    return head[:4] == b"\xff\xff\xff\xff" and 0 < size_bytes < 1 << 28


def container_kind(head: bytes) -> str:
    """Return `tar`, `zip`, `parquet`, `arrow`, or nothing for bytes that begin as none of them."""
    tests = (("tar", is_tar), ("zip", is_zip), ("parquet", is_parquet), ("arrow", is_arrow))
    return next((kind for kind, test in tests if test(head)), "")


def header_holds(block: bytes) -> bool:
    """Whether a block of 512 bytes is a tar header: its checksum, signed or not, is that of its bytes."""
    if len(block) < TAR_BLOCK_BYTES or not any(block):
        return False
    stated = re.fullmatch(rb" *([0-7]{1,7})[ \0]*", block[148:156])
    if stated is None:
        return False
    checksum, unsigned = int(stated[1], 8), sum(block) - sum(block[148:156]) + 8 * ord(" ")
    if checksum == unsigned:
        return True
    return checksum == unsigned - 256 * sum(byte > 127 for byte in block[:148] + block[156:])


def packing_of(head: bytes) -> str:
    """Return `gzip`, `zstd`, `bz2`, or nothing, by the first bytes."""
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    if head.startswith(b"\x28\xb5\x2f\xfd"):
        return "zstd"
    return "bz2" if head.startswith(b"BZh") else ""


def head_in(stream: BinaryIO) -> bytes:
    """Return as much of the beginning of a file as tells what it is."""
    head = stream.read(HEAD_BYTES)
    return head + stream.read(PACKED_HEAD_BYTES) if packing_of(head) else head


def unpacking(source: BinaryIO, packing: str) -> BinaryIO:
    """Return a stream of what is packed in `source`."""
    openers: dict[str, Callable[[BinaryIO], object]] = {
        "gzip": lambda stream: gzip.GzipFile(fileobj=stream, mode="rb"),
        "bz2": lambda stream: bz2.BZ2File(stream),
        "zstd": _zstd,
    }
    return openers[packing](source) if packing else source  # type: ignore[return-value]  # all of them have read()


def unpacked_head(head: bytes) -> bytes:
    """Return the beginning of what is packed in bytes of which only the beginning is known."""
    packing = packing_of(head)
    if not packing:
        return head
    try:
        return unpacking(io.BytesIO(head), packing).read(TAR_BLOCK_BYTES)
    except (OSError, EOFError, ValueError, zlib.error):
        return b""


def _zstd(source: BinaryIO) -> object:
    import pyarrow as pa

    return pa.CompressedInputStream(pa.PythonFile(source, mode="r"), "zstd")
