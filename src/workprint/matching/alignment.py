"""Finds the excerpts of a portfolio in an item: votes propose lines in time, and what lies on a line decides."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from math import exp, log10, sqrt
from typing import Final

import numpy as np

from workprint.matching import thresholds
from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.lines import Line, Tolerance, fitted, rated
from workprint.matching.rivals import RivalParameters, nats_against, rivals_of
from workprint.matching.significance import (
    COARSE,
    ChanceParameters,
    Support,
    enough,
    moments,
    spread,
    stretches,
    weigh,
    weigh_rest,
)
from workprint.matching.voting import (
    Hypothesis,
    VotingParameters,
    Window,
    plain_hypotheses,
    scaled_hypotheses,
    windows,
)

_FIRST_STEPS: Final = (Tolerance(0.060, 0.014), Tolerance(0.035, 0.014), COARSE, COARSE)
_LAST_STEPS: Final = (COARSE, COARSE, COARSE)
_SAME_PLACE_S: Final = 0.3
_MORE_PLACES: Final = 4

Propose = Callable[[LandmarkIndex, Window, VotingParameters], list[Hypothesis]]
"""Where a window may come from."""


@dataclass(frozen=True, slots=True)
class AlignmentParameters:
    """How many lines are followed, and what is enough for a match."""

    voting: VotingParameters = field(default_factory=VotingParameters)
    chance: ChanceParameters = field(default_factory=ChanceParameters)
    rivals: RivalParameters = field(default_factory=RivalParameters)
    followed: int = 2
    """Lines per window, direction and kind of landmark that are followed through the recording."""
    least_excess: float = 6.0
    """A line is dropped at once unless it aligns so many peaks more than three standard deviations above chance."""
    log10_worth_following: float = -2.0
    """A line whose window is likelier than this by chance is dropped at once."""
    least_log10_rarity: float = thresholds.AUDIO_LOG10_RARITY
    """A match is expected by chance at most once in 10 to the power of this many items."""
    least_log10_rest: float = 3.0
    """The same for what is left without the busiest moment, for which there is but one line to try …"""
    nearly_all: float = 0.6
    """… and where an excerpt covers so much of the item's time, …"""
    nearly_all_peaks: float = 0.7
    """… or holds so many of its peaks, because what else there is of it is a pause, …"""
    least_log10_rest_of_item: float = 2.0
    """… this: there is little else in it that could have met the work by accident."""
    least_spread: float = 0.4
    """Share of the quarter seconds of an excerpt that must have more than chance gives."""
    least_moments: float = 6.0
    """Different moments that what is aligned must come from, notes in the same rhythm have one each; in any case, …"""
    least_moments_per_s: float = 7.0
    """… per second of the excerpt, …"""
    enough_moments: float = 11.0
    """… but never more than these."""
    least_share: float = 0.15
    """Share of the peaks of an excerpt that must be aligned, …"""
    least_share_of_rare: float = 0.08
    """… and if it is so rare, and so rare still without a word, that noise must be what fills it up:"""
    log10_rare: float = -8.0
    log10_rare_rest: float = -6.0
    plain_lines_per_s2: float = 1e2
    """Lines tried per second of item and second of portfolio: places only …"""
    scaled_lines_per_s2: float = 1e5
    """… and with tempo, pitch and direction."""
    beside_s: float = 0.0
    """Seconds of works that the item is compared with in other portfolios of the same registry."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """An excerpt of a work, found in an item."""

    work: int
    """Its position among the works of the index."""
    item_start_s: float
    item_end_s: float
    work_start_s: float
    work_end_s: float
    tempo: float
    """Above 1: the item plays faster."""
    pitch_ratio: float
    """Above 1: the item sounds higher."""
    reversed: bool
    aligned: int
    """Peaks of the item that lie on a peak of the work."""
    peaks: int
    """Peaks of the item in the excerpt."""
    expected: float
    """How many would be aligned by chance."""
    threshold: float
    """The number of aligned peaks that would just have been enough."""
    log10_false_matches: float
    """Logarithm of how many matches as good as this the comparison of this item with this portfolio gives by chance."""
    confidence: float
    """0 to 1."""

    @property
    def expected_false_matches(self) -> float:
        """How many matches as good as this the comparison of this item with this portfolio gives by chance."""
        return float(10.0**self.log10_false_matches)


def find_alignments(
    index: LandmarkIndex, item: Constellation, parameters: AlignmentParameters = AlignmentParameters()
) -> list[Alignment]:
    """Return every excerpt of the portfolio that is in the item, in order of place in the item, then of work."""
    if not index.peak_times_s.size:
        return []
    found = _Search(index, item, parameters, parameters.voting.probed_rank).run()
    for one in _Search(index, item.backwards(), parameters, parameters.voting.reversed_rank).run():
        found.append(_forwards(one, item.duration_s))
    return sorted(_without_shadows(found), key=lambda one: (one.item_start_s, one.work, one.work_start_s))


def aligned_works(index: LandmarkIndex, item: Constellation, parameters: AlignmentParameters) -> set[int]:
    """Return the works that a window of the item aligns with beyond chance: all that an excerpt can be grown in."""
    if not index.peak_times_s.size:
        return set()
    voting = parameters.voting
    forwards = _Search(index, item, parameters, voting.probed_rank).works()
    return forwards | _Search(index, item.backwards(), parameters, voting.reversed_rank).works()


class _Search:
    """One item, in one direction, against one index."""

    def __init__(
        self, index: LandmarkIndex, item: Constellation, parameters: AlignmentParameters, most_rank: float
    ) -> None:
        self._most_rank = most_rank
        self._index = index
        self._item = item
        self._parameters = parameters
        self._found: list[tuple[Alignment, Line]] = []

    def run(self) -> list[Alignment]:
        """Look at every window of the item."""
        for window, line in self._lines():
            self._follow(window, line)
        return [alignment for alignment, _ in self._found]

    def works(self) -> set[int]:
        """The works with a line that is worth following."""
        return {
            self._index.moment(line.tempo * window.centre_s + line.start_s)[0]
            for window in windows(self._item, self._parameters.voting, self._most_rank)
            for propose in (plain_hypotheses, scaled_hypotheses)
            for line in self._aligned_lines(window, propose)
        }

    def _aligned_lines(self, window: Window, propose: Propose) -> list[Line]:
        """Return all lines that are worth following: the more of those that are tried are, the more are tried."""
        voting, tried, lines = self._parameters.voting, 0, list[Line]()
        while len(proposed := propose(self._index, window, voting)) > tried:
            lines = [line for line in self._rated_lines(window, proposed) if self._is_aligned(line, window.stars)]
            if len(lines) < len(proposed) / 2:
                break
            tried, voting = len(proposed), voting.with_times_as_many_places(_MORE_PLACES)
        return lines

    def _lines(self) -> Iterator[tuple[Window, Line]]:
        """Yield the best lines of every window of the item."""
        voting = self._parameters.voting
        for window in windows(self._item, voting, self._most_rank):
            for propose in (plain_hypotheses, scaled_hypotheses):
                for line in self._best_lines(window, propose(self._index, window, voting)):
                    yield window, line

    def _best_lines(self, window: Window, proposed: Iterable[Hypothesis]) -> list[Line]:
        """Return the lines that align most peaks of the window."""
        return self._rated_lines(window, proposed)[: self._parameters.followed]

    def _rated_lines(self, window: Window, proposed: Iterable[Hypothesis]) -> list[Line]:
        """Return the lines that align more peaks of the window than chance, best first."""
        lines = [Line(each.tempo, each.place_s - each.tempo * window.centre_s, each.pitch_octaves) for each in proposed]
        scored = [
            (chance - count, number, line)
            for number, (line, count, chance) in enumerate(rated(window.stars, self._index.sky, lines, _FIRST_STEPS))
            if count >= chance + 3.0 * sqrt(chance) + self._parameters.least_excess
        ]
        return [line for _, _, line in sorted(scored, key=lambda each: each[:2])]

    def _follow(self, window: Window, line: Line) -> None:
        """Grow an excerpt from a window outwards, and keep what chance does not explain."""
        if self._is_explained(window.centre_s, line) or not self._is_aligned(line, window.stars):
            return
        line, part = self._grown(window, line)
        support = Support.of(part, self._index.sky, line)
        for span in stretches(support, self._parameters.chance):
            alignment = self._judged(support, span, line, (0.0, 0.0))
            if not self._is_rare(alignment) or not self._is_more_than_a_word(support, span, alignment):
                continue
            alignment = self._judged(support, span, line, self._rivals(part, support, span, line))
            if self._is_rare(alignment) and self._is_dense(support, span, alignment):
                self._found.append((alignment, line))

    def _is_rare(self, alignment: Alignment) -> bool:
        return alignment.log10_false_matches <= -self._parameters.least_log10_rarity

    def _rivals(
        self, part: Constellation, support: Support, span: tuple[float, float], line: Line
    ) -> tuple[float, ...]:
        """Return what speaks against a line, by each profile."""
        limits = (self._parameters.rivals, self._parameters.chance)
        rivals = rivals_of(part, self._index.sky, line, support, span, limits)
        return nats_against(rivals, span, self._parameters.rivals)

    def _is_dense(self, support: Support, span: tuple[float, float], alignment: Alignment) -> bool:
        """Whether the excerpt is aligned all along and at many moments, not in a note here and a note there."""
        limits, share = self._parameters, alignment.aligned / max(1, alignment.peaks)
        if share < limits.least_share:
            rest = weigh_rest(support, span, limits.chance.word_s, limits.chance)
            rare = alignment.log10_false_matches <= limits.log10_rare and rest.log10_chance <= limits.log10_rare_rest
            if share < limits.least_share_of_rare or not rare:
                return False
        of_length = min(limits.enough_moments, limits.least_moments_per_s * (span[1] - span[0]))
        if moments(support, span, limits.chance) < max(limits.least_moments, of_length):
            return False
        return spread(support, span, limits.chance) >= limits.least_spread

    def _is_more_than_a_word(self, support: Support, span: tuple[float, float], alignment: Alignment) -> bool:
        """Whether the excerpt stands without its busiest moment, or is nearly all there is of a short item.

        In a long item many words could have met a word of a work by accident; an item that is little more than a word
        and is found from end to end is another matter, and less is asked of what is left of it.
        """
        chance = self._parameters.chance
        if self._is_nearly_all(support, span, alignment):
            rest = weigh_rest(support, span, chance.syllable_s, chance)
            return rest.log10_chance <= -self._parameters.least_log10_rest_of_item
        rest = weigh_rest(support, span, chance.word_s, chance)
        return rest.log10_chance <= -self._parameters.least_log10_rest

    def _is_nearly_all(self, support: Support, span: tuple[float, float], alignment: Alignment) -> bool:
        """Whether there is little in the item beside the excerpt, by the clock or by what is heard."""
        low, high = np.searchsorted(support.times_s, span)
        of_time = (alignment.item_end_s - alignment.item_start_s) / max(self._item.duration_s, 1e-9)
        of_peaks = (high - low) / max(1, self._item.times_s.size)
        return bool(of_time >= self._parameters.nearly_all or of_peaks >= self._parameters.nearly_all_peaks)

    def _is_explained(self, moment_s: float, line: Line) -> bool:
        """Whether an excerpt that was found already has this moment at this place."""
        place_s = line.tempo * moment_s + line.start_s
        return any(
            known.item_start_s - 1.0 <= moment_s <= known.item_end_s + 1.0
            and abs(other.tempo * moment_s + other.start_s - place_s) < _SAME_PLACE_S
            for known, other in self._found
        )

    def _grown(self, window: Window, line: Line) -> tuple[Line, Constellation]:
        """Fit the line to more and more of the item, as long as what is added is aligned too; return line and part."""
        half_s, end_of_item_s = self._parameters.voting.window_s / 2, self._item.duration_s
        start_s, end_s = max(0.0, window.centre_s - half_s), min(end_of_item_s, window.centre_s + half_s)
        grew = True
        while grew:
            step_s = max(4.0, (end_s - start_s) / 2)
            sides = ((max(0.0, start_s - step_s), start_s), (end_s, min(end_of_item_s, end_s + step_s)))
            grew = False
            for low_s, high_s in sides:
                if high_s > low_s and self._is_aligned(line, self._item.between(low_s, high_s)):
                    start_s, end_s, grew = min(start_s, low_s), max(end_s, high_s), True
            line, _ = fitted(self._item.between(start_s, end_s), self._index.sky, line, _LAST_STEPS)
        return line, self._item.between(start_s - half_s, end_s + half_s)

    def _is_aligned(self, line: Line, part: Constellation) -> bool:
        """Whether a part has clearly more on the line than chance puts there."""
        weight = weigh(
            Support.of(part, self._index.sky, line), (0.0, self._item.duration_s + 1.0), self._parameters.chance
        )
        return weight.log10_chance < self._parameters.log10_worth_following

    def _judged(self, support: Support, span: tuple[float, float], line: Line, rivals: tuple[float, ...]) -> Alignment:
        """Weigh the evidence in one stretch."""
        weight = weigh(support, span, self._parameters.chance, rivals)
        start_s, end_s = support.ends(span)
        work, work_s = self._index.moment(line.tempo * (start_s + end_s) / 2 + line.start_s)
        half_s = line.tempo * (end_s - start_s) / 2
        trials = self._log10_trials(line)
        goal = -self._parameters.least_log10_rarity - trials
        return Alignment(
            work=work,
            item_start_s=start_s,
            item_end_s=end_s,
            work_start_s=max(0.0, work_s - half_s),
            work_end_s=work_s + half_s,
            tempo=line.tempo,
            pitch_ratio=2.0**line.octaves,
            reversed=False,
            aligned=weight.aligned,
            peaks=weight.peaks,
            expected=weight.expected,
            threshold=enough(weight, goal),
            log10_false_matches=min(0.0, trials + weight.log10_chance),
            confidence=exp(-(10.0 ** min(0.0, trials + weight.log10_chance))),
        )

    def _log10_trials(self, line: Line) -> float:
        """Return the logarithm of how many lines like this could have been tried."""
        plain = abs(line.tempo - 1.0) < 0.01 and abs(line.octaves) < 0.01
        rate = self._parameters.plain_lines_per_s2 if plain else self._parameters.scaled_lines_per_s2
        among_s = self._index.duration_s + self._parameters.beside_s
        return log10(rate * max(1.0, self._item.duration_s) * max(1.0, among_s))


def _forwards(alignment: Alignment, duration_s: float) -> Alignment:
    """Turn an alignment of the reversed item into one of the item."""
    start_s, end_s = duration_s - alignment.item_end_s, duration_s - alignment.item_start_s
    return replace(alignment, item_start_s=start_s, item_end_s=end_s, reversed=True)


def _without_shadows(found: Iterable[Alignment]) -> list[Alignment]:
    """Drop weaker alignments of the same work over the same part of the item: loops and refrains match themselves."""
    kept: list[Alignment] = []
    ranked = sorted(found, key=lambda one: (one.log10_false_matches, one.work, one.item_start_s, one.reversed))
    for one in ranked:
        if not any(_covers(other, one) for other in kept):
            kept.append(one)
    return kept


def _covers(strong: Alignment, weak: Alignment) -> bool:
    overlap = min(strong.item_end_s, weak.item_end_s) - max(strong.item_start_s, weak.item_start_s)
    return strong.work == weak.work and overlap > 0.5 * (weak.item_end_s - weak.item_start_s)
