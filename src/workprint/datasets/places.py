"""Where bytes are: a local path or an fsspec URL, opened, listed and measured in one way.

Local paths go through `os`, because their names may be no UTF-8 and may hold what fsspec takes for syntax; everything
else goes through fsspec.
"""

import os
import stat
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from workprint.datasets.kinds import base_name, head_in
from workprint.datasets.remote import BLOCK_BYTES, RepeatedReads, options_of, repeated, without_secrets
from workprint.errors import DatasetError, TooLarge
from workprint.model import Blob

_UNKNOWN_SIZE_READ_BYTES = 64 << 20


class EntryKind(StrEnum):
    """What stands at a place."""

    FILE = "file"
    FOLDER = "folder"
    LINK = "link"
    SPECIAL = "special"
    """A device, a pipe, a socket: never opened."""
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder. A link is not looked through."""

    name: str
    kind: EntryKind


class Place(Protocol):
    """A file or folder that may or may not be there. All methods raise `OSError`; `kind` only where a server does not
    answer, which is not the same as nothing."""

    @property
    def uri(self) -> str:
        """What `place_of` was given, or would have to be given."""

    def kind(self) -> EntryKind:
        """What is there, looking through links. What may not be read is missing: many servers say no more of both."""

    def entries(self) -> list[Entry]:
        """What is in the folder, in the order of the names' code points."""

    def child(self, relative: str) -> "Place":
        """The place at a path below this one."""

    def open(self) -> BinaryIO:
        """The bytes of the file."""

    def blob(self, max_bytes: int) -> Blob:
        """The file, to be opened when it is needed. Raises `TooLarge`."""

    def stamp(self) -> str:
        """Something that is another once the file has changed."""

    def holds(self, inner: "Place") -> bool:
        """Whether another place, links looked through, is still this one or below it."""


def place_of(uri: str) -> Place:
    """Return the place that a path or URL names.

    Raises:
        DatasetError: no installed package can open URLs of this kind.
    """
    if "://" not in uri and "::" not in uri:
        return LocalPlace(uri)
    from fsspec.core import url_to_fs
    from fsspec.implementations.local import LocalFileSystem

    try:
        filesystem, path = url_to_fs(uri, **options_of(uri))
    except (ImportError, ValueError) as error:
        raise DatasetError(f"{without_secrets(uri)} cannot be opened: {without_secrets(str(error))}") from None
    if type(filesystem) is LocalFileSystem:
        return LocalPlace(path)
    return RemotePlace(uri, filesystem, path)


def name_of(uri: str) -> str:
    """Return the last part of a path or URL, without a URL's query."""
    path = uri.partition("::")[0].partition("?")[0] if "://" in uri else Path(uri).absolute().name
    return base_name(path) or "dataset"


def unrecognised(uri: str) -> DatasetError:
    """Return the error, with a sentence for a person, for what no reader recognises."""
    if place_of(uri).kind() is not EntryKind.FILE:
        return DatasetError(f"{without_secrets(uri)} is neither a file nor a folder")
    if not head_of(uri):
        return DatasetError(f"{without_secrets(uri)} is empty or cannot be read")
    return DatasetError(
        f"{without_secrets(uri)} is not a dataset that can be read: not a folder, a zip or tar archive, a Parquet or "
        "Arrow table, nor a CSV, TSV or JSON Lines manifest"
    )


def folder_of(uri: str) -> str:
    """Return the path or URL of the folder that a file is in."""
    if "://" not in uri and "::" not in uri:
        return str(Path(uri).parent)
    first, chain, rest = uri.partition("::")
    return f"{first.partition('?')[0].rpartition('/')[0]}{chain}{rest}"


def head_of(uri: str) -> bytes:
    """Return the first bytes of a file; none where there is no file that can be read."""
    place = place_of(uri)
    if place.kind() is not EntryKind.FILE:
        return b""
    try:
        with place.open() as stream:
            return head_in(stream)
    except OSError:
        return b""


def require_present(uri: str) -> None:
    """Raise `DatasetError` where there is nothing at all at `uri`, or nothing that may be read."""
    try:
        place_of(uri).stamp()
    except FileNotFoundError:
        raise DatasetError(f"there is no dataset at {without_secrets(uri)}: no such file or folder") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise DatasetError(f"{without_secrets(uri)} cannot be read: {error}") from None


