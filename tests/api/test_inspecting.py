"""What is at a path, in words."""

from pathlib import Path

import pytest

from conftest import Scanned
from core_samples import write_pictures, write_tar
from workprint import api
from workprint.errors import DatasetError, FormatError, UsageError


def told(path: Path) -> dict[str, list[str]]:
    """All that is said of a path."""
    said: dict[str, list[str]] = {}
    for name, value in api.inspect(str(path)):
        said.setdefault(name, []).append(value)
    return said


def test_a_portfolio(portfolios: tuple[Path, ...]) -> None:
    """Works by medium, creator, contact, terms and recipes."""
    said = told(portfolios[0])

    assert said["kind"] == ["portfolio index"]
    assert said["works"] == ["12 (image: 12)"]
    assert said["creator"] == ["Ada Lumen: 12 works"]
    assert said["contact"] == ["ada-lumen@example.org"]
    assert "ai_training: not_allowed" in said["terms"][0]
    assert any(recipe.startswith("image.phash/") for recipe in said["recipe"])


def test_a_portfolio_by_another_name(small: Path, tmp_path: Path) -> None:
    """A portfolio is known by its content."""
    (tmp_path / "other.bin").write_bytes((small / "mine.workprint").read_bytes())

    assert told(tmp_path / "other.bin")["kind"] == ["portfolio index"]


def test_a_registry(portfolios: tuple[Path, ...], tmp_path: Path) -> None:
    """A folder of indexes is told index by index; one that lies beside media is a dataset like any other."""
    (tmp_path / "b").mkdir()
    (tmp_path / "readme.txt").touch()
    for path, folder in zip(portfolios, (tmp_path, tmp_path / "b"), strict=True):
        (folder / path.name).write_bytes(path.read_bytes())
    said = told(tmp_path)

    assert said["kind"] == ["registry: a folder of portfolio indexes"]
    assert said["index"][0] == "ada-lumen.workprint: 12 works by Ada Lumen, unsigned"
    assert said["index"][1].startswith("b/ben-okoro.workprint: ")
    assert said["indexes"] == ["2"]
    assert said["works"][0].startswith("20 (")

    write_pictures(tmp_path, [1])
    assert told(tmp_path)["kind"] == ["dataset (folder)"]


def test_works_without_terms_are_counted(tmp_path: Path) -> None:
    """Who says nothing is told what that means."""
    api.index([write_pictures(tmp_path / "a", [1])], tmp_path / "p.workprint", jobs=1)

    assert "no permission on record" in told(tmp_path / "p.workprint")["without terms"][0]


def test_results(scanned: Scanned) -> None:
    """Dataset, use, the whole denominator, and portfolios."""
    said = told(scanned.output)

    assert said["kind"] == ["results of a scan"]
    assert said["use"] == ["ai_generative_training, as of 2026-01-01"]
    manifest = api.read_results(scanned.output).manifest
    failed = manifest.seen - manifest.fingerprinted
    assert said["items"] == [f"{manifest.seen} seen = {manifest.fingerprinted} compared + {failed} failed"]
    assert len(said["portfolio"]) == 2


def test_a_store(scanned: Scanned) -> None:
    """Where it came from, how far it got, and how it was made."""
    said = told(scanned.output / "store")

    assert said["kind"] == ["fingerprint store"]
    assert said["complete"] == ["yes"]
    manifest = api.read_results(scanned.output).manifest
    assert said["items"] == [f"{manifest.seen} seen, {manifest.fingerprinted} compared"]
    assert said["depth"] == ["thorough"]


def test_a_dataset(tmp_path: Path) -> None:
    """Kind, shards and the first items with their attributes."""
    path = write_tar(tmp_path / "a.tar", {"1.png": b"x", "1.txt": b"a caption", "2.png": b"", "3.txt": b""})

    said = told(path)

    assert said["kind"] == ["dataset (tar)"]
    assert said["shards"] == ["1"]
    assert any("a caption" in item for item in said["item"])


def test_a_dataset_by_the_reader_that_is_named(small: Path, tmp_path: Path) -> None:
    """Also where something else would be recognised; a reader that does not exist is a mistake in the command."""
    (tmp_path / "a.csv").write_text("path\na.png\n")
    (tmp_path / "a.png").write_bytes(b"x")

    assert dict(api.inspect(str(tmp_path)))["kind"] == "dataset (folder)"
    assert dict(api.inspect(str(tmp_path / "a.csv"), "manifest"))["item"].startswith("a.csv#row=0,column=path")
    assert dict(api.inspect(str(small / "mine.workprint"), "zip"))["kind"] == "dataset (zip)"
    with pytest.raises(UsageError, match="there is no reader 'paper'"):
        list(api.inspect(str(tmp_path), "paper"))


def test_what_is_not_there_or_not_known_is_told(tmp_path: Path) -> None:
    """Missing, unknown and damaged things are told apart."""
    (tmp_path / "letter.txt").write_text("Dear reader")
    (tmp_path / "cut.workprint").write_bytes(b"PK\x03\x04 works.json")

    with pytest.raises(UsageError, match="does not exist"):
        told(tmp_path / "missing")
    with pytest.raises(DatasetError, match=r"letter\.txt is not a dataset"):
        told(tmp_path / "letter.txt")
    with pytest.raises(FormatError, match="is not a portfolio index"):
        told(tmp_path / "cut.workprint")


@pytest.mark.parametrize("name", ["run.json", "store.json"])
def test_damaged_results_and_stores_are_told(tmp_path: Path, name: str) -> None:
    """A folder of ours whose file of contents is damaged is not taken for a dataset."""
    (tmp_path / name).write_text("{")

    with pytest.raises(FormatError):
        told(tmp_path)
