"""Edits of recordings: what each does to a second of made-up speech."""

import numpy as np
import pytest

import made_up_sounds as sounds
from workprint.edits.sounds import EDITS, Scene, chain, gain, made_up_scene, resampled

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def scene() -> Scene:
    """Made-up beds."""
    return made_up_scene(RATE_HZ, seed=3)


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """A second and a half of made-up speech."""
    return resampled(sounds.voice(1.5, seed=7), sounds.RATE_HZ, RATE_HZ)


@pytest.mark.parametrize("name", EDITS)
def test_every_edit_gives_finite_sound_and_the_same_each_time(name: str, scene: Scene, speech: np.ndarray) -> None:
    """An edit is decided by its seed alone and leaves its input as it was."""
    before = speech.copy()
    first, second = (EDITS[name](speech, scene) for _ in range(2))
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert first.size > 0.3 * speech.size
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(speech, before)


@pytest.mark.parametrize("factor", [0.8, 1.25])
def test_speed_and_tempo_change_the_length(factor: float, scene: Scene, speech: np.ndarray) -> None:
    """Faster is shorter, by every method; a change of pitch alone is not."""
    for name in (f"speed {factor}", f"tempo {factor}", f"wsola {factor}"):
        assert EDITS[name](speech, scene).size == pytest.approx(speech.size / factor, rel=0.01)
    assert EDITS["pitch +2"](speech, scene).size == speech.size


@pytest.mark.parametrize("bed", ["white", "babble", "music"])
def test_beds_are_mixed_at_the_ratio_they_name(bed: str, scene: Scene, speech: np.ndarray) -> None:
    """At 0 dB, sound and bed are equally strong, so that they are alike by half."""
    assert np.corrcoef(EDITS[f"{bed} 0 dB"](speech, scene), speech)[0, 1] == pytest.approx(0.5**0.5, abs=0.12)
    assert np.corrcoef(EDITS[f"{bed} 20 dB"](speech, scene), speech)[0, 1] > 0.98


def test_a_chain_does_one_after_the_other(scene: Scene, speech: np.ndarray) -> None:
    """Twice 20 dB down is 40 dB down, but for the steps of 16 bits."""
    twice = chain(gain(-20), gain(-20))(speech, scene)
    np.testing.assert_allclose(twice, gain(-40)(speech, scene), atol=2 / 32767)


def test_a_piece_of_a_bed_is_as_long_as_asked_for() -> None:
    """A scene gives a piece of any length of a bed, from a place that its seed decides."""
    scene = made_up_scene(8000, seed=1)
    assert scene.piece(scene.music, 3 * scene.music.size).size == 3 * scene.music.size
    assert not np.array_equal(scene.piece(scene.music, 100), made_up_scene(8000, seed=2).piece(scene.music, 100))
