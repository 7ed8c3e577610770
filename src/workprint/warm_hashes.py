"""Importing this makes a process ready to compare hashes and digests, and nothing else: see `warm`.

That is all that is asked of a compact store, and takes a third of the time.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

import workprint.shards  # noqa: F401 - what tasks are made of
from workprint.matching.file_names import hashes_of_names, rows_in_question
from workprint.matching.hamming import CUTS, WORDS, HammingTable

_SEED = 3


def warm_up() -> None:
    """Look a hash up among few and among many, and an address among names."""
    random = np.random.default_rng(_SEED)
    (few, _), (many, _) = CUTS[:2]
    for count in (few, many):
        built = HammingTable.build(random.integers(0, 1 << 64, (count, WORDS), dtype=np.uint64)).tables()
        for table in built.values():
            table.flags.writeable = False
        HammingTable(built).pairs_within(built["hashes"][:1], 2)
    _look_for_a_name()


def _look_for_a_name() -> None:
    """In the system's memory: Arrow's own pool begins by reserving 1 GiB, which counts as memory of each worker."""
    pool = pa.default_memory_pool()
    pa.set_memory_pool(pa.system_memory_pool())
    try:
        rows_in_question(pa.array(['{"url": "a.png"}']), hashes_of_names(["a.png"]))
    finally:
        pa.set_memory_pool(pool)


warm_up()
