"""Check a store from end to end: every record, every count, every digest of a listing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from workprint import store
from workprint.errors import FormatError, StoreConflict
from workprint.model import Failure, Fingerprint
from workprint.serial.audio_layout import PeakBytesError, decode_peaks
from workprint.serial.image_layout import LayoutError, decode
from workprint.serial.records import Row


def verify(folder: Path) -> Iterator[str]:
    """Yield what is wrong with a store, a sentence each; nothing for a sound and finished one.

    Raises:
        FormatError: it is no store at all.
    """
    header = store.read_header(folder)
    try:
        store.require_finished(folder)
    except (StoreConflict, FormatError) as error:
        yield str(error)
    for part in store.parts(folder):
        try:
            said, listing = store.read_count(part)
            rows = _checked(store.read_part(part, header.recipes), part)
            found, found_listing = store.recount(said.shard_id, rows)
        except FormatError as error:
            yield str(error)
            continue
        if replace(found, passed_over=said.passed_over) != said:  # what was passed over left no rows
            yield f"{part.path}: its records are not those it counts"
        if found_listing != listing:
            yield f"{part.path}: its addresses or digests are not those it was written with"


def _checked(rows: Iterator[Row], part: store.Part) -> Iterator[Row]:
    for row in rows:
        if not isinstance(row, Failure):
            for print_ in row[0].fingerprints:
                _check(print_, f"{part.path}: {row[0].subject_id!r}")
        yield row


def _check(print_: Fingerprint, where: str) -> None:
    """Raise `FormatError` unless a value is laid out as its recipe says."""
    name = print_.recipe_id.partition("/")[0]
    try:
        if name == "image.features":
            decode(print_.value)
        elif name == "audio.peaks":
            decode_peaks(print_.value)
        elif (size := value_bytes(print_.recipe_id)) and len(print_.value) != size:
            raise FormatError(f"{where}: a value of {len(print_.value)} bytes where {size} belong")
    except (LayoutError, PeakBytesError) as error:
        raise FormatError(f"{where}: a damaged fingerprint ({error})") from error


def value_bytes(recipe_id: str) -> int | None:
    """Size of a recipe's values, where they all have the same: hashes and signatures."""
    bits, permutations = re.search(r"\bbits=(\d+)", recipe_id), re.search(r"\bpermutations=(\d+)", recipe_id)
    if bits and recipe_id.startswith("image.phash"):
        return int(bits[1]) // 8
    return 4 * int(permutations[1]) if permutations else None
