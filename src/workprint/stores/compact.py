"""A compact store: what is enough to look for whole pictures and equal files, and little else, fit to be published."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from workprint import store
from workprint.errors import StoreConflict
from workprint.model import Failure, PassedOver, ShardCount
from workprint.serial.records import Row

KEPT = ("image.phash", "image.minhash", "audio.minhash")
"""Recipes whose fingerprints a compact store keeps, by name."""


def compact(source: Path, target: Path, attributes: Sequence[str] = ()) -> None:
    """Write a compact copy of a finished store: no local features and no peaks, and of what the dataset says of an item
    only the named attributes. Rights signals stay: without them a verdict would be milder.

    Raises:
        StoreConflict: the source is not finished, or there is something at the target.
        FormatError: the source is damaged.
    """
    store.require_finished(source)
    if target.exists():
        raise StoreConflict(f"{target} exists; choose another folder for the compact store")
    header = store.read_header(source)
    recipes = tuple(recipe for recipe in header.recipes if is_kept(recipe))
    store.create(target, replace(header, recipes=recipes))
    parts = store.parts(source)
    for part in parts:
        count, _ = store.read_count(part)
        rows = _smaller(store.read_part(part, header.recipes), count, attributes)
        store.write_part(store.Part(target / "parts" / part.path.name, part.order), count.shard_id, rows, recipes)
    store.finish(target, len(parts))


def is_kept(recipe_id: str) -> bool:
    """Whether a compact store keeps fingerprints of a recipe."""
    return recipe_id.partition("/")[0] in KEPT


def _smaller(rows: Iterator[Row], count: ShardCount, attributes: Sequence[str]) -> Iterator[Row | PassedOver]:
    for ending, number in count.passed_over.items():
        yield from (PassedOver("", ending) for _ in range(number))
    for row in rows:
        if isinstance(row, Failure):
            yield replace(row, detail="")  # it may quote the dataset
            continue
        record, attached = row
        prints = tuple(print_ for print_ in record.fingerprints if is_kept(print_.recipe_id))
        yield (
            replace(record, fingerprints=prints),
            {name: attached[name] for name in attributes if name in attached},
        )
