"""What a registry of portfolios with recordings costs and finds, joined, asked one by one, and as one portfolio.

    python benchmarks/registry_audio.py DIR [--portfolios 5,50,500] [--works 2] [--clips 4] [--seed 1]

DIR as for `quality_audio.py`. The works in it are filled up as in `growth_audio.py`. All three decide by the same
threshold, that of all the sound; look-up is of what matches nothing, in processor time, best of the rounds, in turns.
"""

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from growth_audio import made_up_work
from quality_audio import RECIPE_ID, negatives, picked, record_of, scenes_of, sounds_below
from workprint.edits.sounds import EDITS
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.joined_recordings import JoinedRecordings
from workprint.matching.landmark_index import LandmarkIndex
from workprint.model import FingerprintRecord
from workprint.serial.columns import RecordColumns
from workprint.serial.records import to_table

EDITS_SHOWN = ("none", "mp3 24k", "white 10 dB", "babble 5 dB", "speed 1.1", "pitch +2", "tempo 0.9", "telephone")
LENGTHS = (1, 2, 3)
ROUNDS = 3
Found = set[int]
"""Works, counted through all portfolios."""


def main() -> None:
    """Print a paragraph per size of registry."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--portfolios", type=lambda text: [int(part) for part in text.split(",")], default=[5, 50, 500])
    parser.add_argument("--works", type=int, default=2, help="works in each")
    parser.add_argument("--clips", type=int, default=4, help="clips per edit and length")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sounds = sounds_below(options.folder / "portfolio")
    sounds = {name: sound for name, sound in sounds.items() if record_of(name, sound)}
    print(f"seed {options.seed}; {len(sounds)} real works")
    for count in options.portfolios:
        measure(options, sounds, count)


def columns_of(one: FingerprintRecord) -> RecordColumns:
    """One record as a row."""
    kept = replace(one, fingerprints=tuple(each for each in one.fingerprints if each.recipe_id == RECIPE_ID))
    batch = to_table([(kept, {})], [RECIPE_ID]).combine_chunks().to_batches()[0]
    return RecordColumns(batch, [RECIPE_ID], "the items")


def measure(options: argparse.Namespace, sounds: dict[str, np.ndarray], count: int) -> None:
    """Print what a registry of so many portfolios costs, and what is found in it in each of three ways."""
    draw = np.random.default_rng(options.seed)
    names = list(sounds)[: count * options.works]
    real = [constellation_of(record, RECIPE_ID) for name in names if (record := record_of(name, sounds[name]))]
    works = list(real)
    while len(works) < count * options.works:
        works += [made_up_work(one, draw) for one in real]
    works = works[: count * options.works]
    parts = [works[at : at + options.works] for at in range(0, len(works), options.works)]
    indexes = [AudioIndex(RECIPE_ID, LandmarkIndex.build(part)) for part in parts]
    one = AudioIndex(RECIPE_ID, LandmarkIndex.build(works))
    indexes = [index.beside(one.duration_s - index.duration_s) for index in indexes]
    begin = time.process_time()
    joined = JoinedRecordings.build(RECIPE_ID, dict(enumerate(indexes)))
    joined_s = time.process_time() - begin
    size = sum(table.nbytes for table in joined.tables().values())
    print(
        f"{count} portfolios, {one.duration_s / 3600:.2f} h: joined in {joined_s:.2f} s, {size / 1e6:.0f} MB",
        flush=True,
    )

    def by(owners: Sequence[int], item: FingerprintRecord) -> Found:
        return {owner * options.works + found.work for owner in owners for found in indexes[owner].candidates(item)}

    ways: dict[str, Callable[[FingerprintRecord], Found]] = {
        "joined": lambda item: by(joined.asked(columns_of(item))[1].tolist(), item),
        "one by one": lambda item: by(range(count), item),
        "one portfolio": lambda item: {found.work for found in one.candidates(item)},
    }
    cost(options, ways)
    recall(options, [sounds[name] for name in names], ways)


def cost(options: argparse.Namespace, ways: dict[str, Callable[[FingerprintRecord], Found]]) -> None:
    """Print the processor time of looking up what matches nothing."""
    items = [
        one for name, sound in itertools.islice(negatives(options), 0, None, 25) if (one := record_of(name, sound))
    ]
    sound_s, spent = sum(one.extent[0] for one in items), {name: [] for name in ways}
    false = dict.fromkeys(ways, 0)
    for _ in range(ROUNDS):
        for name, look_up in ways.items():
            begin = time.process_time()
            false[name] = sum(len(look_up(item)) for item in items)
            spent[name].append((time.process_time() - begin) / sound_s * 1e3)
    for name in ways:
        print(
            f"  {name}: {min(spent[name]):.2f} ms per second of {len(items)} others, {false[name]} matches", flush=True
        )


def recall(
    options: argparse.Namespace, sounds: list[np.ndarray], ways: dict[str, Callable[[FingerprintRecord], Found]]
) -> None:
    """Print of how many clips each way finds the work, and how many findings differ from those of one by one."""
    scene, found = scenes_of(options)[0], {name: np.zeros(len(LENGTHS)) for name in ways}
    tried, lost, more, wrong = np.zeros(len(LENGTHS)), 0, 0, 0
    for at, length in enumerate(LENGTHS):
        for edit in EDITS_SHOWN:
            for clip in picked(sounds, length, options):
                item = record_of("clip", EDITS[edit](clip.sound, scene))
                tried[at] += 1
                if item is None:
                    continue
                works = {name: look_up(item) for name, look_up in ways.items()}
                for name, those in works.items():
                    found[name][at] += clip.work in those
                lost += len(works["one by one"] - works["joined"])
                more += len(works["joined"] - works["one by one"])
                wrong += len(works["joined"] - {clip.work})
    for name, row in found.items():
        print(f"  {name}: found at 1, 2, 3 s" + "".join(f" {value:.3f}" for value in row / tried))
    print(
        f"  of {tried.sum():.0f} clips: {lost} findings of one by one not joined, {more} more, {wrong} of another work"
    )


if __name__ == "__main__":
    main()
