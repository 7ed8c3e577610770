"""Compact stores of pictures, and portfolios, drawn by seed, with copies of works planted at known distances.

Columns are drawn as arrays and go straight into Parquet parts: `store.write_part`, which takes an object for each
record, takes five times as long, without the making of the objects. What lies in the parts is the same, but for the
digest of the listing, which is made up: `match` hands it on and never recounts it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from workprint import store
from workprint.matching.digests import DigestIndex
from workprint.matching.hamming import HammingTable
from workprint.matching.image_hash import HashIndex
from workprint.model import Depth, FingerprintRecord, Limits, Medium, Work
from workprint.plugins import DIGEST_RECIPE
from workprint.portfolio import PortfolioContents, write_portfolio
from workprint.serial.records import SCHEMA

SEED = 11
PHASH = "image.phash/1;bits=256,decode_px=1024"
SKETCH = "image.minhash/1;permutations=128"
VARIANTS = 16
PART_RECORDS = 1_000_000
GROUP_RECORDS = 4096
PLANTED_A_PART = 1_000
FURTHEST_BITS = 24
HEADER = store.StoreHeader("benchmark", "synthetic", "folder", Depth.FAST, (PHASH, SKETCH), Limits())


@dataclass(frozen=True)
class Planted:
    """A copy of a work in a store."""

    at: int
    """Its place in the part."""
    item: str
    target: int
    """Which hash of the portfolio it is like."""
    distance_bits: int

    @property
    def work(self) -> int:
        """The work that hash is of."""
        return self.target // VARIANTS


def hashes_of_works(works: int) -> np.ndarray:
    """Of all works in all variants, uint64 (works * VARIANTS, 4)."""
    return np.random.default_rng(SEED).integers(0, 1 << 64, (works * VARIANTS, 4), dtype=np.uint64)


def make_portfolio(path: Path, works: int) -> None:
    """Write a portfolio of so many works, unless it is there."""
    if path.exists():
        return
    hashes = hashes_of_works(works)
    names = [f"work-{number:07d}.png" for number in range(works)]
    records = tuple(
        FingerprintRecord(name, Medium.IMAGE, _digest(at), _digest(-1 - at), 1, (800.0, 600.0), ())
        for at, name in enumerate(names)
    )
    tables: dict[str, Any] = {
        "works": np.repeat(np.arange(works, dtype=np.uint32), VARIANTS),
        "variants": np.tile(np.arange(VARIANTS, dtype=np.uint8), works),
        "sizes": np.tile(np.array([800.0, 600.0], dtype=np.float32), (works, 1)),
    }
    index = HashIndex(PHASH, HammingTable.build(hashes), tables)
    contents = PortfolioContents(
        works=tuple(Work(name, "", "Nell Drawn", "", None, Medium.IMAGE) for name in names),
        records=records,
        terms=(),
        unfindable=(),
        recipes=(PHASH,),
        tables={DIGEST_RECIPE: DigestIndex.build(DIGEST_RECIPE, records).tables(), PHASH: index.tables()},
    )
    write_portfolio(path, contents)


def make_store(folder: Path, records: int, works: int) -> list[Planted]:
    """Write a store of so many records, or go on where that was stopped; return the copies of works in it."""
    store.create(folder, HEADER)
    targets = hashes_of_works(works)
    planted: list[Planted] = []
    sizes = [min(PART_RECORDS, records - begin) for begin in range(0, records, PART_RECORDS)]
    for order, size in enumerate(sizes):
        copies = _plant(order, size, len(targets))
        part = store.part_for(folder, order, f"{order:016x}")
        if not part.path.exists():
            temporary = part.path.with_suffix(".tmp")
            _write(temporary, order, size, targets, copies)
            temporary.replace(part.path)
        planted += copies
    store.finish(folder, len(sizes))
    return planted


def _plant(order: int, size: int, targets: int) -> list[Planted]:
    random = np.random.default_rng([SEED, order, 0])
    count = min(PLANTED_A_PART, size // 10)
    places = random.choice(size, count, replace=False).tolist()
    like = random.integers(targets, size=count).tolist()
    distances = random.integers(FURTHEST_BITS + 1, size=count).tolist()
    return [
        Planted(at, f"{order:04d}.tar!{at:07d}.jpg", target, bits)
        for at, target, bits in zip(places, like, distances, strict=True)
    ]


def _write(path: Path, order: int, size: int, targets: np.ndarray, planted: list[Planted]) -> None:
    random = np.random.default_rng([SEED, order, 1])
    hashes = random.integers(0, 1 << 64, (size, 4), dtype=np.uint64)
    for one in planted:
        hashes[one.at] = targets[one.target]
        for bit in random.choice(256, one.distance_bits, replace=False).tolist():
            hashes[one.at, bit // 64] ^= np.uint64(1) << np.uint64(bit % 64)
    count = {
        "shard_id": f"{order:04d}.tar", "seen": size, "fingerprinted": size, "failed": {}, "passed_over": {},
        "media": {"image": size}, "signals": {},
    }  # fmt: skip
    summary = {"count": count, "listing_digest": _digest(order)}
    with pq.ParquetWriter(path, SCHEMA, compression="zstd") as writer:
        for begin in range(0, size, GROUP_RECORDS):
            writer.write_table(_group(order, begin, hashes[begin : begin + GROUP_RECORDS], random))
        writer.add_key_value_metadata({"workprint": json.dumps(summary)})


def _group(order: int, begin: int, hashes: np.ndarray, random: np.random.Generator) -> pa.Table:
    """Consecutive records, without an object for each."""
    rows = len(hashes)
    places = np.arange(begin, begin + rows)
    numbers = pc.utf8_lpad(pa.array(places).cast(pa.string()), 7, "0")
    others = pa.array(places * 7919 % 104729).cast(pa.string())
    urls = _joined(f'{{"url": "https://images.example/{order}/', numbers, "/", others, '.jpg"}')
    columns = {
        "subject_id": _joined(f"{order:04d}.tar!", numbers, ".jpg"),
        "medium": pa.array(["image"] * rows),
        "digest": _random_digests(rows, random),
        "content_digest": _random_digests(rows, random),
        "size_bytes": pa.array(random.integers(1000, 10**6, rows)),
        "extent": pa.array([[640.0, 480.0]] * rows),
        "fingerprints": _prints(hashes, random),
        "attributes": urls,
    }
    return pa.table([columns.get(field.name, pa.nulls(rows, field.type)) for field in SCHEMA], schema=SCHEMA)


def _prints(hashes: np.ndarray, random: np.random.Generator) -> pa.ListArray:
    """A hash and a signature for each record."""
    rows = len(hashes)
    values = np.empty((rows, 544), dtype=np.uint8)
    values[:, :32] = hashes.view(np.uint8).reshape(rows, 32)
    values[:, 32:] = np.frombuffer(random.bytes(rows * 512), dtype=np.uint8).reshape(rows, 512)
    ends = np.concatenate([[0], np.cumsum(np.tile([32, 512], rows))]).astype(np.int32)
    buffers = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(values.tobytes())]
    kind = SCHEMA.field("fingerprints").type.value_type
    prints = pa.StructArray.from_arrays(
        [
            pa.array(np.tile(np.array([0, 1], dtype=np.int16), rows)),
            pa.Array.from_buffers(pa.binary(), 2 * rows, buffers),
            pa.array(np.ones(2 * rows, dtype=np.float32)),
            pa.nulls(2 * rows, pa.float64()),
            pa.nulls(2 * rows, pa.float64()),
            pa.array([""] * (2 * rows)),
        ],
        fields=[kind.field(at) for at in range(kind.num_fields)],
    )
    return pa.ListArray.from_arrays(pa.array(np.arange(rows + 1, dtype=np.int32) * 2), prints)


def _joined(*pieces: str | pa.StringArray) -> pa.StringArray:
    return pc.binary_join_element_wise(*pieces, "")


def _random_digests(rows: int, random: np.random.Generator) -> pa.Array:
    return pa.Array.from_buffers(pa.binary(32), rows, [None, pa.py_buffer(random.bytes(32 * rows))])


def _digest(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()
