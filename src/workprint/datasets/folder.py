"""Folders: media files, and the archives and tables among them."""

from collections.abc import Iterator
from itertools import groupby
from typing import Protocol

from workprint.datasets.addresses import decode_name, encode_name, part_id
from workprint.datasets.annotations import annotations_in, conventions_of, missing_in, speaks_of_others
from workprint.datasets.archives import TarReader, ZipReader
from workprint.datasets.arrow import ArrowReader
from workprint.datasets.holding import DEFAULT_LIMITS, failure
from workprint.datasets.kinds import claims_media, container_kind, has_media_ending
from workprint.datasets.loose import IGNORED_FOLDERS, read_files
from workprint.datasets.parquet import ParquetReader
from workprint.datasets.places import Entry, EntryKind, Place, head_of, place_of, require_present
from workprint.datasets.remote import without_secrets
from workprint.errors import DatasetError, Undecodable
from workprint.model import Limits, Shard
from workprint.protocols import Read

FILES_PER_SHARD = 256
_LISTED = "#listed"
_ARCHIVES = ("tar", "zip")
_STATS = "_stats.json"


class _Container(Protocol):
    name: str

    def shards_at(self, uri: str, container: str) -> Iterator[Shard]: ...

    def read(self, shard: Shard) -> Iterator[Read]: ...


class FolderReader:
    """Reads a folder and all folders below it. Links to folders are not entered, so there are no loops.

    A shard is a run of files of one folder (its extent: their addresses), a part of an archive or table, or what the
    tables of annotations in a folder name and is not there.
    """

    name = "folder"

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        """Items above `limits.max_item_bytes` become failures."""
        self._limits = limits
        readers = (TarReader(limits), ZipReader(limits), ParquetReader(limits), ArrowReader(limits))
        self._containers: dict[str, _Container] = {reader.name: reader for reader in readers}

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return place_of(uri).kind() is EntryKind.FOLDER

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`."""
        require_present(uri)
        has_items = has_files = False
        for shard in self._walk(place_of(uri)):
            yield shard
            has_files = True
            is_listing = shard.shard_id.endswith(_LISTED)
            has_items = has_items or is_listing or not isinstance(shard.extent, tuple) or _any_media(shard.extent)
        if not has_files:
            raise DatasetError(f"{without_secrets(uri)} is an empty folder")
        if not has_items:
            raise DatasetError(
                f"no file in {without_secrets(uri)} is media, an archive or a table of media; to have a manifest read, "
                "name the manifest"
            )

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        if shard.shard_id.endswith(_LISTED):
            yield from missing_in(place_of(shard.uri), decode_name(shard.shard_id.removesuffix(_LISTED).rstrip("/")))
        elif isinstance(shard.extent, tuple):
            yield from read_files(place_of(shard.uri), shard, self._limits)
        elif (container := self._container_at(shard.uri)) is not None:
            yield from container.read(shard)
        else:
            yield failure(shard.shard_id, Undecodable("the file has changed since the dataset was listed"))

    def _walk(self, root: Place) -> Iterator[Shard]:
        """Yield the shards of a folder, then those of the folders in it, in the order of their names."""
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                entries = (root.child(folder) if folder else root).entries()
            except OSError:
                if not folder:
                    raise DatasetError(f"the folder {root.uri} cannot be listed") from None
                yield _unlisted(root, folder)
                continue
            loose, inner, containers = self._sort(root, folder, entries)
            yield from _runs(root, folder, loose)
            if not any(container.name in _ARCHIVES for _, container in containers):  # else files may be in there
                yield from _listed(root, folder)
            for name, container in containers:
                path = _join(folder, name)
                yield from container.shards_at(root.child(path).uri, encode_name(path))
            waiting += reversed([_join(folder, name) for name in inner])

    def _sort(
        self, root: Place, folder: str, entries: list[Entry]
    ) -> tuple[list[str], list[str], list[tuple[str, _Container]]]:
        """Return loose files, folders and containers."""
        loose: list[str] = []
        inner: list[str] = []
        containers: list[tuple[str, _Container]] = []
        is_other = speaks_of_others(root, folder)
        for entry in entries:
            kind = _kind_inside(root, folder, entry)
            if kind is EntryKind.FOLDER and entry.kind is EntryKind.FOLDER:
                if entry.name in IGNORED_FOLDERS:
                    loose.append(entry.name + "/")
                else:
                    inner.append(entry.name)
                continue
            if kind is EntryKind.FOLDER:
                continue  # a link to a folder of the dataset, which is read where it really is
            is_candidate = kind is EntryKind.FILE and not is_other(entry.name)
            container = self._container_of(root, _join(folder, entry.name)) if is_candidate else None
            if container is None:
                loose.append(entry.name)
            else:
                containers.append((entry.name, container))
        return loose, inner, containers

    def _container_of(self, root: Place, path: str) -> _Container | None:
        """Names that say what a file is are believed here, so that not every picture is opened twice."""
        if has_media_ending(path) or not claims_media(path):
            return None
        return self._container_at(root.child(path).uri)

    def _container_at(self, uri: str) -> _Container | None:
        return self._containers.get(container_kind(head_of(uri)))


class _ConventionReader(FolderReader):
    """A folder that follows one convention of annotating its files; it is read as any folder is."""

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`."""
        return super().recognises(uri) and self.name in conventions_of(uri)

    def shards(self, uri: str) -> Iterator[Shard]:
        """See `DatasetReader.shards`. Raises `DatasetError` also where nothing follows the convention."""
        require_present(uri)
        if not self.recognises(uri):
            raise DatasetError(
                f"{without_secrets(uri)} is not laid out as {self.name}; leave --reader out to have it recognised"
            )
        yield from super().shards(uri)


class Img2datasetReader(FolderReader):
    """What img2dataset leaves: shards with a table each of every URL it tried; read as any folder is."""

    name = "img2dataset"

    def recognises(self, uri: str) -> bool:
        """See `DatasetReader.recognises`: `00000_stats.json` beside `00000.parquet`, `00000.tar` or `00000`."""
        if not super().recognises(uri):
            return False
        try:
            names = {entry.name for entry in place_of(uri).entries()}
        except OSError:
            return False
        stems = (name.removesuffix(_STATS) for name in names if name.endswith(_STATS))
        return any({f"{stem}.parquet", f"{stem}.tar", stem} & names for stem in stems)


class CommonVoiceReader(_ConventionReader):
    """Common Voice: `clips/` and tables with `client_id`, `path`, `sentence`."""

    name = "common_voice"


class LjSpeechReader(_ConventionReader):
    """LJSpeech: `wavs/` and a `metadata.csv` cut by `|`."""

    name = "ljspeech"


class LibriSpeechReader(_ConventionReader):
    """LibriSpeech: folders of speakers and chapters, with a `.trans.txt` for each chapter."""

    name = "librispeech"


class CocoReader(_ConventionReader):
    """COCO: pictures and JSON with `images`, `annotations` and `licenses`."""

    name = "coco"


class ImageFolderReader(_ConventionReader):
    """Hugging Face's folders of pictures or sound: `metadata.csv`, `.jsonl` or `.parquet` with `file_name`."""

    name = "imagefolder"


