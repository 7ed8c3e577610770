"""What does searching recordings cost, and what is still found, among 1, 10 and 100 hours of works?

    python benchmarks/growth_audio.py DIR [--hours 1,10,100] [--clips 5] [--seed 1] [--coarse]

DIR as for `quality_audio.py`. The works in it are filled up with others made of their peaks: as dense, and like none.
An index takes about 50 MB an hour, and half as much again while it is built.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

from quality_audio import RATE_HZ, RECIPE_ID, judged, negatives, picked, record_of, scenes_of, sounds_below
from workprint.edits.sounds import EDITS, Sound
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex, LandmarkParameters

LENGTHS = (1, 2, 3, 5)
ROUNDS = 3
SHOWN = ("none", "mp3 24k", "white 10 dB", "babble 5 dB", "speed 1.1", "pitch +2", "pitch -1", "tempo 0.9", "wsola 1.1")


def main() -> None:
    """Print a paragraph per size of portfolio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hours", type=lambda text: [float(part) for part in text.split(",")], default=[1, 10, 100])
    parser.add_argument("--clips", type=int, default=5, help="clips per edit and length")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--coarse", action="store_true", help="also as `workprint index --coarse-audio` does")
    options = parser.parse_args()
    works = sounds_below(options.folder / "portfolio")
    works = {name: sound for name, sound in works.items() if record_of(name, sound)}
    print(f"seed {options.seed}; {sum(sound.size for sound in works.values()) / RATE_HZ / 3600:.2f} h of works")
    for hours in options.hours:
        search(options, works, hours)


def search(options: argparse.Namespace, works: dict[str, Sound], hours: float) -> None:
    """Print what look-up costs, and what is still found, among so many hours of works."""
    draw = np.random.default_rng(options.seed)
    records = [record_of(name, sound) for name, sound in works.items()]
    stars = [constellation_of(record, RECIPE_ID) for record in records if record]
    every = list(stars)
    while sum(work.duration_s for work in every) < hours * 3600:
        every += [made_up_work(work, draw) for work in stars]
    hours = sum(work.duration_s for work in every) / 3600
    indexes: dict[str, AudioIndex] = {}
    for name in ("usual", "coarse") if options.coarse else ("usual",):
        started = time.process_time()
        parameters = LandmarkParameters.coarse() if name == "coarse" else LandmarkParameters()
        indexes[name] = AudioIndex(RECIPE_ID, LandmarkIndex.build(every, parameters))
        size = sum(table.nbytes for table in indexes[name].tables().values())
        built_s = time.process_time() - started
        print(f"portfolio of {hours:.1f} h, {name}: built in {built_s:.0f} s, {size / 1e6:.0f} MB", flush=True)
    cost(options, indexes)
    recall(options, list(works.values()), indexes)


def cost(options: argparse.Namespace, indexes: dict[str, AudioIndex]) -> None:
    """Print the processor time of looking up what matches nothing, best of the rounds, in turns."""
    picked_names = itertools.islice(negatives(options), 0, None, 9)
    unrelated = [record for name, sound in picked_names if (record := record_of(name, sound))]
    sound_s, spent_s = sum(record.extent[0] for record in unrelated), dict.fromkeys(indexes, np.inf)
    for _ in range(ROUNDS):
        for name, index in indexes.items():
            before = time.process_time()
            false = sum(len(index.candidates(record)) for record in unrelated)
            spent_s[name] = min(spent_s[name], time.process_time() - before)
            print(f"  {name}: {false} matches of {len(unrelated)} others", flush=True)
    for name, spent in spent_s.items():
        print(f"  {name}: look-up of what matches nothing {spent / sound_s * 1e3:.2f} ms per second of sound")


def recall(options: argparse.Namespace, works: list[Sound], indexes: dict[str, AudioIndex]) -> None:
    """Print of how many clips each index finds the place, by edit and length."""
    scene = scenes_of(options)[0]
    for edit in SHOWN:
        found = {name: np.zeros(len(LENGTHS)) for name in indexes}
        for at, length in enumerate(LENGTHS):
            for clip in picked(works, length, options):
                sound = EDITS[edit](clip.sound, scene)
                for name, index in indexes.items():
                    found[name][at] += judged(index, clip, sound, length)[0] / options.clips
        for name, row in found.items():
            print(f"  {edit:14} {name} 1, 2, 3, 5 s:" + "".join(f"{value:6.2f}" for value in row), flush=True)


def made_up_work(work: Constellation, draw: np.random.Generator) -> Constellation:
    """Return a work that is as dense as another and like none: its half seconds shuffled, moved in pitch, shaken."""
    pieces = (work.times_s / 0.5).astype(int)
    count = int(pieces.max()) + 1
    moved = 0.5 * (draw.permutation(count) - np.arange(count))[pieces]
    times = np.clip(work.times_s + moved + draw.normal(0, 0.03, pieces.size), 0.0, work.duration_s)
    octaves = np.clip(work.octaves + draw.uniform(-0.3, 0.3, count)[pieces].astype(np.float32), 0.6, 5.25)
    order = np.argsort(times)
    return Constellation(times[order], octaves[order], work.duration_s, work.ranks[order])


if __name__ == "__main__":
    main()
