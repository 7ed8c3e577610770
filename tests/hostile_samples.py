"""What strangers may send: portfolio indexes and stores that are whole to look at and hold tables made to do harm."""

import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

THOROUGH = bool(os.environ.get("WORKPRINT_RELIABILITY"))
"""`make faults` tries several times as much as the suite does."""


def npy(table: NDArray[Any]) -> bytes:
    """A table as a portfolio holds it."""
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(table), version=(1, 0), allow_pickle=False)
    return stream.getvalue()


def tables_of(path: Path) -> Iterator[tuple[str, str, str, NDArray[Any]]]:
    """Yield recipe, name, entry and content of each table of a portfolio."""
    with zipfile.ZipFile(path) as archive:
        for recipe, names in json.loads(archive.read("manifest.json"))["tables"].items():
            for name, entry in names.items():
                yield recipe, name, entry, np.load(io.BytesIO(archive.read(entry)))


def harmed(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """A table with one kind of harm done to it."""
    content = (_shuffled, _random_bytes, _extremes, _one_wrong, _constant, _backwards)
    kinds = (*content, _shorter, _other_type, _other_shape)
    return kinds[int(rng.integers(len(kinds)))](table, rng)


def _shuffled(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return rng.permutation(table) if table.ndim else table


def _random_bytes(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return np.frombuffer(rng.bytes(table.nbytes), table.dtype).reshape(table.shape)


def _as_bytes(table: NDArray[Any]) -> NDArray[np.uint8]:
    return np.frombuffer(table.tobytes(), np.uint8).copy()


def _extremes(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    fill = (0x00, 0xFF, 0x7F, 0x80)[int(rng.integers(4))]
    return np.frombuffer(bytes([fill]) * table.nbytes, table.dtype).reshape(table.shape)


def _shorter(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return table[: int(rng.integers(max(1, len(table))))] if table.ndim else table


def _other_type(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    kind = ("<f8", "<i8", "<u2", "|u1", "|b1", "<c16", "<U3", "<M8[s]", "|V8")[int(rng.integers(9))]
    return np.zeros(table.shape, kind)


def _other_shape(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    shapes: tuple[tuple[int, ...], ...] = ((), (0,), (1, *table.shape), (0, 5), (table.size,), (0, 0, 0))
    shape = shapes[int(rng.integers(len(shapes)))]
    return table.reshape(shape) if int(np.prod(shape)) == table.size else np.zeros(shape, table.dtype)


def _one_wrong(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    data = _as_bytes(table)
    for _ in range(int(rng.integers(1, 20)) if data.size else 0):
        at = int(rng.integers(data.size))
        data[at : at + 8] = int(rng.integers(256))
    return np.frombuffer(data.tobytes(), table.dtype).reshape(table.shape)


def _constant(table: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    return np.broadcast_to(table.flat[int(rng.integers(table.size))], table.shape) if table.size else table


def _backwards(table: NDArray[Any], _: np.random.Generator) -> NDArray[Any]:
    return table[::-1] if table.ndim else table
