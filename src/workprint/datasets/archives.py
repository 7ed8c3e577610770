"""Archives, and the archives in them: `shard.tar!album.zip!a.jpg`.

What a stranger packs may unpack to anything, and layers multiply. So each archive in an archive has a budget, spent by
all that comes out of it, however deep; what goes beyond is one failure of that archive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from workprint.datasets.attributes import bounded
from workprint.datasets.holding import DEFAULT_LIMITS, MAX_EXPANSION, MAX_EXPANSION_FREE_BYTES, failure
from workprint.datasets.kinds import container_kind, head_in
from workprint.datasets.tar import TarArchive
from workprint.datasets.zip import ZipArchive
from workprint.errors import TooLarge, Unsupported
from workprint.model import Blob, Item, Limits, Shard
from workprint.protocols import Read

MAX_NESTING = 3
"""How many archives may lie in one another inside of the outermost."""
MAX_MEMBERS = 1_000_000
"""Of one archive in an archive, those of the archives in it included."""


class TarReader(TarArchive):
    """Reads a tar archive, packed or not, and the archives in it; a shard is all of it, or a run of its bytes."""

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        return unfolded(super().read(shard), self._limits)


class ZipReader(ZipArchive):
    """Reads a zip archive and the archives in it; a shard is a range of its own members."""

    def read(self, shard: Shard) -> Iterator[Read]:
        """See `DatasetReader.read`."""
        return unfolded(super().read(shard), self._limits)


def unfolded(reads: Iterator[Read], limits: Limits = DEFAULT_LIMITS) -> Iterator[Read]:
    """Yield reads, and instead of items that are archives what is in these."""
    for read in reads:
        if (kind := _kind(read)) and isinstance(read, tuple):
            yield from _Unfolding(read[1], limits).reads(*read, kind, 1)
        else:
            yield read


@dataclass(slots=True)
class _Budget:
    """What may still come out of an archive."""

    left_bytes: int
    left_members: int

    def spend(self, read: Read) -> None:
        """Take note of what came out. Raises `TooLarge`."""
        self.left_members -= 1
        self.left_bytes -= read[1].size_bytes if isinstance(read, tuple) else 0
        if self.left_members < 0 or self.left_bytes < 0:
            raise TooLarge(
                "more comes out of it, and out of archives in it, than any archive of its size holds of media"
            )


class _Unfolding:
    """One archive in an archive, with all that is in it."""

    def __init__(self, outermost: Blob, limits: Limits) -> None:
        self._archives: dict[str, TarArchive | ZipArchive] = {"tar": TarArchive(limits), "zip": ZipArchive(limits)}
        self._budget = _Budget(MAX_EXPANSION_FREE_BYTES + MAX_EXPANSION * outermost.size_bytes, MAX_MEMBERS)

    def reads(self, item: Item, blob: Blob, kind: str, depth: int) -> Iterator[Read]:
        """Yield what is in an archive that lies `depth` deep; where that is refused, its failure."""
        if kind not in self._archives:
            yield failure(
                item.item_id, Unsupported(f"a {kind} table inside an archive is not opened; unpack it beside")
            )
        elif depth > MAX_NESTING:
            why = f"more than {MAX_NESTING} archives inside one another are not opened; unpack it beside"
            yield failure(item.item_id, Unsupported(why))
        else:
            try:
                yield from self._inside(item, blob, kind, depth)
            except TooLarge as error:
                if depth > 1:
                    raise
                yield failure(item.item_id, error)

    def _inside(self, item: Item, blob: Blob, kind: str, depth: int) -> Iterator[Read]:
        shard = Shard(item.item_id, "")
        for read in self._archives[kind].read_blob(blob, shard, self._budget.left_bytes):
            self._budget.spend(read)
            if not isinstance(read, tuple):
                yield read
                continue
            said = bounded({**item.attributes, **read[0].attributes})
            inner = replace(read[0], shard_id=item.shard_id, attributes=said)
            if inner_kind := _kind(read):
                yield from self.reads(inner, read[1], inner_kind, depth + 1)
            else:
                yield inner, read[1]


def _kind(read: Read) -> str:
    """Which kind of container an item is; nothing where it is none."""
    if not isinstance(read, tuple):
        return ""
    with read[1].open() as stream:
        return container_kind(head_in(stream))
