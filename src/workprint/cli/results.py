"""Commands that show: reports, and what a file or folder holds."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from workprint.cli.group import printable
from workprint.cli.options import PATH, PORTFOLIO

_REPORT_FORMATS = ("html", "csv", "jsonl")


@click.command()
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


@click.command()
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
