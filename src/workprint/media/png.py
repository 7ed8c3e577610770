"""The parts of a PNG file that decide what is seen."""

from collections.abc import Iterator

_SIGNATURE_BYTES = 8
_FRAME_BYTES = 12
_UNSEEN = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})


def without_text(data: bytes) -> bytes:
    """A PNG without its text and colour profile chunks.

    They change no pixel, may unfold to any size, and would be unfolded by the decoder; a picture must not escape by
    carrying one that is too large. Bytes without such chunks are returned as they are.
    """
    parts = list(_seen_parts(data))
    if len(parts) == 1:
        return data
    view = memoryview(data)
    return b"".join(view[begin:end] for begin, end in parts)


def _seen_parts(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield (begin, end) of the runs between chunks that are left out."""
    begin, at = 0, _SIGNATURE_BYTES
    while at + _FRAME_BYTES <= len(data):
        end = at + _FRAME_BYTES + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] in _UNSEEN:
            yield begin, at
            begin = end
        at = end
    yield begin, len(data)
