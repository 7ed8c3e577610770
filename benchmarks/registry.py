"""What a registry of many small portfolios costs beside one portfolio of the same works.

    python benchmarks/registry.py DIR [--portfolios 1000] [--works 5]

DIR is a folder of pictures. As in `growth.py`, the even ones are made into as many works as are needed, and the odd
ones are the items, which match nothing. Registry and portfolio take turns; processor time, best of the rounds.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from growth import ENDINGS, MOST_PICTURES, SEED, looked_up, more_works, records
from workprint import plugins
from workprint.ingest import Pipeline
from workprint.model import Depth, FingerprintRecord, Limits, Medium, Question, Use, Work
from workprint.portfolio import PortfolioContents, write_portfolio
from workprint.screen import Screener
from workprint.serial.columns import RecordColumns
from workprint.serial.records import to_table

ASKED = Question(Use.AI_TRAINING, date.min)
ROUNDS = 5


def write(path: Path, works: Sequence[FingerprintRecord], recipes: Sequence[str]) -> None:
    named = (plugins.DIGEST_RECIPE, *recipes)
    classes = {recipe: plugins.index_class(recipe) for recipe in named}
    tables = {recipe: one.build(recipe, works).tables() for recipe, one in classes.items() if one}
    nouns = tuple(Work(one.subject_id, "", path.stem, "", None, Medium.IMAGE) for one in works)
    write_portfolio(path, PortfolioContents(nouns, tuple(works), (), (), tuple(recipes), tables))


def columns_of(items: Sequence[FingerprintRecord], recipes: Sequence[str]) -> RecordColumns:
    rows = [
        (replace(one, fingerprints=tuple(p for p in one.fingerprints if p.recipe_id in recipes)), {}) for one in items
    ]
    return RecordColumns(to_table(rows, recipes).combine_chunks().to_batches()[0], recipes, "the items")


def cpu_s(function: object) -> float:
    begin = time.process_time()
    function()  # type: ignore[operator]
    return time.process_time() - begin


def measure(folder: Path, works: list[FingerprintRecord], items: Sequence[FingerprintRecord], size: int) -> None:
    recipes = Pipeline(Depth.THOROUGH, Limits()).recipes
    (folder / "registry").mkdir()
    for begin in range(0, len(works), size):
        write(folder / "registry" / f"{begin:07d}.workprint", works[begin : begin + size], recipes)
    write(folder / "one.workprint", works, recipes)
    paths = {"one": [folder / "one.workprint"], "registry": sorted((folder / "registry").iterdir())}
    asked, screeners = sorted(looked_up(works[0])), {}
    columns = columns_of(items, asked)
    for name, registry in paths.items():
        total = sum(path.stat().st_size for path in registry)
        opened = cpu_s(lambda registry=registry: Screener([registry], asked, ASKED))
        screeners[name] = Screener([registry], asked, ASKED, verify=False)
        joined = cpu_s(lambda name=name: screeners[name].join([folder / f"joined-{name}"]))
        print(
            f"{name}: {len(registry):,} of {len(works) // len(registry):,} works, {total / len(works) / 1e3:.1f} kB a "
            f"work, opened and checked in {opened:.2f} s, joined in {joined:.2f} s"
        )
    spent: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(ROUNDS):
        for name, screener in screeners.items():
            spent[name].append(cpu_s(lambda screener=screener: list(screener.screened([columns]))) / len(items) * 1e3)
    ratios = np.array(spent["registry"][1:]) / np.array(spent["one"][1:])  # the first round compiles
    print(
        f"look-up: {min(spent['registry']):.2f} ms an item in the registry, {min(spent['one']):.2f} in the one; "
        f"ratio {np.median(ratios):.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--portfolios", type=int, default=1000)
    parser.add_argument("--works", type=int, default=5, help="works in each")
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in ENDINGS)[: 2 * MOST_PICTURES]
    real, items = records(paths[::2], as_work=True), records(paths[1::2], as_work=False)
    print(f"seed {SEED}; Python {platform.python_version()}; {len(real)} pictures made into works, {len(items)} items")
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), list(more_works(real, options.portfolios * options.works)), items, options.works)
    return 0


if __name__ == "__main__":
    sys.exit(main())
