"""Where the local features of a picture are: blobs and corners on a pyramid, spread over the picture.

Determinant-of-Hessian maxima (Lindeberg 1998; with box-like filters as in SURF, Bay et al. 2006), all in exact float32
integers or fixed-order arithmetic, so that every machine finds the same points. The determinant does not change when
the picture is inverted, and its trace tells light blobs from dark ones, which is what makes negatives cost nothing.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
Smooth = NDArray[np.float32]

MARGIN_PX = 19
"""No point closer to the border of its level: its descriptor would need pixels that are not there."""

CELL_PX = 24
"""Side of the grid cells over which points are spread, at every level."""

RANKS = 6
"""Most points one cell may give to a level."""

MAX_ELONGATION = np.float32(8.0)
"""Largest squared trace over determinant: curvatures up to about 6 to 1. Outlines of different things look alike."""

_BYTE_OF_BIT = np.uint64(0x0001020304050607)
"""Times 2**(8 * n), its highest byte is n."""

MIN_RESPONSE = 6.0e4
"""Weakest determinant that counts: a blob of about one grey level (a level is worth 225 after `smooth`)."""


@njit(cache=True, nogil=True)
def resample(grey: Grey, height: int, width: int) -> Grey:
    """Bilinear resampling in 11-bit fixed point; pixel centres as in every image library. For factors down to 0.6."""
    rows, columns = grey.shape
    out = np.empty((height, width), np.uint8)
    left = np.empty(width, np.int64)
    part = np.empty(width, np.int64)
    for x in range(width):
        at = (x * 2 + 1) * columns * 1024 // width - 1024
        at = min(max(at, 0), (columns - 1) * 2048)
        left[x] = min(at >> 11, columns - 2) if columns > 1 else 0
        part[x] = at - (left[x] << 11)
    for y in range(height):
        at = min(max((y * 2 + 1) * rows * 1024 // height - 1024, 0), (rows - 1) * 2048)
        top = min(at >> 11, rows - 2) if rows > 1 else 0
        down = at - (top << 11)
        bottom = min(top + 1, rows - 1)
        for x in range(width):
            a = left[x]
            b = min(a + 1, columns - 1)
            upper = grey[top, a] * (2048 - part[x]) + grey[top, b] * part[x]
            lower = grey[bottom, a] * (2048 - part[x]) + grey[bottom, b] * part[x]
            out[y, x] = (upper * (2048 - down) + lower * down + (1 << 21)) >> 22
    return out


@njit(cache=True, nogil=True)
def two_thirds(grey: Grey) -> Grey:
    """Shrink by 1.5 with exact area weights: three pixels become two, in both directions."""
    height, width = grey.shape[0] // 3 * 2, grey.shape[1] // 3 * 2
    out = np.empty((height, width), np.uint8)
    wide = np.empty((3, width), np.float32)
    for block in range(height // 2):
        for row in range(3):
            for x in range(width // 2):
                middle = np.float32(grey[block * 3 + row, x * 3 + 1])
                wide[row, x * 2] = np.float32(grey[block * 3 + row, x * 3]) * np.float32(2) + middle
                wide[row, x * 2 + 1] = np.float32(grey[block * 3 + row, x * 3 + 2]) * np.float32(2) + middle
        for x in range(width):
            out[block * 2, x] = np.uint8((wide[0, x] * np.float32(2) + wide[1, x]) / np.float32(9) + np.float32(0.5))
            out[block * 2 + 1, x] = np.uint8(
                (wide[2, x] * np.float32(2) + wide[1, x]) / np.float32(9) + np.float32(0.5)
            )
    return out


@njit(cache=True, nogil=True)
def smooth(grey: Grey) -> Smooth:
    """Convolve with box 5 * box 3 in both directions, unscaled (weights sum to 225): standard deviation 1.63 px.

    All sums are integers below 2**16, so they are exact at every step. The three outermost rows and columns are zero:
    no point lies that close to a border.
    """
    height, width = grey.shape
    wide = np.empty((height, width), np.uint16)
    for y in range(height):
        row = grey[y]
        _weigh((row, row[1:], row[2:], row[3:], row[4:], row[5:], row[6:]), wide[y])
    out = np.zeros((height, width), np.float32)
    sums = np.empty(width, np.uint16)
    for y in range(3, height - 3):
        rows = (wide[y - 3], wide[y - 2], wide[y - 1], wide[y], wide[y + 1], wide[y + 2], wide[y + 3])
        _weigh(rows, sums)
        inner = out[y][3:]
        for x in range(width - 6):
            inner[x] = np.float32(sums[x])
    return out


@njit(cache=True, nogil=True)
def _weigh(seven, sums):  # type: ignore[no-untyped-def]
    """Sum seven neighbours: views that begin one after another, indexed from 0, so that the loop is one on vectors."""
    a, b, c, d, e, f, g = seven
    two, three = np.uint16(2), np.uint16(3)
    for x in range(sums.size - 6):
        outer, inner = np.uint16(b[x]) + np.uint16(f[x]), np.uint16(c[x]) + np.uint16(d[x]) + np.uint16(e[x])
        sums[x] = np.uint16(a[x]) + np.uint16(g[x]) + outer * two + inner * three


@njit(cache=True, nogil=True)
def determinants(image: Smooth) -> Smooth:
    """Determinant of the Hessian by differences over 2 px; zero within `MARGIN_PX` - 1 of the border."""
    height, width = image.shape
    out = np.zeros((height, width), np.float32)
    edge = MARGIN_PX - 1
    quarter = np.float32(0.25)
    for y in range(edge, height - edge):
        above, here, below = image[y - 2], image[y], image[y + 2]
        for x in range(edge, width - edge):
            twice = here[x] + here[x]
            across = here[x - 2] + here[x + 2] - twice
            along = above[x] + below[x] - twice
            mixed = (above[x - 2] + below[x + 2] - above[x + 2] - below[x - 2]) * quarter
            out[y, x] = across * along - mixed * mixed
    return out


@njit(cache=True, nogil=True)
def mark_peaks(image: Smooth, response: Smooth) -> NDArray[np.uint8]:
    """Local maxima (ties included) that are no ridges, as 1 in (height, width rounded up to 8).

    A ridge is a peak on a mere line or outline: it bends far more one way than the other (Lowe 2004, 4.1).

    Conditional expressions instead of `max` and `and`, into arrays made here (so nothing can alias), compile to vector
    code: a tenth of the time of the plain way.
    """
    height, width = response.shape
    marks = np.zeros((height, (width + 7) // 8 * 8), np.uint8)
    highest = np.empty(width, np.float32)
    threshold, four = np.float32(MIN_RESPONSE), np.float32(4)
    for y in range(MARGIN_PX, height - MARGIN_PX):
        above, here, below, row = response[y - 1], response[y], response[y + 1], marks[y]
        upper, middle, lower = image[y - 2], image[y], image[y + 2]
        for x in range(width):
            outer = above[x] if above[x] > below[x] else below[x]
            highest[x] = outer if outer > here[x] else here[x]
        for x in range(MARGIN_PX, width - MARGIN_PX):
            beside = highest[x - 1] if highest[x - 1] > highest[x + 1] else highest[x + 1]
            around = beside if beside > highest[x] else highest[x]
            needed = around if around > threshold else threshold
            trace = upper[x] + lower[x] + middle[x - 2] + middle[x + 2] - four * middle[x]
            peak = 1 if here[x] >= needed else 0
            row[x] = 0 if trace * trace > MAX_ELONGATION * here[x] else peak
    return marks


@njit(cache=True, nogil=True)
def _insert(best: Smooth, places: NDArray[np.int32], cell: int, value: np.float32, place: int) -> None:
    """Keep the `RANKS` strongest of a cell, strongest first; equal values stay in reading order."""
    rank = RANKS
    while rank > 0 and value > best[cell, rank - 1]:
        rank -= 1
    for lower in range(RANKS - 1, rank, -1):
        best[cell, lower] = best[cell, lower - 1]
        places[cell, lower] = places[cell, lower - 1]
    if rank < RANKS:
        best[cell, rank] = value
        places[cell, rank] = place


@njit(cache=True, nogil=True)
def peaks_by_cell(image: Smooth, response: Smooth) -> tuple[Smooth, NDArray[np.int32]]:
    """Return values and places (y * width + x) of the strongest peaks, (cells, RANKS); value 0 where there is none."""
    height, width = response.shape
    across = (width + CELL_PX - 1) // CELL_PX
    down = (height + CELL_PX - 1) // CELL_PX
    best = np.zeros((across * down, RANKS), np.float32)
    places = np.zeros((across * down, RANKS), np.int32)
    marks = mark_peaks(image, response).view(np.uint64)
    for y in range(MARGIN_PX, height - MARGIN_PX):
        row, first_cell = marks[y], y // CELL_PX * across
        for eight in range(row.size):
            word = row[eight]
            while word != 0:
                lowest = word & (~word + np.uint64(1))
                x = eight * 8 + np.int64((lowest * _BYTE_OF_BIT) >> np.uint64(56))
                value, cell = response[y, x], first_cell + x // CELL_PX
                if value > best[cell, RANKS - 1]:
                    _insert(best, places, cell, value, y * width + x)
                word ^= lowest
    return best, places


@njit(cache=True, nogil=True)
def spread(best: Smooth, places: NDArray[np.int32], budget: int) -> NDArray[np.int32]:
    """Choose at most `budget` places: every cell's strongest first, then every cell's second, and so on."""
    cells = best.shape[0]
    chosen = np.empty(budget, np.int32)
    count = 0
    for rank in range(RANKS):
        filled = np.flatnonzero(best[:, rank] > 0)
        if len(filled) > budget - count:
            strongest = np.argsort(-best[filled, rank], kind="mergesort")[: budget - count]
            filled = filled[strongest]
        for cell in filled:
            chosen[count] = places[cell, rank]
            count += 1
        if len(filled) == 0 or count == budget or cells == 0:
            break
    return chosen[:count]


@njit(cache=True, nogil=True)
def refine(response: Smooth, y: int, x: int) -> tuple[float, float]:
    """Place of the peak to a fraction of a pixel, by a parabola in each direction; moves by half a pixel at most."""
    value = response[y, x]
    bend_y = response[y - 1, x] + response[y + 1, x] - 2.0 * value
    bend_x = response[y, x - 1] + response[y, x + 1] - 2.0 * value
    move_y = 0.5 * (response[y - 1, x] - response[y + 1, x]) / bend_y if bend_y < 0.0 else 0.0
    move_x = 0.5 * (response[y, x - 1] - response[y, x + 1]) / bend_x if bend_x < 0.0 else 0.0
    return y + min(max(move_y, -0.5), 0.5), x + min(max(move_x, -0.5), 0.5)
