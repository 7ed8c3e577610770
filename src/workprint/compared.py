"""What came of comparing parts of a store with registries, kept beside the results so that it is not done again.

One file for each pair of a part and a registry (or single portfolio). It is taken up only where part, portfolios,
question, recipes and the tool, to the last byte of its sources, are those it was made with, and its own bytes are
whole; anything else is compared anew. What is kept is what each portfolio says by itself; what holds when all is known
(`screen.settled`) is worked out at the end, so that the results are those of a run from nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from workprint import __version__, store
from workprint.errors import FormatError
from workprint.model import Finding, Question
from workprint.serial.lines import dumps, finding_from_json, finding_to_json

_FORMAT = "workprint-compared"
_VERSION = 2
"""2: what is said of recordings counts the sound of the whole registry."""
_MAX_BYTES = 1 << 30
"""Of one file; more is compared again rather than read."""
_HEX_DIGITS = 32
_CALCULATED_BY = ("numba", "numpy")
_SOURCES = (".py", ".pyc")


def key_of(
    digests: Sequence[str], recipes: Sequence[str], question: Question, trusted: Iterable[str], names: bool
) -> str:
    """A digest of all that decides what a registry says of a part; `digests` are those of its portfolios."""
    asked = {name: str(getattr(question, name)) for name in Question.__slots__}
    made = [_FORMAT, _VERSION, *_tool(), list(recipes)]
    text = json.dumps([*made, asked, sorted(trusted), names, list(digests)])
    return hashlib.sha256(text.encode()).hexdigest()[:_HEX_DIGITS]


def is_there(folder: Path, part: store.Part, key: str) -> bool:
    """Whether there is an answer, which may turn out not to be whole when it is read."""
    return _path(folder, part, key).exists()


def load(folder: Path, part: store.Part, digest: str, key: str) -> tuple[Finding, ...] | None:
    """What a registry says of a part; None where that is not known, or of something else, or not whole.

    `digest` is `digest_of` the part as it is now.
    """
    try:
        path = _path(folder, part, key)
        if path.stat().st_size > _MAX_BYTES:
            return None
        head, _, body = path.read_bytes().partition(b"\n")
        if json.loads(head) != _head(digest, key, body):
            return None
        return tuple(finding_from_json(json.loads(line)) for line in body.split(b"\n")[:-1])
    except (OSError, ValueError, RecursionError, FormatError):
        return None


def save(folder: Path, part: store.Part, digest: str, key: str, claims: Iterable[Finding]) -> None:
    """Keep what a registry says of a part. Raises `OSError` where the disk is full."""
    if not folder.parent.is_dir():  # on a machine of a cluster that does not share the results folder
        return
    folder.mkdir(exist_ok=True)
    body = "".join(dumps(finding_to_json(claim)) + "\n" for claim in claims).encode()
    store.write_atomically(_path(folder, part, key), dumps(_head(digest, key, body)).encode() + b"\n" + body)


def digest_of(part: store.Part) -> str:
    """SHA-256 of a part's bytes. Raises `FormatError` where it cannot be read."""
    try:
        with part.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise FormatError(f"{part.path} cannot be read: {error.strerror}") from error


def keep_only(folder: Path, parts: Iterable[store.Part], keys: Sequence[str]) -> None:
    """Remove what is of other parts and registries: nothing grows from run to run."""
    wanted = {_path(folder, part, key) for part in parts for key in keys}
    for path in folder.glob("*.jsonl"):
        if path not in wanted:
            with suppress(OSError):
                path.unlink()


def digest_of_sources(package: Traversable) -> str:
    """SHA-256 of the names and bytes of all sources of a package, of those below it as well."""
    digest = hashlib.sha256()
    for part in sorted(package.iterdir(), key=lambda one: one.name):
        if part.is_dir():
            if part.name != "__pycache__":
                digest.update(f"{part.name}/{digest_of_sources(part)}\n".encode())
        elif part.name.endswith(_SOURCES):
            digest.update(f"{part.name} {hashlib.sha256(part.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


@cache
def _tool() -> tuple[str, ...]:
    """What worked an answer out. Parameters decide it, and so does every line of code between a record and a verdict:
    a list of those that matter would be wrong one day, and then old answers would be given for new ones."""
    return __version__, digest_of_sources(files("workprint")), *map(version, _CALCULATED_BY)


def _path(folder: Path, part: store.Part, key: str) -> Path:
    return folder / f"{part.path.stem}-{key}.jsonl"


def _head(digest: str, key: str, body: bytes) -> dict[str, Any]:
    own = hashlib.sha256(body).hexdigest()
    return {"format": _FORMAT, "version": _VERSION, "key": key, "part": digest, "sha256": own}
