"""Signals inside media files: from a container to its pieces of metadata, and from those to what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from workprint.model import Blob, Signal
from workprint.rights import boxes, id3, iim, pictures, riff, tiff, vorbis, xmp
from workprint.rights.fields import MAX_SIGNALS, Field, Role, signals_of, unreadable
from workprint.rights.manifests import manifest_signals, manifests_reader
from workprint.rights.pieces import Piece, Pieces, Source
from workprint.rights.vocabulary import vocabulary

_MAX_PIECES = 64
_MAX_DEPTH = 3
_CONTAINERS: tuple[tuple[int, bytes, str, Callable[[Source], Pieces]], ...] = (
    (0, b"\xff\xd8\xff", "jpeg", pictures.jpeg),
    (0, b"\x89PNG\r\n\x1a\n", "png", pictures.png),
    (0, b"GIF8", "gif", pictures.gif),
    (0, b"II*\0", "exif", tiff.pieces),
    (0, b"MM\0*", "exif", tiff.pieces),
    (0, b"II+\0", "exif", tiff.pieces),
    (0, b"MM\0+", "exif", tiff.pieces),
    (8, b"WEBP", "riff", riff.pieces),
    (8, b"WAVE", "riff", riff.pieces),
    (8, b"AIFF", "aiff", riff.pieces),
    (8, b"AIFC", "aiff", riff.pieces),
    (4, b"ftyp", "mp4", boxes.pieces),
    (0, b"fLaC", "vorbis", vorbis.flac),
    (0, b"OggS", "vorbis", vorbis.ogg),
    (0, b"ID3", "id3", id3.pieces),
)
"""Where the mark of a container stands, the mark, what its own fields are called, and who walks it."""
_TEXTS = {
    "copyright": ("Copyright", Role.NOTICE), "artist": ("Artist", Role.HOLDER), "notice": ("Disclaimer", Role.NOTICE),
    "comment": ("Comment", Role.COMMENT),
}  # fmt: skip
_NESTED: dict[str, Callable[[bytes], Iterable[Field | Piece]]] = {
    "xmp": xmp.fields,
    "exif": lambda data: tiff.pieces(Source.of(data)),
    "photoshop": iim.resources,
    "iim": iim.fields,
    "id3": id3.fields,
    "vorbis": vorbis.fields,
    "bext": lambda data: [Field("Originator", Role.HOLDER, iim.text(data[256:288]))],
}
_DAMAGE = (ValueError, IndexError, KeyError, TypeError, OverflowError, RecursionError)


def reading() -> str:
    """What decides which signals are read: the version of the vocabulary, and whether manifests are checked."""
    return f"vocabulary={vocabulary().version},c2pa={manifests_reader() or 'not checked'}"


class EmbeddedSignals:
    """Reads what a media file says of its own rights."""

    name = "embedded"

    def read(self, blob: Blob) -> tuple[Signal, ...]:
        """All signals of a file, in its order. What is there and cannot be read is a signal that says so.

        Raises:
            OSError: the bytes cannot be read.
        """
        with blob.open() as stream:
            source = Source(stream, blob.size_bytes)
            head = source.at(0, 16)
            for at, mark, name, walk in _CONTAINERS:
                if head.startswith(mark, at):
                    return _all_signals(name, walk(source), blob)
        return ()


def _all_signals(name: str, pieces: Pieces, blob: Blob) -> tuple[Signal, ...]:
    found: list[Signal] = []
    for signal in _signals(name, islice(pieces, _MAX_PIECES), blob, 0):
        if signal not in found:
            found.append(signal)
        if len(found) == MAX_SIGNALS:
            break
    return tuple(found)


def _signals(name: str, parts: Iterable[Field | Piece], blob: Blob, depth: int) -> Iterator[Signal]:
    """The signals of one set of fields, called `name`, and of whatever lies inside it."""
    fields: list[Field] = []
    nested: list[Piece] = []
    problem = ""
    try:
        for part in parts:
            if isinstance(part, Field):
                fields.append(part)
            elif part.kind in _TEXTS or part.kind == "tag":
                fields.extend(_text_fields(part))
            else:
                nested.append(part)
    except _DAMAGE as error:
        problem = str(error) or type(error).__name__
    yield from signals_of(name, fields)
    if problem:
        yield unreadable(name, problem)
    for piece in nested:
        yield from _nested(piece, blob, depth)


def _nested(piece: Piece, blob: Blob, depth: int) -> Iterator[Signal]:
    if piece.kind == "c2pa":
        yield from manifest_signals(blob)
    elif piece.problem:
        yield unreadable(piece.kind, piece.problem)
    elif depth < _MAX_DEPTH:
        yield from _signals(piece.kind, _NESTED[piece.kind](piece.data), blob, depth + 1)


def _text_fields(piece: Piece) -> Iterator[Field]:
    if piece.kind == "tag":  # a free field of an MP4 file
        role = id3.USER_TEXTS.get(id3.plain_name(piece.name))
        if role:
            yield Field(piece.name[:60], role, iim.text(piece.data))
    else:
        name, role = _TEXTS[piece.kind]
        yield Field(piece.name or name, role, iim.text(piece.data))
