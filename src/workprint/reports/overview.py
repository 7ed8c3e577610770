"""The dataset as a whole: how often it carries each work, and in which of its parts, from where, under which licence.

Items are counted, not matches: an item that holds three works is one item. What is counted by is text of the dataset,
so untrusted: a licence is what the dataset claims, an address is where it says an item is from.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TextIO
from urllib.parse import urlsplit

from workprint.model import Finding, Report
from workprint.reports.addresses import container_of
from workprint.reports.attributes import licence_of, url_of

STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 10_000, 100_000, 1_000_000)
"""Upper ends of the classes of `Overview.classes`; the last class is open."""
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Copies:
    """How often a dataset carries one work."""

    creator: str
    work: str
    items: int
    contents: int
    """Items that differ in their bytes: 40 items of 2 contents are 2 files, stored over and over."""
    parts: int
    """Parts of the dataset that hold it."""


@dataclass(frozen=True, slots=True)
class Share:
    """Items that carry a work, among those of one part, domain or licence."""

    name: str
    """Empty where the dataset does not say."""
    items: int
    works: int
    """Different works in them."""
    compared: int | None = None
    """All items there that were compared; None where that was not counted."""


@dataclass(frozen=True, slots=True)
class Overview:
    """What the matches amount to in all. Each tuple has the largest first."""

    items: int
    contents: int
    works: tuple[Copies, ...]
    classes: tuple[tuple[str, int], ...]
    """How many works are in so many items: `1`, `2`, `3–5`, …; classes with none in between are kept."""
    parts: tuple[Share, ...]
    domains: tuple[Share, ...]
    licences: tuple[Share, ...]


class OverviewReport:
    """Writes the overview as one JSON object, for programs."""

    name = "overview"

    def write(self, report: Report, stream: TextIO) -> None:
        """Write the object; nothing is cut but names of more than `LONGEST_NAME` characters."""
        found = overview(report)
        json.dump(
            {
                "format": "workprint-overview",
                "version": 1,
                "dataset": report.manifest.dataset,
                "dataset_digest": report.manifest.dataset_digest,
                "compared": report.manifest.fingerprinted,
                "items": found.items,
                "contents": found.contents,
                "works": [_named(copies) for copies in found.works],
                "works_by_items": dict(found.classes),
                "parts": [_named(share) for share in found.parts],
                "domains": [_named(share) for share in found.domains],
                "licences": [_named(share) for share in found.licences],
            },
            stream,
            indent=1,
        )
        stream.write("\n")


def overview(report: Report) -> Overview:
    """Count the items in which a work was found, by work, part, domain and claimed licence."""
    matches = report.matches
    works = _copies(matches)
    return Overview(
        items=len({finding.item for finding in matches}),
        contents=len({finding.digest for finding in matches}),
        works=works,
        classes=_classes([copies.items for copies in works]),
        parts=_shares(matches, lambda finding: part_of(finding.item), _compared(report)),
        domains=_shares(matches, lambda finding: domain_of(url_of(finding.attributes))),
        licences=_shares(matches, lambda finding: " ".join(licence_of(finding.attributes).split())),
    )


def part_of(address: str) -> str:
    """Return what an item's address begins with: an archive, a table, or a folder (ending in `/`; empty at the top)."""
    container = container_of(address)
    if container != address:
        return container
    folder, slash, _ = address.rpartition("/")
    return folder + slash


def domain_of(url: str) -> str:
    """Return the host of a web address in small letters, without `www.`; empty for what is none."""
    try:
        host = urlsplit(url.strip()).hostname
    except ValueError:
        return ""
    return (host or "").removeprefix("www.")


def _copies(matches: Iterable[Finding]) -> tuple[Copies, ...]:
    by_work: dict[tuple[str, str], list[Finding]] = {}
    for finding in matches:
        by_work.setdefault((finding.creator, finding.work), []).append(finding)
    counted = [
        Copies(
            *key,
            items=len({finding.item for finding in found}),
            contents=len({finding.digest for finding in found}),
            parts=len({part_of(finding.item) for finding in found}),
        )
        for key, found in by_work.items()
    ]
    return tuple(sorted(counted, key=lambda copies: (-copies.items, copies.creator, copies.work)))


def _classes(items: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """Count works by their number of items, in the classes of `STEPS` up to the last one that is used."""
    counts = Counter(bisect_left(STEPS, number) for number in items)
    names = ["1", *(_class_name(low + 1, high) for low, high in pairwise(STEPS)), f"over {STEPS[-1]:,}"]
    return tuple((names[at], counts[at]) for at in range(max(counts, default=-1) + 1))


def _class_name(low: int, high: int) -> str:
    return f"{low:,}" if low == high else f"{low:,}–{high:,}"


def _compared(report: Report) -> Mapping[str, int]:
    compared: Counter[str] = Counter()
    for shard in report.manifest.shards:
        compared[shard.shard_id.partition("#")[0]] += shard.fingerprinted
    return compared


def _shares(
    matches: Iterable[Finding], name_of: Callable[[Finding], str], compared: Mapping[str, int] | None = None
) -> tuple[Share, ...]:
    items: dict[str, set[str]] = {}
    works: dict[str, set[tuple[str, str]]] = {}
    for finding in matches:
        name = name_of(finding)
        items.setdefault(name, set()).add(finding.item)
        works.setdefault(name, set()).add((finding.creator, finding.work))
    shares = [Share(name, len(found), len(works[name]), (compared or {}).get(name)) for name, found in items.items()]
    return tuple(sorted(shares, key=lambda share: (-share.items, share.name)))


def _named(row: Copies | Share) -> dict[str, object]:
    cells = {name: getattr(row, name) for name in row.__slots__}
    return {name: value[:LONGEST_NAME] if isinstance(value, str) else value for name, value in cells.items()}
