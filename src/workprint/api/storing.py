"""Whole fingerprint stores: compact them, join them, check them, say what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from workprint.model import Medium
from workprint.stores.candidates import candidates
from workprint.stores.compact import compact
from workprint.stores.merge import merge
from workprint.stores.stats import RecipeStats, StoreStats, stats
from workprint.stores.verify import verify

__all__ = ["compact_store", "merge_stores", "store_candidates", "store_stats", "verify_store"]

compact_store, merge_stores, verify_store, store_candidates = compact, merge, verify, candidates


def store_stats(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield what a store holds as pairs of a name and a value. Raises `FormatError`."""
    held = stats(folder)
    yield "shards", f"{held.shards:,}"
    media = ", ".join(f"{name} {number:,}" for name, number in held.media.items()) or "none"
    failed = sum(held.failed.values())
    yield "items", f"{held.seen:,} seen = {held.seen - failed:,} fingerprinted ({media}) + {failed:,} failed"
    if held.audio_s:
        yield "sound", f"{held.audio_s / 3600:,.2f} hours"
    per_item = f", {held.disk_bytes / held.seen:,.0f} an item" if held.seen else ""
    yield "on disk", f"{held.disk_bytes:,} bytes{per_item}"
    for recipe, of in held.recipes.items():
        yield "recipe", f"{recipe}: {of.fingerprints:,} fingerprints, {of.value_bytes:,} bytes{_rate(recipe, held, of)}"


def _rate(recipe: str, held: StoreStats, of: RecipeStats) -> str:
    """What its values take for a picture, or for an hour of sound."""
    pictures = held.media.get(Medium.IMAGE, 0)
    if recipe.startswith("image.") and pictures:
        return f", {of.value_bytes / pictures:,.0f} a picture"
    if recipe.startswith("audio.") and held.audio_s:
        return f", {of.value_bytes / held.audio_s * 3600:,.0f} an hour"
    return ""
