"""The answer in a few sentences, from the counts alone: it never says more than the scan can know.

"Not found" is said of the items that could be compared, never of the dataset; what could not be compared is said first.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workprint.model import Depth, Medium, Outcome, Relation, Report, RunManifest
from workprint.reports.words import counted, listed

SEVERITY = (Outcome.PROHIBITED, Outcome.UNKNOWN, Outcome.CONDITIONAL, Outcome.PERMITTED)


@dataclass(frozen=True, slots=True)
class Tally:
    """The counts that a summary is made of."""

    creators: tuple[str, ...]
    works: int
    """All works of the portfolios, findable or not."""
    searched: int
    """Works that could be fingerprinted, so that a scan can find them."""
    found: int
    """Works with at least one match."""
    outcomes: Mapping[Outcome, int]
    """Matches by what they amount to."""
    items: int
    """Items with at least one match."""
    seen: int
    compared: int
    failed: int
    reserved: int = 0
    """Items that deny the use themselves, and hold no work that was looked for."""
    without_media: int = 0
    """Of those that failed, rows that hold words and no media."""

    @property
    def matches(self) -> int:
        """All matches."""
        return sum(self.outcomes.values())


@dataclass(frozen=True, slots=True)
class CreatorTally:
    """What was found of one creator."""

    creator: str
    works: int
    found: int
    matches: int


def tally(report: Report) -> Tally:
    """Count a report."""
    manifest = report.manifest
    return Tally(
        creators=tuple(dict.fromkeys(work.creator for work in report.works)) or _creators_of_portfolios(report),
        works=len(report.works) + len(report.unfindable),
        searched=len(report.works),
        found=len({(finding.creator, finding.work) for finding in report.matches}),
        outcomes=Counter(finding.verdict.outcome for finding in report.matches),
        items=len({finding.item for finding in report.matches}),
        seen=manifest.seen,
        compared=manifest.fingerprinted,
        failed=sum(manifest.failed.values()),
        without_media=manifest.failed.get("no_media", 0),
        reserved=sum(finding.relation is Relation.RESERVED for finding in report.claims),
    )


def by_creator(report: Report) -> tuple[CreatorTally, ...]:
    """Count what was found of each creator, the most matched first."""
    works = Counter(work.creator for work in report.works)
    matches = Counter(finding.creator for finding in report.matches)
    found = Counter(creator for creator, _ in {(finding.creator, finding.work) for finding in report.matches})
    rows = (CreatorTally(name, works[name], found[name], matches[name]) for name in works | matches)
    return tuple(sorted(rows, key=lambda row: (-row.matches, row.creator)))


def headline(counts: Tally) -> str:
    """Return the answer as one sentence. Holds no text from the dataset and no names."""
    if counts.works == 0 and counts.reserved:
        says = "says of itself" if counts.reserved == 1 else "say of themselves"
        return (
            f"{counted(counts.reserved, 'item', 'items')} {says} that this use is reserved. No works were looked for."
        )
    if counts.works == 0 and not counts.creators:
        return "No works were looked for, and no item that was read says of itself that this use is reserved."
    if counts.works == 0:
        return "The portfolio holds no works, so nothing was looked for."
    if counts.matches:
        return f"{_works_found(counts)} in this dataset, {times(counts.matches)}{_permission(counts.outcomes)}."
    if counts.searched == 0:
        them = "it" if counts.works == 1 else "them"
        return f"{_none(counts.works, counts, 'could', 'be fingerprinted')}, so no scan can find {them}."
    if counts.compared == 0:
        return f"No item could be compared, so this scan says nothing about {_owned(counts.works, counts)}."
    return f"{_none(counts.searched, counts, 'was', 'found')} in {_compared(counts)}."


def incomplete(counts: Tally) -> str:
    """Return what a scan leaves open, to be said before anything else; empty for a complete one."""
    if counts.seen != counts.compared + counts.failed:
        return (
            f"The counts of this scan do not add up: {counted(counts.seen, 'item', 'items')} seen, "
            f"{counts.compared:,} compared, {counts.failed:,} not compared. Do not rely on it."
        )
    if not counts.failed:
        return ""
    these = "it" if counts.failed == 1 else "them"
    if counts.without_media == counts.failed:
        return (
            f"{counted(counts.failed, 'row', 'rows')} of this dataset hold no media. No work could be looked for in "
            f"{these}; only what the dataset says there was searched for mentions."
        )
    return (
        f"This scan is incomplete: {counts.failed:,} of {counted(counts.seen, 'item', 'items')} could not be "
        f"compared, and nothing is known about {these}."
    )


def unseen(manifest: RunManifest) -> str:
    """Return what could not be found in the items that were compared, by what was known of them; empty if nothing was
    left out."""
    compared_by = {recipe.partition("/")[0] for recipe in manifest.recipes}
    ways = []
    if manifest.media.get(Medium.IMAGE) and "image.features" not in compared_by:
        ways.append(
            "pictures as wholes only, so that one that is cut, partly covered or inside a larger picture stays unseen"
        )
    if manifest.media.get(Medium.AUDIO) and "audio.peaks" not in compared_by:
        ways.append("recordings by their bytes and samples only, so that clips and edited recordings stay unseen")
    by = f"Depth {Depth.FAST.value} compares" if "audio.peaks" in compared_by else "A compact store lets one compare"
    return f"{by} {'; and '.join(ways)}." if ways else ""


def breakdown(counts: Tally) -> str:
    """Return how often each outcome occurs, as a sentence; empty where the headline has said it all."""
    if sum(number > 0 for number in counts.outcomes.values()) < 2:
        return ""
    said = {
        Outcome.PROHIBITED: "forbidden by the terms",
        Outcome.UNKNOWN: "with no permission on record",
        Outcome.CONDITIONAL: "permitted only under conditions",
        Outcome.PERMITTED: "permitted by the terms",
    }
    parts = [f"{times(counts.outcomes[key])} {said[key]}" for key in SEVERITY if counts.outcomes.get(key)]
    return listed(parts).capitalize() + "."


def unfindable(counts: Tally) -> str:
    """Return how many works could not be looked for at all; empty for none."""
    number = counts.works - counts.searched
    if not number:
        return ""
    them = "it" if number == 1 else "them"
    return f"{counted(number, 'work', 'works')} could not be fingerprinted, so no scan can find {them}."


def times(number: int) -> str:
    """Return `once`, `twice`, `7 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def most_serious(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the outcome that needs attention first. Raises `ValueError` for none at all."""
    return min(outcomes, key=SEVERITY.index)


def _creators_of_portfolios(report: Report) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for portfolio in report.manifest.portfolios for name in portfolio.creators))


def _owned(number: int, counts: Tally) -> str:
    if len(counts.creators) > 1:
        works = "the one work" if number == 1 else f"the {number:,} works"
        return f"{works} by {counted(len(counts.creators), 'creator', 'creators')}"
    return "your work" if number == 1 else f"your {number:,} works"


def _none(number: int, counts: Tally, verb: str, done: str) -> str:
    """`None of your 12 works was found`, `Your work was not found`, and with works that no scan can find."""
    owned = _owned(counts.works, counts)
    if number == counts.works == 1:
        return f"{owned[0].upper()}{owned[1:]} {verb} not {done}"
    if number == counts.works:
        return f"None of {owned} {verb} {done}"
    findable = "the one" if number == 1 else f"the {number:,}"
    if number == 1:
        return f"Of {owned}, {findable} that can be found {verb} not {done}"
    return f"Of {owned}, none of {findable} that can be found {verb} {done}"


def _works_found(counts: Tally) -> str:
    verb = "is" if counts.found == 1 else "are"
    owned = _owned(counts.works, counts)
    if counts.works <= 1:
        return f"{owned[0].upper()}{owned[1:]} {verb}"
    if counts.found >= counts.works:
        return f"All of {owned} {verb}"
    return f"{counts.found:,} of {owned} {verb}"


def _compared(counts: Tally) -> str:
    compared = "the one item" if counts.compared == 1 else f"the {counts.compared:,} items"
    if not counts.failed:
        return f"{compared} that {'was' if counts.compared == 1 else 'were'} compared"
    return f"{compared} that could be compared; {counted(counts.failed, 'item', 'items')} could not be compared"


def _permission(outcomes: Mapping[Outcome, int]) -> str:
    kinds = {outcome for outcome, number in outcomes.items() if number}
    if kinds == {Outcome.PROHIBITED}:
        return "; the terms forbid it"
    if kinds <= {Outcome.PROHIBITED, Outcome.UNKNOWN}:
        return "; nothing permits it"
    if kinds == {Outcome.PERMITTED}:
        return "; the terms permit it"
    if kinds == {Outcome.CONDITIONAL}:
        return "; the terms permit it only under conditions"
    refused = sum(outcomes.get(outcome, 0) for outcome in (Outcome.PROHIBITED, Outcome.UNKNOWN))
    if not refused:
        return "; the terms permit it, in part only under conditions"
    return f"; {'nothing permits one of them' if refused == 1 else f'nothing permits {refused:,} of them'}"
