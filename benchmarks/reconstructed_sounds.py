"""Recordings made again from their spectral peaks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import stft

from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, TIME_UNIT_S

RATE_HZ = 8_000
_WINDOW = 1024
_RANGE_DB = 60.0
_LOWEST_HZ, _HIGHEST_HZ = 150.0, 3_800.0
_SEGMENT_FRAMES = 30
Float64s = NDArray[np.float64]


def resynthesised(peaks: NDArray[np.void], samples: int) -> Float64s:
    """A short tone at each peak, as loud as its strength says, with phases drawn by seed."""
    random = np.random.default_rng(1)
    sound = np.zeros(samples + 2 * _WINDOW)
    window, times_s = np.hanning(_WINDOW), np.arange(_WINDOW) / RATE_HZ
    for peak in peaks:
        begin = round(float(peak["time"]) * TIME_UNIT_S * RATE_HZ) + _WINDOW // 2
        if begin + _WINDOW > len(sound):
            break
        loudness = 10.0 ** (-(255.0 - float(peak["strength"])) / 40.0)
        phase = 2 * np.pi * (float(peak["frequency"]) * FREQUENCY_UNIT_HZ * times_s + random.random())
        sound[begin : begin + _WINDOW] += loudness * window * np.sin(phase)
    return sound[_WINDOW:-_WINDOW]


def log_spectrum(samples: NDArray[np.floating]) -> Float64s:
    """Decibels below the loudest cell, down to 60, of the frequencies that peaks are taken from."""
    frequencies, _, cells = stft(samples, RATE_HZ, nperseg=512, noverlap=384)
    power = np.abs(cells[(frequencies >= _LOWEST_HZ) & (frequencies <= _HIGHEST_HZ)]) ** 2
    decibels = 10.0 * np.log10(power / (power.max() + 1e-30) + 1e-30)
    return np.maximum(decibels, -_RANGE_DB)


def envelopes_alike(made: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """How alike the loudness of third-octave bands runs over stretches of 0.4 s: 1 is the same, 0 is chance.

    As the short-time objective intelligibility measure does (Taal, Hendriks, Heusdens, Jensen 2011), at 8 kHz and
    without leaving silence out: there, speech above 0.75 is understood by most, below 0.45 by few.
    """
    ours, theirs = _bands(made), _bands(truth)
    found = []
    for begin in range(0, ours.shape[1] - _SEGMENT_FRAMES + 1, _SEGMENT_FRAMES // 2):
        for band in range(len(ours)):
            one, other = (bands[band, begin : begin + _SEGMENT_FRAMES] for bands in (ours, theirs))
            one = one * np.linalg.norm(other) / (np.linalg.norm(one) + 1e-12)
            one = np.minimum(one, other * (1 + 10 ** (15 / 20)))
            one, other = one - one.mean(), other - other.mean()
            size = np.linalg.norm(one) * np.linalg.norm(other)
            found.append(float(one @ other / size) if size > 1e-12 else 0.0)
    return float(np.mean(found)) if found else 0.0


def _bands(samples: NDArray[np.floating]) -> Float64s:
    frequencies, _, cells = stft(samples, RATE_HZ, nperseg=205, noverlap=103, nfft=512)
    power = np.abs(cells) ** 2
    edges = 150.0 * 2.0 ** ((np.arange(15) - 0.5) / 3.0)
    of_band = np.searchsorted(edges, frequencies, side="right") - 1
    return np.sqrt(np.stack([power[of_band == band].sum(axis=0) for band in range(14)]))
