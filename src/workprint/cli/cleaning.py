"""Commands that act on findings: take them out of a dataset, and check that they are gone."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from workprint.cli.group import FINDINGS, INCOMPLETE, NOTHING_TO_ACT_ON, printable
from workprint.cli.options import OUTCOMES, PATH, PORTFOLIO, QUIET
from workprint.cli.progress import shown
from workprint.model import Outcome

_MOST_SHOWN = 50


@click.command()
@click.argument("dataset", type=PATH)
@click.argument("results", type=PATH)
@click.option("--output", "-o", type=PATH, required=True, help="The copy to write.")
@OUTCOMES
def clean(dataset: Path, results: Path, output: Path, outcomes: tuple[str, ...]) -> None:
    """Write a copy of a dataset without what a scan found to be prohibited.

    DATASET is a folder, archive, table or manifest on this machine, RESULTS the results of its scan. Captions and
    labels of an item go with it; everything else stays as it was. The dataset itself is not touched.

    \b
    Example:
      workprint clean dataset/ results -o cleaned
    """
    from workprint import api

    done = api.clean(dataset, results, output, [Outcome(outcome) for outcome in outcomes])
    click.echo(f"{output}: {done.seen - done.removed} of {done.seen} items; {done.removed} removed")
    if done.not_compared:
        click.echo(f"{done.not_compared} items could not be compared; they are in the copy, and may hold anything")


@click.command("verify-removal")
@click.argument("results", type=PATH)
@click.argument("dataset")
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the results of the second scan.")
@click.option("--portfolio", "-p", "portfolios", type=PORTFOLIO, multiple=True,
              help="Portfolio indexes. Default: those of the first scan, where they were.")  # fmt: skip
@click.option("--signals", type=PATH, metavar="FILE",
              help="Rights signals captured with the items, as for the first scan.")  # fmt: skip
@click.option("--allow-failures", is_flag=True, help="Do not exit with 4 because of items that cannot be read.")
@OUTCOMES
@QUIET
def verify_removal(results: Path, dataset: str, output: Path, quiet: bool, **options: Any) -> None:
    """Scan a dataset again as RESULTS were made, and say what is gone and what is left.

    Exits with 1 if anything is left, or something new is found.

    \b
    Example:
      workprint verify-removal results cleaned/ -o results-2
    """
    from workprint import api

    api.make_ready("local")
    with shown("scanning", quiet) as watch:
        outcomes = [Outcome(outcome) for outcome in options["outcomes"]]
        again = api.Again(options["portfolios"], outcomes, options["signals"])
        found = api.verify_removal(results, dataset, output, again, watch)
    click.echo(f"{found.before} items were to be removed: {found.gone} are gone, {found.before - found.gone} are left")
    for what, findings in (("left", found.left), ("not known before", found.other)):
        for finding in findings[:_MOST_SHOWN]:
            click.echo(f"{what}: {printable(finding.item)}: {printable(finding.work or finding.verdict.reason)}")
        if len(findings) > _MOST_SHOWN:
            click.echo(f"{what}: and {len(findings) - _MOST_SHOWN} more")
    if found.left or found.other:
        sys.exit(FINDINGS)
    sys.exit(INCOMPLETE if found.results.manifest.failed and not options["allow_failures"] else NOTHING_TO_ACT_ON)
