"""From what several indexes found in one item to at most one answer per work and place."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import prod

from workprint.model import Box, Evidence, Match, Relation, Segment

_SAME_PLACE = 0.5
"""Two places that share this part of the area or time that either covers are one place."""


def merge(matches: Iterable[Match]) -> Sequence[Match]:
    """Merge the matches of one item against one portfolio, in the order of works and places.

    What is known of one work is put together: an identical file is one match, however many indexes saw it, and what
    was placed by its parts is told by its parts. And one place in a picture shows one work: of several works that are
    like each other, the one that explains it best is kept.
    """
    by_work: dict[int, list[Match]] = {}
    for match in matches:
        by_work.setdefault(match.work, []).append(match)
    merged = [match for work in sorted(by_work) for match in _of_one_work(by_work[work])]
    return [match for match in merged if not any(_outdoes(other, match) for other in merged)]


def _of_one_work(matches: list[Match]) -> list[Match]:
    identical = [match for match in matches if match.relation is Relation.IDENTICAL]
    if identical:
        return [replace(identical[0], evidence=_evidence(identical))]
    placed = [match for match in matches if not _is_by_hash(match)] or matches
    others = [match for match in matches if match not in placed]
    surest = max(match.confidence for match in matches)
    kept: list[Match] = []
    for match in sorted(placed, key=_strength, reverse=True):
        if not any(_overlap(match.item_segment, other.item_segment) >= _SAME_PLACE for other in kept):
            kept.append(match)
    best = kept[0]
    kept[0] = replace(best, confidence=surest, evidence=_evidence([best, *others]))
    return sorted(kept, key=lambda match: _begin(match.item_segment))


def _evidence(matches: Iterable[Match]) -> tuple[Evidence, ...]:
    return tuple(dict.fromkeys(evidence for match in matches for evidence in match.evidence))


def _outdoes(one: Match, other: Match) -> bool:
    """Whether one work explains so much better what another was seen in that the other is its shadow."""
    if one.work == other.work:
        return False
    if not isinstance(one.item_segment, Box):  # several recordings may sound at once
        return one.relation is Relation.IDENTICAL and other.relation is Relation.NEAR_DUPLICATE
    if _overlap(one.item_segment, other.item_segment) < _SAME_PLACE:
        return False
    return _explains(one) > _explains(other)


def _explains(match: Match) -> tuple[bool, float, float]:
    """What is comparable between works: exactness, then the picture as a whole, then its places.

    Versions of one drawing share places; as wholes they differ.
    """
    distance = _measured(match, "distance_bits", 256.0)
    return match.relation is Relation.IDENTICAL, -distance, _measured(match, "likelihood", 0.0)


def _strength(match: Match) -> tuple[float, float]:
    return match.confidence, _measured(match, "likelihood", 0.0)


def _measured(match: Match, measure: str, default: float) -> float:
    return next((one.value for one in match.evidence if one.measure == measure), default)


def _is_by_hash(match: Match) -> bool:
    return match.evidence[0].measure == "distance_bits"


def _overlap(one: Segment, other: Segment) -> float:
    """Shared part of what two places cover together, 0 to 1."""
    if type(one) is not type(other):
        return 0.0
    lengths = [_shared(*pair) for pair in zip(_sides(one), _sides(other), strict=True)]
    shared, first, second = (prod(column) for column in zip(*lengths, strict=True))
    together = first + second - shared
    return shared / together if together > 0 else 0.0


def _sides(place: Segment) -> list[tuple[float, float]]:
    if isinstance(place, Box):
        return [(place.left, place.right), (place.top, place.bottom)]
    return [(place.start_s, place.end_s)]


def _shared(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float, float]:
    """Length of what two stretches share, and of each."""
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0])), one[1] - one[0], other[1] - other[0]


def _begin(place: Segment) -> float:
    return place.left if isinstance(place, Box) else place.start_s
