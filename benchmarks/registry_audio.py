"""What a registry of portfolios with recordings costs and finds, joined, asked one by one, and as one portfolio.

    python benchmarks/registry_audio.py DIR [--portfolios 5,50,500] [--works 2] [--clips 4] [--seed 1]

DIR as for `quality_audio.py`. The works in it are filled up as in `growth_audio.py`. All three decide by the same
threshold, that of all the sound; look-up is of what matches nothing, in processor time, best of the rounds, in turns.
Asked one by one are up to 100. At last: are all asked who hold the same recording, each in an encoding of their own?
"""

import argparse
import itertools
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from growth_audio import made_up_work
from quality_audio import RATE_HZ, RECIPE_ID, negatives, picked, record_of, scenes_of, sounds_below
from workprint.edits.sounds import EDITS
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.constellation import Constellation
from workprint.matching.joined_recordings import JoinedRecordings
from workprint.matching.landmark_index import LandmarkIndex
from workprint.model import FingerprintRecord
from workprint.serial.columns import RecordColumns
from workprint.serial.records import to_table

EDITS_SHOWN = {
    "usual": ("none", "mp3 24k", "white 10 dB", "babble 5 dB", "speed 1.1", "pitch +2", "tempo 0.9", "telephone"),
    "hard": (
        *("white 0 dB", "babble 0 dB", "music 0 dB", "tempo 0.8", "tempo 1.5", "wsola 1.5", "pitch -4", "pitch +4"),
        *("speed 0.75", "speed 1.25", "reversed", "spliced, white 10 dB, mp3", "pitch +2, compressed, aac"),
    ),
}
ENCODED = ("none", "mp3 64k", "mp3 24k", "opus 24k", "aac 48k", "quiet -20 dB", "equalised +9 dB", "compressed 4",
           "denoised", "telephone")  # fmt: skip
HOLDERS = (5, 40)
MOST_ONE_BY_ONE = 100
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
    shared(options, list(sounds.values()))


def columns_of(one: FingerprintRecord) -> RecordColumns:
    """One record as a row."""
    kept = replace(one, fingerprints=tuple(each for each in one.fingerprints if each.recipe_id == RECIPE_ID))
    batch = to_table([(kept, {})], [RECIPE_ID]).combine_chunks().to_batches()[0]
    return RecordColumns(batch, [RECIPE_ID], "the items")


def filled_up(
    real: Sequence[FingerprintRecord], count: int, seed: int
) -> list[tuple[FingerprintRecord, Constellation]]:
    """Real works and made-up ones, so many in all; a made-up one has the record of the real one that it is made of."""
    draw = np.random.default_rng(seed)
    works = [(one, constellation_of(one, RECIPE_ID)) for one in real]
    made = ((record, made_up_work(stars, draw)) for record, stars in itertools.cycle(list(works)))
    return [*works[:count], *itertools.islice(made, max(0, count - len(works)))]


def measure(options: argparse.Namespace, sounds: dict[str, np.ndarray], count: int) -> None:
    """Print what a registry of so many portfolios costs, and what is found in it in each of three ways."""
    names = list(sounds)[: count * options.works]
    real = [record for name in names if (record := record_of(name, sounds[name]))]
    works = [stars for _, stars in filled_up(real, count * options.works, options.seed)]
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
        "one portfolio": lambda item: {found.work for found in one.candidates(item)},
    }
    if count <= MOST_ONE_BY_ONE:
        ways["one by one"] = lambda item: by(range(count), item)
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
    scene = scenes_of(options)[0]
    for kind, edits in EDITS_SHOWN.items():
        found, tried = {name: np.zeros(len(LENGTHS)) for name in ways}, np.zeros(len(LENGTHS))
        lost, more, wrong = Counter[str](), 0, 0
        for (at, length), edit in itertools.product(enumerate(LENGTHS), edits):
            for clip in picked(sounds, length, options):
                item = record_of("clip", EDITS[edit](clip.sound, scene))
                tried[at] += 1
                works = {name: look_up(item) if item else set() for name, look_up in ways.items()}
                for name, those in works.items():
                    found[name][at] += clip.work in those
                single = works.get("one by one", works["one portfolio"])
                lost[f"{edit}, {length} s"] += len(single - works["joined"])
                more += len(works["joined"] - single)
                # Of a clip that is hardly changed, a work made of the same recording's pieces may hold one.
                wrong += sum(work % len(sounds) != clip.work for work in works["joined"])
        for name, row in found.items():
            print(f"  {kind} edits, {name}: found at 1, 2, 3 s" + "".join(f" {value:.3f}" for value in row / tried))
        print(
            f"  of {tried.sum():.0f} clips: {lost.total()} findings that the last way has and joined has not "
            f"{dict(+lost)}, {more} more, {wrong} of works made of other recordings",
            flush=True,
        )


def shared(options: argparse.Namespace, sounds: list[np.ndarray]) -> None:
    """Print how many of those who hold a recording are asked about clips of it, among one portfolio for each work."""
    scene, song = scenes_of(options)[0], max(sounds, key=len)[: 40 * RATE_HZ]
    others = [
        AudioIndex(RECIPE_ID, LandmarkIndex.build([constellation_of(one, RECIPE_ID)]))
        for sound in sounds
        if (one := record_of("other", sound)) and not np.array_equal(sound[: song.size], song)
    ]
    for holders, same in itertools.product(HOLDERS, (True, False)):
        held = []
        for number in range(holders):
            begin = 0 if same else 700 * (number // len(ENCODED))  # so that no two have the same peaks
            edit = "none" if same else ENCODED[number % len(ENCODED)]
            if (one := record_of("held", EDITS[edit](song[begin:], scene))) is not None:
                held.append(AudioIndex(RECIPE_ID, LandmarkIndex.build([constellation_of(one, RECIPE_ID)])))
        joined = JoinedRecordings.build(RECIPE_ID, dict(enumerate([*held, *others])))
        asked, finding, clips = 0, 0, 0
        for edit, length in itertools.product(("none", "mp3 24k", "white 10 dB", "pitch +2"), (*LENGTHS, 8)):
            clip = record_of("clip", EDITS[edit](song[10 * RATE_HZ : (10 + length) * RATE_HZ], scene))
            if clip is not None:
                owners = set(joined.asked(columns_of(clip))[1].tolist())
                finding_it = {number for number, one in enumerate(held) if one.candidates(clip)}
                asked, finding, clips = asked + len(owners & finding_it), finding + len(finding_it), clips + 1
        print(
            f"{len(held)} portfolios with {'the same file' if same else 'an encoding each'} of a recording, {clips} "
            f"clips: {finding} findings one by one, of which {asked} are asked for",
            flush=True,
        )


if __name__ == "__main__":
    main()
