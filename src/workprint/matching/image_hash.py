"""Nearest whole-picture hashes: Hamming distance to every variant of every work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.matching import thresholds
from workprint.matching.hamming import WORDS, HammingTable
from workprint.model import (
    WHOLE,
    Candidate,
    Evidence,
    Fingerprint,
    FingerprintRecord,
    ImageTransform,
    Match,
    Relation,
)
from workprint.protocols import Tables

_MIRRORED, _TURN, _NEGATIVE = 1, 2, 8
"""A variant in one byte: bit 0 mirrored, bits 1 and 2 quarter turns, bit 3 negative."""


class HashIndex:
    """The hashes of all works in all variants, exactly searchable within the threshold."""

    value_bytes = 8 * WORDS

    def __init__(self, recipe_id: str, table: HammingTable, tables: Tables) -> None:
        """Take the hashes, and `works` uint32 (n,), `variants` uint8 (n,), `sizes` float32 (works, 2)."""
        self.recipe_id = recipe_id
        self._table = table
        self._works: NDArray[np.uint32] = tables["works"]
        self._variants: NDArray[np.uint8] = tables["variants"]
        self._sizes: NDArray[np.float32] = tables["sizes"]

    @classmethod
    def build(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> HashIndex:
        """Index works by position; a work without hashes of the recipe is passed over."""
        hashes, works, variants, sizes = [], [], [], []
        for work, record in enumerate(records):
            sizes.append(record.extent if len(record.extent) == 2 else (0.0, 0.0))
            for print_ in record.made_by(recipe_id):
                hashes.append(print_.value)
                works.append(work)
                variants.append(_variant_code(print_.variant))
        tables: dict[str, NDArray[Any]] = {
            "works": np.array(works, dtype=np.uint32),
            "variants": np.array(variants, dtype=np.uint8),
            "sizes": np.array(sizes, dtype=np.float32).reshape(-1, 2),
        }
        values = np.frombuffer(b"".join(hashes), dtype="<u8").reshape(-1, WORDS)
        return cls(recipe_id, HammingTable.build(values), tables)

    @classmethod
    def load(cls, recipe_id: str, tables: Tables) -> HashIndex:
        """Take up stored tables.

        Raises:
            FormatError: a table is missing, of another type, or points outside another.
        """
        table = HammingTable(tables)
        try:
            works, variants, sizes = (tables[name] for name in ("works", "variants", "sizes"))
        except KeyError as error:
            raise FormatError(f"the hash table lacks {error}") from error
        types = [one.dtype for one in (works, variants, sizes)]
        shapes = (works.shape, variants.shape, sizes.shape[1:])
        if types != [np.uint32, np.uint8, np.float32] or shapes != ((len(table),), (len(table),), (2,)):
            raise FormatError("the hash table has the wrong shape")
        if not (np.isfinite(sizes).all() and (sizes >= 0).all()):
            raise FormatError("the hash table holds sizes that are no numbers")
        if works.size and int(works.max()) >= len(sizes):
            raise FormatError("the hash table names a work that the portfolio does not have")
        return cls(recipe_id, table, tables)

    def tables(self) -> Tables:
        """All state, by name."""
        own: dict[str, NDArray[Any]] = {"works": self._works, "variants": self._variants, "sizes": self._sizes}
        return {**self._table.tables(), **own}

    @property
    def hashes(self) -> NDArray[np.uint64]:
        """Of all works in all variants, uint64 (n, 4)."""
        return self._table.tables()["hashes"]

    def candidates(self, record: FingerprintRecord) -> Sequence[Candidate]:
        """Works with a hash within the threshold, the nearest variant of each."""
        nearest: dict[int, Candidate] = {}
        for print_ in record.made_by(self.recipe_id):
            for candidate in self._near(print_):
                if candidate.work not in nearest or candidate.score < nearest[candidate.work].score:
                    nearest[candidate.work] = candidate
        return list(nearest.values())

    def within_reach(self, values: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Those within the threshold of a hash of any work."""
        reached = np.zeros(len(values), dtype=np.bool_)
        hashes = np.ascontiguousarray(values).view("<u8").reshape(-1, WORDS)
        asked, _ = self._table.pairs_within(hashes, thresholds.HASH_DISTANCE_BITS)
        reached[asked] = True
        return reached

    def verify(self, record: FingerprintRecord, candidate: Candidate) -> Sequence[Match]:
        """A whole-picture hash has no more to check than its distance."""
        distance, variant = int(candidate.score), int(candidate.detail)
        chance = thresholds.hash_false_match_rate(distance) * len(self._table)
        evidence = Evidence(self.recipe_id, "distance_bits", distance, thresholds.HASH_DISTANCE_BITS)
        return [
            Match(
                record.subject_id,
                candidate.work,
                Relation.NEAR_DUPLICATE,
                thresholds.confidence(chance),
                WHOLE,
                WHOLE,
                self._transform(record, candidate.work, variant),
                (evidence,),
            )
        ]

    def expected_false_matches(self) -> float:
        """How many of the works an unrelated picture is expected to match."""
        return thresholds.hash_false_match_rate(thresholds.HASH_DISTANCE_BITS) * len(self._table)

    def _near(self, print_: Fingerprint) -> list[Candidate]:
        if len(print_.value) != 8 * WORDS:
            raise FormatError(f"a hash of {len(print_.value)} bytes where {8 * WORDS} belong")
        query = np.frombuffer(print_.value, dtype="<u8")
        places, distances = self._table.within(query, thresholds.HASH_DISTANCE_BITS)
        return [
            Candidate(int(self._works[at]), self.recipe_id, float(distance), int(self._variants[at]))
            for at, distance in zip(places, distances, strict=True)
        ]

    def _transform(self, record: FingerprintRecord, work: int, variant: int) -> ImageTransform:
        turns = (variant // _TURN) % 4
        item_width = record.extent[turns % 2] if len(record.extent) == 2 else 0.0
        work_width = float(self._sizes[work][0])
        scale = item_width / work_width if work_width > 0 else 1.0
        return ImageTransform(bool(variant & _MIRRORED), 90.0 * turns, scale, bool(variant & _NEGATIVE))


def _variant_code(variant: str) -> int:
    words = set(variant.split(","))
    turns = next((turn for turn in (1, 2, 3) if f"rotated_{90 * turn}" in words), 0)
    return _MIRRORED * ("mirrored" in words) + _TURN * turns + _NEGATIVE * ("negative" in words)
