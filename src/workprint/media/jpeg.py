"""The parts of a JPEG file that decide what is seen, without decoding it."""

from collections.abc import Iterator
from hashlib import sha256

_START_OF_SCAN = 0xDA
_END_OF_IMAGE = b"\xff\xd9"
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
    """Yield (begin, end) of the runs between metadata segments, the last one up to the end of the picture."""
    begin = at = 2
    holds_more = False
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            break
        end = at + 2 + (data[at + 2] << 8 | data[at + 3])
        if marker in _METADATA:
            if at > begin:
                yield begin, at
            begin = end
            holds_more = holds_more or data[at + 4 : at + 8] == b"MPF\0"
        at = end
    yield begin, _end_of_picture(data, at, holds_more)


def _end_of_picture(data: bytes, start: int, holds_more: bool) -> int:
    """Where the end-of-image mark ends; only files with further pictures or a tail behind it have to be searched."""
    if data.endswith(_END_OF_IMAGE) and not holds_more:
        return len(data)
    end = data.find(_END_OF_IMAGE, start)
    return len(data) if end < 0 else end + len(_END_OF_IMAGE)
