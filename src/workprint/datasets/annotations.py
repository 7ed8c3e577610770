"""What tables in a folder say of the media files in it, in every way that is in use.

A convention knows where its tables lie and how their rows name files; all else is common: each file gets what its row
says, and a row whose file is not there is a failure.
"""

import posixpath
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from workprint.datasets import coco
from workprint.datasets.addresses import cell_address, encode_name
from workprint.datasets.holding import failure
from workprint.datasets.paths import plain_file, safe_relative
from workprint.datasets.places import EntryKind, Place, head_of, name_of, place_of
from workprint.datasets.positions import PositionIndex
from workprint.datasets.rows import Layout, Row, layout_of, read_rows, rows_at
from workprint.datasets.texts import STATE_NAME, text_head, text_place
from workprint.errors import ItemError, Missing
from workprint.model import Failure

_FOLDERS_LOOKED_INTO = 32
_KIN = re.compile(r"(?:^|_)file_names?$")
_MAX_NAMES = 1024
"""In one cell."""
_DEPTH_LOOKED_INTO = 4
_TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".trans.txt", ".coco.json", ".gz")
_TELLING_NAMES = frozenset(("clips", "wavs", "annotations", "state.json", "dataset_info.json", "metadata.parquet"))


@dataclass(frozen=True, slots=True)
class Named:
    """A file that a row names."""

    column: str
    index: int | None
    """Where it is in a cell that is a list."""
    paths: tuple[str, ...]
    """Where it may be; the first that is there counts."""


@dataclass(frozen=True, slots=True)
class Naming:
    """How a row names its files: by a column, below one of several folders, with one of several endings."""

    column: str
    folders: tuple[str, ...]
    endings: tuple[str, ...] = ("",)
    has_kin: bool = False
    """Whether `left_file_name` and, as lists, `file_names` and `left_file_names` name files beside `file_name`."""

    def files(self, row: Row) -> list[Named]:
        """Return what the row names, but for what may not be opened."""
        found = []
        for name in filter(self.is_naming, row):
            cell = row[name]
            stated = list(enumerate(cell[:_MAX_NAMES])) if isinstance(cell, list) else [(None, cell)]
            found += [Named(name, index, paths) for index, value in stated if (paths := self._paths(value))]
        return found

    def paths(self, row: Row) -> list[str]:
        """Return every place at which a file of the row may be."""
        return [path for named in self.files(row) for path in named.paths]

    def is_naming(self, column: str) -> bool:
        """Whether cells of this column name files."""
        return column == self.column or (self.has_kin and _KIN.search(column) is not None)

    def _paths(self, stated: object) -> tuple[str, ...]:
        if not isinstance(stated, str) or not stated:
            return ()
        with suppress(ItemError):
            path = safe_relative(stated)
            return tuple(posixpath.join(folder, path + ending) for folder in self.folders for ending in self.endings)
        return ()


def _as_it_is(row: Row) -> Row:
    return row


@dataclass(frozen=True, slots=True)
class Annotation:
    """One table, and how its rows name files. Paths are below the dataset's root."""

    convention: str
    table: str
    layout: Layout
    naming: Naming
    attributes: Callable[[Row], Row] = field(default=_as_it_is)

    def said_of(self, root: Place, files: Iterable[str]) -> dict[str, Row]:
        """Return by path what the table says of `files`. Raises `ItemError` or `OSError` where it cannot be read."""
        table = plain_file(root, self.table)
        index = _index_of(table.uri, self.layout, self.naming, table.stamp())
        wanted = set(files)
        starts_bytes = sorted({start_bytes for path in wanted for start_bytes in index.find(path)})
        said: dict[str, Row] = {}
        for row in rows_at(text_place(table.uri), self.layout, starts_bytes):
            if not isinstance(row, ItemError):
                found = [path for path in self.naming.paths(row) if path in wanted]
                said |= dict.fromkeys(found, self.attributes(self._without_names(row)))
        return said

    def missing(self, root: Place) -> Iterator[tuple[str, Failure]]:
        """Yield a failure for each file that a row names and that is not there, after the path it should have."""
        table = plain_file(root, self.table)
        for number, (_, row) in enumerate(read_rows(text_place(table.uri), self.layout)):
            for named in () if isinstance(row, ItemError) else self.naming.files(row):
                if not any(_is_there(root, path) for path in named.paths):
                    address = cell_address(encode_name(self.table), number, named.column, named.index)
                    yield named.paths[0], failure(address, Missing(f"there is no file {encode_name(named.paths[0])}"))

    def only_about(self, root: Place, files: Collection[str]) -> Iterator[int]:
        """Yield the rows that name one of `files` and no file that is there. Raises as `said_of`."""
        table = plain_file(root, self.table)
        for number, (_, row) in enumerate(read_rows(text_place(table.uri), self.layout)):
            paths = [] if isinstance(row, ItemError) else self.naming.paths(row)
            if any(path in files for path in paths) and not any(_is_there(root, path) for path in paths):
                yield number

    def _without_names(self, row: Row) -> Row:
        """A file's own name says nothing of it, unless as the id that a corpus knows it by."""
        return {key: value for key, value in row.items() if key == "id" or not self.naming.is_naming(key)}


