"""Commands for terms: begin a file, check it, and say what holds for a work."""

from __future__ import annotations

from pathlib import Path

import click

from workprint.cli.group import printable
from workprint.cli.options import PATH


@click.group()
def terms() -> None:
    """Write down what may be done with your works, and check what you wrote.

    \b
    Example:
      workprint terms init terms.yaml
    """


@terms.command()
@click.argument("path", type=PATH)
def init(path: Path) -> None:
    """Begin a terms file: it denies everything, and says beside each line what could stand there instead.

    \b
    Example:
      workprint terms init terms.yaml
    """
    from workprint import api

    api.begin_terms(path)
    click.echo(f"{path}: change what is not so, then run `workprint terms check {path}`")


@terms.command("check")
@click.argument("path", type=PATH)
def check_terms(path: Path) -> None:
    """Say whether a terms file is understood, and what is odd about it.

    \b
    Example:
      workprint terms check terms.yaml
    """
    from workprint import api

    for remark in api.check_terms(path):
        click.echo(printable(remark))


@terms.command("show")
@click.argument("path", type=PATH)
@click.option("--work", "work_ids", multiple=True, metavar="PATH",
              help="A work, by its path below the folder that is indexed. May be given several times.")  # fmt: skip
def show_terms(path: Path, work_ids: tuple[str, ...]) -> None:
    """Say what holds for works, one use a line, and which grants there are. Without --work: for any work.

    \b
    Example:
      workprint terms show terms.yaml --work posters/lighthouse.png
    """
    from workprint import api

    for line in api.show_terms(path, work_ids):
        click.echo(printable(line))
