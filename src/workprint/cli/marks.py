"""The command that writes rights metadata."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from workprint.cli.group import INCOMPLETE, printable
from workprint.cli.options import PATH


@click.command()
@click.argument("files", type=PATH, nargs=-1, required=True, metavar="FILES...")
@click.option("--output", "-o", type=PATH, required=True, help="Folder for the copies; nothing in it is overwritten.")
@click.option("--terms", type=PATH, required=True, help="A terms.yaml: what is allowed with these works.")
@click.option("--creator", default="", help="Whose works these are.")
@click.option("--notice", default="", help="The copyright line. Default: © and the creator.")
@click.option("--site-path", "location", default="/", show_default=True, help="What tdmrep.json speaks of.")
@click.option("--certificate", "certificates", type=PATH,
              help="A chain of certificates (PEM, ES256), to sign a C2PA manifest with.")  # fmt: skip
@click.option("--key", "key", type=PATH, help="The key of that certificate (PEM).")
def mark(files: tuple[Path, ...], output: Path, **options: Any) -> None:
    """Write your terms into copies of your files.

    Pictures get XMP (IPTC/PLUS Data Mining among it) and EXIF, recordings get tags and XMP; pixels and samples stay as
    they are. A tdmrep.json for your site is written beside the copies. With --certificate and --key, each
    copy gets a signed manifest as well; that needs the extra workprint[c2pa].

    \b
    Example:
      workprint mark ~/illustrations -o marked --terms terms.yaml --creator "Ada Lumen"
    """
    from workprint import api

    done = api.mark(files, output, api.Marking(**options))
    for failure in done.refused:
        click.echo(f"not marked: {printable(failure.subject_id)}: {printable(failure.detail)}", err=True)
    copies = "1 copy" if len(done.written) == 1 else f"{len(done.written)} copies"
    click.echo(f"{output}: {copies} marked" + (f", {len(done.refused)} not marked" if done.refused else ""))
    if done.tdmrep:
        click.echo(f"{done.tdmrep}: put it at /.well-known/tdmrep.json of your site")
    sys.exit(INCOMPLETE if done.refused else 0)
