"""What an item's address begins with. Addresses are documented in `docs/formats/addresses.md`."""

import re


def container_of(address: str) -> str:
    """Return the archive, table or recording that an item is in; of a file of its own, its whole path."""
    return re.split("[!#]", address, maxsplit=1)[0]
