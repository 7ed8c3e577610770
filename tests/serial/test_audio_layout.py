"""The byte layout of audio peaks."""

import numpy as np
import pytest

from workprint.serial.audio_layout import PEAK, PeakBytesError, decode_peaks, encode_peaks


def test_peaks_come_back() -> None:
    """Five bytes per peak, little-endian, in order."""
    peaks = np.array([(1, 2, 3), (1, 65535, 255), (65535, 0, 0)], dtype=PEAK)

    assert encode_peaks(peaks)[:5] == b"\x01\x00\x02\x00\x03"
    assert (decode_peaks(encode_peaks(peaks)) == peaks).all()


@pytest.mark.parametrize("value", [b"1234", encode_peaks(np.array([(2, 0, 0), (1, 0, 0)], dtype=PEAK))])
def test_bytes_that_are_no_peaks_are_refused(value: bytes) -> None:
    """A broken length or order is told, not guessed at."""
    with pytest.raises(PeakBytesError):
        decode_peaks(value)
