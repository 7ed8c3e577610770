"""All commands. Heavy modules are imported inside them, so that `workprint --help` answers at once."""

from __future__ import annotations

import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from workprint import __version__
from workprint.cli.options import (
    DATASET_OPTIONS,
    JOBS,
    NEVER,
    PATH,
    PORTFOLIO,
    PORTFOLIOS,
    QUIET,
    REGION,
    VERDICT_OPTIONS,
    choice,
    with_options,
)
from workprint.cli.progress import shown
from workprint.errors import UsageError, WorkprintError
from workprint.model import Depth, Level, Use

NOTHING_TO_ACT_ON, FINDINGS, USAGE, FAILED, INCOMPLETE = range(5)
_REPORT_FORMATS = ("html", "csv", "jsonl")


class Commands(click.Group):
    """Commands in the order of their use; errors as one sentence, with the design's exit codes."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """In the order they are written in below."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what is raised on purpose is told in a sentence."""
        try:
            return super().invoke(ctx)
        except UsageError as error:
            _fail(error, USAGE)
        except WorkprintError as error:
            _fail(error, FAILED)
        except OSError as error:
            _fail(error, FAILED)


def _fail(error: Exception, code: int) -> NoReturn:
    click.echo(f"workprint: {printable(str(error))}", err=True)
    sys.exit(code)


