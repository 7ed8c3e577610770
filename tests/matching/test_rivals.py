"""A line must be the only one that aligns a stretch; one that aligns more all along is charged less for the others."""

import numpy as np
import pytest

import made_up_sounds as sounds
from workprint.fingerprints.audio_peaks import extract_peaks
from workprint.matching.constellation import Constellation, constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.lines import Line
from workprint.matching.rivals import RivalParameters, Rivals, nats_against, rivals_of
from workprint.matching.significance import ChanceParameters, Support

LONG, SHORT = (0.0, 3.0), (0.0, 1.0)
LIMITS = (RivalParameters(same_share=1.1), ChanceParameters())
"""No stretch is exempt for being the same sound."""


def stars(sound: np.ndarray) -> Constellation:
    """Return the constellation of a sound."""
    return constellation((part.start_s, part.end_s, part.peaks) for part in extract_peaks([sound]))


def rivals_of_itself(sound: np.ndarray) -> Rivals:
    """What other places align of a sound that is compared with itself."""
    item, index = stars(sound), LandmarkIndex.build([stars(sound)])
    line = Line(1.0, float(index.tables["work_starts_s"][0]), 0.0)
    return rivals_of(item, index.sky, line, Support.of(item, index.sky, line), (1.0, 5.0), LIMITS)


def test_a_voice_has_no_rivals_worth_the_name() -> None:
    """Other places align what chance does."""
    rivals = rivals_of_itself(sounds.voice(8.0, seed=5))
    assert rivals.won > 0.9
    assert max(rivals.nats) < 20.0


def test_a_loop_is_as_good_one_turn_further() -> None:
    """Nothing tells one turn from another."""
    rivals = rivals_of_itself(np.tile(sounds.voice(1.0, seed=6), 8))
    assert rivals.won < 0.5
    assert max(rivals.nats) > 100.0


def test_a_line_that_aligns_more_all_along_is_charged_less() -> None:
    """Three times what its rivals align, instead of eight."""
    assert nats_against(Rivals((20.0, 10.0), 0.95), LONG) == (36.0, 6.0)
    assert nats_against(Rivals((20.0, 10.0), 0.6), LONG) == (96.0, 16.0)


@pytest.mark.parametrize(("nats", "span"), [(20.0, SHORT), (40.0, LONG)])
def test_neither_a_short_stretch_nor_strong_rivals_are_let_off(nats: float, span: tuple[float, float]) -> None:
    """The full charge, though the line is better all along."""
    assert nats_against(Rivals((nats, nats), 1.0), span) == (8.0 * (nats - 8.0),) * 2


def test_what_any_sound_has_elsewhere_is_not_charged() -> None:
    """Some nats are free."""
    assert nats_against(Rivals((7.0, 0.0), 0.2), LONG) == (0.0, 0.0)
