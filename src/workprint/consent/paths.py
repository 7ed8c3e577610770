"""Which works a path in a terms file stands for, and how specific it is."""

from __future__ import annotations

import re
from functools import lru_cache

MAX_CHARACTERS = 500
MAX_WILDCARDS = 8
_WILDCARD = re.compile(r"\*\*/?|\*|\?")
_MEANINGS = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def problem(path: str) -> str:
    """What is wrong with a path; empty if nothing is."""
    if not path or len(path) > MAX_CHARACTERS:
        return f"must be a path of 1 to {MAX_CHARACTERS} characters"
    if path.startswith("/") or "\\" in path or ".." in path.split("/"):
        return "must be a path below the folder that is indexed, with / between its parts"
    if len(_WILDCARD.findall(path)) > MAX_WILDCARDS:
        return f"has more than {MAX_WILDCARDS} wildcards"
    return ""


def covers(path: str, work_id: str) -> bool:
    """Whether a path stands for a work: it is its path, or that of a folder it lies in, or a pattern of either."""
    return _pattern(path).fullmatch(work_id) is not None


def specificity(path: str, work_id: str) -> tuple[bool, int]:
    """The larger, the more closely a path describes a work: its very path first, then by characters that are none of
    the wildcards `*`, `**` and `?`."""
    return path == work_id, len(_WILDCARD.sub("", path.rstrip("/")))


@lru_cache(maxsize=1024)
def _pattern(path: str) -> re.Pattern[str]:
    parts, position = [], 0
    for found in _WILDCARD.finditer(path.rstrip("/")):
        parts += [re.escape(path[position : found.start()]), _MEANINGS[found.group()]]
        position = found.end()
    parts.append(re.escape(path.rstrip("/")[position:]))
    return re.compile("".join(parts) + ("/.*" if path.endswith("/") else "(?:/.*)?"), re.DOTALL)
