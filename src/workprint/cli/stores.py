"""Commands for whole fingerprint stores."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from workprint.cli.group import FAILED, printable
from workprint.cli.options import PATH, QUIET
from workprint.cli.progress import shown


@click.group()
def store() -> None:
    """Make a fingerprint store compact, join several, compare two, check one, or say what is in it.

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
@click.argument("other", type=PATH, metavar="OTHER")
@click.option("--output", "-o", type=PATH, required=True, help="File for the pairs, one line of JSON each.")
@QUIET
def candidates(source: Path, other: Path, output: Path, quiet: bool) -> None:
    """List items of STORE that may be like items of OTHER, a store or a portfolio index, by their signatures.

    These are no findings: signatures can be alike by chance, and a part of a work has another signature than the
    work. Look at the media of both, or scan them. Works with compact stores.

    Up to 2,000,000,000 pairs are looked at one by one; of more, those that share three places of their signatures,
    which finds a part of them. Temporary files beside the output take 512 bytes for each signature.

    \b
    Example:
      workprint store candidates published mine.workprint -o candidates.jsonl
    """
    from workprint import api

    with shown("comparing", quiet) as watch:
        counts = api.store_candidates(source, other, output, watch)
    for recipe, number in counts.items() if not quiet else ():
        pairs = "1 pair" if number == 1 else f"{number:,} pairs"
        click.echo(f"{printable(recipe.partition('/')[0])}: {pairs} to look at, none of them a finding")
    if not quiet:
        click.echo(output)


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
