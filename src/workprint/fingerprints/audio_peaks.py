"""Spectral peaks of a recording: the points of its constellation map.

A peak is a cell of the spectrogram that is the strongest in a rectangle around it (Wang, "An industrial-strength audio
search algorithm", ISMIR 2003). Nothing but neighbours decides, so gain, equalisation and what happens elsewhere in the
recording do not move a peak, and the same sound gives the same peaks wherever it starts. Places are interpolated
between cells, because scaled constellations are compared later.

Sound arrives in blocks of any length. The frames are cut and transformed in batches on a fixed grid, so the result does
not depend on how the blocks were split, and memory stays bounded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy.fft import rfft
from scipy.ndimage import maximum_filter1d

from workprint.errors import LowInformation, TooShort
from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, PEAK, SEGMENT_S, TIME_UNIT_S

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Rows = NDArray[np.void]

BATCH_FRAMES: Final = 64
"""Frames transformed at a time: about a second, small enough for the second-level cache."""

_ROW: Final = np.dtype([("time", np.int32), ("frequency", np.uint16), ("strength", np.uint8), ("power", np.float32)])
"""A peak on its way: time from the start of the recording, and its power beside what is stored of it."""


@dataclass(frozen=True, slots=True)
class PeakParameters:
    """What decides the peaks. All of it belongs to the recipe."""

    sample_rate_hz: int = 8000
    window_samples: int = 1024
    hop_samples: int = 128
    lowest_hz: float = 150.0
    highest_hz: float = 3800.0
    reach_frames: int = 3
    """A peak is the strongest cell within so many frames before and after."""
    reach_bins: int = 8
    """The same along frequency."""
    floor_dbfs: float = -100.0
    """Cells below the level of a sine of this amplitude are no peaks."""
    depth_db: float = 55.0
    """Nor are cells so far below the strongest one within `loudness_reach_s` before and after: they come and go with
    dither, room tone and codecs, and the edges of silence look alike everywhere."""
    loudness_reach_s: float = 1.0
    least_duration_s: float = 0.5
    least_peaks: int = 24
    least_pitches: int = 8
    """Fewer different frequencies (in tenths of an octave) than this are a tone or a hum."""


@dataclass(frozen=True, slots=True)
class PeakSegment:
    """The peaks of one stretch of a recording."""

    start_s: float
    end_s: float
    peaks: NDArray[np.void]
    """(n,) of `PEAK`, in order of time, then frequency; times count from `start_s`."""


def extract_peaks(blocks: Iterable[Float32s], parameters: PeakParameters = PeakParameters()) -> list[PeakSegment]:
    """Return the peaks of a recording.

    Args:
        blocks: consecutive mono samples, full scale ±1, at the parameters' rate, split anywhere.

    Raises:
        TooShort: the recording is shorter than `least_duration_s`.
        LowInformation: it is silent, steady, or has too few peaks.
    """
    clock = _Clock(blocks)
    rows = _found_peaks(_power_batches(clock, parameters), parameters)
    duration_s = clock.samples / parameters.sample_rate_hz
    if duration_s < parameters.least_duration_s:
        raise TooShort(f"{duration_s:.2f} s of sound; at least {parameters.least_duration_s} s are needed")
    _refuse_low_information(rows, parameters)
    return list(_segments(rows, duration_s))


class _Clock:
    """Passes blocks on and counts their samples."""

    def __init__(self, blocks: Iterable[Float32s]) -> None:
        self._blocks = blocks
        self.samples = 0

    def __iter__(self) -> Iterator[Float32s]:
        for block in self._blocks:
            self.samples += block.size
            # A damaged float file may hold NaN or infinity; one such sample would wipe out its whole frame.
            yield np.nan_to_num(np.ascontiguousarray(block, dtype=np.float32), nan=0.0, posinf=0.0, neginf=0.0)


def _sample_batches(blocks: Iterable[Float32s], parameters: PeakParameters) -> Iterator[Float32s]:
    """Yield the samples of `BATCH_FRAMES` frames at a time, half a window of silence before and after the recording."""
    step = BATCH_FRAMES * parameters.hop_samples
    need = step + parameters.window_samples - parameters.hop_samples
    waiting = [np.zeros(parameters.window_samples // 2, dtype=np.float32)]
    length = waiting[0].size
    for block in blocks:
        waiting.append(block)
        length += block.size
        if length < need:
            continue
        joined = np.concatenate(waiting)
        start = 0
        while joined.size - start >= need:
            yield joined[start : start + need]
            start += step
        waiting, length = [joined[start:]], joined.size - start
    rest = np.concatenate(waiting)
    tail = np.zeros(need, dtype=np.float32)
    tail[: rest.size] = rest
    yield tail


def _power_batches(blocks: Iterable[Float32s], parameters: PeakParameters) -> Iterator[Float32s]:
    """Yield the power spectrogram, (BATCH_FRAMES, bins), of the band that is looked at, one bin wider on each side."""
    window = np.hanning(parameters.window_samples + 1)[:-1].astype(np.float32)
    window *= np.float32(2.0 / window.sum())
    first, last = _band(parameters)
    frames = np.empty((BATCH_FRAMES, parameters.window_samples), dtype=np.float32)
    for samples in _sample_batches(blocks, parameters):
        _cut_frames(samples, window, parameters.hop_samples, frames)
        spectrum = rfft(frames, axis=1)
        yield _power(spectrum, first - 1, last + 1)


def _band(parameters: PeakParameters) -> tuple[int, int]:
    """Return the first bin in which peaks are looked for, and the one after the last."""
    bins_per_hz = parameters.window_samples / parameters.sample_rate_hz
    return round(parameters.lowest_hz * bins_per_hz), round(parameters.highest_hz * bins_per_hz)


@njit(cache=True)
def _cut_frames(samples, window, hop, frames):  # type: ignore[no-untyped-def]
    """Fill `frames` (count, window) with windowed pieces of `samples`."""
    for row in range(frames.shape[0]):
        start = row * hop
        for column in range(window.size):
            frames[row, column] = samples[start + column] * window[column]


@njit(cache=True)
def _power(spectrum, first, last):  # type: ignore[no-untyped-def]
    """Return the power float32 (frames, last - first) of the bins from `first` to before `last`."""
    power = np.empty((spectrum.shape[0], last - first), dtype=np.float32)
    for row in range(spectrum.shape[0]):
        for column in range(last - first):
            value = spectrum[row, first + column]
            power[row, column] = value.real * value.real + value.imag * value.imag
    return power


def _found_peaks(batches: Iterable[Float32s], parameters: PeakParameters) -> Rows:
    """Return all peaks as `_ROW`, in order of time, then frequency."""
    reach = parameters.reach_frames
    first, last = _band(parameters)
    carried = np.zeros((2 * reach, last - first + 2), dtype=np.float32)
    floor = np.float32(10.0 ** (parameters.floor_dbfs / 10.0))
    found, loudness = [], []
    frame = -2 * reach
    for power in _with_edge(batches, carried[:reach]):
        loudness.append(power.max(axis=1))
        rows = np.concatenate((carried, power))
        # Only rows with a full neighbourhood on both sides can be decided; the rest wait for the next batch.
        raw = _local_maxima(rows, reach, parameters.reach_bins, floor)
        found.append(_in_units(raw, frame, first - 1, parameters))
        frame += power.shape[0]
        carried = rows[rows.shape[0] - 2 * reach :]
    return _above_depth(np.concatenate(found), np.concatenate(loudness), parameters)


def _with_edge(batches: Iterable[Float32s], edge: Float32s) -> Iterator[Float32s]:
    """Yield all batches, then an edge of silence that lets the last frames be decided."""
    yield from batches
    yield edge


def _local_maxima(power: Float32s, reach_frames: int, reach_bins: int, floor: np.float32) -> Float64s:
    """Return (n, 3) of the strongest cells of their rectangles: row, bin (both interpolated), power.

    Ties go to the earlier and lower cell. Rows within `reach_frames` of either end of `power` are neighbours only.
    """
    rows, bins = power.shape
    width = bins + 2 * reach_bins
    padded = np.zeros((rows, width), dtype=np.float32)
    padded[:, reach_bins : reach_bins + bins] = power
    along_time = _largest_of(padded.ravel(), 2 * reach_frames + 1, width)
    # What is left begins with the rectangle around the first cell of the first row that can be decided.
    around = _largest_of(along_time, 2 * reach_bins + 1, 1)
    cells = padded.ravel()[reach_frames * width + reach_bins :][: around.size]
    places = np.flatnonzero((cells == around) & (cells >= floor))
    found: Float64s = _interpolated(power, places // width + reach_frames, places % width, (reach_frames, reach_bins))
    return found


def _largest_of(values: Float32s, count: int, step: int) -> Float32s:
    """Return for each place the largest of `count` values, `step` apart, from there on: by spans that double."""
    span = 1
    while 2 * span <= count:
        values = np.maximum(values[: -span * step], values[span * step :])
        span *= 2
    rest = (count - span) * step
    return np.maximum(values[: values.size - rest], values[rest:])


@njit(cache=True)
def _interpolated(power, rows, columns, reach):  # type: ignore[no-untyped-def]
    """Return row, bin and power of cells, but for those at the edges of the band and those that come second."""
    found = np.empty((rows.size, 3), dtype=np.float64)
    count = 0
    for number in range(rows.size):
        row, column = rows[number], columns[number]
        if 0 < column < power.shape[1] - 1 and _is_first(power, row, column, reach[0], reach[1]):
            value = power[row, column]
            found[count, 0] = row + _vertex(power[row - 1, column], value, power[row + 1, column])
            found[count, 1] = column + _vertex(power[row, column - 1], value, power[row, column + 1])
            found[count, 2] = value
            count += 1
    return found[:count]


@njit(cache=True)
def _is_first(power, row, column, reach_frames, reach_bins):  # type: ignore[no-untyped-def]
    """Whether a cell that none in its rectangle beats is the earliest, then lowest, of those that equal it."""
    value = power[row, column]
    for other in range(row - reach_frames, row + 1):
        last = column if other == row else min(power.shape[1], column + reach_bins + 1)
        for place in range(max(0, column - reach_bins), last):
            if power[other, place] == value:
                return False
    return True


@njit(cache=True)
def _vertex(left, centre, right):  # type: ignore[no-untyped-def]
    """Return where between -0.5 and 0.5 the parabola through three levels in dB has its top.

    Three points on a Hann main lobe are nearly a parabola in the logarithm (Smith, "Spectral audio signal processing").
    """
    tiny = np.float32(1e-20)
    a, b, c = np.log(left + tiny), np.log(centre + tiny), np.log(right + tiny)
    bend = a - 2.0 * b + c
    if bend >= -1e-9:
        return 0.0
    return min(0.5, max(-0.5, 0.5 * (a - c) / bend))


def _in_units(raw: Float64s, first_row: int, first_bin: int, parameters: PeakParameters) -> Rows:
    """Turn rows and bins into the units in which peaks are stored. A frame's time is that of its middle."""
    hop_s = parameters.hop_samples / parameters.sample_rate_hz
    bin_hz = parameters.sample_rate_hz / parameters.window_samples
    rows = np.empty(len(raw), dtype=_ROW)
    rows["time"] = np.maximum(np.round((raw[:, 0] + first_row) * hop_s / TIME_UNIT_S), 0)
    rows["frequency"] = np.round((raw[:, 1] + first_bin) * bin_hz / FREQUENCY_UNIT_HZ)
    rows["power"] = raw[:, 2]
    return rows


