"""Commands for creators: make a portfolio index, and check what it can find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from workprint.cli.group import printable
from workprint.cli.keys import password_of
from workprint.cli.options import JOBS, PATH, QUIET, REGION, choice, with_options
from workprint.cli.progress import shown
from workprint.model import Depth


@click.command()
@click.argument("paths", type=PATH, nargs=-1, required=True, metavar="PATH...")
@click.option("--output", "-o", type=PATH, required=True, help="The index to write, or to add to.")
@click.option("--creator", default="", help="Whose works these are. Default: the name of the index.")
@click.option("--contact", default="", help="Where to ask for a licence.")
@click.option("--terms", type=PATH, help="A terms.yaml: what is allowed with these works.")
@click.option("--sign", "key", type=PATH, help="Sign the index with a key made by `workprint key new`.")
@click.option("--previews", is_flag=True, help="Put small pictures and waveforms of the works into the index.")
@click.option(
    "--alias",
    "aliases",
    multiple=True,
    metavar="NAME",
    help="Another name of the creator: a pen name, a spelling. May be given several times, as the next two.",
)
@click.option("--domain", "domains", multiple=True, help="A domain of the creator's: ada-lumen.example.")
@click.option("--url", "urls", multiple=True, help="A page or file of the creator's elsewhere.")  # fmt: skip
@click.option("--exclude", type=PATH, multiple=True,
              help="A picture or recording that never counts where it is part of a work: a logo, a stock texture, a "
              "jingle. Holds for works added from now on.")  # fmt: skip
@click.option("--exclude-region", "regions", type=REGION, multiple=True, metavar="WORK=PLACE",
              help="A part of a work that never counts: LEFT,TOP,RIGHT,BOTTOM as fractions of its size, or START,END "
              "in seconds. The work is named as in the index.")  # fmt: skip
@click.option("--coarse-audio", is_flag=True,
              help="Fewer landmarks of recordings: for portfolios of tens of hours. Once given, it holds for all works "
              "of the index.")  # fmt: skip
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

    api.make_ready("local")
    with shown("indexing", quiet) as watch:
        regions, key = labels.pop("regions"), labels.pop("key")
        signing = api.read_key(key, password_of(key)) if key else None
        labelled = api.Labels(exclude_regions=regions, key=signing, **labels)
        done = api.index(paths, output, labelled, jobs=jobs, watch=watch)
    for failure in done.unfindable:
        click.echo(f"cannot be found: {printable(failure.subject_id)}: {printable(failure.detail)}", err=True)
    for path in done.idle_paths:
        click.echo(f"the terms' path {printable(path)!r} stands for no work that was added now", err=True)
    for first, second in done.alike:
        click.echo(f"the same twice: {printable(first)} and {printable(second)}", err=True)
    if not quiet:
        works = "1 work" if done.works == 1 else f"{done.works} works"
        click.echo(f"{done.path}: {works} ({done.added} added, {done.replaced} replaced)")
        if done.key_id:
            click.echo(f"signed with the key {done.key_id}")


@click.command()
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

    api.make_ready("local")
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
