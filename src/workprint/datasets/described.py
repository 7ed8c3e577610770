"""Rows that hold no media but words about them: tables of URLs, and what img2dataset writes of its downloads."""

import posixpath
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

from workprint.datasets.addresses import encode_name
from workprint.datasets.holding import failure
from workprint.datasets.kinds import base_name, claims_media
from workprint.datasets.paths import is_url
from workprint.datasets.places import EntryKind, place_of
from workprint.datasets.tar_stream import TarStream
from workprint.errors import ItemError, Missing, NoMedia
from workprint.model import Failure

DOWNLOADED = "success"
_IMG2DATASET_COLUMNS = frozenset(("key", "status", "url"))
_MAX_REASON_CHARACTERS = 200

Stored = Callable[[Mapping[str, Any]], bool]
"""Whether the medium of a row is there."""


def names_urls(cells: Sequence[object]) -> bool:
    """Whether a column's first cells are URLs, more often than not."""
    stated = [cell for cell in cells if isinstance(cell, str) and cell]
    return 2 * sum(is_url(cell) and not cell.startswith("data:") for cell in stated) > len(stated)


def is_download_table(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is img2dataset's account of its downloads."""
    return set(columns) >= _IMG2DATASET_COLUMNS


def stored_beside(uri: str) -> Stored | None:
    """Return what tells whether the medium of a row is stored beside img2dataset's table; None where nothing is."""
    stem = posixpath.splitext(uri.partition("?")[0])[0]
    archive, folder = place_of(f"{stem}.tar"), place_of(stem)
    found = set[int]()
    if archive.kind() is EntryKind.FILE:
        found |= _keys_in_tar(archive.uri, archive.stamp())
    elif folder.kind() is EntryKind.FOLDER:
        found |= {hash(_key(entry.name)) for entry in folder.entries() if claims_media(entry.name)}
    else:
        return None
    return lambda said: hash(str(said.get("key"))) in found


@lru_cache(maxsize=4)  # every shard of the table needs them
def _keys_in_tar(uri: str, stamp: str) -> frozenset[int]:  # noqa: ARG001 - the stamp tells states apart
    """Hashes of the keys of media in an archive, as far as it can be read; what is behind damage is not there."""
    keys = set[int]()
    with suppress(ItemError), place_of(uri).open() as source:
        for member in TarStream(source, can_seek=source.seekable()).members():
            if claims_media(member.name):
                keys.add(hash(_key(member.name)))
    return frozenset(keys)


def _key(name: str) -> str:
    return base_name(name).partition(".")[0]


def without_media(address: str, said: Mapping[str, Any], is_stored: Stored | None = None) -> Failure | None:
    """Return what becomes of a row without media; None where its medium is an item of its own, beside the table."""
    refusal = not_downloaded(said) or NoMedia("the row holds no media, only words about them")
    if is_stored is not None and said.get("status") == DOWNLOADED:
        if is_stored(said):
            return None
        refusal = Missing("the dataset says that it was downloaded, and it is not stored beside the table")
    return failure(address, refusal, said)


def not_downloaded(said: Mapping[str, Any]) -> ItemError | None:
    """Return why the dataset says that it does not hold this row's medium; None where it says nothing of it."""
    status = said.get("status")
    if not isinstance(status, str) or status == DOWNLOADED or not set(said) >= _IMG2DATASET_COLUMNS:
        return None
    why = ": ".join(str(part)[:_MAX_REASON_CHARACTERS] for part in (status, said.get("error_message")) if part)
    return Missing(f"the dataset says that it was not downloaded: {encode_name(why)}")
