"""Choose the 128 binary tests of `workprint/fingerprints/point_tests.py` from points found again in edited pictures.

    python benchmarks/learn_tests.py DIR OUT.npy [MOST]

Each of at most MOST (200) pictures below DIR is compared with a copy of itself (scaled 0.5 to 1.1, rotated, JPEG 10 to
80, some blurred or noisy). The surroundings of points that are the same by the known map are turned to the point's
direction, and inverted where dark. Tests are chosen that come out alike on both sides and differ from each other.
Running it again gives other tests, and with them other fingerprints: it tells how the tests were found, no more.
"""

import io
import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from workprint.fingerprints.image_features import ITEM, WORK, enlarge, extract
from workprint.fingerprints.image_local import bounded
from workprint.fingerprints.point_detector import resample, smooth, two_thirds
from workprint.serial.image_layout import LEVEL_STEP, SUBPIXEL, Features

RADIUS = 17
POOL = 5000
SIDE = 2 * RADIUS + 1
MOST_SIDE_PX = 640
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
Grey = NDArray[np.uint8]


def _levels(grey: Grey, every_level: bool) -> dict[int, NDArray[np.float32]]:
    """The smoothed levels of the pyramid that `extract` looks at."""
    raster = enlarge(grey, ITEM)
    starts = [(0, raster)]
    if every_level:
        starts.append((1, resample(raster, *(round(side / LEVEL_STEP) for side in raster.shape))))
    levels = {}
    for level, image in starts:
        while min(image.shape) >= 2 * RADIUS:
            levels[level] = smooth(image)
            image, level = two_thirds(image), level + 2
    return levels


def _patches(grey: Grey, features: Features, every_level: bool) -> NDArray[np.float32]:
    """Surroundings of each point, float32 (n, SIDE * SIDE), rows along v, columns along u."""
    levels = _levels(grey, every_level)
    v, u = (axis.ravel() for axis in np.mgrid[-RADIUS : RADIUS + 1, -RADIUS : RADIUS + 1])
    out = np.zeros((len(features.points), SIDE * SIDE), np.float32)
    for row, point in zip(out, features.points, strict=True):
        level, angle = int(point["level"]), int(point["angle"]) * 2 * math.pi / 256
        image = levels[level]
        x, y = ((float(point[axis]) / SUBPIXEL + 0.5) / LEVEL_STEP**level - 0.5 for axis in "xy")
        columns = np.rint(x + u * math.cos(angle) - v * math.sin(angle)).astype(int)
        rows = np.rint(y + u * math.sin(angle) + v * math.cos(angle)).astype(int)
        seen = image[rows.clip(0, image.shape[0] - 1), columns.clip(0, image.shape[1] - 1)]
        row[:] = -seen if point["dark"] else seen
    return out


def _edited(image: Image.Image, random: np.random.Generator, number: int) -> tuple[Grey, float, float]:
    """A copy of a picture, its scale, and its rotation in degrees."""
    scale, degrees = float(random.choice([0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1])), float(random.uniform(0, 360))
    copy = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.LANCZOS)
    if number % 4 == 0:
        copy = copy.filter(ImageFilter.GaussianBlur(1.0))
    buffer = io.BytesIO()
    copy.save(buffer, "JPEG", quality=int(random.choice([10, 20, 40, 80])))
    copy = Image.open(buffer).convert("L")
    if number % 4 == 1:
        noisy = np.asarray(copy, float) + random.normal(0, 10, (copy.height, copy.width))
        copy = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    return np.asarray(copy.rotate(degrees, Image.Resampling.BICUBIC, expand=True)), scale, degrees


def _partners(
    work: Features, item: Features, places: NDArray[np.float64], turn: float, scale: float
) -> list[tuple[int, int]]:
    """Rows of points that are the same place, at the same size and in the same direction."""
    pairs = []
    sizes = LEVEL_STEP ** work.points["level"].astype(float) * scale
    angles = work.points["angle"].astype(float) * 2 * math.pi / 256 + turn
    for number, point in enumerate(item.points):
        size = LEVEL_STEP ** float(point["level"])
        off = np.hypot(places[0] - point["x"] / SUBPIXEL, places[1] - point["y"] / SUBPIXEL)
        turned = (int(point["angle"]) * 2 * math.pi / 256 - angles + math.pi) % (2 * math.pi) - math.pi
        same = (off < 2 * size) & (np.abs(np.log(sizes / size)) < math.log(1.3)) & (np.abs(turned) < 0.5)
        same &= work.points["dark"] == point["dark"]
        if same.any():
            pairs.append((int(np.flatnonzero(same)[np.argmin(off[same])]), number))
    return pairs


