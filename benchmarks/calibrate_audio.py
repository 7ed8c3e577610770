"""Is `expected_false_matches` of recordings a bound? What unrelated clips really score, beside what the model allows.

    python benchmarks/calibrate_audio.py DIR [--lengths 1,3,8] [--edited 1] [--styles 9] [--seed 1]

DIR as for `quality_audio.py`: clips of all that is in `distractors/`, as they are and edited, against `portfolio/`;
then clips of tunes against tunes of other note samples, in the manner of `decoys_audio.py`. The threshold is lifted,
and every excerpt that passes all other tests counts, by the number of false matches that it claims to be expected.
"""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from decoys_audio import stars_of, tune
from quality_audio import RATE_HZ, RECIPE_ID, record_of, scenes_of, sounds_below
from workprint.edits.sounds import EDITS, Sound
from workprint.errors import ItemError
from workprint.matching.alignment import AlignmentParameters, find_alignments
from workprint.matching.audio import constellation_of
from workprint.matching.constellation import Constellation
from workprint.matching.landmark_index import LandmarkIndex

LIFTED = AlignmentParameters(least_log10_rarity=0.0)
DECADES = range(0, 9)
TUNE_RATE_HZ = 8000


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lengths", type=lambda text: [int(part) for part in text.split(",")], default=[1, 3, 8])
    parser.add_argument("--edited", type=int, default=1, help="edits of each clip, drawn from all")
    parser.add_argument("--styles", type=int, default=9)
    parser.add_argument("--seed", type=int, default=1)
    parser.set_defaults(clips=1)
    options = parser.parse_args()
    records = (record_of(name, sound) for name, sound in sounds_below(options.folder / "portfolio").items())
    index = LandmarkIndex.build([constellation_of(record, RECIPE_ID) for record in records if record])
    report("clips of distractors", index, clips_of_distractors(options))
    styles = [(options.seed, style) for style in range(options.styles)]
    tunes = LandmarkIndex.build([stars_of(tune(style, 0, 0.0)) for style in styles])
    report("clips of tunes of other samples", tunes, clips_of_tunes(options))


def report(title: str, index: LandmarkIndex, items: Iterable[Constellation]) -> None:
    """Print how many items have an excerpt that claims to be so rare, and how many may by the model."""
    rarest = np.array([rarity(index, item) for item in items])
    print(f"{title}: {rarest.size} items, {index.duration_s / 3600:.2f} h of works")
    print(f"{'expected false matches at most':>32}{'allowed':>12}{'seen':>8}")
    for decade in DECADES:
        print(f"{f'1e-{decade}':>32}{rarest.size * 10.0**-decade:>12.3f}{int((rarest >= decade).sum()):>8}", flush=True)


def rarity(index: LandmarkIndex, item: Constellation) -> float:
    """Return how rare the rarest excerpt of an item claims to be, as a power of ten; minus infinity where none is."""
    found = find_alignments(index, item, LIFTED)
    return max((-one.log10_false_matches for one in found), default=-np.inf)


def clips_of_distractors(options: argparse.Namespace) -> Iterator[Constellation]:
    """Yield consecutive clips of every length, as they are and edited."""
    scene, draw = scenes_of(options)[0], np.random.default_rng(options.seed)
    edits = list(EDITS.values())
    for sound in sounds_below(options.folder / "distractors").values():
        for clip in (clip for length in options.lengths for clip in cut(sound, length * RATE_HZ)):
            drawn = [edits[int(number)](clip, scene) for number in draw.integers(0, len(edits), options.edited)]
            for one in (clip, *drawn):
                if record := record_of("item", one):
                    yield constellation_of(record, RECIPE_ID)


def clips_of_tunes(options: argparse.Namespace) -> Iterator[Constellation]:
    """Yield clips of tunes of styles that the works do not have."""
    for style in range(options.styles):
        for piece in range(3):
            sound = tune((options.seed + 1000, style), piece, 0.004 * (piece % 2))
            for clip in (clip for length in options.lengths for clip in cut(sound, length * TUNE_RATE_HZ)):
                try:
                    yield stars_of(clip)
                except ItemError:
                    continue


def cut(sound: Sound, samples: int) -> list[Sound]:
    """Return consecutive clips; what is left over at the end is dropped."""
    return [sound[start : start + samples] for start in range(0, sound.size - samples + 1, samples)]


if __name__ == "__main__":
    main()
