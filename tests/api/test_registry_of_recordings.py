"""A folder of portfolios with recordings, looked up as one: run again with more in it, with exclusions, and on Ray."""

import io
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from conftest import Once
from core_samples import write_tar
from exclusion_samples import jingle, recording, write_sounds
from made_up_sounds import RATE_HZ, voice
from workprint import api
from workprint.edits.sounds import EDITS, Scene, Sound
from workprint.model import Finding

SCENE = Scene(RATE_HZ, 1, *(voice(9.0, seed=seed) for seed in (700, 701, 702)))
JINGLE_AT_S = 2.0
CREATORS = 6


def work(at: int, part: int = 0) -> Sound:
    """One of the two recordings of a creator."""
    return voice(8.0 + at, seed=60 + 2 * at + part)


def clip(at: int, edit: str) -> Sound:
    """Three seconds of it, edited."""
    return EDITS[edit](work(at)[RATE_HZ : 4 * RATE_HZ], SCENE).astype(np.float32)


@pytest.fixture(scope="session")
def indexes(once: Once) -> Path:
    """Six creators of two recordings each, all with the same jingle in a third one; C4 and C5 exclude it."""

    def make(folder: Path) -> None:
        write_sounds(folder / "shared", {"jingle.flac": jingle()})
        for at in range(CREATORS):
            works = {"0.flac": work(at), "1.flac": work(at, 1), "2.flac": recording(800 + at, JINGLE_AT_S)}
            path = write_sounds(folder / f"c{at}", works)
            excluded = (folder / "shared" / "jingle.flac",) if at >= 4 else ()
            api.index([path], folder / f"c{at}.workprint", api.Labels(f"C{at}", exclude=excluded), jobs=1)

    return once("registry-of-recordings", make)


@pytest.fixture
def registry(indexes: Path, tmp_path: Path) -> Path:
    """A folder with the indexes of the first five creators."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for at in range(CREATORS - 1):
        shutil.copy(indexes / f"c{at}.workprint", folder)
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Two shards: clips of four creators as they are and edited, and what nobody made."""
    folder = tmp_path / "data"
    folder.mkdir()
    for shard, creators in (("a", (0, 1)), ("b", (4, 5))):
        sounds = {f"{at}-{edit}": clip(at, edit) for at in creators for edit in ("none", "speed 1.1", "white 10 dB")}
        write_shard(folder / f"{shard}.tar", {**sounds, "other": voice(4.0, 900 + creators[0])})
    return folder


def write_shard(path: Path, sounds: Mapping[str, Sound]) -> None:
    """A tar archive of sounds."""
    members = {}
    for name, sound in sounds.items():
        stream = io.BytesIO()
        soundfile.write(stream, sound, RATE_HZ, format="FLAC")
        members[f"{name}.flac"] = stream.getvalue()
    write_tar(path, members)


def outcome(folder: Path) -> dict[str, bytes]:
    """The bytes of a result."""
    return {name: (folder / name).read_bytes() for name in ("findings.jsonl", "failures.jsonl", "run.json")}


def creators_of(folder: Path) -> Mapping[str, set[str]]:
    """By the first letter of an item's name, whose works were found in it."""
    found: dict[str, set[str]] = {}
    for line in (folder / "findings.jsonl").read_text().splitlines():
        finding = json.loads(line)
        found.setdefault(finding["item"].rpartition("!")[2][0], set()).add(finding["creator"])
    return found


def known(folder: Path) -> dict[str, int]:
    """What is kept, each with the time it was written."""
    return {path.name: path.stat().st_mtime_ns for path in (folder / "compared").iterdir()}


