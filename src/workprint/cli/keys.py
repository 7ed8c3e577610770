"""Commands for keys: make one, and say which one a file holds."""

from __future__ import annotations

from pathlib import Path

import click

from workprint.cli.options import PATH

PASSWORD_VARIABLE = "WORKPRINT_KEY_PASSWORD"


def password_of(path: Path, confirm: bool = False) -> str:
    """The password of a key, from the environment or asked for."""
    import os

    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    text: str = click.prompt(f"Password of the key {path}", hide_input=True, confirmation_prompt=confirm, err=True)
    return text


@click.group()
def key() -> None:
    """Make keys to sign portfolio indexes with.

    \b
    Example:
      workprint key new ada.key
    """


@key.command()
@click.argument("path", type=PATH)
def new(path: Path) -> None:
    """Make an Ed25519 key: PATH for you alone, encrypted with a password; PATH.pub for everyone.

    The password is asked for, or taken from the environment variable WORKPRINT_KEY_PASSWORD. Publish the id or the
    public file where people know you, so that they can tell your signature from a stranger's.

    \b
    Example:
      workprint key new ada.key
    """
    from workprint import api

    public_path = path.with_name(f"{path.name}.pub")
    made = api.new_key(path, public_path, password_of(path, confirm=True))
    click.echo(f"{path}: keep it, and its password; neither can be made again")
    click.echo(f"{public_path}: publish it")
    click.echo(f"key id: {made.public.key_id}")


@key.command()
@click.argument("public_path", type=PATH)
def show(public_path: Path) -> None:
    """Say the id of a public key.

    \b
    Example:
      workprint key show ada.key.pub
    """
    from workprint import api

    click.echo(api.key_id_of(public_path))
