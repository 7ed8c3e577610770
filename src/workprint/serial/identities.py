"""Creators' identities as a portfolio index holds them."""

from dataclasses import asdict
from typing import Any

from workprint.errors import FormatError
from workprint.model import Identity


def identity_to_json(identity: Identity) -> dict[str, Any]:
    """One entry of `identities.json`."""
    return asdict(identity)


def identity_from_json(line: Any, where: str) -> Identity:
    """The identity that `identity_to_json` wrote. Raises `FormatError`."""
    try:
        lists = {name: tuple(str(text) for text in line[name]) for name in ("names", "domains", "urls")}
        return Identity(str(line["creator"]), str(line["contact"]), **lists)
    except (KeyError, TypeError, ValueError) as error:
        raise FormatError(f"{where} holds a damaged identity ({type(error).__name__}: {error})") from error
