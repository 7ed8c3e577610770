"""Signals beside media: the sidecar `signals.jsonl`, which a crawler writes. See `docs/signals.md`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from workprint.errors import FormatError, UsageError
from workprint.model import Attributes, Medium, Signal
from workprint.rights import robots
from workprint.rights.fields import MAX_SIGNALS, reservation, unreadable
from workprint.rights.paths import matches, path_of
from workprint.rights.rsl import of_rsl
from workprint.rights.vocabulary import Uses, cut

NAME = "signals.jsonl"
_MAX_LINE_BYTES = 1 << 20
_MAX_FILE_BYTES = 1 << 19
_KEY_BYTES = 16
_FILES = ("tdmrep", "robots_txt", "ai_txt", "rsl")
_URL_COLUMNS = ("url", "image_url", "audio_url", "source_url", "original_url")


class Sidecar:
    """A sidecar file, opened: where each item's line begins. Takes about 100 bytes of memory for a line."""

    def __init__(self, path: Path) -> None:
        """Read it once.

        Raises:
            UsageError: it cannot be read.
            FormatError: a line is no JSON object with a `path` or a `url`.
        """
        self.path = path
        digest = hashlib.sha256()
        self._lines: dict[bytes, int] = {}
        at = number = 0
        try:
            with path.open("rb") as stream:
                while line := stream.readline(_MAX_LINE_BYTES):
                    number += 1
                    digest.update(line)
                    for key in _keys(_entry(line, f"{path}, line {number}")):
                        self._lines.setdefault(_hashed(key), at)
                    at += len(line)
        except OSError as error:
            raise UsageError(f"the signals file {path} cannot be read: {error.strerror}") from error
        self.digest = digest.hexdigest()

    def signals(self, item_id: str, attributes: Attributes, medium: Medium) -> tuple[Signal, ...]:
        """What was captured with an item, found by its address, or by the address on the web that its row names."""
        names = [item_id, *(str(attributes[name]) for name in _URL_COLUMNS if attributes.get(name))]
        at = next((self._lines[key] for key in map(_hashed, names) if key in self._lines), None)
        if at is None:
            return ()
        with self.path.open("rb") as stream:
            stream.seek(at)
            entry = _entry(stream.readline(_MAX_LINE_BYTES), str(self.path))
        when = cut(str(entry.get("retrieved_at") or ""))
        found = islice(_signals(entry, self.path.parent, medium), MAX_SIGNALS)
        return tuple(_dated(signal, when) for signal in found)


def beside(dataset: str) -> Path | None:
    """The sidecar at the root of a dataset, if it is a local folder that has one."""
    path = Path(dataset, NAME)
    return path if "://" not in dataset and path.is_file() else None


def _signals(entry: Mapping[str, Any], folder: Path, medium: Medium) -> Iterator[Signal]:
    headers, metas = _texts(entry.get("headers")), _texts(entry.get("html_meta"))
    path = path_of(str(entry.get("url") or ""))
    files = {
        name: _File(folder, name, entry[name]) for name in ("tdmrep", "robots_txt", "ai_txt", "rsl") if entry.get(name)
    }
    yield from (unreadable(f"sidecar.{file.name}", file.problem) for file in files.values() if file.problem)
    yield from _tdmrep(files.get("tdmrep"), headers, metas, path)
    for place, value in (("X-Robots-Tag", headers.get("x-robots-tag")), ("meta robots", metas.get("robots"))):
        if value and (uses := robots.robots_tag(value, medium)):
            yield Signal("sidecar.robots", place, cut(value), uses)
    for name, read in (("Content-Usage", robots.content_usage), ("Content-Signal", robots.content_signal)):
        if value := headers.get(name.lower()):
            yield _said("header", name, value, read(value))
    yield from _files(files, path)


