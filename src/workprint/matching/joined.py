"""What many portfolios hold in one set of tables, to tell which of them are worth asking about an item.

A registry may have thousands of small portfolios. Asking each of them about each item costs the same for each, however
little is in it. Here their entries lie side by side, each with its owner, and a look-up tells whom to ask; what they
answer is theirs alone. By digests and hashes nobody is left out who would find something. By local features the join
is bounded as one portfolio of all their works is.
`docs/adr/0007-registries-are-joined-to-ask-not-to-decide.md` has what was measured.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.matching import thresholds
from workprint.matching.digests import DigestIndex, prefixes_of
from workprint.matching.feature_index import FeatureIndex
from workprint.matching.feature_matcher import prepare, propose
from workprint.matching.hamming import WORDS, HammingTable
from workprint.matching.image_features import ImageFeatureIndex
from workprint.matching.image_hash import HashIndex
from workprint.protocols import Tables
from workprint.serial.columns import RecordColumns
from workprint.serial.image_layout import LayoutError, decode

Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Rows, and the owner that is worth asking about each."""
_OWNER_SHIFT: Final = 32


class JoinedDigests:
    """The first 8 bytes of the digests of many portfolios, in order."""

    def __init__(self, recipe_id: str, tables: Tables) -> None:
        """Take `prefixes` uint64 (n,), rising, and `owners` uint32 (n,)."""
        self.recipe_id = recipe_id
        self._prefixes, self._owners = tables["prefixes"], tables["owners"]

    @classmethod
    def build(cls, recipe_id: str, indexes: Mapping[int, DigestIndex]) -> JoinedDigests:
        """Join indexes, by owner."""
        prefixes = np.concatenate([np.empty(0, np.uint64), *(prefixes_of(one.digests) for one in indexes.values())])
        owners = _owners({owner: len(index.digests) for owner, index in indexes.items()})
        order = np.argsort(prefixes, kind="stable")
        return cls(recipe_id, {"prefixes": prefixes[order], "owners": owners[order]})

    def tables(self) -> Tables:
        """All state, by name."""
        return {"prefixes": self._prefixes, "owners": self._owners}

    def asked(self, columns: RecordColumns) -> Pairs:
        """Rows whose digest of either kind begins as one of an owner's."""
        found = [self.owners_of(columns.digests(name)) for name in ("digest", "content_digest")]
        return _unique(np.concatenate([rows for rows, _ in found]), np.concatenate([owners for _, owners in found]))

    def owners_of(self, digests: NDArray[np.uint8]) -> Pairs:
        """Which of digests, uint8 (n, 32), begin as one of an owner's."""
        wanted = prefixes_of(digests)
        begins, ends = (np.searchsorted(self._prefixes, wanted, side) for side in ("left", "right"))
        rows = np.flatnonzero(ends > begins)
        places = [np.arange(begins[row], ends[row]) for row in rows]
        return np.repeat(rows, (ends - begins)[rows]), self._owners[_chained(places)].astype(np.int64)


class JoinedHashes:
    """The hashes of many portfolios, exactly searchable."""

    def __init__(self, recipe_id: str, tables: Tables) -> None:
        """Take the tables of a `HammingTable`, and `owners` uint32 (n,)."""
        self.recipe_id = recipe_id
        self._table, self._owners = HammingTable(tables), tables["owners"]

    @classmethod
    def build(cls, recipe_id: str, indexes: Mapping[int, HashIndex]) -> JoinedHashes:
        """Join indexes, by owner."""
        hashes = np.concatenate([np.empty((0, WORDS), np.uint64), *(index.hashes for index in indexes.values())])
        owners = _owners({owner: len(index.hashes) for owner, index in indexes.items()})
        return cls(recipe_id, {**HammingTable.build(hashes).tables(), "owners": owners})

    def tables(self) -> Tables:
        """All state, by name."""
        return {**self._table.tables(), "owners": self._owners}

    def asked(self, columns: RecordColumns) -> Pairs:
        """Rows with a hash within the threshold of one of an owner's."""
        values = np.ascontiguousarray(columns.values(self.recipe_id, 8 * WORDS))
        hashes = values.view("<u8").reshape(-1, WORDS)
        asked, found = self._table.pairs_within(hashes, thresholds.HASH_DISTANCE_BITS)
        return _unique(columns.rows_with(self.recipe_id)[asked], self._owners[found].astype(np.int64))


class JoinedFeatures:
    """The local features of many portfolios, as if they were one.

    The portfolios are asked whose prints this would propose, and no others: an item is looked up in so many places as
    in one portfolio of all their works, and no more is found than in such a one.
    """

    def __init__(self, recipe_id: str, tables: Tables) -> None:
        """Take the arrays of a `FeatureIndex`, and `owners` uint32 (prints,)."""
        self.recipe_id = recipe_id
        self._index, self._owners = FeatureIndex.from_arrays(tables), tables["owners"]

    @classmethod
    def build(cls, recipe_id: str, indexes: Mapping[int, ImageFeatureIndex]) -> JoinedFeatures:
        """Join indexes, by owner."""
        prints = [one.index.print_(number) for one in indexes.values() for number in range(len(one.index.sizes))]
        owners = _owners({owner: len(one.index.sizes) for owner, one in indexes.items()})
        return cls(recipe_id, {**dict(FeatureIndex.build(prints).arrays()), "owners": owners})

    def tables(self) -> Tables:
        """All state, by name."""
        return {**dict(self._index.arrays()), "owners": self._owners}

    def asked(self, columns: RecordColumns) -> Pairs:
        """Rows whose points vote for one of an owner's prints."""
        rows: list[int] = []
        prints: list[int] = []
        values = columns.values_of_any_size(self.recipe_id)
        for row, value in zip(columns.rows_with(self.recipe_id).tolist(), values, strict=True):
            try:
                item = prepare(decode(value))
            except LayoutError as error:
                raise FormatError(f"the features of a record are damaged: {error}") from error
            found = propose(self._index, item)
            rows.extend([row] * len(found))
            prints.extend(proposal.print_number for proposal in found)
        owners = self._owners[np.array(prints, dtype=np.int64)].astype(np.int64)
        return _unique(np.array(rows, dtype=np.int64), owners)


def _owners(sizes: Mapping[int, int]) -> NDArray[np.uint32]:
    """The owner of each entry, where each has so many, one after the other."""
    return np.repeat(np.array(list(sizes), np.uint32), list(sizes.values()))


def _chained(parts: Iterable[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate([np.empty(0, np.int64), *parts])


def _unique(first: NDArray[np.int64], second: NDArray[np.int64]) -> Pairs:
    """Each pair once, in order; both below 2**31."""
    pairs = np.unique((first << _OWNER_SHIFT) + second)
    return pairs >> _OWNER_SHIFT, pairs & ((1 << _OWNER_SHIFT) - 1)
