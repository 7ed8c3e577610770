"""Which of many portfolios' creators may be mentioned in what a dataset says, all looked for in one pass.

Never fewer than `MentionIndex.mentions` would find something of; what is said is then looked at by each of those.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain

import ahocorasick_rs
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from workprint.matching.file_names import rows_in_question
from workprint.matching.mentions import SHA256, MentionIndex, file_name_in, fold, is_distinctive, texts_of

OwnersOfDigest = Callable[[bytes], Iterable[int]]


class MentionReach:
    """Knows what the creators of many portfolios, and their works, are called."""

    def __init__(self, indexes: Sequence[MentionIndex], owners_of_digest: OwnersOfDigest) -> None:
        """Join indexes, each owned by its position; `owners_of_digest` names those with a work of that SHA-256, too."""
        self._addresses = _Patterns(index.addresses for index in indexes)
        self._names = _Patterns(index.names for index in indexes)
        self._owners_of_digest = owners_of_digest
        self._indexes = indexes

    def owners_in_rows(self, said: pa.StringArray) -> Iterator[tuple[int, set[int]]]:
        """Yield the rows in which creators may be mentioned, each with their owners."""
        for row in np.flatnonzero(self._in_question(said)).tolist():
            if owners := self.owners_in(said[row].as_py() or ""):
                yield row, owners

    def _in_question(self, said: pa.StringArray) -> NDArray[np.bool_]:
        """The rows that have to be looked at by themselves, because nothing says that they mention nobody."""
        if self._names:
            return np.asarray(said.is_valid())
        rows = rows_in_question(said, self._file_hashes)
        if self._addresses:
            rows |= self._addresses.rows_with_any(said.to_pylist())
        return rows

    @cached_property
    def _file_hashes(self) -> NDArray[np.uint64]:
        return np.sort(np.concatenate([index.file_hashes for index in self._indexes]))

    def owners_in(self, said: str) -> set[int]:
        """The owners whose creators may be mentioned in attributes, as JSON."""
        if not said:
            return set()
        texts = said.split('"')
        if "\\" in said:  # escapes hide letters
            try:
                texts = [text for _, text in texts_of(json.loads(said))]
            except (ValueError, RecursionError, AttributeError):
                return set(range(len(self._indexes)))  # damaged: said by whoever reads the row
            said = '"' + '"\n"'.join(texts) + '"'
        lowered = said.lower()
        found = {*self._addresses.owners_in(lowered), *chain.from_iterable(map(self._owners_of_file, texts))}
        if self._names:
            found.update(self._names.owners_in(fold(said)))
        for digest in SHA256.findall(lowered):
            found.update(self._owners_of_digest(bytes.fromhex(digest)))
        return found

    def _owners_of_file(self, text: str) -> tuple[int, ...]:
        base = file_name_in(text)
        owners = self._files.get(base, ())
        return owners if owners and is_distinctive(base) else ()

    @cached_property
    def _files(self) -> dict[str, tuple[int, ...]]:
        """By file name. Not made before something is said: there may be a million."""
        files: dict[str, tuple[int, ...]] = {}
        for owner, index in enumerate(self._indexes):
            alone = (owner,)
            for name in index.files:
                files[name] = files[name] + alone if name in files else alone
        return files


class _Patterns:
    """Texts that are looked for all at once, each with its owners."""

    def __init__(self, texts: Iterable[Sequence[str]]) -> None:
        owners: dict[str, tuple[int, ...]] = {}
        for owner, own in enumerate(texts):
            for text in dict.fromkeys(own):
                owners[text] = (*owners.get(text, ()), owner)
        self._owners = list(owners.values())
        self._automaton = ahocorasick_rs.AhoCorasick(list(owners)) if owners else None

    def __bool__(self) -> bool:
        return self._automaton is not None

    def rows_with_any(self, texts: Sequence[str | None]) -> NDArray[np.bool_]:
        """Those texts in which any of them occurs, whatever the case, or may do so where there are line feeds."""
        rows = np.zeros(len(texts), dtype=np.bool_)
        if self._automaton is None:
            return rows
        joined = "\n".join((text or "").replace("\n", " ") for text in texts).lower()
        found = [start for _, start, _ in self._automaton.find_matches_as_indexes(joined, overlapping=True)]
        feeds = np.flatnonzero(np.frombuffer(joined.encode("utf-32-le"), dtype="<u4") == ord("\n"))
        rows[np.searchsorted(feeds, found)] = True
        return rows

    def owners_in(self, text: str) -> Iterator[int]:
        """Yield the owners of all that occurs, also inside of others."""
        if self._automaton is not None:
            for at, _, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
                yield from self._owners[at]
