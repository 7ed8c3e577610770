"""A copy of a dataset without some of its items, whatever kind it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from workprint.cleaning.archives import clean_tar, clean_zip
from workprint.cleaning.tables import clean_arrow, clean_lines, clean_parquet
from workprint.datasets.addresses import decode_name, encode_name
from workprint.datasets.annotations import annotations_in, folders_above
from workprint.datasets.attributes import SIDECAR_KEYS
from workprint.datasets.kinds import claims_media, container_kind
from workprint.datasets.places import head_of, place_of
from workprint.datasets.texts import text_place
from workprint.errors import ItemError, WorkprintError


def write_clean(source: Path, target: Path, unwanted: Collection[str]) -> None:
    """Copy a folder or file without the items at these addresses, all or nothing. `target` must not exist.

    Raises:
        WorkprintError: an item is not there, lies in an archive in an archive, or something cannot be copied; nothing
            is left at `target`.
        OSError: the disk is full or cannot be written.
    """
    _refuse_nested(unwanted)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        if source.is_dir():
            shutil.copytree(source, temporary, symlinks=True)
            gone = _clean_folder(source, temporary, unwanted)
        else:
            gone = _clean_file(source, temporary, encode_name(source.name), unwanted)
        missing = sorted(set(unwanted) - gone)
        if missing:
            raise WorkprintError(
                f"{len(missing)} of {len(set(unwanted))} items are not in {source}, the first is {missing[0]}; "
                "scan the dataset as it is now"
            )
        temporary.replace(target)
    finally:
        if temporary.is_dir():
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            temporary.unlink(missing_ok=True)


def _refuse_nested(unwanted: Collection[str]) -> None:
    for address in sorted(unwanted):
        archive, _, _ = address.rpartition("!")
        if "!" in archive:
            raise WorkprintError(
                f"{archive} is an archive in an archive, out of which nothing can be taken; unpack it, and scan the "
                "dataset again"
            )


def _clean_folder(source: Path, copied: Path, unwanted: Collection[str]) -> set[str]:
    inside: dict[str, set[str]] = {}
    gone: set[str] = set()
    for address in unwanted:
        container = address.replace("#", "!").partition("!")[0]
        if container != address:
            inside.setdefault(container, set()).add(address)
        elif _within(copied, address).is_file():
            gone.add(address)
    for address in gone:
        _within(copied, address).unlink()
    for address in gone:
        _without_sidecars(_within(copied, address))
    _without_annotations(source, copied, {decode_name(address) for address in gone})
    for container, addresses in inside.items():
        place = _within(copied, container)
        if place.is_file():
            place.unlink()
            gone |= _clean_file(_within(source, container), place, container, addresses)
    return gone


def _clean_file(source: Path, target: Path, container: str, unwanted: Collection[str]) -> set[str]:
    kind = container_kind(head_of(str(source)))
    if kind == "tar":
        return clean_tar(source, target, container, unwanted)
    if kind == "zip":
        return clean_zip(source, target, container, unwanted)
    if kind == "parquet":
        return clean_parquet(source, target, unwanted)
    if kind == "arrow":
        return clean_arrow(source, target, unwanted)
    return clean_lines(source, target, unwanted)


def _within(root: Path, address: str) -> Path:
    """The place of an address below a folder; names that lead out of it are refused."""
    name = decode_name(address)
    if name.startswith("/") or ".." in name.split("/"):
        raise WorkprintError(f"{address} leads out of the dataset")
    return root / name


def _without_annotations(source: Path, copied: Path, gone: set[str]) -> None:
    """Take away the rows that speak of nothing but files that are gone; of packed tables and COCO's, none.

    A table that cannot be read stays as it is: a scan names it.
    """
    root = place_of(str(copied))
    for folder in sorted({folder for path in gone for folder in folders_above(path)}):
        for annotation in annotations_in(root, folder):
            place = copied / annotation.table
            is_parquet = container_kind(head_of(str(place))) == "parquet"
            if not is_parquet and text_place(str(place)).uri != str(place):
                continue
            with suppress(ItemError):
                rows = {f"#row={row}" for row in annotation.only_about(root, gone)}
                if rows and is_parquet:
                    clean_parquet(source / annotation.table, place, rows)
                elif rows:
                    clean_lines(source / annotation.table, place, rows, annotation.layout)


def _without_sidecars(item: Path) -> None:
    """Take away the captions and labels of a file that is gone, unless another medium of its name is still there."""
    if not item.parent.is_dir():
        return
    beside = [one for one in item.parent.iterdir() if one.stem == item.stem]
    if not any(claims_media(one.name) for one in beside):
        for one in beside:
            if one.suffix.lower() in SIDECAR_KEYS:
                one.unlink()
