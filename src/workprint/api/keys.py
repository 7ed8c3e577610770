"""Keys of creators: make one, and say which of them count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from workprint.errors import UsageError
from workprint.portfolio import Portfolio
from workprint.signing import PublicKey, SigningKey, new_key, read_key

__all__ = ["SigningKey", "key_id_of", "new_key", "read_key", "trusted_ids"]


def trusted_ids(named: Sequence[str]) -> frozenset[str]:
    """The ids of keys and digests of portfolio indexes that an operator named as such, or by a file.

    Raises:
        UsageError: something is neither an id nor a file.
        FormatError: a file is neither a public key nor a portfolio index.
    """
    return frozenset(_trusted(name) for name in named)


def key_id_of(path: Path) -> str:
    """The id of a public key in a file. Raises `UsageError` or `FormatError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from error
    return PublicKey.from_pem(data, str(path)).key_id


def _trusted(name: str) -> str:
    if re.fullmatch(r"[0-9a-fA-F]{64}", name):
        return name.lower()
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"{name!r} is no key id (64 hexadecimal digits) and no file; --trust takes one or the other")
    with path.open("rb") as stream:
        is_portfolio = stream.read(2) == b"PK"
    if not is_portfolio:
        return key_id_of(path)
    portfolio = Portfolio(path)
    portfolio.close()
    return portfolio.digest