def test_one_more_portfolio_in_the_folder_has_it_compared_anew(
    indexes: Path, registry: Path, dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """Its sound counts for the thresholds of all, so nothing of before may be taken up."""
    out, nothing = tmp_path / "out", tmp_path / "nothing"
    api.scan(str(dataset), [registry], out, settings)
    first, before = known(out), outcome(out)
    shutil.copy(indexes / "c5.workprint", registry)

    api.scan(str(dataset), [registry], out, settings)
    api.match(out / "store", [registry], nothing, settings)

    assert outcome(out) == outcome(nothing)
    assert not first.keys() & known(out).keys()
    assert creators_of(out) == {"0": {"C0"}, "1": {"C1"}, "4": {"C4"}, "5": {"C5"}}
    (registry / "c5.workprint").unlink()
    api.scan(str(dataset), [registry], out, settings)
    assert outcome(out) == before


def test_one_more_portfolio_beside_the_folder_is_compared_alone(
    indexes: Path, registry: Path, dataset: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """Named by itself it is another registry: what the folder said stands."""
    both = [registry, indexes / "c5.workprint"]
    api.scan(str(dataset), [registry], tmp_path / "out", settings)
    first = known(tmp_path / "out")

    api.scan(str(dataset), both, tmp_path / "out", settings)
    api.match(tmp_path / "out" / "store", both, tmp_path / "nothing", settings)

    assert outcome(tmp_path / "out") == outcome(tmp_path / "nothing")
    assert first.items() <= known(tmp_path / "out").items()
    assert creators_of(tmp_path / "out")["5"] == {"C5"}


@pytest.mark.parametrize("kept", ["all", "some"])
def test_one_more_shard_is_compared_alone(
    registry: Path, dataset: Path, settings: api.Settings, tmp_path: Path, kept: str
) -> None:
    """Whatever of the answers of before is still there to be taken up, the results are those of a run from nothing."""
    out = tmp_path / "out"
    api.scan(str(dataset), [registry], out, settings)
    first = known(out)
    for name in {"all": [], "some": sorted(first)[:1]}[kept]:
        (out / "compared" / name).unlink()
        first.pop(name)
    write_shard(dataset / "c.tar", {f"2-{edit}": clip(2, edit) for edit in ("none", "pitch +2")})

    api.scan(str(dataset), [registry], out, settings)
    api.scan(str(dataset), [registry], tmp_path / "nothing", settings)

    assert outcome(out) == outcome(tmp_path / "nothing")
    assert first.items() <= known(out).items()
    assert creators_of(out)["2"] == {"C2"}


def test_what_some_portfolios_exclude_is_found_in_the_works_of_the_others_alone(
    indexes: Path, settings: api.Settings, tmp_path: Path
) -> None:
    """A jingle in the works of six creators, of whom two exclude it: joined as named one by one."""
    registry = tmp_path / "registry"
    registry.mkdir()
    for path in indexes.glob("*.workprint"):
        shutil.copy(path, registry)
    write_sounds(tmp_path / "data", {"jingle.flac": recording(990, 1.0), "4.flac": recording(804, JINGLE_AT_S)})

    api.scan(str(tmp_path / "data"), [registry], tmp_path / "joined", settings)
    api.match(tmp_path / "joined" / "store", sorted(registry.iterdir()), tmp_path / "single", settings)

    assert creators_of(tmp_path / "joined") == {"j": {"C0", "C1", "C2", "C3"}, "4": {"C0", "C1", "C2", "C3", "C4"}}
    joined, single = (places(api.read_results(tmp_path / name).findings) for name in ("joined", "single"))
    assert joined == single


def places(findings: tuple[Finding, ...]) -> list[tuple[object, ...]]:
    """Where what was found. Thresholds and confidences differ: those of a registry count the sound of all."""
    return [(one.finding_id, one.item_segment, one.work_segment, one.relation) for one in findings]


def test_two_jobs_say_what_one_says(registry: Path, dataset: Path, settings: api.Settings, tmp_path: Path) -> None:
    """Processes that map the joined tables, and one that does everything."""
    api.scan(str(dataset), [registry], tmp_path / "one", settings)
    api.match(tmp_path / "one" / "store", [registry], tmp_path / "two", replace(settings, jobs=2))

    assert outcome(tmp_path / "one") == outcome(tmp_path / "two")
