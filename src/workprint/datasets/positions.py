"""Where in a file something with a given name is: two numbers a name, so that millions of names fit in memory."""

from array import array
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class PositionIndex:
    """Positions by name. Names are kept as hashes, so whoever finds a position has to look at the name there."""

    keys: NDArray[np.int64]
    """(n,), hashes in order; they hold for one process only."""
    positions_bytes: NDArray[np.int64]
    """(n,)"""

    @classmethod
    def of(cls, entries: Iterable[tuple[str, int]]) -> "PositionIndex":
        """Index names with their positions in bytes; of those with one name, all are kept, in the order given."""
        keys, positions_bytes = array("q"), array("q")
        for name, position_bytes in entries:
            keys.append(hash(name))
            positions_bytes.append(position_bytes)
        order = np.argsort(np.array(keys, np.int64), kind="stable")
        return cls(np.array(keys, np.int64)[order], np.array(positions_bytes, np.int64)[order])

    def find(self, name: str, most: int = 1) -> list[int]:
        """Return the first positions, in bytes, at which the name is, if it is anywhere."""
        first = int(np.searchsorted(self.keys, hash(name), "left"))
        last = int(np.searchsorted(self.keys, hash(name), "right"))
        return [int(position) for position in self.positions_bytes[first : min(last, first + most)]]
