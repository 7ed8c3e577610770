"""What the HTML page shows and in which order: the most serious first, every work before any second helping.

A page must open on an old laptop, so it is bounded: a number of matches in full, a number of rows in each table, a
number of bytes of pictures and sound. What is left out is counted and said; `findings.jsonl` holds all of it.
"""

import re
from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from workprint.model import WHOLE, Failure, Finding, Medium, Outcome, Picture, Report, Segment, Work
from workprint.reports.attributes import value_as_text
from workprint.reports.summary import SEVERITY, most_serious

FULL_MATCHES = 200
LISTED_WORKS = 300
MEDIA_BUDGET_BYTES = 48 * 1024**2
MAX_ATTRIBUTES = 40
EMBEDDED_TYPES = frozenset(
    {
        *("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"),
        *("audio/wav", "audio/x-wav", "audio/mpeg", "audio/ogg", "audio/flac", "audio/mp4", "audio/webm", "audio/aac"),
    }
)
"""Nothing that could hold a script or ask the network, such as SVG."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two things that are held side by side."""

    medium: Medium
    picture: Picture | None
    segment: Segment
    too_much: bool = False
    """Left out because the page already holds `MEDIA_BUDGET_BYTES`."""

    @property
    def source(self) -> str:
        """A `data:` URI; empty where there is nothing to show or play."""
        picture = self.picture
        if picture is None or self.too_much or not embeddable(picture, self.medium):
            return ""
        return f"data:{picture.mime_type};base64,{b64encode(picture.data).decode('ascii')}"

    @property
    def peaks(self) -> tuple[float, ...]:
        """The waveform; empty where none was made."""
        return self.picture.peaks if self.picture else ()


@dataclass(frozen=True, slots=True)
class Card:
    """One match, shown in full."""

    finding: Finding
    anchor: str
    work: Side
    item: Side
    attributes: tuple[tuple[str, str], ...]
    more_attributes: int


@dataclass(frozen=True, slots=True)
class Group:
    """All matches of one work."""

    work_id: str
    creator: str
    title: str
    contact: str
    medium: Medium
    matches: int
    items: int
    outcome: Outcome
    """The most serious one."""
    anchor: str
    cards: tuple[Card, ...]

    @property
    def hidden(self) -> int:
        """Matches that are not shown in full."""
        return self.matches - len(self.cards)


def groups(report: Report) -> tuple[Group, ...]:
    """Return the works with matches, most serious first, with the matches that are shown in full."""
    by_work: dict[tuple[str, str], list[Finding]] = {}
    for finding in sorted(report.matches, key=_seriousness):
        by_work.setdefault((finding.creator, finding.work), []).append(finding)
    by_work = dict(sorted(by_work.items(), key=lambda entry: _seriousness_of_work(entry[1])))
    chosen = _chosen(by_work)
    anchors = _anchors(report.matches)
    embedded = _within_budget(report, [finding for findings in chosen.values() for finding in findings])
    works = {(work.creator, work.work_id): work for work in report.works}
    return tuple(
        _group(
            number,
            findings,
            works.get(key),
            tuple(_card(report, finding, anchors, embedded) for finding in chosen.get(key, ())),
        )
        for number, (key, findings) in enumerate(by_work.items(), 1)
    )


def embeddable(picture: Picture, medium: Medium) -> bool:
    """Whether a page can show or play these bytes, and they are of the medium they should be."""
    return bool(picture.data) and picture.mime_type in EMBEDDED_TYPES and picture.mime_type.startswith(f"{medium}/")


def not_found(report: Report) -> tuple[Work, ...]:
    """Return the works that can be found but were not, in the portfolio's order."""
    found = {(finding.creator, finding.work) for finding in report.matches}
    return tuple(work for work in report.works if (work.creator, work.work_id) not in found)


def shows_no_works(report: Report, medium: Medium) -> bool:
    """Whether there are matches of a medium but not a single picture (or waveform) of a work to hold them against."""
    keys = {f"{finding.work}\n{finding.creator}" for finding in report.matches if finding.medium is medium}
    return bool(keys) and not any(_shows(report.work_pictures.get(key)) for key in keys)


