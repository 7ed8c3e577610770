"""Patterns of robots.txt, tdmrep.json, ai.txt and RSL: `*` stands for anything, `$` at the end for the end."""

from __future__ import annotations

from urllib.parse import urlsplit


def path_of(url: str) -> str:
    """The path and query of an address; `/` where it has none or is none."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    path = parts.path or "/"
    return f"{path}?{parts.query}" if parts.query else path


def matches(pattern: str, path: str) -> bool:
    """Whether a pattern covers a path; case counts. Takes time in proportion to both lengths."""
    is_whole = pattern.endswith("$")
    first, *others = pattern.removesuffix("$").split("*")
    if not path.startswith(first):
        return False
    at = len(first)
    last = others.pop() if is_whole and others else None
    for part in others:
        found = path.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    if last is not None:
        return len(path) - at >= len(last) and path.endswith(last)
    return not is_whole or at == len(path)
