"""Whether a line is the only one that aligns a stretch, or one of many as good.

In tunes of one scale and beat, or of the same sampled drums, every place aligns something. Only what the right place
has and its neighbours lack is evidence.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workprint.matching.constellation import Constellation
from workprint.matching.lines import Line, Sky, aligned, elsewhere_s, met_elsewhere
from workprint.matching.significance import COARSE, FINE, ChanceParameters, Support, means_by_chance, surprise

_STRONGEST_RIVALS = 3


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

    nats: float
    """How surprising what the strongest of them aligns would be by chance; nothing where none is to be feared."""
    won: float
    """Share of the cells of the stretch in which the line aligns more than each of the strongest."""


def nats_against(
    rivals: tuple[Rivals, ...], span: tuple[float, float], parameters: RivalParameters = RivalParameters()
) -> tuple[float, ...]:
    """Return what speaks against a line in each of its supports, the first of which is that of all peaks."""
    first = rivals[0]
    all_along = (
        span[1] - span[0] >= parameters.least_won_s
        and first.won >= parameters.least_won
        and first.nats <= parameters.most_nats_all_along
    )
    factor = parameters.factor_all_along if all_along else parameters.factor
    return tuple(factor * max(0.0, each.nats - parameters.allowance_nats) for each in rivals)


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
    if not size or support.near[low:high].sum() >= own.same_share * size:
        return Rivals(0.0, 1.0)
    low = max(low, (low + high - own.most_peaks) // 2)
    high = min(high, low + own.most_peaks)
    stars = item.between_peaks(low, high)
    near, wide = met_elsewhere(stars, sky, line, FINE, COARSE)
    near_mean, ring_mean = means_by_chance(support, low, high, chance)
    nats = np.array(
        [
            surprise(float(close), near_mean) + surprise(float(far), ring_mean)
            for close, far in zip(near, wide - near, strict=True)
        ]
    )
    strongest = np.argsort(-nats, kind="stable")[:_STRONGEST_RIVALS]
    shifts_s = [elsewhere_s(int(place), FINE) for place in strongest]
    won = min(_won(stars, sky, line, support.wide[low:high], shift_s, chance) for shift_s in shifts_s)
    return Rivals(float(nats.max()) * size / (high - low), won)


def _won(
    stars: Constellation, sky: Sky, line: Line, hits: NDArray[np.bool_], shift_s: float, parameters: ChanceParameters
) -> float:
    """Return the share of cells in which a line aligns more than it does when shifted."""
    _, rival_hits = aligned(stars, sky, replace(line, start_s=line.start_s + shift_s), FINE, COARSE)
    cells = ((stars.times_s - stars.times_s[0]) / parameters.cell_s).astype(np.int64)
    gains = np.bincount(cells, weights=hits.astype(np.float64) - rival_hits)
    busy = np.bincount(cells) >= parameters.busy_peaks
    return float((gains[busy] > 0).mean()) if busy.any() else 0.0
