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
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from workprint.errors import LowInformation, TooShort
from workprint.fingerprints.local_maxima import LocalMaxima
from workprint.fingerprints.power_spectrum import (
    HOP_SAMPLES,
    NEEDED_SAMPLES,
    STEP_SAMPLES,
    WINDOW_SAMPLES,
    WINDOWS,
    PowerSpectrum,
    loudest,
)
from workprint.serial.audio_layout import FREQUENCY_UNIT_HZ, PEAK, SEGMENT_S, TIME_UNIT_S

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]
Rows = NDArray[np.void]

_ROW: Final = np.dtype([("time", np.int32), ("frequency", np.uint16), ("strength", np.uint8), ("power", np.float32)])
"""A peak on its way: time from the start of the recording, and its power beside what is stored of it."""


@dataclass(frozen=True, slots=True)
class PeakParameters:
    """What decides the peaks. All of it belongs to the recipe."""

    sample_rate_hz: int = 8000
    window_samples: int = WINDOW_SAMPLES
    hop_samples: int = HOP_SAMPLES
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
    rows = _found_peaks(_stretches(clock), parameters)
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
            samples = np.ascontiguousarray(block, dtype=np.float32)
            # A damaged float file may hold NaN or infinity; one such sample would wipe out its whole frame. A sum
            # without them costs a tenth of looking at each.
            if not np.isfinite(samples.sum()):
                samples = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
            yield samples


def _stretches(blocks: Iterable[Float32s]) -> Iterator[Float32s]:
    """Yield the samples of as many frames as are there, `WINDOWS` at a time, the last ones of a stretch again in the
    next. Half a window of silence is before and after the recording.
    """
    waiting = [np.zeros(WINDOW_SAMPLES // 2, dtype=np.float32)]
    length = waiting[0].size
    for block in blocks:
        waiting.append(block)
        length += block.size
        if length >= NEEDED_SAMPLES:
            joined = np.concatenate(waiting)
            done = (length - NEEDED_SAMPLES) // STEP_SAMPLES * STEP_SAMPLES
            yield joined[: done + NEEDED_SAMPLES]
            waiting, length = [joined[done + STEP_SAMPLES :]], length - done - STEP_SAMPLES
    rest = np.concatenate(waiting)
    tail = np.zeros(NEEDED_SAMPLES, dtype=np.float32)
    tail[: rest.size] = rest
    yield tail


def _band(parameters: PeakParameters) -> tuple[int, int]:
    """Return the first bin in which peaks are looked for, and the one after the last."""
    bins_per_hz = parameters.window_samples / parameters.sample_rate_hz
    return round(parameters.lowest_hz * bins_per_hz), round(parameters.highest_hz * bins_per_hz)


def _found_peaks(stretches: Iterable[Float32s], parameters: PeakParameters) -> Rows:
    """Return all peaks as `_ROW`, in order of time, then frequency."""
    first, last = _band(parameters)
    lowest, bins = first - 1, last - first + 2  # one bin more on each side, to interpolate with
    spectrum, power = PowerSpectrum(lowest), np.empty((bins, WINDOWS), np.float32)
    maxima = LocalMaxima(power.shape, parameters.reach_frames, parameters.reach_bins)
    floor = np.float32(10.0 ** (parameters.floor_dbfs / 10.0))
    found, loudness = [], []
    for stretch in stretches:
        raw = []
        for start in range(0, stretch.size - NEEDED_SAMPLES + 1, STEP_SAMPLES):
            spectrum.into(power, stretch[start : start + NEEDED_SAMPLES])
            loudness.append(loudest(power))
            raw.append(maxima.found(power, floor))
        found.append(_in_units(np.concatenate(raw), lowest, parameters))
    # Silence behind lets the last frames be decided.
    power.fill(0.0)
    loudness.append(power[0, : parameters.reach_frames])
    found.append(_in_units(maxima.found(power, floor), lowest, parameters))
    return _above_depth(np.concatenate(found), np.concatenate(loudness), parameters)


def _in_units(raw: Float64s, first_bin: int, parameters: PeakParameters) -> Rows:
    """Turn frames and bins into the units in which peaks are stored. A frame's time is that of its middle."""
    hop_s = parameters.hop_samples / parameters.sample_rate_hz
    bin_hz = parameters.sample_rate_hz / parameters.window_samples
    rows = np.empty(len(raw), dtype=_ROW)
    rows["time"] = np.maximum(np.round(raw[:, 0] * hop_s / TIME_UNIT_S), 0)
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
    order = np.argsort(kept["time"].astype(np.int64) << 16 | kept["frequency"], kind="stable")  # nearly in order
    ordered: Rows = kept[order]
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
