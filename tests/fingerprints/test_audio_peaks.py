"""Peaks of synthesised sounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up_sounds as sounds
from workprint.fingerprints.audio_peaks import LowInformation, PeakParameters, TooShort, extract_peaks
from workprint.serial.audio_layout import (
    FREQUENCY_UNIT_HZ,
    PEAK,
    TIME_UNIT_S,
    PeakBytesError,
    decode_peaks,
    encode_peaks,
)

VOICE = sounds.voice(5.0, seed=1) + sounds.noise(5.0, seed=1) * np.float32(0.01)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, VOICE.size), max_size=12))
def test_peaks_do_not_depend_on_how_the_sound_was_split(cuts: list[int]) -> None:
    """The same bytes for any blocks, empty ones included."""
    whole = [encode_peaks(segment.peaks) for segment in extract_peaks([VOICE])]
    split = [encode_peaks(segment.peaks) for segment in extract_peaks(np.split(VOICE, sorted(cuts)))]
    assert split == whole


def test_a_louder_or_inverted_sound_has_the_same_peaks() -> None:
    """Gain and polarity move nothing."""
    plain = extract_peaks([VOICE])[0].peaks
    assert np.array_equal(extract_peaks([VOICE * np.float32(-0.25)])[0].peaks, plain)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(40_000, dtype=np.float32), sounds.tone(5.0, 440.0), np.full(40_000, 0.5, dtype=np.float32)],
    ids=["silence", "tone", "constant"],
)
def test_sounds_that_say_nothing_are_refused(sound: np.ndarray) -> None:
    """Silence, a tone and an offset may not match anything."""
    with pytest.raises(LowInformation):
        extract_peaks([sound])


@pytest.mark.parametrize("samples", [0, 1, 800, 3999])
def test_sounds_that_are_too_short_are_refused(samples: int) -> None:
    """Less than half a second, down to nothing at all."""
    with pytest.raises(TooShort):
        extract_peaks([VOICE[:samples]])


def test_damaged_samples_do_not_spread() -> None:
    """NaN and infinity count as silence and cost no more than their own frames."""
    damaged = VOICE.copy()
    damaged[20_000] = np.nan
    damaged[20_001] = np.inf
    peaks = extract_peaks([damaged])[0].peaks
    assert len(peaks) > 0.9 * len(extract_peaks([VOICE])[0].peaks)


def test_a_tone_burst_peaks_at_its_own_time_and_frequency() -> None:
    """Places are interpolated to a few milliseconds and a hertz or two."""
    sound = sounds.noise(4.0, seed=2) * np.float32(0.01)
    start = 16_000
    burst = np.sin(2 * np.pi * 1003.3 * np.arange(1024) / sounds.RATE_HZ) * np.hanning(1024)
    sound[start : start + 1024] += burst.astype(np.float32)
    peaks = extract_peaks([sound])[0].peaks
    hertz, times_s = peaks["frequency"] * FREQUENCY_UNIT_HZ, peaks["time"] * TIME_UNIT_S
    assert np.any((np.abs(hertz - 1003.3) < 1.0) & (np.abs(times_s - 2.064) < 0.006) & (peaks["strength"] == 255))


def test_long_recordings_are_cut_into_segments() -> None:
    """No segment outgrows its clock, and together they cover the recording."""
    minutes = np.tile(VOICE, 60)
    segments = extract_peaks(np.array_split(minutes, 7))
    assert [(segment.start_s, segment.end_s) for segment in segments] == [(0.0, 240.0), (240.0, 300.0)]
    assert all(len(segment.peaks) > 1000 for segment in segments)


def test_peaks_survive_their_bytes() -> None:
    """Decoding is the inverse of encoding."""
    peaks = extract_peaks([VOICE])[0].peaks
    assert np.array_equal(decode_peaks(encode_peaks(peaks)), peaks)


@pytest.mark.parametrize("value", [b"123", encode_peaks(np.array([(9, 1, 1), (8, 1, 1)], dtype=PEAK))])
def test_bytes_that_are_no_peaks_are_refused(value: bytes) -> None:
    """A broken length or order is named, not guessed at."""
    with pytest.raises(PeakBytesError):
        decode_peaks(value)


def test_parameters_change_the_peaks() -> None:
    """A wider neighbourhood leaves fewer peaks."""
    sparse = extract_peaks([VOICE], PeakParameters(reach_bins=24))[0].peaks
    assert 0 < len(sparse) < 0.7 * len(extract_peaks([VOICE])[0].peaks)
