"""Recall per edit and false matches of the image fingerprints, next to imagehash and PDQ on the same files.

    python benchmarks/quality_images.py DIR [--every N] [--photos N] [--edits PREFIX,...] [--seed N] [--json FILE]

Pictures below a folder called `portfolio` or `large` are works, those below one called `distractors` must never match;
everything else in DIR is passed over. Works, items and decoys go through the pipeline that `index` and `scan` use.
Needs imagehash and pdqhash.
"""

import argparse
import io
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import imagehash
import numpy as np
import pdqhash
from PIL import Image

from look_alikes import BLANK, DIFFERENT, SAME_SCENE, made_up
from media_folder import print_machine
from workprint import plugins
from workprint.edits.compositions import cut_out
from workprint.edits.pictures import EDITS, on_colour, opened, render
from workprint.errors import ItemError
from workprint.ingest import Pipeline
from workprint.matching.merge import merge
from workprint.model import Blob, Depth, FingerprintRecord, Limits, Match
from workprint.protocols import CandidateIndex

ENDINGS = {".png", ".jpg", ".jpeg", ".webp"}
MOST_PX = 1600
"""Longest side of a work before it is edited, as datasets hold them."""
RIVAL_LIMITS = {"imagehash": 10, "pdq": 31}
MEAN_AIM, LEAST_AIM = 0.98, 0.85
"""Recall aimed at: mean of all edits, and each edit."""
ALL_EDITS = {**EDITS, "cut_out": cut_out}
PIPELINE = Pipeline(Depth.THOROUGH, Limits())


@dataclass(frozen=True)
class Portfolio:
    """Works by name, and an index for each recipe that looks up."""

    names: list[str]
    indexes: list[CandidateIndex]
    rivals: dict[str, np.ndarray]


@dataclass(frozen=True)
class Outcome:
    """What one edit came to, as parts of the works."""

    found: float
    by_features: float
    by_hash: float
    rivals: dict[str, float]
    wrong: int
    missed: list[str]


def pictures(folder: Path) -> dict[str, list[Path]]:
    """Works and distractors below a folder, by the names of the folders they lie in."""
    found: dict[str, list[Path]] = {"works": [], "distractors": []}
    for path in sorted(folder.rglob("*")):
        folders = set(path.relative_to(folder).parts[:-1])
        if path.suffix.lower() in ENDINGS and path.is_file():
            if "distractors" in folders:
                found["distractors"].append(path)
            elif folders & {"portfolio", "large"}:
                found["works"].append(path)
    return found


def indexed(named: Sequence[tuple[str, bytes]]) -> Portfolio:
    records = [PIPELINE.record(name, Blob.of(data), as_work=True) for name, data in named]
    indexes = []
    for recipe in PIPELINE.recipes:
        kind = plugins.index_class(recipe)
        if kind is not None and recipe.startswith("image."):
            indexes.append(kind.build(recipe, records))
    hashes = [rival_hashes(data) for _, data in named]
    table = {name: np.array([one[name] for one in hashes]) for name in RIVAL_LIMITS}
    return Portfolio([name for name, _ in named], indexes, table)


def matches(portfolio: Portfolio, data: bytes) -> list[Match]:
    """All matches of an item, of each index, before they are merged."""
    try:
        record = PIPELINE.record("item", Blob.of(data))
    except ItemError:
        return []
    return [match for index in portfolio.indexes for match in _of_index(index, record)]


def _of_index(index: CandidateIndex, record: FingerprintRecord) -> Iterator[Match]:
    for candidate in index.candidates(record):
        yield from index.verify(record, candidate)


def rival_hashes(data: bytes) -> dict[str, np.ndarray]:
    image = on_colour(Image.open(io.BytesIO(data)))
    pdq = pdqhash.compute(np.asarray(image))[0]
    return {"imagehash": imagehash.phash(image).hash.ravel(), "pdq": pdq.astype(bool)}


def rivals_find(portfolio: Portfolio, data: bytes, work: int) -> dict[str, bool]:
    ours = rival_hashes(data)
    tables = portfolio.rivals
    return {name: bool((tables[name][work] != ours[name]).sum() <= limit) for name, limit in RIVAL_LIMITS.items()}


def source(path: Path, keep_alpha: bool) -> Image.Image:
    picture = Image.open(path).convert("RGBA") if keep_alpha else opened(path.read_bytes())
    picture.thumbnail((MOST_PX, MOST_PX))
    return picture


def recall(portfolio: Portfolio, paths: Sequence[Path], name: str, seed: int) -> Outcome:
    """Part of the works found after an edit, and how often another work was named as well."""
    wrong, missed, features, hashed = 0, [], 0, 0
    rivals = dict.fromkeys(RIVAL_LIMITS, 0)
    for number, path in enumerate(paths):
        kind = "JPEG" if "jpeg" in name else ("JPEG", "PNG", "WEBP")[number % 3]
        data = render(ALL_EDITS[name], source(path, name == "cut_out"), seed * 100_003 + number, kind)
        found = matches(portfolio, data)
        own = {match.evidence[0].recipe_id.partition("/")[0] for match in found if match.work == number}
        features += "image.features" in own
        hashed += "image.phash" in own
        wrong += len({match.work for match in merge(found)} - {number})
        missed += [] if own else [path.stem]
        for rival, hit in rivals_find(portfolio, data, number).items():
            rivals[rival] += hit
    total = len(paths)
    parts = {rival: count / total for rival, count in rivals.items()}
    return Outcome(1 - len(missed) / total, features / total, hashed / total, parts, wrong, missed)


