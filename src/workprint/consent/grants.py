"""What a creator agreed with one licensee, and whether it covers what is asked."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workprint.consent import fields
from workprint.consent.source import Source
from workprint.model import Grant, Question, Use

LEAST_WORDS = 6
"""Of a description of how a replica of a voice will be used. California's Labor Code, section 927, wants it reasonably
specific; a program can only refuse what is plainly not."""
_CATCH_ALL = re.compile(
    r"\b(?:any|all|every)\s+(?:and\s+all\s+)?(?:\w+\s+)?(?:uses?|purposes?|media|projects?|products?)\b"
    r"|\bany\s+and\s+all\b|\bwithout\s+(?:limitation|limits?|restrictions?)\b|\bunlimited\b|\bwhatsoever\b"
    r"|\bhereafter\b|\bin\s+perpetuity\b",
    re.IGNORECASE,
)


def _grant_uses(source: Source) -> frozenset[Use]:
    return frozenset(fields.entries(fields.use)(source))


GRANT_FIELDS: dict[str, fields.Field] = {
    "id": fields.said,
    "to": fields.said,
    "uses": _grant_uses,
    "description": fields.said,
    "purposes": fields.entries(fields.said),
    "territories": fields.entries(fields.territory),
    "media": fields.entries(fields.said),
    "from": fields.day,
    "until": fields.day,
    "revoked": fields.day,
    "fee": fields.said,
}
_NAMES = {"id": "grant_id", "to": "licensee", "from": "starts", "until": "ends"}
"""Words of the file that Python or clarity want otherwise."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Whether a grant covers what is asked."""

    grant: Grant
    contradictions: tuple[str, ...]
    """Why it does not hold here. In words that follow “the grant …”."""
    unanswered: tuple[str, ...]
    """Limits that it has and that nobody said were kept."""

    @property
    def holds(self) -> bool:
        """Whether it permits what is asked, without any doubt."""
        return not self.contradictions and not self.unanswered


def checked_grant(source: Source, value: dict[str, Any]) -> Grant:
    """A grant from its fields; without an id of its own, one is made of what it says. Raises `FormatError`."""
    grant = Grant(**{"grant_id": "", **{_NAMES.get(key, key): content for key, content in value.items()}})
    if grant.starts and grant.ends and grant.ends < grant.starts:
        raise source.error(f"the grant ends on {grant.ends}, before it begins on {grant.starts}")
    if grant.grant_id:
        return grant
    content = json.dumps(grant_to_json(grant), sort_keys=True)
    return Grant(**{name: getattr(grant, name) for name in Grant.__slots__}
                 | {"grant_id": hashlib.sha256(content.encode()).hexdigest()[:12]})  # fmt: skip


def grant_to_json(grant: Grant) -> dict[str, Any]:
    """A grant as a portfolio holds it: the words of the file, without what was left out."""
    values: dict[str, Any] = {key: getattr(grant, _NAMES.get(key, key)) for key in GRANT_FIELDS}
    values["uses"] = sorted(use.value for use in grant.uses)
    for key in ("purposes", "territories", "media"):
        values[key] = list(values[key])
    for key in ("from", "until", "revoked"):
        values[key] = values[key].isoformat() if values[key] else None
    return {key: value for key, value in values.items() if value}


def coverage(grant: Grant, question: Question) -> Coverage | None:
    """How a grant bears on what is asked; None where it was given to someone else, or nobody says who asks."""
    if not question.licensee or not _is_same(question.licensee, grant.licensee):
        return None
    return Coverage(grant, tuple(_contradictions(grant, question)), tuple(_unanswered(grant, question)))


def is_specific(description: str) -> bool:
    """Whether a description of a replica's use could be one: some words, and no words that mean “anything”."""
    return len(description.split()) >= LEAST_WORDS and not _CATCH_ALL.search(description)


def _contradictions(grant: Grant, question: Question) -> Iterator[str]:
    if question.use not in grant.uses:
        yield f"is for {', '.join(sorted(grant.uses))} only"
        return
    if question.use is Use.VOICE_REPLICA and not is_specific(grant.description):
        yield "does not say specifically how a replica will be used, so it is no consent to one"
    if grant.revoked and grant.revoked <= question.as_of:
        yield f"was revoked from {grant.revoked}"
    if grant.starts and question.as_of < grant.starts:
        yield f"begins on {grant.starts}"
    if grant.ends and grant.ends < question.as_of:
        yield f"ended on {grant.ends}"
    for option, (held, asked) in _limits(grant, question).items():
        within = _lies_in if option == "territory" else _is_same
        missing = [one for one in asked if not any(within(one, limit) for limit in held)]
        if held and missing:
            yield f"is for {', '.join(held)} only, not for {', '.join(missing)}"


def _unanswered(grant: Grant, question: Question) -> Iterator[str]:
    for option, (held, asked) in _limits(grant, question).items():
        if held and not asked:
            yield f"{', '.join(held)} (say --{option})"


def _limits(grant: Grant, question: Question) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    return {
        "purpose": (grant.purposes, question.purposes),
        "territory": (grant.territories, question.territories),
        "media": (grant.media, question.media),
    }


def _is_same(asked: str, limit: str) -> bool:
    return _folded(asked) == _folded(limit)


def _lies_in(asked: str, limit: str) -> bool:
    """California (US-CA) lies in the United States (US), not the other way round."""
    return _is_same(asked, limit) or _folded(asked).startswith(_folded(limit) + "-")


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
