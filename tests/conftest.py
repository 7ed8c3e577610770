"""What many tests share: the bundled fixtures indexed and scanned once, and a small portfolio of pictures.

With pytest-xdist, the first worker that needs one of these makes it and the others wait for it.
"""

import fcntl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from core_samples import write_pictures
from workprint import api

# the same examples in every run, and no clock: the machine may be busy
hypothesis_settings.register_profile("workprint", deadline=None, derandomize=True, database=None, max_examples=50)
hypothesis_settings.load_profile("workprint")

MEDIA = Path(__file__).resolve().parent.parent / "fixtures" / "media"
CREATORS = {"ada-lumen": "Ada Lumen", "ben-okoro": "Ben Okoro"}
SETTINGS = api.Settings(as_of=date(2026, 1, 1), jobs=1)
WORKS = 3
"""Pictures in the small portfolio."""

Once = Callable[[str, Callable[[Path], None]], Path]


@dataclass(frozen=True)
class Scanned:
    """The bundled dataset, what it was compared with, and where the results are."""

    dataset: Path
    portfolios: tuple[Path, ...]
    output: Path


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Once:
    """Make a folder once per test run, whatever the number of workers."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if hasattr(request.config, "workerinput") else base

    def made(name: str, make: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def media() -> Path:
    """The bundled media."""
    return MEDIA


@pytest.fixture(scope="session")
def portfolios(once: Once) -> tuple[Path, ...]:
    """Indexes of the two bundled portfolios."""

    def make(folder: Path) -> None:
        for name, creator in CREATORS.items():
            labels = api.Labels(creator, f"{name}@example.org", MEDIA / "terms" / f"{name}.yaml")
            api.index([MEDIA / "portfolio" / name], folder / f"{name}.workprint", labels, jobs=1)

    folder = once("bundled-portfolios", make)
    return tuple(folder / f"{name}.workprint" for name in CREATORS)


@pytest.fixture(scope="session")
def scanned(once: Once, portfolios: tuple[Path, ...]) -> Scanned:
    """The bundled dataset compared with both portfolios, in one process."""
    dataset = MEDIA / "dataset"
    output = once("bundled-scan", lambda folder: api.scan(str(dataset), portfolios, folder, SETTINGS) and None)
    return Scanned(dataset, portfolios, output)


@pytest.fixture(scope="session")
def settings() -> api.Settings:
    """One process, and a day that does not change."""
    return SETTINGS


@pytest.fixture(scope="session")
def small(once: Once) -> Path:
    """A folder with `works/`, three pictures by Nell Drawn, and `mine.workprint`, their index. Not to be changed."""

    def make(folder: Path) -> None:
        write_pictures(folder / "works", range(WORKS))
        (folder / "terms.yaml").write_text("uses:\n  ai_generative_training: not_allowed\n")
        labels = api.Labels("Nell Drawn", "nell@example.org", folder / "terms.yaml")
        api.index([folder / "works"], folder / "mine.workprint", labels, jobs=1)

    return once("small-portfolio", make)
