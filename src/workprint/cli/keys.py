"""Commands for keys: make one, and say which one a file holds."""

from __future__ import annotations

from pathlib import Path

import click

from workprint.cli.options import PATH
from workprint.errors import UsageError

PASSWORD_VARIABLE = "WORKPRINT_KEY_PASSWORD"


def password_of(path: Path, confirm: bool = False) -> str:
    """The password of a key, from the environment or asked for. Raises `UsageError` where nobody can be asked."""
    import os
    import warnings
    from getpass import GetPassWarning

    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)  # it would read, and show, what stands in the input
            text: str = click.prompt(f"Password of the key {path}", None, True, confirm, err=True)
    except GetPassWarning:
        raise UsageError(
            f"the password of the key {path} cannot be asked for, without a terminal; give it in {PASSWORD_VARIABLE}"
        ) from None
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
