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
    store.create(target, compacted(header, attributes))
    parts, recipes = store.parts(source), kept(header.recipes)
    for part in parts:
        count, _ = store.read_count(part)
        rows = _rows(store.read_part(part, header.recipes), count, attributes)
        store.write_part(store.Part(target / "parts" / part.path.name, part.order), count.shard_id, rows, recipes)
    store.finish(target, len(parts))


def compacted(header: store.StoreHeader, attributes: Sequence[str]) -> store.StoreHeader:
    """What a compact store says of itself, made from one that says `header`, with so many attributes."""
    return replace(header, recipes=kept(header.recipes), attributes=tuple(sorted(set(attributes))))


def kept(recipes: Sequence[str]) -> tuple[str, ...]:
    """The recipes whose fingerprints stay."""
    return tuple(recipe for recipe in recipes if is_kept(recipe))


def is_kept(recipe_id: str) -> bool:
    """Whether a compact store keeps fingerprints of a recipe."""
    return recipe_id.partition("/")[0] in KEPT


def smaller(row: Row | PassedOver, attributes: Sequence[str]) -> Row | PassedOver:
    """What stays of a row."""
    if isinstance(row, PassedOver):
        return row
    attached = row.attributes if isinstance(row, Failure) else row[1]
    named = {name: attached[name] for name in sorted(set(attributes)) if name in attached}
    if isinstance(row, Failure):
        return replace(row, detail="", attributes=named)  # the detail may quote the dataset
    prints = tuple(print_ for print_ in row[0].fingerprints if is_kept(print_.recipe_id))
    return replace(row[0], fingerprints=prints), named


def _rows(rows: Iterator[Row], count: ShardCount, attributes: Sequence[str]) -> Iterator[Row | PassedOver]:
    for ending, number in count.passed_over.items():
        yield from (PassedOver("", ending) for _ in range(number))
    for row in rows:
        yield smaller(row, attributes)
