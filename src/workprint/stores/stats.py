"""What a store holds, and how many bytes that takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from workprint import store


@dataclass(frozen=True, slots=True)
class RecipeStats:
    """The fingerprints of one recipe."""

    fingerprints: int
    value_bytes: int


@dataclass(frozen=True, slots=True)
class StoreStats:
    """Counts and sizes of a store."""

    shards: int
    seen: int
    media: Mapping[str, int]
    failed: Mapping[str, int]
    audio_s: float
    """Length of all recordings together."""
    disk_bytes: int
    recipes: Mapping[str, RecipeStats]


def stats(folder: Path) -> StoreStats:
    """Count and measure.

    Raises:
        FormatError: it is no store, or a damaged one.
    """
    header = store.read_header(folder)
    parts = store.parts(folder)
    media: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    numbers: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    audio_s, seen = 0.0, 0
    for part in parts:
        count, _ = store.read_count(part)
        media.update(count.media)
        failed.update(count.failed)
        seen += count.seen
        for columns in store.read_columns(part, header.recipes):
            audio_s += columns.audio_s()
            for recipe in header.recipes:
                lengths = columns.value_sizes(recipe)
                numbers[recipe] += len(lengths)
                sizes[recipe] += int(np.sum(lengths))
    return StoreStats(
        shards=len(parts),
        seen=seen,
        media=dict(sorted(media.items())),
        failed=dict(sorted(failed.items())),
        audio_s=audio_s,
        disk_bytes=sum(part.path.stat().st_size for part in parts),
        recipes={recipe: RecipeStats(numbers[recipe], sizes[recipe]) for recipe in header.recipes},
    )