Convention = Callable[[Place, str, frozenset[str]], Iterator[Annotation]]
"""Yields the tables that speak of files in and below a folder, given the telling ones among the names in it."""


def imagefolder(root: Place, folder: str, names: frozenset[str]) -> Iterator[Annotation]:
    """`metadata.csv` and its kind, as Hugging Face has it for folders of pictures and of sound."""
    for name in ("metadata.csv", "metadata.tsv", "metadata.jsonl", "metadata.parquet"):
        if name in names:
            layout = _layout(root.child(posixpath.join(folder, name)).uri)
            if layout and not _is_ljspeech(root, folder, name, names):
                naming = Naming("file_name", (folder,), has_kin=True)
                yield Annotation("imagefolder", posixpath.join(folder, name), layout, naming)


def common_voice(root: Place, folder: str, names: frozenset[str]) -> Iterator[Annotation]:
    """Common Voice: `clips/`, and beside it tables with `client_id`, `path` and `sentence`."""
    for name in sorted(names) if "clips" in names else ():
        table = posixpath.join(folder, name)
        if name.endswith(".tsv") and {b"client_id", b"path"} <= set(_first_line(root, table).split(b"\t")):
            naming = Naming("path", (posixpath.join(folder, "clips"),), ("", ".mp3"))
            yield Annotation("common_voice", table, Layout("\t", is_quoted=False), naming)


def ljspeech(root: Place, folder: str, names: frozenset[str]) -> Iterator[Annotation]:
    """LJSpeech: `wavs/`, and beside it a `metadata.csv` without a header, cut by `|`."""
    if _is_ljspeech(root, folder, "metadata.csv", names):
        naming = Naming("id", (posixpath.join(folder, "wavs"),), (".wav", ".flac", ""))
        layout = Layout("|", ("id", "transcription", "normalized_transcription"))
        yield Annotation("ljspeech", posixpath.join(folder, "metadata.csv"), layout, naming, _with_id)


def librispeech(root: Place, folder: str, names: frozenset[str]) -> Iterator[Annotation]:  # noqa: ARG001
    """LibriSpeech: in the folder of each chapter `84-121123.trans.txt`, whose lines begin with the names of files."""
    for name in sorted(name for name in names if name.endswith(".trans.txt")):
        naming = Naming("id", (folder,), (".flac", ".wav", ".mp3", ".opus"))
        layout = Layout(" ", ("id", "transcription"))
        yield Annotation("librispeech", posixpath.join(folder, name), layout, naming, _with_speaker)


def coco_pictures(root: Place, folder: str, names: frozenset[str]) -> Iterator[Annotation]:
    """COCO: JSON in `annotations/` that speaks of pictures in folders beside it, or in the pictures' own folder."""
    inner = posixpath.join(folder, "annotations")
    if "annotations" in names:
        beside = _names_in(root, folder, EntryKind.FOLDER)
        for name in _names_in(root, inner, EntryKind.FILE):
            table = posixpath.join(inner, name)
            if coco.looks_like_coco(head_of(root.child(table).uri), name):
                splits = [other for other in beside if other in name]
                likely = [*splits, *(f"images/{split}" for split in splits), "images", ""]
                folders = tuple(posixpath.join(folder, one).rstrip("/") for one in likely)
                yield Annotation("coco", table, Layout(""), Naming("file_name", folders))
    for name in sorted(name for name in names if name.endswith(".coco.json")):
        yield Annotation("coco", posixpath.join(folder, name), Layout(""), Naming("file_name", (folder,)))


def saved_to_disk(root: Place, folder: str, names: frozenset[str]) -> Iterator[Annotation]:  # noqa: ARG001
    """A Hugging Face dataset on disk: `state.json` names the Arrow files that belong to it."""
    if {STATE_NAME, "dataset_info.json"} <= names:
        naming = Naming("filename", (folder,))
        yield Annotation("huggingface", posixpath.join(folder, STATE_NAME), Layout(""), naming)


CONVENTIONS: tuple[Convention, ...] = (
    saved_to_disk,
    common_voice,
    ljspeech,
    librispeech,
    coco_pictures,
    imagefolder,
)


def annotations_in(root: Place, folder: str) -> tuple[Annotation, ...]:
    """Return the tables that speak of files in and below one folder; none where it cannot be listed."""
    place = root.child(folder) if folder else root
    try:
        return _annotations_in(root.uri, folder, place.stamp())
    except OSError:  # no such folder, or a server that tells nothing of folders
        return _annotations_in(root.uri, folder, "")


