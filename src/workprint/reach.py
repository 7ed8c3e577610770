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
"""The same for recordings: so much sound takes 5 GB of tables, and with more too little of it would be found."""
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
        fits = _together(works, MOST_JOINED_WORKS)
        for recipe in opened[0] if fits else ():
            together = {owner: opened[owner][recipe] for owner in _with_sound(fits, recipe, opened)}
            if not together or (joined := plugins.joined_class(recipe)) is None:
                continue
            if folder is None:
                self._joined[recipe] = joined.build(recipe, together)
            else:
                self._joined[recipe] = joined(recipe, _mapped(folder / _file_name(recipe)))
            for owner, index in together.items():
                self._alone[owner].remove((recipe, index))
        self._mentions = MentionReach(mentions, self._owners_of_digest)

    def save(self, folder: Path) -> None:
        """Write the joined tables below a folder."""
        for recipe, joined in self._joined.items():
            (folder / _file_name(recipe)).mkdir(parents=True, exist_ok=True)
            for name, table in joined.tables().items():
                np.save(folder / _file_name(recipe) / f"{name}.npy", table, allow_pickle=False)

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
        joined = self._joined.get(plugins.DIGEST_RECIPE)
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


def _together(sizes: Sequence[float], most: float) -> list[int]:
    """The positions of the portfolios that are joined: the smallest, and not too much of them."""
    order = np.argsort(sizes, kind="stable")
    fits = np.cumsum(np.array(sizes, dtype=np.float64)[order]) <= most
    chosen = sorted(order[fits].tolist()) if len(order) else []
    return chosen if len(chosen) >= JOINED_FROM else []


def _with_sound(owners: Sequence[int], recipe: str, opened: Sequence[Indexes]) -> list[int]:
    """Of these portfolios those that are joined by a recipe: all, and if it is about sound, such with not too much."""
    timed = {owner: one.duration_s for owner in owners if isinstance(one := opened[owner][recipe], TimedIndex)}
    if not timed:
        return list(owners)
    audible = [owner for owner, duration_s in timed.items() if duration_s]
    return [audible[at] for at in _together([timed[owner] for owner in audible], MOST_JOINED_S)]


def share_threshold(opened: Sequence[Indexes]) -> None:
    """Have each portfolio of a registry count the sound of all: an item may match any of it by chance."""
    for recipe in opened[0] if opened else ():
        timed = [one for indexes in opened if isinstance(one := indexes[recipe], TimedIndex)]
        total_s = sum(one.duration_s for one in timed)
        for one in timed:
            one.beside(total_s - one.duration_s)


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
