"""Landmark tokens of synthesised sounds."""

import numpy as np
import pytest

import made_up_sounds as sounds
from workprint.fingerprints.audio_peaks import extract_peaks
from workprint.fingerprints.audio_tokens import landmark_tokens
from workprint.fingerprints.minhash import minhash_signature, signature_similarity


def _signature(sound: np.ndarray) -> np.ndarray:
    return minhash_signature(landmark_tokens(extract_peaks([sound])[0].peaks), 256, 1)


def test_the_same_sound_cut_elsewhere_shares_tokens_and_another_does_not() -> None:
    """Signatures tell the same sound, shifted by a few milliseconds and noisy, from another voice."""
    voice = sounds.voice(10.0, seed=1)
    noisy = voice[37:] + sounds.noise(10.0, seed=2)[37:] * np.float32(0.005)
    same, other = _signature(noisy), _signature(sounds.voice(10.0, seed=3))
    alike, unlike = (signature_similarity(_signature(voice), each) for each in (same, other))
    assert alike > 0.25
    assert alike > 2 * unlike


def test_foreign_arrays_are_refused() -> None:
    """Only peaks have landmarks."""
    with pytest.raises(ValueError, match="not"):
        landmark_tokens(np.zeros(4))
