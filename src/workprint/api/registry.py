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
    found: list[Path] = []
    for path in paths:
        below = sorted(one for one in path.rglob(f"*{ENDING}") if one.is_file()) if path.is_dir() else [path]
        if not below:
            raise UsageError(f"{path} holds no portfolio index (*{ENDING}); `workprint index` makes one")
        found.extend(below)
    return tuple(dict.fromkeys(found))
