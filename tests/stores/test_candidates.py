"""Candidates between stores, and between a store and a portfolio: pairs worth a look, and nothing that claims more."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from core_samples import contents, image_record
from workprint import store
from workprint.cli import main
from workprint.errors import FormatError, RecipeMismatch, StoreConflict, UsageError
from workprint.model import Depth, Failure, Fingerprint, FingerprintRecord, Limits, Medium, Stage, TimeSpan
from workprint.portfolio import write_portfolio
from workprint.stores.candidates import candidates

PICTURES = "image.minhash/1;permutations=128,seed=1"
SOUNDS = "audio.minhash/1;permutations=128,seed=1"


def signature(seed: int, equal: int = 128) -> bytes:
    """A signature, of which so many places are those of every other with the seed."""
    random = np.random.default_rng(seed)
    values = random.integers(0, 1 << 32, 128, dtype=np.uint32)
    values[random.permutation(128)[equal:]] ^= np.uint32(1)
    return values.tobytes()


def picture(name: str, seed: int, equal: int = 128) -> FingerprintRecord:
    """A picture with a signature."""
    return replace(image_record(name, seed), fingerprints=(Fingerprint(PICTURES, signature(seed, equal)),))


def sound(name: str, seed: int) -> FingerprintRecord:
    """A recording with a signature of its second segment."""
    print_ = Fingerprint(SOUNDS, signature(seed), 1.0, TimeSpan(240.0, 300.0))
    return FingerprintRecord(name, Medium.AUDIO, "11" * 32, "22" * 32, 1, (300.0,), (print_,))


def make(folder: Path, *records: FingerprintRecord, recipes: tuple[str, ...] = (PICTURES, SOUNDS)) -> Path:
    """A finished store."""
    store.create(folder, store.StoreHeader("1", "d", "folder", Depth.THOROUGH, recipes, Limits()))
    store.write_part(store.part_for(folder, 0, "0" * 16), "s", [(one, {}) for one in records], recipes)
    store.finish(folder, 1)
    return folder


@pytest.fixture
def one(tmp_path: Path) -> Path:
    """A store of pictures and a recording."""
    return make(tmp_path / "one", picture("a.png", 1), picture("b.png", 2), sound("c.wav", 3))


def lines(path: Path) -> list[dict[str, object]]:
    """What was written."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_two_stores_have_pairs_that_are_alike(one: Path, tmp_path: Path) -> None:
    """By medium, with the number of equal places and where they are; the same bytes again."""
    other = make(tmp_path / "other", picture("x.png", 2, equal=64), picture("y.png", 9), sound("z.wav", 3))

    counts = candidates(one, other, tmp_path / "out")
    candidates(one, other, tmp_path / "again")

    assert counts == {PICTURES: 1, SOUNDS: 1}
    span = {"start_s": 240.0, "end_s": 300.0}
    assert lines(tmp_path / "out") == [
        {"item": "b.png", "other": "x.png", "recipe_id": PICTURES, "equal_places": 64, "places": 128,
         "item_segment": None, "other_segment": None},
        {"item": "c.wav", "other": "z.wav", "recipe_id": SOUNDS, "equal_places": 128, "places": 128,
         "item_segment": span, "other_segment": span},
    ]  # fmt: skip
    assert (tmp_path / "out").read_bytes() == (tmp_path / "again").read_bytes()


def test_a_portfolio_has_works(one: Path, tmp_path: Path) -> None:
    """The other of a pair is a work's id."""
    given = contents(works=1)
    work = replace(given.works[0], work_id="mine.png")
    write_portfolio(
        tmp_path / "p", replace(given, works=(work,), records=(picture("mine.png", 1),), recipes=(PICTURES,), tables={})
    )

    candidates(one, tmp_path / "p", tmp_path / "out")

    assert [(line["item"], line["other"]) for line in lines(tmp_path / "out")] == [("a.png", "mine.png")]


