"""The fields of terms and grants, taken from a file or an index one by one; what is not understood is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any, TypeVar

from workprint.consent.source import Source
from workprint.licences import PREFIX_OF_OWN_TERMS, licence_named
from workprint.model import Permission, Use

MAX_TEXT = 2_000
MAX_ENTRIES = 1_000
TERRITORY = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?")
Value = TypeVar("Value")
Field = Callable[[Source], Any]


def mapping(source: Source, fields: Mapping[str, Field], needed: Iterable[str] = ()) -> dict[str, Any]:
    """Each field of a mapping, read by its function. Raises `FormatError` for other keys, and missing ones."""
    known = ", ".join(sorted(fields))
    if not isinstance(source.value, dict):
        raise source.error(f"must be a mapping with the keys {known}")
    for key in source.value:
        if key not in fields:
            raise source.at(key).error(f"{key!r} is not known here; known are {known}")
    for key in needed:
        if key not in source.value:
            raise source.error(f"needs `{key}:`")
    return {key: fields[key](source.at(key)) for key in source.value}


def entries(field: Callable[[Source], Value]) -> Callable[[Source], tuple[Value, ...]]:
    """A list of values, or one alone; never an empty list, which would look like a limit and be none."""

    def read(source: Source) -> tuple[Value, ...]:
        if not isinstance(source.value, list):
            return (field(source),)
        if not 0 < len(source.value) <= MAX_ENTRIES:
            raise source.error(f"must hold 1 to {MAX_ENTRIES} entries")
        return tuple(field(source.at(at)) for at in range(len(source.value)))

    return read


def text(source: Source) -> str:
    """A text on one line; may be empty."""
    if not isinstance(source.value, str) or len(source.value) > MAX_TEXT:
        raise source.error(f"{_name(source)} must be a text of at most {MAX_TEXT} characters")
    return " ".join(source.value.split())


def said(source: Source) -> str:
    """A text that is not empty."""
    value = text(source)
    if not value:
        raise source.error(f"{_name(source)} is empty; leave it out if there is nothing to say")
    return value


def day(source: Source) -> date:
    """A day, written 2026-12-31."""
    value = source.value
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise source.error(f"{_name(source)} is {value!r}; it must be a day, written like 2026-12-31")


def territory(source: Source) -> str:
    """An ISO 3166 code of a country, or of a part of one."""
    if not isinstance(source.value, str) or not TERRITORY.fullmatch(source.value):
        raise source.error(f"{source.value!r} is no territory; write a country's ISO 3166 code, such as US, DE, US-CA")
    return source.value


def use(source: Source) -> Use:
    """One of the five uses."""
    if not isinstance(source.value, str) or source.value not in set(Use):
        raise source.error(f"{source.value!r} is not a use; uses are {', '.join(Use)}")
    return Use(source.value)


def uses(source: Source) -> dict[Use, Permission]:
    """What is said of each use."""
    if not isinstance(source.value, dict) or not source.value:
        raise source.error(f"needs `uses:` with at least one of {', '.join(Use)}")
    return {use(Source(key, source.where, source.lines, (*source.steps, key))): permission(source.at(key))
            for key in source.value}  # fmt: skip


def permission(source: Source) -> Permission:
    """What is said of one use."""
    if not isinstance(source.value, str) or source.value not in set(Permission):
        name = source.steps[-1] if source.steps else "it"
        raise source.error(f"{name} is {source.value!r}; it must be one of {', '.join(Permission)}")
    return Permission(source.value)


def licence(source: Source) -> str:
    """The SPDX name of a licence that is understood."""
    found = licence_named(source.value) if isinstance(source.value, str) else None
    if found is None:
        raise source.error(
            f"{source.value!r} is no licence that is known here; write an SPDX name such as CC-BY-4.0, the address of "
            f"a Creative Commons licence, or {PREFIX_OF_OWN_TERMS}NAME for terms of your own"
        )
    return found.licence_id


def _name(source: Source) -> str:
    return repr(source.steps[-1]) if source.steps else "this"
