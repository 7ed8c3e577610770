"""What a dataset says of an item, cut down to JSON values of bounded size. All of it is untrusted text."""

import json
import math
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import numpy as np

MAX_ATTRIBUTES = 64
MAX_TEXT_CHARACTERS = 4096
MAX_KEY_CHARACTERS = 256
MAX_DEPTH = 6
MAX_SIDECAR_BYTES = 1 << 20
CUT_MARK = "…"

SIDECAR_KEYS = {
    ".json": "json",
    ".txt": "caption",
    ".caption": "caption",
    ".cls": "cls",
    ".text": "text",
    ".url": "url",
}
"""Endings of files that say something of the media of the same name, and the attribute that a plain text becomes."""


def bounded(values: Mapping[Any, Any]) -> dict[str, Any]:
    """Return at most 64 attributes as JSON values; texts and nested values longer than 4,096 characters are cut.

    Bytes are left out, NaN and infinities become null, dates become ISO 8601, decimals become text.
    """
    kept: dict[str, Any] = {}
    for key, value in values.items():
        if len(kept) == MAX_ATTRIBUTES:
            break
        if not isinstance(value, bytes | bytearray | memoryview):
            kept[_text(str(key), MAX_KEY_CHARACTERS)] = _bounded_value(value)
    return kept


def from_sidecars(sidecars: Mapping[str, bytes]) -> dict[str, Any]:
    """Return the attributes that files beside an item hold; keys of `sidecars` are endings such as `.json`.

    A JSON object gives its own keys; they win over the text files, and nothing is said of a file that cannot be read.
    """
    values: dict[str, Any] = {}
    for ending, data in sorted(sidecars.items()):
        if len(data) > MAX_SIDECAR_BYTES or ending not in SIDECAR_KEYS:
            continue
        values |= {key: value for key, value in _sidecar(ending, data).items() if key not in values}
    return bounded(values)


def parse_json(text: str | bytes) -> Any:
    """Return the value of a JSON text; NaN and infinities become null.

    Raises:
        ValueError: it is no JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _sidecar(ending: str, data: bytes) -> dict[str, Any]:
    if ending != ".json":
        return {SIDECAR_KEYS[ending]: data.decode("utf-8", "replace").strip()}
    try:
        value = parse_json(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {"json": value}


def _bounded_value(value: Any) -> Any:
    plain = _plain(value, MAX_DEPTH)
    if not isinstance(plain, dict | list):
        return plain
    text = json.dumps(plain, ensure_ascii=False)
    return plain if len(text) <= MAX_TEXT_CHARACTERS else _text(text, MAX_TEXT_CHARACTERS)


def _plain(value: Any, depth: int) -> Any:
    """Return a JSON value for anything; nested values end at `depth` and after 64 entries each."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _text(value, MAX_TEXT_CHARACTERS)
    if isinstance(value, int | float | np.integer | np.floating | Decimal):
        return _number(value)
    if isinstance(value, Mapping | list | tuple | np.ndarray):
        return _nested(value, depth)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value) if isinstance(value, UUID) else None


def _number(value: Any) -> Any:
    if isinstance(value, Decimal):
        return _text(str(value), MAX_TEXT_CHARACTERS)
    if isinstance(value, int | np.integer):
        whole = int(value)
        return whole if abs(whole) < 1 << 63 else hex(whole)[:MAX_TEXT_CHARACTERS]
    return float(value) if math.isfinite(value) else None


def _nested(value: Any, depth: int) -> Any:
    if depth == 0:
        return CUT_MARK
    if isinstance(value, Mapping):
        entries = list(value.items())[:MAX_ATTRIBUTES]
        return {_text(str(key), MAX_KEY_CHARACTERS): _plain(inner, depth - 1) for key, inner in entries}
    return [_plain(inner, depth - 1) for inner in list(value[:MAX_ATTRIBUTES])]


def _text(text: str, characters: int) -> str:
    cut = text if len(text) <= characters else text[: characters - 1] + CUT_MARK
    return cut.encode("utf-8", "replace").decode("utf-8") if not cut.isascii() else cut
