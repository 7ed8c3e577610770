"""Commands that show: reports, and what a file or folder holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from workprint.cli.group import printable
from workprint.cli.options import OUTCOMES, PATH, PORTFOLIO, READER
from workprint.model import Outcome

_REPORT_FORMATS = ("html", "csv", "jsonl", "sarif", "markdown", "overview", "removal")


@click.command()
@click.argument("results", type=PATH)
@click.option("--format", "form", type=click.Choice(_REPORT_FORMATS), default="html", show_default=True)
@click.option("--output", "-o", type=PATH, help="File to write, or the folder for removal. Default: standard output.")
@click.option("--portfolio", "-p", "portfolios", type=PORTFOLIO, multiple=True,
              help="Portfolio indexes of the scan. Default: where they were then.")  # fmt: skip
@click.option("--portfolio-media", type=PATH, multiple=True,
              help="The folder that was given to `index`, to show the works.")  # fmt: skip
@click.option("--baseline", type=PATH, metavar="OLD_OUT",
              help="Results of an earlier run; SARIF and Markdown say what is new since.")  # fmt: skip
@OUTCOMES
def report(results: Path, form: str, output: Path | None, outcomes: tuple[str, ...], **places: Any) -> None:
    """Write the results of a scan as a page, a table, lines, SARIF, a summary, counts, or lists of what to take out.

    `overview` counts the items that carry each work, and those of each part, domain and licence, as JSON.

    \b
    Example:
      workprint report results --format csv -o findings.csv
      workprint report results --format removal -o removal
    """
    from workprint import api

    if form == "removal":
        if output is None:
            raise click.UsageError("--format removal writes several files; say where with -o FOLDER")
        items = api.write_removal(results, output, [Outcome(outcome) for outcome in outcomes])
        click.echo(f"{output}: {items} items")
        return
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


@click.command()
@click.argument("path")
@READER
def inspect(path: str, reader: str | None, media_root: str) -> None:
    """Say what a portfolio index, a folder of them, a store, a results folder or a dataset holds.

    With --reader or --media-root, it is taken for a dataset, whatever else it may be.

    \b
    Example:
      workprint inspect mine.workprint
      workprint inspect shards/ --reader folder
      workprint inspect train.jsonl --media-root /data/audio
    """
    from workprint import api

    for name, value in api.inspect(path, reader, media_root):
        click.echo(f"{name + ':':<17}{printable(value)}")