def _files(files: Mapping[str, _File], path: str) -> Iterator[Signal]:
    if "robots_txt" in files:
        for name, value, uses in robots.of_robots_txt(files["robots_txt"].text, path):
            yield _said("robots.txt", name, value, uses)
    if "ai_txt" in files and (rule := robots.of_ai_txt(files["ai_txt"].text, path)):
        yield Signal("sidecar.ai.txt", "ai.txt", cut(rule[0]), rule[1])
    if "rsl" in files and not files["rsl"].problem:
        try:
            for value, uses in of_rsl(files["rsl"].text.encode(), path):
                yield Signal("sidecar.rsl", "RSL", cut(value), uses)
        except ValueError as error:
            yield unreadable("sidecar.rsl", str(error))


def _said(where: str, name: str, value: str, uses: Uses) -> Signal:
    return Signal(f"sidecar.{name.lower()}", where, cut(value), uses)


def _tdmrep(file: _File | None, headers: Mapping[str, str], metas: Mapping[str, str], path: str) -> Iterator[Signal]:
    """A page's own word outweighs a header, and that the site's file; silence leaves the weaker word standing."""
    try:
        rules = json.loads(file.text) if file and not file.problem else []
    except (ValueError, RecursionError) as error:
        yield unreadable("sidecar.tdmrep", f"tdmrep.json is no JSON ({str(error)[:100]})")
        rules = []
    for place, said in (("meta", metas), ("header", headers), ("tdmrep.json", _rule(rules, path))):
        value = said.get("tdm-reservation", "").strip()
        if value in ("0", "1"):
            yield reservation("sidecar.tdmrep", place, value, said.get("tdm-policy", ""))
            return


def _rule(rules: Any, path: str) -> Mapping[str, str]:
    """The first rule of a tdmrep.json that covers a path."""
    for rule in rules if isinstance(rules, list) else ():
        location = rule.get("location") if isinstance(rule, dict) else None
        if isinstance(location, str) and matches(location if location.startswith("/") else path_of(location), path):
            return {str(key): str(value) for key, value in rule.items()}
    return {}


class _File:
    """A captured file that a line refers to; never one outside the sidecar's folder."""

    def __init__(self, folder: Path, name: str, place: Any) -> None:
        self.name = name
        self.text, self.problem = _captured(folder, str(place))


@lru_cache(maxsize=256)
def _captured(folder: Path, place: str) -> tuple[str, str]:
    """The text of a captured file, and what is wrong with it."""
    try:
        path = (folder / place).resolve()
        if not path.is_relative_to(folder.resolve()):
            return "", f"{cut(place)} leads out of the folder"
        data = path.read_bytes() if path.stat().st_size <= _MAX_FILE_BYTES else None
    except (OSError, ValueError) as error:
        return "", f"{cut(place)} cannot be read ({type(error).__name__})"
    return (data.decode("utf-8", "replace"), "") if data is not None else ("", f"{cut(place)} is too large")


def _texts(value: Any) -> dict[str, str]:
    """Headers or meta tags: names in lower case; several of one name as one list."""
    if not isinstance(value, dict):
        return {}
    return {
        str(name).lower(): ", ".join(map(str, one)) if isinstance(one, list) else str(one)
        for name, one in value.items()
    }


def _entry(line: bytes, where: str) -> dict[str, Any]:
    if not line.strip():
        return {}
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{where} is no line of JSON; each line must be one object") from error
    if not isinstance(entry, dict) or not _keys(entry):
        raise FormatError(f"{where} names no item; each line needs a `path` or a `url`")
    return entry


def _keys(entry: Mapping[str, Any]) -> Sequence[str]:
    return [str(entry[name]) for name in ("path", "url") if entry.get(name)]


def _hashed(key: str) -> bytes:
    return hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=_KEY_BYTES).digest()


def _dated(signal: Signal, when: str) -> Signal:
    return replace(signal, raw_value=cut(f"{signal.raw_value} (fetched {when})")) if when else signal
