"""From what a dataset says of an item to findings of the relation `mention`: clearly weaker than a match."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby

from workprint.findings import mention_id
from workprint.matching.digests import DigestIndex
from workprint.matching.mentions import Kind, Mention, MentionIndex
from workprint.model import (
    Attributes,
    Evidence,
    Failure,
    Finding,
    Identity,
    Level,
    Medium,
    Outcome,
    Relation,
    Use,
    Verdict,
)
from workprint.portfolio import Portfolio
from workprint.protocols import Tables
from workprint.serial.records import Row
from workprint.serial.works import contacts_of

RECIPE = "mention/1;"


class MentionScreener:
    """Looks for the creators of one portfolio in what is said of items."""

    def __init__(self, portfolio: Portfolio, digests: Tables | None, use: Use, names: bool) -> None:
        """`digests` are the tables of the portfolio's SHA-256 index; `names` has captions searched for names."""
        self._portfolio, self._use = portfolio, use
        self._identities = _identities(portfolio)
        held = DigestIndex.load("", digests) if digests else None
        self.index = MentionIndex(self._identities, portfolio.works, _looked_up(held), names)

    def findings(self, row: Row) -> Iterator[Finding]:
        """Yield one finding for each creator that is mentioned."""
        item, medium, digest, attributes = _of(row)
        if not attributes:
            return
        mentions = sorted(self.index.mentions(attributes), key=lambda one: one.identity)
        for at, group in groupby(mentions, key=lambda one: one.identity):
            yield self._finding(self._identities[at], list(group), (item, medium, digest, attributes))

    def _finding(
        self, identity: Identity, mentions: list[Mention], of: tuple[str, Medium | None, str, Attributes]
    ) -> Finding:
        item, medium, digest, attributes = of
        works = {mention.work for mention in mentions if mention.work is not None}
        work = self._portfolio.works[works.pop()].work_id if len(works) == 1 else ""
        reason = f"it is {identity.creator} who is named, and terms are not judged by that alone"
        kinds = [kind for kind in Kind if any(mention.kind is kind for mention in mentions)]
        return Finding(
            finding_id=mention_id(item, identity.creator, self._use),
            item=item,
            work=work,
            creator=identity.creator,
            contact=identity.contact,
            medium=medium,
            relation=Relation.MENTION,
            confidence=0.0,
            item_segment=None,
            work_segment=None,
            transform=None,
            evidence=tuple(
                Evidence(RECIPE, f"mentions_by_{kind.value}", sum(mention.kind is kind for mention in mentions), 0.0)
                for kind in kinds
            ),
            verdict=Verdict(Outcome.UNKNOWN, self._use, None, reason),
            level=Level.WARNING if any(kind.is_exact for kind in kinds) else Level.NOTE,
            attributes=attributes,
            digest=digest,
            portfolio=self._portfolio.digest,
            notes=tuple(mention.said for mention in mentions),
        )


def _of(row: Row) -> tuple[str, Medium | None, str, Attributes]:
    if isinstance(row, Failure):
        return row.subject_id, None, "", row.attributes
    return row[0].subject_id, row[0].medium, row[0].digest, row[1]


def _identities(portfolio: Portfolio) -> tuple[Identity, ...]:
    """What the index says of its creators; those that it says nothing of are known by their works' labels."""
    known = {identity.creator: identity for identity in portfolio.identities}
    for creator, contact in contacts_of(portfolio.works).items():
        known.setdefault(creator, Identity(creator, contact))
    return tuple(known.values())


def _looked_up(index: DigestIndex | None) -> Callable[[str], int | None]:
    def work_of(digest: str) -> int | None:
        try:
            found = index.works_with(bytes.fromhex(digest)) if index else []
        except ValueError:
            return None
        return found[0] if found else None

    return work_of
