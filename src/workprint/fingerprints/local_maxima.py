"""Cells of a power spectrogram that are the strongest in the rectangle around them, batch by batch.

Cells lie with time along the row (bins, frames), so that one operation does to many frames what it does to one.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Float32s = NDArray[np.float32]
Float64s = NDArray[np.float64]


class LocalMaxima:
    """Takes batches of frames in order. A frame is decided when the ones that its rectangles reach are there."""

    def __init__(self, shape: tuple[int, int], reach_frames: int, reach_bins: int) -> None:
        """Start with silence. `shape` is that of a batch: bins, frames."""
        bins, frames = shape
        self._reach = reach_frames, reach_bins
        self._cells = np.zeros((bins + 2 * reach_bins, frames + 2 * reach_frames), np.float32)
        self._held = np.empty((2, self._cells.size), np.float32)
        self._next_frame = -2 * reach_frames

    def found(self, power: Float32s, floor: np.float32) -> Float64s:
        """Take a batch (bins, frames); return (n, 3) of those that it decides: frame, bin (interpolated), power.

        Ties go to the earlier and lower cell. None is below the floor, or at the edge of the band.
        """
        found: Float64s = _decided(self._cells, self._held, power, (self._reach, self._next_frame, floor))
        self._next_frame += power.shape[1]
        return found


@njit(cache=True)
def _decided(cells, held, power, where):  # type: ignore[no-untyped-def]
    reach, next_frame, floor = where
    _advance(cells, power, reach[1])
    around = _largest_around(cells, held, reach)
    return _interpolated(cells, _places(cells, around, reach, floor), reach, next_frame)


@njit(cache=True)
def _advance(cells, power, first_row):  # type: ignore[no-untyped-def]
    """Move the last frames to the front, undecided ones and neighbours, and put the new ones behind them."""
    kept = cells.shape[1] - power.shape[1]
    for row in range(power.shape[0]):
        for place in range(kept):
            cells[first_row + row, place] = cells[first_row + row, power.shape[1] + place]
        for place in range(power.shape[1]):
            cells[first_row + row, kept + place] = power[row, place]


@njit(cache=True)
def _largest_around(cells, held, reach):  # type: ignore[no-untyped-def]
    """Return for each cell, but for the last rows, the largest of the rectangle that begins there.

    What goes beyond the end of a row goes on in the next one: these places are not asked for.
    """
    _larger(cells.ravel(), 1, held[0])
    flip = _grown(held, 0, 2 * reach[0] + 1, 2, 1)
    flip = _grown(held, flip, 2 * reach[1] + 1, 1, cells.shape[1])
    return held[flip].reshape(cells.shape)


@njit(cache=True)
def _grown(held, flip, count, span, step):  # type: ignore[no-untyped-def]
    """Let places that cover `span` cells, `step` apart, cover `count`, by spans that double; return where they are."""
    while span < count:
        further = min(span, count - span)
        _larger(held[flip], further * step, held[1 - flip])
        flip, span = 1 - flip, span + further
    return flip


@njit(cache=True)
def _larger(values, ahead, larger):  # type: ignore[no-untyped-def]
    later = values[ahead:]  # an index that might be negative is tested each time, and no vector loop made of it
    for place in range(later.size):
        larger[place] = values[place] if values[place] > later[place] else later[place]


@njit(cache=True)
def _places(cells, around, reach, floor):  # type: ignore[no-untyped-def]
    """Return (n, 2) of cells that none in their rectangle beats: row and column of `cells`."""
    width = cells.shape[1]
    centre = reach[1] * width + reach[0]
    flat, largest = cells.ravel()[centre:], around.ravel()
    are_largest = np.zeros((flat.size + 7) // 8 * 8, np.uint8)
    for place in range(flat.size - centre):
        are_largest[place] = (flat[place] == largest[place]) & (flat[place] >= floor)
    eights = np.flatnonzero(are_largest.view(np.uint64))
    places = np.empty((eights.size * 8, 2), np.int64)
    count = 0
    for eight in eights:
        for place in range(eight * 8, eight * 8 + 8):
            row, column = place // width + reach[1], place % width + reach[0]
            if are_largest[place] and column < width - reach[0]:
                places[count] = row, column
                count += 1
    return places[:count]


@njit(cache=True)
def _interpolated(cells, places, reach, first_frame):  # type: ignore[no-untyped-def]
    """Return frame, bin and power of cells, but for those at the edges of the band and those that come second."""
    found = np.empty((places.shape[0], 3), dtype=np.float64)
    count = 0
    for number in range(places.shape[0]):
        row, column = places[number]
        inside = reach[1] < row < cells.shape[0] - reach[1] - 1
        if inside and _is_first(cells, row, column, reach):
            value = cells[row, column]
            along_time = _vertex(cells[row, column - 1], value, cells[row, column + 1])
            along_bins = _vertex(cells[row - 1, column], value, cells[row + 1, column])
            found[count, 0] = column + along_time + first_frame
            found[count, 1] = row - reach[1] + along_bins
            found[count, 2] = value
            count += 1
    return found[:count]


@njit(cache=True)
def _is_first(cells, row, column, reach):  # type: ignore[no-untyped-def]
    """Whether a cell that none in its rectangle beats is the earliest, then lowest, of those that equal it.

    The padding above and below the band equals none: a cell that got here is not 0.
    """
    value = cells[row, column]
    for other in range(column - reach[0], column + 1):
        last = row if other == column else row + reach[1] + 1
        for place in range(row - reach[1], last):
            if cells[place, other] == value:
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
