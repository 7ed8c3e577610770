"""What the items of a dataset say of their own rights, counted."""

from collections.abc import Mapping
from dataclasses import dataclass

from workprint.model import NOT_CHECKED, UNREADABLE, Finding, Permission, Report, Signal, Use
from workprint.reports.page import most_first

_OTHER_WORDS = frozenset({"any", UNREADABLE, NOT_CHECKED})


@dataclass(frozen=True, slots=True)
class SaidOfUse:
    """Items by what they say of one use."""

    use: Use
    refused: int
    conditional: int
    free: int


@dataclass(frozen=True, slots=True)
class Said:
    """Items by what they say, and by where they say it."""

    any: int
    uses: tuple[SaidOfUse, ...]
    sources: tuple[tuple[str, int], ...]
    unreadable: int
    not_checked: int


def table(report: Report) -> Said:
    """Count what all compared items say, those without a finding among them."""
    counts = report.manifest.said
    sources = {word: number for word, number in counts.items() if word not in _OTHER_WORDS and "=" not in word}
    return Said(
        any=counts.get("any", 0),
        uses=tuple(_of_use(counts, use) for use in Use),
        sources=tuple(most_first(sources)),
        unreadable=counts.get(UNREADABLE, 0),
        not_checked=counts.get(NOT_CHECKED, 0),
    )


def speaking(finding: Finding) -> tuple[Signal, ...]:
    """The signals of a finding, those first that speak of the use it is about."""
    return tuple(sorted(finding.signals, key=lambda signal: finding.verdict.use not in signal.uses))


def _of_use(counts: Mapping[str, int], use: Use) -> SaidOfUse:
    order = (Permission.NOT_ALLOWED, Permission.CONSTRAINED, Permission.ALLOWED)
    return SaidOfUse(use, *(counts.get(f"{use}={permission}", 0) for permission in order))
