"""Text from a dataset, made safe to show: what cannot be seen is spelled out, what is long is cut.

A caption may hold terminal escapes, marks that turn the reading direction round, lone surrogates from a file name that
was no UTF-8, or a megabyte of accents on one letter. None of it may reach a page, a table or a terminal as it is.
"""

import unicodedata
from urllib.parse import urlsplit

MAX_MARKS_IN_A_ROW = 4
"""Accents on one letter; more would pile up over the neighbouring lines."""
HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
JOINERS = frozenset("\u200c\u200d")
"""Needed by Persian, Hindi and emoji; they move nothing."""
LINKED_SCHEMES = frozenset({"http", "https"})
MAX_URL_CHARACTERS = 2000
SIGNS = {"\n": "↵", "\t": "⇥"}
FILLERS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
"""Letters that are drawn as nothing."""


def visible(text: str, limit: int) -> str:
    """Return at most `limit` characters of `text` with everything invisible spelled out.

    Line ends become `↵`, tabs `⇥`, everything else that is hidden its number (`⟨U+202E⟩`). A cut text ends in `…`.
    """
    kept = text if len(text) <= limit else text[: max(limit - 1, 0)]
    spelled = "".join(_spelled(character) for character in _without_piles(kept))
    return spelled if len(text) <= limit else spelled + "…"


def link(text: str) -> str | None:
    """Return `text` if it is a web address that may be clicked, else None.

    Only `http` and `https`, only plain host names, nothing hidden in it, no user name that poses as a host.
    """
    if len(text) > MAX_URL_CHARACTERS or not text.isprintable() or any(part.isspace() for part in text):
        return None
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return None
    plain = parts.scheme in LINKED_SCHEMES and host and parts.netloc.isascii() and "@" not in parts.netloc
    return text if plain and "\\" not in text else None


def _without_piles(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= MAX_MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def _spelled(character: str) -> str:
    if character in SIGNS:
        return SIGNS[character]
    hidden = unicodedata.category(character) in HIDDEN_CATEGORIES or character in FILLERS
    return f"⟨U+{ord(character):04X}⟩" if hidden and character not in JOINERS else character
