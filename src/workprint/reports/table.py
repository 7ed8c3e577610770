"""Findings as a table (CSV, RFC 4180), for spreadsheets.

A spreadsheet takes a cell that starts with `=` for a formula and runs it, so such cells get an apostrophe in front.
"""

import csv
from dataclasses import asdict
from typing import TextIO

from workprint.model import Box, Finding, Report, Segment, TimeSpan, Transform
from workprint.reports.attributes import caption_of, licence_of, url_of, value_as_text
from workprint.reports.untrusted import visible
from workprint.reports.words import proof_in_words

CELL_LIMIT = 32_000
"""Characters; Excel refuses more than 32,767."""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""The wide forms too: East Asian editions of Excel read them the same way."""
BOX = ("left", "top", "right", "bottom")
SPAN = ("start_s", "end_s")
CHANGES = ("mirrored", "rotation_deg", "scale", "negative", "tempo", "pitch_ratio", "reversed")
COLUMNS = (
    *("finding_id", "level", "outcome", "use", "work", "creator", "contact", "item", "medium", "relation"),
    "confidence",
    *(f"{side}_{edge}" for side in ("item", "work") for edge in (*BOX, *SPAN)),
    *CHANGES,
    *("evidence", "terms_id", "reason", "url", "caption", "license", "digest", "portfolio", "notes", "attributes"),
)


class CsvReport:
    """Writes one finding per row under a row of column names."""

    name = "csv"

    def write(self, report: Report, stream: TextIO) -> None:
        """Write the table with CRLF line ends; the stream must not translate them (`newline=""`)."""
        writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\r\n")
        writer.writeheader()
        for finding in report.findings:
            writer.writerow({column: _cell(value) for column, value in _row(finding).items()})


def harmless(text: str) -> str:
    """Return a text that a spreadsheet shows as it is: no formula, nothing hidden, no longer than a cell may be."""
    shown = visible(text, CELL_LIMIT)
    risky = text.lstrip(" ").startswith(FORMULA_STARTS) or shown.lstrip(" ").startswith(FORMULA_STARTS)
    return "'" + shown if risky else shown


def _cell(value: object) -> str:
    """Return a number or truth value as it is (`-4.0` is no formula), and text made harmless."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(round(float(value), 6))
    return harmless(value) if isinstance(value, str) else ""


def _row(finding: Finding) -> dict[str, object]:
    columns = finding.attributes
    return {
        "finding_id": finding.finding_id,
        "level": finding.level.value,
        "outcome": finding.verdict.outcome.value,
        "use": finding.verdict.use.value,
        "work": finding.work,
        "creator": finding.creator,
        "contact": finding.contact,
        "item": finding.item,
        "medium": finding.medium.value if finding.medium else None,
        "relation": finding.relation.value,
        "confidence": finding.confidence,
        **_edges("item", finding.item_segment),
        **_edges("work", finding.work_segment),
        **_changes(finding.transform),
        "evidence": proof_in_words(finding),
        "terms_id": finding.verdict.terms_id,
        "reason": finding.verdict.reason,
        "url": url_of(columns),
        "caption": caption_of(columns),
        "license": licence_of(columns),
        "digest": finding.digest,
        "portfolio": finding.portfolio,
        "notes": " ".join(finding.notes),
        "attributes": value_as_text(dict(columns)),
    }


def _edges(side: str, segment: Segment | None) -> dict[str, object]:
    if isinstance(segment, Box | TimeSpan):
        return {f"{side}_{edge}": number for edge, number in asdict(segment).items()}
    return {}


def _changes(transform: Transform | None) -> dict[str, object]:
    return asdict(transform) if transform else {}
