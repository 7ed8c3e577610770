"""A registry: a folder of portfolio indexes, named in place of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from workprint.errors import UsageError

ENDING = ".workprint"


def indexes_at(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Portfolio indexes as they are, and for each folder those below it, in order of their names; none twice.

    Raises:
        UsageError: a folder holds none.
    """
    return tuple(path for registry in registries_at(paths) for path in registry)


def registries_at(paths: Sequence[Path]) -> tuple[tuple[Path, ...], ...]:
    """The same, those of each folder together: they are looked up as one.

    Raises: as `indexes_at`.
    """
    seen: set[Path] = set()
    registries = []
    for path in paths:
        below = sorted(one for one in path.rglob(f"*{ENDING}") if one.is_file()) if path.is_dir() else [path]
        if not below:
            raise UsageError(f"{path} holds no portfolio index (*{ENDING}); `workprint index` makes one")
        registries.append(tuple(one for one in dict.fromkeys(below) if one not in seen))
        seen.update(below)
    return tuple(registry for registry in registries if registry)
