"""Recordings of many portfolios in one table: the same landmarks, and whom to ask."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_audio_index import RECIPE_ID, record

import made_up_sounds as sounds
from workprint import plugins
from workprint.api import Settings
from workprint.edits.sounds import EDITS, Scene
from workprint.matching.audio import AudioIndex, constellation_of
from workprint.matching.joined_recordings import JoinedRecordings, merged
from workprint.matching.landmark_index import LandmarkIndex
from workprint.matching.landmark_tables import POSTED_S
from workprint.model import Finding, FingerprintRecord, Medium, Work
from workprint.portfolio import PortfolioContents, write_portfolio
from workprint.screen import Screener
from workprint.serial.columns import RecordColumns
from workprint.serial.records import to_table

WORKS = [
    [record(sounds.voice(9.0 + at, seed=60 + 2 * at + part), f"{at}-{part}") for part in (0, 1)] for at in range(5)
]
RECIPES = [RECIPE_ID]
QUESTION = Settings().question
SCENE = Scene(sounds.RATE_HZ, 1, *(sounds.voice(9.0, seed=seed) for seed in (700, 701, 702)))


@pytest.fixture(scope="module", params=["usual", "mixed", "coarse"])
def paths(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Five portfolios of two voices each; all usual, some coarse, or all coarse."""
    folder = tmp_path_factory.mktemp(request.param)
    for at, works in enumerate(WORKS):
        coarse = request.param == "coarse" or (request.param == "mixed" and at % 2)
        index = (AudioIndex.build_coarse if coarse else AudioIndex.build)(RECIPE_ID, works)
        digests = plugins.index_class(plugins.DIGEST_RECIPE)
        assert digests
        named = {plugins.DIGEST_RECIPE: digests.build(plugins.DIGEST_RECIPE, works), RECIPE_ID: index}
        tables = {recipe: one.tables() for recipe, one in named.items()}
        nouns = tuple(Work(one.subject_id, "", f"C{at}", "", None, Medium.AUDIO) for one in works)
        contents = PortfolioContents(nouns, tuple(map(only, works)), (), (), (RECIPE_ID,), tables)
        write_portfolio(folder / f"{at}.workprint", contents)
    return sorted(folder.iterdir())


def only(one: FingerprintRecord) -> FingerprintRecord:
    """A record with its peaks alone."""
    return replace(one, fingerprints=tuple(each for each in one.fingerprints if each.recipe_id == RECIPE_ID))


def found(screener: Screener, records: list[FingerprintRecord]) -> list[Finding]:
    """What is said of records."""
    batch = to_table([(only(one), {}) for one in records], RECIPES).combine_chunks().to_batches()[0]
    return list(screener.screened([RecordColumns(batch, RECIPES, "here")]))


def clips() -> list[FingerprintRecord]:
    """A clip of every second work, as it is and edited, and two voices of nobody."""
    made = []
    for at in range(0, 5):
        sound = sounds.voice(9.0 + at, seed=60 + 2 * at)[8_000:40_000]
        for name in ("none", "speed 1.1", "pitch +2", "white 10 dB", "reversed"):
            made.append(record(EDITS[name](sound, SCENE).astype(np.float32), f"{at} {name}"))
    return [*made, *(record(sounds.voice(6.0, seed=seed), f"other {seed}") for seed in (900, 901))]


def places(index: LandmarkIndex, kind: str) -> list[tuple[int, float]]:
    """Work and moment of each posting."""
    return [index.moment(float(step) * POSTED_S) for step in index.tables[f"{kind}_times"]]


