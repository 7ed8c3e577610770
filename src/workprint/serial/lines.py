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
    Permission,
    PortfolioSummary,
    Relation,
    RunManifest,
    Segment,
    ShardCount,
    Signal,
    Stage,
    Standing,
    TimeSpan,
    Transform,
    Use,
    Verdict,
)

RUN_FORMAT = "workprint-run"
RUN_VERSION = 2
_DIGITS = 6
_ASKED = ("purposes", "territories", "publication_media")
_TEXTS = ("finding_id", "item", "work", "creator", "contact", "digest", "portfolio")


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
        "medium": finding.medium and finding.medium.value,
        "relation": finding.relation.value,
        "confidence": _rounded(finding.confidence),
        "item_segment": finding.item_segment and _place_to_json(finding.item_segment),
        "work_segment": finding.work_segment and _place_to_json(finding.work_segment),
        "transform": finding.transform and _place_to_json(finding.transform),
        "evidence": [_evidence_to_json(evidence) for evidence in finding.evidence],
        "verdict": {
            **asdict(finding.verdict),
            "outcome": finding.verdict.outcome.value,
            "use": finding.verdict.use.value,
            "grounds": list(finding.verdict.grounds),
        },
        "level": finding.level.value,
        "attributes": dict(finding.attributes),
        "digest": finding.digest,
        "portfolio": finding.portfolio,
        "signals": [signal_to_json(signal) for signal in finding.signals],
        "notes": list(finding.notes),
    }


def finding_from_json(line: dict[str, Any]) -> Finding:
    """The finding that `finding_to_json` wrote.

    Raises:
        FormatError: a field is missing or of another type.
    """
    try:
        medium = None if line["medium"] is None else Medium(line["medium"])
        verdict = line["verdict"]
        return Finding(
            **{key: _text(line[key]) for key in _TEXTS},
            medium=medium,
            relation=Relation(line["relation"]),
            confidence=float(line["confidence"]),
            item_segment=_segment_from_json(line["item_segment"]),
            work_segment=_segment_from_json(line["work_segment"]),
            transform=_transform_from_json(medium, line["transform"]),
            signals=tuple(signal_from_json(signal) for signal in line["signals"]),
            notes=_texts(line["notes"]),
            evidence=tuple(_evidence_from_json(evidence) for evidence in line["evidence"]),
            verdict=Verdict(
                Outcome(verdict["outcome"]),
                Use(verdict["use"]),
                None if verdict["terms_id"] is None else _text(verdict["terms_id"]),
                _text(verdict["reason"]),
                _texts(verdict["grounds"]),
            ),
            level=Level(line["level"]),
            attributes=_mapping(line["attributes"]),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"a line of findings.jsonl is damaged ({type(error).__name__}: {error})") from error


def signal_to_json(signal: Signal) -> dict[str, Any]:
    """A rights signal as findings, stores and portfolios hold it."""
    uses = {use.value: permission.value for use, permission in sorted(signal.uses.items())}
    return {**asdict(signal), "uses": uses}


def signal_from_json(value: Any) -> Signal:
    """The signal that `signal_to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: a field is missing or of another type.
    """
    uses = {Use(use): Permission(permission) for use, permission in _mapping(value["uses"]).items()}
    if not isinstance(value["conformant"], bool):
        raise TypeError("a truth value is none")
    texts = {name: _text(value[name]) for name in ("source", "locator", "raw_value", "holder", "policy_url")}
    return Signal(uses=uses, conformant=value["conformant"], **texts)


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
        "licensee": manifest.licensee,
        **{name: list(getattr(manifest, name)) for name in _ASKED},
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
        "signals": manifest.signals,
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
            **_run_texts(text),
            thresholds={name: _number(value) for name, value in _mapping(text["thresholds"]).items()},
            depth=Depth(text["depth"]),
            recipes=tuple(_text(recipe) for recipe in text["recipes"]),
            limits=_limits_from_json(text["limits"]),
            portfolios=tuple(_portfolio_from_json(one) for one in text["portfolios"]),
            use=Use(text["use"]),
            as_of=date.fromisoformat(text["as_of"]),
            shards=tuple(_shard_from_json(shard) for shard in text["shards"]),
            findings=_counts(text["counts"]["findings"]),
            expected_false_matches=float(text["expected_false_matches"]),
            signals=_text(text.get("signals", "")),
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise FormatError(f"run.json is damaged ({type(error).__name__}: {error})") from error


