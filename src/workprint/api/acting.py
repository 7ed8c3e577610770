"""Act on results: compare them with earlier ones, list what to take out, say what is left after it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from workprint.errors import UsageError
from workprint.findings import Results, read_results
from workprint.model import Finding, Outcome
from workprint.reports.removal import removal_files

PROHIBITED = frozenset({Outcome.PROHIBITED})


def against(results: Results, baseline: Path) -> tuple[Mapping[str, str], tuple[Finding, ...]]:
    """What became of each finding since an earlier run, by its id, and the earlier ones that are gone.

    `new`; `updated`: it was there, and is more serious now; `unchanged`.

    Raises:
        UsageError: there are no results at `baseline`, or they are about another use.
        FormatError: they are damaged.
    """
    before = read_results(baseline)
    if before.manifest.use is not results.manifest.use:
        raise UsageError(
            f"the baseline {baseline} is about {before.manifest.use.value}, these results about "
            f"{results.manifest.use.value}; compare runs of one --use"
        )
    levels = {finding.finding_id: finding.level.rank for finding in before.findings}
    states = {finding.finding_id: _state(finding, levels.get(finding.finding_id)) for finding in results.findings}
    return states, tuple(finding for finding in before.findings if finding.finding_id not in states)


def write_removal(results: Path, output: Path, outcomes: Collection[Outcome] = PROHIBITED) -> int:
    """Write the lists of what to take out into a new folder, all or nothing, and return the number of items.

    Raises:
        UsageError: there are no results at `results`, or something is at `output`.
        FormatError: the results are damaged.
        OSError: the folder cannot be written.
    """
    held = read_results(results)
    if output.exists():
        raise UsageError(f"{output} is there already; choose another place for the lists")
    files = removal_files(held.manifest, held.findings, outcomes)
    temporary = output.with_name(f"{output.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir()
        for name, data in files.items():
            (temporary / name).write_bytes(data)
        temporary.replace(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return len(files["items.txt"].splitlines())


def _state(finding: Finding, before: int | None) -> str:
    if before is None:
        return "new"
    return "updated" if finding.level.rank > before else "unchanged"
