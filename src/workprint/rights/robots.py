"""What robots.txt, ai.txt and X-Robots-Tag say: lines of names and values."""

from __future__ import annotations

from collections.abc import Iterator

from http_sfv.dictionary import Dictionary
from http_sfv.item import Item
from http_sfv.types import Token

from workprint.model import Medium, Permission, Use
from workprint.rights.paths import matches
from workprint.rights.vocabulary import Uses, meaning

_MAX_LINES = 20_000
_STRICTEST_FIRST = (Permission.NOT_ALLOWED, Permission.CONSTRAINED, Permission.ALLOWED)


def robots_tag(value: str, medium: Medium) -> Uses:
    """`X-Robots-Tag` or a robots meta tag. What is said to one named crawler is not said to all; `noindex` is no word
    on training."""
    said: dict[Use, Permission] = {}
    for token in value.lower().split(","):
        word = token.strip()
        if word == "noai" or (word == "noimageai" and medium is Medium.IMAGE):
            said.update(meaning("robots", word) or {})
    return said


def content_usage(value: str) -> Uses:
    """IETF AIPREF's preferences: an RFC 9651 dictionary. One that cannot be parsed says nothing."""
    preferences = Dictionary()
    try:
        preferences.parse(value.strip().encode("ascii"))
    except ValueError:
        return {}
    said: dict[Use, Permission] = {}
    for label, preference in preferences.items():
        if isinstance(preference, Item) and isinstance(preference.value, Token):
            said.update(meaning("aipref", f"{label}={preference.value}") or {})
    return said


def content_signal(value: str) -> Uses:
    """Cloudflare's `search=yes, ai-train=no, ai-input=no`; what is not named is neither granted nor refused."""
    said: dict[Use, Permission] = {}
    for pair in value.lower().split(","):
        said.update(meaning("content-signal", "".join(pair.split())) or {})
    return said


def of_robots_txt(text: str, path: str) -> Iterator[tuple[str, str, Uses]]:
    """Yield (name of the line, its value, meaning) of what is said to every crawler about a path.

    Of Content-Usage rules the one with the longest path counts, and of equally long ones the strictest.
    """
    rules: list[tuple[int, str, Uses]] = []
    for name, value in _lines_for_all(text):
        if name == "content-signal":
            yield "Content-Signal", value, content_signal(value)
        elif name == "content-usage":
            rule, _, preferences = value.partition(" ") if value.startswith("/") else ("/", "", value)
            if matches(rule, path):
                rules.append((len(rule), value, content_usage(preferences)))
    longest = max((length for length, _, _ in rules), default=0)
    for length, value, uses in sorted(rules, key=_strictness):
        if length == longest:
            yield "Content-Usage", value, uses


def of_ai_txt(text: str, path: str) -> tuple[str, Uses] | None:
    """The rule of Spawning's ai.txt that covers a path, and its meaning; None where there is none."""
    rules = [
        (len(value), name, value)
        for name, value in _lines_for_all(text)
        if name in ("allow", "disallow") and value and (matches(value, path) or matches(value, path.rpartition("/")[2]))
    ]
    if not rules:
        return None
    _, name, value = max(rules)  # of two equally long ones, "disallow" comes last
    return f"{name.capitalize()}: {value}", meaning("ai.txt", name) or {}


def _strictness(rule: tuple[int, str, Uses]) -> int:
    return min((_STRICTEST_FIRST.index(permission) for permission in rule[2].values()), default=3)


def _lines_for_all(text: str) -> Iterator[tuple[str, str]]:
    """The lines of groups for every crawler (`User-agent: *`), names in lower case."""
    agents: list[str] = []
    is_head = True
    for line in text.splitlines()[:_MAX_LINES]:
        name, colon, value = line.partition("#")[0].partition(":")
        name, value = name.strip().lower(), value.strip()
        if not colon:
            continue
        if name == "user-agent":
            agents = [*agents, value] if is_head else [value]
            is_head = True
            continue
        is_head = False
        if "*" in agents:
            yield name, value
