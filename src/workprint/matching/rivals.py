"""Whether a line is the only one that aligns a stretch, or one of many as good.

In tunes of one scale and beat, or of the same sampled drums, every place aligns something. Only what the right place
has and its neighbours lack is evidence.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from workprint.matching.agreement import PROFILES, nats_elsewhere
from workprint.matching.constellation import Constellation
from workprint.matching.lines import Line, Sky, Tolerance, aligned
from workprint.matching.significance import COARSE, ChanceParameters, Support, rates_by_chance, surprise

FINE: Final = Tolerance(0.008, 0.004)
"""Peaks so near are of the same sound."""
_STRONGEST_RIVALS: Final = 3
_ELSEWHERE_S: Final = (np.arange(0.16, 4.0, 0.016)[:, None] * np.array([-1.0, 1.0])).ravel()
"""Where else a stretch is tried, item against work: beyond the length of a sound, within a few bars."""


@dataclass(frozen=True, slots=True)
class RivalParameters:
    """What other places count against a line."""

    factor: float = 8.0
    """What is aligned elsewhere in the neighbourhood counts so many times against a line: scales and beats repeat …"""
    allowance_nats: float = 8.0
    """… but for so many nats, which the best of many places reaches in any sound."""
    factor_all_along: float = 3.0
    """The same for a line that aligns more than its strongest rivals do all along, as in a sustained sound, which is a
    little like itself wherever it is put; notes that happen to be the same are so in a note here and a note there."""
    least_won: float = 0.8
    """All along: in so many of its cells, …"""
    least_won_s: float = 1.8
    """… for so long …"""
    most_nats_all_along: float = 30.0
    """… against rivals that are no stronger. Those in music of the very same samples are."""
    most_peaks: int = 1200
    """So many peaks of a stretch, from its middle, are tried elsewhere."""
    same_share: float = 0.9
    """Where so many peaks are near the line, the two are the same sound, and may well repeat themselves."""


@dataclass(frozen=True, slots=True)
class Rivals:
    """What the other places around a line align of a stretch."""

    nats: tuple[float, ...]
    """By each profile, how surprising what the strongest of them aligns would be by chance; nothing where none is to be
    feared."""
    won: float
    """Share of the cells of the stretch in which the line aligns more than each of the strongest."""


def nats_against(
    rivals: Rivals, span: tuple[float, float], parameters: RivalParameters = RivalParameters()
) -> tuple[float, ...]:
    """Return what speaks against a line in each profile."""
    all_along = (
        span[1] - span[0] >= parameters.least_won_s
        and rivals.won >= parameters.least_won
        and rivals.nats[0] <= parameters.most_nats_all_along
    )
    factor = parameters.factor_all_along if all_along else parameters.factor
    return tuple(factor * max(0.0, nats - parameters.allowance_nats) for nats in rivals.nats)


def rivals_of(
    item: Constellation,
    sky: Sky,
    line: Line,
    support: Support,
    span: tuple[float, float],
    parameters: tuple[RivalParameters, ChanceParameters],
) -> Rivals:
    """Look at what the places within some seconds of a line align of a stretch."""
    own, chance = parameters
    low, high = (int(place) for place in np.searchsorted(support.times_s, span))
    size = high - low
    if not size or aligned(item.between_peaks(low, high), sky, line, FINE).mean() >= own.same_share:
        return Rivals((0.0,) * PROFILES, 1.0)
    low = max(low, (low + high - own.most_peaks) // 2)
    high = min(high, low + own.most_peaks)
    stars = item.between_peaks(low, high)
    part = support.between_peaks(low, high)
    rates = rates_by_chance(part, chance)
    said = nats_elsewhere(stars, sky, line, _ELSEWHERE_S)
    # The more they say, the more surprising it is: one place in each profile is the strongest.
    nats = [
        surprise(float(row.max()), of_profile) * size / (high - low)
        for row, of_profile in zip(said, rates, strict=True)
    ]
    strongest = np.argsort(-said[int(np.argmax(nats))], kind="stable")[:_STRONGEST_RIVALS]
    won = min(_won(stars, sky, line, part.met, float(_ELSEWHERE_S[place]), chance) for place in strongest)
    return Rivals(tuple(nats), won)


def _won(
    stars: Constellation, sky: Sky, line: Line, hits: NDArray[np.bool_], shift_s: float, parameters: ChanceParameters
) -> float:
    """Return the share of cells in which a line aligns more than it does when shifted."""
    rival_hits = aligned(stars, sky, replace(line, start_s=line.start_s + shift_s), COARSE)
    cells = ((stars.times_s - stars.times_s[0]) / parameters.cell_s).astype(np.int64)
    gains = np.bincount(cells, weights=hits.astype(np.float64) - rival_hits)
    busy = np.bincount(cells) >= parameters.busy_peaks
    return float((gains[busy] > 0).mean()) if busy.any() else 0.0