def _above_depth(rows: Rows, loudness: Float32s, parameters: PeakParameters) -> Rows:
    """Drop peaks far below what surrounds them; give the rest their strength. `loudness` is the top power per frame."""
    hop_s = parameters.hop_samples / parameters.sample_rate_hz
    reach = round(parameters.loudness_reach_s / hop_s)
    around = maximum_filter1d(loudness, 2 * reach + 1, mode="constant")
    frames = np.round(rows["time"] * TIME_UNIT_S / hop_s).astype(np.int64)
    frames = np.minimum(frames, loudness.size - 1)
    below_db = 10.0 * np.log10(np.maximum(around[frames], 1e-20) / np.maximum(rows["power"], 1e-20))
    rows["strength"] = 255 - np.clip(np.round(below_db * 2.0), 0, 255)
    kept = rows[below_db <= parameters.depth_db]
    ordered: Rows = kept[np.lexsort((kept["frequency"], kept["time"]))]
    return ordered


def _refuse_low_information(rows: Rows, parameters: PeakParameters) -> None:
    """Raise `LowInformation` where peaks are few, or all at a handful of frequencies."""
    if len(rows) < parameters.least_peaks:
        raise LowInformation(f"only {len(rows)} spectral peaks: silence or nearly so")
    hertz = np.maximum(rows["frequency"] * FREQUENCY_UNIT_HZ, 1.0)
    pitches = np.unique(np.floor(np.log2(hertz) * 10.0))
    if len(pitches) < parameters.least_pitches:
        raise LowInformation(f"all sound is at {len(pitches)} pitches: a tone, a beep or a hum")


def _segments(rows: Rows, duration_s: float) -> Iterator[PeakSegment]:
    """Cut the peaks into segments of `SEGMENT_S`, at least one."""
    length = round(SEGMENT_S / TIME_UNIT_S)
    for number in range(max(1, int(np.ceil(duration_s / SEGMENT_S)))):
        low, high = np.searchsorted(rows["time"], [number * length, (number + 1) * length])
        peaks = np.empty(high - low, dtype=PEAK)
        peaks["time"] = rows["time"][low:high] - number * length
        peaks["frequency"] = rows["frequency"][low:high]
        peaks["strength"] = rows["strength"][low:high]
        yield PeakSegment(number * SEGMENT_S, min((number + 1) * SEGMENT_S, duration_s), peaks)
