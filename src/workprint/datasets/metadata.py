"""What `metadata.csv` and its kind say of the files beside and below them, as Hugging Face image folders have it."""

import posixpath
from collections.abc import Iterable
from typing import Any

from workprint.datasets.kinds import HEAD_BYTES
from workprint.datasets.paths import plain_file, safe_relative
from workprint.datasets.places import Place
from workprint.datasets.rows import layout_of, read_rows
from workprint.errors import ItemError

METADATA_NAMES = ("metadata.csv", "metadata.jsonl", "metadata.tsv")
FILE_COLUMN = "file_name"


def metadata_of(root: Place, files: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return by path what metadata files say of `files`, which are paths below `root` in one folder.

    The tables are read through once and only the rows asked for are kept; the table nearest to a file wins.
    """
    wanted = set(files)
    said: dict[str, dict[str, Any]] = {}
    for folder in _folders_above(next(iter(wanted), "")):
        for name in METADATA_NAMES:
            for path, row in _rows_of(root, folder, name, wanted).items():
                said[path] = {**said.get(path, {}), **row}
    return said


def _folders_above(file: str) -> list[str]:
    parts = file.split("/")[:-1]
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


def _rows_of(root: Place, folder: str, name: str, wanted: set[str]) -> dict[str, dict[str, Any]]:
    """A table that cannot be read says nothing; the files themselves are read all the same."""
    said: dict[str, dict[str, Any]] = {}
    try:
        place = plain_file(root, posixpath.join(folder, name))
        with place.open() as source:
            layout = layout_of(source.read(HEAD_BYTES), name)
        for row in read_rows(place, layout) if layout else ():
            path = None if isinstance(row, ItemError) else _path_in(folder, row.pop(FILE_COLUMN, None))
            if path in wanted and path is not None and not isinstance(row, ItemError):
                said[path] = row
    except (ItemError, OSError):
        return said
    return said


def _path_in(folder: str, stated: object) -> str | None:
    try:
        return posixpath.join(folder, safe_relative(stated)) if isinstance(stated, str) else None
    except ItemError:
        return None
