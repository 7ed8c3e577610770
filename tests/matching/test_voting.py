"""How many votes a window has: enough to be found by, and no more than a look-up may cost."""

import numpy as np
import pytest

from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.voting import VotingParameters


@pytest.mark.parametrize(("hours", "times"), [(0.1, 1.0), (10.0, 1.0), (40.0, 2.0), (90.0, 3.0)])
def test_a_long_portfolio_has_more_votes_by_the_root_of_its_length(hours: float, times: float) -> None:
    """Up to ten hours the number stays, so that small portfolios are searched as fast as before."""
    silent = Constellation(np.empty(0), np.empty(0, np.float32), hours * 3600.0, np.empty(0, np.float32))
    assert VotingParameters(votes_per_window=1000).votes(LandmarkIndex.build([silent])) == 1000 * times