def test_what_is_less_alike_is_no_candidate(one: Path, tmp_path: Path) -> None:
    """One place fewer than it takes."""
    other = make(tmp_path / "other", picture("x.png", 2, equal=22))
    assert candidates(one, other, tmp_path / "out") == {PICTURES: 0, SOUNDS: 0}
    assert (tmp_path / "out").read_bytes() == b""


def test_unequal_recipes_are_refused(one: Path, tmp_path: Path) -> None:
    """Signatures of other tokens or maps say nothing of each other."""
    other = make(tmp_path / "other", recipes=("image.minhash/1;permutations=128,seed=2",))
    with pytest.raises(RecipeMismatch, match="no MinHash signatures of the same kind"):
        candidates(one, other, tmp_path / "out")


def test_what_is_not_there_or_not_finished_is_refused(one: Path, tmp_path: Path) -> None:
    """And nothing is written."""
    with pytest.raises(UsageError, match="does not exist"):
        candidates(one, tmp_path / "missing", tmp_path / "out")
    other = make(tmp_path / "other", picture("x.png", 2))
    (other / "complete.json").unlink()
    with pytest.raises(StoreConflict):
        candidates(one, other, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("out")] == []


def test_the_command_says_what_they_are(one: Path, tmp_path: Path) -> None:
    """Pairs to look at."""
    other = make(tmp_path / "other", picture("x.png", 2))
    result = CliRunner().invoke(main, ["store", "candidates", str(one), str(other), "-o", str(tmp_path / "out")])

    assert result.exit_code == 0
    assert "image.minhash: 1 pair to look at, none of them a finding" in result.stdout
    assert "audio.minhash: 0 pairs to look at" in result.stdout
    quiet = CliRunner().invoke(main, ["store", "candidates", str(one), str(other), "-o", str(tmp_path / "out"), "-q"])
    assert (quiet.exit_code, quiet.output) == (0, "")


def test_names_are_those_of_the_signatures_wherever_they_lie(tmp_path: Path) -> None:
    """In several parts, between failures and records without a signature or with several; one by one and by bands."""
    both = replace(picture("b.png", 2), fingerprints=picture("x", 3).fingerprints + picture("x", 4).fingerprints)
    rows = [
        [
            picture("a.png", 1),
            Failure("bad.png", Stage.DECODE, "truncated", ""),
            replace(picture("none.png", 5), fingerprints=()),
        ],
        [both, picture("c.png", 1, equal=100)],
    ]
    folder = tmp_path / "several"
    store.create(folder, store.StoreHeader("1", "d", "folder", Depth.THOROUGH, (PICTURES,), Limits()))
    for order, part in enumerate(rows):
        named = [one if isinstance(one, Failure) else (one, {}) for one in part]
        store.write_part(store.part_for(folder, order, f"{order:016x}"), f"s{order}", named, (PICTURES,))
    store.finish(folder, 2)
    other = make(tmp_path / "other", picture("y.png", 4), picture("z.png", 1), recipes=(PICTURES,))

    for most in (100, 0):
        candidates(folder, other, tmp_path / "out", None, most)
        found = [(line["item"], line["other"], line["equal_places"]) for line in lines(tmp_path / "out")]
        assert found == [("a.png", "z.png", 128), ("b.png", "y.png", 128), ("c.png", "z.png", 100)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "out", "several"]


@pytest.mark.parametrize(
    "stated", ["", ";permutations=x", ";permutations=0", ";permutations=9999999", ";permutations=64"]
)
def test_signatures_that_do_not_say_how_long_they_are_are_refused(stated: str, tmp_path: Path) -> None:
    """Or are of another length than they say."""
    recipe = f"image.minhash/1{stated}"
    record = replace(picture("a.png", 1), fingerprints=(Fingerprint(recipe, signature(1)),))
    sides = [make(tmp_path / name, record, recipes=(recipe,)) for name in ("one", "other")]

    with pytest.raises(FormatError):
        candidates(*sides, tmp_path / "out")
    assert not (tmp_path / "out").exists()
