"""Fit the evidence model of `workprint/matching/match_evidence.py` to copies and decoys of a folder of media.

    python benchmarks/calibrate_images.py DIR [--every N] [--same NAME,NAME,...] [--seed N]

Works: the pictures below `portfolio` and `large`, and every tenth below `distractors`. Decoys: all that are no work,
works against each other, and edited works against other works. Copies: every edit of every n-th work. Prints the
constants to put into `MODEL`, the strongest decoys (they end 1 below `THRESHOLD`), what a model fitted to one half of
the works does on the other half, and the two tails: of strangers, for `TAIL`, and of look-alikes, which are pictures of
one folder or of the folders named by `--same`. Needs scikit-learn.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression

from quality_images import ALL_EDITS, PIPELINE, pictures, source
from workprint.edits.pictures import render
from workprint.errors import ItemError
from workprint.matching.feature_index import FeatureIndex, words_of
from workprint.matching.feature_matcher import prepare, propose
from workprint.matching.geometry import verify
from workprint.matching.match_evidence import (
    DRIFT_COST,
    THRESHOLD,
    Counts,
    count_agreement,
    drift_cost,
    logarithms,
    may_matter,
    weigh,
)
from workprint.matching.match_geometry import place
from workprint.model import Blob
from workprint.serial.image_layout import Features, decode

RECIPE = next(recipe for recipe in PIPELINE.recipes if recipe.startswith("image.features/"))
VERSIONS_FROM = THRESHOLD + 3
"""Unedited pictures that reach this are taken for versions of one drawing, printed, and left out of the fit."""

MOST_DRIFT_PX = 1.2
"""Decoys that drift more are settled by the drift alone."""

RAW_DRIFT_COST = 6.0
"""What a pixel of drift costs before the model is scaled."""

DECOY_WEIGHT, HARD, HARD_FACTOR, ROUNDS = 8.0, 40, 80.0, 2
"""A decoy weighs so much; the so many strongest so many times more, found so many times."""

SPAN = 2.27
"""How far the 32 strongest decoys reach: what 1 above the strongest means, on the scale of the decoys."""


class Works(NamedTuple):
    """Indexed works, and which work each print belongs to."""

    paths: list[Path]
    index: FeatureIndex
    owners: list[int]


class Row(NamedTuple):
    """A verified candidate: the picture it was made from, its work, and what was counted."""

    item: Path
    edit: str
    work: int
    counts: Counts


def features(data: bytes, as_work: bool = False) -> list[Features]:
    try:
        record = PIPELINE.record("one", Blob.of(data), as_work)
    except ItemError:
        return []
    return [decode(print_.value) for print_ in record.made_by(RECIPE)]


def index_works(paths: list[Path]) -> Works:
    prints = [(number, one) for number, path in enumerate(paths) for one in features(path.read_bytes(), True)]
    return Works(paths, FeatureIndex.build([one for _, one in prints]), [number for number, _ in prints])


def rows_of(works: Works, path: Path, edit: str, data: bytes) -> list[Row]:
    """The strongest candidate of each work, whatever its evidence."""
    strongest: dict[int, Row] = {}
    for counted in (counted for one in features(data) for counted in _counted(works, one)):
        row = Row(path, edit, *counted)
        if row.work not in strongest or weigh(row.counts) > weigh(strongest[row.work].counts):
            strongest[row.work] = row
    return list(strongest.values())


def _counted(works: Works, one: Features) -> Iterator[tuple[int, Counts]]:
    item, index = prepare(one), works.index
    item_size = (one.width_px, one.height_px)
    for proposal in propose(index, item):
        number = proposal.print_number
        words = words_of(index.points[index.starts[number] : index.starts[number + 1]])
        size = (int(index.sizes[number, 0]), int(index.sizes[number, 1]))
        mapping, pairs, _, _ = verify(item.points, item.grid, words, proposal.start, proposal.flags)
        if may_matter(item.points, words, mapping, pairs) and place(mapping, size, item_size) is not None:
            yield works.owners[number], count_agreement(item.points, words, mapping, (size, item_size), pairs)


def counts_of(rows: Sequence[Row]) -> np.ndarray:
    return np.array([row.counts for row in rows])


class Fitted(NamedTuple):
    """A linear model on `logarithms`, scaled so that the strongest decoy lies 1 below `THRESHOLD`."""

    constant: float
    weights: np.ndarray
    drift_cost: float
    """What a pixel of drift costs on this scale."""

    def evidence(self, rows: Sequence[Row]) -> np.ndarray:
        """Evidence of each row, float64 (n,)."""
        counts = counts_of(rows)
        drift = drift_cost(counts) * (self.drift_cost / DRIFT_COST)
        return self.constant + logarithms(counts) @ self.weights - drift


def fitted(decoys: Sequence[Row], copies: Sequence[Row]) -> Fitted:
    """Fit by logistic regression, then again with the strongest decoys of the last fit weighing more."""
    near = [row for row in decoys if row.counts[-1] <= MOST_DRIFT_PX]
    answers = np.r_[np.zeros(len(near)), np.ones(len(copies))]
    measured = logarithms(counts_of([*near, *copies]))
    weights = np.where(answers > 0, 1.0, DECOY_WEIGHT)
    model = LogisticRegression(C=3, max_iter=9000).fit(measured, answers, sample_weight=weights)
    for _ in range(ROUNDS):
        outcome = Fitted(model.intercept_[0], model.coef_[0], RAW_DRIFT_COST).evidence(near)
        hard = np.r_[outcome >= np.sort(outcome)[-min(HARD, len(near))], np.zeros(len(copies), bool)]
        model.fit(measured, answers, sample_weight=np.where(hard, weights * HARD_FACTOR, weights))
    return scaled(Fitted(model.intercept_[0], model.coef_[0], RAW_DRIFT_COST), decoys)


def scaled(model: Fitted, decoys: Sequence[Row]) -> Fitted:
    """Bring the strongest decoy to 1 below the threshold, and the 32nd to `SPAN` below that."""
    strongest = np.sort(model.evidence(decoys))[::-1]
    factor = SPAN / max(strongest[0] - strongest[min(31, len(strongest) - 1)], 1e-9)
    constant = (model.constant - strongest[0]) * factor + THRESHOLD - 1
    return Fitted(constant, model.weights * factor, model.drift_cost * factor)


def print_tail(name: str, values: np.ndarray, pairs: int) -> None:
    """Exponential tails through the 8, 16 and 32 strongest (Hill 1975)."""
    ordered = np.sort(values)[::-1]
    print(f"{name}: {pairs} pairs, {len(ordered)} verified, strongest {np.round(ordered[:8], 2).tolist()}")
    for count in (8, 16, 32):
        if len(ordered) > count:
            decay = (count - 1) / float((ordered[:count] - ordered[count]).sum())
            at_threshold = count / pairs * np.exp(-decay * (THRESHOLD - ordered[count]))
            tail = f"({count / pairs:.2e}, {decay:.2f}, {ordered[count]:.2f})"
            print(f"  through {count}: TAIL {tail}, at the threshold {at_threshold:.1e} per pair")


def halves(decoys: Sequence[Row], copies: Sequence[Row]) -> None:
    for half in (0, 1):
        ours = [[row for row in rows if row.work % 2 == half] for rows in (decoys, copies)]
        theirs = [[row for row in rows if row.work % 2 != half] for rows in (decoys, copies)]
        if all(ours) and all(theirs):
            model = fitted(*ours)
            wrong, found = (model.evidence(rows) >= THRESHOLD for rows in theirs)
            passed = f"{wrong.sum()} of {len(wrong)} decoys pass, {found.mean():.3f} of the copies"
            print(f"fitted to half {half}: on the other half {passed}")


def report(works: Works, looked: Sequence[Path], decoys: list[Row], copies: list[Row], same: set[str]) -> None:
    model = fitted(decoys, copies)
    weights = np.round([model.constant, *model.weights], 2).tolist()
    print("MODEL", weights, "DRIFT_COST", round(model.drift_cost, 2))
    values = model.evidence(decoys)
    for at in np.argsort(-values)[:12]:
        row = decoys[at]
        print(f"  {values[at]:6.2f} {row.edit} {row.item.name} / {works.paths[row.work].name}")
    halves(decoys, copies)

    def series(path: Path) -> str:
        return "the same" if path.parent.name in same else path.parent.name

    of_works = [series(path) for path in works.paths]
    alike = sum(of_works.count(series(path)) for path in looked)
    is_alike = np.array([series(row.item) == of_works[row.work] for row in decoys])
    print_tail("strangers", values[~is_alike], len(looked) * len(of_works) - alike)
    print_tail("look-alikes", values[is_alike], alike)
    for limit in (0, 1, 1.5, 2, 3):
        print(f"copies with a candidate at {limit} or more: {np.mean(model.evidence(copies) >= limit):.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=4, help="edit every n-th work")
    parser.add_argument("--same", default="", help="folders whose pictures are look-alikes of each other's")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    sides = pictures(options.folder)
    works = index_works([*sides["works"], *sides["distractors"][::10]])
    looked = list(dict.fromkeys([*works.paths, *sides["distractors"]]))
    rows = [row for path in looked for row in rows_of(works, path, "identity", path.read_bytes())]
    for name, edit in ALL_EDITS.items():
        for path in works.paths[:: options.every]:
            data = render(edit, source(path, name == "cut_out"), options.seed, "JPEG")
            looked.append(path)
            rows += rows_of(works, path, name, data)
    copies = [row for row in rows if row.item == works.paths[row.work]]
    others = [row for row in rows if row.item != works.paths[row.work]]
    plain = [row for row in others if row.edit == "identity" and weigh(row.counts) >= VERSIONS_FROM]
    versions = {frozenset((row.item, works.paths[row.work])) for row in plain}
    for pair in sorted(sorted(path.name for path in pair) for pair in versions):
        print("taken for versions of one drawing, look at them:", *pair)
    decoys = [row for row in others if frozenset((row.item, works.paths[row.work])) not in versions]
    report(works, looked, decoys, copies, set(options.same.split(",")))


if __name__ == "__main__":
    main()