def _run_texts(text: dict[str, Any]) -> dict[str, Any]:
    named = ("tool_version", "dataset", "dataset_digest", "reader", "licensee")
    return {key: _text(text[key]) for key in named} | {key: _texts(text[key]) for key in _ASKED}


def check_format(header: Any, name: str, version: int, where: str) -> None:
    """Refuse what is not ours, or newer than this program.

    Raises:
        FormatError: `header` does not name the format `name`.
        NewerFormatError: its version is above `version`.
    """
    if not isinstance(header, dict) or header.get("format") != name or type(header.get("version")) is not int:
        raise FormatError(f"{where} is not a {name} file")
    if header["version"] < 1:
        raise FormatError(f"{where} says that its format version is {header['version']}, which there never was")
    if header["version"] > version:
        raise NewerFormatError(
            f"{where} was written by a newer Workprint (format version {header['version']}, this one reads up to "
            f"{version}); update Workprint to read it"
        )


def _rounded(number: float) -> float:
    return round(float(number), _DIGITS)


def _place_to_json(place: Segment | Transform) -> dict[str, Any]:
    return {key: _rounded(value) if isinstance(value, float) else value for key, value in asdict(place).items()}


def _segment_from_json(place: Any) -> Segment | None:
    if place is None:
        return None
    numbers = {name: float(_number(value)) for name, value in _mapping(place).items()}
    return TimeSpan(**numbers) if "start_s" in numbers else Box(**numbers)


def _transform_from_json(medium: Medium | None, place: Any) -> Transform | None:
    if place is None:
        return None
    values: dict[str, Any] = {
        name: value if isinstance(value, bool) else float(_number(value)) for name, value in _mapping(place).items()
    }
    return ImageTransform(**values) if medium is Medium.IMAGE else AudioTransform(**values)


def _portfolio_from_json(place: Any) -> PortfolioSummary:
    creators = tuple(_text(creator) for creator in place["creators"])
    named = (_text(place["path"]), _text(place["digest"]), _count(place["works"]), creators)
    return PortfolioSummary(*named, Standing(place["standing"]), _text(place["key_id"]))


def _limits_from_json(place: Any) -> Limits:
    there = Limits()  # the last two came later
    return Limits(
        max_pixels=_count(place["max_pixels"]),
        max_seconds=float(_number(place["max_seconds"])),
        max_item_bytes=_count(place["max_item_bytes"]),
        max_item_seconds=float(_number(place.get("max_item_seconds", there.max_item_seconds))),
        max_memory_bytes=_count(place.get("max_memory_bytes", there.max_memory_bytes)),
    )


def _shard_from_json(place: Any) -> ShardCount:
    counted = {name: _counts(place[name]) for name in ("failed", "passed_over", "media")}
    counted["signals"] = _counts(place.get("signals", {}))  # runs of version 1 had none
    return ShardCount(_text(place["shard_id"]), _count(place["seen"]), _count(place["fingerprinted"]), **counted)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} where a text belongs")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{type(value).__name__} where a list belongs")
    return tuple(_text(text) for text in value)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{type(value).__name__} where a number belongs")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("a count is no number")
    return value


def _mapping(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{type(value).__name__} where a mapping belongs")
    return value


def _counts(value: Any) -> dict[str, int]:
    return {name: _count(number) for name, number in _mapping(value).items()}


def _evidence_to_json(evidence: Evidence) -> dict[str, Any]:
    return {
        "recipe_id": evidence.recipe_id,
        evidence.measure: _rounded(evidence.value),
        "threshold": _rounded(evidence.threshold),
    }


def _evidence_from_json(line: dict[str, Any]) -> Evidence:
    (measure,) = set(line) - {"recipe_id", "threshold"}
    return Evidence(_text(line["recipe_id"]), measure, float(line[measure]), float(line["threshold"]))
