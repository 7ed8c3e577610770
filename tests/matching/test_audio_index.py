"""The index of recordings: from the bytes of a file to matches, and what must not match."""

import io

import numpy as np
import pytest
import soundfile as sf

import made_up_sounds as sounds
from workprint.errors import FormatError
from workprint.ingest import Pipeline
from workprint.matching.audio import AudioIndex
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Match, Relation

PIPELINE = Pipeline(Depth.FAST, Limits())
RECIPE_ID = next(recipe for recipe in PIPELINE.recipes if recipe.startswith("audio.peaks/"))
WORKS = [sounds.voice(15.0, seed=seed) for seed in range(20, 23)]


def record(sound: np.ndarray, name: str = "item") -> FingerprintRecord:
    """Return what the scanner makes of a WAV file with this sound."""
    stream = io.BytesIO()
    sf.write(stream, sound, sounds.RATE_HZ, format="WAV", subtype="PCM_16")
    return PIPELINE.record(name, Blob.of(stream.getvalue()))


def matches(index: AudioIndex, sound: np.ndarray) -> list[Match]:
    """Return all matches of a sound."""
    item = record(sound)
    return [match for candidate in index.candidates(item) for match in index.verify(item, candidate)]


@pytest.fixture(scope="module")
def index() -> AudioIndex:
    """An index of three voices."""
    return AudioIndex.build(RECIPE_ID, [record(work, f"work {number}") for number, work in enumerate(WORKS)])


def test_a_clip_from_a_file_is_an_excerpt_with_its_place(index: AudioIndex) -> None:
    """Three seconds, cut out and made quieter."""
    (match,) = matches(index, WORKS[1][40_000:64_000] * np.float32(0.3))
    assert (match.work, match.relation) == (1, Relation.EXCERPT)
    assert match.work_segment.start_s == pytest.approx(5.0, abs=0.3)
    assert match.evidence[0].value >= match.evidence[0].threshold
    assert match.confidence > 0.98


def test_the_whole_work_is_a_near_duplicate(index: AudioIndex) -> None:
    """From beginning to end."""
    (match,) = matches(index, WORKS[2])
    assert (match.work, match.relation) == (2, Relation.NEAR_DUPLICATE)


def test_a_stored_index_answers_as_the_one_that_was_built(index: AudioIndex) -> None:
    """All state is in the tables."""
    loaded = AudioIndex.load(RECIPE_ID, index.tables())
    clip = WORKS[0][:24_000]
    assert matches(loaded, clip) == matches(index, clip)
    with pytest.raises(FormatError):
        AudioIndex.load(RECIPE_ID, {})


def _tune(style: int, melody: int, seconds: float = 12.0) -> np.ndarray:
    """Return a tune of plucked notes, sample for sample the same in every tune of a style, in another order."""
    draw = np.random.default_rng(style)
    steps = np.arange(3200) / sounds.RATE_HZ
    roots = 220.0 * 2.0 ** ((np.array([0, 2, 4, 5, 7, 9, 11, 12, 14, 16]) + draw.uniform(0, 12)) / 12)
    notes = [
        sum(np.sin(2 * np.pi * root * k * steps) / k * (root * k < 3900) for k in range(1, 12)) * np.exp(-6 * steps)
        for root in roots
    ]
    order = np.random.default_rng((style, melody)).integers(0, len(notes), int(seconds * sounds.RATE_HZ / 1600))
    sound = np.zeros(1600 * (len(order) + 2))
    for place, note in enumerate(order):
        sound[1600 * place : 1600 * place + 3200] += notes[note]
    return (0.3 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.mark.parametrize("style", [1, 2, 3])
def test_another_tune_of_the_same_notes_is_no_match(style: int) -> None:
    """The same instrument, scale and beat: notes that repeat here and there are no evidence, the same tune is."""
    index = AudioIndex.build(RECIPE_ID, [record(_tune(style, 0), "tune")])
    assert not matches(index, _tune(style, 1))
    (match, *_) = matches(index, _tune(style, 0)[16_000:56_000])
    assert match.work == 0


def test_a_shared_word_is_no_match(index: AudioIndex) -> None:
    """A third of a second of a work amid something else."""
    other = sounds.voice(6.0, seed=77)
    other[20_000:22_600] = WORKS[0][50_000:52_600]
    assert not matches(index, other)


def _speech(*seeds: int) -> list[np.ndarray]:
    return [sounds.voice(4.0, seed=seed) for seed in seeds]


@pytest.mark.parametrize("backwards", [False, True])
def test_pieces_between_which_only_pauses_were_cut_out_are_one_match(backwards: bool) -> None:
    """Forwards and played in reverse."""
    first, second = _speech(70, 71)
    pause = np.zeros(12_000, dtype=np.float32)
    index = AudioIndex.build(RECIPE_ID, [record(np.concatenate((first, pause, second)), "work")])
    item = np.concatenate((first, second))
    (match,) = matches(index, item[::-1] if backwards else item)
    assert match.item_segment.end_s - match.item_segment.start_s > 7.0
    assert match.work_segment.end_s - match.work_segment.start_s > 8.5
    assert match.transform.reversed is backwards


def test_pieces_with_something_else_between_them_stay_two_matches() -> None:
    """Whether the other sound is in the item or in the work."""
    first, second, other = _speech(72, 73, 74)
    with_other = np.concatenate((first, other[:16_000], second))
    without = np.concatenate((first, second))
    for work, item in ((without, with_other), (with_other, without)):
        index = AudioIndex.build(RECIPE_ID, [record(work, "work")])
        assert len(matches(index, item)) == 2
