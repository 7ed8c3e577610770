"""One store out of several that were made in the same way."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from workprint import store
from workprint.errors import FormatError, RecipeMismatch, StoreConflict, UsageError

_ALIKE = ("recipes", "limits", "depth", "signals")
_ROWS = 65_536


def merge(sources: Sequence[Path], target: Path) -> None:
    """Write a store with all parts of several finished ones, in the order given; parts are copied as they are.

    Raises:
        UsageError: fewer than two stores.
        RecipeMismatch: they were made in different ways.
        StoreConflict: one of them is not finished, two have the same address, or there is something at the target.
        FormatError: one of them is damaged.
    """
    if len(sources) < 2:
        raise UsageError("give at least two stores to merge")
    if target.exists():
        raise StoreConflict(f"{target} exists; choose another folder for the merged store")
    headers = [store.read_header(source) for source in sources]
    for source, header in zip(sources, headers, strict=True):
        store.require_finished(source)
        names = [name for name in _ALIKE if getattr(header, name) != getattr(headers[0], name)]
        if names:
            raise RecipeMismatch(f"{source} was made with other {' and '.join(names)} than {sources[0]}; match each")
    parts = [part for source in sources for part in store.parts(source)]
    _refuse_double(parts)
    datasets, readers = ([getattr(header, name) for header in headers] for name in ("dataset", "reader"))
    store.create(target, replace(headers[0], dataset=" + ".join(datasets), reader=" + ".join(dict.fromkeys(readers))))
    for order, part in enumerate(parts):
        state = part.path.stem.partition("-")[2]
        shutil.copyfile(part.path, store.part_for(target, order, state).path)
    store.finish(target, len(parts))


def _refuse_double(parts: Sequence[store.Part]) -> None:
    """Raise `StoreConflict` if two rows have one address: it could not lead back to the row."""
    keys = np.concatenate([np.empty(0, np.uint64), *(_keys(addresses) for part in parts for addresses in _of(part))])
    keys.sort()
    twice = keys[1:][keys[1:] == keys[:-1]]
    seen: set[str] = set()
    for addresses in (addresses for part in parts for addresses in _of(part) if len(twice)):
        for at in np.flatnonzero(np.isin(_keys(addresses), twice)):
            if addresses[at] in seen:
                raise StoreConflict(f"two of the stores hold an item {addresses[at]!r}; match them one by one instead")
            seen.add(addresses[at])


def _keys(addresses: Sequence[str]) -> NDArray[np.uint64]:
    digests = (hashlib.blake2b(address.encode(), digest_size=8).digest() for address in addresses)
    return np.frombuffer(b"".join(digests), dtype=np.uint64)


def _of(part: store.Part) -> Iterator[list[str]]:
    """The addresses in a part, some at a time."""
    try:
        with pq.ParquetFile(part.path) as file:
            for batch in file.iter_batches(batch_size=_ROWS, columns=["subject_id"]):
                yield batch.column(0).to_pylist()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise FormatError(f"{part.path} is damaged: its addresses cannot be read") from error