@dataclass(frozen=True, slots=True)
class LocalPlace:
    """A path on this machine."""

    uri: str

    def kind(self) -> EntryKind:
        """See `Place.kind`."""
        try:
            return _kind_of(Path(self.uri).stat().st_mode)
        except (OSError, ValueError):  # ValueError: a NUL in the name
            return EntryKind.MISSING

    def entries(self) -> list[Entry]:
        """See `Place.entries`."""
        with os.scandir(self.uri) as found:
            return sorted((_local_entry(entry) for entry in found), key=lambda entry: entry.name)

    def child(self, relative: str) -> Place:
        """See `Place.child`."""
        return LocalPlace(str(Path(self.uri, *relative.split("/"))))

    def open(self) -> BinaryIO:
        """See `Place.open`."""
        return Path(self.uri).open("rb")

    def blob(self, max_bytes: int) -> Blob:
        """See `Place.blob`."""
        return Blob(_allowed(Path(self.uri).stat().st_size, max_bytes), self.open, self.stamp())

    def stamp(self) -> str:
        """See `Place.stamp`."""
        found = Path(self.uri).stat()
        return f"{found.st_size} {found.st_mtime_ns}"

    def holds(self, inner: Place) -> bool:
        """See `Place.holds`."""
        root = os.path.realpath(self.uri)
        found = os.path.realpath(inner.uri)
        return found == root or found.startswith(root.rstrip(os.sep) + os.sep)


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """A path behind an fsspec file system."""

    uri: str
    filesystem: Any
    path: str

    def kind(self) -> EntryKind:
        """See `Place.kind`."""
        try:
            found = self._info()["type"]
        except (FileNotFoundError, PermissionError):
            return EntryKind.MISSING
        return EntryKind.FOLDER if found == "directory" else EntryKind.FILE

    def entries(self) -> list[Entry]:
        """See `Place.entries`. Names that a server lists but that are not directly below the folder are left out."""
        found = repeated(lambda: self.filesystem.ls(self.path, detail=True))
        folder = self.path.strip("/")
        names = ((str(info["name"]).strip("/"), info["type"]) for info in found)
        inside = {name.removeprefix(f"{folder}/" if folder else ""): kind for name, kind in names if name != folder}
        return sorted(
            (
                Entry(name, EntryKind.FOLDER if kind == "directory" else EntryKind.FILE)
                for name, kind in inside.items()
                if name and "/" not in name and name not in (".", "..")
            ),
            key=lambda entry: entry.name,
        )

    def child(self, relative: str) -> Place:
        """See `Place.child`."""
        first, chain, rest = self.uri.partition("::")
        uri = f"{first.rstrip('/')}/{relative}{chain}{rest}"
        return RemotePlace(uri, self.filesystem, f"{self.path.rstrip('/')}/{relative}")

    def open(self) -> BinaryIO:
        """See `Place.open`."""
        raw = RepeatedReads(lambda: self.filesystem.open(self.path, "rb", block_size=BLOCK_BYTES))
        return BufferedReader(raw, 1 << 16)

    def blob(self, max_bytes: int) -> Blob:
        """See `Place.blob`. A file whose size the server does not tell is read at once."""
        size_bytes = self._info().get("size")
        if size_bytes is not None:
            return Blob(_allowed(int(size_bytes), max_bytes), self.open, self.stamp())
        most = min(max_bytes, _UNKNOWN_SIZE_READ_BYTES)
        with self.open() as stream:
            data = stream.read(most + 1)
        return Blob(_allowed(len(data), most), partial(BytesIO, data))

    def stamp(self) -> str:
        """See `Place.stamp`."""
        return repr(sorted((key, str(value)) for key, value in self._info().items()))

    def holds(self, inner: Place) -> bool:  # noqa: ARG002
        """See `Place.holds`: there are no links to look through, and a child is below by its name."""
        return True

    def _info(self) -> dict[str, Any]:
        found: dict[str, Any] = repeated(lambda: self.filesystem.info(self.path))
        return found


def _allowed(size_bytes: int, max_bytes: int) -> int:
    if size_bytes > max_bytes:
        raise TooLarge(f"{size_bytes:,} bytes are more than the {max_bytes:,} allowed for one item")
    return size_bytes


def _kind_of(mode: int) -> EntryKind:
    if stat.S_ISREG(mode):
        return EntryKind.FILE
    return EntryKind.FOLDER if stat.S_ISDIR(mode) else EntryKind.SPECIAL


def _local_entry(entry: "os.DirEntry[str]") -> Entry:
    if entry.is_symlink():
        return Entry(entry.name, EntryKind.LINK)
    if entry.is_dir(follow_symlinks=False):
        return Entry(entry.name, EntryKind.FOLDER)
    return Entry(entry.name, EntryKind.FILE if entry.is_file(follow_symlinks=False) else EntryKind.SPECIAL)
