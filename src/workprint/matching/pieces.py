"""Puts together what was found in pieces: where pauses were cut out or put in, a reader wants one finding, not ten."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workprint.matching.alignment import Alignment
from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex

_LONGEST_PAUSE_S: Final = 3.0
_OVERLAP_S: Final = 0.5
"""Pieces grow a little into each other."""
_EDGE_S: Final = 0.1
"""The end of a sound belongs to the piece, aligned or not."""
_STRONG_SHARE: Final = 0.4
_PAUSE_PEAKS_PER_S: Final = 20.0
"""Sound has about twice as many strong peaks per second; a pause has few, and those of a room."""
_SAME_TEMPO: Final = 0.03


def joined(found: Iterable[Alignment], index: LandmarkIndex, item: Constellation) -> list[Alignment]:
    """Join alignments of one work that follow each other in item and work, with nothing but pauses between them."""
    whole: list[Alignment] = []
    ordered = sorted(found, key=lambda one: (one.work, one.reversed, one.item_start_s))
    for _, group in groupby(ordered, key=lambda one: (one.work, one.reversed)):
        last: Alignment | None = None
        for one in group:
            if last is not None and _continues(last, one, index, item):
                last = _both(last, one)
                continue
            whole += [last] if last else []
            last = one
        whole += [last] if last else []
    return whole


def _continues(one: Alignment, other: Alignment, index: LandmarkIndex, item: Constellation) -> bool:
    """Whether a piece goes on where the one before it ended, but for a pause."""
    if abs(one.tempo / other.tempo - 1.0) > _SAME_TEMPO or abs(one.pitch_ratio / other.pitch_ratio - 1.0) > _SAME_TEMPO:
        return False
    start_s = float(index.tables["work_starts_s"][one.work])
    first, second = (other, one) if one.reversed else (one, other)
    in_work = (start_s + first.work_end_s, start_s + second.work_start_s)
    in_item = (one.item_end_s, other.item_start_s)
    return _is_pause(item.times_s, item.ranks, in_item) and _is_pause(
        index.tables["peak_times_s"], index.tables["peak_ranks"], in_work
    )


def _is_pause(times_s: NDArray[np.float64], ranks: NDArray[np.float32], span: tuple[float, float]) -> bool:
    """Whether hardly anything is heard between two moments."""
    length_s = span[1] - span[0]
    if not -_OVERLAP_S <= length_s <= _LONGEST_PAUSE_S:
        return False
    low, high = np.searchsorted(times_s, (span[0] + _EDGE_S, span[1] - _EDGE_S))
    return int((ranks[low:high] < _STRONG_SHARE).sum()) <= 2 + _PAUSE_PEAKS_PER_S * max(0.0, length_s)


def _both(one: Alignment, other: Alignment) -> Alignment:
    """Return one alignment of two pieces; what places it is the surer one."""
    surer = min(one, other, key=lambda each: each.log10_false_matches)
    return replace(
        surer,
        item_start_s=min(one.item_start_s, other.item_start_s),
        item_end_s=max(one.item_end_s, other.item_end_s),
        work_start_s=min(one.work_start_s, other.work_start_s),
        work_end_s=max(one.work_end_s, other.work_end_s),
        aligned=one.aligned + other.aligned,
        peaks=one.peaks + other.peaks,
        expected=one.expected + other.expected,
        threshold=one.threshold + other.threshold,
    )