class SavedDatasetReader(_ConventionReader):
    """Hugging Face's `save_to_disk`: Arrow files that a `state.json` names."""

    name = "huggingface"


def _any_media(addresses: tuple[str, ...]) -> bool:
    return any(map(claims_media, addresses))


def _listed(root: Place, folder: str) -> Iterator[Shard]:
    """Yield the shard of what tables in a folder name and is not there; none where there are no such tables."""
    tables = tuple(encode_name(annotation.table) for annotation in annotations_in(root, folder))
    if tables:
        yield Shard(f"{encode_name(folder)}/{_LISTED}" if folder else _LISTED, root.uri, tables)


def _kind_inside(root: Place, folder: str, entry: Entry) -> EntryKind:
    """What is there, looking through a link that stays inside the dataset."""
    if entry.kind is not EntryKind.LINK:
        return entry.kind
    place = root.child(_join(folder, entry.name))
    return place.kind() if root.holds(place) else EntryKind.LINK


def _runs(root: Place, folder: str, names: list[str]) -> Iterator[Shard]:
    """Yield runs of files; those that share a name up to its first dot stay together as long as they fit."""
    run: list[str] = []
    start = 0
    for _, alike in groupby(names, key=lambda name: name.partition(".")[0]):
        together = list(alike)
        if run and len(run) + len(together) > FILES_PER_SHARD:
            yield _run(root, folder, start, run)
            start, run = start + len(run), []
        for name in together:
            run.append(name)
            if len(run) == FILES_PER_SHARD:
                yield _run(root, folder, start, run)
                start, run = start + len(run), []
    if run:
        yield _run(root, folder, start, run)


def _run(root: Place, folder: str, start: int, names: list[str]) -> Shard:
    addresses = tuple(encode_name(_join(folder, name)) for name in names)
    shard_id = part_id(encode_name(folder + "/" if folder else ""), "files", range(start, start + len(names)))
    return Shard(shard_id, root.uri, addresses)


def _unlisted(root: Place, folder: str) -> Shard:
    address = encode_name(folder) + "/"
    return Shard(f"{address}#unlisted", root.uri, (address,))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
