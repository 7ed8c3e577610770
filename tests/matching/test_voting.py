"""How many votes a window has: enough to be found by, and no more than a look-up may cost."""

import numpy as np
import pytest

import made_up_sounds as sounds
from workprint.fingerprints.audio_peaks import extract_peaks
from workprint.matching.constellation import Constellation, constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.voting import VotingParameters, Window, scaled_hypotheses


@pytest.mark.parametrize(("hours", "times"), [(0.1, 1.0), (1.0, 1.0), (4.0, 2.0), (9.0, 3.0)])
def test_a_long_portfolio_has_more_votes_by_the_root_of_its_length(hours: float, times: float) -> None:
    """Up to one hour the number stays, so that small portfolios are searched as fast as before."""
    silent = Constellation(np.empty(0), np.empty(0, np.float32), hours * 3600.0, np.empty(0, np.float32))
    assert VotingParameters(votes_per_window=1000).votes(LandmarkIndex.build([silent])) == 1000 * times


def test_a_short_window_asks_for_more_only_where_the_votes_suffice() -> None:
    """What more it asks is less sure than the usual, and must not crowd it out."""
    parts = extract_peaks([sounds.voice(2.0, seed=11)])
    work = constellation((part.start_s, part.end_s, part.peaks) for part in parts)
    faster = Constellation(work.times_s / 1.4, work.octaves, 2.0 / 1.4, work.ranks)
    never, few, many = (
        scaled_hypotheses(
            LandmarkIndex.build([work]),
            Window(faster.duration_s / 2, faster, faster.duration_s, 0.45),
            VotingParameters(short_s=short_s, votes_per_window=votes),
        )[0]
        for short_s, votes in ((0.0, 100_000), (3.0, 3_000), (3.0, 100_000))
    )
    assert few == never
    assert many.votes > never.votes
