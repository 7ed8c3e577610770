"""From what several indexes found in one item to at most one answer per work and place."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from workprint.model import Evidence, Match, Relation

_WHOLE = frozenset({Relation.IDENTICAL, Relation.NEAR_DUPLICATE})


def merge(matches: Iterable[Match]) -> Sequence[Match]:
    """Merge the matches of one item against one portfolio, in the order of works and places.

    What is known of one work is put together: an identical file is one match, however many indexes saw it. And an
    item that is a whole picture or recording is a copy of one work: of several works that are like each other, the
    nearest is kept.
    """
    by_work: dict[int, list[Match]] = {}
    for match in matches:
        by_work.setdefault(match.work, []).append(match)
    merged = [match for work in sorted(by_work) for match in _of_one_work(by_work[work])]
    return [match for match in merged if match.relation not in _WHOLE or not _outdone(match, merged)]


def _of_one_work(matches: list[Match]) -> list[Match]:
    identical = [match for match in matches if match.relation is Relation.IDENTICAL]
    if identical:
        return [replace(identical[0], evidence=_evidence(identical))]
    recipes = list(dict.fromkeys(match.evidence[0].recipe_id for match in matches))
    by_recipe = [[match for match in matches if match.evidence[0].recipe_id == recipe] for recipe in recipes]
    best = max(by_recipe, key=lambda group: max(match.confidence for match in group))
    others = [match for group in by_recipe if group is not best for match in group]
    return [replace(match, evidence=_evidence([match, *others])) for match in best]


def _evidence(matches: Iterable[Match]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence for match in matches for evidence in match.evidence))


def _outdone(match: Match, others: Sequence[Match]) -> bool:
    return any(_nearness(other) > _nearness(match) for other in others if other.relation in _WHOLE)


def _nearness(match: Match) -> tuple[bool, float]:
    distances = [one.value for one in match.evidence if one.measure == "distance_bits"]
    return match.relation is Relation.IDENTICAL, -min(distances, default=0.0)
