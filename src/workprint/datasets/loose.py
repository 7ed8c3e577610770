"""Media files that lie in a folder, with what the files beside them say of them."""

from collections.abc import Iterable, Iterator
from typing import Any

from workprint.datasets.addresses import decode_name, encode_name
from workprint.datasets.annotations import said_of, speaks_of_others
from workprint.datasets.attributes import MAX_SIDECAR_BYTES, SIDECAR_KEYS, bounded, from_sidecars
from workprint.datasets.holding import failure
from workprint.datasets.kinds import base_name, claims_media, ending_of
from workprint.datasets.paths import plain_file
from workprint.datasets.places import Place
from workprint.errors import ItemError
from workprint.model import Item, Limits, PassedOver, Shard
from workprint.protocols import Read

IGNORED_FOLDERS = frozenset((".git", ".hg", ".svn", ".cache", "__MACOSX"))
"""What tools keep beside a dataset; passed over whole."""


def read_files(root: Place, shard: Shard, limits: Limits) -> Iterator[Read]:
    """Yield the files whose addresses the shard's extent holds.

    An address that ends in `/` is a folder that was not entered: because tools made it, or because it cannot be listed.
    """
    addresses = shard.extent if isinstance(shard.extent, tuple) else ()
    paths = [decode_name(address) for address in addresses]
    beside = {path for path in paths if ending_of(path) in SIDECAR_KEYS}
    said = said_of(root, (path for path in paths if claims_media(path)))
    is_other = speaks_of_others(root, paths[0].rstrip("/").rpartition("/")[0]) if paths else None
    for address, path in zip(addresses, paths, strict=True):
        if path.endswith("/"):
            yield _closed_folder(address, path)
        elif not claims_media(path) or (is_other and is_other(base_name(path))):
            yield PassedOver(address, ending_of(path))
        else:
            attributes = bounded({**said.get(path, {}), **_sidecars(root, path, beside)})
            yield _read(root, path, Item(address, shard.shard_id, attributes), limits)


def _closed_folder(address: str, path: str) -> Read:
    if base_name(path) in IGNORED_FOLDERS:
        return PassedOver(address, base_name(path))
    return failure(address, ItemError("the folder cannot be listed, so what is in it is not known"))


def _read(root: Place, path: str, item: Item, limits: Limits) -> Read:
    try:
        return item, plain_file(root, path).blob(limits.max_item_bytes)
    except ItemError as error:
        return failure(item.item_id, error)
    except OSError as error:
        return failure(
            item.item_id, ItemError(f"the file cannot be opened: {error.strerror or encode_name(str(error))}")
        )


def _sidecars(root: Place, path: str, beside: Iterable[str]) -> dict[str, Any]:
    folder, slash, base = path.rpartition("/")
    stem = folder + slash + (base.rpartition(".")[0] or base)
    return from_sidecars({ending: _text(root, stem + ending) for ending in SIDECAR_KEYS if stem + ending in beside})


def _text(root: Place, path: str) -> bytes:
    """Return a file beside an item; nothing if it cannot be read, because the item itself still can."""
    try:
        with plain_file(root, path).open() as stream:
            return stream.read(MAX_SIDECAR_BYTES + 1)
    except (ItemError, OSError):
        return b""
