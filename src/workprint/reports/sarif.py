"""Findings as SARIF 2.1.0, for continuous integration and code hosts.

What is permitted is a result of kind `pass`; all else is `fail` with the finding's level, as the format wants it. A
finding is recognised between runs by its id (`partialFingerprints`); compared with an earlier run, each result says
whether it is `new`, `updated` (more serious now) or `unchanged`, and earlier ones that are gone are `absent`.
"""

from __future__ import annotations

import json
import re
from typing import Any, TextIO
from urllib.parse import quote

from workprint.model import Finding, Outcome, Report
from workprint.reports.addresses import container_of
from workprint.reports.summary import incomplete, tally, unseen
from workprint.reports.untrusted import visible

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
IDENTITY = "workprint/finding/v1"
BASE = "DATASET"
_MAX_CHARACTERS = 1_000
_ROW = re.compile(r"#row=(\d+)")
_LINES_BEFORE = {".jsonl": 1, ".csv": 2, ".tsv": 2}
"""The line of a manifest's first row."""
_RULES = {
    Outcome.PROHIBITED: ("WP001", "Prohibited", "The creator, or the item itself, does not allow this use."),
    Outcome.UNKNOWN: ("WP002", "NoPermissionOnRecord", "Nothing on record permits this use."),
    Outcome.CONDITIONAL: ("WP003", "Conditional", "This use is permitted on conditions; ask whether they are met."),
    Outcome.PERMITTED: ("WP004", "Permitted", "A record permits this use."),
}
_OUTCOMES = list(_RULES)


class SarifReport:
    """Writes one result per finding."""

    name = "sarif"

    def write(self, report: Report, stream: TextIO) -> None:
        """Write one run of one tool."""
        results = [_result(finding, _state(report, finding)) for finding in report.findings]
        results += [_result(finding, "absent") for finding in report.absent]
        log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [{**_run(report), "results": results}]}
        json.dump(log, stream, indent=1)
        stream.write("\n")


def _run(report: Report) -> dict[str, Any]:
    manifest = report.manifest
    driver = {"name": "Workprint", "semanticVersion": manifest.tool_version, "rules": [_rule(one) for one in _OUTCOMES]}
    return {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": not manifest.failed, "toolExecutionNotifications": _left_open(report)}],
        "originalUriBaseIds": {BASE: {"description": {"text": "The dataset that was scanned."}}},
        "columnKind": "unicodeCodePoints",
        "properties": {
            "dataset_digest": manifest.dataset_digest,
            "use": manifest.use.value,
            "as_of": manifest.as_of.isoformat(),
            "seen": manifest.seen,
            "compared": manifest.fingerprinted,
            "failed": manifest.failed,
        },
    }


def _left_open(report: Report) -> list[dict[str, Any]]:
    """What the run cannot know: without results, it has to be said here."""
    said = (incomplete(tally(report)), unseen(report.manifest))
    return [{"level": "warning", "message": {"text": text}} for text in said if text]


def _rule(outcome: Outcome) -> dict[str, Any]:
    rule_id, name, text = _RULES[outcome]
    return {"id": rule_id, "name": name, "shortDescription": {"text": text}}


def _result(finding: Finding, state: str | None) -> dict[str, Any]:
    outcome = finding.verdict.outcome
    permitted = outcome is Outcome.PERMITTED
    result: dict[str, Any] = {
        "ruleId": _RULES[outcome][0],
        "ruleIndex": _OUTCOMES.index(outcome),
        "kind": "pass" if permitted else "fail",
        "level": "none" if permitted else finding.level.value,
        "rank": round(100 * min(1.0, max(0.0, finding.confidence)), 4),
        "message": {"text": _message(finding)},
        "locations": [_location(finding.item)],
        "partialFingerprints": {IDENTITY: finding.finding_id},
        "properties": {
            "relation": finding.relation.value,
            "work": _shown(finding.work),
            "creator": _shown(finding.creator),
            "sha256": finding.digest,
            "grounds": [_shown(ground) for ground in finding.verdict.grounds],
            "notes": [_shown(note) for note in finding.notes],
        },
    }
    return {**result, "baselineState": state} if state else result


def _message(finding: Finding) -> str:
    about = f"holds {_shown(finding.work)} by {_shown(finding.creator)}" if finding.relation.is_match else "is named"
    if not finding.work:
        about = "speaks for itself"
    return f"{_shown(finding.item)} {about} ({finding.relation.value}): {_shown(finding.verdict.reason)}"


def _location(item: str) -> dict[str, Any]:
    container = container_of(item)
    place: dict[str, Any] = {"artifactLocation": {"uri": quote(container, safe="/%"), "uriBaseId": BASE}}
    row = _ROW.search(item)
    first = _LINES_BEFORE.get("." + container.rpartition(".")[2].lower())
    if row and first and len(row[1]) < 10:
        place["region"] = {"startLine": int(row[1]) + first}
    return {"physicalLocation": place, "logicalLocations": [{"fullyQualifiedName": _shown(item), "kind": "item"}]}


def _state(report: Report, finding: Finding) -> str | None:
    return None if report.baseline is None else report.baseline.get(finding.finding_id, "new")


def _shown(text: str) -> str:
    return visible(text, _MAX_CHARACTERS)
