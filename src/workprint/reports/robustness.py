"""What a report says of the edits that were tried on the works before the scan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workprint.model import CheckedWork


@dataclass(frozen=True, slots=True)
class Robustness:
    """A robustness card, counted."""

    works: int
    shares: tuple[tuple[str, int, int], ...]
    """Edit, works found after it, works tried; the hardest edits first."""
    weak: tuple[tuple[str, tuple[str, ...]], ...]
    """Work and the edits after which it is not found; the weakest works first."""
    untried: tuple[tuple[str, str], ...]
    """Works on which nothing could be tried, and why."""


def robustness(checked: Sequence[CheckedWork]) -> Robustness | None:
    """Count a card; None where nothing was tried."""
    tried = [work for work in checked if work.found]
    if not tried:
        return None
    missed = [(work.work_id, tuple(name for name, found in work.found.items() if not found)) for work in tried]
    weak = sorted((one for one in missed if one[1]), key=lambda one: (-len(one[1]), one[0]))
    untried = tuple((work.work_id, work.problem) for work in checked if not work.found)
    return Robustness(len(tried), _shares(tried), tuple(weak), untried)


def _shares(tried: Sequence[CheckedWork]) -> tuple[tuple[str, int, int], ...]:
    outcomes: dict[str, list[bool]] = {}
    for work in tried:
        for name, found in work.found.items():
            outcomes.setdefault(name, []).append(found)
    shares = [(name, sum(found), len(found)) for name, found in outcomes.items()]
    return tuple(sorted(shares, key=lambda share: share[1] / share[2]))
