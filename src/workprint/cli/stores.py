"""Commands for whole fingerprint stores."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from workprint.cli.group import FAILED, printable
from workprint.cli.options import PATH


@click.group()
def store() -> None:
    """Make a fingerprint store compact, join several, check one, or say what is in it.

    \b
    Example:
      workprint store compact store -o published
    """


@store.command()
@click.argument("source", type=PATH, metavar="STORE")
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the compact store.")
@click.option("--attribute", "attributes", multiple=True, metavar="NAME",
              help="Keep this of what the dataset says of each item (`url`). Default: nothing is kept.")  # fmt: skip
def compact(source: Path, output: Path, attributes: tuple[str, ...]) -> None:
    """Write a small copy of STORE that can be published: digests, whole-picture hashes, signatures, addresses.

    Local features and peaks are left out, so that matching it finds whole pictures and equal files only, no crops, no
    collages, no clips.

    \b
    Example:
      workprint store compact store -o published --attribute url
    """
    from workprint import api

    api.compact_store(source, output, attributes)
    _say(output)


@store.command()
@click.argument("sources", type=PATH, nargs=-1, required=True, metavar="STORE...")
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the store of all.")
def merge(sources: tuple[Path, ...], output: Path) -> None:
    """Join stores that were made in the same way into one. No two items may have the same address.

    \b
    Example:
      workprint store merge spring summer -o both
    """
    from workprint import api

    api.merge_stores(sources, output)
    _say(output)


@store.command()
@click.argument("source", type=PATH, metavar="STORE")
def verify(source: Path) -> None:
    """Check every record, count and digest of a listing in STORE; exit with 3 if anything is wrong.

    \b
    Example:
      workprint store verify store
    """
    from workprint import api

    problems = 0
    for problem in api.verify_store(source):
        problems += 1
        click.echo(printable(problem))
    if problems:
        sys.exit(FAILED)
    click.echo(f"{source}: every record, count and digest is as it should be")


@store.command()
@click.argument("source", type=PATH, metavar="STORE")
def stats(source: Path) -> None:
    """Say what STORE holds and how many bytes that takes.

    \b
    Example:
      workprint store stats store
    """
    _say(source)


def _say(folder: Path) -> None:
    from workprint import api

    for name, value in api.store_stats(folder):
        click.echo(f"{name + ':':<10}{printable(value)}")