def test_merged_tables_hold_the_landmarks_of_all_works() -> None:
    """Of each portfolio all, in the same order, at the same moments of the same works."""
    parts = [AudioIndex.build(RECIPE_ID, works).landmarks for works in WORKS]
    whole = LandmarkIndex.build([constellation_of(one, RECIPE_ID) for works in WORKS for one in works])
    joined = LandmarkIndex(merged(parts, np.ones(10, np.bool_)))

    assert joined.works == whole.works == 10
    for kind in ("pair", "triplet"):
        # One index of all works may differ in a few, at the borders of cells, by rounding.
        number = 0
        posted = zip(joined.keys_posted(kind).tolist(), places(joined, kind), strict=True)
        by_owner: list[list[tuple[int, int, float]]] = [[] for _ in parts]
        for key, (work, moment_s) in posted:
            by_owner[work // 2].append((key, work % 2, moment_s))
        for one, own in zip(parts, by_owner, strict=True):
            assert [key for key, _, _ in own] == one.keys_posted(kind).tolist()
            assert [work for _, work, _ in own] == [work for work, _ in places(one, kind)]
            assert np.allclose([at for _, _, at in own], [at for _, at in places(one, kind)], atol=1e-6)
            number += len(own)
        assert abs(number - whole.keys_posted(kind).size) < 1e-3 * number


def test_tables_are_the_same_however_many_keys_are_put_together_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Usual and coarse indexes, one of them twice."""
    parts = [AudioIndex.build(RECIPE_ID, WORKS[0]), AudioIndex.build_coarse(RECIPE_ID, WORKS[1])]
    indexes = dict(enumerate([*parts, AudioIndex.build(RECIPE_ID, WORKS[2]), parts[0]]))
    whole = JoinedRecordings.build(RECIPE_ID, indexes).tables()

    monkeypatch.setattr("workprint.matching.joined_recordings._MOST_POSTINGS", 1000)
    monkeypatch.setattr("workprint.matching.joined_recordings._MOST_IN_MEMORY_BYTES", 1000)
    by_parts = JoinedRecordings.build(RECIPE_ID, indexes).tables()

    assert whole["pair_times"].size > 10_000
    assert whole.keys() == by_parts.keys()
    assert all(np.array_equal(table, by_parts[name]) for name, table in whole.items())


def test_a_registry_of_recordings_finds_what_each_of_its_portfolios_finds(paths: list[Path], tmp_path: Path) -> None:
    """Joined, joined and mapped from a file, and asked one by one without any join: the same findings, all right."""
    joined, mapped, single = (Screener([paths], RECIPES, QUESTION) for _ in range(3))
    joined.join([tmp_path / "joined"])
    mapped.take([tmp_path / "joined"])
    assert (tmp_path / "joined" / "audio.peaks").is_dir()
    items = clips()

    findings = found(joined, items)

    assert findings == found(mapped, items)
    assert {f.finding_id for f in findings} == {f.finding_id for item in items for f in single.findings(item, {})}
    assert {(f.item[0], f.creator) for f in findings} == {(str(at), f"C{at}") for at in range(5)}
    assert {f"{at} none" for at in range(5)} <= {f.item for f in findings}


def test_a_registry_expects_no_more_false_matches_than_one_portfolio(paths: list[Path]) -> None:
    """The sound of all its portfolios counts for each of them, so that their thresholds add up to one."""
    items = {Medium.AUDIO: 1_000_000}
    registry, one = (Screener([these], RECIPES, QUESTION) for these in (paths, paths[:1]))
    assert registry.expected_false_matches(items) == pytest.approx(one.expected_false_matches(items))

    clip = record(sounds.voice(9.0, seed=60)[8_000:40_000], "clip")
    (alone,), (among,) = found(one, [clip]), found(registry, [clip])
    assert among.evidence[-1].threshold > alone.evidence[-1].threshold


def test_all_who_hold_a_recording_are_asked() -> None:
    """Thirty portfolios have the same file and ten others of another encoding of it, more than any look-up follows."""
    song = sounds.voice(9.0, seed=60)
    same = record(song, "song")
    edits = ("mp3 64k", "mp3 24k", "opus 24k", "aac 48k", "quiet -20 dB", "equalised +9 dB", "mu-law", "inverted",
             "compressed 4", "equalised -9 dB")  # fmt: skip
    works = [*([same] * 30), *(record(EDITS[name](song, SCENE).astype(np.float32), name) for name in edits)]
    others = [record(sounds.voice(6.0, seed=seed), str(seed)) for seed in (900, 901)]
    build = {number: AudioIndex.build_coarse if number == 0 else AudioIndex.build for number in range(40)}
    joined = JoinedRecordings.build(
        RECIPE_ID, {number: build[number](RECIPE_ID, [one, others[number % 2]]) for number, one in enumerate(works)}
    )
    batch = to_table([(only(record(song[16_000:40_000], "clip")), {})], RECIPES).combine_chunks().to_batches()[0]

    rows, owners = joined.asked(RecordColumns(batch, RECIPES, "here"))

    assert owners.tolist() == list(range(40))
    assert set(rows.tolist()) == {0}


def test_a_recording_in_many_portfolios_is_joined_once() -> None:
    """The tables of fifty portfolios of one recording are hardly larger than those of one."""
    one = AudioIndex.build(RECIPE_ID, [record(sounds.voice(9.0, seed=60), "song")])
    few, many = (JoinedRecordings.build(RECIPE_ID, dict.fromkeys(range(count), one)) for count in (1, 50))

    for name in ("pair_times", "triplet_times"):
        assert np.array_equal(few.tables()[name], many.tables()[name])
    assert [many.owners(work) for work in (0, 1)] == [list(range(50)), []]


def test_more_sound_than_fits_is_joined_in_groups(
    paths: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two groups and one portfolio that is left over find what one group of all finds, made and mapped."""
    again = [Path(shutil.copy(path, tmp_path / f"again-{path.name}")) for path in paths]
    items = clips()
    whole = found(Screener([paths + again], RECIPES, QUESTION), items)

    monkeypatch.setattr("workprint.reach.MOST_JOINED_S", 100.0)  # of 220: 98, 96 and 26
    made, mapped = (Screener([paths + again], RECIPES, QUESTION) for _ in range(2))
    made.join([tmp_path / "joined"])
    mapped.take([tmp_path / "joined"])

    folders = {path.name for path in (tmp_path / "joined").iterdir()}
    assert folders == {"digest.sha256", "audio.peaks", "audio.peaks.1"}
    assert len(whole) >= 5
    assert whole == found(made, items) == found(mapped, items)