def collect(paths: list[Path]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Surroundings of the same points in pictures and in their copies, float32 (n, SIDE * SIDE) each."""
    random = np.random.default_rng(1)
    found: tuple[list[NDArray[np.float32]], list[NDArray[np.float32]]] = ([], [])
    for number, path in enumerate(paths):
        image = Image.open(path).convert("L")
        image.thumbnail((MOST_SIDE_PX, MOST_SIDE_PX))
        grey = bounded(np.asarray(image))
        copy, scale, degrees = _edited(image, random, number)
        work, item = extract(grey, WORK), extract(copy, ITEM)
        if (
            max(work.width_px, item.width_px) > 2 * MOST_SIDE_PX
            or not len(work.points)
            or work.width_px != enlarge(grey, ITEM).shape[1]
        ):
            continue  # a sparse picture, which `extract` has enlarged: its levels are others
        turn, enlarged = -math.radians(degrees), item.width_px / copy.shape[1]
        shrunk = image.width / work.width_px * scale
        x, y = (
            work.points[axis] / SUBPIXEL * shrunk - side * scale / 2
            for axis, side in zip("xy", image.size, strict=True)
        )
        places = np.array(
            [
                (x * math.cos(turn) - y * math.sin(turn) + copy.shape[1] / 2) * enlarged,
                (x * math.sin(turn) + y * math.cos(turn) + copy.shape[0] / 2) * enlarged,
            ]
        )
        if item.width_px != enlarge(copy, ITEM).shape[1]:
            continue
        pairs = _partners(work, item, places, turn, enlarged * shrunk)
        for side, of, raster, rows in ((0, work, grey, 0), (1, item, copy, 1)):
            patches = _patches(raster, of, side == 0)
            found[side].extend(patches[pair[rows]] for pair in pairs)
    return np.array(found[0]), np.array(found[1])


def draw_pool(random: np.random.Generator) -> np.ndarray:
    pool: list[tuple[int, ...]] = []
    seen: set[tuple[int, ...]] = set()
    while len(pool) < POOL:
        u1, v1, u2, v2 = (round(value) for value in random.uniform(-RADIUS, RADIUS, 4))
        inside = max(u1 * u1 + v1 * v1, u2 * u2 + v2 * v2) <= RADIUS * RADIUS
        own_twin = (u1 == u2 and v1 == -v2) or (v1 == 0 and v2 == 0)
        close = (u1 - u2) ** 2 + (v1 - v2) ** 2 < 9
        test = (u1, v1, u2, v2)
        if inside and not own_twin and not close and test not in seen and (u2, v2, u1, v1) not in seen:
            seen.add(test)
            pool.append(test)
    return np.array(pool)


def outcomes(patches: np.ndarray, pool: np.ndarray, mirror: int) -> np.ndarray:
    first = (mirror * pool[:, 1] + RADIUS) * SIDE + pool[:, 0] + RADIUS
    second = (mirror * pool[:, 3] + RADIUS) * SIDE + pool[:, 2] + RADIUS
    return patches[:, first] < patches[:, second]


def standardised(bits: np.ndarray) -> np.ndarray:
    signs = bits.astype(np.float32) * 2 - 1
    return (signs - signs.mean(0)) / signs.std(0)


def choose(order: np.ndarray, usable: np.ndarray, ours: np.ndarray, twins: np.ndarray, limit: float) -> list[int]:
    """Take tests in order unless one already taken, or its twin, says much the same."""
    chosen: list[int] = []
    rows = len(ours)
    for k in order:
        if not usable[k] or abs((ours[:, k] * twins[:, k]).mean()) > limit:
            continue
        if chosen:
            same = np.abs(ours[:, k] @ ours[:, chosen]).max() / rows
            twin = np.abs(twins[:, k] @ ours[:, chosen]).max() / rows
            if max(same, twin) > limit:
                continue
        chosen.append(int(k))
        if len(chosen) == 128:
            break
    return chosen


def main(folder: Path, target: Path, most: int = 200) -> None:
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in ENDINGS)
    first, second = collect(paths[:: max(1, len(paths) // most)])
    print(f"{len(first)} points found again")
    pool = draw_pool(np.random.default_rng(20260))
    a, b = outcomes(first, pool, 1), outcomes(second, pool, 1)
    c, d = outcomes(first, pool, -1), outcomes(second, pool, -1)
    mean = (a.mean(0) + b.mean(0) + c.mean(0) + d.mean(0)) / 4
    error = ((a != b).mean(0) + (c != d).mean(0)) / 2
    order = np.argsort(error / (2 * mean * (1 - mean)) + 0.4 * np.abs(mean - 0.5))
    ours, twins = standardised(np.concatenate([a, c])), standardised(np.concatenate([c, a]))
    low, high, best = 0.05, 0.9, []
    for _ in range(6):
        limit = (low + high) / 2
        chosen = choose(order, np.abs(mean - 0.5) <= 0.2, ours, twins, limit)
        low, high, best = (low, limit, chosen) if len(chosen) == 128 else (limit, high, best)
    np.save(target, pool[best].astype(np.int8))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *(int(most) for most in sys.argv[3:]))
