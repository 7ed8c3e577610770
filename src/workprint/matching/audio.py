"""Recordings: from a record's peaks to matches, through the landmark index and alignment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from workprint.errors import FormatError, UsageError
from workprint.matching import thresholds
from workprint.matching.alignment import Alignment, AlignmentParameters, find_alignments
from workprint.matching.constellation import Constellation, constellation
from workprint.matching.landmark_index import IndexTooLong, LandmarkIndex, LandmarkParameters
from workprint.matching.landmark_tables import IndexDamaged
from workprint.matching.pieces import joined
from workprint.model import (
    AudioTransform,
    Candidate,
    Evidence,
    FingerprintRecord,
    Match,
    Relation,
    TimeSpan,
)
from workprint.protocols import Tables
from workprint.serial.audio_layout import PeakBytesError, decode_peaks

_WHOLE_SHARE = 0.9
"""A match that covers this much of a recording covers it all but for silence and edges."""
_EDGE_S = 1.0


class AudioIndex:
    """Landmarks of all recordings of a portfolio. Works that are no recordings have an empty constellation."""

    def __init__(self, recipe_id: str, index: LandmarkIndex, beside_s: float = 0.0) -> None:
        """Take a built or loaded index; so much sound is in other portfolios of the same registry."""
        self.recipe_id = recipe_id
        self.landmarks = index
        self._parameters = AlignmentParameters(beside_s=beside_s)

    @classmethod
    def build(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> AudioIndex:
        """Index works by position.

        Raises:
            UsageError: they are more recordings than an index can hold.
        """
        return cls._built(recipe_id, records, LandmarkParameters())

    @classmethod
    def build_coarse(cls, recipe_id: str, records: Iterable[FingerprintRecord]) -> AudioIndex:
        """Index works by position, with fewer landmarks."""
        return cls._built(recipe_id, records, LandmarkParameters.coarse())

    @classmethod
    def is_coarse(cls, tables: Tables) -> bool:
        """Whether these are tables of what `build_coarse` built.

        Raises:
            FormatError: they contradict themselves.
        """
        try:
            return LandmarkParameters.of(tables) != LandmarkParameters()
        except IndexDamaged as error:
            raise FormatError(f"the landmark table is damaged: {error}") from error

    @classmethod
    def _built(cls, recipe_id: str, records: Iterable[FingerprintRecord], parameters: LandmarkParameters) -> AudioIndex:
        stars = [constellation_of(record, recipe_id) for record in records]
        try:
            return cls(recipe_id, LandmarkIndex.build(stars, parameters))
        except IndexTooLong as error:
            raise UsageError(str(error)) from error

    @classmethod
    def load(cls, recipe_id: str, tables: Tables) -> AudioIndex:
        """Take up stored tables.

        Raises:
            FormatError: they contradict each other.
        """
        try:
            return cls(recipe_id, LandmarkIndex(tables, LandmarkParameters.of(tables)))
        except (IndexDamaged, KeyError) as error:
            raise FormatError(f"the landmark table is damaged: {error}") from error

    def tables(self) -> Tables:
        """All state, by name."""
        return self.landmarks.tables

    def __len__(self) -> int:
        """How many peaks there are; without any, nothing can be found."""
        return len(self.landmarks.peak_times_s)

    def candidates(self, record: FingerprintRecord) -> Sequence[Candidate]:
        """Works with excerpts in the item.

        An excerpt is grown from the windows that vote for it, so what proposes and what decides work hand in hand
        here, window by window (`alignment`); `verify` then only tells the outcome.
        """
        stars = constellation_of(record, self.recipe_id)
        found = joined(find_alignments(self.landmarks, stars, self._parameters), self.landmarks, stars)
        found = sorted(found, key=lambda one: (one.work, one.item_start_s))
        groups = ((work, tuple(group)) for work, group in groupby(found, key=lambda one: one.work))
        return [Candidate(work, self.recipe_id, float(len(group)), group) for work, group in groups]

    def verify(self, record: FingerprintRecord, candidate: Candidate) -> Sequence[Match]:
        """Every excerpt of the work that is in the item."""
        return [self._match(record, alignment) for alignment in candidate.detail]

    def expected_false_matches(self) -> float:
        """What the alignment's threshold allows, for one item: of a registry's share, that of these works."""
        among_s = self.duration_s + self._parameters.beside_s
        return float(10.0**-self._parameters.least_log10_rarity) * (self.duration_s / among_s if among_s else 1.0)

    @property
    def duration_s(self) -> float:
        """How much sound there is in all works together."""
        return self.landmarks.duration_s

    def beside(self, other_s: float) -> AudioIndex:
        """Return an index of the same works that counts so much sound in other portfolios of a registry, in which an
        item may match by chance."""
        return AudioIndex(self.recipe_id, self.landmarks, other_s)

    def _match(self, record: FingerprintRecord, alignment: Alignment) -> Match:
        duration_s, work_duration_s = record.extent[0], float(self.landmarks.tables["work_durations_s"][alignment.work])
        item_span = _span(alignment.item_start_s, alignment.item_end_s, duration_s)
        work_span = _span(alignment.work_start_s, alignment.work_end_s, work_duration_s)
        return Match(
            item_id=record.subject_id,
            work=alignment.work,
            relation=_relation(_whole(item_span, duration_s), _whole(work_span, work_duration_s)),
            confidence=thresholds.confidence(alignment.expected_false_matches),
            item_segment=item_span,
            work_segment=work_span,
            transform=AudioTransform(alignment.tempo, alignment.pitch_ratio, alignment.reversed),
            evidence=(Evidence(self.recipe_id, "aligned_landmarks", alignment.aligned, alignment.threshold),),
        )


def constellation_of(record: FingerprintRecord, recipe_id: str) -> Constellation:
    """Return the peaks of a record.

    Raises:
        FormatError: they are damaged.
    """
    try:
        return constellation(
            (print_.segment.start_s, print_.segment.end_s, decode_peaks(print_.value))
            for print_ in record.made_by(recipe_id)
            if isinstance(print_.segment, TimeSpan)
        )
    except PeakBytesError as error:
        raise FormatError(f"the fingerprint of {record.subject_id!r} is damaged: {error}") from error


def _span(start_s: float, end_s: float, duration_s: float) -> TimeSpan:
    low, high = sorted((start_s, end_s))
    return TimeSpan(round(max(0.0, low), 3), round(min(duration_s, high), 3))


def _whole(span: TimeSpan, duration_s: float) -> bool:
    rest_s = duration_s - (span.end_s - span.start_s)
    return rest_s <= max(_EDGE_S, (1.0 - _WHOLE_SHARE) * duration_s)


def _relation(whole_item: bool, whole_work: bool) -> Relation:
    if whole_work:
        return Relation.NEAR_DUPLICATE if whole_item else Relation.CONTAINS
    return Relation.EXCERPT
