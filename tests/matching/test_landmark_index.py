"""The tables of landmarks: as large as what is in them, and every posting is found under its key."""

from dataclasses import replace

import numpy as np
import pytest

import made_up_sounds as sounds
from workprint.fingerprints.audio_peaks import extract_peaks
from workprint.matching.alignment import find_alignments
from workprint.matching.constellation import Constellation, constellation
from workprint.matching.landmark_index import IndexTooLong, LandmarkIndex, LandmarkParameters
from workprint.matching.landmark_tables import IndexDamaged
from workprint.matching.landmarks import pairs, triplet_keys, triplets

VOICES = [sounds.voice(seconds, seed=seed) for seed, seconds in ((31, 3.0), (32, 12.0), (33, 12.0))]


def stars(sound: np.ndarray) -> Constellation:
    """Return the constellation of a sound."""
    return constellation((part.start_s, part.end_s, part.peaks) for part in extract_peaks([sound]))


def posted(index: LandmarkIndex, kind: str, keys: int) -> np.ndarray:
    """How many postings each key has, and that no posting is under two keys."""
    begins, ends = index.postings(kind, np.arange(keys))
    assert (begins[0], ends[-1]) == (0, len(index.tables[f"{kind}_times"]))
    assert (begins[1:] == ends[:-1]).all()
    return ends - begins


@pytest.mark.parametrize("works", [0, 1, 3])
def test_every_landmark_is_found_under_its_key_and_no_other(works: int) -> None:
    """However many keys share a run: as many postings as landmarks with that key."""
    constellations = [stars(sound) for sound in VOICES[:works]]
    index = LandmarkIndex.build(constellations)
    pair, triplet = index.parameters.pair, index.parameters.triplet
    expected = np.zeros(pair.keys, np.int64), np.zeros(triplet.keys, np.int64)
    for one, start_s in zip(constellations, index.tables["work_starts_s"], strict=True):
        placed = replace(one, times_s=one.times_s + start_s)  # rounding is that of the common axis
        strong = placed.strongest(index.parameters.triplet_share)
        found = triplets(strong, triplet, index.parameters.triplet_rank)
        np.add.at(expected[0], pairs(placed, pair)[0], 1)
        np.add.at(expected[1], triplet_keys(strong.times_s, strong.octaves, found, triplet), 1)

    assert (posted(index, "pair", pair.keys) == expected[0]).all()
    assert (posted(index, "triplet", triplet.keys) == expected[1]).all()


def test_tables_are_no_larger_than_their_postings_need() -> None:
    """A portfolio without recordings carries next to nothing for them, one of a few seconds little more."""
    empty, small = LandmarkIndex.build([]), LandmarkIndex.build([stars(VOICES[0])])
    assert sum(table.nbytes for table in empty.tables.values()) < 200
    for kind in ("pair", "triplet"):
        postings = len(small.tables[f"{kind}_times"])
        assert len(small.tables[f"{kind}_starts"]) <= postings + 1


def test_tables_of_before_are_read() -> None:
    """They had a run for each key, and no rests."""
    small = LandmarkIndex.build([stars(VOICES[0])])
    counts = posted(small, "pair", small.parameters.pair.keys), posted(small, "triplet", small.parameters.triplet.keys)
    tables = {name: table for name, table in small.tables.items() if not name.endswith("rests")}
    for kind, count in zip(("pair", "triplet"), counts, strict=True):
        tables[f"{kind}_starts"] = np.concatenate([[0], np.cumsum(count)]).astype(np.uint32)
    before = LandmarkIndex(tables)

    for kind, count in zip(("pair", "triplet"), counts, strict=True):
        assert (posted(before, kind, len(count)) == count).all()


@pytest.mark.parametrize("damage", ["none", "short", "runs"])
def test_rests_that_do_not_fit_are_refused(damage: str) -> None:
    """A rest for each posting where keys share runs, and as many runs as there can be."""
    tables = dict(LandmarkIndex.build([stars(VOICES[0])]).tables)
    if damage == "runs":
        tables["pair_starts"] = np.append(tables["pair_starts"], tables["pair_starts"][-1])
    else:
        tables["pair_rests"] = tables["pair_rests"][: -1 if damage == "short" else 0]
    with pytest.raises(IndexDamaged):
        LandmarkIndex(tables)


def test_rests_in_no_order_are_harmless() -> None:
    """They come from strangers: what is found is a stretch of the table in any case."""
    tables = dict(LandmarkIndex.build([stars(VOICES[0])]).tables)
    random = np.random.default_rng(1)
    tables["pair_rests"] = random.permutation(tables["pair_rests"])
    index = LandmarkIndex(tables)
    begins, ends = index.postings("pair", np.arange(index.parameters.pair.keys))
    assert begins.min() >= 0
    assert ends.max() <= len(tables["pair_times"])
    assert (begins <= ends).all()


def test_a_coarse_index_has_some_of_the_landmarks_and_says_so() -> None:
    """What it holds are landmarks of the usual index, so that an item needs no other ones to be found."""
    works = [stars(sound) for sound in VOICES]
    usual, coarse = LandmarkIndex.build(works), LandmarkIndex.build(works, LandmarkParameters.coarse())
    for kind, keys in (("pair", usual.parameters.pair.keys), ("triplet", usual.parameters.triplet.keys)):
        many, few = posted(usual, kind, keys), posted(coarse, kind, keys)
        assert (few <= many).all()
        assert 0 < few.sum() < 0.6 * many.sum()
    assert LandmarkParameters.of(usual.tables) == LandmarkParameters()
    read = LandmarkParameters.of(coarse.tables)
    assert (read.triplet_rank, read.pair_rank) == (coarse.parameters.triplet_rank, coarse.parameters.pair_rank)


@pytest.mark.parametrize("ranks", [[0.25], [0.0, 0.5], [0.25, np.nan], [0.25, 2.0]])
def test_shares_of_landmarks_that_cannot_be_are_refused(ranks: list[float]) -> None:
    """An index may come from a stranger."""
    with pytest.raises(IndexDamaged):
        LandmarkParameters.of({"landmark_ranks": np.array(ranks, np.float32)})


def test_recordings_are_found_beside_a_million_works_without_sound() -> None:
    """Pictures take no room on the axis of time, wherever they stand, and are never taken for the recording."""
    voice, picture = stars(VOICES[1]), Constellation(np.empty(0), np.empty(0, np.float32), 0.0, np.empty(0, np.float32))
    works = [voice, *([picture] * 500_000), stars(VOICES[2]), *([picture] * 500_000)]
    index = LandmarkIndex.build(works)
    assert {one.work for one in find_alignments(index, voice)} == {0}
    assert {one.work for one in find_alignments(index, stars(VOICES[2]))} == {500_001}


def test_more_hours_than_the_axis_holds_are_refused() -> None:
    """Instead of places that wrap around."""
    empty = np.empty(0, np.float32)
    with pytest.raises(IndexTooLong, match="make several"):
        LandmarkIndex.build([Constellation(np.empty(0), empty, 9e5, empty)] * 10)
