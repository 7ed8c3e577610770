"""Works found in items, on synthesised sounds."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st

import made_up_sounds as sounds
from workprint.fingerprints.audio_peaks import extract_peaks
from workprint.matching.alignment import Alignment, find_alignments
from workprint.matching.constellation import Constellation, constellation
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.landmark_tables import IndexDamaged

WORKS = [sounds.voice(20.0, seed=seed) for seed in range(4)]


def stars(sound: np.ndarray) -> Constellation:
    """Return the constellation of a sound."""
    return constellation((part.start_s, part.end_s, part.peaks) for part in extract_peaks([sound]))


@pytest.fixture(scope="module")
def index() -> LandmarkIndex:
    """An index of four voices."""
    return LandmarkIndex.build([stars(work) for work in WORKS])


def found(index: LandmarkIndex, sound: np.ndarray) -> list[Alignment]:
    """Return the alignments of a sound."""
    return find_alignments(index, stars(sound))


def test_a_clip_is_found_at_its_place(index: LandmarkIndex) -> None:
    """Two seconds of the third work, named with both places."""
    (match,) = found(index, WORKS[2][56_123:72_123])
    assert match.work == 2
    assert match.work_start_s - match.item_start_s == pytest.approx(56_123 / 8000, abs=0.02)
    assert (match.tempo, match.pitch_ratio) == (pytest.approx(1.0, abs=0.01), pytest.approx(1.0, abs=0.01))
    assert match.item_end_s - match.item_start_s > 1.5
    assert match.expected_false_matches < 1e-6
    assert match.confidence > 0.999
    assert match.aligned >= match.threshold


def test_a_splice_gives_two_segments(index: LandmarkIndex) -> None:
    """Work, something else, work."""
    other = sounds.voice(6.0, seed=99)
    first, second = found(index, np.concatenate((WORKS[1][:24_000], other, WORKS[1][80_000:104_000])))
    assert (first.work, second.work) == (1, 1)
    assert first.item_end_s < 4.0
    assert second.item_start_s > 8.5
    assert second.work_start_s == pytest.approx(10.0, abs=0.5)


@pytest.mark.parametrize("seed", [50, 51, 52])
def test_unrelated_voices_and_noise_match_nothing(index: LandmarkIndex, seed: int) -> None:
    """No false match."""
    assert not found(index, sounds.voice(20.0, seed=seed))
    assert not found(index, sounds.noise(20.0, seed=seed))


def test_works_do_not_match_each_other(index: LandmarkIndex) -> None:
    """Each work is found in itself, whole, and nowhere else."""
    for number, work in enumerate(WORKS):
        (match,) = found(index, work)
        assert match.work == number
        assert match.item_start_s < 0.5
        assert match.item_end_s > 19.5


@pytest.mark.parametrize(
    ("tempo", "pitch_ratio"),
    [(1.1, 1.1), (0.8, 0.8), (1.25, 1.25), (1.0, 1.0)],
    ids=["faster", "slower", "fast", "same"],
)
@pytest.mark.parametrize("backwards", [False, True])
def test_speed_and_direction_are_found_and_told(
    index: LandmarkIndex, tempo: float, pitch_ratio: float, backwards: bool
) -> None:
    """Four seconds of the fourth work, resampled and perhaps reversed."""
    clip = soxr.resample(WORKS[3][40_000:72_000], 8000 * tempo, 8000)
    (match,) = found(index, clip[::-1] if backwards else clip)
    assert (match.work, match.reversed) == (3, backwards)
    assert match.tempo == pytest.approx(tempo, rel=0.01)
    assert match.pitch_ratio == pytest.approx(pitch_ratio, rel=0.005)
    assert (match.work_start_s, match.work_end_s) == (pytest.approx(5.0, abs=0.4), pytest.approx(9.0, abs=0.4))


def test_a_change_of_tempo_alone_is_told_from_one_of_speed(index: LandmarkIndex) -> None:
    """Peaks moved in time only: tempo changes, pitch does not."""
    whole = stars(WORKS[0])
    part = whole.between(4.0, 10.0)
    faster = Constellation((part.times_s - 4.0) / 1.3, part.octaves, 6.0 / 1.3, part.ranks)
    (match,) = find_alignments(index, faster)
    assert (match.work, match.tempo, match.pitch_ratio) == (
        0,
        pytest.approx(1.3, rel=0.01),
        pytest.approx(1.0, rel=0.005),
    )


def test_clicks_do_not_match_clicks() -> None:
    """A click is aligned with any click; that is no evidence."""
    draw = np.random.default_rng(5)
    clicks = [(draw.random(120_000) < 3e-4).astype(np.float32) for _ in range(3)]
    index = LandmarkIndex.build([stars(sound) for sound in clicks[:2]])
    assert not found(index, clicks[2])


@pytest.mark.parametrize("table", ["pair_starts", "triplet_starts", "peak_times_s"])
def test_tables_that_point_out_of_bounds_are_refused(index: LandmarkIndex, table: str) -> None:
    """A hostile index is an error, not a crash."""
    tables = {name: values.copy() for name, values in index.tables.items()}
    tables[table][len(tables[table]) // 2] = np.iinfo(np.int32).max
    with pytest.raises(IndexDamaged):
        LandmarkIndex(tables, index.parameters)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_an_index_of_random_postings_is_harmless(data: st.DataObject) -> None:
    """Whatever the postings say, as long as the tables agree: no crash, and only works that exist are named."""
    whole = LandmarkIndex.build([stars(WORKS[0]), stars(WORKS[1])])
    draw = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    tables = dict(whole.tables)
    for name in ("pair_times", "triplet_times", "triplet_lengths", "triplet_octaves"):
        kind = tables[name].dtype
        tables[name] = draw.integers(0, np.iinfo(kind).max, tables[name].size, dtype=kind)
    hostile = LandmarkIndex(tables, whole.parameters)
    assert all(0 <= match.work < 2 for match in found(hostile, WORKS[0][:16_000]))


def test_a_missing_table_is_named(index: LandmarkIndex) -> None:
    """Nothing is taken for granted in a file."""
    tables = {name: values for name, values in index.tables.items() if name != "pair_times"}
    with pytest.raises(IndexDamaged, match="pair_times"):
        LandmarkIndex(tables)


def test_the_same_search_gives_the_same_answer(index: LandmarkIndex) -> None:
    """No clock, no chance."""
    assert found(index, WORKS[2][:32_000]) == found(index, WORKS[2][:32_000])


def test_an_index_of_nothing_finds_nothing() -> None:
    """No works, no matches, no error."""
    assert found(LandmarkIndex.build([]), WORKS[0]) == []
