"""A folder of portfolio indexes in place of each of them."""

import json
from pathlib import Path

import pytest
from PIL import Image

from core_samples import picture, pixels, write_pictures
from workprint import api
from workprint.api.registry import indexes_at
from workprint.errors import UsageError
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, Limits
from workprint.screen import Screener
from workprint.serial.columns import RecordColumns
from workprint.serial.records import to_table


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


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    """Six creators with three pictures each; two of them say that picture 3 is theirs."""
    folder = tmp_path / "registry"
    folder.mkdir()
    for at in range(6):
        works = write_pictures(tmp_path / f"c{at}", [3 * at + seed for seed in range(3)] + [3] * (at == 5))
        api.index([works], folder / f"c{at}.workprint", api.Labels(creator=f"C{at}"), jobs=1)
    return folder


def test_many_small_portfolios_are_joined_and_find_what_each_finds(registry: Path, tmp_path: Path) -> None:
    """Whole, turned, cropped and smaller: the findings are those of naming each index by itself."""
    folder = tmp_path / "dataset"
    folder.mkdir()
    for seed in range(0, 18, 2):
        drawn = Image.fromarray(pixels(seed, 400, 300))
        drawn.crop((60, 40, 330, 250)).save(folder / f"crop-{seed}.png")
        drawn.rotate(90, expand=True).resize((150, 200)).save(folder / f"turned-{seed}.jpg")
    write_pictures(folder, [3, 8, 99])
    settings = api.Settings(jobs=1)

    api.scan(str(folder), [registry], tmp_path / "one", settings)
    api.match(tmp_path / "one" / "store", sorted(registry.iterdir()), tmp_path / "two", settings)

    found = (tmp_path / "one" / "findings.jsonl").read_bytes()
    assert found == (tmp_path / "two" / "findings.jsonl").read_bytes()
    assert len({json.loads(line)["creator"] for line in found.splitlines()}) == 6
    assert not (tmp_path / "one" / "joined.tmp").exists()


def test_joined_tables_are_shared_by_file(registry: Path, tmp_path: Path) -> None:
    """Mapped tables answer as those that were made in memory, and there are some for every recipe that is joined."""
    recipes = Pipeline(Depth.THOROUGH, Limits()).recipes
    paths = sorted(registry.iterdir())
    question = api.Settings().question
    made, mapped = (Screener([paths], recipes, question) for _ in range(2))
    made.join([tmp_path / "joined"])
    mapped.take([tmp_path / "joined"])
    blobs = {f"{seed}.png": Blob.of(picture(seed)) for seed in (0, 4, 99)}
    rows = [(Pipeline(Depth.THOROUGH, Limits()).record(name, blob), {}) for name, blob in blobs.items()]
    columns = RecordColumns(to_table(rows, recipes).to_batches()[0], recipes, "here")

    found = list(mapped.screened([columns]))

    assert [finding.item for finding in found] == ["0.png", "4.png"]
    alone = Screener([[one] for one in paths], recipes, question)
    assert found == list(made.screened([columns])) == list(alone.screened([columns]))
    assert {path.name for path in (tmp_path / "joined").iterdir()} == {"digest.sha256", "image.phash", "image.features"}
