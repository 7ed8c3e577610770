"""Do tunes and beats made of the very same notes match each other? The hardest decoys, made up from seeds.

    python benchmarks/decoys_audio.py [--styles 9] [--pieces 3] [--seed 0]

A style is an instrument, a scale, a key and a beat. All notes of a style are the same samples; a piece is another
melody of them, with every note on the beat, or up to a few milliseconds beside it. One piece per style is the
portfolio, the others are items, each of which should match nothing. Stretches in which two melodies happen to agree
for a second or more are the same sound, and may.
"""

import argparse

import numpy as np
from numpy.typing import NDArray

from workprint.fingerprints.audio_peaks import extract_peaks
from workprint.matching.alignment import find_alignments
from workprint.matching.constellation import Constellation, constellation
from workprint.matching.landmark_index import LandmarkIndex

RATE_HZ = 8000
SCALE = np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16, 17, 19, 21, 23])


def main() -> None:
    """Print every match, and how many there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--styles", type=int, default=9)
    parser.add_argument("--pieces", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    styles = [(options.seed, style) for style in range(options.styles)]
    index = LandmarkIndex.build([stars_of(tune(style, 0, 0.0)) for style in styles])
    items = false = 0
    for style in styles:
        for piece in range(1, options.pieces + 1):
            items += 1
            for match in find_alignments(index, stars_of(tune(style, piece, 0.004 * (piece % 2)))):
                false += 1
                print(f"FALSE style {style[1]} piece {piece} -> {match}")
    print(f"{items} pieces of {options.styles} styles: {false} false matches")


def stars_of(sound: NDArray[np.float32]) -> Constellation:
    """Return the constellation of a sound."""
    return constellation((part.start_s, part.end_s, part.peaks) for part in extract_peaks([sound]))


def tune(style: tuple[int, int], piece: int, jitter_s: float, duration_s: float = 16.0) -> NDArray[np.float32]:
    """Return a melody with chords."""
    draw = np.random.default_rng(style)
    beat_s, root_hz, decay = draw.uniform(0.2, 0.34), 110.0 * 2.0 ** draw.uniform(0, 1), draw.uniform(2, 12)
    slope, bend = draw.uniform(0.6, 1.8), draw.uniform(0.0, 0.002)
    steps = np.arange(int(1.5 * beat_s * RATE_HZ)) / RATE_HZ
    notes = [note(root_hz * 2.0 ** (degree / 12), steps, (decay, slope, bend)) for degree in SCALE]
    melody = np.random.default_rng((*style, piece))
    sound = np.zeros(int((duration_s + 2) * RATE_HZ))
    degree = 7
    for beat in range(int(duration_s / beat_s)):
        degree = int(np.clip(degree + melody.integers(-3, 4), 0, len(SCALE) - 1))
        chord = int(melody.integers(0, 5))
        start = int(max(0.0, beat * beat_s + jitter_s * melody.standard_normal()) * RATE_HZ)
        played = [(degree, 1.0)] if melody.random() < 0.85 else []
        played += [(chord + step, 0.4) for step in (0, 2, 4)] if beat % 8 == 0 else []
        for each, level in played:
            sound[start : start + steps.size] += level * notes[each]
    return np.asarray(0.3 * sound / np.abs(sound).max(), dtype=np.float32)


def note(pitch_hz: float, steps: NDArray[np.float64], timbre: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return a decaying row of slightly stretched partials with a noisy attack."""
    decay, slope, bend = timbre
    partials = pitch_hz * np.arange(1, 24) * np.sqrt(1.0 + bend * np.arange(1, 24) ** 2)
    sound = np.zeros(steps.size)
    for number, partial in enumerate(partials[partials < 3900], start=1):
        sound += np.sin(2 * np.pi * partial * steps) / number**slope * np.exp(-decay * steps * number**0.3)
    attack = np.random.default_rng(int(pitch_hz)).standard_normal(steps.size) * np.exp(-80 * steps)
    return sound + 0.1 * attack


if __name__ == "__main__":
    main()
