"""Power spectra of windows of sound, many windows at once.

The transform is the real radix-4 FFT of Swarztrauber's FFTPACK ("Vectorizing the FFTs", 1982), in the order of
operations that pocketfft keeps, which is behind `scipy.fft.rfft`: it gives the same bits, in a third of the time,
because the windows lie side by side and each operation is done to a vector of them. See docs/adr/0022.
"""

from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32s = NDArray[np.float32]

WINDOW_SAMPLES: Final = 1024
HOP_SAMPLES: Final = 128
WINDOWS: Final = 64
"""Windows transformed at a time: about a second, small enough for the second-level cache."""
STEP_SAMPLES: Final = WINDOWS * HOP_SAMPLES
NEEDED_SAMPLES: Final = STEP_SAMPLES + WINDOW_SAMPLES - HOP_SAMPLES
_HALF_ROOT: Final = np.float32(np.sqrt(0.5))


def _twiddles() -> tuple[Float32s, ...]:
    """Return (n, 6) for each of the five passes: cosine and sine of one, two and three times the angle of each step."""
    tables = []
    for groups in (256, 64, 16, 4, 1):
        steps = np.arange(1, (WINDOW_SAMPLES // groups // 4 - 1) // 2 + 1)
        angles = 2.0 * np.pi * groups / WINDOW_SAMPLES * steps[:, None] * np.arange(1, 4)
        tables.append(np.stack((np.cos(angles), np.sin(angles)), axis=2).reshape(-1, 6).astype(np.float32))
    return tuple(tables)


def _hann() -> Float32s:
    """Return the window, scaled so that a sine of amplitude 1 has the power 1."""
    window = np.hanning(WINDOW_SAMPLES + 1)[:-1].astype(np.float32)
    window *= np.float32(2.0 / window.sum())
    return window


_TWIDDLES = _twiddles()
_HANN = _hann()


class PowerSpectrum:
    """Power of a band of frequencies in `WINDOWS` consecutive windows; its memory is used again for the next ones."""

    def __init__(self, first_bin: int) -> None:
        """Set the lowest bin of the band, 1 or more."""
        self._first_bin = first_bin
        self._held = np.empty((2, WINDOW_SAMPLES, WINDOWS), np.float32)

    def into(self, power: Float32s, samples: Float32s) -> None:
        """Fill `power` (bins, WINDOWS), up to bin 511, with that of the windows of `samples` (NEEDED_SAMPLES,)."""
        _fill(power, samples, self._held, self._first_bin)


@njit(cache=True)
def _fill(power, samples, held, first_bin):  # type: ignore[no-untyped-def]
    windowed, spectrum = held[0], held[1]
    _apply_window(samples, _HANN, windowed)
    _transform(windowed, spectrum, _TWIDDLES)
    _square(spectrum, first_bin, power)


@njit(cache=True)
def _apply_window(samples, window, windowed):  # type: ignore[no-untyped-def]
    """Fill `windowed` (samples, windows) with windows that start one hop after another."""
    hops = np.empty((HOP_SAMPLES, samples.size // HOP_SAMPLES), np.float32)
    for hop in range(hops.shape[1]):
        for row in range(HOP_SAMPLES):
            hops[row, hop] = samples[hop * HOP_SAMPLES + row]
    for sample in range(window.size):
        row, hop = sample % HOP_SAMPLES, sample // HOP_SAMPLES
        for place in range(windowed.shape[1]):
            windowed[sample, place] = hops[row, hop + place] * window[sample]


@njit(cache=True)
def _square(spectrum, first_bin, power):  # type: ignore[no-untyped-def]
    for row in range(power.shape[0]):
        real, imaginary = 2 * (first_bin + row) - 1, 2 * (first_bin + row)
        for place in range(spectrum.shape[1]):
            power[row, place] = (
                spectrum[real, place] * spectrum[real, place] + spectrum[imaginary, place] * spectrum[imaginary, place]
            )


@njit(cache=True)
def loudest(power):  # type: ignore[no-untyped-def]
    """Return the largest power (windows,) of each window."""
    largest = power[0].copy()
    for row in range(1, power.shape[0]):
        for place in range(largest.size):
            largest[place] = power[row, place] if power[row, place] > largest[place] else largest[place]
    return largest


@njit(cache=True)
def _transform(values, spectrum, twiddles):  # type: ignore[no-untyped-def]
    """Leave in `spectrum` (1024, windows) bin 0, real and imaginary parts of bins 1 to 511, bin 512."""
    groups = 256
    for table in twiddles:  # an odd number of times: what came from `values` ends in `spectrum`
        _pass(values, spectrum, table, groups)
        values, spectrum, groups = spectrum, values, groups // 4


@njit(cache=True)
def _pass(source, target, twiddles, groups):  # type: ignore[no-untyped-def]
    """Join four transforms of `length` values to one, in each group."""
    length = source.shape[0] // (4 * groups)
    scratch = np.empty((8, source.shape[1]), np.float32)
    for group in range(groups):
        first, to = length * group, 4 * length * group
        _first_step(source, target, scratch, (first, length * groups, to, length))
        if length > 1:
            _last_step(source, target, scratch, (first + length - 1, length * groups, to, length))
        for step in range(twiddles.shape[0]):
            _step(source, scratch, first + 2 * step + 1, length * groups, twiddles[step])
            here, mirrored = to + 2 * step + 1, to + length - 2 * step - 3
            _put(scratch, 0, target, here)
            _put(scratch, 1, target, here + 1)
            _put(scratch, 2, target, here + 2 * length)
            _put(scratch, 3, target, here + 2 * length + 1)
            _put(scratch, 4, target, mirrored + 3 * length)
            _put(scratch, 5, target, mirrored + 3 * length + 1)
            _put(scratch, 6, target, mirrored + length)
            _put(scratch, 7, target, mirrored + length + 1)


@njit(cache=True, inline="always")
def _put(scratch, row, target, to):  # type: ignore[no-untyped-def]
    # By way of rows in between, which are made where the compiler sees it and so overlap nothing: it makes no vector
    # loop of one that reads four rows and writes four others.
    for place in range(scratch.shape[1]):
        target[to, place] = scratch[row, place]


@njit(cache=True)
def _first_step(source, target, scratch, places):  # type: ignore[no-untyped-def]
    first, apart, to, length = places
    for place in range(source.shape[1]):
        a, b = source[first, place], source[first + apart, place]
        c, d = source[first + 2 * apart, place], source[first + 3 * apart, place]
        odd, even = d + b, a + c
        scratch[0, place] = even + odd
        scratch[1, place] = a - c
        scratch[2, place] = d - b
        scratch[3, place] = even - odd
    _put(scratch, 0, target, to)
    _put(scratch, 1, target, to + 2 * length - 1)
    _put(scratch, 2, target, to + 2 * length)
    _put(scratch, 3, target, to + 4 * length - 1)


@njit(cache=True)
def _last_step(source, target, scratch, places):  # type: ignore[no-untyped-def]
    last, apart, to, length = places
    for place in range(source.shape[1]):
        a, b = source[last, place], source[last + apart, place]
        c, d = source[last + 2 * apart, place], source[last + 3 * apart, place]
        real, imaginary = _HALF_ROOT * (b - d), -_HALF_ROOT * (b + d)
        scratch[0, place] = a + real
        scratch[1, place] = imaginary - c
        scratch[2, place] = a - real
        scratch[3, place] = imaginary + c
    _put(scratch, 0, target, to + length - 1)
    _put(scratch, 1, target, to + length)
    _put(scratch, 2, target, to + 3 * length - 1)
    _put(scratch, 3, target, to + 3 * length)


@njit(cache=True, inline="always")
def _step(source, scratch, first, apart, twiddle):  # type: ignore[no-untyped-def]
    """Leave in `scratch` real and imaginary parts of four sums: two from the front, two that are mirrored."""
    cosine_1, sine_1, cosine_2, sine_2, cosine_3, sine_3 = twiddle
    for place in range(source.shape[1]):
        real, imaginary = source[first + apart, place], source[first + apart + 1, place]
        b_real, b_imaginary = cosine_1 * real + sine_1 * imaginary, cosine_1 * imaginary - sine_1 * real
        real, imaginary = source[first + 2 * apart, place], source[first + 2 * apart + 1, place]
        c_real, c_imaginary = cosine_2 * real + sine_2 * imaginary, cosine_2 * imaginary - sine_2 * real
        real, imaginary = source[first + 3 * apart, place], source[first + 3 * apart + 1, place]
        d_real, d_imaginary = cosine_3 * real + sine_3 * imaginary, cosine_3 * imaginary - sine_3 * real
        real, imaginary = source[first, place], source[first + 1, place]
        odd_real, odd_imaginary = d_real + b_real, b_imaginary + d_imaginary
        even_real, even_imaginary = real + c_real, imaginary + c_imaginary
        turned_real, turned_imaginary = b_imaginary - d_imaginary, d_real - b_real
        other_real, other_imaginary = real - c_real, imaginary - c_imaginary
        scratch[0, place] = even_real + odd_real
        scratch[1, place] = odd_imaginary + even_imaginary
        scratch[2, place] = other_real + turned_real
        scratch[3, place] = turned_imaginary + other_imaginary
        scratch[4, place] = even_real - odd_real
        scratch[5, place] = odd_imaginary - even_imaginary
        scratch[6, place] = other_real - turned_real
        scratch[7, place] = turned_imaginary - other_imaginary
