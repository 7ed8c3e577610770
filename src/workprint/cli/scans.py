"""Commands that compare: scan, its two halves, and the demonstration."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, TextIO

import click

from workprint.cli.group import FINDINGS, INCOMPLETE, NOTHING_TO_ACT_ON
from workprint.cli.options import (
    DATASET_OPTIONS,
    ENGINE_OPTIONS,
    JOBS,
    NEVER,
    PATH,
    PORTFOLIOS,
    QUIET,
    VERDICT_OPTIONS,
    with_options,
)
from workprint.cli.profile import PROFILE, profiled
from workprint.cli.progress import shown
from workprint.model import Depth, Level, Use


@click.command()
@click.argument("dataset")
@PORTFOLIOS
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the results.")
@with_options(VERDICT_OPTIONS, DATASET_OPTIONS, ENGINE_OPTIONS, PROFILE, QUIET)
def scan(dataset: str, portfolios: tuple[Path, ...], output: Path, quiet: bool, **options: Any) -> None:
    """Look for the works of portfolios in a dataset, and for items that reserve themselves.

    DATASET is a path or URL of a folder, a .zip, WebDataset .tar shards, Parquet with media in it, or a CSV, TSV or
    JSONL manifest that points at media. The results folder gets findings.jsonl, failures.jsonl, run.json and
    report.html. A run that was stopped goes on where it was when it is started again.

    \b
    Example:
      workprint scan shards/ -p ada.workprint -p ben.workprint -o results --use ai_generative_training
      workprint scan shards/ -o results         which items say themselves that the use is reserved
    """
    from workprint import api

    api.make_ready(options["engine"])
    _check_baseline(options["baseline"], output)
    with shown("scanning", quiet) as watch, profiled(watch, *_profile(options)) as told:
        results = api.scan(dataset, portfolios, output, _settings(options), told)
    _conclude(results, output, portfolios, quiet, options)


@click.command()
@click.argument("dataset")
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the fingerprint store.")
@click.option("--compact", is_flag=True, help="Write the compact store that `store compact` would make of it.")
@click.option("--attribute", "attributes", multiple=True, metavar="NAME",
              help="With --compact: keep this of what the dataset says of each item. Default: nothing.")  # fmt: skip
@click.option("--allow-failures", is_flag=True, help="Do not exit with 4 because of items that cannot be read.")
@with_options(DATASET_OPTIONS, ENGINE_OPTIONS, PROFILE, QUIET)
def fingerprint(dataset: str, output: Path, quiet: bool, allow_failures: bool, **options: Any) -> None:
    """Fingerprint a dataset into a store: the first half of `scan`.

    The store can be matched with any portfolio later, without the media. A run that was stopped goes on where it was
    when it is started again.

    \b
    Example:
      workprint fingerprint s3://bucket/shards -o store
      workprint fingerprint shards/ -o published --compact --attribute url
    """
    from workprint import api

    attributes = options.pop("attributes")
    if attributes and not options["compact"]:
        raise click.UsageError("--attribute goes with --compact; a full store keeps everything")
    options["compact"] = attributes if options["compact"] else None
    api.make_ready(options["engine"])
    with shown("fingerprinting", quiet) as watch, profiled(watch, *_profile(options)) as told:
        counts = api.fingerprint(dataset, output, _settings(options), told)
    seen, compared = sum(count.seen for count in counts), sum(count.fingerprinted for count in counts)
    if not quiet:
        click.echo(f"{output}: {seen} items seen = {compared} fingerprinted + {seen - compared} failed")
    sys.exit(INCOMPLETE if seen > compared and not allow_failures else NOTHING_TO_ACT_ON)


@click.command()
@click.argument("store", type=PATH)
@PORTFOLIOS
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the results.")
@with_options(VERDICT_OPTIONS, ENGINE_OPTIONS, PROFILE, QUIET)
def match(store: Path, portfolios: tuple[Path, ...], output: Path, quiet: bool, **options: Any) -> None:
    """Look for the works of portfolios in a store: the second half of `scan`. Needs no media.

    \b
    Example:
      workprint match store -p mine.workprint -o results
    """
    from workprint import api

    api.make_ready(options["engine"], store)
    _check_baseline(options["baseline"], output)
    with shown("matching", quiet) as watch, profiled(watch, *_profile(options)) as told:
        results = api.match(store, portfolios, output, _settings(options), told)
    _conclude(results, output, portfolios, quiet, options)


@click.command()
@click.option("--output", "-o", type=PATH, default=Path("workprint-demo"), show_default=True, help="Folder to write.")
@with_options(JOBS, QUIET)
def demo(output: Path, jobs: int, quiet: bool) -> None:
    """Do the whole job on two small portfolios and a dataset that come with Workprint.

    \b
    Example:
      workprint demo
    """
    from workprint import api

    api.make_ready("local")
    with shown("scanning", quiet) as watch:
        results = api.demo(output, api.Settings(jobs=jobs), watch)
    if not quiet:
        click.echo(_summary(results.manifest))
    click.echo((output / "results" / api.REPORT).resolve())


def _profile(options: dict[str, Any]) -> tuple[bool, TextIO | None]:
    """Whether and where it is wanted; whether times are taken at all is a matter of the run."""
    wanted, file = options["profile"], options.pop("profile_json")
    options["profile"] = wanted or file is not None
    return wanted, file


def _settings(options: dict[str, Any]) -> Any:
    from workprint import api
    from workprint.model import Limits

    chosen: dict[str, Any] = {
        name: options[name]
        for name in (
            "jobs",
            "engine",
            "address",
            "reader",
            "media_root",
            "signals",
            "names",
            "retry_failures",
            "compact",
            "profile",
        )
        if name in options
    }
    chosen.update({name: noun(options[name]) for name, noun in (("use", Use), ("depth", Depth)) if name in options})
    asked = ("licensee", "purposes", "territories", "publication_media", "trust")
    chosen.update({name: options[name] for name in asked if name in options})
    if "max_pixels" in options:
        chosen["limits"] = Limits(
            max_pixels=options["max_pixels"],
            max_seconds=options["max_seconds"],
            max_item_seconds=options["max_item_seconds"],
            max_memory_bytes=options["max_memory"] * 1024**2,
        )
    as_of: datetime | None = options.get("as_of")
    return api.Settings(as_of=as_of.date() if as_of else date.today(), **chosen)


def _check_baseline(baseline: Path | None, output: Path) -> None:
    """Before hours of work: a baseline that is overwritten would make every finding an old one."""
    from workprint import api

    if baseline is None:
        return
    if baseline.resolve() == output.resolve():
        raise click.UsageError("--baseline is the folder that this run writes to; choose another --output")
    api.read_results(baseline)


def _conclude(results: Any, output: Path, portfolios: tuple[Path, ...], quiet: bool, options: dict[str, Any]) -> None:
    from workprint import api

    temporary = output / f"{api.REPORT}.tmp"  # a report is whole, or it is the one before
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            api.report(output, stream, portfolios=portfolios, portfolio_media=options["portfolio_media"])
        temporary.replace(output / api.REPORT)
    finally:
        temporary.unlink(missing_ok=True)
    if not quiet:
        click.echo(_summary(results.manifest))
        if left_open := api.unseen(results.manifest):
            click.echo(left_open)
        click.echo(output / api.REPORT)
    states, _ = api.against(results, options["baseline"]) if options["baseline"] else ({}, ())
    if options["summary"]:
        with options["summary"].open("a", encoding="utf-8") as stream:
            api.report(output, stream, "markdown", portfolios, baseline=options["baseline"])
    acted_on = [one for one in results.findings if states.get(one.finding_id) != "unchanged"]
    sys.exit(exit_code(acted_on, results.manifest.failed, options["fail_on"], options["allow_failures"]))


def exit_code(findings: Sequence[Any], failed: dict[str, int], fail_on: str, allow_failures: bool) -> int:
    """Findings come before incompleteness; an incomplete run is never 0."""
    levels = [finding.level.rank for finding in findings]
    if fail_on != NEVER and any(rank >= Level(fail_on).rank for rank in levels):
        return FINDINGS
    if failed and not allow_failures:
        return INCOMPLETE
    return NOTHING_TO_ACT_ON


def _summary(manifest: Any) -> str:
    failed = ", ".join(f"{code} {number}" for code, number in manifest.failed.items())
    found = ", ".join(f"{number} {outcome}" for outcome, number in manifest.findings.items()) or "none"
    return (
        f"{manifest.seen} items seen = {manifest.fingerprinted} compared + {sum(manifest.failed.values())} failed"
        f"{f' ({failed})' if failed else ''}\nfindings: {found}"
    )
