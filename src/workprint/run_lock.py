"""One run at a time writes to a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from workprint.errors import StoreConflict

_LOCK = ".lock"
_LEFT_BEHIND = ("*.jsonl.tmp", "run.json.tmp", "report.html.tmp", "*.json.*.tmp", "pictures/*.tmp", "parts/*.tmp",
                "store/*.json.*.tmp", "store/parts/*.tmp", "compared/*.tmp")  # fmt: skip
"""What a run, or one of its processes, that was killed may have left in its folder."""


@contextmanager
def only_run(folder: Path) -> Iterator[None]:
    """Be the only run that writes to a folder, which is made if need be, and clear away what was left half written.

    The system itself frees the lock of a run that dies, however it dies.

    Raises:
        StoreConflict: another run is writing there, or nobody can.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = _locked(folder / _LOCK, folder)
    except OSError as error:
        raise StoreConflict(f"{folder} cannot be written: {error.strerror or error}") from error
    with lock:
        try:
            _clear(folder)
            yield
        finally:
            _clear(folder)  # a worker process that was killed leaves its part half written
            (folder / _LOCK).unlink(missing_ok=True)


def _clear(folder: Path) -> None:
    for pattern in _LEFT_BEHIND:
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _locked(path: Path, folder: Path) -> TextIO:
    while True:
        stream = path.open("w")
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.close()
            raise StoreConflict(
                f"another run is writing to {folder}; wait until it has ended, or choose another output folder"
            ) from error
        if _same(stream, path):
            return stream
        stream.close()  # its owner had just taken it away


def _same(stream: TextIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(stream.fileno()), path.stat())
    except FileNotFoundError:
        return False
