"""The faults that Workprint is put through, and the table of them in `docs/reliability.md`.

Each test says what is tried and what must come of it: `@pytest.mark.fault("a full disk", "a sentence, exit code 3")`.
With `WORKPRINT_RELIABILITY` set to a path (`make faults`), the table of all that passed is written there.
"""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from fault_samples import write_table

from core_samples import picture, write_pictures, write_tar
from workprint import api

Once = Callable[[str, Callable[[Path], None]], Path]
PASSED: dict[tuple[str, str], tuple[int, int]] = {}
"""By what was tried and what came of it: how many cases passed, of how many."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Take note of what passed."""
    report = yield
    mark = item.get_closest_marker("fault")
    if mark and report.when == "call":  # type: ignore[attr-defined]
        passed, tried = PASSED.get(mark.args, (0, 0))
        PASSED[mark.args] = passed + bool(report.passed), tried + 1  # type: ignore[attr-defined]
    return report


def pytest_sessionfinish() -> None:
    """Write the table, if that is asked for."""
    if place := os.environ.get("WORKPRINT_RELIABILITY"):
        write_table(Path(place), PASSED)


@pytest.fixture(scope="session")
def shards(once: Once) -> Path:
    """A dataset of four archives and loose pictures, with copies of the small portfolio's works and a broken file."""

    def make(folder: Path) -> None:
        write_pictures(folder / "data" / "loose", [0, 70, 71])
        for at in range(4):
            pictures = {f"{seed}.png": picture(seed) for seed in range(at, 60 + at, 12)}
            write_tar(folder / "data" / f"{at}.tar", {**pictures, "broken.png": picture(at)[:200]})

    return once("shards-for-faults", make) / "data"


@pytest.fixture(scope="session")
def undisturbed(once: Once, shards: Path, small: Path) -> Path:
    """What comes of that dataset when nothing happens."""
    settings = api.Settings(as_of=date(2026, 1, 1), jobs=2)

    def make(folder: Path) -> None:
        api.scan(str(shards), [small / "mine.workprint"], folder, settings)

    return once("undisturbed-scan", make)
