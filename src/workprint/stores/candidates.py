"""Pairs of two stores, or of a store and a portfolio, whose signatures are alike: where the media are worth a look.

A signature decides nothing: two sets of visual words, or of landmarks, can be alike by chance. What is written here is
neither a finding nor part of any, and what is missing here is not therefore missing in the media.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from workprint import store
from workprint.errors import RecipeMismatch, UsageError
from workprint.matching.signature_bands import SignatureBands
from workprint.model import FingerprintRecord, TimeSpan
from workprint.portfolio import Portfolio
from workprint.serial.lines import encodable

LEAST_SHARE: Final = {"image.minhash": 23 / 128, "audio.minhash": 31 / 128}
"""Equal places that make a candidate, by the recipe's name: about 1 in 10,000 unrelated pairs has as many."""
_ROWS = 16_384


@dataclass(frozen=True, slots=True)
class _Signed:
    """Signatures of one recipe, and whose they are."""

    signatures: NDArray[np.uint32]
    names: Sequence[str]
    spans: Sequence[tuple[float, float] | None]


def candidates(source: Path, other: Path, output: Path) -> dict[str, int]:
    """Write the pairs of an item of a store and an item or work of another that are worth a look, as lines of JSON.

    Args:
        source: a finished store.
        other: another, or a portfolio index.
        output: the file to write, whole or not at all.

    Returns:
        How many pairs there are, by recipe.

    Raises:
        UsageError: `other` is not there.
        RecipeMismatch: they have no signatures of the same recipe.
        StoreConflict: a store is not finished.
        FormatError: something is damaged.
    """
    recipes = [recipe for recipe in _recipes(source) if recipe in _recipes(other) and _name(recipe) in LEAST_SHARE]
    if not recipes:
        raise RecipeMismatch(f"{source} and {other} have no MinHash signatures of the same kind; make one of them anew")
    counts = dict.fromkeys(recipes, 0)
    temporary = output.with_name(f"{output.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="\n") as stream:
            for recipe in recipes:
                held = _joined(list(_signed(other, recipe)))
                table = SignatureBands.build(held.signatures)
                for asked in _signed(source, recipe):
                    for line in _pairs(asked, held, table, recipe):
                        stream.write(encodable(json.dumps(line, ensure_ascii=False)) + "\n")
                        counts[recipe] += 1
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)
    return counts


def _pairs(asked: _Signed, held: _Signed, table: SignatureBands, recipe: str) -> Iterator[dict[str, Any]]:
    places = asked.signatures.shape[1]
    least = round(LEAST_SHARE[_name(recipe)] * places)
    for one, other, equal in table.alike(asked.signatures, least).tolist():
        yield {
            "item": asked.names[one],
            "other": held.names[other],
            "recipe_id": recipe,
            "equal_places": equal,
            "places": places,
            "item_segment": _segment(asked.spans[one]),
            "other_segment": _segment(held.spans[other]),
        }


def _segment(span: tuple[float, float] | None) -> dict[str, float] | None:
    return None if span is None else {"start_s": span[0], "end_s": span[1]}


def _name(recipe: str) -> str:
    return recipe.partition("/")[0]


def _recipes(path: Path) -> tuple[str, ...]:
    if path.is_dir():
        return store.read_header(path).recipes
    if not path.exists():
        raise UsageError(f"{path} does not exist; give a fingerprint store or a portfolio index")
    portfolio = Portfolio(path)
    portfolio.close()
    return portfolio.recipes


def _signed(path: Path, recipe: str) -> Iterator[_Signed]:
    """The signatures of a store or portfolio, some at a time, in order."""
    rows: list[tuple[bytes, str, tuple[float, float] | None]] = []
    size = 4 * int(recipe.partition("permutations=")[2].partition(",")[0] or 0)
    for record in _records(path):
        for print_ in record.made_by(recipe):
            span = print_.segment
            ends = (span.start_s, span.end_s) if isinstance(span, TimeSpan) else None
            if len(print_.value) == size:
                rows.append((print_.value, record.subject_id, ends))
        if len(rows) >= _ROWS:
            yield _of(rows, size)
            rows = []
    yield _of(rows, size)


def _records(path: Path) -> Iterator[FingerprintRecord]:
    if not path.is_dir():
        yield from Portfolio(path).records()
        return
    store.require_finished(path)
    recipes = store.read_header(path).recipes
    for part in store.parts(path):
        for row in store.read_part(part, recipes):
            if isinstance(row, tuple):
                yield row[0]


def _of(rows: Sequence[tuple[bytes, str, tuple[float, float] | None]], size: int) -> _Signed:
    values = np.frombuffer(b"".join(row[0] for row in rows), dtype="<u4").reshape(-1, size // 4)
    return _Signed(values, [row[1] for row in rows], [row[2] for row in rows])


def _joined(parts: Sequence[_Signed]) -> _Signed:
    return _Signed(
        np.concatenate([part.signatures for part in parts]),
        [name for part in parts for name in part.names],
        [span for part in parts for span in part.spans],
    )
