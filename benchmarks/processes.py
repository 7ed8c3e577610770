"""What the benchmarks share: which processes a command has started (Linux)."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> list[int]:
    found = []
    with suppress(OSError):  # it may end while we look
        for task in Path(f"/proc/{process}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found += [child, *descendants(child)]
    return found
