"""Which of many portfolios' creators may be mentioned in what a dataset says, all looked for in one pass.

Never fewer than `MentionIndex.mentions` would find something of; what is said is then looked at by each of those.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import chain

import ahocorasick_rs

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

    def owners_in(self, text: str) -> Iterator[int]:
        """Yield the owners of all that occurs, also inside of others."""
        if self._automaton is not None:
            for at, _, _ in self._automaton.find_matches_as_indexes(text, overlapping=True):
                yield from self._owners[at]
