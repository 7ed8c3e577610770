"""A run in a few lines of Markdown, as code hosts show it beside a step of continuous integration."""

from __future__ import annotations

from collections import Counter
from typing import TextIO

from workprint.model import Finding, Report
from workprint.reports.summary import unseen
from workprint.reports.untrusted import visible

MOST_ROWS = 50
_MAX_CHARACTERS = 160
_ACTIVE = frozenset("\\`*_{}[]()<>#+-.!|~&@:/")


class StepSummary:
    """Writes the denominator, the counts, and the most serious findings."""

    name = "markdown"

    def write(self, report: Report, stream: TextIO) -> None:
        """Write Markdown in which nothing from the dataset is a link, a mention or a tag."""
        manifest = report.manifest
        failed = sum(manifest.failed.values())
        stream.write(f"## Workprint: {_counts(report)}\n\n")
        stream.write(f"{manifest.seen} items seen = {manifest.fingerprinted} compared + {failed} failed. ")
        stream.write(f"Use: {manifest.use.value}, as of {manifest.as_of.isoformat()}.\n")
        if unseen(manifest):
            stream.write(f"\n{unseen(manifest)}\n")
        if report.baseline is not None:
            states = Counter(report.baseline.values())
            said = ", ".join(f"{states.get(state, 0)} {state}" for state in ("new", "updated", "unchanged"))
            stream.write(f"\nAgainst the baseline: {said}, {len(report.absent)} absent.\n")
        serious = sorted(report.findings, key=lambda one: -one.level.rank)
        if serious:
            stream.write("\n| level | outcome | item | work | creator | why |\n|---|---|---|---|---|---|\n")
        for finding in serious[:MOST_ROWS]:
            stream.write(_row(finding))
        if len(serious) > MOST_ROWS:
            stream.write(f"\n… and {len(serious) - MOST_ROWS} more.\n")


def _counts(report: Report) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in report.manifest.findings.items()) or "no findings"


def _row(finding: Finding) -> str:
    texts = (finding.item, finding.work, finding.creator, finding.verdict.reason)
    cells = [finding.level.value, finding.verdict.outcome.value, *(plain(text) for text in texts)]
    return f"| {' | '.join(cells)} |\n"


def plain(text: str) -> str:
    """A text in which no character has a meaning in Markdown or HTML."""
    shown = visible(text, _MAX_CHARACTERS)
    return "".join(f"&#{ord(character)};" if character in _ACTIVE else character for character in shown)
