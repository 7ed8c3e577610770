"""The parts of a JPEG file that decide what is seen, without decoding it."""

from collections.abc import Iterator
from hashlib import sha256

_START_OF_SCAN = 0xDA
_COMMENT = 0xFE
_ADOBE = 0xEE
_METADATA = frozenset(range(0xE0, 0xF0)) - {_ADOBE} | {_COMMENT}
_DOMAIN = b"workprint:jpeg:1\0"


def coded_digest(data: bytes, orientation: int) -> str:
    """SHA-256 (hex) of a JPEG's coded image data: equal before and after its metadata were stripped or edited.

    Left out are all application segments but Adobe's (which says how colours are coded), comments, and whatever
    follows the end of the picture. The EXIF orientation (1 to 8) takes part, because it changes what is seen.
    """
    digest = sha256(_DOMAIN)
    digest.update(bytes((orientation,)))
    view = memoryview(data)
    for begin, end in _image_parts(data):
        digest.update(view[begin:end])
    return digest.hexdigest()


def count_scans(data: bytes) -> int:
    """Upper bound of the passes over the picture. Entropy-coded data never holds the mark; metadata may."""
    return data.count(b"\xff\xda")


def _image_parts(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of each segment before the first scan that is no metadata, then of all the rest."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            break
        end = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if marker not in _METADATA:
            yield at, end
        at = end
    finish = data.find(b"\xff\xd9", at)
    yield at, len(data) if finish < 0 else finish + 2
