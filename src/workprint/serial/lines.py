"""Findings, failures and the run manifest as JSON: `findings.jsonl`, `failures.jsonl`, `run.json`."""

import json
from dataclasses import asdict
from datetime import date
from typing import Any

from workprint.errors import FormatError, NewerFormatError
from workprint.model import (
    AudioTransform,
    Box,
    Depth,
    Evidence,
    Failure,
    Finding,
    ImageTransform,
    Level,
    Limits,
    Medium,
    Outcome,
    PortfolioSummary,
    Relation,
    RunManifest,
    Segment,
    ShardCount,
    Stage,
    TimeSpan,
    Transform,
    Use,
    Verdict,
)

RUN_FORMAT = "workprint-run"
RUN_VERSION = 1
_DIGITS = 6


def dumps(value: Any) -> str:
    """One line of JSON, the same bytes for the same value on every machine."""
    return encodable(json.dumps(value, ensure_ascii=False, allow_nan=False))


def encodable(text: str) -> str:
    """Text that UTF-8 can hold: half a surrogate pair, as file names may have, is written as `\\udcxx`."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """A finding as one line of `findings.jsonl` holds it."""
    return {
        "finding_id": finding.finding_id,
        "item": finding.item,
        "work": finding.work,
        "creator": finding.creator,
        "contact": finding.contact,
        "medium": finding.medium.value,
        "relation": finding.relation.value,
        "confidence": _rounded(finding.confidence),
        "item_segment": _place_to_json(finding.item_segment),
        "work_segment": _place_to_json(finding.work_segment),
        "transform": _place_to_json(finding.transform),
        "evidence": [_evidence_to_json(evidence) for evidence in finding.evidence],
        "verdict": {
            **asdict(finding.verdict),
            "outcome": finding.verdict.outcome.value,
            "use": finding.verdict.use.value,
        },
        "level": finding.level.value,
        "attributes": dict(finding.attributes),
        "digest": finding.digest,
        "portfolio": finding.portfolio,
    }


def finding_from_json(line: dict[str, Any]) -> Finding:
    """The finding that `finding_to_json` wrote.

    Raises:
        FormatError: a field is missing or of another type.
    """
    try:
        medium = Medium(line["medium"])
        verdict = line["verdict"]
        return Finding(
            **{key: line[key] for key in ("finding_id", "item", "work", "creator", "contact", "digest", "portfolio")},
            medium=medium,
            relation=Relation(line["relation"]),
            confidence=float(line["confidence"]),
            item_segment=_segment_from_json(line["item_segment"]),
            work_segment=_segment_from_json(line["work_segment"]),
            transform=_transform_from_json(medium, line["transform"]),
            evidence=tuple(_evidence_from_json(evidence) for evidence in line["evidence"]),
            verdict=Verdict(Outcome(verdict["outcome"]), Use(verdict["use"]), verdict["terms_id"], verdict["reason"]),
            level=Level(line["level"]),
            attributes=line["attributes"],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"a line of findings.jsonl is damaged ({type(error).__name__}: {error})") from error


def failure_to_json(failure: Failure) -> dict[str, Any]:
    """A failure as one line of `failures.jsonl` holds it."""
    return {
        "item": failure.subject_id,
        "stage": failure.stage.value,
        "code": failure.code,
        "detail": failure.detail,
    }


def failure_from_json(line: dict[str, Any]) -> Failure:
    """The failure that `failure_to_json` wrote.

    Raises:
        FormatError: a field is missing or of another type.
    """
    try:
        return Failure(str(line["item"]), Stage(line["stage"]), str(line["code"]), str(line["detail"]))
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"a line of failures.jsonl is damaged ({type(error).__name__}: {error})") from error


def manifest_to_json(manifest: RunManifest) -> dict[str, Any]:
    """`run.json`: what was scanned, how, and the whole denominator."""
    return {
        "format": RUN_FORMAT,
        "version": RUN_VERSION,
        "tool_version": manifest.tool_version,
        "dataset": manifest.dataset,
        "dataset_digest": manifest.dataset_digest,
        "reader": manifest.reader,
        "depth": manifest.depth.value,
        "use": manifest.use.value,
        "as_of": manifest.as_of.isoformat(),
        "counts": {
            "seen": manifest.seen,
            "fingerprinted": manifest.fingerprinted,
            "failed": sum(manifest.failed.values()),
            "failed_by_code": manifest.failed,
            "passed_over": manifest.passed_over,
            "findings": dict(manifest.findings),
        },
        "expected_false_matches": manifest.expected_false_matches,
        "recipes": list(manifest.recipes),
        "thresholds": dict(manifest.thresholds),
        "limits": asdict(manifest.limits),
        "portfolios": [{**asdict(one), "creators": list(one.creators)} for one in manifest.portfolios],
        "shards": [asdict(shard) for shard in manifest.shards],
    }


def manifest_from_json(text: dict[str, Any]) -> RunManifest:
    """The manifest that `manifest_to_json` wrote.

    Raises:
        FormatError: not a run manifest, or a damaged one.
        NewerFormatError: written by a newer Workprint.
    """
    check_format(text, RUN_FORMAT, RUN_VERSION, "run.json")
    try:
        return RunManifest(
            **{key: text[key] for key in ("tool_version", "dataset", "dataset_digest", "reader", "thresholds")},
            depth=Depth(text["depth"]),
            recipes=tuple(text["recipes"]),
            limits=Limits(**text["limits"]),
            portfolios=tuple(
                PortfolioSummary(**{**one, "creators": tuple(one["creators"])}) for one in text["portfolios"]
            ),
            use=Use(text["use"]),
            as_of=date.fromisoformat(text["as_of"]),
            shards=tuple(ShardCount(**shard) for shard in text["shards"]),
            findings=text["counts"]["findings"],
            expected_false_matches=float(text["expected_false_matches"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"run.json is damaged ({type(error).__name__}: {error})") from error


def check_format(header: Any, name: str, version: int, where: str) -> None:
    """Refuse what is not ours, or newer than this program.

    Raises:
        FormatError: `header` does not name the format `name`.
        NewerFormatError: its version is above `version`.
    """
    if not isinstance(header, dict) or header.get("format") != name or not isinstance(header.get("version"), int):
        raise FormatError(f"{where} is not a {name} file")
    if header["version"] > version:
        raise NewerFormatError(
            f"{where} was written by a newer Workprint (format version {header['version']}, this one reads up to "
            f"{version}); update Workprint to read it"
        )


def _rounded(number: float) -> float:
    return round(float(number), _DIGITS)


def _place_to_json(place: Segment | Transform) -> dict[str, Any]:
    return {key: _rounded(value) if isinstance(value, float) else value for key, value in asdict(place).items()}


def _segment_from_json(place: dict[str, float]) -> Segment:
    return TimeSpan(**place) if "start_s" in place else Box(**place)


def _transform_from_json(medium: Medium, place: dict[str, Any]) -> Transform:
    return ImageTransform(**place) if medium is Medium.IMAGE else AudioTransform(**place)


def _evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    return {
        "recipe_id": evidence.recipe_id,
        evidence.measure: _rounded(evidence.value),
        "threshold": _rounded(evidence.threshold),
    }


def _evidence_from_json(line: dict[str, Any]) -> Evidence:
    (measure,) = set(line) - {"recipe_id", "threshold"}
    return Evidence(line["recipe_id"], measure, float(line[measure]), float(line["threshold"]))