def claims(report: Report) -> tuple[Finding, ...]:
    """Return what is said of items, or by them, most serious first."""
    return tuple(sorted(report.claims, key=_seriousness))


def by_code(failures: Iterable[Failure]) -> dict[str, int]:
    """Count failures by code, the most frequent first."""
    return dict(Counter(failure.code for failure in failures).most_common())


def most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """Return counts with the largest first, names in order among equals."""
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def _shows(picture: Picture | None) -> bool:
    return picture is not None and bool(picture.data or picture.peaks)


def _seriousness(finding: Finding) -> tuple[int, int, float, str, str]:
    outcome = SEVERITY.index(finding.verdict.outcome)
    return (-finding.level.rank, outcome, -finding.confidence, finding.item, finding.finding_id)


def _seriousness_of_work(findings: list[Finding]) -> tuple[int, int, int, str, str]:
    """Order works by their most serious match, then by how often they were found; `findings` are in order already."""
    first = findings[0]
    return (*_seriousness(first)[:2], -len(findings), first.creator, first.work)


def _chosen(by_work: Mapping[tuple[str, str], list[Finding]]) -> dict[tuple[str, str], list[Finding]]:
    """Give every work its first match before any gets its second, until `FULL_MATCHES` are given out."""
    turns = sorted(
        (turn, order, key)
        for order, (key, findings) in enumerate(by_work.items())
        for turn in range(min(len(findings), FULL_MATCHES))
    )[:FULL_MATCHES]
    taken = Counter(key for _, _, key in turns)
    return {key: findings[: taken[key]] for key, findings in by_work.items() if taken[key]}


def _anchors(findings: Iterable[Finding]) -> dict[str, str]:
    """Return an HTML id for each finding id; ids that look alike once cleaned get a number."""
    anchors: dict[str, str] = {}
    used: Counter[str] = Counter()
    for finding in findings:
        cleaned = "finding-" + re.sub(r"[^A-Za-z0-9_-]", "-", finding.finding_id[:80])
        if finding.finding_id not in anchors:
            used[cleaned] += 1
            anchors[finding.finding_id] = cleaned if used[cleaned] == 1 else f"{cleaned}.{used[cleaned]}"
    return anchors


def _within_budget(report: Report, findings: Iterable[Finding]) -> set[str]:
    """Return the ids of the findings whose pictures fit on the page."""
    left = MEDIA_BUDGET_BYTES
    fitting = set()
    for finding in findings:
        sides = (report.item_pictures.get(finding.finding_id), report.work_pictures.get(_picture_key(finding)))
        size = sum(len(picture.data) for picture in sides if picture)
        if size <= left:
            left -= size
            fitting.add(finding.finding_id)
    return fitting


def _medium(finding: Finding) -> Medium:
    """Of a match, which always has one unless somebody else wrote the file."""
    return finding.medium or Medium.IMAGE


def _picture_key(finding: Finding) -> str:
    return f"{finding.work}\n{finding.creator}"


def _card(report: Report, finding: Finding, anchors: Mapping[str, str], embedded: set[str]) -> Card:
    too_much = finding.finding_id not in embedded
    columns = list(finding.attributes.items())
    shown = tuple((str(name), value_as_text(value)) for name, value in columns[:MAX_ATTRIBUTES])
    work = report.work_pictures.get(_picture_key(finding))
    item = report.item_pictures.get(finding.finding_id)
    return Card(
        finding=finding,
        anchor=anchors[finding.finding_id],
        work=Side(_medium(finding), work, finding.work_segment or WHOLE, too_much),
        item=Side(_medium(finding), item, finding.item_segment or WHOLE, too_much),
        attributes=shown,
        more_attributes=len(columns) - len(shown),
    )


def _group(number: int, findings: list[Finding], work: Work | None, cards: tuple[Card, ...]) -> Group:
    first = findings[0]
    return Group(
        work_id=first.work,
        creator=first.creator,
        title=work.title if work else "",
        contact=first.contact or (work.contact if work else ""),
        medium=_medium(first),
        matches=len(findings),
        items=len({finding.item for finding in findings}),
        outcome=most_serious(finding.verdict.outcome for finding in findings),
        anchor=f"work-{number}",
        cards=cards,
    )
