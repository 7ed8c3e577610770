"""Results on disk: `findings.jsonl`, `failures.jsonl` and `run.json` in one folder; and a finding's identity."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workprint.errors import FormatError, UsageError
from workprint.model import Failure, Finding, RunManifest, Use, Work
from workprint.serial.lines import (
    dumps,
    encodable,
    failure_from_json,
    failure_to_json,
    finding_from_json,
    finding_to_json,
    manifest_from_json,
    manifest_to_json,
)

FINDINGS, FAILURES, RUN = "findings.jsonl", "failures.jsonl", "run.json"
_MAX_LINE_CHARACTERS = 16_000_000
_MAX_RUN_BYTES = 1_000_000_000
_ID_HEX_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Results:
    """What a results folder holds."""

    manifest: RunManifest
    findings: tuple[Finding, ...]


def finding_id(item_id: str, work: Work, use: Use, place: int) -> str:
    """Sixteen hexadecimal digits of item, work, use and place: no score and no clock, so that decisions stay.

    `place` counts the matches of the same work in the same item, from 0.
    """
    identity = [item_id, work.creator, work.work_id, use.value, place]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:_ID_HEX_DIGITS]


def mention_id(item_id: str, creator: str, use: Use) -> str:
    """The same for a mention of a creator, of which there is one an item."""
    identity = [item_id, creator, "mention", use.value]
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:_ID_HEX_DIGITS]


def write_results(folder: Path, results: Results, failures: Iterable[Failure]) -> None:
    """Write all files of a results folder; `run.json` comes last, so that it stands for a whole.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / RUN).unlink(missing_ok=True)
    _write_lines(folder / FINDINGS, (finding_to_json(finding) for finding in results.findings))
    _write_lines(folder / FAILURES, (failure_to_json(failure) for failure in failures))
    text = json.dumps(manifest_to_json(results.manifest), ensure_ascii=False, indent=1)
    _replace(folder / RUN, [encodable(text), "\n"])


def read_results(folder: Path) -> Results:
    """Read a results folder, but for its failures.

    Raises:
        UsageError: it is no results folder, or its run was not finished.
        FormatError: a file in it is damaged.
    """
    try:
        with (folder / RUN).open("rb") as stream:
            manifest = manifest_from_json(json.loads(stream.read(_MAX_RUN_BYTES)))
    except FileNotFoundError as error:
        raise UsageError(f"{folder} holds no results of a finished scan: there is no {RUN} in it") from error
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{folder / RUN} is damaged") from error
    for count in manifest.shards:
        if count.seen != count.fingerprinted + sum(count.failed.values()):
            raise FormatError(f"{folder / RUN} is damaged: the counts of {count.shard_id!r} do not add up")
    return Results(manifest, tuple(finding_from_json(line) for line in _lines(folder / FINDINGS)))


def read_failures(folder: Path) -> Iterator[Failure]:
    """Yield the failures of a results folder, in order. Raises as `read_results`."""
    return (failure_from_json(line) for line in _lines(folder / FAILURES))


def _write_lines(path: Path, values: Iterable[dict[str, Any]]) -> None:
    _replace(path, (dumps(value) + "\n" for value in values))


def _replace(path: Path, texts: Iterable[str]) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(texts)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _lines(path: Path) -> Iterator[Any]:
    try:
        with path.open(encoding="utf-8", newline="\n") as stream:
            while line := stream.readline(_MAX_LINE_CHARACTERS):
                yield json.loads(line)
    except FileNotFoundError as error:
        raise UsageError(f"{path.parent} holds no finished results: there is no {path.name} in it") from error
    except (OSError, ValueError, RecursionError) as error:
        raise FormatError(f"{path} is damaged") from error
