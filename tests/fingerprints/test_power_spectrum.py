"""The transform against scipy's: the same bits, not nearly the same."""

import numpy as np
import pytest
from scipy.fft import rfft

from workprint.fingerprints.power_spectrum import (
    HOP_SAMPLES,
    NEEDED_SAMPLES,
    WINDOW_SAMPLES,
    WINDOWS,
    PowerSpectrum,
    loudest,
)


def of_scipy(samples: np.ndarray) -> np.ndarray:
    """Power (bins, windows) of bins 1 to 511."""
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
    window *= np.float32(2.0 / window.sum())
    frames = np.stack([samples[at * HOP_SAMPLES :][:WINDOW_SAMPLES] * window for at in range(WINDOWS)])
    bins = rfft(frames, axis=1)[:, 1:512].T
    return bins.real * bins.real + bins.imag * bins.imag


@pytest.mark.parametrize("scale", [1e-6, 1.0, 64.0])
def test_every_bit_is_that_of_scipy(scale: float) -> None:
    """Noise of any loudness, with a stretch of silence in it."""
    samples = np.random.default_rng(5).standard_normal(NEEDED_SAMPLES).astype(np.float32) * np.float32(scale)
    samples[3000:5000] = 0.0
    power = np.empty((511, WINDOWS), np.float32)
    PowerSpectrum(1).into(power, samples)
    assert np.array_equal(power, of_scipy(samples))


def test_a_band_is_a_part_of_the_whole() -> None:
    """Bins before and after it are left out, none is moved."""
    samples = np.sin(np.arange(NEEDED_SAMPLES, dtype=np.float32))
    band = np.empty((40, WINDOWS), np.float32)
    PowerSpectrum(150).into(band, samples)
    assert np.array_equal(band, of_scipy(samples)[149:189])


def test_a_sine_of_amplitude_1_has_the_power_1_and_is_the_loudest() -> None:
    """In the bin that is its own."""
    samples = np.sin(2 * np.pi * 100 / WINDOW_SAMPLES * np.arange(NEEDED_SAMPLES)).astype(np.float32)
    power = np.empty((511, WINDOWS), np.float32)
    PowerSpectrum(1).into(power, samples)
    assert np.allclose(power[99], 1.0, rtol=1e-4)
    assert np.array_equal(loudest(power), power.max(axis=0))
