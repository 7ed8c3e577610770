"""Rows that hold no media but words about them: tables of URLs, and what img2dataset writes of its downloads."""

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from workprint.datasets.addresses import encode_name
from workprint.datasets.holding import failure
from workprint.datasets.paths import is_url
from workprint.datasets.places import EntryKind, place_of
from workprint.errors import ItemError, Missing, NoMedia
from workprint.model import Failure

DOWNLOADED = "success"
_IMG2DATASET_COLUMNS = frozenset(("key", "status", "url"))
_MEDIA_BESIDE = (".tar", "")
"""How what img2dataset downloaded is called, beside its table of the same name: an archive or a folder."""
_MAX_REASON_CHARACTERS = 200


def names_urls(cells: Sequence[object]) -> bool:
    """Whether a column's first cells are URLs, more often than not."""
    stated = [cell for cell in cells if isinstance(cell, str) and cell]
    return 2 * sum(is_url(cell) and not cell.startswith("data:") for cell in stated) > len(stated)


def is_download_table(columns: Sequence[str]) -> bool:
    """Whether a table with these columns is img2dataset's account of its downloads."""
    return set(columns) >= _IMG2DATASET_COLUMNS


def has_media_beside(uri: str) -> bool:
    """Whether what img2dataset downloaded is stored beside its table, so that it is read there."""
    stem = posixpath.splitext(uri.partition("?")[0])[0]
    return any(place_of(stem + ending).kind() is not EntryKind.MISSING for ending in _MEDIA_BESIDE)


def without_media(address: str, said: Mapping[str, Any], is_stored_beside: bool = False) -> Failure | None:
    """Return what becomes of a row without media; None where its medium is an item of its own, beside the table."""
    status = said.get("status")
    if is_stored_beside and status == DOWNLOADED:
        return None
    refusal = not_downloaded(said) or NoMedia("the row holds no media, only words about them")
    return failure(address, refusal, said)


def not_downloaded(said: Mapping[str, Any]) -> ItemError | None:
    """Return why the dataset says that it does not hold this row's medium; None where it says nothing of it."""
    status = said.get("status")
    if not isinstance(status, str) or status == DOWNLOADED or not set(said) >= _IMG2DATASET_COLUMNS:
        return None
    why = ": ".join(str(part)[:_MAX_REASON_CHARACTERS] for part in (status, said.get("error_message")) if part)
    return Missing(f"the dataset says that it was not downloaded: {encode_name(why)}")
