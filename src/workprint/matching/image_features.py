"""Pictures by their places: from a record's local features to matches, through look-up, voting and geometry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workprint.errors import FormatError
from workprint.matching import thresholds
from workprint.matching.feature_index import FeatureIndex
from workprint.matching.feature_matcher import FeatureMatch, judge, prepare, propose
from workprint.matching.match_evidence import THRESHOLD, false_match_rate
from workprint.model import Box, Candidate, Evidence, Fingerprint, FingerprintRecord, ImageTransform, Match, Relation
from workprint.protocols import Tables
from workprint.serial.image_layout import Features, LayoutError, decode


class ImageFeatureIndex:
    """Local features of all pictures of a portfolio. A work has a print for each background it was laid on."""

    def __init__(
        self, recipe_id: str, index: FeatureIndex, works: NDArray[np.uint32], sizes: NDArray[np.float32]
    ) -> None:
        """Take the work of each print, uint32 (prints,), and each work's width and height in px, float32 (works, 2)."""
        self.recipe_id = recipe_id
        self._index = index
        self._works = works
        self._sizes = sizes

    @classmethod
    def build(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> ImageFeatureIndex:
        """Index works by position; a work without features of the recipe is passed over."""
        prints: list[Features] = []
        works: list[int] = []
        sizes: list[tuple[float, ...]] = []
        for work, record in enumerate(records):
            sizes.append(record.extent if len(record.extent) == 2 else (0.0, 0.0))
            for print_ in record.made_by(recipe_id):
                prints.append(_decoded(print_, record.subject_id))
                works.append(work)
        shape = np.array(sizes, dtype=np.float32).reshape(-1, 2)
        return cls(recipe_id, FeatureIndex.build(prints), np.array(works, dtype=np.uint32), shape)

    @classmethod
    def load(cls, recipe_id: str, tables: Tables) -> ImageFeatureIndex:
        """Take up stored tables.

        Raises:
            FormatError: they do not fit each other.
        """
        try:
            index = FeatureIndex.from_arrays(tables)
            works, sizes = tables["works"], tables["work_sizes"]
        except (KeyError, ValueError) as error:
            raise FormatError(f"the feature tables are damaged: {error}") from error
        fits = works.dtype == np.uint32 and works.shape == index.sizes.shape[:1]
        if not fits or sizes.dtype != np.float32 or sizes.ndim != 2 or sizes.shape[1] != 2:
            raise FormatError("the feature tables are damaged: they do not fit each other")
        if not (np.isfinite(sizes).all() and (sizes >= 0).all()):
            raise FormatError("the feature tables are damaged: they hold sizes that are no numbers")
        if works.size and int(works.max()) >= len(sizes):
            raise FormatError("the feature tables name a work that the portfolio does not have")
        return cls(recipe_id, index, works, sizes)

    def tables(self) -> Tables:
        """All state, by name."""
        tables: dict[str, NDArray[Any]] = dict(self._index.arrays())
        return {**tables, "works": self._works, "work_sizes": self._sizes}

    @property
    def index(self) -> FeatureIndex:
        """The features themselves."""
        return self._index

    def candidates(self, record: FingerprintRecord) -> Sequence[Candidate]:
        """Works whose features the item's points vote for."""
        found = []
        for print_ in record.made_by(self.recipe_id):
            item = prepare(_decoded(print_, record.subject_id))
            for proposal in propose(self._index, item):
                work = int(self._works[proposal.print_number])
                found.append(Candidate(work, self.recipe_id, float(proposal.votes), (item, proposal)))
        return found

    def verify(self, record: FingerprintRecord, candidate: Candidate) -> Sequence[Match]:
        """Fit the geometry, and weigh how far from a look-alike the outcome is."""
        found = judge(self._index, *candidate.detail)
        return [] if found is None else [self._match(record, candidate.work, found)]

    def expected_false_matches(self) -> float:
        """How many works an unrelated picture is expected to match."""
        return false_match_rate(THRESHOLD) * len(self._sizes)

    def _match(self, record: FingerprintRecord, work: int, found: FeatureMatch) -> Match:
        place = found.placement
        width = float(self._sizes[work][0])
        raster_width = float(self._index.sizes[found.print_number][0])
        # The scale of two rasters, each of which may be smaller or larger than the picture it was made from.
        scale = place.scale * _enlargement(record, found) * (raster_width / width if width else 1.0)
        chance = found.false_match_rate * len(self._sizes)
        return Match(
            item_id=record.subject_id,
            work=work,
            relation=Relation(place.relation),
            confidence=min(found.confidence, thresholds.confidence(chance)),
            item_segment=_box(place.item_box),
            work_segment=_box(place.work_box),
            transform=ImageTransform(place.mirrored, place.rotation_deg, scale, found.negative),
            evidence=(
                Evidence(self.recipe_id, "likelihood", found.evidence, THRESHOLD),
                Evidence(self.recipe_id, "inliers", found.inliers, 0.0),
            ),
        )


def _enlargement(record: FingerprintRecord, found: FeatureMatch) -> float:
    """Pixels of the item per pixel of the raster its features were found in."""
    return record.extent[0] / found.item_width_px if found.item_width_px else 1.0


def _box(sides: tuple[float, float, float, float]) -> Box:
    left, top, right, bottom = (min(1.0, max(0.0, float(side))) for side in sides)
    return Box(left, top, right, bottom)


def _decoded(print_: Fingerprint, subject_id: str) -> Features:
    try:
        return decode(print_.value)
    except LayoutError as error:
        raise FormatError(f"the features of {subject_id!r} are damaged: {error}") from error
