"""Begin a terms file, check it, and say in words what it holds for a work."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from workprint.consent.grants import is_specific
from workprint.consent.starter import STARTER
from workprint.consent.terms import read_terms
from workprint.errors import UsageError
from workprint.model import Grant, Permission, Terms, Use


def begin_terms(path: Path) -> None:
    """Write a terms file that denies everything and explains itself.

    Raises:
        UsageError: there is a file already.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(STARTER)
    except FileExistsError as error:
        raise UsageError(f"{path} is there already, and is not overwritten; choose another name") from error


def check_terms(path: Path) -> Iterator[str]:
    """Yield, after reading a terms file, that it is understood, and what may not mean what its author thinks.

    Raises:
        UsageError: it cannot be read.
        FormatError: it is not understood; says where.
    """
    terms = read_terms(path)
    rules, grants = len(terms.rules) - 1, len(terms.grants)
    yield f"{path}: understood; {_counted(rules, 'path')} with terms of their own, {_counted(grants, 'grant')}"
    for rule in terms.rules:
        if rule.permissions.get(Use.VOICE_REPLICA) in (Permission.ALLOWED, Permission.CONSTRAINED):
            yield "voice_replica for everyone permits nobody: a replica takes a grant that says how it will be used"
    for _, grant in terms.grants:
        if Use.VOICE_REPLICA in grant.uses and not is_specific(grant.description):
            yield f"the grant to {grant.licensee} is no consent to a replica: its description is not specific"
    if any(Permission.ALLOWED in rule.permissions.values() for rule in terms.rules) or grants:
        yield "permissions and grants count in an index that is signed (index --sign) or trusted (scan --trust)"


def show_terms(path: Path, work_ids: Sequence[str] = ()) -> Iterator[str]:
    """Yield, line by line, what holds for each of some works. Raises as `check_terms`."""
    terms = read_terms(path)
    for work_id in work_ids or ("",):
        yield f"{work_id or 'any work'}:"
        yield from _in_words(terms.for_work(work_id))


def _in_words(terms: Terms) -> Iterator[str]:
    for use in Use:
        yield f"  {use.value}: {terms.uses[use].value if use in terms.uses else 'nothing is said, so unknown'}"
    for name in ("licence", "statement", "contact"):
        if getattr(terms, name):
            yield f"  {name}: {getattr(terms, name)}"
    for grant in terms.grants:
        yield f"  grant {grant.grant_id}: {_grant_in_words(grant)}"


def _grant_in_words(grant: Grant) -> str:
    parts = [f"to {grant.licensee}", f"for {', '.join(sorted(grant.uses))}"]
    parts += [f"limited to {', '.join(limit)}" for limit in (grant.purposes, grant.territories, grant.media) if limit]
    days = (("from", grant.starts), ("until", grant.ends), ("revoked from", grant.revoked))
    parts += [f"{word} {day}" for word, day in days if day]
    return ", ".join(parts)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
