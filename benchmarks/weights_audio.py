"""What does it say that a peak of a recording lies on a peak of a work? Measures the tables of `matching/agreement.py`.

    python benchmarks/weights_audio.py DIR [--clips 16] [--lengths 1,2,3] [--seed 101]

DIR as for `quality_audio.py`. Clips of works are edited, put on the line on which they are known to lie, and compared
with themselves displaced: for every class of distance and of ranks, the logarithm of how many times as often true lines
have such a pair. Printed for copies as they are (pitch, tempo, rooms, codecs) and for copies in noise.
"""

import argparse
import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from quality_audio import RECIPE_ID, picked, record_of, scenes_of, sounds_below
from workprint.edits.sounds import EDITS
from workprint.matching.agreement import MOST_OCTAVES_OFF, MOST_S, OCTAVE_EDGES, RANK_EDGES, TIME_EDGES_S
from workprint.matching.audio import constellation_of
from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.lines import Line, Tolerance, fitted
from workprint.matching.significance import COARSE, DISPLACEMENTS_OCTAVES, DISPLACEMENTS_S

PROFILES = {
    "as they are": {
        **{f"tempo {factor}": (factor, 0.0) for factor in (1.25, 1.5)},
        **{f"pitch {semitones:+}": (1.0, semitones / 12) for semitones in (-2, 2, 4)},
        **dict.fromkeys(("none", "mp3 24k", "opus 24k", "telephone", "reverb 0.8 s", "compressed 4"), (1.0, 0.0)),
    },
    "in noise": dict.fromkeys(("white 10 dB", "white 5 dB", "white 0 dB", "babble 5 dB", "babble 0 dB"), (1.0, 0.0)),
}
"""Edits, with the tempo and the pitch in octaves at which a copy lies on its work."""
STEPS = (Tolerance(0.04, 0.014), COARSE, COARSE, COARSE)
LATE_S = np.arange(-0.12, 0.121, 0.03)
"""Codecs and stretching shift a copy by so much at most."""

Pairs = NDArray[np.int64]
"""(n, 4): classes of a pair's distance in time and in pitch, and of its ranks in item and work."""


def main() -> None:
    """Print the tables of each profile."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clips", type=int, default=16, help="clips per edit and length")
    parser.add_argument("--lengths", type=lambda text: [int(part) for part in text.split(",")], default=[1, 2, 3])
    parser.add_argument("--seed", type=int, default=101)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    works = {
        name: sound for name, sound in sounds_below(options.folder / "portfolio").items() if record_of(name, sound)
    }
    records = [record_of(name, sound) for name, sound in works.items()]
    index = LandmarkIndex.build([constellation_of(record, RECIPE_ID) for record in records if record])
    for title, edits in PROFILES.items():
        lines = list(true_lines(options, list(works.values()), index, edits))
        peaks = sum(item.times_s.size for item, _ in lines)
        true = np.concatenate([pairs(index, item, line, 0.0, 0.0) for item, line in lines])
        moves = list(itertools.product(DISPLACEMENTS_S, DISPLACEMENTS_OCTAVES))
        chance = np.concatenate([pairs(index, item, line, *move) for item, line in lines for move in moves])
        print(
            f"\n{title}: {peaks} peaks, {len(true) / peaks:.3f} met, {len(chance) / len(moves) / peaks:.3f} by chance"
        )
        print(f"any pair: {np.log(len(true) / len(chance) * len(moves)):.2f}")
        for name, columns in (("time down, octaves across", (0, 1)), ("rank in item down, in work across", (2, 3))):
            print(name)
            print(np.array2string(ratios(true, chance, columns) + np.log(len(moves)), precision=2, suppress_small=True))


def true_lines(
    options: argparse.Namespace,
    works: list[NDArray[np.float32]],
    index: LandmarkIndex,
    edits: dict[str, tuple[float, float]],
) -> Iterator[tuple[Constellation, Line]]:
    """Yield edited clips, each with the line that aligns most where it is known to lie."""
    scenes = scenes_of(options)
    for length, (name, (tempo, octaves)) in itertools.product(options.lengths, edits.items()):
        for clip, scene in zip(picked(works, length, options), scenes, strict=True):
            record = record_of("item", EDITS[name](clip.sound, scene))
            if record is None:
                continue
            item = constellation_of(record, RECIPE_ID)
            start_s = float(index.tables["work_starts_s"][clip.work]) + clip.start_s
            tried = [fitted(item, index.sky, Line(tempo, start_s + late_s, octaves), STEPS) for late_s in LATE_S]
            yield item, max(tried, key=lambda each: each[1])[0]


def pairs(index: LandmarkIndex, item: Constellation, line: Line, shift_s: float, rise: float) -> Pairs:
    """Return the classes of the pairs of each peak with the nearest one of a work."""
    sky, found = index.sky, []
    places, octaves = line.tempo * item.times_s + line.start_s + shift_s, item.octaves - line.octaves + rise
    for place, octave, rank in zip(places, octaves, item.ranks, strict=True):
        low, high = np.searchsorted(sky.times_s, (place - MOST_S, place + MOST_S))
        late, off = np.abs(sky.times_s[low:high] - place), np.abs(sky.octaves[low:high] - octave)
        far = (late / MOST_S) ** 2 + (off / MOST_OCTAVES_OFF) ** 2
        far[off > MOST_OCTAVES_OFF] = np.inf
        if far.size and np.isfinite(far.min()):
            best = int(np.argmin(far))
            found.append((late[best], off[best], rank, sky.ranks[low + best]))
    edges = (TIME_EDGES_S, OCTAVE_EDGES, RANK_EDGES, RANK_EDGES)
    table = np.array(found).reshape(-1, 4)
    return np.stack(
        [np.searchsorted(edge, table[:, column], side="right") for column, edge in enumerate(edges)], axis=1
    )


def ratios(true: Pairs, chance: Pairs, columns: tuple[int, int]) -> NDArray[np.float64]:
    """Return the logarithms of the ratios of numbers of pairs, (5, 5), over two of the columns."""
    down, across = columns
    counts = [np.bincount(each[:, down] * 5 + each[:, across], minlength=25) for each in (true, chance)]
    logarithms: NDArray[np.float64] = np.log((counts[0] + 0.5) / (counts[1] + 0.5)).reshape(5, 5)
    return logarithms


if __name__ == "__main__":
    main()
