"""Byte layout of stored audio peaks: the one thing that fingerprinting and matching have to agree on."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

TIME_UNIT_S: Final = 0.004
"""Seconds per step of `time`."""
FREQUENCY_UNIT_HZ: Final = 0.0625
"""Hertz per step of `frequency`."""
SEGMENT_S: Final = 240.0
"""Longest stretch of sound in one segment, so that `time` fits sixteen bits."""

PEAK: Final = np.dtype([("time", "<u2"), ("frequency", "<u2"), ("strength", "u1")])
"""One spectral peak, five bytes: time since the start of its segment, frequency, and strength: 255 less the
half decibels that it lies below the strongest peak around."""


class PeakBytesError(ValueError):
    """Bytes that claim to be peaks are none."""


def encode_peaks(peaks: NDArray[np.void]) -> bytes:
    """Return the bytes of a structured array of `PEAK`, (n,), in order of time, then frequency."""
    return np.ascontiguousarray(peaks, dtype=PEAK).tobytes()


def decode_peaks(value: bytes) -> NDArray[np.void]:
    """Return the peaks (n,) of `PEAK` in `value`.

    Raises:
        PeakBytesError: the length is no multiple of a peak's, or the peaks are not in order of time.
    """
    if len(value) % PEAK.itemsize:
        raise PeakBytesError(f"{len(value)} bytes are not a whole number of {PEAK.itemsize}-byte peaks")
    peaks = np.frombuffer(value, dtype=PEAK)
    if np.any(np.diff(peaks["time"].astype(np.int32)) < 0):
        raise PeakBytesError("peaks are not in order of time")
    return peaks