def said_of(root: Place, files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by path what tables say of `files`, which are paths below `root` in one folder.

    The table nearest to a file wins. A table that cannot be read says nothing; the files themselves still can be read.
    """
    wanted = sorted(set(files))
    said: dict[str, dict[str, Any]] = {}
    for folder in folders_above(wanted[0]) if wanted else ():
        for annotation in annotations_in(root, folder):
            with suppress(ItemError, OSError):
                for path, row in annotation.said_of(root, wanted).items():
                    said[path] = {**said.get(path, {}), **row}
    return said


def missing_in(root: Place, folder: str) -> Iterator[Failure]:
    """Yield one failure for each file that the tables of a folder name and that is not there."""
    seen: set[str] = set()
    for annotation in annotations_in(root, folder):
        try:
            for path, gone in annotation.missing(root):
                if path not in seen:
                    seen.add(path)
                    yield gone
        except ItemError as error:
            yield failure(encode_name(annotation.table), error)
        except OSError as error:
            yield failure(encode_name(annotation.table), ItemError(f"the table cannot be read: {error.strerror}"))


def speaks_of_others(root: Place, folder: str) -> Callable[[str], bool]:
    """Return what tells, by its name, whether a file in a folder is no item: a table of annotations, or an Arrow file
    that is not among those which a dataset saved to disk names as its own (a cache of some tool's)."""
    annotations = annotations_in(root, folder)
    tables = {annotation.table for annotation in annotations}
    states = [one for one in annotations if one.convention == "huggingface"]
    own = {path for state in states for path in _named_paths(root, state)}

    def is_other(name: str) -> bool:
        path = posixpath.join(folder, name)
        return path in tables or bool(states and name.endswith(".arrow") and path not in own)

    return is_other


def _named_paths(root: Place, annotation: Annotation) -> set[str]:
    try:
        rows = [row for _, row in read_rows(text_place(root.child(annotation.table).uri), annotation.layout)]
    except (ItemError, OSError):
        return set()
    return {path for row in rows if not isinstance(row, ItemError) for path in annotation.naming.paths(row)}


def conventions_of(uri: str) -> list[str]:
    """Return the names of the conventions that are followed in a folder, as far as a look around shows."""
    root = place_of(uri)
    waiting, found = [""], list[str]()
    for _ in range(_FOLDERS_LOOKED_INTO):
        if not waiting:
            break
        folder = waiting.pop(0)
        found += [annotation.convention for annotation in annotations_in(root, folder)]
        if folder.count("/") < _DEPTH_LOOKED_INTO - 1 and len(waiting) < _FOLDERS_LOOKED_INTO:
            inner = _names_in(root, folder, EntryKind.FOLDER)[:_FOLDERS_LOOKED_INTO]
            waiting += [posixpath.join(folder, name) for name in inner]
    return list(dict.fromkeys(found))


@lru_cache(maxsize=64)  # every run of files in it asks
def _annotations_in(root_uri: str, folder: str, stamp: str) -> tuple[Annotation, ...]:  # noqa: ARG001
    root = place_of(root_uri)
    try:
        entries = (root.child(folder) if folder else root).entries()
    except OSError:
        return ()
    names = frozenset(entry.name for entry in entries if _is_telling(entry.name))
    del entries  # may be millions
    return tuple(one for convention in CONVENTIONS for one in convention(root, folder, names)) if names else ()


def _is_telling(name: str) -> bool:
    return name in _TELLING_NAMES or name.endswith(_TABLE_ENDINGS)


def _names_in(root: Place, folder: str, kind: EntryKind) -> list[str]:
    try:
        return [entry.name for entry in (root.child(folder) if folder else root).entries() if entry.kind is kind]
    except OSError:
        return []


def folders_above(file: str) -> list[str]:
    """Return the folders that a path lies in, the dataset's own (an empty text) first."""
    parts = file.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


@lru_cache(maxsize=8)  # every run of files needs it, and it takes a pass through the whole table
def _index_of(uri: str, layout: Layout, naming: Naming, stamp: str) -> PositionIndex:  # noqa: ARG001
    return PositionIndex.of(_named_rows(uri, layout, naming))


def _named_rows(uri: str, layout: Layout, naming: Naming) -> Iterator[tuple[str, int]]:
    with suppress(ItemError):  # rows before the damage still say something
        for start_bytes, row in read_rows(text_place(uri), layout):
            for path in () if isinstance(row, ItemError) else naming.paths(row):
                yield path, start_bytes


def _layout(uri: str) -> Layout | None:
    return layout_of(text_head(uri), name_of(uri))


def _first_line(root: Place, table: str) -> bytes:
    return head_of(root.child(table).uri).partition(b"\n")[0].strip()


def _is_ljspeech(root: Place, folder: str, name: str, names: frozenset[str]) -> bool:
    if "wavs" not in names or name not in names or name != "metadata.csv":
        return False
    line = _first_line(root, posixpath.join(folder, name))
    return b"|" in line and b"file_name" not in line


def _is_there(root: Place, path: str) -> bool:
    return root.child(path).kind() is EntryKind.FILE


def _with_id(row: Row) -> Row:
    return {key: value for key, value in row.items() if value is not None}


def _with_speaker(row: Row) -> Row:
    speaker, _, rest = str(row.get("id")).partition("-")
    return {**row, "speaker_id": speaker, "chapter_id": rest.partition("-")[0]}
