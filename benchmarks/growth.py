"""How opening a portfolio and looking an unrelated picture up grow with the number of works.

    python benchmarks/growth.py DIR [--works 1000,10000,100000]

DIR is a folder of pictures: the even ones are made into as many works as asked for, by flipping a tenth of the bits of
their hashes and descriptors and moving their points; the odd ones are the items, and match nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from workprint import plugins
from workprint.ingest import Pipeline
from workprint.model import Blob, Depth, Fingerprint, FingerprintRecord, Limits, Medium, Question, Use, Work
from workprint.portfolio import PortfolioContents, write_portfolio
from workprint.screen import Screener
from workprint.serial import image_layout

SEED = 9
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
MOST_PICTURES = 240


def records(paths: Sequence[Path], as_work: bool) -> list[FingerprintRecord]:
    pipeline = Pipeline(Depth.THOROUGH, Limits())
    return [pipeline.record(path.name, Blob.at(path), as_work) for path in paths]


def more_works(real: Sequence[FingerprintRecord], count: int) -> Iterator[FingerprintRecord]:
    random = np.random.default_rng(SEED)
    for number in range(count):
        source = real[number % len(real)]
        prints = tuple(changed(one, random) for one in source.fingerprints if one.recipe_id in looked_up(source))
        digest = f"{number:064x}"
        yield replace(source, subject_id=f"{number}.jpg", digest=digest, content_digest=digest, fingerprints=prints)


def looked_up(record: FingerprintRecord) -> set[str]:
    return {one.recipe_id for one in record.fingerprints if plugins.index_class(one.recipe_id)}


def changed(print_: Fingerprint, random: np.random.Generator) -> Fingerprint:
    if not print_.recipe_id.startswith("image.features"):
        return replace(print_, value=flipped(np.frombuffer(print_.value, np.uint8), random).tobytes())
    features = image_layout.decode(print_.value)
    points = features.points.copy()
    points["descriptor"] = flipped(points["descriptor"], random)
    for axis in ("x", "y"):
        points[axis] = random.permutation(points[axis])
    return replace(print_, value=image_layout.encode(replace(features, points=points)))


def flipped(values: np.ndarray, random: np.random.Generator) -> np.ndarray:
    octets = np.ascontiguousarray(values).view(np.uint8)
    noise = np.packbits(random.random((octets.size, 8), dtype=np.float32) < 0.1, axis=1)
    return (octets ^ noise.reshape(octets.shape)).view(values.dtype).reshape(values.shape)


def measure(folder: Path, works: Sequence[FingerprintRecord], items: Sequence[FingerprintRecord]) -> None:
    recipes = tuple(sorted(looked_up(works[0])))
    begin = time.perf_counter()
    named = (plugins.DIGEST_RECIPE, *recipes)
    tables = {recipe: plugins.index_class(recipe).build(recipe, works).tables() for recipe in named}
    nouns = tuple(Work(one.subject_id, "", "A", "", None, Medium.IMAGE) for one in works)
    path = folder / f"{len(works)}.workprint"
    write_portfolio(path, PortfolioContents(nouns, (), (), (), recipes, tables))
    built_s = time.perf_counter() - begin
    del tables, nouns
    opened_s = [opening_s(path, recipes, verify) for verify in (False, True)]
    screener = Screener([[path]], recipes, Question(Use.AI_TRAINING, date.min), verify=False)
    print(
        f"{len(works):>7,} works: built in {built_s:.1f} s, {path.stat().st_size / len(works) / 1e3:.1f} kB a work, "
        f"opened in {opened_s[0]:.2f} s ({opened_s[1]:.2f} s with every digest checked), "
        f"look-up {looking_up_ms(screener, items):.2f} ms an item",
        flush=True,
    )
    path.unlink()


def opening_s(path: Path, recipes: Sequence[str], verify: bool) -> float:
    begin = time.perf_counter()
    Screener([[path]], recipes, Question(Use.AI_TRAINING, date.min), verify=verify)
    return time.perf_counter() - begin


def looking_up_ms(screener: Screener, items: Sequence[FingerprintRecord]) -> float:
    rounds = []
    for _ in range(4):  # the first also compiles and maps pages in
        begin = time.process_time()
        for item in items:
            list(screener.findings(item, {}))
        rounds.append((time.process_time() - begin) / len(items) * 1e3)
    return min(rounds)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--works", default="1000,10000", help="numbers of works, comma separated")
    options = parser.parse_args()
    paths = sorted(path for path in options.folder.rglob("*") if path.suffix.lower() in ENDINGS)[:MOST_PICTURES]
    real, items = records(paths[::2], as_work=True), records(paths[1::2], as_work=False)
    print(f"seed {SEED}; {len(real)} pictures made into works, {len(items)} items that match nothing")
    with tempfile.TemporaryDirectory() as folder:
        for count in map(int, options.works.split(",")):
            measure(Path(folder), list(more_works(real, count)), items)
    return 0


if __name__ == "__main__":
    sys.exit(main())