def printable(text: str) -> str:
    """Text from files and datasets, without what a terminal would take for commands."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="workprint")
def main() -> None:
    """Are these creators' works in this training dataset, and was that permitted?

    \b
    At home, once:     workprint index ~/illustrations -o mine.workprint --creator "Ada Lumen" --terms terms.yaml
    For each dataset:  workprint scan DATASET -p mine.workprint -o results
    To see it work:    workprint demo

    \b
    Exit codes: 0 nothing to act on, 1 findings at or above --fail-on, 2 usage, 3 the run failed,
    4 incomplete (some items could not be read, and --allow-failures was not given).
    """


@main.command()
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="PATH...")
@click.option("--output", "-o", type=PATH, required=True, help="The index to write, or to add to.")
@click.option("--creator", default="", help="Whose works these are. Default: the name of the index.")
@click.option("--contact", default="", help="Where to ask for a licence.")
@click.option("--terms", type=PATH, help="A terms.yaml: what is allowed with these works.")
@click.option("--previews", is_flag=True, help="Put small pictures and waveforms of the works into the index.")
@click.option("--exclude", type=PATH, multiple=True,
              help="A picture or recording that never counts where it is part of a work: a logo, a stock texture, a "
              "jingle. Holds for works added from now on.")  # fmt: skip
@click.option("--exclude-region", "regions", type=REGION, multiple=True, metavar="WORK=PLACE",
              help="A part of a work that never counts: LEFT,TOP,RIGHT,BOTTOM as fractions of its size, or START,END "
              "in seconds. The work is named as in the index.")  # fmt: skip
@with_options(JOBS, QUIET)
def index(paths: tuple[Path, ...], output: Path, jobs: int, quiet: bool, **labels: Any) -> None:
    """Make a portfolio index from your works, or add to one.

    The index holds fingerprints, digests and terms; your pictures and recordings stay where they are. Works that
    cannot be found by it (blank, silent, too short) are named at once.

    \b
    Example:
      workprint index ~/illustrations -o mine.workprint --creator "Ada Lumen" --terms terms.yaml
    """
    from workprint import api

    with shown("indexing", quiet) as watch:
        regions = labels.pop("regions")
        done = api.index(paths, output, api.Labels(exclude_regions=regions, **labels), jobs=jobs, watch=watch)
    for failure in done.unfindable:
        click.echo(f"cannot be found: {printable(failure.subject_id)}: {printable(failure.detail)}", err=True)
    for first, second in done.alike:
        click.echo(f"the same twice: {printable(first)} and {printable(second)}", err=True)
    if not quiet:
        works = "1 work" if done.works == 1 else f"{done.works} works"
        click.echo(f"{done.path}: {works} ({done.added} added, {done.replaced} replaced)")


@main.command()
@click.argument("portfolio", type=PATH)
@click.option("--portfolio-media", type=PATH, multiple=True, required=True,
              help="The folder that was given to `index`.")  # fmt: skip
@click.option("--depth", type=choice(Depth), default=Depth.THOROUGH.value, show_default=True,
              help="The depth of the scan to come.")  # fmt: skip
@click.option(
    "--output",
    "-o",
    type=PATH,
    help="Also write the card as JSON; a report shows it if it lies beside the index as NAME.card.json.",
)
@with_options(JOBS, QUIET)
def check(portfolio: Path, portfolio_media: tuple[Path, ...], depth: str, **options: Any) -> None:
    """Say which of your works can be found after which edit, before any scan.

    Every work is edited as pictures and recordings are on their way into a dataset (cropped, mirrored, re-encoded, cut
    to clips, sped up and so on), and each outcome is looked for in the index.

    \b
    Example:
      workprint check mine.workprint --portfolio-media ~/illustrations -o mine.card.json
    """
    from workprint import api

    with shown("checking", options["quiet"]) as watch:
        card = api.check(portfolio, portfolio_media, Depth(depth), options["jobs"], watch)
    if options["output"]:
        api.write_card(options["output"], card)
    for work in card.works:
        click.echo(printable(work_in_words(work)))
    counted = api.robustness(card.works)
    for name, found, tried in counted.shares if counted else ():
        click.echo(f"found after {name}: {found} of {tried} works")


def work_in_words(work: Any) -> str:
    """One work of a robustness card, in a line."""
    if work.problem:
        return f"{work.work_id}: not tried: {work.problem}"
    missed = [name for name, found in work.found.items() if not found]
    line = f"{work.work_id}: found after {len(work.found) - len(missed)} of {len(work.found)} edits"
    return f"{line}; not after {', '.join(missed)}" if missed else line


@main.command()
@click.argument("dataset")
@PORTFOLIOS
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the results.")
@with_options(VERDICT_OPTIONS, DATASET_OPTIONS, JOBS, QUIET)
def scan(dataset: str, portfolios: tuple[Path, ...], output: Path, quiet: bool, **options: Any) -> None:
    """Look for the works of portfolios in a dataset.

    DATASET is a path or URL of a folder, a .zip, WebDataset .tar shards, Parquet with media in it, or a CSV, TSV or
    JSONL manifest that points at media. The results folder gets findings.jsonl, failures.jsonl, run.json and
    report.html. A run that was stopped goes on where it was when it is started again.

    \b
    Example:
      workprint scan shards/ -p ada.workprint -p ben.workprint -o results --use ai_generative_training
    """
    from workprint import api

    with shown("scanning", quiet) as watch:
        results = api.scan(dataset, portfolios, output, _settings(options), watch)
    _conclude(results, output, portfolios, quiet, options)


@main.command()
@click.argument("dataset")
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the fingerprint store.")
@click.option("--allow-failures", is_flag=True, help="Do not exit with 4 because of items that cannot be read.")
@with_options(DATASET_OPTIONS, JOBS, QUIET)
def fingerprint(dataset: str, output: Path, quiet: bool, allow_failures: bool, **options: Any) -> None:
    """Fingerprint a dataset into a store: the first half of `scan`.

    The store can be matched with any portfolio later, without the media. A run that was stopped goes on where it was
    when it is started again.

    \b
    Example:
      workprint fingerprint s3://bucket/shards -o store
    """
    from workprint import api

    with shown("fingerprinting", quiet) as watch:
        counts = api.fingerprint(dataset, output, _settings(options), watch)
    seen, compared = sum(count.seen for count in counts), sum(count.fingerprinted for count in counts)
    if not quiet:
        click.echo(f"{output}: {seen} items seen = {compared} fingerprinted + {seen - compared} failed")
    sys.exit(INCOMPLETE if seen > compared and not allow_failures else NOTHING_TO_ACT_ON)


@main.command()
@click.argument("store", type=PATH)
@PORTFOLIOS
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the results.")
@with_options(VERDICT_OPTIONS, JOBS, QUIET)
def match(store: Path, portfolios: tuple[Path, ...], output: Path, quiet: bool, **options: Any) -> None:
    """Look for the works of portfolios in a store: the second half of `scan`. Needs no media.

    \b
    Example:
      workprint match store -p mine.workprint -o results
    """
    from workprint import api

    with shown("matching", quiet) as watch:
        results = api.match(store, portfolios, output, _settings(options), watch)
    _conclude(results, output, portfolios, quiet, options)


@main.command()
@click.argument("results", type=PATH)
@click.option("--format", "form", type=click.Choice(_REPORT_FORMATS), default="html", show_default=True)
@click.option("--output", "-o", type=PATH, help="File to write. Default: standard output.")
@click.option("--portfolio", "-p", "portfolios", type=PORTFOLIO, multiple=True,
              help="Portfolio indexes of the scan. Default: where they were then.")  # fmt: skip
@click.option("--portfolio-media", type=PATH, multiple=True,
              help="The folder that was given to `index`, to show the works.")  # fmt: skip
def report(results: Path, form: str, output: Path | None, **places: Any) -> None:
    """Write the results of a scan as a page, a table or lines.

    \b
    Example:
      workprint report results --format csv -o findings.csv
    """
    from workprint import api

    if output is None:
        api.report(results, sys.stdout, form, **places)
        return
    temporary = output.with_name(f"{output.name}.tmp")  # a report that is there stays until the new one is whole
    try:
        with temporary.open("w", encoding="utf-8", newline="") as stream:
            api.report(results, stream, form, **places)
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)


@main.command()
@click.argument("path")
def inspect(path: str) -> None:
    """Say what a portfolio index, a store, a results folder or a dataset holds.

    \b
    Example:
      workprint inspect mine.workprint
    """
    from workprint import api

    for name, value in api.inspect(path):
        click.echo(f"{name + ':':<17}{printable(value)}")


@main.command()
@click.option("--output", "-o", type=PATH, default=Path("workprint-demo"), show_default=True, help="Folder to write.")
@with_options(JOBS, QUIET)
def demo(output: Path, jobs: int, quiet: bool) -> None:
    """Do the whole job on two small portfolios and a dataset that come with Workprint.

    \b
    Example:
      workprint demo
    """
    from workprint import api

    with shown("scanning", quiet) as watch:
        results = api.demo(output, api.Settings(jobs=jobs), watch)
    if not quiet:
        click.echo(_summary(results.manifest))
    click.echo((output / "results" / api.REPORT).resolve())


def _settings(options: dict[str, Any]) -> Any:
    from workprint import api
    from workprint.model import Limits

    chosen: dict[str, Any] = {name: options[name] for name in ("jobs", "engine", "reader") if name in options}
    chosen.update({name: noun(options[name]) for name, noun in (("use", Use), ("depth", Depth)) if name in options})
    if "max_pixels" in options:
        chosen["limits"] = Limits(max_pixels=options["max_pixels"], max_seconds=options["max_seconds"])
    as_of: datetime | None = options.get("as_of")
    return api.Settings(as_of=as_of.date() if as_of else date.today(), **chosen)


def _conclude(results: Any, output: Path, portfolios: tuple[Path, ...], quiet: bool, options: dict[str, Any]) -> None:
    from workprint import api

    with (output / api.REPORT).open("w", encoding="utf-8") as stream:
        api.report(output, stream, portfolios=portfolios, portfolio_media=options["portfolio_media"])
    if not quiet:
        click.echo(_summary(results.manifest))
        click.echo(output / api.REPORT)
    sys.exit(_exit_code(results, options["fail_on"], options["allow_failures"]))


def _exit_code(results: Any, fail_on: str, allow_failures: bool) -> int:
    """Findings come before incompleteness; an incomplete run is never 0."""
    levels = [finding.level.rank for finding in results.findings]
    if fail_on != NEVER and any(rank >= Level(fail_on).rank for rank in levels):
        return FINDINGS
    if results.manifest.failed and not allow_failures:
        return INCOMPLETE
    return NOTHING_TO_ACT_ON


def _summary(manifest: Any) -> str:
    failed = ", ".join(f"{code} {number}" for code, number in manifest.failed.items())
    found = ", ".join(f"{number} {outcome}" for outcome, number in manifest.findings.items()) or "none"
    return (
        f"{manifest.seen} items seen = {manifest.fingerprinted} compared + {sum(manifest.failed.values())} failed"
        f"{f' ({failed})' if failed else ''}\nmatches: {found}"
    )
