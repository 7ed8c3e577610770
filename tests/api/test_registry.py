"""A folder of portfolio indexes in place of each of them."""

from pathlib import Path

import pytest

from core_samples import write_pictures
from workprint import api
from workprint.api.registry import indexes_at
from workprint.errors import UsageError


def test_a_folder_stands_for_the_indexes_below_it(tmp_path: Path) -> None:
    """At any depth, in order, none twice, and nothing else that lies there."""
    for name in ("b.workprint", "deep/a.workprint", "notes.txt", "b.card.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    single = tmp_path / "b.workprint"

    assert indexes_at([single, tmp_path]) == (single, tmp_path / "deep" / "a.workprint")


def test_a_folder_without_indexes_is_refused(tmp_path: Path) -> None:
    """An empty registry would find nothing, and say so."""
    with pytest.raises(UsageError, match="holds no portfolio index"):
        indexes_at([tmp_path])


def test_a_registry_finds_what_its_indexes_find(tmp_path: Path) -> None:
    """Two creators, one folder: the findings and the page are those of naming both."""
    registry = tmp_path / "registry"
    registry.mkdir()
    for at, creator in enumerate(("Ada", "Ben")):
        works = write_pictures(tmp_path / creator, [10 * at + seed for seed in range(3)])
        api.index([works], registry / f"{creator}.workprint", api.Labels(creator=creator), jobs=1)
    write_pictures(tmp_path / "dataset", [0, 11, 99])
    settings = api.Settings(jobs=1)

    api.scan(str(tmp_path / "dataset"), [registry], tmp_path / "one", settings)
    api.match(tmp_path / "one" / "store", sorted(registry.iterdir()), tmp_path / "two", settings)

    found = (tmp_path / "one" / "findings.jsonl").read_bytes()
    assert found == (tmp_path / "two" / "findings.jsonl").read_bytes()
    assert found.count(b"\n") == 2
    with (tmp_path / "page.html").open("w") as stream:
        api.report(tmp_path / "one", stream, portfolios=[registry])
    assert "Ben" in (tmp_path / "page.html").read_text()
