"""Identical bytes, identical pixels, identical samples: exact look-up of SHA-256 digests."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.model import (
    WHOLE,
    AudioTransform,
    Candidate,
    Evidence,
    FingerprintRecord,
    ImageTransform,
    Match,
    Medium,
    Relation,
    TimeSpan,
)
from workprint.protocols import Tables

_DIGEST_BYTES = 32


class DigestIndex:
    """A sorted table of digests: of each work's bytes, and of what is seen or heard in it."""

    value_bytes = _DIGEST_BYTES

    def __init__(self, recipe_id: str, digests: NDArray[np.uint8], works: NDArray[np.uint32]) -> None:
        """Take sorted digests, uint8 (n, 32), and the works they belong to, uint32 (n,)."""
        self.recipe_id = recipe_id
        self._digests = digests
        self._works = works

    @classmethod
    def build(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> DigestIndex:
        """Index works by position."""
        pairs = sorted(
            {
                (bytes.fromhex(digest), work)
                for work, record in enumerate(records)
                for digest in (record.digest, record.content_digest)
            }
        )
        digests = np.frombuffer(b"".join(digest for digest, _ in pairs), dtype=np.uint8).reshape(-1, _DIGEST_BYTES)
        return cls(recipe_id, digests, np.array([work for _, work in pairs], dtype=np.uint32))

    @classmethod
    def load(cls, recipe_id: str, tables: Tables) -> DigestIndex:
        """Take up stored tables.

        Raises:
            FormatError: they are not a digest table.
        """
        try:
            digests, works = tables["digests"], tables["works"]
        except KeyError as error:
            raise FormatError(f"the digest table lacks {error}") from error
        fits = digests.dtype == np.uint8 and digests.ndim == 2 and digests.shape[1] == _DIGEST_BYTES
        if not fits or works.dtype != np.uint32 or works.shape != digests.shape[:1]:
            raise FormatError("the digest table has the wrong shape")
        return cls(recipe_id, digests, works)

    def tables(self) -> Tables:
        """All state, by name."""
        return {"digests": self._digests, "works": self._works}

    def candidates(self, record: FingerprintRecord) -> Sequence[Candidate]:
        """Works with the same bytes or the same content."""
        found = {}
        for measure, digest in (("content_digest", record.content_digest), ("digest", record.digest)):
            for work in self.works_with(bytes.fromhex(digest)):
                found[work] = Candidate(work, self.recipe_id, 1.0, measure)
        return list(found.values())

    def within_reach(self, values: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Those that begin with the same 8 bytes as a digest in the table."""
        if not len(self._prefixes):
            return np.zeros(len(values), dtype=np.bool_)
        prefixes = prefixes_of(values)
        places = np.searchsorted(self._prefixes, prefixes)
        reached: NDArray[np.bool_] = self._prefixes[np.minimum(places, len(self._prefixes) - 1)] == prefixes
        return reached

    def verify(self, record: FingerprintRecord, candidate: Candidate) -> Sequence[Match]:
        """Equal digests need no further proof."""
        segment = WHOLE if record.medium is Medium.IMAGE else TimeSpan(0.0, record.extent[0])
        transform = ImageTransform() if record.medium is Medium.IMAGE else AudioTransform()
        evidence = Evidence(self.recipe_id, candidate.detail, 1.0, 1.0)
        return [
            Match(record.subject_id, candidate.work, Relation.IDENTICAL, 1.0, segment, segment, transform, (evidence,))
        ]

    def expected_false_matches(self) -> float:
        """No two contents are known to share a SHA-256."""
        return 0.0

    @property
    def digests(self) -> NDArray[np.uint8]:
        """All of them, uint8 (n, 32), in order."""
        return self._digests

    @cached_property
    def _prefixes(self) -> NDArray[np.uint64]:
        return prefixes_of(self._digests)

    def works_with(self, digest: bytes) -> list[int]:
        """The works with that digest, by position."""
        low, high = self._bound(digest, after=False), self._bound(digest, after=True)
        return [int(work) for work in self._works[low:high]]

    def _bound(self, digest: bytes, after: bool) -> int:
        low, high = 0, len(self._digests)
        while low < high:
            middle = (low + high) // 2
            entry = self._digests[middle].tobytes()
            low, high = (middle + 1, high) if entry < digest or (after and entry == digest) else (low, middle)
        return low


def prefixes_of(digests: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """The first 8 bytes of digests, uint8 (n, 32), as numbers in the same order, uint64 (n,)."""
    prefixes: NDArray[np.uint64] = np.ascontiguousarray(digests[:, :8]).view(">u8").ravel().astype(np.uint64)
    return prefixes