def false_matches(portfolio: Portfolio, named: Sequence[tuple[str, bytes]]) -> list[str]:
    """Pictures that matched a work other than themselves, with the work, the measure and its value."""
    out = []
    for name, data in named:
        for match in matches(portfolio, data):
            work = portfolio.names[match.work]
            if work != name:
                evidence = match.evidence[0]
                out.append(f"{Path(name).name} / {Path(work).name} {evidence.measure} {evidence.value:.2f}")
    return out


def print_false_matches(portfolio: Portfolio, paths: Sequence[Path], others: Sequence[Path], seed: int) -> int:
    """Print what matched in each negative set, return how many that is without `SAME_SCENE`."""
    total = 0
    works = [(str(path), path.read_bytes()) for path in paths]
    decoys = [(str(path), path.read_bytes()) for path in others]
    for what, named in (("distractors", decoys), ("works against each other", works), ("blank", made_up(BLANK, seed))):
        found = false_matches(portfolio, named)
        total += len(found)
        print(f"{len(named)} {what}: {len(found)} matches {found}", flush=True)
    for kinds in (DIFFERENT, SAME_SCENE):
        for kind in kinds:
            series = made_up([kind], seed, 120)
            found = false_matches(indexed(series[:20]), series[20:])
            total += len(found) if kind in DIFFERENT else 0
            print(f"made up, {kind}: 100 pictures, 20 works: {len(found)} matches {found[:4]}", flush=True)
    return total


def print_recall(portfolio: Portfolio, paths: Sequence[Path], names: Sequence[str], seed: int) -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = {}
    print("edit | found | features | hash | imagehash | PDQ | wrong | missed")
    for name in names:
        one = outcomes[name] = recall(portfolio, paths, name, seed)
        parts = (one.found, one.by_features, one.by_hash, *one.rivals.values())
        print(
            f"{name} | " + " | ".join(f"{part:.3f}" for part in parts), "|", one.wrong, "|", *one.missed[:6], flush=True
        )
    least = min(outcomes, key=lambda name: outcomes[name].found)
    print(f"mean of {len(outcomes)} edits: {np.mean([one.found for one in outcomes.values()]):.4f}", end="; ")
    print(f"features alone {np.mean([one.by_features for one in outcomes.values()]):.4f}", end="; ")
    print(f"hash alone {np.mean([one.by_hash for one in outcomes.values()]):.4f}", end="; ")
    for rival in RIVAL_LIMITS:
        print(f"{rival} {np.mean([one.rivals[rival] for one in outcomes.values()]):.4f}", end="; ")
    print(f"least {outcomes[least].found:.3f} ({least})")
    return outcomes


def print_gaps(outcomes: dict[str, Outcome], false: int) -> None:
    """By how much each aim is missed; an aim that is met is named too, so that silence says nothing."""
    mean = float(np.mean([one.found for one in outcomes.values()]))
    print(f"aim, mean of the edits {MEAN_AIM}: {_gap(MEAN_AIM - mean)}")
    below = sorted((one.found, name) for name, one in outcomes.items() if one.found < LEAST_AIM)
    print(f"aim, each edit {LEAST_AIM}: {len(below)} of {len(outcomes)} edits below it")
    for found, name in below:
        print(f"  {name} {found:.3f}: {_gap(LEAST_AIM - found)}")
    wrong = sum(one.wrong for one in outcomes.values())
    print(f"aim, no false match: {false} matches in the sets above, same scenes left out", end="; ")
    print(f"{wrong} other works named for edited works")


def _gap(missing: float) -> str:
    return f"missed by {missing:.4f}" if missing > 0 else "met"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="edit every n-th work (all are indexed)")
    parser.add_argument("--photos", type=int, default=0, help="take every n-th distractor as a work too")
    parser.add_argument("--edits", default="", help="names or beginnings of names, comma separated")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    print_machine(options.seed)
    sides = pictures(options.folder)
    extra = sides["distractors"][:: options.photos] if options.photos else []
    paths = [*sides["works"], *extra]
    edited = paths[:: options.every]
    paths = [*edited, *(path for path in paths if path not in set(edited))]
    others = [path for path in sides["distractors"] if path not in set(extra)]
    started = time.perf_counter()
    portfolio = indexed([(str(path), path.read_bytes()) for path in paths])
    print(f"{len(paths)} works indexed, {len(edited)} of them edited, {len(others)} distractors")
    false = print_false_matches(portfolio, paths, others, options.seed)
    names = [name for name in ALL_EDITS if name.startswith(tuple(options.edits.split(",")))]
    outcomes = print_recall(portfolio, edited, names, options.seed)
    print_gaps(outcomes, false)
    print(f"{time.perf_counter() - started:.0f} s")
    if options.json:
        options.json.write_text(json.dumps({name: vars(one) for name, one in outcomes.items()}, indent=1))


if __name__ == "__main__":
    main()
