"""Names and the classes behind them."""

import multiprocessing.forkserver
from pathlib import Path

import pytest

from workprint import plugins
from workprint.errors import EngineUnavailable, UsageError
from workprint.model import Depth, Limits, Medium

PLACES = [
    *plugins.READERS.values(),
    *plugins.REPORTS.values(),
    *plugins.ENGINES.values(),
    *plugins.INDEXES.values(),
    *(place for places in plugins.FINGERPRINTERS.values() for place in places),
]


@pytest.mark.parametrize("place", sorted(set(PLACES)))
def test_every_name_has_its_class(place: str) -> None:
    """No entry points at nothing."""
    assert isinstance(plugins.resolve(place), type)


@pytest.mark.parametrize("name", plugins.READERS)
def test_a_reader_knows_its_name(name: str) -> None:
    """The name in a store's header finds the reader again."""
    assert plugins.reader("", name, Limits()).name == name


@pytest.mark.parametrize("name", plugins.REPORTS)
def test_a_report_writer_knows_its_name(name: str) -> None:
    """The name on the command line is the writer's own."""
    assert plugins.report_writer(name).name == name


@pytest.mark.parametrize("depth", Depth)
@pytest.mark.parametrize("medium", Medium)
def test_every_medium_has_fingerprints_that_can_be_looked_up(medium: Medium, depth: Depth) -> None:
    """At each depth, some recipe of each medium has an index, and all recipes name their medium."""
    recipes = [recipe.recipe_id for maker in plugins.fingerprinters(medium, depth) for recipe in maker.recipes]

    assert any(plugins.index_class(recipe) for recipe in recipes)
    assert {plugins.medium_of(recipe) for recipe in recipes} == {medium}


def test_digests_serve_both_media() -> None:
    """The digest's recipe belongs to no medium."""
    assert plugins.medium_of(plugins.DIGEST_RECIPE) is None
    assert plugins.index_class(plugins.DIGEST_RECIPE) is not None


@pytest.mark.parametrize(
    "ask",
    [
        lambda: plugins.reader("x", "nope", Limits()),
        lambda: plugins.report_writer("nope"),
        lambda: plugins.engine("nope", 1, Limits()),
    ],
)
def test_an_unknown_name_lists_the_known_ones(ask: object) -> None:
    """The message says what there is."""
    with pytest.raises(UsageError, match=r"there is no .* 'nope'; there are "):
        ask()  # type: ignore[operator]


def test_an_engine_without_its_package_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing package is told by name, and nothing is run in its stead."""
    monkeypatch.setitem(plugins.ENGINES, "cloud", "package_that_is_not_installed.engine:Engine")

    with pytest.raises(EngineUnavailable, match="package_that_is_not_installed"):
        plugins.engine("cloud", 1, Limits())


def test_getting_ready_changes_nothing(tmp_path: Path) -> None:
    """The process that workers are forked from is begun; of engines that have none, and of none at all, nothing is."""
    for name in ("local", "local", "ray", "nothing"):
        plugins.make_ready(name)
        plugins.make_ready(name, tmp_path / "no store")

    assert multiprocessing.forkserver._forkserver._forkserver_pid is not None


@pytest.mark.parametrize(
    ("stored", "preload"),
    [
        (None, plugins.PRELOAD),
        (("image.phash/1", "image.minhash/1", "audio.minhash/1"), plugins.PRELOAD_FOR_HASHES),
        (("image.phash/1", "audio.peaks/1"), plugins.PRELOAD),
        (("image.features/1",), plugins.PRELOAD),
    ],
)
def test_workers_import_what_is_looked_up(stored: tuple[str, ...] | None, preload: tuple[str, ...]) -> None:
    """No decoder where only hashes and digests are compared."""
    assert plugins._preload(stored) == preload
