"""Which portfolios are worth asking about which rows of a store, where there are many of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workprint import plugins
from workprint.matching.joined import JoinedDigests
from workprint.matching.mention_reach import MentionReach
from workprint.matching.mentions import MentionIndex
from workprint.protocols import CandidateIndex, ColumnIndex, JoinedIndex, Tables, TimedIndex
from workprint.serial.columns import RecordColumns

JOINED_FROM = 4
"""So few portfolios are asked one by one."""
MOST_JOINED_WORKS = 1 << 16
"""The smallest portfolios are joined up to so many works; larger ones are worth a look-up of their own."""
MOST_JOINED_S = 100 * 3600.0
"""Recordings are joined in groups of so much sound: it takes 5 GB of tables; in more, too little would be found."""
_DIGEST_BYTES = 32
_OTHER_FILES = 256

Indexes = Mapping[str, CandidateIndex]
"""Of one portfolio, by recipe."""
Owners = Mapping[int, Sequence[int]]
"""By row, the positions of the portfolios to ask, rising."""


class Reach:
    """Portfolios, joined where there are many of them."""

    def __init__(
        self,
        opened: Sequence[Indexes],
        works: Sequence[int],
        mentions: Sequence[MentionIndex],
        folder: Path | None = None,
    ) -> None:
        """Take of each portfolio its indexes, the number of its works, and what its creators are called.

        `folder` is where `save` put the joined tables of the same portfolios, to be mapped and not made again.
        """
        self._alone = [list(indexes.items()) for indexes in opened]
        self._joined: dict[str, JoinedIndex] = {}
        for recipe in opened[0] if len(opened) >= JOINED_FROM else ():
            if (joined := plugins.joined_class(recipe)) is None:
                continue
            for number, owners in enumerate(_groups(recipe, opened, works)):
                together = {owner: opened[owner][recipe] for owner in owners}
                name = f"{_file_name(recipe)}.{number}" if number else _file_name(recipe)
                self._joined[name] = (
                    joined(recipe, _mapped(folder / name)) if folder else joined.build(recipe, together)
                )
                for owner, index in together.items():
                    self._alone[owner].remove((recipe, index))
        self._mentions = MentionReach(mentions, self._owners_of_digest)

    def save(self, folder: Path) -> None:
        """Write the joined tables below a folder."""
        for name, joined in self._joined.items():
            (folder / name).mkdir(parents=True, exist_ok=True)
            for column, table in joined.tables().items():
                np.save(folder / name / f"{column}.npy", table, allow_pickle=False)

    def of_works(self, columns: RecordColumns) -> Owners:
        """Whose works may be in which rows."""
        pairs = [
            (row, owner)
            for owner, indexes in enumerate(self._alone)
            for recipe, index in indexes
            for row in np.flatnonzero(_within_reach(index, recipe, columns)).tolist()
        ]
        for joined in self._joined.values():
            pairs.extend(zip(*(column.tolist() for column in joined.asked(columns)), strict=True))
        return _grouped(pairs)

    def of_creators(self, columns: RecordColumns) -> Owners:
        """Whose creators may be mentioned in what is said of which rows."""
        return {row: sorted(owners) for row, owners in self._mentions.owners_in_rows(columns.attributes)}

    def _owners_of_digest(self, digest: bytes) -> Iterator[int]:
        values = np.frombuffer(digest, np.uint8).reshape(1, _DIGEST_BYTES)
        joined = self._joined.get(_file_name(plugins.DIGEST_RECIPE))
        if isinstance(joined, JoinedDigests):
            yield from joined.owners_of(values)[1].tolist()
        for owner, indexes in enumerate(self._alone):
            for recipe, index in indexes:
                if recipe == plugins.DIGEST_RECIPE and isinstance(index, ColumnIndex) and index.within_reach(values)[0]:
                    yield owner


def allow_open_files(portfolios: int) -> None:
    """Have this process keep so many portfolios open, as far as the system lets it: each is mapped from its file."""
    try:
        import resource
    except ImportError:  # a system without such limits
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = portfolios + _OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _file_name(recipe_id: str) -> str:
    return recipe_id.partition("/")[0]


def _mapped(folder: Path) -> Tables:
    return {path.stem: np.load(path, mmap_mode="r", allow_pickle=False) for path in sorted(folder.glob("*.npy"))}


def _groups(recipe: str, opened: Sequence[Indexes], works: Sequence[int]) -> list[list[int]]:
    """The portfolios that are joined by a recipe: the smallest; if it is about sound, all, in groups."""
    timed = {
        owner: one.duration_s for owner, indexes in enumerate(opened) if isinstance(one := indexes[recipe], TimedIndex)
    }
    if timed:
        return _together({owner: duration_s for owner, duration_s in timed.items() if duration_s}, MOST_JOINED_S)
    return _together(dict(enumerate(works)), MOST_JOINED_WORKS)[:1]


def _together(sizes: Mapping[int, float], most: float) -> list[list[int]]:
    """Owners in groups that are not too large, smallest first, but for those that would have too few others."""
    groups: list[list[int]] = [[]]
    held = 0.0
    for owner in sorted(sizes, key=lambda one: (sizes[one], one)):
        if groups[-1] and held + sizes[owner] > most:
            groups.append([])
            held = 0.0
        groups[-1].append(owner)
        held += sizes[owner]
    return [sorted(group) for group in groups if len(group) >= JOINED_FROM]


def counting_all_sound(opened: Sequence[Indexes]) -> list[Indexes]:
    """Return a registry's indexes such that each counts the sound of all: an item may match any of it by chance."""
    total_s: defaultdict[str, float] = defaultdict(float)
    for indexes in opened:
        for recipe, index in indexes.items():
            total_s[recipe] += index.duration_s if isinstance(index, TimedIndex) else 0.0
    return [
        {
            recipe: index.beside(total_s[recipe] - index.duration_s) if isinstance(index, TimedIndex) else index
            for recipe, index in indexes.items()
        }
        for indexes in opened
    ]


def _within_reach(index: CandidateIndex, recipe: str, columns: RecordColumns) -> NDArray[np.bool_]:
    """Of each row, whether one index may find something in it."""
    reached = np.zeros(len(columns), dtype=np.bool_)
    if not isinstance(index, ColumnIndex):
        if not isinstance(index, Sized) or len(index):
            reached[columns.rows_with(recipe)] = True
    elif recipe == plugins.DIGEST_RECIPE:
        for name in ("digest", "content_digest"):
            reached |= index.within_reach(columns.digests(name))
    else:
        found = index.within_reach(columns.values(recipe, index.value_bytes))
        reached[columns.rows_with(recipe)[found]] = True
    return reached


def _grouped(pairs: Iterable[tuple[int, int]]) -> Owners:
    owners: defaultdict[int, set[int]] = defaultdict(set)
    for row, owner in pairs:
        owners[row].add(owner)
    return {row: sorted(found) for row, found in owners.items()}
