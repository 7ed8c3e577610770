"""What raw values mean: `vocabulary.yaml`, read once. The reading is data, so that it can be checked and corrected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from workprint.model import Permission, Use

Uses = Mapping[Use, Permission]

MAX_TEXT = 500
"""Longest text that a signal keeps; what follows is cut."""


_HINT = re.compile(r"\b(?:ai|a\.i|machine|artificial|text and|tdm|train|voice)", re.I)
"""One of these is in every sentence that the vocabulary knows."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The tables of `vocabulary.yaml`."""

    version: int
    terms: Mapping[str, Mapping[str, Uses]]
    labels: Mapping[str, Mapping[str, str]]
    phrases: tuple[tuple[re.Pattern[str], str], ...]


@cache
def vocabulary() -> Vocabulary:
    """The mapping that comes with this version of Workprint."""
    text = files("workprint.rights").joinpath("vocabulary.yaml").read_text(encoding="utf-8")
    value = yaml.safe_load(text)
    terms = {term: {raw: _uses(uses) for raw, uses in meanings.items()} for term, meanings in value["terms"].items()}
    phrases = tuple((re.compile(one["pattern"], re.I), one["means"]) for one in value["phrases"])
    return Vocabulary(value["version"], terms, value["labels"], phrases)


def meaning(term: str, raw: str) -> Uses | None:
    """What `raw` says in the vocabulary `term`; None where the vocabulary does not know it."""
    return vocabulary().terms[term].get(raw)


def plus_key(value: str) -> tuple[str, bool]:
    """The `DMI-…` key that a value of plus:DataMining stands for, and whether it is written as the standard wants it.

    Tools also write the bare key, or its English label; the key comes back empty where it is none of them.
    """
    base, _, key = value.rstrip("/").rpartition("/")
    key = key.strip().upper()
    if key in vocabulary().terms["plus"]:
        return key, base == "http://ns.useplus.org/ldf/vocab"
    return vocabulary().labels["plus"].get(" ".join(value.lower().split()), ""), False


def phrase_meaning(text: str) -> Uses:
    """What a copyright line, terms of use or a comment says no to in plain words; empty where it says nothing."""
    plain = " ".join(text[: 4 * MAX_TEXT].split())
    if not _HINT.search(plain):
        return {}
    found: dict[Use, Permission] = {}
    for pattern, means in vocabulary().phrases:
        if pattern.search(plain):
            found.update(meaning("phrase", means) or {})
    return found


def cut(text: str) -> str:
    """Untrusted text on one line, without control characters, at most `MAX_TEXT` characters long."""
    plain = text[: 4 * MAX_TEXT]
    if not plain.isprintable():
        plain = "".join(char if char.isprintable() else " " for char in plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= MAX_TEXT else plain[: MAX_TEXT - 1] + "…"


def _uses(value: Mapping[str, Any]) -> Uses:
    return {Use(use): Permission(permission) for use, permission in value.items()}
