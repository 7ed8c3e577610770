"""From an item's features to matches: look up, vote, verify, and say how far from a look-alike the outcome is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workprint.matching.feature_index import FeatureIndex, Words, look_up, words_of
from workprint.matching.geometry import Grid, Map, cells_of, verify
from workprint.matching.match_evidence import (
    THRESHOLD,
    confidence,
    count_agreement,
    false_match_rate,
    may_matter,
    weigh,
)
from workprint.matching.match_geometry import Placement, place
from workprint.matching.pose_votes import candidates
from workprint.serial.image_layout import Features


@dataclass(frozen=True, slots=True)
class FeatureMatch:
    """One print found in an item."""

    print_number: int
    inliers: int
    """Pairs of points that speak for a copy."""
    evidence: float
    """Log likelihood ratio; `THRESHOLD` is just enough."""
    confidence: float
    false_match_rate: float
    """Times items, times works: the false matches to expect at this evidence."""
    negative: bool
    mapping: Map
    """float64 (9,): homography from the print's raster to the item's, row by row."""
    placement: Placement
    item_width_px: int
    """Width of the raster the item's points were found in."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A print that an item may hold, and where to begin to look at it."""

    print_number: int
    votes: int
    flags: int
    """1 where mirrored, 2 where negative, added."""
    start: NDArray[np.float64]
    """First guess of the map."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """An item's points, laid out for look-up and for verification."""

    features: Features
    points: Words
    grid: Grid


def prepare(item: Features) -> Prepared:
    """Lay an item's points out."""
    points = words_of(item.points)
    return Prepared(item, points, cells_of(points, item.width_px, item.height_px))


def propose(index: FeatureIndex, item: Prepared) -> list[Proposal]:
    """The prints that an item may hold, by votes of its points."""
    words = words_of(index.points)
    hits = look_up(item.points, words, index.offsets, index.entries)
    proposals, starts = candidates(item.points, words, index.starts, hits)
    return [
        Proposal(int(row[0]), int(row[1]), int(row[2]), start) for row, start in zip(proposals, starts, strict=True)
    ]


def judge(index: FeatureIndex, item: Prepared, proposal: Proposal, threshold: float = THRESHOLD) -> FeatureMatch | None:
    """Verify a proposal; None where its map is no possible view of the work, or its evidence below the threshold."""
    number = proposal.print_number
    words = words_of(index.points[index.starts[number] : index.starts[number + 1]])
    size = (int(index.sizes[number, 0]), int(index.sizes[number, 1]))
    mapping, pairs, _, _ = verify(item.points, item.grid, words, proposal.start, proposal.flags)
    if not may_matter(item.points, words, mapping, pairs):
        return None
    item_size = (item.features.width_px, item.features.height_px)
    placement = place(mapping, size, item_size)
    if placement is None:
        return None
    counts = count_agreement(item.points, words, mapping, (size, item_size), pairs)
    evidence = weigh(counts)
    if evidence < threshold:
        return None
    rate = false_match_rate(evidence)
    return FeatureMatch(
        number,
        int(counts[0]),
        evidence,
        confidence(evidence),
        rate,
        proposal.flags >= 2,
        mapping,
        placement,
        item.features.width_px,
    )
